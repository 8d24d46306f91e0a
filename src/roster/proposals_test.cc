// SPDX-License-Identifier: Apache-2.0
#include "roster/proposals.h"

#include <thread>
#include <vector>

#include "base/problems.h"
#include "roster/roster_for_tests.h"

namespace lapel::roster {
namespace {

class ProposalsTest : public RosterTest {
 protected:
  void SetUp() override {
    RosterTest::SetUp();
    // As much of the table that holds name as they need.
    ASSERT_TRUE(database_->write([](db::Transaction& tx) -> Result<void> {
      TRY(tx.run("CREATE TABLE recordings (id TEXT NOT NULL PRIMARY KEY)"));
      return {};
    }));
    ASSERT_TRUE(db::migrate(*database_, "holds", holds_schema()));
    proposer_ = add(agency_, "proposer", {access::Role::kRecords});
    decider_ = add(agency_, "decider", {access::Role::kRecords});
  }

  Proposal make(const std::string& item, Timestamp at = kNow) {
    Proposal out;
    out.id = crypto::new_id<ProposalId>();
    out.agency = agency_;
    out.item = item;
    out.reason = "settled";
    out.proposer = proposer_;
    out.proposed_at = at;
    out.expires_at = at + kProposalLifeUs;
    return out;
  }
  Result<void> propose(const Proposal& proposal) {
    return database_->write([&](db::Transaction& tx) { return add_proposal(tx, proposal); });
  }
  Result<void> decide(const ProposalId& id, const PersonId& who, Timestamp at = kNow + 1,
                      ProposalState state = ProposalState::kApproved) {
    return database_->write([&](db::Transaction& tx) { return decide_proposal(tx, id, {state, who, at, "read it"}); });
  }
  ProposalState state(const ProposalId& id, Timestamp now) {
    return read([&](db::Transaction& tx) { return proposal(tx, agency_, id, now); }).state;
  }
  std::size_t listed(ProposalState wanted, Timestamp now) {
    return read([&](db::Transaction& tx) { return proposals(tx, agency_, wanted, now, std::nullopt); }).size();
  }

  PersonId proposer_, decider_;
};

TEST_F(ProposalsTest, OneThatNobodyDecidesExpiresAndMakesRoomForAnother) {
  const Proposal made = make("a");
  ASSERT_TRUE(propose(made));
  const Timestamp last = kNow + (kProposalLifeUs - 1), end = kNow + kProposalLifeUs;
  EXPECT_EQ(state(made.id, last), ProposalState::kOpen);
  EXPECT_EQ(listed(ProposalState::kOpen, last), 1U);
  EXPECT_EQ(propose(make("a", last)).error().code(), Code::kConflict);
  EXPECT_EQ(state(made.id, end), ProposalState::kExpired);
  EXPECT_EQ(listed(ProposalState::kOpen, end), 0U);
  EXPECT_EQ(listed(ProposalState::kExpired, end), 1U);
  const auto late = decide(made.id, decider_, end);
  EXPECT_EQ(late.error().code(), Code::kConflict);
  EXPECT_EQ(late.error().message, "This proposal has expired");
  EXPECT_EQ(decide(made.id, proposer_, end, ProposalState::kWithdrawn).error().code(), Code::kConflict);
  ASSERT_TRUE(propose(make("a", end)));
}

TEST_F(ProposalsTest, WhoeverMadeItWithdrawsItAndNobodyElseAndDecidesItNever) {
  const Proposal made = make("a");
  ASSERT_TRUE(propose(made));
  for (const ProposalState outcome : {ProposalState::kApproved, ProposalState::kRefused})
    EXPECT_EQ(decide(made.id, proposer_, kNow + 1, outcome).error().problem, &problems::kTwoPeople);
  EXPECT_EQ(decide(made.id, decider_, kNow + 1, ProposalState::kWithdrawn).error().problem, &problems::kTwoPeople);
  ASSERT_TRUE(decide(made.id, proposer_, kNow + 1, ProposalState::kWithdrawn));
  EXPECT_EQ(decide(made.id, decider_).error().code(), Code::kConflict);
  EXPECT_EQ(state(made.id, kNow + kProposalLifeUs), ProposalState::kWithdrawn);
}

TEST_F(ProposalsTest, OfManyWhoDecideAtOnceOneDoes) {
  constexpr int kDeciders = 8;
  const Proposal made = make("a");
  ASSERT_TRUE(propose(made));
  std::vector<PersonId> deciders;
  for (int i = 0; i < kDeciders; ++i)
    deciders.push_back(add(agency_, fmt::format("decider{}", i), {access::Role::kRecords}));
  std::vector<std::optional<Code>> answers(kDeciders);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kDeciders; ++i) {
      threads.emplace_back([&, i] {
        const auto done = decide(made.id, deciders[i]);
        if (!done) answers[i] = done.error().code();
      });
    }
  }
  int won = 0;
  for (const auto& answer : answers) {
    if (!answer)
      ++won;
    else
      EXPECT_EQ(*answer, Code::kConflict);
  }
  EXPECT_EQ(won, 1);
}

TEST_F(ProposalsTest, AnotherThingOrAnotherItemMayBeProposedBesides) {
  ASSERT_TRUE(propose(make("a")));
  ASSERT_TRUE(propose(make("b")));
  Proposal other = make("a");
  other.act = TwoPersonAct::kLiftRestriction;
  ASSERT_TRUE(propose(other));
  EXPECT_EQ(listed(ProposalState::kOpen, kNow), 3U);
}

}  // namespace
}  // namespace lapel::roster
