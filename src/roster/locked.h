// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a recording is locked as. A restriction covers the recording, whichever of its files it was asked for: all of them, and
// those that arrive later. This is the one place that says which restrictions cover a file.
//
// Owns: nothing; reads restrictions of recordings, and who is cleared for them.
// Promises: a file is covered exactly when a file of the same recording, itself or another, has a restriction in its row. Whoever
//   is cleared is so for each of them, should there be several kinds.
// Fails with: what the database fails with.
// Threads: any; one transaction.

#include <string>
#include <string_view>

#include "access/access.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::roster {

// SQL, after FROM: the files, called r, of the recording of :agency whose first file is :first.
std::string_view files_of_first();
// SQL: some file, called f, of the recording that the row r is a file of fits the condition.
std::string some_file(std::string_view condition);

// Columns, beside those of r: locked_as, one of the kinds that cover it, or NULL; is_cleared, whether :self is so at :now
// for all of them; is_cleared_else, for all but internal_affairs; covers_own, whether a file of it is :self's;
// home_in_part and sensitive_in_part, whether one is flagged.
const std::string& lock_columns();
// SQL: nothing covers r.
std::string open_condition();
// SQL: nothing covers r that the actor, :self, is not cleared for at :now.
std::string cleared_or_open_condition(const access::Actor& actor);

// By lock_columns().
bool is_cleared(const access::Actor& actor, const db::Row& row);

// Whether `id` is covered by this kind and no other.
Result<bool> is_locked_only_as(db::Transaction& tx, const RecordingId& id, access::Restriction kind);

}  // namespace lapel::roster
