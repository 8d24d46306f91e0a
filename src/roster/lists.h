// SPDX-License-Identifier: Apache-2.0
#pragma once
// The roster as lists show it: the statements of a person, and how far an agency is set up.
//
// Owns: nothing: people are of roster.h, statements and rules of assignments.h.
// Promises: nothing is changed.
// Fails with: kCorrupt, and what the database fails with.
// Threads: any; each call runs in the caller's transaction.

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"
#include "roster/assignments.h"

namespace lapel::roster {

// All of a person's, also those that were taken back, in no order.
Result<std::vector<Statement>> statements(db::Transaction& tx, const AgencyId& agency, const PersonId& person);

Result<std::int64_t> people_count(db::Transaction& tx, const AgencyId& agency);
// Whether the agency's rule of own viewing was chosen, be it as it is without.
Result<bool> has_chosen_own_viewing(db::Transaction& tx, const AgencyId& agency);

}  // namespace lapel::roster
