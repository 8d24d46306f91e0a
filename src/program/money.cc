// SPDX-License-Identifier: Apache-2.0
#include "program/money.h"

#include <charconv>

#include <fmt/format.h>

#include "base/check.h"

namespace lapel::program {
namespace {

constexpr std::int64_t kCents = 100;
constexpr std::size_t kCentDigits = 2;

}  // namespace

Money operator+(Money a, Money b) {
  Money out;
  CHECK(!__builtin_add_overflow(a.cents, b.cents, &out.cents));
  return out;
}

Money operator-(Money a, Money b) {
  Money out;
  CHECK(!__builtin_sub_overflow(a.cents, b.cents, &out.cents));
  return out;
}

std::optional<std::int64_t> parse_decimal(std::string_view text, std::size_t places) {
  const std::size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  std::string decimals(point == std::string_view::npos ? std::string_view() : text.substr(point + 1));
  if (digits.empty() || decimals.size() > places || (point != std::string_view::npos && decimals.empty()))
    return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;  // one amount is written in one way
  decimals.resize(places, '0');
  digits += decimals;
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(out) : std::nullopt;
}

std::optional<Money> parse_money(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point != std::string_view::npos && text.size() != point + 1 + kCentDigits) return std::nullopt;
  const auto cents = parse_decimal(text, kCentDigits);
  return cents && *cents <= kMoneyMax.cents ? std::optional(Money{*cents}) : std::nullopt;
}

Money part_of(Money money, std::int64_t parts, std::int64_t whole) {
  __extension__ using Wide = __int128;
  return {static_cast<std::int64_t>((Wide{money.cents} * parts * 2 + whole) / (Wide{whole} * 2))};
}

std::string money_text(Money money) {
  const bool is_negative = money.cents < 0;
  const std::uint64_t cents =
      is_negative ? 0 - static_cast<std::uint64_t>(money.cents) : static_cast<std::uint64_t>(money.cents);
  return fmt::format("{}{}.{:02}", is_negative ? "-" : "", cents / kCents, cents % kCents);
}

Amount operator+(const Amount& a, const Amount& b) {
  return {a.money + b.money, a.is_approximate || b.is_approximate, a.is_assumed || b.is_assumed};
}

}  // namespace lapel::program
