// SPDX-License-Identifier: Apache-2.0
#include "signin/attempts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lapel::signin {
namespace {

class AttemptsTest : public ::testing::Test {
 protected:
  // Tries until refused; how many were let through.
  int let_through(const std::string& login, const std::string& client, int tries) {
    int passed = 0;
    for (int i = 0; i < tries; ++i) passed += attempts_.begin(login, client) ? 0 : 1;
    return passed;
  }
  ManualClock clock_{Timestamp{1'000'000}};
  Attempts attempts_{clock_};
};

TEST_F(AttemptsTest, OnePairIsStoppedAndToldHowLong) {
  EXPECT_EQ(let_through("hill", "192.0.2.1", kFailuresOfPairMax + 5), kFailuresOfPairMax);
  clock_.advance_us(60'000'000);
  EXPECT_EQ(attempts_.begin("hill", "192.0.2.1"), kFailureWindowUs - 60'000'000);
}

TEST_F(AttemptsTest, StoppingOnePairStopsNobodyElse) {
  let_through("hill", "192.0.2.1", kFailuresOfPairMax);
  EXPECT_EQ(attempts_.begin("hill", "192.0.2.2"), std::nullopt);
  EXPECT_EQ(attempts_.begin("souza", "192.0.2.1"), std::nullopt);
}

TEST_F(AttemptsTest, OneClientWithManyLoginsIsStopped) {
  int passed = 0;
  for (int i = 0; i < kFailuresOfClientMax + 20; ++i) passed += let_through(fmt::format("login{}", i), "192.0.2.1", 1);
  EXPECT_EQ(passed, kFailuresOfClientMax);
}

TEST_F(AttemptsTest, OneLoginFromManyClientsIsStopped) {
  int passed = 0;
  for (int i = 0; i < kFailuresOfLoginMax + 20; ++i)
    passed += let_through("hill", fmt::format("192.0.{}.{}", i / 200, i % 200), 1);
  EXPECT_EQ(passed, kFailuresOfLoginMax);
}

TEST_F(AttemptsTest, AnIpv6NetworkIsOneClient) {
  int passed = 0;
  for (int i = 0; i < kFailuresOfPairMax + 5; ++i)
    passed += let_through("hill", fmt::format("2001:db8:1:2:{:x}::1", i + 1), 1);
  EXPECT_EQ(passed, kFailuresOfPairMax);
  EXPECT_EQ(attempts_.begin("hill", "2001:db8:1:3::1"), std::nullopt);
}

TEST_F(AttemptsTest, ARefusedTryCountsNothing) {
  let_through("hill", "192.0.2.1", kFailuresOfPairMax + 1'000);
  EXPECT_EQ(let_through("other", "192.0.2.1", 1), 1) << "refused tries filled the client's count";
}

TEST_F(AttemptsTest, TheWindowEnds) {
  let_through("hill", "192.0.2.1", kFailuresOfPairMax);
  clock_.advance_us(kFailureWindowUs - 1);
  EXPECT_NE(attempts_.begin("hill", "192.0.2.1"), std::nullopt);
  clock_.advance_us(1);
  EXPECT_EQ(attempts_.begin("hill", "192.0.2.1"), std::nullopt);
}

TEST_F(AttemptsTest, ARightPasswordGivesEverythingOfThePairBack) {
  for (int round = 0; round < 50; ++round) {
    ASSERT_EQ(let_through("hill", "192.0.2.1", kFailuresOfPairMax - 1), kFailuresOfPairMax - 1);
    ASSERT_EQ(attempts_.begin("hill", "192.0.2.1"), std::nullopt);
    attempts_.forgive("hill", "192.0.2.1");
    clock_.advance_us(kFailureWindowUs);
  }
}

TEST_F(AttemptsTest, ARightPasswordForgivesNoOtherPair) {
  let_through("hill", "192.0.2.1", kFailuresOfPairMax);
  EXPECT_EQ(attempts_.begin("souza", "192.0.2.1"), std::nullopt);
  attempts_.forgive("souza", "192.0.2.1");
  EXPECT_NE(attempts_.begin("hill", "192.0.2.1"), std::nullopt);
}

TEST_F(AttemptsTest, WhatWasNotTriedIsGivenBack) {
  for (int i = 0; i < 10 * kFailuresOfLoginMax; ++i) {
    ASSERT_EQ(attempts_.begin("hill", "192.0.2.1"), std::nullopt) << i;
    attempts_.give_back("hill", "192.0.2.1");
  }
}

TEST_F(AttemptsTest, MemoryIsBoundedAndTheNewestCountStands) {
  for (std::size_t i = 0; i < kCountsMax; ++i)
    let_through(fmt::format("login{}", i), fmt::format("10.{}.{}.{}", i >> 16, (i >> 8) & 255, i & 255), 1);
  EXPECT_EQ(let_through("hill", "192.0.2.1", kFailuresOfPairMax + 5), kFailuresOfPairMax);
}

}  // namespace
}  // namespace lapel::signin
