// SPDX-License-Identifier: Apache-2.0
#pragma once
// Business days: what a statute counts in, by a published list of holidays (docs/formats/calendar.md).
//
// Owns: the calendar file's meaning, and the counting.
// Promises: the day that something arrives on is day 0; each day passed is told, with why it does not count. Nothing is counted
//   beyond the days that the calendar speaks of.
// Fails with: kInvalid, naming the entry of the file, or the end of the calendar.
// Threads: values and pure functions.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/day.h"
#include "base/result.h"

namespace lapel {

inline constexpr std::size_t kCalendarBytesMax = 1 << 20;
inline constexpr std::size_t kHolidaysMax = 10'000;
inline constexpr std::size_t kClosingsMax = 1'000;
inline constexpr std::int64_t kBusinessDaysMax = 2'000;  // counted at once

class BusinessCalendar {
 public:
  static Result<BusinessCalendar> parse(std::string_view text);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& sources() const { return sources_; }
  Day first() const { return first_; }
  Day last() const { return last_; }
  const std::map<Day, std::string>& holidays() const { return holidays_; }

  // A further day without business, beyond what is published: an office that had to stay closed.
  Result<void> close(Day day, std::string why);

  // Why the day does not count: "Saturday", "Veterans Day". None of a business day.
  std::optional<std::string> why_closed(Day day) const;

  struct Passed {
    Day day;
    std::int64_t number = 0;  // of the business day; 0 where it is none
    std::string why;          // it is none
  };
  // Every day from the one after `from` to the business day of that number, 1 to kBusinessDaysMax.
  Result<std::vector<Passed>> count(Day from, std::int64_t days) const;
  // How many business days lie after `from`, up to and with `until`.
  Result<std::int64_t> between(Day from, Day until) const;

 private:
  Result<void> require_covered(Day day) const;

  std::string name_;
  std::vector<std::string> sources_;
  Day first_, last_;
  std::set<std::int64_t> weekend_;  // 0: Sunday
  std::map<Day, std::string> holidays_, closings_;
};

}  // namespace lapel
