// SPDX-License-Identifier: Apache-2.0
#include "cameras/counters.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "crypto/random.h"

namespace lapel::cameras {
namespace {

constexpr Counter kGoPro = {1, 9999};

class CountersTest : public ::testing::Test {
 protected:
  // One a minute.
  void add(std::int64_t number, std::int64_t minute, std::string sha256 = {}) {
    const auto recording = crypto::new_id<RecordingId>();
    files_.push_back({recording, number, {minute * 60'000'000}, sha256.empty() ? recording.text() : std::move(sha256)});
  }
  std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>> gaps() {
    std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>> out;
    const Counts counts = count(kGoPro, files_);
    for (const Gap& gap : counts.gaps) out.emplace_back(gap.first, gap.last, gap.missing);
    repeats_ = counts.repeats.size();
    return out;
  }
  std::vector<Counted> files_;
  std::size_t repeats_ = 0;
};
using Gaps = std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>;

TEST_F(CountersTest, MissingNumbersAreTold) {
  EXPECT_EQ(gaps(), Gaps());
  for (const std::int64_t number : {120, 123, 124, 126}) add(number, number);
  EXPECT_EQ(gaps(), (Gaps{{121, 122, 2}, {125, 125, 1}}));
  const Counts counts = count(kGoPro, files_);
  EXPECT_EQ(counts.gaps[0].before, files_[0].recording);
  EXPECT_EQ(counts.gaps[0].after, files_[1].recording);
  add(121, 121);  // comes late
  EXPECT_EQ(gaps(), (Gaps{{122, 122, 1}, {125, 125, 1}}));
}

TEST_F(CountersTest, TheOrderOfArrivalChangesNothing) {
  for (const std::int64_t number : {9990, 9995, 9999, 2, 3, 9}) add(number, number < 100 ? 10'000 + number : number);
  const Gaps expected = {{9991, 9994, 4}, {9996, 9998, 3}, {1, 1, 1}, {4, 8, 5}};
  std::mt19937 chance(7);
  for (int i = 0; i < 50; ++i) {
    std::shuffle(files_.begin(), files_.end(), chance);
    EXPECT_EQ(gaps(), expected);
  }
}

TEST_F(CountersTest, AfterTheLastNumberComesTheFirst) {
  add(9998, 1);
  add(3, 2);
  EXPECT_EQ(gaps(), (Gaps{{9999, 2, 3}}));
  EXPECT_EQ(numbers_of(kGoPro, 9999, 3, 10), (std::vector<std::int64_t>{9999, 1, 2}));
  EXPECT_EQ(numbers_of(kGoPro, 9999, 3, 2), (std::vector<std::int64_t>{9999, 1}));
  for (const std::int64_t number : {9999, 1, 2}) add(number, 1);
  EXPECT_EQ(gaps(), Gaps());
  // Twice around.
  for (std::int64_t round = 0; round < 2; ++round)
    for (std::int64_t number = 4; number < 9999; number += 1'000) add(number, 10 + round * 10'000 + number);
  EXPECT_EQ(repeats_, 0u);
}

TEST_F(CountersTest, ACameraThatWasResetBeginsARun) {
  for (const std::int64_t number : {148, 149, 150}) add(number, number);
  for (const std::int64_t number : {1, 2, 4}) add(number, 1'000 + number);
  EXPECT_EQ(gaps(), (Gaps{{3, 3, 1}}));
  EXPECT_EQ(repeats_, 0u);
  // Where the numbers were had before, that is told.
  files_.clear();
  for (const std::int64_t number : {1, 2, 3}) add(number, number);
  for (const std::int64_t number : {1, 2}) add(number, 1'000 + number);
  EXPECT_EQ(gaps(), Gaps());
  EXPECT_EQ(repeats_, 1u);
}

TEST_F(CountersTest, TheSameFileAgainIsNoRepeat) {
  add(1, 1, "same");
  add(1, 2, "same");
  add(2, 3);
  EXPECT_EQ(gaps(), Gaps());
  EXPECT_EQ(repeats_, 0u);
}

TEST_F(CountersTest, AClockThatWasWrongForOneFileLosesNothing) {
  for (const std::int64_t number : {121, 122, 123, 125}) add(number, 1'000 + number);
  add(124, 1);
  EXPECT_EQ(gaps(), Gaps());
}

}  // namespace
}  // namespace lapel::cameras
