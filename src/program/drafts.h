// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reports that are not published yet: drafted by one person, read and decided on by another.
//
// Owns: the tables program_drafts and program_draft_reviews, and the events program.drafted and program.reviewed in the chain of the
//   server's console.
// Promises: a draft's bytes never change, and neither does a decision. Nobody decides on what they drafted, or what they are not named for.
//   A draft never has what was under embargo when it was made, nor what is privileged; one of which something has come under embargo
//   since is shown to nobody and cannot be published.
// Fails with: problems::kRule, kInvalid, kNotFound, kConflict (decided already, or stated meanwhile).
// Threads: any; calls block.

#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "program/fold.h"
#include "program/papers.h"
#include "program/program.h"

namespace lapel::program {

inline constexpr std::int64_t kDraftsListed = 200;

// Whoever must approve a report before it is published.
struct ReportReviewer {
  SubjectName subject;
  std::string title, login;
};
// Of a Program with what is privileged: as whom somebody signs in is for no report.
std::vector<ReportReviewer> report_reviewers_on(const Program& program, Day day);

enum class Decision { kApproved, kRefused };
std::string_view decision_name(Decision decision);
std::optional<Decision> parse_decision(std::string_view name);

struct DraftReview {
  std::string reviewer, title;  // the subject, and who that is
  std::optional<Decision> decision;
  std::string reason;
  PersonId by;
  std::string by_name;
  Timestamp at;
  bool may_decide = false;  // the asker may, now
};

enum class DraftState { kWaitsForReview, kRefused, kMayBePublished, kPublished, kUnderEmbargo };
std::string_view draft_state_name(DraftState state);

struct Draft {
  std::string id, title, sha256, content;
  Day as_of;
  Timestamp drafted_at;
  PersonId drafted_by;
  std::string drafted_by_name;
  std::vector<DraftReview> reviews;  // of each reviewer of today, and of whoever has decided
  std::string publication;           // its id; empty: it is not published
  DraftState state = DraftState::kWaitsForReview;
  std::vector<std::string> hidden;  // what has come under embargo since, for whoever may see that
};

// Subjects of statements of a report that are not to be seen any more. Pure.
std::vector<std::string> hidden_in(const Json& report, const std::vector<Statement>& statements, const Program& now);

// A title of a report: one line of a person's words.
Result<void> check_title(const std::string& title);
// What is published of an answer: nothing of whoever asked.
std::string content_of_report(Json::Object report);
Result<Json> read_content(const std::string& content);

class Drafts {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    Programs& programs;
  };
  explicit Drafts(Parts parts) : parts_(parts) {}

  Result<Draft> draft(const access::Actor& actor, const std::string& title, const std::optional<Day>& as_of);
  Result<Draft> review(const access::Actor& actor, const std::string& id, Decision decision, const std::string& reason);
  Result<std::vector<Draft>> list(const access::Actor& actor);  // the newest first, without their bytes
  // Its bytes are left out while it is under embargo.
  Result<Draft> show(const access::Actor& actor, const std::string& id);
  // As it would look on paper, and marked as a draft.
  Result<std::string> paper(const access::Actor& actor, const std::string& id, Paper paper);

  // Who must approve what is published today.
  Result<std::vector<ReportReviewer>> reviewers(const access::Actor& actor);

 private:
  Result<std::vector<Draft>> read(const access::Actor& actor, const std::optional<std::string>& id);

  const Parts parts_;
};

}  // namespace lapel::program
