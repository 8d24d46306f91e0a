// SPDX-License-Identifier: Apache-2.0
#pragma once
// Lines, numbers and times as telemetry that is text writes them.
//
// Owns: nothing.
// Promises: the same on every machine, whatever its locale and zone. A number is a number from its first character to its last.
// Fails with: std::nullopt where text is not that.
// Threads: pure functions.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace lapel::mediaworker {

// Up to the next line break, which is taken off with it: \n, \r\n or \r. Nothing at the end of the text.
std::optional<std::string_view> take_line(std::string_view& text);
// Without spaces and tabs around it.
std::string_view trimmed(std::string_view text);

// [+-]digits[.digits], where one of both sides may lack its digits; never an exponent, never infinite.
std::optional<double> decimal(std::string_view text);
// Digits alone, at most 15.
std::optional<std::int64_t> whole(std::string_view text);
// `text` from `at` on: exactly so many digits.
std::optional<std::int64_t> digits(std::string_view text, std::size_t at, std::size_t count);

// A day that there was, and a moment of it; nothing before 1970 or after 9999.
std::optional<Timestamp> civil_time(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t us_of_day);

}  // namespace lapel::mediaworker
