// SPDX-License-Identifier: Apache-2.0
#include "base/calendar.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace lapel {
namespace {

std::string shipped() {
  std::ifstream file(LAPEL_SOURCE_DIR "/share/calendars/us_ma.json");
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

BusinessCalendar massachusetts() {
  auto out = BusinessCalendar::parse(shipped());
  EXPECT_TRUE(out) << out.error().text();
  return std::move(*out);
}

Day day(std::string_view text) {
  return *parse_day(text);
}

std::string end(const BusinessCalendar& calendar, std::string_view from, std::int64_t days) {
  const auto passed = calendar.count(day(from), days);
  return passed ? day_text(passed->back().day) : passed.error().text();
}

TEST(Calendar, ARecordsRequestOfOctober2022) {
  const BusinessCalendar calendar = massachusetts();
  EXPECT_EQ(end(calendar, "2022-10-25", 10), "2022-11-08");
  EXPECT_EQ(end(calendar, "2022-10-25", 25), "2022-12-01");
  std::vector<std::string> holidays;
  const auto passed = calendar.count(day("2022-10-25"), 25);
  ASSERT_TRUE(passed);
  for (const auto& each : *passed) {
    if (each.number == 0 && each.why != "Saturday" && each.why != "Sunday")
      holidays.push_back(day_text(each.day) + " " + each.why);
  }
  EXPECT_EQ(holidays, (std::vector<std::string>{"2022-11-11 Veterans Day", "2022-11-24 Thanksgiving Day"}));
  EXPECT_EQ(*calendar.between(day("2022-10-25"), day("2022-11-09")), 11);
}

TEST(Calendar, AHolidayOnASundayIsKeptOnMondayAndOneOnASaturdayIsNot) {
  const BusinessCalendar calendar = massachusetts();
  EXPECT_EQ(calendar.why_closed(day("2022-12-26")), "Christmas Day, of 2022-12-25");
  EXPECT_EQ(calendar.why_closed(day("2021-07-05")), "Independence Day, of 2021-07-04");
  EXPECT_EQ(calendar.why_closed(day("2021-06-18")), std::nullopt) << "Juneteenth of 2021 was a Saturday";
  EXPECT_EQ(calendar.why_closed(day("2021-06-19")), "Juneteenth Independence Day");
  EXPECT_EQ(calendar.why_closed(day("2020-06-19")), std::nullopt) << "not before 2021";
}

TEST(Calendar, EachYearOfMassachusettsHasItsHolidaysOnTheirWeekdays) {
  constexpr std::array<std::string_view, 6> kMondays = {"Martin Luther King", "Washington", "Patriots",
                                                        "Memorial",           "Labor",      "Columbus"};
  const BusinessCalendar calendar = massachusetts();
  std::map<std::string, int> of_year;
  for (const auto& [date, name] : calendar.holidays()) {
    ++of_year[day_text(date).substr(0, 4)];
    const std::int64_t weekday = (date.number + 4) % 7;
    const bool is_mondays =
        std::ranges::any_of(kMondays, [&called = name](std::string_view start) { return called.starts_with(start); });
    EXPECT_TRUE(!is_mondays || weekday == 1) << name << " " << day_text(date);
    EXPECT_TRUE(!name.starts_with("Thanksgiving") || weekday == 4) << day_text(date);
    if (name.find(", of ") != std::string::npos) {
      EXPECT_EQ(weekday, 1) << name;
      EXPECT_EQ(name.substr(name.size() - 10), day_text({date.number - 1}));
    }
  }
  for (int year = 2020; year <= 2030; ++year) EXPECT_EQ(of_year[std::to_string(year)], year == 2020 ? 11 : 12) << year;
}

TEST(Calendar, NothingIsCountedBeyondItsEndOrWhereAnOfficeWasClosed) {
  BusinessCalendar calendar = massachusetts();
  EXPECT_EQ(end(calendar, "2030-12-30", 1), "2030-12-31");
  EXPECT_NE(end(calendar, "2030-12-30", 2).find("2020-01-01 to 2030-12-31"), std::string::npos);
  EXPECT_NE(end(calendar, "2019-12-31", 1).find("only"), std::string::npos);
  EXPECT_FALSE(calendar.count(day("2022-10-25"), 0));
  EXPECT_FALSE(calendar.count(day("2022-10-25"), kBusinessDaysMax + 1));
  EXPECT_EQ(*calendar.between(day("2022-10-25"), day("2022-10-25")), 0);
  ASSERT_TRUE(calendar.close(day("2022-11-08"), "snow"));
  EXPECT_EQ(end(calendar, "2022-10-25", 10), "2022-11-09");
  EXPECT_FALSE(calendar.close(day("2031-01-02"), "snow"));
}

TEST(Calendar, AFileThatIsNoneIsToldWhere) {
  const std::string good =
      R"({"format":"lapel-calendar/1","name":"A","sources":["b"],"first":"2022-10-01","last":"2022-12-31",)"
      R"("weekend":["Saturday"],"holidays":[{"date":"2022-11-11","name":"V"}]})";
  ASSERT_TRUE(BusinessCalendar::parse(good));
  const std::vector<std::array<std::string, 3>> cases = {
      {"lapel-calendar/1", "lapel-calendar/2", "lapel-calendar/1"},
      {"2022-12-31", "2022-09-30", "before it begins"},
      {"2022-11-11", "2022-02-30", "Holiday 1: \"date\""},
      {"2022-11-11", "2023-11-11", "outside"},
      {"Saturday", "Caturday", "days of the week"},
      {"\"sources\":[\"b\"]", "\"sources\":[]", "source"},
      {"\"name\":\"V\"", "\"nane\":\"V\"", "nane"},
      {"\"name\":\"V\"}", R"("name":"V"},{"date":"2022-11-11","name":"W"})", "there already"},
      {"\"name\":\"A\"", R"("name":"A\nB")", "one line"},
      {"\"weekend\":[\"Saturday\"]",
       R"("weekend":["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"])", "weekend"},
  };
  for (const auto& [from, to, told] : cases) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), std::string::npos) << from;
    bad.replace(bad.find(from), from.size(), to);
    const auto refused = BusinessCalendar::parse(bad);
    ASSERT_FALSE(refused) << to;
    EXPECT_NE(refused.error().message.find(told), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace lapel
