// SPDX-License-Identifier: Apache-2.0
#include "oversight/bursts.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace lapel::oversight {
namespace {

using evidence::Tie;

constexpr Timestamp kStart{1'700'000'000'000'000};
constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond;

RecordingId recording(int number) {
  ByteArray<16> bytes{};
  bytes[0] = 1;
  bytes[14] = static_cast<std::uint8_t>(number / 256);
  bytes[15] = static_cast<std::uint8_t>(number % 256);
  return RecordingId(bytes);
}

// `count` looks at other recordings each, from `from` on.
std::vector<Look> looks(int count, std::int64_t from, std::int64_t apart, int first = 0, Tie tie = Tie::kNone,
                        const std::string& number = {}) {
  std::vector<Look> out;
  for (int i = 0; i < count; ++i) out.push_back({kStart + from + i * apart, recording(first + i), tie, number, true});
  return out;
}
std::vector<Look> operator+(std::vector<Look> a, const std::vector<Look>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
std::size_t found(const std::vector<Look>& all) {
  return find_bursts(all, std::nullopt).found.size();
}

TEST(Bursts, NineteenAreNoneAndTwentyAreOne) {
  EXPECT_EQ(found(looks(19, 0, kSecond)), 0U);
  const Bursts bursts = find_bursts(looks(20, 0, kSecond), std::nullopt);
  ASSERT_EQ(bursts.found.size(), 1U);
  EXPECT_EQ(bursts.found[0].from, kStart);
  EXPECT_EQ(bursts.found[0].at, kStart + 19 * kSecond);
  EXPECT_EQ(bursts.found[0].recordings, 20);
}

TEST(Bursts, TwentyOverElevenMinutesAreNone) {
  EXPECT_EQ(found(looks(20, 0, 11 * kMinute / 19)), 0U);
  // The window is ten minutes, its beginning not among them.
  EXPECT_EQ(found(looks(1, 0, 1) + looks(18, kMinute, 1, 1) + looks(1, 10 * kMinute, 1, 50)), 0U);
  EXPECT_EQ(found(looks(1, 0, 1) + looks(18, kMinute, 1, 1) + looks(1, 10 * kMinute - 1, 1, 50)), 1U);
}

TEST(Bursts, WhatOnePurposeCoversDoesNotCount) {
  EXPECT_EQ(found(looks(40, 0, kSecond, 0, Tie::kOwn)), 0U);
  EXPECT_EQ(found(looks(40, 0, kSecond, 0, Tie::kCase)), 0U);
  EXPECT_EQ(found(looks(40, 0, kSecond, 0, Tie::kNamed, "22-1")), 0U);
  EXPECT_EQ(found(looks(19, 0, kSecond) + looks(40, 20 * kSecond, kSecond, 100, Tie::kCase)), 0U);
  for (const Tie tie : {Tie::kUnit, Tie::kUnattributed, Tie::kNone})
    EXPECT_EQ(found(looks(20, 0, kSecond, 0, tie)), 1U);
}

TEST(Bursts, NamingEachRecordingsOwnIncidentIsNotOnePurpose) {
  std::vector<Look> all;
  for (int i = 0; i < 21; ++i)
    all.push_back({kStart + i * kSecond, recording(i), Tie::kNamed, std::to_string(i), true});
  EXPECT_EQ(found(all), 1U);
  all.pop_back();  // one of the twenty is that one purpose
  EXPECT_EQ(found(all), 0U);
}

TEST(Bursts, TheSameRecordingCountsOnce) {
  std::vector<Look> all = looks(19, 0, kSecond);
  for (int i = 0; i < 30; ++i) all.push_back({kStart + (20 + i) * kSecond, recording(3), Tie::kNone, {}, true});
  EXPECT_EQ(found(all), 0U);
}

TEST(Bursts, OneBurstHoweverLongItGoesOn) {
  const Bursts bursts = find_bursts(looks(200, 0, 5 * kSecond), std::nullopt);
  ASSERT_EQ(bursts.found.size(), 1U);
  EXPECT_EQ(bursts.until[0], kStart + 199 * 5 * kSecond);
  // After a rest it begins anew, and only by what came after the first.
  EXPECT_EQ(found(looks(25, 0, kSecond) + looks(20, 20 * kMinute, kSecond, 100)), 2U);
  EXPECT_EQ(found(looks(25, 0, kSecond) + looks(19, 20 * kMinute, kSecond, 100)), 1U);
}

TEST(Bursts, SlowingDownAndDrawingOnAgainNeedsTwentyFresh) {
  // Twenty in the first second; one a minute keeps to it until the window is empty of them; then nineteen more are too few.
  std::vector<Look> all = looks(20, 0, 1) + looks(11, kMinute, kMinute, 100);
  EXPECT_EQ(found(all), 1U);
  EXPECT_EQ(found(all + looks(10, 11 * kMinute + 1, 1, 200)), 1U);
  EXPECT_EQ(found(all + looks(20, 11 * kMinute + 1, 1, 200)), 2U);
}

TEST(Bursts, CutAnywhereTheSameAreFound) {
  const std::vector<Look> all = looks(45, 0, 10 * kSecond) + looks(30, 30 * kMinute, kSecond, 100);
  const Bursts whole = find_bursts(all, std::nullopt);
  ASSERT_EQ(whole.found.size(), 2U);
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    std::vector<Look> head(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(cut));
    const Bursts first = find_bursts(head, std::nullopt);
    std::vector<Look> rest = all;
    for (std::size_t i = 0; i < cut; ++i) rest[i].is_new = false;
    const Bursts second = find_bursts(rest, first.until.empty() ? std::nullopt : std::optional(first.until.back()));
    std::vector<Timestamp> at;
    for (const Bursts* part : {&first, &second}) {
      for (const Burst& burst : part->found) at.push_back(burst.at);
    }
    EXPECT_EQ(at, (std::vector<Timestamp>{whole.found[0].at, whole.found[1].at})) << "cut at " << cut;
  }
}

}  // namespace
}  // namespace lapel::oversight
