// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/numbers.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace lapel::mediaworker {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<std::string_view> take_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const std::size_t end = text.find_first_of("\r\n");
  const std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos) {
    text = {};
  } else {
    text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return line;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> decimal(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  if (!std::any_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> whole(std::string_view text) {
  return text.empty() || text.size() > 15 ? std::nullopt : digits(text, 0, text.size());
}

std::optional<std::int64_t> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at > text.size() || count > text.size() - at) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text.substr(at, count)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<Timestamp> civil_time(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t us_of_day) {
  if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 || us_of_day < 0 ||
      us_of_day >= kDayUs)
    return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return Timestamp{std::chrono::sys_days(date).time_since_epoch().count() * kDayUs + us_of_day};
}

}  // namespace lapel::mediaworker
