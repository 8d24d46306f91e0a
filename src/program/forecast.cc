// SPDX-License-Identifier: Apache-2.0
#include "program/forecast.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/shape.h"
#include "base/text.h"

namespace lapel::program {
namespace {

constexpr double kDaysOfMonth = 30.4375;  // 365.25 / 12
constexpr std::int64_t kBytesOfGb = 1'000'000'000;
constexpr double kBytesMax = 1e18;  // sums stay exact
constexpr std::int64_t kMicrosOfCent = 10'000;
constexpr std::int64_t kPriceMicrosMax = 1'000'000'000;
constexpr std::int64_t kHeadcountMax = 1'000'000;
constexpr std::int64_t kBitRateMax = 10'000;
constexpr std::size_t kPriceDecimals = 6;

// Student's t, two-sided 95 %, by degrees of freedom from 2 on (fewer give no range).
constexpr std::array<double, 29> kStudent = {4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201,
                                             2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080,
                                             2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
constexpr double kNormal = 1.960;

std::int64_t rounded(double value) {
  return std::llround(value);
}

double student(std::size_t freedom) {
  return freedom - 2 < kStudent.size() ? kStudent[freedom - 2] : kNormal;
}

double total_of(const std::vector<Volume>& volumes) {
  double out = 0;
  for (const Volume& each : volumes) out += static_cast<double>(each.bytes);
  return out;
}

std::optional<std::int64_t> retention_of(const WhatIf& what_if, const std::string& category) {
  const auto found = what_if.retention_days.find(category);
  return found != what_if.retention_days.end() ? std::optional(found->second) : what_if.other_retention_days;
}

// Bytes a month, by category, before anything is asked otherwise.
std::map<std::string, double> mean_arriving(const Volumes& volumes) {
  std::map<std::string, double> out;
  for (const MonthVolume& month : volumes.months) {
    for (const Volume& each : month.volumes) out[each.category] += static_cast<double>(each.bytes);
  }
  for (auto& [category, bytes] : out) bytes /= static_cast<double>(volumes.months.size());
  return out;
}

void mix(std::map<std::string, double>& arriving, const std::map<std::string, std::int64_t>& percent) {
  double total = 0, others = 0;
  std::int64_t said = 0;
  for (const auto& [category, bytes] : arriving) {
    total += bytes;
    if (!percent.contains(category)) others += bytes;
  }
  for (const auto& [category, share] : percent) said += share;
  const double left = total * static_cast<double>(100 - said) / 100;
  for (auto& [category, bytes] : arriving) {
    if (!percent.contains(category) && others > 0) bytes *= left / others;
  }
  for (const auto& [category, share] : percent) arriving[category] = total * static_cast<double>(share) / 100;
}

std::optional<double> spread_of(const Volumes& volumes) {
  const std::size_t n = volumes.months.size();
  if (n < kMonthsForRange) return std::nullopt;
  double mean = 0, squares = 0;
  for (const MonthVolume& month : volumes.months) mean += total_of(month.volumes) / static_cast<double>(n);
  if (mean <= 0) return std::nullopt;
  for (const MonthVolume& month : volumes.months) {
    const double off = total_of(month.volumes) - mean;
    squares += off * off;
  }
  const double deviation = std::sqrt(squares / static_cast<double>(n - 1));
  return student(n - 1) * deviation / std::sqrt(static_cast<double>(n)) / mean;
}

// What is kept at the end of month t.
double stored_after(const Forecast& made, double month, double factor) {
  double out = 0;
  for (const Volume& each : made.volumes.stored) {
    const auto days = retention_of(made.what_if, each.category);
    const double left = days ? std::max(0.0, 1 - month * kDaysOfMonth / static_cast<double>(*days)) : 1;
    out += static_cast<double>(each.bytes) * left;
  }
  for (const auto& [category, bytes] : made.arriving) {
    const auto days = retention_of(made.what_if, category);
    const double months = days ? std::min(month, static_cast<double>(*days) / kDaysOfMonth) : month;
    out += bytes * factor * months;
  }
  return out;
}

// Of the bytes that a month holds on its mean; half a cent rounds up.
Money cost_of_month(const Forecast& made, std::int64_t month, double factor) {
  const double mean = (stored_after(made, static_cast<double>(month - 1), factor) +
                       stored_after(made, static_cast<double>(month), factor)) /
                      2;
  __extension__ using Wide = __int128;
  const Wide micros_bytes = static_cast<Wide>(rounded(mean)) * made.what_if.micros_per_gb_month;
  const Wide of_cent = static_cast<Wide>(kBytesOfGb) * kMicrosOfCent;
  return {static_cast<std::int64_t>((micros_bytes + of_cent / 2) / of_cent)};
}

Result<void> check(const Volumes& volumes, const WhatIf& what_if) {
  const auto within = [](std::int64_t value, std::int64_t least, std::int64_t most,
                         std::string_view name) -> Result<void> {
    if (value >= least && value <= most) return {};
    return fail(Code::kInvalid, fmt::format("\"{}\" must be from {} to {}", name, least, most));
  };
  TRY(within(what_if.years, 1, kForecastYearsMax, "years"));
  TRY(within(what_if.bit_rate_percent, 1, kBitRateMax, "bit_rate_percent"));
  TRY(within(what_if.upload_hours, 1, 24, "upload_hours"));
  TRY(within(what_if.headcount.value_or(0), 0, kHeadcountMax, "headcount"));
  TRY(within(what_if.other_retention_days.value_or(1), 1, kRetentionDaysMax, "other_retention_days"));
  for (const auto& [category, days] : what_if.retention_days)
    TRY(within(days, 1, kRetentionDaysMax, fmt::format("retention_days of {}", printable(category))));
  std::int64_t said = 0;
  for (const auto& [category, share] : what_if.mix_percent) {
    TRY(within(share, 0, 100, fmt::format("mix_percent of {}", printable(category))));
    said += share;
  }
  if (said > 100)
    return fail(Code::kInvalid, fmt::format("The shares of \"mix_percent\" are {} in all, not 100 at most", said));
  // Whoever says every share must say a whole.
  const auto known = mean_arriving(volumes);
  const bool is_all =
      std::ranges::all_of(known, [&](const auto& each) { return what_if.mix_percent.contains(each.first); });
  if (!what_if.mix_percent.empty() && is_all && said != 100)
    return fail(Code::kInvalid, fmt::format("\"mix_percent\" has every category, and {} in all, not 100", said));
  return {};
}

// Without a range its ends are null.
Json::Object estimate(Json middle, Json low, Json high, bool has_range) {
  return {{"middle", std::move(middle)},
          {"low", has_range ? std::move(low) : Json()},
          {"high", has_range ? std::move(high) : Json()}};
}
Json::Object estimate(const Estimate& each, bool has_range) {
  return estimate(rounded(each.middle), rounded(each.low), rounded(each.high), has_range);
}

template <typename Map>
Json::Object object_of(const Map& map) {
  Json::Object out;
  for (const auto& [name, value] : map) out.emplace(name, value);
  return out;
}

}  // namespace

std::string price_text(std::int64_t micros) {
  std::string out = fmt::format("{}.{:06}", micros / 1'000'000, micros % 1'000'000);
  while (out.ends_with('0') && out[out.size() - 3] != '.') out.pop_back();
  return out;
}

std::optional<std::int64_t> parse_price(std::string_view text) {
  const auto micros = parse_decimal(text, kPriceDecimals);
  return micros && *micros <= kPriceMicrosMax ? micros : std::nullopt;
}

Result<WhatIf> read_what_if(const Json& members) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "years",     "retention_days", "other_retention_days", "bit_rate_percent",
      "headcount", "mix_percent",    "price_gb_month",       "upload_hours"};
  if (!members.object()) return fail(Code::kInvalid, "\"what_if\" must be an object");
  TRY(require_members(*members.object(), "The what-ifs", kNames));
  WhatIf out;
  const auto bad = [](std::string_view name, std::string_view what) {
    return fail(Code::kInvalid, fmt::format("\"{}\" must be {}", name, what));
  };
  for (const auto& [name, value] : *members.object()) {
    if (value.is_null()) continue;
    if (name == "price_gb_month") {
      const auto price = value.string() ? parse_price(*value.string()) : std::nullopt;
      if (!price) return bad(name, "a price in quotes with at most six decimals, such as \"0.0265\"; 1000 at most");
      out.micros_per_gb_month = *price;
    } else if (name == "retention_days" || name == "mix_percent") {
      if (!value.object() || value.object()->size() > kCategoriesMax)
        return bad(name, "an object, a number for each category");
      auto& map = name == "mix_percent" ? out.mix_percent : out.retention_days;
      for (const auto& [category, number] : *value.object()) {
        if (!number.integer()) return bad(name, "an object, a whole number for each category");
        map.emplace(category, *number.integer());
      }
    } else {
      if (!value.integer()) return bad(name, "a whole number");
      const std::int64_t number = *value.integer();
      if (name == "years") out.years = number;
      if (name == "other_retention_days") out.other_retention_days = number;
      if (name == "bit_rate_percent") out.bit_rate_percent = number;
      if (name == "headcount") out.headcount = number;
      if (name == "upload_hours") out.upload_hours = number;
    }
  }
  return out;
}

