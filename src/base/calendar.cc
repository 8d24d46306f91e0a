// SPDX-License-Identifier: Apache-2.0
#include "base/calendar.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace lapel {
namespace {

constexpr std::string_view kFormat = "lapel-calendar/1";
constexpr std::size_t kTextBytesMax = 300;
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

std::int64_t weekday(Day day) {
  constexpr std::int64_t kThursday = 4;  // 1970 began on one
  return ((day.number + kThursday) % 7 + 7) % 7;
}

Result<std::string> text_in(const Json& object, std::string_view where, std::string_view name) {
  const std::string* text = object.find_string(name);
  if (!text || text->empty() || text->size() > kTextBytesMax || has_control_characters(*text)) {
    return fail(Code::kInvalid,
                fmt::format("{}: \"{}\" must be text of 1 to {} bytes on one line", where, name, kTextBytesMax));
  }
  return *text;
}

Result<Day> day_in(const Json& object, std::string_view where, std::string_view name) {
  const std::string text = TRY(text_in(object, where, name));
  const auto day = parse_day(text);
  if (!day) return fail(Code::kInvalid, fmt::format("{}: \"{}\" must be a day, YYYY-MM-DD", where, name));
  return *day;
}

Result<const Json::Array*> list_in(const Json& object, std::string_view name, std::size_t items_max) {
  const Json* list = object.find(name);
  if (!list || !list->array() || list->array()->size() > items_max) {
    return fail(Code::kInvalid, fmt::format("A calendar has \"{}\", a list of at most {}", name, items_max));
  }
  return list->array();
}

Result<void> require_only(const Json& object, std::string_view where, std::initializer_list<std::string_view> names) {
  if (!object.object()) return fail(Code::kInvalid, fmt::format("{} must be an object", where));
  for (const auto& [name, value] : *object.object()) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      return fail(Code::kInvalid, fmt::format("{}: \"{}\" means nothing", where, printable(name)));
  }
  return {};
}

}  // namespace

Result<BusinessCalendar> BusinessCalendar::parse(std::string_view text) {
  if (text.size() > kCalendarBytesMax) {
    return fail(Code::kInvalid, fmt::format("A calendar has at most {} bytes", kCalendarBytesMax));
  }
  const Json file = TRY(parse_json(text));
  TRY(require_only(file, "The calendar", {"format", "name", "sources", "first", "last", "weekend", "holidays"}));
  const std::string* format = file.find_string("format");
  if (!format || *format != kFormat) return fail(Code::kInvalid, fmt::format("This is no {}", kFormat));
  BusinessCalendar out;
  out.name_ = TRY(text_in(file, "The calendar", "name"));
  out.first_ = TRY(day_in(file, "The calendar", "first"));
  out.last_ = TRY(day_in(file, "The calendar", "last"));
  if (out.last_ < out.first_) return fail(Code::kInvalid, "The calendar ends before it begins");
  for (const Json& source : *TRY(list_in(file, "sources", 20))) {
    if (!source.string() || has_control_characters(*source.string()) || source.string()->size() > kTextBytesMax)
      return fail(Code::kInvalid, fmt::format("A source is text of at most {} bytes on one line", kTextBytesMax));
    out.sources_.push_back(*source.string());
  }
  if (out.sources_.empty()) return fail(Code::kInvalid, "A calendar has at least one source");
  for (const Json& day : *TRY(list_in(file, "weekend", kWeekdays.size() - 1))) {
    const auto* found = day.string() ? std::find(kWeekdays.begin(), kWeekdays.end(), *day.string()) : kWeekdays.end();
    if (found == kWeekdays.end()) return fail(Code::kInvalid, "\"weekend\" has days of the week, as \"Saturday\"");
    out.weekend_.insert(found - kWeekdays.begin());
  }
  std::size_t place = 0;
  for (const Json& holiday : *TRY(list_in(file, "holidays", kHolidaysMax))) {
    const std::string where = fmt::format("Holiday {}", ++place);
    TRY(require_only(holiday, where, {"date", "name", "day_of"}));
    const Day day = TRY(day_in(holiday, where, "date"));
    std::string name = TRY(text_in(holiday, where, "name"));
    if (day < out.first_ || day > out.last_)
      return fail(Code::kInvalid, fmt::format("{}: {} is outside the days of the calendar", where, day_text(day)));
    if (holiday.find("day_of")) name += fmt::format(", of {}", day_text(TRY(day_in(holiday, where, "day_of"))));
    if (!out.holidays_.emplace(day, std::move(name)).second)
      return fail(Code::kInvalid, fmt::format("{}: {} is there already", where, day_text(day)));
  }
  return out;
}

Result<void> BusinessCalendar::require_covered(Day day) const {
  if (day >= first_ && day <= last_) return {};
  return fail(Code::kInvalid, fmt::format("The calendar \"{}\" has the days from {} to {} only", name_,
                                          day_text(first_), day_text(last_)));
}

Result<void> BusinessCalendar::close(Day day, std::string why) {
  TRY(require_covered(day));
  if (closings_.size() >= kClosingsMax)
    return fail(Code::kInvalid, fmt::format("At most {} further days can be closed", kClosingsMax));
  closings_.emplace(day, std::move(why));
  return {};
}

std::optional<std::string> BusinessCalendar::why_closed(Day day) const {
  if (const auto found = holidays_.find(day); found != holidays_.end()) return found->second;
  if (const std::int64_t which = weekday(day); weekend_.contains(which))
    return std::string(kWeekdays[static_cast<std::size_t>(which)]);
  if (const auto found = closings_.find(day); found != closings_.end()) return found->second;
  return std::nullopt;
}

Result<std::vector<BusinessCalendar::Passed>> BusinessCalendar::count(Day from, std::int64_t days) const {
  if (days < 1 || days > kBusinessDaysMax)
    return fail(Code::kInvalid, fmt::format("Business days are counted from 1 to {}", kBusinessDaysMax));
  TRY(require_covered(from));
  std::vector<Passed> out;
  std::int64_t counted = 0;
  for (Day day{from.number + 1}; counted < days; ++day.number) {
    TRY(require_covered(day));
    if (auto why = why_closed(day)) {
      out.push_back({day, 0, std::move(*why)});
    } else {
      out.push_back({day, ++counted, {}});
    }
  }
  return out;
}

Result<std::int64_t> BusinessCalendar::between(Day from, Day until) const {
  TRY(require_covered(from));
  TRY(require_covered(until));
  std::int64_t out = 0;
  for (Day day{from.number + 1}; day <= until; ++day.number) out += why_closed(day) ? 0 : 1;
  return out;
}

}  // namespace lapel
