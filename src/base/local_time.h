// SPDX-License-Identifier: Apache-2.0
#pragma once
// The time on a wall clock in the United States, where twice a year an hour does not exist and another comes twice.
//
// Owns: the zones by name, and the rule by which their clocks change: from the second Sunday of March to the first of November,
//   at 2 o'clock, since 2007 (15 U.S.C. 260a). Earlier years had other days.
// Promises: pure; a time that does not exist, or comes twice, is told and never guessed.
// Fails with: std::nullopt for a name that is no zone, or a text that is no time of day.
// Threads: values and pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/day.h"

namespace lapel {

struct Zone {
  std::string_view name;
  int standard_minutes = 0;  // from UTC: -300
  bool changes = true;       // whether its clocks are set at all
};
std::optional<Zone> parse_zone(std::string_view name);
std::string all_zone_names();

inline constexpr int kFirstRuleYear = 2007;

// Minutes since midnight of "07:30"; "24:00" is none.
std::optional<int> parse_time_of_day(std::string_view text);

struct LocalTime {
  // One: that moment. Two: it comes twice, first by daylight and then by standard time. None: it is left out, or of a year
  // before the rule.
  std::optional<Timestamp> first, second;
};
LocalTime local_time(const Zone& zone, Day day, int minutes);

}  // namespace lapel
