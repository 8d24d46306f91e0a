// SPDX-License-Identifier: Apache-2.0
#include "program/publications.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "program/rows.h"
#include "roster/roster.h"

namespace lapel::program {
namespace {

constexpr JsonLimits kContentLimits = {64 * limits::kMiB, 32};  // what 20,000 statements come to, and more

const Json::Array& list_of(const Json& json, std::string_view name) {
  static const Json::Array kNone;
  const Json* found = json.find(name);
  return found && found->array() ? *found->array() : kNone;
}

}  // namespace

std::vector<Superseded> superseded_in(const Json& report, const Program& now) {
  std::map<std::string, const Said*, std::less<>> today;
  for (const auto& [subject, fields] : now.subjects) {
    for (const auto& [name, field] : fields) {
      for (const Said& said : field.all) today.emplace(said.statement->id, &said);
    }
  }
  std::vector<Superseded> out;
  for (const Json& subject : list_of(report, "subjects")) {
    for (const Json& field : list_of(subject, "fields")) {
      for (const Json& said : list_of(field, "statements")) {
        const std::string *id = said.find_string("id"), *status = said.find_string("status");
        const auto found = id && status && *status == status_name(Status::kStands) ? today.find(*id) : today.end();
        if (found == today.end() || is_open(*found->second) || !found->second->by) continue;
        const Said& is = *found->second;
        out.push_back({is.statement->subject.text(), is.statement->field, *id, is.by->id, is.status});
      }
    }
  }
  return out;
}

Result<Publication> Publications::publish(const access::Actor& actor, const std::string& title,
                                          const std::optional<Day>& as_of) {
  TRY(access::require(decide_program(actor, access::Action::kStateProgram), "page"));
  if (title.empty() || title.size() > limits::kFieldBytesMax || has_control_characters(title) || !is_utf8(title)) {
    return fail(Code::kInvalid,
                fmt::format("\"title\" must be at most {} bytes in one line, and not empty", limits::kFieldBytesMax));
  }
  Query query;
  query.as_of = as_of;
  Json::Object report = TRY(parts_.programs.report(actor, query));
  for (const char* of_whoever_published : {"may_include_embargoed", "may_include_privileged"}) {
    report.erase(of_whoever_published);  // and of no reader
  }
  Publication out;
  out.id = hex(crypto::random_bytes<16>());
  out.title = title;
  const auto day = report.find("as_of");
  CHECK(day != report.end() && day->second.string());
  out.as_of = parse_day(*day->second.string()).value_or(Day());
  out.content = to_json(Json(std::move(report)));
  out.sha256 = hex(crypto::sha256(as_bytes(out.content)));
  PersonId console;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    return {};
  }));
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back(
      {console,
       "program.published",
       {{"publication", out.id}, {"as_of", day_text(out.as_of)}, {"sha256", out.sha256}, {"title", title}},
       false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> events) -> Result<void> {
    TRY(
        tx.run("INSERT INTO program_publications (id, agency, title, as_of, published_us, published_by, content, "
               "sha256) VALUES (:id, :agency, "
               ":title, :as_of, :at, :by, :content, :sha256)",
               {{"id", out.id},
                {"agency", actor.agency.text()},
                {"title", title},
                {"as_of", out.as_of.number},
                {"at", events[0].at.us},
                {"by", actor.person.text()},
                {"content", out.content},
                {"sha256", out.sha256}}));
    return {};
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return show(actor, out.id);
}

Result<std::vector<Publication>> Publications::read(const access::Actor& actor, const std::optional<std::string>& id) {
  TRY(access::require(decide_program(actor, access::Action::kSeeProgram), "page"));
  std::vector<Publication> out;
  std::vector<Statement> statements;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    statements = TRY(read_statements(tx, actor.agency));
    for (const db::Row& row :
         TRY(tx.query("SELECT id, title, as_of, published_us, published_by, content, sha256 FROM program_publications "
                      "WHERE agency = "
                      ":agency AND (CAST(:id AS TEXT) IS NULL OR id = CAST(:id AS TEXT)) ORDER BY published_us DESC, "
                      "id LIMIT :limit",
                      {{"agency", actor.agency.text()}, {"id", id}, {"limit", kPublicationsListed}}))) {
      const auto by = PersonId::parse(row.text("published_by"));
      if (!by || !is_day(row.integer("as_of"))) {
        return fail(Code::kCorrupt, "A published report in the catalog is damaged", row.text("id"));
      }
      Publication& each = out.emplace_back();
      each.id = row.text("id");
      each.title = row.text("title");
      each.sha256 = row.text("sha256");
      each.as_of = {row.integer("as_of")};
      each.published_at = {row.integer("published_us")};
      each.published_by = *by;
      each.published_by_name = TRY(roster::name_of(tx, actor.agency, *by)).value_or(by->text());
      each.content = row.text("content");
    }
    return {};
  }));
  // What is under embargo today is told of nobody's older report either.
  const Day today = day_of(parts_.clock.now());
  const Program now = fold(statements, {today, today, Follows::kRecordedOn, Embargoed::kLeftOut, Privileged::kLeftOut});
  for (Publication& each : out) each.superseded = superseded_in(TRY(parse_json(each.content, kContentLimits)), now);
  return out;
}

Result<std::vector<Publication>> Publications::list(const access::Actor& actor) {
  std::vector<Publication> out = TRY(read(actor, std::nullopt));
  for (Publication& each : out) each.content.clear();
  return out;
}

Result<Publication> Publications::show(const access::Actor& actor, const std::string& id) {
  std::vector<Publication> found = TRY(read(actor, id));
  if (found.empty()) return fail(Code::kNotFound, "No such published report", id);
  return std::move(found[0]);
}

}  // namespace lapel::program
