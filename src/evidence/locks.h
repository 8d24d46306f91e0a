// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a recording is locked as. A restriction covers the recording, whichever of its files it was asked for: all of them, and
// those that arrive later. This is the one place that says which restrictions cover a file.
//
// Owns: nothing; reads and writes restriction, state and revision of recordings.
// Promises: a file is covered exactly when a file of the same recording, itself or another, has a restriction in its row. Whoever
//   is cleared is so for each of them, should there be several kinds.
// Fails with: kConflict (changed meanwhile), kCorrupt.
// Threads: any; one transaction.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::evidence {

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

struct File {
  RecordingId id;
  std::int64_t revision = 0;
  std::optional<access::Restriction> restriction;  // in its own row
  bool can_be_locked = false;                      // by its state
};
// The files of the recording that `id` is a file of.
struct Files {
  std::vector<File> items;    // at most kLockedAtOnceMax: itself, then those with a restriction, then the others
  std::int64_t revision = 0;  // goes up with each file that arrives, and each change of one
};
// As many events as one act has room for, beside those of its own. Further files are covered without an event in their chains.
inline constexpr std::int64_t kLockedAtOnceMax = 48;
Result<Files> files_of(db::Transaction& tx, const AgencyId& agency, const RecordingId& id);

// kConflict where the file is no longer as it was read.
Result<void> set_restriction(db::Transaction& tx, const File& file, const std::optional<access::Restriction>& as);

// Whether `id` is covered by this kind and no other.
Result<bool> is_locked_only_as(db::Transaction& tx, const RecordingId& id, access::Restriction kind);

}  // namespace lapel::evidence
