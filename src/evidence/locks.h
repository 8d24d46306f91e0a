// SPDX-License-Identifier: Apache-2.0
#pragma once
// The files of a recording, to be locked and unlocked together. Which restrictions cover a file is in roster/locked.h.
//
// Owns: nothing; reads and writes restriction, state and revision of recordings.
// Promises: what is written is what was read.
// Fails with: kConflict (changed meanwhile), kCorrupt.
// Threads: any; one transaction.

#include <optional>
#include <vector>

#include "access/access.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::evidence {

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

}  // namespace lapel::evidence
