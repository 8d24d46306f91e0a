// SPDX-License-Identifier: Apache-2.0
#pragma once
// The record of each camera: what of it did not arrive, what came twice or overlaps, and how far its clock was off.
//
// Owns: the tables camera_marks and camera_numbers, a projection that can be made again; camera_gaps, camera_overlaps and camera_clocks,
//   each row of which is one event in the camera's own chain (device.gap_found and _closed, device.overlap_found, device.clock_measured).
// Promises: follows the ledger in its own order, with the mark in one transaction with what was read. A camera is judged when its dock
//   says that the card was read to its end, or when nothing has come for kQuietUs: what is still on its way is not missing. A finding
//   is told once; a gap that a late file fills is told as closed. A recording's own time is never changed.
// Fails with: kNotFound, kDenied, and what the ledger and the database fail with; the next turn begins where this one stood.
// Threads: any; calls block. begin() starts one.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "access/access.h"
#include "acts/act.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "bucket/bucket.h"
#include "cameras/counters.h"
#include "db/db.h"
#include "evidence/vault.h"
#include "ledger/ledgers.h"
#include "os/worker.h"
#include "roster/roster.h"

namespace lapel::cameras {

inline constexpr std::int64_t kQuietUs = 10LL * 60 * 1'000'000;
// Two files of one camera that share less time than this only count in whole seconds.
inline constexpr std::int64_t kOverlapUs = 2'000'000;
inline constexpr std::int64_t kFilesJudgedMax = 20'000;  // of one camera: the newest
inline constexpr std::size_t kMissingShownMax = 50;

class CameraRecord {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    evidence::Vault& vault;
    bucket::Bucket& bucket;
    const Clock& clock;
  };
  explicit CameraRecord(Parts parts) : parts_(parts) {}

  // Follows from now on, until this is destroyed.
  void begin();
  // Up to the newest leaf, and then judges whoever is due.
  Result<void> follow(const roster::Agency& agency);
  // A dock has read these cameras' cards to their end: they are due.
  void card_is_read(const AgencyId& agency, const std::vector<std::string>& serials);

  // For whoever may be shown the recording: what is missing before and after it, what it overlaps, and the clock.
  Result<Json::Object> of_recording(const access::Actor& actor, const RecordingId& id);
  // For whoever sees the fleet; by id or serial.
  Result<Json::Object> of_device(const access::Actor& actor, const std::string& device);

 private:
  struct Page;
  struct File;
  Result<Page> read_page(const roster::Agency& agency);
  Result<void> measure_clocks(const roster::Agency& agency, const Page& page);
  Result<Bytes> read_track(const RecordingId& recording);
  Result<void> measure_track(const access::Actor& console, const RecordingId& recording);
  Result<void> keep(db::Transaction& tx, const AgencyId& agency, const Page& page);
  Result<void> judge_due(const roster::Agency& agency);
  Result<void> judge(const roster::Agency& agency, const DeviceId& device);
  void step();

  const Parts parts_;
  os::Mutex mutex_;
  std::set<std::pair<AgencyId, std::string>> read_ LAPEL_GUARDED_BY(mutex_);  // serials
  std::unique_ptr<os::PeriodicWorker> worker_;
};

}  // namespace lapel::cameras
