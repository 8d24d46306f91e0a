// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words of a digest: who reads about whom in a week, and what there is to read.
//
// Owns: the content of a digest.
// Promises: made of rows that are there, in one transaction; the same rows give the same bytes.
// Fails with: what the database fails with, kCorrupt.
// Threads: one transaction.

#include <map>
#include <set>
#include <vector>

#include "oversight/digests.h"
#include "roster/assignments.h"

namespace lapel::oversight {

// About whom each reader reads.
struct Scope {
  std::set<PersonId> people;
  std::vector<roster::Unit> units;  // supervised in that week; none: of a supervisor without units, or of command
  bool is_command = false;
};
Result<std::map<PersonId, Scope>> scopes_of(db::Transaction& tx, const AgencyId& agency, Timestamp from, Timestamp to);

// Everything of a week once, to be cut to each scope.
struct Week {
  Timestamp from, to;
  struct Counts {
    std::map<std::string, std::int64_t> viewed;  // by purpose
    std::int64_t exported = 0, refused = 0, outside = 0, recordings = 0;
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
Result<Week> read_week(db::Transaction& tx, const AgencyId& agency, Timestamp from, Timestamp to,
                       const ConsoleActs& console_acts);

Json content_of(const Week& week, const PersonId& reader, const Scope& scope);

}  // namespace lapel::oversight
