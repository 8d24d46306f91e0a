// SPDX-License-Identifier: Apache-2.0
#include "signin/tries.h"

#include <gtest/gtest.h>

namespace lapel::signin {
namespace {

constexpr TriesLimit kThreeInTen{.window_us = 10, .max = 3};

TEST(Tries, ThereAreNeverMoreInAnyWindowWhereverItBegins) {
  Tries tries(kThreeInTen);
  EXPECT_TRUE(tries.count(100));
  EXPECT_TRUE(tries.count(108));
  EXPECT_TRUE(tries.count(109));
  EXPECT_FALSE(tries.count(109));
  EXPECT_EQ(tries.next_us(), 110) << "when the oldest is over";
  EXPECT_TRUE(tries.count(110));
  EXPECT_FALSE(tries.count(117)) << "of the window that the first had begun the others are not forgotten";
  EXPECT_TRUE(tries.count(118));
  EXPECT_EQ(tries.ends_us(), 128);
}

TEST(Tries, WhatIsRefusedIsNotCounted) {
  Tries tries(kThreeInTen);
  for (const int us : {100, 100, 100, 105, 109}) tries.count(us);
  EXPECT_EQ(tries.size(), 3u);
  EXPECT_TRUE(tries.count(110));
}

TEST(Tries, TheNewestIsGivenBackOfThoseThatStand) {
  Tries tries(kThreeInTen);
  for (const int us : {100, 105}) tries.count(us);
  tries.give_back(112);
  EXPECT_EQ(tries.size(), 0u) << "the first was over, the second is back";
  tries.give_back(112);
  EXPECT_EQ(tries.ends_us(), 0);
}

TEST(Tries, TheyAreReadAsTheyWereWritten) {
  Tries tries(kThreeInTen);
  for (const int us : {100, 105}) tries.count(us);
  EXPECT_EQ(tries.text(), "100 105");
  Tries again(kThreeInTen, tries.text());
  EXPECT_TRUE(again.count(106));
  EXPECT_FALSE(again.count(107));
  EXPECT_EQ(Tries(kThreeInTen, "x 7  8 -1").text(), "7 8");
  EXPECT_EQ(Tries(kThreeInTen, "").size(), 0u);
}

}  // namespace
}  // namespace lapel::signin
