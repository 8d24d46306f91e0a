// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the catalog knows of the recordings of some days: how many, how long, by whom, and what was done with them.
//
// Owns: Counts, and the rule of small groups.
// Promises: numbers only. Whoever wore a camera is counted and never named, and a shift of fewer than kGroupMin officers is told as
//   such and nothing more of it; where that leaves one such shift alone, the next smallest goes with it, so that a total
//   does not give it away.
// Fails with: what the database fails with.
// Threads: within the transaction's.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/day.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::program {

inline constexpr std::int64_t kGroupMin = 5;  // officers
inline constexpr std::int64_t kGroupsMax = 200;

// Both days are in it. Of what was made then, as far as it had arrived by the end of `known_by`.
struct Days {
  Day from, until, known_by;
};

struct Group {
  std::string name;
  std::int64_t officers = 0, recordings = 0, seconds = 0, bytes = 0;
  bool is_withheld = false;  // then the name alone may be told
};
void withhold_small(std::vector<Group>& groups);

struct Category {
  std::string name;
  std::int64_t recordings = 0;
};
struct Counts {
  std::int64_t recordings = 0, tagged = 0, reviewed = 0, incidents = 0, seconds = 0, bytes = 0;
  std::int64_t without_length = 0;  // recordings whose length is not known
  std::int64_t officers = 0;        // different ones who made any
  std::int64_t nobodys = 0;         // recordings of nobody that is known
  // Of one officer: half of them have no more. Null where they are fewer than kGroupMin.
  std::optional<std::int64_t> median_recordings, median_seconds, median_bytes;
  std::int64_t with_delay = 0;                               // recordings of which both times and the length are known
  std::optional<std::int64_t> median_delay_s, most_delay_s;  // of nine in ten, no more than this
  std::vector<Group> shifts;
  std::vector<Category> categories;
};
Result<Counts> count_recordings(db::Transaction& tx, const AgencyId& agency, const Days& days);

// Who was assigned a camera in these days, and how many there were in each unit.
struct UnitCameras {
  std::string unit;
  std::int64_t cameras = 0;
};
struct CameraCounts {
  std::int64_t cameras = 0, officers = 0;
  std::vector<UnitCameras> units;  // a camera whose wearer was in two counts in both
};
Result<CameraCounts> count_cameras(db::Transaction& tx, const AgencyId& agency, const Days& days);

}  // namespace lapel::program
