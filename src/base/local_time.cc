// SPDX-License-Identifier: Apache-2.0
#include "base/local_time.h"

#include <array>

#include <fmt/format.h>

namespace lapel {
namespace {

constexpr std::array<Zone, 8> kZones = {{
    {"America/New_York", -300, true},
    {"America/Chicago", -360, true},
    {"America/Denver", -420, true},
    {"America/Phoenix", -420, false},
    {"America/Los_Angeles", -480, true},
    {"America/Anchorage", -540, true},
    {"Pacific/Honolulu", -600, false},
    {"America/Puerto_Rico", -240, false},
}};

constexpr std::int64_t kDayMinutes = 24 * 60;
constexpr std::int64_t kMinuteUs = 60'000'000;
constexpr int kChangeMinutes = 2 * 60;

int year_of(Day day) {
  return std::stoi(day_text(day).substr(0, 4));
}

// The day of that Sunday: `which` 1 is the first of the month.
Day sunday(int year, int month, int which) {
  const Day first = *parse_day(fmt::format("{:04}-{:02}-01", year, month));
  const std::int64_t weekday = (first.number + 4) % 7;  // 1970-01-01 was a Thursday; 0 is Sunday
  return {first.number + (7 - weekday) % 7 + 7 * (which - 1)};
}

}  // namespace

std::optional<Zone> parse_zone(std::string_view name) {
  for (const Zone& zone : kZones) {
    if (zone.name == name) return zone;
  }
  return std::nullopt;
}

std::string all_zone_names() {
  std::string out;
  for (const Zone& zone : kZones) out += (out.empty() ? "" : ", ") + std::string(zone.name);
  return out;
}

std::optional<int> parse_time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t i : {0, 1, 3, 4}) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
  }
  const int hours = (text[0] - '0') * 10 + text[1] - '0', minutes = (text[3] - '0') * 10 + text[4] - '0';
  if (hours > 23 || minutes > 59) return std::nullopt;
  return hours * 60 + minutes;
}

LocalTime local_time(const Zone& zone, Day day, int minutes) {
  const auto at = [&](int offset_minutes) {
    return Timestamp{(day.number * kDayMinutes + minutes - offset_minutes) * kMinuteUs};
  };
  if (!zone.changes) return {at(zone.standard_minutes), std::nullopt};
  const int year = year_of(day);
  if (year < kFirstRuleYear) return {};
  const Day begins = sunday(year, 3, 2), ends = sunday(year, 11, 1);
  const int daylight = zone.standard_minutes + 60;
  if (day == begins && minutes >= kChangeMinutes && minutes < kChangeMinutes + 60) return {};
  if (day == ends && minutes >= kChangeMinutes - 60 && minutes < kChangeMinutes)
    return {at(daylight), at(zone.standard_minutes)};
  const bool is_daylight = (day > begins || (day == begins && minutes >= kChangeMinutes)) &&
                           (day < ends || (day == ends && minutes < kChangeMinutes));
  return {at(is_daylight ? daylight : zone.standard_minutes), std::nullopt};
}

}  // namespace lapel
