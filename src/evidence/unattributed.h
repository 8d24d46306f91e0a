// SPDX-License-Identifier: Apache-2.0
#pragma once
// Recordings that nobody is assigned to, counted.
//
// Owns: nothing.
// Promises: a restricted recording is not counted: that there is one is not for everybody.
// Fails with: what the database fails with.
// Threads: one transaction.

#include "base/clock.h"
#include "base/ids.h"
#include "db/db.h"

namespace lapel::evidence {

struct Unattributed {
  std::int64_t received = 0;  // between the two, and nobody's today
  std::int64_t open = 0;      // of whatever day
};
Result<Unattributed> count_unattributed(db::Transaction& tx, const AgencyId& agency, Timestamp from, Timestamp to);

}  // namespace lapel::evidence
