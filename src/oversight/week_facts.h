// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words of a digest: who reads about whom in a week, and what there is to read.
//
// Owns: the content of a digest.
// Promises: made of rows that are there, in one transaction; the same rows give the same bytes. Each look that has been judged
//   is in the digest of its week, or, where that was made before, in the next one.
// Fails with: what the database fails with, kCorrupt.
// Threads: one transaction.

#include <map>
#include <set>
#include <vector>

#include "oversight/digests.h"
#include "roster/assignments.h"

namespace lapel::oversight {

// Which part of the ledger a week is made of: what lies in it by its own time, up to `leaf`; and of what was judged after the
// week before was made, that whose time lies in a week that had been made by then, or after everything that has happened.
struct WeekSpan {
  Timestamp from, to;
  std::int64_t leaf = -1;
  std::int64_t late_after = -1;  // `leaf` itself where no week was made before
  std::int64_t ahead_after = -1;
  Timestamp newest;  // when the newest event was sealed
};
// Of a week that has its row in digest_weeks.
Result<WeekSpan> span_of(db::Transaction& tx, const AgencyId& agency, Timestamp from);

// Everything of a week once, to be cut to each scope.
struct Week {
  WeekSpan span;
  struct Counts {
    std::map<std::string, std::int64_t> viewed;  // by purpose
    std::int64_t exported = 0, shared = 0, refused = 0, outside = 0, recordings = 0;
    std::int64_t late = 0;  // of all these, acts whose time is not in the week
  };
  std::map<PersonId, Counts> people;
  struct Raised {
    std::string id;
    PersonId person;
    Timestamp at;
    std::int64_t recordings = 0;
  };
  std::vector<Raised> alerts;
  std::int64_t unattributed_received = 0, unattributed_open = 0;
  std::vector<ConsoleAct> console;
};
Result<Week> read_week(db::Transaction& tx, const AgencyId& agency, const WeekSpan& span,
                       const ConsoleActs& console_acts);

// About whom each reader reads.
struct Scope {
  std::set<PersonId> people;
  std::vector<roster::Unit> units;  // supervised in that week; none: of a supervisor without units, or of command
  bool is_command = false;
};
Result<std::map<PersonId, Scope>> scopes_of(db::Transaction& tx, const AgencyId& agency, const Week& week);

Json content_of(const Week& week, const PersonId& reader, const Scope& scope);

}  // namespace lapel::oversight
