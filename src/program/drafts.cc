// SPDX-License-Identifier: Apache-2.0
#include "program/drafts.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "program/council.h"
#include "program/kinds.h"
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

// Whoever runs the program reads its drafts, and whoever may be named to decide on one.
Result<void> require_reader(const access::Actor& actor) {
  if (decide_program(actor, access::Action::kReviewReport).is_allowed()) return {};
  TRY(access::require(decide_program(actor, access::Action::kSeeProgram), "page"));
  return {};
}

DraftState state_of(const Draft& draft) {
  if (!draft.publication.empty()) return DraftState::kPublished;
  const auto has = [&](const std::optional<Decision>& decision) {
    return std::ranges::any_of(draft.reviews, [&](const DraftReview& each) { return each.decision == decision; });
  };
  if (has(Decision::kRefused)) return DraftState::kRefused;
  return has(std::nullopt) ? DraftState::kWaitsForReview : DraftState::kMayBePublished;
}

}  // namespace

std::vector<ReportReviewer> report_reviewers_on(const Program& program, Day day) {
  std::vector<ReportReviewer> out;
  for (const SubjectName& subject : program.of_kind(kReportReviewer)) {
    const Statement *from = program.standing(subject, "from"), *until = program.standing(subject, "until"),
                    *title = program.standing(subject, "title"), *login = program.standing(subject, "login");
    if (!from || Day{from->value->low} > day || (until && Day{until->value->low} <= day)) continue;
    out.push_back({subject, title ? title->value->words : subject.slug, login ? login->value->words : ""});
  }
  return out;
}

std::string_view decision_name(Decision decision) {
  return decision == Decision::kApproved ? "approved" : "refused";
}
std::optional<Decision> parse_decision(std::string_view name) {
  if (name == "approved") return Decision::kApproved;
  if (name == "refused") return Decision::kRefused;
  return std::nullopt;
}

std::string_view draft_state_name(DraftState state) {
  switch (state) {
    case DraftState::kWaitsForReview:
      return "waits_for_review";
    case DraftState::kRefused:
      return "refused";
    case DraftState::kMayBePublished:
      return "may_be_published";
    case DraftState::kPublished:
      return "published";
    case DraftState::kUnderEmbargo:
      return "under_embargo";
  }
  CHECK(false);
}

std::vector<std::string> hidden_in(const Json& report, const std::vector<Statement>& statements, const Program& now) {
  std::map<std::string, std::string, std::less<>> subjects;  // of each statement that is known, by its id
  for (const Statement& statement : statements) subjects.emplace(statement.id, statement.subject.text());
  for (const auto& [subject, fields] : now.subjects) {
    for (const auto& [name, field] : fields) {
      for (const Said& said : field.all) subjects.erase(said.statement->id);
    }
  }
  std::set<std::string> out;
  for (const Json& subject : list_of(report, "subjects")) {
    for (const Json& field : list_of(subject, "fields")) {
      for (const Json& said : list_of(field, "statements")) {
        const std::string* id = said.find_string("id");
        const auto found = id ? subjects.find(*id) : subjects.end();
        if (found != subjects.end()) out.insert(found->second);
      }
    }
  }
  return {out.begin(), out.end()};
}

Result<void> check_title(const std::string& title) {
  if (!title.empty() && title.size() <= limits::kFieldBytesMax && !has_control_characters(title) && is_utf8(title)) {
    return {};
  }
  return fail(Code::kInvalid,
              fmt::format("\"title\" must be at most {} bytes in one line, and not empty", limits::kFieldBytesMax));
}

std::string content_of_report(Json::Object report) {
  for (const char* of_whoever_asked : {"may_include_embargoed", "may_include_privileged"})
    report.erase(of_whoever_asked);
  return to_json(Json(std::move(report)));
}

Result<Json> read_content(const std::string& content) {
  return parse_json(content, kContentLimits);
}

