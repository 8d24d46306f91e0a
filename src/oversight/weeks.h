// SPDX-License-Identifier: Apache-2.0
#pragma once
// Weeks, from Monday 00:00 UTC to the next.
//
// Owns: where a week begins. Lapel knows no time zone of an agency's.
// Promises: pure.
// Fails with: nothing.
// Threads: any.

#include "base/clock.h"

namespace lapel::oversight {

inline constexpr std::int64_t kWeekUs = 7 * kDayUs;

// The beginning of the week that `time` is in; 1970-01-01 was a Thursday.
constexpr Timestamp week_start(Timestamp time) {
  constexpr std::int64_t kFirstMondayUs = 4 * kDayUs;
  const std::int64_t since = time.us - kFirstMondayUs;
  return {time.us - (since % kWeekUs + kWeekUs) % kWeekUs};
}

}  // namespace lapel::oversight
