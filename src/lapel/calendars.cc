// SPDX-License-Identifier: Apache-2.0
#include "lapel/calendars.h"

#include <optional>

#include <fmt/format.h>

#include "base/calendar.h"
#include "base/json.h"
#include "base/text.h"
#include "lapel/assets.h"
#include "os/disk.h"

namespace lapel::door {
namespace {

Result<Day> day(const std::string& text) {
  const auto out = parse_day(text);
  if (!out) return fail(Code::kInvalid, "A day is written YYYY-MM-DD", text);
  return *out;
}

Result<BusinessCalendar> open_calendar(const CalendarQuery& query) {
  const bool is_path = query.calendar.find_first_of("/.") != std::string::npos;
  const os::Path path =
      is_path ? os::Path(query.calendar) : installed_share() / "calendars" / fmt::format("{}.json", query.calendar);
  const auto text = os::read_file(*os::real_disk(), path, kCalendarBytesMax);
  if (!text && text.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, "There is no such calendar", path.native());
  BusinessCalendar out = TRY(BusinessCalendar::parse(as_text(TRY(text))));
  for (const std::string& closed : query.closed) TRY(out.close(TRY(day(closed)), "closed"));
  return out;
}

void print(Json::Object object) {
  fmt::print("{}\n", to_json(Json(std::move(object))));
}

}  // namespace

Result<void> run_calendar_count(const CalendarQuery& query, bool as_json) {
  const BusinessCalendar calendar = TRY(open_calendar(query));
  const Day from = TRY(day(query.from));
  if (!query.until.empty()) {
    const std::int64_t days = TRY(calendar.between(from, TRY(day(query.until))));
    if (as_json) {
      print({{"calendar", calendar.name()}, {"from", query.from}, {"until", query.until}, {"business_days", days}});
    } else {
      fmt::print("{} business days after {}, up to {} ({})\n", days, query.from, query.until,
                 printable(calendar.name()));
    }
    return {};
  }
  if (query.days == 0) return fail(Code::kInvalid, "Say how many business days, or --until which day");
  const auto passed = TRY(calendar.count(from, query.days));
  const std::string end = day_text(passed.back().day);
  if (as_json) {
    Json::Array skipped;
    for (const auto& each : passed) {
      if (each.number == 0) skipped.push_back(Json::Object{{"date", day_text(each.day)}, {"why", each.why}});
    }
    print({{"calendar", calendar.name()},
           {"from", query.from},
           {"business_days", query.days},
           {"date", end},
           {"skipped", std::move(skipped)}});
    return {};
  }
  fmt::print("{}: business day {} after {} ({})\n", end, query.days, query.from, printable(calendar.name()));
  for (const auto& each : passed) {
    if (each.number == 0) fmt::print("  not {}: {}\n", day_text(each.day), printable(each.why));
  }
  return {};
}

Result<void> run_calendar_holidays(const CalendarQuery& query, bool as_json) {
  const BusinessCalendar calendar = TRY(open_calendar(query));
  const Day from = query.from.empty() ? calendar.first() : TRY(day(query.from));
  const Day until = query.until.empty() ? calendar.last() : TRY(day(query.until));
  Json::Array items;
  for (const auto& [date, name] : calendar.holidays()) {
    if (date < from || date > until) continue;
    if (!as_json) fmt::print("{}  {}\n", day_text(date), printable(name));
    items.push_back(Json::Object{{"date", day_text(date)}, {"name", name}});
  }
  if (!as_json) return {};
  Json::Array sources;
  for (const std::string& source : calendar.sources()) sources.push_back(source);
  print({{"calendar", calendar.name()},
         {"first", day_text(calendar.first())},
         {"last", day_text(calendar.last())},
         {"sources", std::move(sources)},
         {"items", std::move(items)}});
  return {};
}

}  // namespace lapel::door
