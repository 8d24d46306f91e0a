// SPDX-License-Identifier: Apache-2.0
#include "program/forecast.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

namespace lapel::program {
namespace {

constexpr std::int64_t kGb = 1'000'000'000;

Volumes months(std::initializer_list<std::int64_t> gigabytes) {
  Volumes out;
  out.agency = "Ashfield";
  Month month = *parse_month("2022-12");
  for (const std::int64_t each : gigabytes) {
    out.months.push_back({month, 8, {{"evidence", 5, 100 * kGb, 0}, {"routine", 40, each * kGb, 0}}});
    ++month.number;
  }
  out.stored = {{"evidence", 15, 300 * kGb, 0}, {"routine", 120, 1'200 * kGb, 0}};
  return out;
}

Forecast made(Volumes volumes, WhatIf what_if) {
  auto out = forecast(std::move(volumes), std::move(what_if));
  EXPECT_TRUE(out) << out.error().text();
  return std::move(*out);
}

std::string refused(const WhatIf& what_if) {
  const auto out = forecast(months({400, 420, 380}), what_if);
  return out ? "made" : out.error().message;
}

TEST(Forecast, IsWhatTheFormulasGiveByHand) {
  WhatIf what_if;
  what_if.retention_days = {{"routine", 180}};
  what_if.micros_per_gb_month = 26'500;
  const Forecast out = made(months({400, 420, 380}), what_if);
  // 300 + 12 x 100 of evidence; 400 x 180 / 30.4375 of routine, and nothing of what was there.
  EXPECT_NEAR(out.years[0].stored_bytes.middle / kGb, 1'500 + 400 * 180 / 30.4375, 1e-6);
  // Months of 500, 520 and 480: a deviation of 20, and t of 2 degrees of freedom is 4.303.
  EXPECT_NEAR(*out.spread, 4.303 * 20 / std::sqrt(3.0) / 500, 1e-12);
  EXPECT_NEAR(out.years[0].arriving_bytes.high / out.years[0].arriving_bytes.middle, 1 + *out.spread, 1e-12);
  EXPECT_NEAR(out.line_bits_per_second, 500.0 * kGb * 8 / (30.4375 * 86'400), 1);
  // A year in which both categories only grow or stand: twelve means of a month's two ends.
  Money second;
  for (int month = 12; month < 24; ++month) {
    const double mean = 300 + 100 * (month + 0.5) + 400 * 180 / 30.4375;
    second = second + Money{std::llround(mean * 2.65)};
  }
  EXPECT_EQ(out.years[1].cost, second);
}

TEST(Forecast, WhatIfsChangeWhatTheySay) {
  const auto arriving = [](WhatIf what_if) { return made(months({400, 400}), std::move(what_if)).arriving; };
  const std::map<std::string, double> as_now = {{"evidence", 100.0 * kGb}, {"routine", 400.0 * kGb}};
  EXPECT_EQ(arriving({}), as_now);
  WhatIf what_if;
  what_if.bit_rate_percent = 150;
  EXPECT_NEAR(arriving(what_if)["routine"], 600.0 * kGb, 1);
  what_if = {};
  what_if.headcount = 80;
  EXPECT_NEAR(arriving(what_if)["evidence"], 1'000.0 * kGb, 1);
  what_if.headcount = 0;
  EXPECT_EQ(arriving(what_if)["evidence"], 0);
  what_if = {};
  what_if.mix_percent = {{"evidence", 30}, {"sealed", 10}};
  EXPECT_NEAR(arriving(what_if)["evidence"], 150.0 * kGb, 1);
  EXPECT_NEAR(arriving(what_if)["sealed"], 50.0 * kGb, 1);
  EXPECT_NEAR(arriving(what_if)["routine"], 300.0 * kGb, 1) << "the others share the rest";
  EXPECT_FALSE(made(months({400, 400}), {}).spread) << "of two months no range is told";
}

TEST(Forecast, AWhatIfThatIsNoneIsNamed) {
  WhatIf what_if;
  what_if.years = 21;
  EXPECT_NE(refused(what_if).find("\"years\""), std::string::npos);
  what_if = {};
  what_if.retention_days = {{"routine", 0}};
  EXPECT_NE(refused(what_if).find("retention_days of routine"), std::string::npos);
  what_if = {};
  what_if.mix_percent = {{"evidence", 60}, {"routine", 41}};
  EXPECT_NE(refused(what_if).find("101 in all"), std::string::npos);
  what_if.mix_percent = {{"evidence", 60}, {"routine", 30}};
  EXPECT_NE(refused(what_if).find("90 in all"), std::string::npos);
  what_if.mix_percent = {{"evidence", 60}, {"routine", 40}};
  EXPECT_EQ(refused(what_if), "made");
  Volumes nobody = months({400});
  nobody.months[0].wearers = 0;
  what_if = {};
  what_if.headcount = 5;
  EXPECT_FALSE(forecast(nobody, what_if));
  Volumes huge = months({1'000'000});
  huge.months[0].wearers = 1;
  what_if.headcount = 1'000'000;
  EXPECT_FALSE(forecast(huge, what_if)) << "beyond an exabyte";
}

TEST(Forecast, IsMadeAgainFromWhatItTells) {
  WhatIf what_if;
  what_if.years = 3;
  what_if.retention_days = {{"routine", 180}};
  what_if.other_retention_days = 1'000;
  what_if.bit_rate_percent = 120;
  what_if.headcount = 87;
  what_if.mix_percent = {{"evidence", 30}};
  what_if.micros_per_gb_month = 26'500;
  what_if.upload_hours = 8;
  const Json told = forecast_json(made(months({400, 420, 380}), what_if));
  const Json read = *parse_json(to_json(told));
  const WhatIf again = *read_what_if(*read.find("what_if"));
  EXPECT_EQ(again, what_if);
  EXPECT_EQ(*read_volumes(*read.find("volumes")), months({400, 420, 380}));
  EXPECT_EQ(Json(forecast_json(made(*read_volumes(*read.find("volumes")), again))), told);
}

TEST(Volumes, AFileThatIsNoneIsToldWhere) {
  const std::string good = to_json(Json(volumes_json(months({400, 420}))));
  ASSERT_TRUE(read_volumes(*parse_json(good)));
  const std::vector<std::array<std::string, 3>> cases = {
      {"lapel-volumes/1", "lapel-volumes/2", "lapel-volumes/1"},
      {"\"2022-12\"", "\"2022-13\"", "Month 1"},
      {"\"2022-12\"", "\"2022-10\"", "Month 2: 2023-01 does not follow"},
      {"\"bytes\":100000000000", "\"bytes\":-1", "Month 1, category 1: \"bytes\""},
      {"\"bytes\":100000000000", "\"bytes\":1.5", "Month 1, category 1: \"bytes\""},
      {"\"category\":\"routine\"", "\"category\":\"evidence\"", "category 2: evidence is there already"},
      {"\"wearers\":8", "\"wearers\":8,\"weather\":1", "weather"},
  };
  for (const auto& [from, to, told] : cases) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), std::string::npos) << from;
    bad.replace(bad.find(from), from.size(), to);
    const auto read = read_volumes(*parse_json(bad));
    ASSERT_FALSE(read) << to;
    EXPECT_NE(read.error().message.find(told), std::string::npos) << read.error().message;
  }
  EXPECT_FALSE(read_volumes(Json(Json::Array())));
}

TEST(Volumes, PricesAndMonthsHaveOneMeaning) {
  EXPECT_EQ(parse_price("0.0265"), 26'500);
  EXPECT_EQ(parse_price("1000"), 1'000'000'000);
  for (const char* bad : {"", ".5", "1.", "-1", "1,5", "0.0000001", "1000.000001", "99999", "1e3"})
    EXPECT_FALSE(parse_price(bad)) << bad;
  EXPECT_EQ(month_text({parse_month("2022-12")->number + 1}), "2023-01");
  EXPECT_EQ(day_text(first_day(*parse_month("2024-02"))), "2024-02-01");
  EXPECT_EQ(month_of(*parse_day("2024-02-29")), *parse_month("2024-02"));
  for (const char* bad : {"2022", "2022-00", "2022-1", "2022-12-01", "22-12"}) EXPECT_FALSE(parse_month(bad)) << bad;
}

}  // namespace
}  // namespace lapel::program
