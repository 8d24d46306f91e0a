// SPDX-License-Identifier: Apache-2.0
#pragma once
// One act of this room: its events and its rows, sealed together or not at all; and who may do one.
//
// Owns: nothing.
// Promises: each row is made of the very values of its event. Steps run in the order in which they were added, guards first.
// Fails with: what the ledger and the steps fail with; kTooLarge beyond limits::kSubmissionEventsMax; problems::kRule.
// Threads: one.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "ledger/ledgers.h"
#include "roster/sealed_rows.h"

namespace lapel::training {

struct Parts {
  db::Database& database;
  ledger::Ledgers& ledgers;
  const Clock& clock;
};

class Act {
 public:
  explicit Act(const access::Actor& actor) : actor_(actor) {}

  using Step = std::function<Result<void>(db::Transaction&)>;
  // Runs before any row is written: what was true when it was decided has to be true still.
  void guard(Step step) { guards_.push_back(std::move(step)); }
  roster::SealedRowId make(const roster::SealedTable& table, const SubjectId& subject, Json::Object values);
  void end(const roster::SealedTable& table, const SubjectId& subject, const roster::SealedRowId& id,
           Json::Object values);

  std::size_t events() const { return drafts_.size(); }
  Result<void> commit(ledger::Ledgers& ledgers);

 private:
  using Write = std::function<Result<void>(db::Transaction&, const ledger::SealedEvent&)>;
  const access::Actor& actor_;
  std::vector<Step> guards_;
  std::vector<ledger::Draft> drafts_;
  std::vector<Write> writes_;  // one for each draft
};

// Refused unless the actor may do this, to that person where one is named.
Result<void> require(const access::Actor& actor, access::Action action, const std::optional<PersonId>& about = {});
// The record of that person.
Result<void> require_seeing(db::Transaction& tx, const access::Actor& actor, const PersonId& person, Timestamp now);

// One line of text that people write. `what` begins the sentence.
Result<void> check_words(std::string_view what, const std::string& text);

// By id, login or badge of that time. kNotFound with a sentence.
Result<PersonId> find_person(db::Transaction& tx, const AgencyId& agency, const std::string& text, Timestamp at);
// "person": {"id", "name"}.
Result<Json> named(db::Transaction& tx, const AgencyId& agency, const PersonId& person);

Result<SubjectId> console_of(db::Transaction& tx, const AgencyId& agency);

// As the ledger writes it: what row and event keep is the same moment.
Timestamp ledger_moment(Timestamp time);

}  // namespace lapel::training