Result<Draft> Drafts::draft(const access::Actor& actor, const std::string& title, const std::optional<Day>& as_of) {
  TRY(access::require(decide_program(actor, access::Action::kStateProgram), "page"));
  TRY(check_title(title));
  Query query;
  query.as_of = as_of;
  Json::Object report = TRY(parts_.programs.report(actor, query));
  const auto day = report.find("as_of");
  CHECK(day != report.end() && day->second.string());
  const Day of = parse_day(*day->second.string()).value_or(Day());
  const std::string id = hex(crypto::random_bytes<16>());
  const std::string content = content_of_report(std::move(report));
  const std::string sha256 = hex(crypto::sha256(as_bytes(content)));
  PersonId console;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    return {};
  }));
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back({console,
                               "program.drafted",
                               {{"draft", id}, {"as_of", day_text(of)}, {"sha256", sha256}, {"title", title}},
                               false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> events) -> Result<void> {
    TRY(
        tx.run("INSERT INTO program_drafts (id, agency, title, as_of, drafted_us, drafted_by, content, sha256) VALUES "
               "(:id, :agency, :title, :as_of, :at, :by, :content, :sha256)",
               {{"id", id},
                {"agency", actor.agency.text()},
                {"title", title},
                {"as_of", of.number},
                {"at", events[0].at.us},
                {"by", actor.person.text()},
                {"content", content},
                {"sha256", sha256}}));
    return {};
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return show(actor, id);
}

Result<Draft> Drafts::review(const access::Actor& actor, const std::string& id, Decision decision,
                             const std::string& reason) {
  TRY(access::require(decide_program(actor, access::Action::kReviewReport), "page"));
  if (reason.empty() || reason.size() > limits::kFieldBytesMax || has_control_characters(reason) || !is_utf8(reason)) {
    return fail(Code::kInvalid,
                fmt::format("\"reason\" must be at most {} bytes in one line, and not empty", limits::kFieldBytesMax));
  }
  const Draft known = TRY(show(actor, id));
  if (known.drafted_by == actor.person) return fail(problems::kRule, "Nobody reviews what they drafted");
  const auto own = std::ranges::find_if(known.reviews, [](const DraftReview& each) { return each.may_decide; });
  if (own == known.reviews.end()) {
    if (known.state == DraftState::kPublished) return fail(Code::kConflict, "This draft is published already");
    if (known.state == DraftState::kUnderEmbargo) {
      return fail(problems::kRule, "Something in this draft is under embargo by now: it cannot be reviewed");
    }
    if (std::ranges::any_of(known.reviews, [&](const DraftReview& each) { return each.by == actor.person; })) {
      return fail(Code::kConflict,
                  "You have decided on this draft, and a decision stays: another draft takes another one");
    }
    return fail(problems::kRule, "You are not named as a reviewer of reports: a report_reviewer says who is");
  }
  PersonId console;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    return {};
  }));
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back({console,
                               "program.reviewed",
                               {{"draft", id},
                                {"decision", std::string(decision_name(decision))},
                                {"reason", reason},
                                {"reviewer", own->reviewer},
                                {"sha256", known.sha256}},
                               false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> events) -> Result<void> {
    if (!TRY(tx.query(
                 "SELECT reviewer FROM program_draft_reviews WHERE draft = :draft AND reviewer = :reviewer LIMIT 1",
                 {{"draft", id}, {"reviewer", own->reviewer}}))
             .empty()) {
      return fail(Code::kConflict, "This draft was decided on meanwhile");
    }
    TRY(tx.run(
        "INSERT INTO program_draft_reviews (draft, reviewer, agency, person, decision, reason, decided_us) VALUES "
        "(:draft, :reviewer, :agency, :person, :decision, :reason, :at)",
        {{"draft", id},
         {"reviewer", own->reviewer},
         {"agency", actor.agency.text()},
         {"person", actor.person.text()},
         {"decision", decision_name(decision)},
         {"reason", reason},
         {"at", events[0].at.us}}));
    return {};
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return show(actor, id);
}

Result<std::vector<Draft>> Drafts::read(const access::Actor& actor, const std::optional<std::string>& id) {
  TRY(require_reader(actor));
  std::vector<Draft> out;
  std::vector<Statement> statements;
  std::multimap<std::string, DraftReview> decided;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    decided.clear();
    statements = TRY(read_statements(tx, actor.agency));
    for (const db::Row& row :
         TRY(tx.query("SELECT d.id AS id, d.title AS title, d.as_of AS as_of, d.drafted_us AS drafted_us, d.drafted_by "
                      "AS drafted_by, "
                      "d.content AS content, d.sha256 AS sha256, p.id AS publication FROM program_drafts d LEFT JOIN "
                      "program_publications p ON p.draft = d.id WHERE d.agency = :agency AND (CAST(:id AS TEXT) IS "
                      "NULL OR d.id = "
                      "CAST(:id AS TEXT)) ORDER BY d.drafted_us DESC, d.id LIMIT :limit",
                      {{"agency", actor.agency.text()}, {"id", id}, {"limit", kDraftsListed}}))) {
      const auto by = PersonId::parse(row.text("drafted_by"));
      if (!by || !is_day(row.integer("as_of"))) {
        return fail(Code::kCorrupt, "A draft of a report in the catalog is damaged", row.text("id"));
      }
      Draft& each = out.emplace_back();
      each.id = row.text("id");
      each.title = row.text("title");
      each.sha256 = row.text("sha256");
      each.as_of = {row.integer("as_of")};
      each.drafted_at = {row.integer("drafted_us")};
      each.drafted_by = *by;
      each.drafted_by_name = TRY(roster::name_of(tx, actor.agency, *by)).value_or(by->text());
      each.publication = row.maybe_text("publication").value_or("");
      each.content = row.text("content");
      for (const db::Row& review : TRY(tx.query(
               "SELECT reviewer, person, decision, reason, decided_us FROM program_draft_reviews WHERE draft = "
               ":draft ORDER BY decided_us, reviewer LIMIT :limit",
               {{"draft", each.id}, {"limit", kDraftsListed}}))) {
        const auto person = PersonId::parse(review.text("person"));
        const auto decision = parse_decision(review.text("decision"));
        if (!person || !decision) return fail(Code::kCorrupt, "A review of a draft in the catalog is damaged", each.id);
        DraftReview read;
        read.reviewer = review.text("reviewer");
        read.decision = decision;
        read.reason = review.text("reason");
        read.by = *person;
        read.by_name = TRY(roster::name_of(tx, actor.agency, *person)).value_or(person->text());
        read.at = {review.integer("decided_us")};
        decided.emplace(each.id, std::move(read));
      }
    }
    return {};
  }));
  const Day today = day_of(parts_.clock.now());
  const Program now = fold(statements, {today, today, Follows::kRecordedOn, Embargoed::kLeftOut, Privileged::kLeftOut});
  const Program all =
      fold(statements, {today, today, Follows::kRecordedOn, Embargoed::kIncluded, Privileged::kIncluded});
  const std::vector<ReportReviewer> reviewers = report_reviewers_on(all, today);
  const bool may_review = decide_program(actor, access::Action::kReviewReport).is_allowed();
  for (Draft& each : out) {
    for (auto [found, end] = decided.equal_range(each.id); found != end; ++found) each.reviews.push_back(found->second);
    for (DraftReview& review : each.reviews) {
      const auto subject = parse_subject(review.reviewer);
      const Statement* title = subject ? all.standing(*subject, "title") : nullptr;
      review.title = title ? title->value->words : review.reviewer;
    }
    const bool is_open = each.publication.empty();
    for (const ReportReviewer& reviewer : reviewers) {
      const std::string name = reviewer.subject.text();
      // What is published needs nobody any more.
      if (!is_open || std::ranges::find(each.reviews, name, &DraftReview::reviewer) != each.reviews.end()) continue;
      DraftReview& waiting = each.reviews.emplace_back();
      waiting.reviewer = name;
      waiting.title = reviewer.title;
      waiting.may_decide = may_review && reviewer.login == actor.login && each.drafted_by != actor.person;
    }
    each.state = state_of(each);
    if (!is_open) continue;
    each.hidden = hidden_in(TRY(read_content(each.content)), statements, now);
    if (each.hidden.empty()) continue;
    each.state = DraftState::kUnderEmbargo;
    each.content.clear();
    for (DraftReview& review : each.reviews) review.may_decide = false;
    if (!decide_program(actor, access::Action::kSeeEmbargoed).is_allowed()) each.hidden.clear();
  }
  return out;
}

