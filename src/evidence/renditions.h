// SPDX-License-Identifier: Apache-2.0
#pragma once
// Renditions: copies of a recording for those who may watch it and not have it, each with its holder's mark in every
// picture (docs/decisions/0016-marks_in_the_pixels.md).
//
// Owns: the table renditions, of which each row is asked for here and filled by the vault.
// Promises: a holder has at most one rendition of a recording. What is asked for in a transaction exists, with the job that
//   makes it, exactly when that was committed. One that is ready was sealed as recording.derived together with its row.
// Fails with: kInvalid (lines that cannot be drawn), kConflict (asked for before, with other lines), kCorrupt (a damaged
//   row), and what the database fails with.
// Threads: any; calls block.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"
#include "jobs/jobs.h"
#include "os/disk.h"

namespace lapel::evidence {

// The kind of the job that makes one, and of the item in its event. The subject of the job is the rendition's id.
inline constexpr std::string_view kRenditionJob = "rendition";

inline constexpr std::size_t kMarkLinesMax = 3;
inline constexpr std::size_t kMarkCharactersMax = 60;  // of each line
// What one holder can have: a share names no more recordings.
inline constexpr std::size_t kRenditionsMax = 1'000;

struct AskedRendition {
  AgencyId agency;
  RecordingId recording;
  SubjectId holder;                // whose right it is, such as a share: not necessarily a subject of the ledger
  std::vector<std::string> lines;  // 1 to kMarkLinesMax; characters that have no drawing become boxes
};
// In any writer's transaction, which has decided that the holder may watch. Again, with the same lines: the one there is.
// Whoever commits calls jobs.nudge() afterwards.
Result<RenditionId> ask_rendition(db::Transaction& tx, const jobs::Queue& jobs, const AskedRendition& asked);

struct RenditionState {
  RenditionId id;
  RecordingId recording;
  bool is_ready = false;
  bool is_final = false;  // nothing more will come of it by itself: ready, or refused
  std::string reason;     // while it is not ready: in what state it is and why, for people
  std::uint64_t bytes = 0;
  Digest sha256{};
};
// By recording. Those that are forgotten are left out.
Result<std::vector<RenditionState>> renditions_of(db::Transaction& tx, const jobs::Queue& jobs,
                                                  const SubjectId& holder);

// What a lease of the job came to: a synced file that nobody writes to any more.
struct MadeRendition {
  os::Path path;
  std::uint64_t bytes = 0;
  std::string tool, version, arguments;
};

struct OpenedRendition {
  std::shared_ptr<os::File> file;  // an MP4
  std::uint64_t bytes = 0;
  Digest sha256{};
};

}  // namespace lapel::evidence
