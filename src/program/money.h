// SPDX-License-Identifier: Apache-2.0
#pragma once
// Money: exact cents, and amounts that remember how sure they are.
//
// Owns: Money, Amount, their text.
// Promises: no floating point anywhere. A sum is approximate if any part is, and an assumption if any part is. A sum that 64
//   bits do not hold is a bug: the limits of one amount and of their number keep every sum within them.
// Fails with: std::nullopt for a text that is no amount.
// Threads: values and pure functions.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lapel::program {

struct Money {
  std::int64_t cents = 0;

  friend auto operator<=>(const Money&, const Money&) = default;
};
Money operator+(Money a, Money b);
Money operator-(Money a, Money b);

// parts / whole of it, to the nearest cent, halves up; both from 0 on, and whole more.
Money part_of(Money money, std::int64_t parts, std::int64_t whole);

inline constexpr Money kMoneyMax{10'000'000'000'000};  // 100,000,000,000.00, of one statement

// "0.0265" with 6 places is 26500: no sign, no separators, no zero before other digits, at most so many decimals.
std::optional<std::int64_t> parse_decimal(std::string_view text, std::size_t places);
// "166586.73", "106515": no sign, no separators, no decimals or two of them, at most kMoneyMax.
std::optional<Money> parse_money(std::string_view text);
std::string money_text(Money money);  // two decimals, always

struct Amount {
  Money money;
  bool is_approximate = false;
  bool is_assumed = false;

  friend bool operator==(const Amount&, const Amount&) = default;
};
Amount operator+(const Amount& a, const Amount& b);

}  // namespace lapel::program
