// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tables of this room.
//
// Owns: watch_marks, watched_acts, alerts, digests, digest_weeks, access_reviews.
// Promises: watched_acts and watch_marks repeat the ledger and can be made of it again, and digest_weeks says of which part of
//   it a week was made; of the others every row has its event.
// Fails with: nothing.
// Threads: constants.

#include <span>

#include "db/db.h"

namespace lapel::oversight {

std::span<const db::Migration> schema();

}  // namespace lapel::oversight
