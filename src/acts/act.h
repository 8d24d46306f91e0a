// SPDX-License-Identifier: Apache-2.0
#pragma once
// One act of a room: its events and its rows, sealed together or not at all; and the words that acts are made of.
//
// Owns: nothing.
// Promises: each row is made of the very values of its event. Steps run in the order in which they were added, guards first.
// Fails with: what the ledger and the steps fail with; kTooLarge beyond limits::kSubmissionEventsMax; kInvalid, kNotFound.
// Threads: one.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "roster/assignments.h"
#include "roster/sealed_rows.h"

namespace lapel::acts {

// What a room that acts stands on.
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
  // An event whose row is another's.
  void say(ledger::Draft draft, Step step);

  // A person gets something from then on, or no longer, in the words that roster's rows are checked against.
  void begin(const roster::Assignment& assignment);
  void end(const roster::Assignment& assignment, Timestamp until, const std::string& reason);

  std::size_t events() const { return drafts_.size(); }
  Result<void> commit(ledger::Ledgers& ledgers);

 private:
  using Write = std::function<Result<void>(db::Transaction&, const ledger::SealedEvent&)>;
  const access::Actor& actor_;
  std::vector<Step> guards_;
  std::vector<ledger::Draft> drafts_;
  std::vector<Write> writes_;  // one for each draft; may be null
};

// Refused unless the actor may do this, to that person where one is named.
Result<void> require(const access::Actor& actor, access::Action action, const std::optional<PersonId>& about = {});

// One line of text that people write. `what` begins the sentence.
Result<void> check_words(std::string_view what, const std::string& text);

// "person": {"id", "name"}, and null for nobody.
Result<Json> named(db::Transaction& tx, const AgencyId& agency, const std::optional<PersonId>& person);

// By id, login or badge of that time. kNotFound with a sentence.
Result<PersonId> find_person(db::Transaction& tx, const AgencyId& agency, const std::string& text, Timestamp at);

Result<SubjectId> console_of(db::Transaction& tx, const AgencyId& agency);

}  // namespace lapel::acts
