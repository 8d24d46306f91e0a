// SPDX-License-Identifier: Apache-2.0
#pragma once
// Alerts, digests and reviews as the catalog has them, against the events that say so.
//
// Owns: nothing.
// Promises: an alert, a digest or a review that only one of the two knows is told, a digest whose words are not those that
//   were sealed, a look that was judged and is none, or that the mark has passed by, and a place or a time of an alert, or a
//   leaf of a week, that is not that of the events it stands for. Both sides are made into lines of text and compared as such.
// Fails with: what the database fails with.
// Threads: one transaction.

#include <functional>
#include <string>

#include "db/db.h"
#include "roster/roster.h"

namespace lapel::oversight {

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault);

}  // namespace lapel::oversight
