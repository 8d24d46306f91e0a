// SPDX-License-Identifier: Apache-2.0
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/restarts_for_tests.h"
#include "proof/receipt.h"

namespace lapel::ledger {
namespace {

// 2022-12-02T16:53:20Z is where the clock starts; the month after begins 29.3 days later.
constexpr std::int64_t kSecond = 1'000'000, kDay = 86'400 * kSecond;
constexpr Timestamp kJanuary{1'672'531'200 * kSecond};  // 2023-01-01T00:00:00Z

class TallyTest : public LedgerTest {
 protected:
  // The published ledger's public statements of one type, oldest first.
  std::vector<Json> statements(const Ledger& ledger, std::string_view type) {
    std::vector<Json> out;
    const std::uint64_t size = published_size(ledger);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto receipt = ledger.statement_receipt(index, Under::kPublished);
      if (!receipt) continue;
      const auto verified = proof::verify_receipt(*receipt, {key_, {}});
      EXPECT_TRUE(verified) << verified.error().reason;
      if (*verified->statement.find_string("type") == type) out.push_back(verified->statement);
    }
    return out;
  }
  void publish_at(Ledger& ledger, Timestamp time) {
    const std::uint64_t before = published_size(ledger);
    clock_.set(time);
    ledger.start_publishing();
    wait_published(ledger, before);
  }
};

TEST_F(TallyTest, AMonthIsCountedTenBeatsAfterThePeriodThatFollowsIt) {
  const auto ledger = open();
  const auto subject = crypto::new_id<SubjectId>();
  for (int i = 0; i < 3; ++i) seal(*ledger, subject);
  clock_.set(kJanuary + (-10'000));
  seal(*ledger, subject);  // the last hundredth of December
  clock_.set(kJanuary);
  seal(*ledger, subject);  // January's
  publish_at(*ledger, kJanuary + 9 * 60 * kSecond);
  EXPECT_TRUE(statements(*ledger, "ledger.tally").empty());

  publish_at(*ledger, kJanuary + 10 * 60 * kSecond);
  const auto tallies = statements(*ledger, "ledger.tally");
  ASSERT_EQ(tallies.size(), 1u);
  EXPECT_EQ(canonical(tallies[0]),
            R"({"counts":{"recording.viewed":4},"from":"2022-12-01T00:00:00.00Z","ledger":"ledger.example/ashfield",)"
            R"("to":"2023-01-01T00:00:00.00Z","type":"ledger.tally"})");
  EXPECT_EQ(published_size(*ledger) % 16, 0u);  // the statement is part of what padding rounds up
  publish_at(*ledger, kJanuary + kDay + 10 * 60 * kSecond);
  EXPECT_EQ(statements(*ledger, "ledger.tally").size(), 1u);
  expect_sound(*ledger);
}

TEST_F(TallyTest, MonthsMissedAreCountedTogetherAndEmptyOnesToo) {
  {
    const auto ledger = open();
    seal(*ledger, crypto::new_id<SubjectId>());
  }
  clock_.set(kJanuary + 70 * kDay);  // 2023-03-12: the server was off since December
  const auto ledger = open();
  publish_at(*ledger, kJanuary + 70 * kDay);
  const auto tallies = statements(*ledger, "ledger.tally");
  ASSERT_EQ(tallies.size(), 3u);
  EXPECT_EQ(*tallies[0].find("counts"), Json(Json::Object{{"recording.viewed", 1}}));
  EXPECT_EQ(*tallies[1].find("counts"), Json(Json::Object{}));
  EXPECT_EQ(*tallies[2].find_string("to"), "2023-03-01T00:00:00.00Z");
  expect_sound(*ledger);
}

TEST_F(TallyTest, ATallyThatDoesNotFitItsEventsIsAFault) {
  {
    const auto ledger = open();
    seal(*ledger, crypto::new_id<SubjectId>());
    publish_at(*ledger, kJanuary + kDay);
    ASSERT_EQ(statements(*ledger, "ledger.tally").size(), 1u);
  }
  // An event moved to another month, in both columns that say so: the leaf no longer opens, and the tally is off.
  run("UPDATE ledger_events SET at_us = at_us + 2678400000000, event = replace(event, '2022-12-02', '2023-01-02')");
  const auto found = faults();
  EXPECT_NE(std::find_if(found.begin(), found.end(), [](const std::string& f) { return f.find("tally") != f.npos; }),
            found.end());
}

}  // namespace
}  // namespace lapel::ledger
