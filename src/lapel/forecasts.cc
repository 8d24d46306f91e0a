// SPDX-License-Identifier: Apache-2.0
#include "lapel/forecasts.h"

#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"
#include "http/tus_client.h"
#include "lapel/remote_client.h"
#include "os/disk.h"
#include "program/forecast.h"
#include "program/volumes.h"

namespace lapel::door {
namespace {

constexpr std::size_t kFileBytesMax = 4 * limits::kMiB;

std::string gigabytes(double bytes) {
  return fmt::format("{:.1f}", bytes / 1e9);
}

std::string ranged(const std::string& middle, const std::string& low, const std::string& high, bool has_range) {
  return has_range ? fmt::format("{} ({} to {})", middle, low, high) : middle;
}

Result<void> add_numbers(const std::vector<std::string>& said, std::map<std::string, std::int64_t>& into) {
  for (const std::string& each : said) {
    const std::size_t at = each.rfind('=');
    std::int64_t number = 0;
    const char* end = each.data() + each.size();
    const char* begin = at == std::string::npos ? end : each.data() + at + 1;
    const auto [stop, error] = std::from_chars(begin, end, number);
    if (at == 0 || at == std::string::npos || error != std::errc() || stop != end)
      return fail(Code::kInvalid, "A number for a category is written category=180", printable(each));
    into[each.substr(0, at)] = number;
  }
  return {};
}

void print(const program::Forecast& made) {
  const bool has_range = made.spread.has_value();
  double a_month = 0;
  for (const auto& [category, bytes] : made.arriving) a_month += bytes;
  fmt::print("{}, of {} months from {} to {}: {} GB a month{}, from {:.2f} wearers on the mean\n",
             printable(made.volumes.agency), made.volumes.months.size(),
             program::month_text(made.volumes.months.front().month),
             program::month_text(made.volumes.months.back().month), gigabytes(a_month),
             has_range ? fmt::format(" ± {:.1f} %", *made.spread * 100) : "", made.wearers);
  for (const auto& [category, bytes] : made.arriving) {
    const auto found = made.what_if.retention_days.find(category);
    const auto days =
        found != made.what_if.retention_days.end() ? std::optional(found->second) : made.what_if.other_retention_days;
    fmt::print("  {}: {} GB a month, {}\n", printable(category), gigabytes(bytes),
               days ? fmt::format("kept for {} days", *days) : "kept for good");
  }
  fmt::print("Line: {:.2f} Mbit/s in {} hours of the day\n", made.line_bits_per_second / 1e6,
             made.what_if.upload_hours);
  for (const program::ForecastYear& year : made.years) {
    fmt::print("year {}: stored {} GB, cost {}\n", year.year,
               ranged(gigabytes(year.stored_bytes.middle), gigabytes(year.stored_bytes.low),
                      gigabytes(year.stored_bytes.high), has_range),
               ranged(program::money_text(year.cost), program::money_text(year.cost_low),
                      program::money_text(year.cost_high), has_range));
  }
}

void print_list(const char* title, const Json* list) {
  fmt::print("{}\n", title);
  for (const Json& each : *list->array()) fmt::print("  {}\n", printable(*each.string()));
}

}  // namespace

Result<void> run_program_volumes(const RemoteOptions& options, const std::string& from, const std::string& until,
                                 bool as_json) {
  Remote remote = TRY(Remote::open(options));
  std::string target = "/api/v1/program/volumes?";
  if (!from.empty()) target += fmt::format("from={}&", url_encoded(from));
  if (!until.empty()) target += fmt::format("until={}", url_encoded(until));
  const Json told = TRY(remote.get_json(target));
  if (as_json) {
    fmt::print("{}\n", to_json(told));
    return {};
  }
  const program::Volumes volumes = TRY(program::read_volumes(told));
  const auto print_volumes = [](const std::vector<program::Volume>& list) {
    for (const program::Volume& each : list) {
      fmt::print("  {}: {} recordings, {} bytes, {} s\n", printable(each.category), each.recordings, each.bytes,
                 each.seconds);
    }
  };
  for (const program::MonthVolume& month : volumes.months) {
    fmt::print("{}: {} wearers\n", program::month_text(month.month), month.wearers);
    print_volumes(month.volumes);
  }
  fmt::print("kept at the end of {}\n", program::month_text(volumes.months.back().month));
  print_volumes(volumes.stored);
  return {};
}

Result<void> run_forecast(const ForecastQuery& query, bool as_json) {
  const Bytes bytes = TRY(os::read_file(*os::real_disk(), query.file, kFileBytesMax));
  const Json file = TRY(parse_json(as_text(bytes), {.bytes_max = kFileBytesMax}));
  const Json* volumes = file.find("volumes");
  const Json* asked = file.find("what_if");
  program::WhatIf what_if = asked ? TRY(program::read_what_if(*asked)) : program::WhatIf();
  what_if.years = query.years.value_or(what_if.years);
  what_if.bit_rate_percent = query.bit_rate_percent.value_or(what_if.bit_rate_percent);
  what_if.upload_hours = query.upload_hours.value_or(what_if.upload_hours);
  if (query.headcount) what_if.headcount = query.headcount;
  if (query.other_retention_days) what_if.other_retention_days = query.other_retention_days;
  TRY(add_numbers(query.retention, what_if.retention_days));
  TRY(add_numbers(query.mix, what_if.mix_percent));
  if (!query.price.empty()) {
    const auto price = program::parse_price(query.price);
    if (!price) return fail(Code::kInvalid, "A price is written 0.0265, with at most six decimals; 1000 at most");
    what_if.micros_per_gb_month = *price;
  }
  const program::Forecast made =
      TRY(program::forecast(TRY(program::read_volumes(volumes ? *volumes : file)), std::move(what_if)));
  const Json::Object told = program::forecast_json(made);
  if (as_json) {
    fmt::print("{}\n", to_json(Json(told)));
    return {};
  }
  print(made);
  print_list("By these formulas, t in months:", &told.at("formulas"));
  print_list("Assumed:", &told.at("assumptions"));
  return {};
}

}  // namespace lapel::door
