// SPDX-License-Identifier: Apache-2.0
#include "base/day.h"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "base/check.h"

namespace lapel {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t kFirst =
    sys_days(year_month_day(std::chrono::year(1900), std::chrono::January, std::chrono::day(1)))
        .time_since_epoch()
        .count();
constexpr std::int64_t kLast =
    sys_days(year_month_day(std::chrono::year(9999), std::chrono::December, std::chrono::day(31)))
        .time_since_epoch()
        .count();
constexpr std::int64_t kDaySeconds = 86'400;

std::optional<int> digits(std::string_view text) {
  int out = 0;
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

}  // namespace

bool is_day(std::int64_t number) {
  return number >= kFirst && number <= kLast;
}

std::optional<Day> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4)), month = digits(text.substr(5, 2)), day = digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const std::int64_t number = sys_days(date).time_since_epoch().count();
  return is_day(number) ? std::optional(Day{number}) : std::nullopt;
}

std::string day_text(Day day) {
  CHECK(is_day(day.number));
  const year_month_day date{sys_days(std::chrono::days(day.number))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

Day day_of(Timestamp time) {
  const std::int64_t seconds = time.seconds();
  return {seconds >= 0 ? seconds / kDaySeconds : (seconds - kDaySeconds + 1) / kDaySeconds};
}

}  // namespace lapel