Result<Forecast> forecast(Volumes volumes, WhatIf what_if) {
  TRY(check(volumes, what_if));
  Forecast out;
  out.volumes = std::move(volumes);
  out.what_if = std::move(what_if);
  for (const MonthVolume& month : out.volumes.months)
    out.wearers += static_cast<double>(month.wearers) / static_cast<double>(out.volumes.months.size());
  double factor = static_cast<double>(out.what_if.bit_rate_percent) / 100;
  if (out.what_if.headcount) {
    if (out.wearers <= 0)
      return fail(Code::kInvalid,
                  "In these months nobody is known to have worn a camera: what a \"headcount\" changes cannot be told");
    factor *= static_cast<double>(*out.what_if.headcount) / out.wearers;
  }
  out.arriving = mean_arriving(out.volumes);
  mix(out.arriving, out.what_if.mix_percent);
  double a_month = 0;
  for (auto& [category, bytes] : out.arriving) {
    bytes *= factor;
    a_month += bytes;
  }
  out.spread = spread_of(out.volumes);
  double most = a_month * 12 * static_cast<double>(out.what_if.years) * (1 + out.spread.value_or(0));
  for (const Volume& each : out.volumes.stored) most += static_cast<double>(each.bytes);
  if (most > kBytesMax)
    return fail(Code::kInvalid, "What would be stored is more than an exabyte: no cost of that is told");
  const double low = std::max(0.0, 1 - out.spread.value_or(0)), high = 1 + out.spread.value_or(0);
  out.line_bits_per_second = a_month * 8 / (kDaysOfMonth * static_cast<double>(out.what_if.upload_hours) * 3'600);
  for (std::int64_t year = 1; year <= out.what_if.years; ++year) {
    const auto month = static_cast<double>(year * 12);
    ForecastYear each;
    each.year = year;
    each.stored_bytes = {stored_after(out, month, 1), stored_after(out, month, low), stored_after(out, month, high)};
    each.arriving_bytes = {a_month * 12, a_month * 12 * low, a_month * 12 * high};
    for (std::int64_t m = year * 12 - 11; m <= year * 12; ++m) {
      each.cost = each.cost + cost_of_month(out, m, 1);
      each.cost_low = each.cost_low + cost_of_month(out, m, low);
      each.cost_high = each.cost_high + cost_of_month(out, m, high);
    }
    out.years.push_back(each);
  }
  return out;
}

const std::vector<std::string>& forecast_formulas() {
  static const std::vector<std::string> kFormulas = {
      ("arriving(c) = mean over the months of the bytes of category c x bit_rate_percent / 100 x headcount / mean "
       "wearers"),
      "with mix_percent: arriving(c) = its percent of all bytes; the other categories share the rest as before",
      ("stored(t) = sum over c of stored(c) x max(0, 1 - t x 30.4375 / retention(c)) + arriving(c) x min(t, "
       "retention(c) / 30.4375)"),
      "cost of month t = (stored(t - 1) + stored(t)) / 2 / 10^9 x price_gb_month, to the cent",
      "line = arriving x 8 / (30.4375 x upload_hours x 3600) bits a second",
      ("range: arriving x (1 -/+ Student's t at 95 % x standard deviation of the months / square root of their number "
       "/ "
       "mean)"),
  };
  return kFormulas;
}

Json::Object forecast_json(const Forecast& made) {
  const bool has_range = made.spread.has_value();
  Json::Array years, formulas, assumptions;
  for (const ForecastYear& each : made.years) {
    years.emplace_back(Json::Object{
        {"year", each.year},
        {"stored_bytes", estimate(each.stored_bytes, has_range)},
        {"arriving_bytes", estimate(each.arriving_bytes, has_range)},
        {"cost", estimate(money_text(each.cost), money_text(each.cost_low), money_text(each.cost_high), has_range)}});
  }
  for (const std::string& formula : forecast_formulas()) formulas.emplace_back(formula);
  assumptions.emplace_back("What is stored now leaves evenly over its retention.");
  assumptions.emplace_back("Every month to come is as the months measured are on their mean; holds are not counted.");
  std::set<std::string> kept;
  for (const auto& [category, bytes] : made.arriving) {
    if (!retention_of(made.what_if, category)) kept.insert(category);
  }
  for (const Volume& each : made.volumes.stored) {
    if (!retention_of(made.what_if, each.category)) kept.insert(each.category);
  }
  for (const std::string& category : kept)
    assumptions.emplace_back(fmt::format("No retention was given for {}: it is kept for good.", category));
  if (!has_range)
    assumptions.emplace_back(fmt::format(
        "Of fewer than {} months, or months in which nothing arrived, no range can be told.", kMonthsForRange));
  Json::Object arriving;
  for (const auto& [category, bytes] : made.arriving) arriving.emplace(category, rounded(bytes));
  const WhatIf& asked = made.what_if;
  return {{"format", "lapel-forecast/1"},
          {"volumes", volumes_json(made.volumes)},
          {"what_if", Json::Object{{"years", asked.years},
                                   {"retention_days", object_of(asked.retention_days)},
                                   {"other_retention_days",
                                    asked.other_retention_days ? Json(*asked.other_retention_days) : Json()},
                                   {"bit_rate_percent", asked.bit_rate_percent},
                                   {"headcount", asked.headcount ? Json(*asked.headcount) : Json()},
                                   {"mix_percent", object_of(asked.mix_percent)},
                                   {"price_gb_month", price_text(asked.micros_per_gb_month)},
                                   {"upload_hours", asked.upload_hours}}},
          {"arriving_bytes_a_month", std::move(arriving)},
          {"mean_wearers", fmt::format("{:.2f}", made.wearers)},
          {"spread_percent", has_range ? Json(fmt::format("{:.1f}", *made.spread * 100)) : Json()},
          {"line_bits_per_second", rounded(made.line_bits_per_second)},
          {"years", std::move(years)},
          {"formulas", std::move(formulas)},
          {"assumptions", std::move(assumptions)}};
}

}  // namespace lapel::program
