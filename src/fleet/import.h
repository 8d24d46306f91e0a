// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file of staffing, read and judged as a whole (docs/formats/fleet.md has its columns).
//
// Owns: the sentences for what is wrong with one.
// Promises: pure: what is new in a file follows from the file, the zone and what is known. Nothing is given of a file that has
//   anything wrong in it. The sentence names the row and the column, and what to do about it. What is there already is counted.
// Fails with: kInvalid, kTooLarge.
// Threads: values and pure functions.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/day.h"
#include "base/ids.h"
#include "base/local_time.h"
#include "base/result.h"
#include "roster/assignments.h"
#include "roster/staffing.h"

namespace lapel::fleet {

inline constexpr std::int64_t kStrengthMax = 50'000;  // more than any department in the country has
inline constexpr std::int64_t kSeatsMax = 200;        // of one slot

struct StrengthEntry {
  roster::StrengthKind kind = roster::StrengthKind::kSworn;
  std::int64_t low = 0, high = 0;
  Day from;
  std::string source;
  friend bool operator==(const StrengthEntry&, const StrengthEntry&) = default;
};
struct ShiftEntry {
  std::string name, begins, ends;  // times of day; both or neither
};
struct NameEntry {
  std::string facility, name, source;
};
struct CameraEntry {
  std::string serial, use;
  Day from;
};
// `target` by its name: a unit's, shift's or facility's.
struct MemberEntry {
  PersonId person;
  roster::AssignmentKind kind = roster::AssignmentKind::kUnit;
  std::string target;
  Timestamp from;
  std::optional<Timestamp> until;
};
struct SlotEntry {
  std::string unit, shift;  // empty: on all shifts
  std::int64_t seats = 1;
  Day from;
};

// What the catalog has, by name.
struct Known {
  struct Badge {
    std::string badge;
    PersonId person;
    Timestamp from;
    std::optional<Timestamp> until;
  };
  std::vector<Badge> badges;
  std::vector<MemberEntry> members;
  std::vector<StrengthEntry> strengths;  // in the ledger's order
  std::set<std::string> units;
  std::map<std::string, ShiftEntry> shifts;
  std::map<std::string, std::string> facilities;  // each name, also those beside the first, with the first
  std::set<std::string> cameras;
  std::vector<SlotEntry> slots;  // that have not ended
};

struct Batch {
  std::vector<StrengthEntry> strengths;
  std::vector<std::string> units, facilities;
  std::vector<ShiftEntry> shifts;
  std::vector<NameEntry> names;
  std::vector<CameraEntry> cameras;
  std::vector<MemberEntry> members;
  std::vector<SlotEntry> slots;
  std::size_t already = 0;

  std::size_t added() const {
    return strengths.size() + units.size() + facilities.size() + shifts.size() + names.size() + cameras.size() +
           members.size() + slots.size();
  }
};

// Without a zone every time of day needs its offset.
Result<Batch> read_file(std::string_view text, const std::optional<Zone>& zone, Known known);

}  // namespace lapel::fleet
