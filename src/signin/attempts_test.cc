// SPDX-License-Identifier: Apache-2.0
#include "signin/attempts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lapel::signin {
namespace {

class AttemptsTest : public ::testing::Test {
 protected:
  // Tries until refused; how many were let through.
  int let_through(const std::string& client, int tries) {
    int passed = 0;
    for (int i = 0; i < tries; ++i) passed += attempts_.begin(client) ? 0 : 1;
    return passed;
  }
  ManualClock clock_{Timestamp{1'000'000}};
  Attempts attempts_{clock_};
};

TEST_F(AttemptsTest, OneClientIsStoppedAndToldHowLong) {
  EXPECT_EQ(let_through("192.0.2.1", kFailuresOfClientMax + 5), kFailuresOfClientMax);
  clock_.advance_us(60'000'000);
  EXPECT_EQ(attempts_.begin("192.0.2.1"), kFailureWindowUs - 60'000'000);
}

TEST_F(AttemptsTest, StoppingOneStopsNobodyElse) {
  let_through("192.0.2.1", kFailuresOfClientMax);
  EXPECT_EQ(attempts_.begin("192.0.2.2"), std::nullopt);
}

TEST_F(AttemptsTest, AnIpv6NetworkIsOneClient) {
  int passed = 0;
  for (int i = 0; i < kFailuresOfClientMax + 5; ++i)
    passed += let_through(fmt::format("2001:db8:1:2:{:x}::1", i + 1), 1);
  EXPECT_EQ(passed, kFailuresOfClientMax);
  EXPECT_EQ(attempts_.begin("2001:db8:1:3::1"), std::nullopt);
}

TEST_F(AttemptsTest, TheWindowEnds) {
  let_through("192.0.2.1", kFailuresOfClientMax);
  clock_.advance_us(kFailureWindowUs - 1);
  EXPECT_NE(attempts_.begin("192.0.2.1"), std::nullopt);
  clock_.advance_us(1);
  EXPECT_EQ(attempts_.begin("192.0.2.1"), std::nullopt);
}

TEST_F(AttemptsTest, EachTryHasItsTimeAndNoneIsForgottenWithTheFirst) {
  EXPECT_EQ(let_through("192.0.2.1", 1), 1);
  clock_.advance_us(kFailureWindowUs - 1'000'000);
  EXPECT_EQ(let_through("192.0.2.1", kFailuresOfClientMax), kFailuresOfClientMax - 1);
  clock_.advance_us(1'000'000);
  EXPECT_EQ(let_through("192.0.2.1", kFailuresOfClientMax), 1)
      << "the quarter of an hour of the first is over, no other's";
  EXPECT_EQ(attempts_.begin("192.0.2.1"), kFailureWindowUs - 1'000'000);
}

TEST_F(AttemptsTest, WhatWasRightOrNotTriedIsGivenBack) {
  for (int i = 0; i < 10 * kFailuresOfClientMax; ++i) {
    ASSERT_EQ(attempts_.begin("192.0.2.1"), std::nullopt) << i;
    attempts_.give_back("192.0.2.1");
  }
}

TEST_F(AttemptsTest, MemoryIsBoundedAndTheNewestCountStands) {
  for (std::size_t i = 0; i < kCountsMax; ++i)
    let_through(fmt::format("10.{}.{}.{}", i >> 16, (i >> 8) & 255, i & 255), 1);
  EXPECT_EQ(let_through("192.0.2.1", kFailuresOfClientMax + 5), kFailuresOfClientMax);
}

}  // namespace
}  // namespace lapel::signin