Result<std::vector<Draft>> Drafts::list(const access::Actor& actor) {
  std::vector<Draft> out = TRY(read(actor, std::nullopt));
  for (Draft& each : out) each.content.clear();
  return out;
}

Result<Draft> Drafts::show(const access::Actor& actor, const std::string& id) {
  std::vector<Draft> found = TRY(read(actor, id));
  if (found.empty()) return fail(Code::kNotFound, "No such draft", id);
  return std::move(found[0]);
}

Result<std::string> Drafts::paper(const access::Actor& actor, const std::string& id, Paper paper) {
  const Draft shown = TRY(show(actor, id));
  if (shown.state == DraftState::kUnderEmbargo) {
    return fail(problems::kRule, "Something in this draft is under embargo by now: it is shown to nobody");
  }
  const Json content = TRY(read_content(shown.content));
  Cover cover = TRY(parts_.programs.cover(actor, {}, shown.title));
  cover.made_on = day_of(shown.drafted_at);
  cover.made_by = shown.drafted_by_name;
  cover.marks = {"DRAFT"};
  return make_paper(paper, council_document(content, std::move(cover)));
}

Result<std::vector<ReportReviewer>> Drafts::reviewers(const access::Actor& actor) {
  std::vector<Statement> statements;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    statements = TRY(read_statements(tx, actor.agency));
    return {};
  }));
  const Day today = day_of(parts_.clock.now());
  return report_reviewers_on(
      fold(statements, {today, today, Follows::kRecordedOn, Embargoed::kIncluded, Privileged::kIncluded}), today);
}

}  // namespace lapel::program
