// SPDX-License-Identifier: Apache-2.0
#include "program/publications.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "program/council.h"
#include "program/rows.h"
#include "roster/roster.h"

namespace lapel::program {
namespace {

const Json::Array& list_of(const Json& json, std::string_view name) {
  static const Json::Array kNone;
  const Json* found = json.find(name);
  return found && found->array() ? *found->array() : kNone;
}

std::string join(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
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
  TRY(check_title(title));
  const std::vector<ReportReviewer> reviewers = TRY(parts_.drafts.reviewers(actor));
  if (!reviewers.empty()) {
    return fail(problems::kRule, fmt::format("A report is published once {} has approved its draft: make a draft of it",
                                             reviewers[0].title));
  }
  Query query;
  query.as_of = as_of;
  Json::Object report = TRY(parts_.programs.report(actor, query));
  Publication made;
  made.title = title;
  const auto day = report.find("as_of");
  CHECK(day != report.end() && day->second.string());
  made.as_of = parse_day(*day->second.string()).value_or(Day());
  made.content = content_of_report(std::move(report));
  return seal(actor, std::move(made), {});
}

Result<Publication> Publications::publish_draft(const access::Actor& actor, const std::string& draft) {
  TRY(access::require(decide_program(actor, access::Action::kStateProgram), "page"));
  Draft known = TRY(parts_.drafts.show(actor, draft));
  std::vector<std::string> notes;
  for (const DraftReview& review : known.reviews) {
    if (!review.decision) continue;
    notes.push_back(fmt::format("Reviewed before it was published by {}, {}: {}.", review.title,
                                day_text(day_of(review.at)), decision_name(*review.decision)));
  }
  switch (known.state) {
    case DraftState::kMayBePublished:
      break;
    case DraftState::kPublished:
      return fail(Code::kConflict, "This draft is published already");
    case DraftState::kUnderEmbargo:
      return fail(problems::kRule,
                  fmt::format("Something in this draft is under embargo by now ({}): make another draft",
                              known.hidden.empty() ? "what, is not told" : join(known.hidden)));
    case DraftState::kRefused:
      return fail(problems::kRule, "This draft was refused: make another one");
    case DraftState::kWaitsForReview: {
      std::vector<std::string> missing;
      for (const DraftReview& review : known.reviews) {
        if (!review.decision) missing.push_back(review.title);
      }
      return fail(problems::kRule, fmt::format("This draft is published once it is approved by: {}", join(missing)));
    }
  }
  Publication made;
  made.title = known.title;
  made.as_of = known.as_of;
  made.content = std::move(known.content);
  made.draft = known.id;
  return seal(actor, std::move(made), std::move(notes));
}

Result<Publication> Publications::seal(const access::Actor& actor, Publication made, std::vector<std::string> notes) {
  made.id = hex(crypto::random_bytes<16>());
  made.sha256 = hex(crypto::sha256(as_bytes(made.content)));
  PersonId console;
  std::int64_t leaf = -1;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    leaf = TRY(last_leaf(tx, actor.agency));
    return {};
  }));
  Cover cover = TRY(parts_.programs.cover(actor, {}, made.title));
  cover.notes = std::move(notes);
  const paper::Document document = council_document(TRY(read_content(made.content)), std::move(cover));
  std::map<Paper, std::string> papers;
  Json::Object fields = {
      {"publication", made.id}, {"as_of", day_text(made.as_of)}, {"sha256", made.sha256}, {"title", made.title}};
  if (!made.draft.empty()) fields.emplace("draft", made.draft);
  for (const Paper paper : kPapers) {
    std::string bytes = TRY(make_paper(paper, document));
    made.papers[paper] = hex(crypto::sha256(as_bytes(bytes)));
    fields.emplace(std::string(paper_name(paper)), made.papers[paper]);
    papers[paper] = std::move(bytes);
  }
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back({console, "program.published", std::move(fields), false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> events) -> Result<void> {
    // Judged by what was known then: what has come since may be under embargo, or name a reviewer.
    if (TRY(last_leaf(tx, actor.agency)) != leaf) {
      return fail(Code::kConflict,
                  "Something was stated meanwhile, and nothing was published: look, and publish again");
    }
    if (!made.draft.empty() &&
        !TRY(tx.query("SELECT id FROM program_publications WHERE draft = :draft LIMIT 1", {{"draft", made.draft}}))
             .empty()) {
      return fail(Code::kConflict, "This draft was published meanwhile");
    }
    TRY(tx.run(
        "INSERT INTO program_publications (id, agency, title, as_of, published_us, published_by, content, sha256, "
        "draft) VALUES (:id, :agency, :title, :as_of, :at, :by, :content, :sha256, :draft)",
        {{"id", made.id},
         {"agency", actor.agency.text()},
         {"title", made.title},
         {"as_of", made.as_of.number},
         {"at", events[0].at.us},
         {"by", actor.person.text()},
         {"content", made.content},
         {"sha256", made.sha256},
         {"draft", made.draft.empty() ? std::nullopt : std::optional(made.draft)}}));
    for (const auto& [paper, bytes] : papers) {
      TRY(
          tx.run("INSERT INTO program_papers (publication, form, agency, content, sha256) VALUES (:publication, :form, "
                 ":agency, :content, :sha256)",
                 {{"publication", made.id},
                  {"form", paper_name(paper)},
                  {"agency", actor.agency.text()},
                  {"content", base64(as_bytes(bytes))},
                  {"sha256", made.papers[paper]}}));
    }
    return {};
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return show(actor, made.id);
}

Result<std::string> Publications::paper(const access::Actor& actor, const std::string& id, Paper paper, Marked marked) {
  const Publication shown = TRY(show(actor, id));
  if (marked == Marked::kSuperseded) {
    Cover cover = TRY(parts_.programs.cover(actor, {}, shown.title));
    if (!shown.superseded.empty()) cover.marks = {"SUPERSEDED"};
    cover.notes.push_back(fmt::format("Published on {} by {}; its bytes stay as they were given out.",
                                      day_text(day_of(shown.published_at)), shown.published_by_name));
    for (const Superseded& each : shown.superseded) {
      cover.notes.push_back(
          fmt::format("{}, {}: {} since.", each.subject, each.field,
                      each.status == Status::kNotChosen ? std::string_view("not chosen") : status_name(each.status)));
    }
    return make_paper(paper, council_document(TRY(read_content(shown.content)), std::move(cover)));
  }
  if (!shown.papers.contains(paper)) {
    return fail(Code::kNotFound, "This report was published before it was kept in this form: ask for it marked", id);
  }
  std::string text;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT content FROM program_papers WHERE publication = :publication AND form = :form AND agency "
                     "= :agency LIMIT 1",
                     {{"publication", id}, {"form", paper_name(paper)}, {"agency", actor.agency.text()}}));
    text = rows.empty() ? std::string() : rows[0].text("content");
    return {};
  }));
  const auto bytes = parse_base64(text);
  if (!bytes || hex(crypto::sha256(*bytes)) != shown.papers.at(paper)) {
    return fail(Code::kCorrupt, "A published report in the catalog is damaged", id);
  }
  return std::string(as_text(*bytes));
}

