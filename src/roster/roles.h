// SPDX-License-Identifier: Apache-2.0
#pragma once
// What people are here: the roles that they hold, and whether they are active. A person who has left is deactivated: nobody
// signs in as them, and their history stays.
//
// Owns: every change of the table person_roles and of the columns active_from_us and active_until_us of people.
// Promises: nobody is without a role. An agency keeps an active administrator, also where two of them act on each other at
//   the same moment: they are counted in the transaction that takes one away. What was given to a person before they were
//   deactivated, a session or a token, does not come back when they are activated. These rows are written inside the
//   sequencer's transaction, beside the events that say the same.
// Fails with: kInvalid (no role, or none that there is), kConflict (so already, or changed meanwhile),
//   problems::kLastAdministrator.
// Threads: any; each call runs in the caller's transaction.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::roster {

// The roles of these names, of which somebody may hold all together.
Result<std::set<access::Role>> parse_roles(const std::vector<std::string>& names);
// Whether somebody may hold these.
Result<void> check_roles(const std::set<access::Role>& roles);

// From `old`, which is what the person was shown to hold, to `roles`.
Result<void> change_roles(db::Transaction& tx, const PersonId& person, const std::set<access::Role>& old,
                          const std::set<access::Role>& roles);

// From the next request on, nothing is accepted from them.
Result<void> deactivate_person(db::Transaction& tx, const PersonId& person, Timestamp until);
Result<void> activate_person(db::Transaction& tx, const PersonId& person, Timestamp from);

// SQL: the person whose row of people is called p is active, and has been so ever since the column `given` says. By it
// whatever somebody signs in with stands or falls.
std::string active_since_condition(std::string_view given);

}  // namespace lapel::roster
