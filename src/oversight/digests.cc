// SPDX-License-Identifier: Apache-2.0
#include "oversight/digests.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "ledger/feed.h"
#include "oversight/week_facts.h"

namespace lapel::oversight {
namespace {

constexpr std::int64_t kNoLook = 0;  // the ledger's first leaf is no event

access::Item about(const access::Actor& actor, const std::optional<PersonId>& reader) {
  access::Item item;
  item.agency = actor.agency;
  item.assigned_officer = reader;
  return item;
}

}  // namespace

Result<void> Digests::make_week(const roster::Agency& agency, Timestamp from, std::size_t& made) {
  const db::Params week_of = {{"agency", agency.id.text()}, {"from", from.us}};
  // Whoever begins with it says up to which leaf it goes; so do all of its digests, whoever makes them and when.
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const db::Rows marks =
        TRY(tx.query("SELECT leaf_index FROM watch_marks WHERE agency = :agency", {{"agency", agency.id.text()}}));
    TRY(
        tx.run("INSERT INTO digest_weeks (agency, from_us, leaf_index) VALUES (:agency, :from, :leaf) ON CONFLICT "
               "(agency, from_us) DO NOTHING",
               {{"agency", agency.id.text()},
                {"from", from.us},
                {"leaf", marks.empty() ? kNoLook : std::max(kNoLook, marks[0].integer("leaf_index"))}}));
    return {};
  }));
  std::map<PersonId, std::string> contents;
  std::int64_t leaf = -1;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    contents.clear();
    const WeekSpan span = TRY(span_of(tx, agency.id, from));
    leaf = span.leaf;
    const Week week = TRY(read_week(tx, agency.id, span, parts_.console_acts));
    for (const auto& [reader, scope] : TRY(scopes_of(tx, agency.id, week))) {
      if (!TRY(tx.query(
                   "SELECT id FROM digests WHERE agency = :agency AND reader = :reader AND from_us = :from LIMIT 1",
                   {{"agency", agency.id.text()}, {"reader", reader.text()}, {"from", from.us}}))
               .empty())
        continue;
      contents[reader] = to_json(content_of(week, reader, scope));
    }
    return {};
  }));
  for (const auto& each : contents) {
    const auto& reader = each.first;
    const std::string& content = each.second;
    const std::string id = hex(crypto::random_bytes<16>());
    const std::string sha256 = hex(crypto::sha256(as_bytes(content)));
    ledger::Submission submission;
    submission.actor = agency.console;
    submission.events.push_back({reader,
                                 "digest.made",
                                 {{"digest", id},
                                  {"from", ledger_time(from)},
                                  {"to", ledger_time(from + kWeekUs)},
                                  {"leaf", leaf},
                                  {"sha256", sha256}},
                                 false});
    submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
      TRY(tx.run(
          "INSERT INTO digests (id, agency, reader, from_us, to_us, content, sha256) VALUES (:id, :agency, :reader, "
          ":from, :to, :content, :sha256)",
          {{"id", id},
           {"agency", agency.id.text()},
           {"reader", reader.text()},
           {"from", from.us},
           {"to", from.us + kWeekUs},
           {"content", content},
           {"sha256", sha256}}));
      return {};
    };
    const auto sealed = TRY(parts_.ledgers.find(agency.id))->commit(std::move(submission));
    if (sealed) {
      ++made;
    } else if (sealed.error().code() != Code::kConflict) {  // another server has made this one
      return fail(sealed.error());
    }
  }
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("UPDATE digest_weeks SET is_made = 1 WHERE agency = :agency AND from_us = :from", week_of));
    return {};
  });
}

Result<std::size_t> Digests::make(const roster::Agency& agency) {
  std::vector<Timestamp> due;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    due.clear();
    const auto first = TRY(ledger::first_event_at(tx, agency.id));
    const auto newest = TRY(ledger::newest_event_at(tx, agency.id));
    if (!first || !newest) return {};
    // A clock that is ahead by itself ends no week.
    const Timestamp end = week_start(std::min(parts_.clock.now(), *newest));
    const Timestamp begin{std::max(week_start(*first).us, end.us - kWeeksBehindMax * kWeekUs)};
    std::set<std::int64_t> done;
    for (const db::Row& row : TRY(tx.query(
             "SELECT from_us FROM digest_weeks WHERE agency = :agency AND is_made = 1 AND from_us >= :begin "
             "AND from_us < :end ORDER BY from_us LIMIT :limit",
             {{"agency", agency.id.text()}, {"begin", begin.us}, {"end", end.us}, {"limit", kWeeksBehindMax}}))) {
      done.insert(row.integer("from_us"));
    }
    for (Timestamp from = begin; from < end; from = from + kWeekUs) {
      if (!done.contains(from.us)) due.push_back(from);
    }
    return {};
  }));
  std::size_t made = 0;
  for (const Timestamp from : due) TRY(make_week(agency, from, made));
  return made;
}

