// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <array>
#include <chrono>

#include <fmt/format.h>

#include "base/check.h"

namespace lapel {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

struct Civil {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0, microsecond = 0, weekday = 0;
};

Civil civil(Timestamp time) {
  const std::chrono::sys_time<std::chrono::microseconds> point{std::chrono::microseconds(time.us)};
  const sys_days day = std::chrono::floor<days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<unsigned>(clock.hours().count()),
          static_cast<unsigned>(clock.minutes().count()),
          static_cast<unsigned>(clock.seconds().count()),
          static_cast<unsigned>(clock.subseconds().count()),
          std::chrono::weekday(day).c_encoding()};
}

// Reads exactly `width` digits at `at`.
std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t width) {
  if (at + width > text.size()) return std::nullopt;
  unsigned value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(text[i] - '0');
  }
  return value;
}

// The common head of both texts: YYYY-MM-DDThh:mm:ss, 19 characters.
std::optional<std::int64_t> parse_seconds(std::string_view text) {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return std::nullopt;
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const std::int64_t day_count = sys_days(date).time_since_epoch().count();
  return day_count * 86'400 + static_cast<std::int64_t>(*hour * 3'600 + *minute * 60 + *second);
}

}  // namespace

std::string ledger_time(Timestamp time) {
  const Civil c = civil(time);
  CHECK(c.year >= 1970 && c.year <= 9999);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second,
                     c.microsecond / kHundredthUs);
}

std::optional<Timestamp> parse_ledger_time(std::string_view text) {
  if (text.size() != 23 || text[10] != 'T' || text[19] != '.' || text[22] != 'Z') return std::nullopt;
  const auto seconds = parse_seconds(text);
  const auto hundredths = digits(text, 20, 2);
  if (!seconds || *seconds < 0 || !hundredths) return std::nullopt;
  return Timestamp{*seconds * 1'000'000 + static_cast<std::int64_t>(*hundredths) * kHundredthUs};
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  const auto seconds = parse_seconds(text);
  if (!seconds || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return std::nullopt;
  std::size_t at = 19;
  std::int64_t us = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t scale = 100'000;
    std::size_t count = 0;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++count) {
      us += (text[at] - '0') * scale;
      scale /= 10;
    }
    if (count == 0 || count > 9) return std::nullopt;
  }
  const std::string_view zone = text.substr(at);
  std::int64_t offset = 0;
  if (zone != "Z" && zone != "z") {
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
    const auto hours = digits(zone, 1, 2), minutes = digits(zone, 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    offset = static_cast<std::int64_t>(*hours * 3'600 + *minutes * 60) * (zone[0] == '-' ? -1 : 1);
  }
  const Timestamp time{(*seconds - offset) * 1'000'000 + us};
  if (time.us < 0) return std::nullopt;
  const int year = civil(time).year;
  return year <= 9999 ? std::optional(time) : std::nullopt;
}

std::string http_date(Timestamp time) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil c = civil(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[c.weekday], c.day, kMonths[c.month - 1], c.year,
                     c.hour, c.minute, c.second);
}

Timestamp RealClock::now() const {
  return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

std::int64_t RealClock::monotonic_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace lapel
