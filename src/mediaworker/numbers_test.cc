// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/numbers.h"

#include <string>

#include <gtest/gtest.h>

namespace lapel::mediaworker {
namespace {

TEST(Numbers, AreDecimalsFromTheirFirstCharacterToTheirLast) {
  EXPECT_EQ(decimal("12.5"), 12.5);
  EXPECT_EQ(decimal("-.5"), -0.5);
  EXPECT_EQ(decimal("+5."), 5.0);
  EXPECT_EQ(decimal("000.9"), 0.9);
  for (const std::string text : {"", ".", "-", "+-1", "1e5", "0x1", "nan", "inf", "1 ", " 1", "1,5", "--1", "1.2.3"})
    EXPECT_FALSE(decimal(text)) << text;
  EXPECT_EQ(whole("007"), 7);
  for (const std::string text : {"", "-1", "+1", "1.0", "1234567890123456"}) EXPECT_FALSE(whole(text)) << text;
  EXPECT_EQ(digits("170417", 2, 2), 4);
  EXPECT_FALSE(digits("1704", 3, 2));
  EXPECT_FALSE(digits("17", 9, 1));
}

TEST(Numbers, KnowTheDaysThatThereWere) {
  EXPECT_EQ(civil_time(2024, 2, 29, 0)->us, 1'709'164'800'000'000);
  EXPECT_FALSE(civil_time(2023, 2, 29, 0));
  EXPECT_FALSE(civil_time(1969, 12, 31, 0));
  EXPECT_FALSE(civil_time(2024, 0, 1, 0));
  EXPECT_FALSE(civil_time(2024, 13, 1, 0));
  EXPECT_FALSE(civil_time(2024, 1, 1, kDayUs));
}

TEST(Lines, EndAsTheyDoOnEverySystem) {
  std::string_view text = "a\nb\r\nc\rd\n\ne";
  std::string joined;
  int lines = 0;
  while (const auto line = take_line(text)) {
    joined += std::string(*line) + "|";
    ++lines;
  }
  EXPECT_EQ(joined, "a|b|c|d||e|");
  EXPECT_EQ(lines, 6);
}

}  // namespace
}  // namespace lapel::mediaworker
