// SPDX-License-Identifier: Apache-2.0
#include "base/calendar.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/shape.h"
#include "base/text.h"

namespace lapel {
namespace {

constexpr std::string_view kFormat = "lapel-calendar/1";
constexpr std::size_t kSourcesMax = 20;
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

std::int64_t weekday(Day day) {
  constexpr std::int64_t kThursday = 4;  // 1970 began on one
  return ((day.number + kThursday) % 7 + 7) % 7;
}

}  // namespace

Result<BusinessCalendar> BusinessCalendar::parse(std::string_view text) {
  if (text.size() > kCalendarBytesMax) {
    return fail(Code::kInvalid, fmt::format("A calendar has at most {} bytes", kCalendarBytesMax));
  }
  const Json json = TRY(parse_json(text));
  const Shape file =
      TRY(Shape::of(json, "The calendar", {"format", "name", "sources", "first", "last", "weekend", "holidays"}));
  TRY(file.is("format", kFormat));
  BusinessCalendar out;
  out.name_ = TRY(file.text("name"));
  out.first_ = TRY(file.day("first"));
  out.last_ = TRY(file.day("last"));
  if (out.last_ < out.first_) return fail(Code::kInvalid, "The calendar ends before it begins");
  for (const Json& source : *TRY(file.list("sources", kSourcesMax))) {
    if (!source.string() || has_control_characters(*source.string()) || source.string()->size() > limits::kFieldBytesMax)
      return fail(Code::kInvalid, fmt::format("A source is text of at most {} bytes on one line", limits::kFieldBytesMax));
    out.sources_.push_back(*source.string());
  }
  if (out.sources_.empty()) return fail(Code::kInvalid, "A calendar has at least one source");
  for (const Json& day : *TRY(file.list("weekend", kWeekdays.size() - 1))) {
    const auto* found = day.string() ? std::find(kWeekdays.begin(), kWeekdays.end(), *day.string()) : kWeekdays.end();
    if (found == kWeekdays.end()) return fail(Code::kInvalid, "\"weekend\" has days of the week, as \"Saturday\"");
    out.weekend_.insert(found - kWeekdays.begin());
  }
  std::size_t place = 0;
  for (const Json& each : *TRY(file.list("holidays", kHolidaysMax))) {
    const std::string where = fmt::format("Holiday {}", ++place);
    const Shape holiday = TRY(Shape::of(each, where, {"date", "name", "day_of"}));
    const Day day = TRY(holiday.day("date"));
    std::string name = TRY(holiday.text("name"));
    if (day < out.first_ || day > out.last_)
      return fail(Code::kInvalid, fmt::format("{}: {} is outside the days of the calendar", where, day_text(day)));
    if (holiday.has("day_of")) name += fmt::format(", of {}", day_text(TRY(holiday.day("day_of"))));
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
