// SPDX-License-Identifier: Apache-2.0
#pragma once
// Storage, line and money to come, from an agency's own volumes and what-ifs, by formulas that are told with the result.
//
// Owns: the formulas (docs/formats/forecast.md).
// Promises: the same volumes and the same what-ifs give the same forecast. What is assumed is told as such. A range is told only where
//   there are months enough for one.
// Fails with: kInvalid, naming the what-if and what it may be.
// Threads: values and pure functions.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "program/money.h"
#include "program/volumes.h"

namespace lapel::program {

inline constexpr std::int64_t kForecastYearsMax = 20;
inline constexpr std::int64_t kRetentionDaysMax = 36'525;
inline constexpr std::size_t kMonthsForRange = 3;  // fewer say nothing of how months differ

struct WhatIf {
  std::int64_t years = 5;                              // 1 to kForecastYearsMax
  std::map<std::string, std::int64_t> retention_days;  // by category, 1 to kRetentionDaysMax
  std::optional<std::int64_t> other_retention_days;    // of all others; absent: kept for good
  std::int64_t bit_rate_percent = 100;                 // of what cameras record now; 1 to 10,000
  std::optional<std::int64_t> headcount;               // wearers; 0 to 1,000,000
  std::map<std::string, std::int64_t> mix_percent;     // of the bytes that arrive; 100 at most in all
  std::int64_t micros_per_gb_month = 0;                // a millionth of the currency; 10^9 bytes; to 1,000,000,000
  std::int64_t upload_hours = 24;                      // of a day, in which docks send; 1 to 24

  friend bool operator==(const WhatIf&, const WhatIf&) = default;
};
// Members as forecast_json() tells them under "what_if"; any may be left out.
Result<WhatIf> read_what_if(const Json& members);
// "0.0265": at most six decimals.
std::optional<std::int64_t> parse_price(std::string_view text);
std::string price_text(std::int64_t micros);

struct Estimate {
  double middle = 0;
  double low = 0, high = 0;  // the range, where there is one
};
struct ForecastYear {
  std::int64_t year = 0;  // 1: the twelve months after the last that was measured
  Estimate stored_bytes;  // at its end
  Estimate arriving_bytes;
  Money cost, cost_low, cost_high;
};
struct Forecast {
  Volumes volumes;
  WhatIf what_if;
  std::map<std::string, double> arriving;  // bytes a month, by category
  double wearers = 0;                      // mean of the months
  std::optional<double> spread;            // half of the range over the middle: 0.2 is ± 20 %
  double line_bits_per_second = 0;         // while docks send
  std::vector<ForecastYear> years;
};

Result<Forecast> forecast(Volumes volumes, WhatIf what_if);
// With what it was made from, so that it can be made again.
Json::Object forecast_json(const Forecast& made);
// Each formula, a line of text.
const std::vector<std::string>& forecast_formulas();

}  // namespace lapel::program
