// SPDX-License-Identifier: Apache-2.0
#include "program/moment.h"

#include <charconv>

namespace lapel::program {
namespace {

constexpr std::size_t kDayBytes = 10;

}  // namespace

std::optional<Moment> parse_moment(std::string_view text) {
  const auto day = parse_day(text.substr(0, kDayBytes));
  if (!day) return std::nullopt;
  if (text.size() == kDayBytes) return Moment{*day, std::nullopt};
  const auto at = parse_rfc3339(text);
  return at ? std::optional(Moment{*day, at}) : std::nullopt;
}

bool is_before(const Moment& one, const Moment& other) {
  return one.at && other.at ? *one.at < *other.at : one.day < other.day;
}

std::optional<Weeks> parse_weeks(std::string_view text) {
  const bool has_half = text.ends_with(".5");
  if (has_half) text.remove_suffix(2);
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || text[0] == '-') return std::nullopt;
  if ((text[0] == '0' && text.size() > 1) || whole > kWeeksMax || (whole == 0 && !has_half)) return std::nullopt;
  return Weeks{2 * whole + (has_half ? 1 : 0)};
}

}  // namespace lapel::program