Result<Page<Digest>> Digests::read(db::Transaction& tx, const access::Actor& actor,
                                   const std::optional<std::string>& id, const PageQuery& query,
                                   std::vector<std::string>* contents) {
  const bool sees_all = access::decide(actor, access::Action::kSeeDigests, about(actor, PersonId())).is_allowed();
  const Timestamp now = parts_.clock.now();
  db::Params params = {{"agency", actor.agency.text()},
                       {"all", sees_all ? 1 : 0},
                       {"self", actor.person.text()},
                       {"id", id},
                       {"limit", query.limit + 1}};
  add_place(params, query.after);
  Page<Digest> out;
  std::int64_t rows = 0;
  ListPlace last;
  for (const db::Row& row : TRY(tx.query(
           fmt::format("SELECT d.id AS id, d.reader AS reader, d.from_us AS from_us, d.to_us AS to_us, d.content "
                       "AS content, d.sha256 AS sha256, d.signed_us AS signed_us, d.note AS note, d.place AS "
                       "place FROM (SELECT id, agency, reader, from_us, to_us, content, sha256, signed_us, "
                       "note, CASE WHEN signed_us IS NOT NULL THEN 2 WHEN reader = :self THEN 0 ELSE 1 END AS "
                       "place FROM digests) d WHERE d.agency = :agency AND (CAST(:all AS BIGINT) = 1 OR "
                       "d.reader = :self) AND (CAST(:id AS TEXT) IS NULL OR d.id = :id) AND {} {} LIMIT :limit",
                       after_place("d.place", "d.from_us", "d.id"), in_order("d.place", "d.from_us", "d.id")),
           params))) {
    if (rows++ == query.limit) {
      out.next = cursor_of(last);
      break;
    }
    Digest digest;
    digest.id = row.text("id");
    digest.from = {row.integer("from_us")};
    last = {row.integer("place"), digest.from.us, digest.id};
    const auto reader = PersonId::parse(row.text("reader"));
    if (!reader) return fail(Code::kCorrupt, "A digest in the catalog is damaged", digest.id);
    if (!access::decide(actor, access::Action::kSeeDigests, about(actor, *reader)).is_allowed()) continue;
    digest.reader = *reader;
    digest.reader_name = TRY(roster::name_of(tx, actor.agency, *reader)).value_or(reader->text());
    digest.to = {row.integer("to_us")};
    if (*reader == actor.person) digest.sha256 = row.text("sha256");
    if (const auto at = row.maybe_integer("signed_us")) digest.signed_at = Timestamp{*at};
    digest.note = row.maybe_text("note").value_or("");
    digest.is_overdue = !digest.signed_at && now - digest.to >= kOverdueUs;
    digest.may_sign =
        !digest.signed_at && access::decide(actor, access::Action::kSignDigest, about(actor, *reader)).is_allowed();
    if (contents) contents->push_back(row.text("content"));
    out.items.push_back(std::move(digest));
  }
  return out;
}

Result<Page<Digest>> Digests::list(const access::Actor& actor, const PageQuery& query) {
  TRY(access::require(access::decide(actor, access::Action::kSeeDigests, about(actor, std::nullopt)), "page"));
  Page<Digest> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(read(tx, actor, std::nullopt, query, nullptr));
    return {};
  }));
  return out;
}

Result<Digests::Shown> Digests::show(const access::Actor& actor, const std::string& id) {
  TRY(access::require(access::decide(actor, access::Action::kSeeDigests, about(actor, std::nullopt)), "page"));
  Shown out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    std::vector<std::string> contents;
    std::vector<Digest> found = TRY(read(tx, actor, id, {}, &contents)).items;
    if (found.empty()) return fail(Code::kNotFound, "No such digest", id);
    Json content = TRY(parse_json(contents.front()));
    out = {std::move(found.front()), std::move(content), {}};
    std::map<std::string, std::string> names;
    for (const std::string_view list : {"people", "alerts", "console"}) {
      const Json* items = out.content.find(list);
      if (!items || !items->array()) return fail(Code::kCorrupt, "A digest in the catalog is damaged", id);
      Json::Array kept;
      for (const Json& item : *items->array()) {
        const std::string* text = item.find_string("person");
        const auto person = text ? PersonId::parse(*text) : std::nullopt;
        if (!person) return fail(Code::kCorrupt, "A digest in the catalog is damaged", id);
        // About themselves nobody reads: where they came into another's digest, or see all of them.
        if (*person == actor.person) continue;
        kept.push_back(item);
        if (names.contains(*text)) continue;
        names[*text] = TRY(roster::name_of(tx, actor.agency, *person)).value_or(*text);
      }
      out.content.object()->insert_or_assign(std::string(list), Json(std::move(kept)));
    }
    out.names.assign(names.begin(), names.end());
    return {};
  }));
  return out;
}

Result<Digest> Digests::sign(const access::Actor& actor, const std::string& id, const std::string& note) {
  Shown shown = TRY(show(actor, id));
  const Digest& digest = shown.digest;
  TRY(access::require(access::decide(actor, access::Action::kSignDigest, about(actor, digest.reader)), "digest", id));
  if (note.size() > limits::kFieldBytesMax || has_control_characters(note)) {
    return fail(Code::kInvalid,
                fmt::format("A note has at most {} bytes and no control characters", limits::kFieldBytesMax));
  }
  ledger::Submission submission;
  submission.actor = actor.subject();
  // Whoever may sign it is whom it was made for.
  Json::Object fields = {{"digest", id}, {"sha256", digest.sha256.value()}};
  if (!note.empty()) fields.emplace("note", note);
  submission.events.push_back({digest.reader, "digest.signed", std::move(fields), false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    const std::int64_t changed = TRY(tx.run(
        "UPDATE digests SET signed_us = :now, note = :note WHERE id = :id AND signed_us IS NULL",
        {{"now", parts_.clock.now().us}, {"note", note.empty() ? std::nullopt : std::optional(note)}, {"id", id}}));
    if (changed == 1) return {};
    return fail(Code::kConflict, "This digest has been signed already", id);
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return TRY(show(actor, id)).digest;
}

}  // namespace lapel::oversight
