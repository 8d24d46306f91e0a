// SPDX-License-Identifier: Apache-2.0
#include "program/volumes.h"

#include <chrono>
#include <set>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/shape.h"
#include "base/text.h"

namespace lapel::program {
namespace {

constexpr std::string_view kFormat = "lapel-volumes/1";
// Sums of so many stay exact wherever JSON is read.
constexpr std::int64_t kCountMax = 1'000'000'000'000'000;  // a petabyte a month in one category

std::int64_t begins_us(Month month) {
  return first_day(month).number * kDayUs;
}

constexpr std::string_view kSums =
    "COUNT(*) AS recordings, CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes, CAST(COALESCE(SUM(duration_ms), 0) AS "
    "BIGINT) AS duration_ms";

Result<std::vector<Volume>> volumes_between(db::Transaction& tx, const AgencyId& agency, std::int64_t from_us,
                                            std::int64_t until_us) {
  std::vector<Volume> out;
  for (const db::Row& row : TRY(tx.query(
           fmt::format("SELECT COALESCE(category, :none) AS kind, {} FROM recordings WHERE agency = :agency AND "
                       "received_us >= :from AND received_us < :until GROUP BY COALESCE(category, :none) ORDER BY kind "
                       "LIMIT :limit",
                       kSums),
           {{"agency", agency.text()},
            {"none", kUncategorized},
            {"from", from_us},
            {"until", until_us},
            {"limit", static_cast<std::int64_t>(kCategoriesMax)}}))) {
    out.push_back(
        {row.text("kind"), row.integer("recordings"), row.integer("bytes"), row.integer("duration_ms") / 1'000});
  }
  return out;
}

Json::Array volumes_array(const std::vector<Volume>& volumes) {
  Json::Array out;
  for (const Volume& each : volumes) {
    out.emplace_back(Json::Object{{"category", each.category},
                                  {"recordings", each.recordings},
                                  {"bytes", each.bytes},
                                  {"seconds", each.seconds}});
  }
  return out;
}

Result<std::vector<Volume>> read_list(const Json::Array& list, const std::string& place) {
  std::vector<Volume> out;
  std::set<std::string> seen;
  for (const Json& each : list) {
    const std::string where = fmt::format("{}, category {}", place, out.size() + 1);
    const Shape shape = TRY(Shape::of(each, where, {"category", "recordings", "bytes", "seconds"}));
    Volume volume;
    volume.category = TRY(shape.text("category"));
    volume.recordings = TRY(shape.count("recordings", kCountMax));
    volume.bytes = TRY(shape.count("bytes", kCountMax));
    volume.seconds = TRY(shape.count("seconds", kCountMax));
    if (!seen.insert(volume.category).second)
      return fail(Code::kInvalid, fmt::format("{}: {} is there already", where, printable(volume.category)));
    out.push_back(std::move(volume));
  }
  return out;
}

}  // namespace

std::optional<Month> parse_month(std::string_view text) {
  if (text.size() != 7) return std::nullopt;
  const auto day = parse_day(fmt::format("{}-01", text));
  return day ? std::optional(month_of(*day)) : std::nullopt;
}

std::string month_text(Month month) {
  return day_text(first_day(month)).substr(0, 7);
}

Month month_of(Day day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day.number))};
  return {static_cast<int>(date.year()) * 12LL + static_cast<unsigned>(date.month()) - 1};
}

Day first_day(Month month) {
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(month.number / 12)),
                                         std::chrono::month(static_cast<unsigned>(month.number % 12 + 1)),
                                         std::chrono::day(1)};
  return {std::chrono::sys_days(date).time_since_epoch().count()};
}

Result<Volumes> measure(db::Transaction& tx, const AgencyId& agency, std::string_view agency_name,
                        std::optional<Month> from, std::optional<Month> until, Day today) {
  const Month now = month_of(today);
  const db::Rows first =
      TRY(tx.query("SELECT received_us FROM recordings WHERE agency = :agency ORDER BY received_us LIMIT 1",
                   {{"agency", agency.text()}}));
  if (first.empty()) return fail(Code::kInvalid, "Nothing has arrived yet: there is no volume to tell");
  if (!from) from = Month{month_of(day_of({first[0].integer("received_us")})).number + 1};
  if (!until) until = Month{now.number - 1};
  if (*until >= now) return fail(Code::kInvalid, fmt::format("{} is not over yet", month_text(*until)));
  if (*until < *from)
    return fail(Code::kInvalid,
                fmt::format("No whole month lies between {} and {}", month_text(*from), month_text(*until)));
  if (until->number - from->number >= kMonthsMax)
    return fail(Code::kInvalid, fmt::format("At most {} months are told at once", kMonthsMax));
  Volumes out;
  out.agency = agency_name;
  for (Month month = *from; month <= *until; ++month.number) {
    const std::int64_t begin = begins_us(month), end = begins_us({month.number + 1});
    const std::int64_t wearers =
        TRY(tx.query("SELECT COUNT(DISTINCT assigned_officer) AS wearers FROM recordings WHERE agency = :agency AND "
                     "received_us >= :from AND received_us < :until",
                     {{"agency", agency.text()}, {"from", begin}, {"until", end}}))[0]
            .integer("wearers");
    std::vector<Volume> volumes = TRY(volumes_between(tx, agency, begin, end));
    out.months.push_back({month, wearers, std::move(volumes)});
  }
  out.stored = TRY(volumes_between(tx, agency, INT64_MIN, begins_us({until->number + 1})));
  return out;
}

Json::Object volumes_json(const Volumes& volumes) {
  Json::Array months;
  for (const MonthVolume& each : volumes.months) {
    months.emplace_back(Json::Object{
        {"month", month_text(each.month)}, {"wearers", each.wearers}, {"categories", volumes_array(each.volumes)}});
  }
  return {{"format", std::string(kFormat)},
          {"agency", volumes.agency},
          {"months", std::move(months)},
          {"stored", volumes_array(volumes.stored)}};
}

Result<Volumes> read_volumes(const Json& json) {
  const Shape file = TRY(Shape::of(json, "The volumes", {"format", "agency", "months", "stored"}));
  TRY(file.is("format", kFormat));
  Volumes out;
  out.agency = TRY(file.text("agency"));
  for (const Json& each : *TRY(file.list("months", kMonthsMax))) {
    const std::string place = fmt::format("Month {}", out.months.size() + 1);
    const Shape shape = TRY(Shape::of(each, place, {"month", "wearers", "categories"}));
    const std::string text = TRY(shape.text("month"));
    const auto month = parse_month(text);
    if (!month) return fail(Code::kInvalid, fmt::format("{}: \"month\" must be a month such as 2022-12", place));
    if (!out.months.empty() && month->number != out.months.back().month.number + 1) {
      return fail(Code::kInvalid,
                  fmt::format("{}: {} does not follow {}", place, text, month_text(out.months.back().month)));
    }
    const std::int64_t wearers = TRY(shape.count("wearers", kCountMax));
    std::vector<Volume> volumes = TRY(read_list(*TRY(shape.list("categories", kCategoriesMax)), place));
    out.months.push_back({*month, wearers, std::move(volumes)});
  }
  if (out.months.empty()) return fail(Code::kInvalid, "The volumes: there is no month");
  out.stored = TRY(read_list(*TRY(file.list("stored", kCategoriesMax)), "What is stored"));
  return out;
}

}  // namespace lapel::program
