// SPDX-License-Identifier: Apache-2.0
#include "oversight/digests.h"

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

access::Item about(const access::Actor& actor, const std::optional<PersonId>& reader) {
  access::Item item;
  item.agency = actor.agency;
  item.assigned_officer = reader;
  return item;
}

}  // namespace

Result<void> Digests::make_week(const roster::Agency& agency, Timestamp from, std::size_t& made) {
  std::map<PersonId, std::string> contents;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    contents.clear();
    const Timestamp to = from + kWeekUs;
    const Week week = TRY(read_week(tx, agency.id, from, to, parts_.console_acts));
    for (const auto& [reader, scope] : TRY(scopes_of(tx, agency.id, from, to))) {
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
    submission.events.push_back(
        {reader,
         "digest.made",
         {{"digest", id}, {"from", ledger_time(from)}, {"to", ledger_time(from + kWeekUs)}, {"sha256", sha256}},
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
  return {};
}

Result<std::size_t> Digests::make(const roster::Agency& agency) {
  const Timestamp end = week_start(parts_.clock.now());
  std::int64_t done_us = 0;
  std::optional<Timestamp> first;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows marks =
        TRY(tx.query("SELECT digests_to_us FROM watch_marks WHERE agency = :agency", {{"agency", agency.id.text()}}));
    done_us = marks.empty() ? 0 : marks[0].integer("digests_to_us");
    first = TRY(ledger::first_event_at(tx, agency.id));
    return {};
  }));
  std::size_t made = 0;
  if (!first || done_us >= end.us) return made;
  const std::int64_t begin_us = std::max({done_us, week_start(*first).us, end.us - kWeeksBehindMax * kWeekUs});
  for (Timestamp from{begin_us}; from < end; from = from + kWeekUs) TRY(make_week(agency, from, made));
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run(
        "INSERT INTO watch_marks (agency, leaf_index, digests_to_us) VALUES (:agency, -1, :end) ON CONFLICT (agency) "
        "DO UPDATE SET digests_to_us = excluded.digests_to_us",
        {{"agency", agency.id.text()}, {"end", end.us}}));
    return {};
  }));
  return made;
}

Result<std::vector<Digest>> Digests::read(db::Transaction& tx, const access::Actor& actor,
                                          const std::optional<std::string>& id, std::vector<std::string>* contents) {
  const bool sees_all = access::decide(actor, access::Action::kSeeDigests, about(actor, PersonId())).is_allowed();
  const Timestamp now = parts_.clock.now();
  std::vector<Digest> out;
  for (const db::Row& row : TRY(tx.query("SELECT id, reader, from_us, to_us, content, sha256, signed_us, note FROM "
                                         "digests WHERE agency = :agency AND "
                                         "(CAST(:all AS BIGINT) = 1 OR reader = :self) AND (CAST(:id AS TEXT) IS NULL "
                                         "OR id = :id) ORDER BY from_us DESC, "
                                         "CASE WHEN reader = :self THEN 0 ELSE 1 END, id LIMIT :limit",
                                         {{"agency", actor.agency.text()},
                                          {"all", sees_all ? 1 : 0},
                                          {"self", actor.person.text()},
                                          {"id", id},
                                          {"limit", kDigestsShownMax}}))) {
    const auto reader = PersonId::parse(row.text("reader"));
    if (!reader) return fail(Code::kCorrupt, "A digest in the catalog is damaged", row.text("id"));
    if (!access::decide(actor, access::Action::kSeeDigests, about(actor, *reader)).is_allowed()) continue;
    Digest digest;
    digest.id = row.text("id");
    digest.reader = *reader;
    digest.reader_name = TRY(roster::name_of(tx, actor.agency, *reader)).value_or(reader->text());
    digest.from = {row.integer("from_us")};
    digest.to = {row.integer("to_us")};
    digest.sha256 = row.text("sha256");
    if (const auto at = row.maybe_integer("signed_us")) digest.signed_at = Timestamp{*at};
    digest.note = row.maybe_text("note").value_or("");
    digest.is_overdue = !digest.signed_at && now - digest.to >= kOverdueUs;
    digest.may_sign =
        !digest.signed_at && access::decide(actor, access::Action::kSignDigest, about(actor, *reader)).is_allowed();
    if (contents) contents->push_back(row.text("content"));
    out.push_back(std::move(digest));
  }
  return out;
}

Result<std::vector<Digest>> Digests::list(const access::Actor& actor) {
  TRY(access::require(access::decide(actor, access::Action::kSeeDigests, about(actor, std::nullopt)), "page"));
  std::vector<Digest> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(read(tx, actor, std::nullopt, nullptr));
    return {};
  }));
  return out;
}

Result<Digests::Shown> Digests::show(const access::Actor& actor, const std::string& id) {
  TRY(access::require(access::decide(actor, access::Action::kSeeDigests, about(actor, std::nullopt)), "page"));
  Shown out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    std::vector<std::string> contents;
    std::vector<Digest> found = TRY(read(tx, actor, id, &contents));
    if (found.empty()) return fail(Code::kNotFound, "No such digest", id);
    out = {std::move(found.front()), TRY(parse_json(contents.front())), {}};
    std::map<std::string, std::string> names;
    for (const std::string_view list : {"people", "alerts", "console"}) {
      const Json* items = out.content.find(list);
      if (!items || !items->array()) return fail(Code::kCorrupt, "A digest in the catalog is damaged", id);
      for (const Json& item : *items->array()) {
        const std::string* text = item.find_string("person");
        const auto person = text ? PersonId::parse(*text) : std::nullopt;
        if (!person) return fail(Code::kCorrupt, "A digest in the catalog is damaged", id);
        if (names.contains(*text)) continue;
        names[*text] = TRY(roster::name_of(tx, actor.agency, *person)).value_or(*text);
      }
    }
    out.names.assign(names.begin(), names.end());
    return {};
  }));
  // About themselves nobody reads: where they came into another's digest, or command sees all of them.
  for (const std::string_view list : {"alerts"}) {
    Json* object = &out.content;
    Json::Array kept;
    for (const Json& item : *object->find(list)->array()) {
      if (*item.find_string("person") != actor.person.text()) kept.push_back(item);
    }
    object->object()->insert_or_assign(std::string(list), Json(std::move(kept)));
  }
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
  Json::Object fields = {{"digest", id}, {"sha256", digest.sha256}};
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
