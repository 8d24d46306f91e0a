// SPDX-License-Identifier: Apache-2.0
#pragma once
// Business days from the command line: when a period ends, and which days did not count.
//
// Owns: the words these commands print.
// Promises: needs no server. What is printed names the calendar; each day that does not count is told with its reason.
// Fails with: kNotFound (no such calendar), kInvalid (no calendar, no day, beyond its end).
// Threads: one.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace lapel::door {

struct CalendarQuery {
  std::string calendar = "us_ma";   // a name of those that are installed, or the path of a file
  std::string from, until;          // YYYY-MM-DD
  std::int64_t days = 0;            // business days; not for holidays
  std::vector<std::string> closed;  // further days without business
};

// The business day of that number after `from`, or with `until` how many there are up to it.
Result<void> run_calendar_count(const CalendarQuery& query, bool as_json);
// The holidays, from `from` to `until` where they are given.
Result<void> run_calendar_holidays(const CalendarQuery& query, bool as_json);

}  // namespace lapel::door
