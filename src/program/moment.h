// SPDX-License-Identifier: Apache-2.0
#pragma once
// When something was done, as people write it down: a day, or a time with its offset; and weeks with halves.
//
// Owns: Moment, Weeks and their texts.
// Promises: the day of a moment is the one that is written, wherever it was. Two moments of which one has no time are compared by their
//   days alone.
// Fails with: std::nullopt for a text that is neither.
// Threads: values and pure functions.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/day.h"

namespace lapel::program {

struct Moment {
  Day day;
  std::optional<Timestamp> at;
};
std::optional<Moment> parse_moment(std::string_view text);
bool is_before(const Moment& one, const Moment& other);

inline constexpr std::int64_t kWeeksMax = 520;
// "2.5" are 17 whole days.
struct Weeks {
  std::int64_t halves = 0;

  std::int64_t days() const { return halves * 7 / 2; }
};
std::optional<Weeks> parse_weeks(std::string_view text);

}  // namespace lapel::program
