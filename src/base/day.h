// SPDX-License-Identifier: Apache-2.0
#pragma once
// A day of the calendar, without a time and without a zone.
//
// Owns: Day and its text, YYYY-MM-DD.
// Promises: a text is read only if it is a day that there was or will be, in the years 1900 to 9999.
// Fails with: std::nullopt.
// Threads: values and pure functions.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lapel {

struct Day {
  std::int64_t number = 0;  // days since 1970-01-01

  friend auto operator<=>(const Day&, const Day&) = default;
};

std::optional<Day> parse_day(std::string_view text);
std::string day_text(Day day);  // CHECKs the years
bool is_day(std::int64_t number);
Day day_of(Timestamp time);  // UTC

}  // namespace lapel
