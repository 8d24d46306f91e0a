// SPDX-License-Identifier: Apache-2.0
#include "oversight/bursts.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace lapel::oversight {
namespace {

using audit::Tie;

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
  for (int i = 0; i < count; ++i) {
    out.push_back({i, kStart + from + i * apart, recording(first + i), tie, number, true});
  }
  return out;
}
// The second sealed after the first, whatever the clock said.
std::vector<Look> operator+(std::vector<Look> a, std::vector<Look> b) {
  const std::int64_t next = a.empty() ? 0 : a.back().leaf + 1;
  for (Look& look : b) {
    look.leaf += next;
    a.push_back(look);
  }
  return a;
}
// The first of them judged before.
std::vector<Look> seen(std::vector<Look> all, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) all[i].is_new = false;
  return all;
}
std::optional<LastBurst> last_of(const Bursts& bursts, bool is_settled = false) {
  if (bursts.found.empty()) return std::nullopt;
  return LastBurst{bursts.found.back().until, is_settled};
}
std::size_t found(const std::vector<Look>& all) {
  return find_bursts(all, std::nullopt).found.size();
}

TEST(Bursts, NineteenAreNoneAndTwentyAreOne) {
  EXPECT_EQ(found(looks(19, 0, kSecond)), 0U);
  const Bursts bursts = find_bursts(looks(20, 0, kSecond), std::nullopt);
  ASSERT_EQ(bursts.found.size(), 1U);
  EXPECT_EQ(bursts.found[0].from, (Place{0, kStart}));
  EXPECT_EQ(bursts.found[0].at, (Place{19, kStart + 19 * kSecond}));
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
    all.push_back({i, kStart + i * kSecond, recording(i), Tie::kNamed, std::to_string(i), true});
  EXPECT_EQ(found(all), 1U);
  all.pop_back();  // one of the twenty is that one purpose
  EXPECT_EQ(found(all), 0U);
}

TEST(Bursts, TheSameRecordingCountsOnce) {
  std::vector<Look> all = looks(19, 0, kSecond);
  for (int i = 0; i < 30; ++i) all.push_back({19 + i, kStart + (20 + i) * kSecond, recording(3), Tie::kNone, {}, true});
  EXPECT_EQ(found(all), 0U);
}

TEST(Bursts, OneBurstHoweverLongItGoesOn) {
  const Bursts bursts = find_bursts(looks(200, 0, 5 * kSecond), std::nullopt);
  ASSERT_EQ(bursts.found.size(), 1U);
  EXPECT_EQ(bursts.found[0].until, (Place{199, kStart + 199 * 5 * kSecond}));
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
    const Bursts second = find_bursts(seen(all, cut), last_of(first));
    std::vector<Place> at;
    for (const Bursts* part : {&first, &second}) {
      for (const Burst& burst : part->found) at.push_back(burst.at);
    }
    EXPECT_EQ(at, (std::vector<Place>{whole.found[0].at, whole.found[1].at})) << "cut at " << cut;
  }
}

TEST(Bursts, WhatGoesOnAfterSomebodySettledItIsAnother) {
  const std::vector<Look> all = looks(60, 0, kSecond);
  const Bursts first = find_bursts(looks(25, 0, kSecond), std::nullopt);
  EXPECT_EQ(find_bursts(seen(all, 25), last_of(first)).found.size(), 0U);
  const Bursts second = find_bursts(seen(all, 25), last_of(first, true));
  ASSERT_EQ(second.found.size(), 1U);
  EXPECT_EQ(second.found[0].from.leaf, 25);
  EXPECT_EQ(second.found[0].at.leaf, 44);
  EXPECT_EQ(second.found[0].until.leaf, 59);
  EXPECT_EQ(second.last_until->leaf, 24);
  EXPECT_EQ(find_bursts(seen(looks(44, 0, kSecond), 25), last_of(first, true)).found.size(), 0U);
}

TEST(Bursts, AClockThatIsSetBackHidesNothing) {
  constexpr std::int64_t kAhead = 365LL * 86'400 * kSecond;
  // After a burst in a time that is yet to come, twenty more are another.
  EXPECT_EQ(found(looks(20, kAhead, kSecond) + looks(20, 0, kSecond, 100)), 2U);
  EXPECT_EQ(found(looks(20, kAhead, kSecond) + looks(19, 0, kSecond, 100)), 1U);
  // Ten before it was set back and ten after are twenty; so are they where it went ahead for one look in between.
  EXPECT_EQ(found(looks(10, kAhead, kSecond) + looks(10, 0, kSecond, 100)), 1U);
  EXPECT_EQ(found(looks(10, 0, kSecond) + looks(1, kAhead, kSecond, 50) + looks(9, kMinute, kSecond, 100)), 1U);
  // And what is slow stays slow.
  EXPECT_EQ(found(looks(19, kAhead, kSecond) + looks(60, 0, kMinute, 100)), 1U);
  EXPECT_EQ(found(looks(9, kAhead, kSecond) + looks(60, 0, kMinute, 100)), 0U);
}

}  // namespace
}  // namespace lapel::oversight
