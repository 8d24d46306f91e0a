// SPDX-License-Identifier: Apache-2.0
#include "os/pace.h"

#include <gtest/gtest.h>

namespace lapel::os {
namespace {

constexpr PaceOptions kSlow{.per_second = 10, .at_once = 3, .known_max = 2};

TEST(Pace, LetsSoMuchAtOnceAndThenSoMuchASecond) {
  ManualClock clock(Timestamp{0});
  Pace pace(clock, kSlow);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pace.take("hill")) << i;
  const auto refused = pace.take("hill");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLimited);
  EXPECT_EQ(refused.error().retry_after_s, 1);
  clock.advance_us(99'999);
  EXPECT_FALSE(pace.take("hill"));
  clock.advance_us(1);
  EXPECT_TRUE(pace.take("hill")) << "refusals cost nothing";
  EXPECT_FALSE(pace.take("hill"));
  clock.advance_us(3'600'000'000);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pace.take("hill")) << "no more than that is saved up: " << i;
  EXPECT_FALSE(pace.take("hill"));
}

TEST(Pace, SlowsWhoIsNotToBeRefused) {
  ManualClock clock(Timestamp{0});
  Pace pace(clock, kSlow);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pace.delay_us("hill"), 0) << i;
  EXPECT_EQ(pace.delay_us("hill"), 100'000);
  EXPECT_EQ(pace.delay_us("hill"), 200'000);
  EXPECT_EQ(pace.delay_us("okafor"), 0);
  clock.advance_us(200'000);
  EXPECT_EQ(pace.delay_us("hill"), 100'000) << "whoever waits as told is held to the pace, and to no more";
  for (int i = 0; i < 50; ++i) EXPECT_LE(pace.delay_us("hill"), Pace::kDelayUsMax);
  clock.advance_us(Pace::kDelayUsMax);
  EXPECT_EQ(pace.delay_us("hill"), 100'000) << "what was asked beyond the longest wait is not owed";
}

TEST(Pace, HoldsNobodyToWhatAnotherAsked) {
  ManualClock clock(Timestamp{0});
  Pace pace(clock, kSlow);
  for (int i = 0; i < 9; ++i) (void)pace.take("hill");
  EXPECT_TRUE(pace.take("okafor"));
  // A third is not known for want of room, and not held to it.
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(pace.take("ortega"));
  // Who owes nothing any more makes room.
  clock.advance_us(1'000'000);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pace.take("ortega"));
  EXPECT_FALSE(pace.take("ortega"));
}

}  // namespace
}  // namespace lapel::os
