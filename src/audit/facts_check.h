// SPDX-License-Identifier: Apache-2.0
#pragma once
// The facts that access stands on, as the catalog has them, against the events that say so.
//
// Owns: nothing.
// Promises: a clearance, a membership, a badge's or camera's wearer, a filed statement, a unit, a case, a release, a token or a rule
//   that only one of the two knows is told. Both sides are made into lines of text and compared as such, so that a column
//   of another type is a difference and no failure.
// Fails with: what the database fails with.
// Threads: one transaction.

#include <functional>
#include <optional>
#include <string>

#include "db/db.h"

namespace lapel::audit {

// A column of microseconds, read as text, as the ledger writes times: to the hundredth. What is no such time, as it is.
std::optional<std::string> column_time(const std::optional<std::string>& column);

// `note`: what no event can be asked about.
Result<void> check_facts(db::Transaction& tx, const std::string& agency, const std::function<void(std::string)>& fault,
                         const std::function<void(std::string)>& note);

}  // namespace lapel::audit