Result<std::vector<Publication>> Publications::read(const access::Actor& actor, const std::optional<std::string>& id) {
  TRY(access::require(decide_program(actor, access::Action::kSeeProgram), "page"));
  std::vector<Publication> out;
  std::vector<Statement> statements;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    statements = TRY(read_statements(tx, actor.agency));
    for (const db::Row& row : TRY(tx.query(
             "SELECT id, title, as_of, published_us, published_by, content, sha256, draft FROM program_publications "
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
      each.draft = row.maybe_text("draft").value_or("");
      each.content = row.text("content");
      for (const db::Row& kept :
           TRY(tx.query("SELECT form, sha256 FROM program_papers WHERE publication = :publication "
                        "ORDER BY form LIMIT :limit",
                        {{"publication", each.id}, {"limit", static_cast<int>(kPapers.size())}}))) {
        const auto paper = parse_paper(kept.text("form"));
        if (!paper) return fail(Code::kCorrupt, "A published report in the catalog is damaged", each.id);
        each.papers[*paper] = kept.text("sha256");
      }
    }
    return {};
  }));
  // What is under embargo today is told of nobody's older report either.
  const Day today = day_of(parts_.clock.now());
  const Program now = fold(statements, {today, today, Follows::kRecordedOn, Embargoed::kLeftOut, Privileged::kLeftOut});
  for (Publication& each : out) each.superseded = superseded_in(TRY(read_content(each.content)), now);
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
