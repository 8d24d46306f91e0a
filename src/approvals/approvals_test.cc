// SPDX-License-Identifier: Apache-2.0
// What takes two people, by the room itself. That each shows a factor first is signin's, and who is asked for one the routes'.
#include "approvals/approvals.h"

#include "evidence/vault_for_tests.h"

namespace lapel::approvals {
namespace {

using access::Restriction;
using access::Role;
using evidence::code_of;
using evidence::message_of;
using evidence::problem_of;
using roster::ProposalState;
using roster::TwoPersonAct;

class ApprovalsTest : public evidence::VaultTest {
 protected:
  evidence::HeldItem hold(const RecordingId& id) { return *holds_.place(clerk_, {"Doe", "a letter", id, {}}); }
  evidence::HeldItem hold(const std::string& incident) {
    return *holds_.place(clerk_, {"Doe", "a letter", {}, incident});
  }
  Result<Proposed> release(const access::Actor& who, const evidence::HeldItem& held) {
    return approvals_.propose(who, TwoPersonAct::kHoldRelease, held.hold.id.text(), "settled");
  }
  Result<Proposed> lift(const access::Actor& who, const RecordingId& id) {
    return approvals_.propose(who, TwoPersonAct::kLiftRestriction, id.text(), "of age now");
  }
  Result<Proposed> approve(const access::Actor& who, const Result<Proposed>& made,
                           ProposalState outcome = ProposalState::kApproved) {
    EXPECT_TRUE(made) << message_of(made);
    return approvals_.decide(who, made->proposal.id, outcome, "read it");
  }
  bool is_held(const RecordingId& id) { return vault_->show(clerk_, id)->state == access::State::kHeld; }
  std::vector<std::string> acts(const SubjectId& id) {
    std::vector<std::string> out;
    for (const std::string& type : types(id)) {
      if (type != "recording.admitted" && type != "hold.placed" && type != "identity.bound") out.push_back(type);
    }
    return out;
  }
  void set_roles(const access::Actor& who, const std::string& role) {
    run(fmt::format("UPDATE person_roles SET role = '{}' WHERE person = '{}'", role, who.person.text()));
  }

  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  const access::Actor lawyer_ = enter("lawyer", {Role::kCounsel});
  evidence::Holds holds_{{*database_, *ledgers_, clock_}};
  Approvals approvals_{{*database_, *ledgers_, clock_, holds_}};
};

TEST_F(ApprovalsTest, WhatOneProposesAndAnotherApprovesHappensWithTheApproval) {
  const RecordingId id = admit(clerk_);
  const auto made = release(clerk_, hold(id));
  ASSERT_TRUE(made) << message_of(made);
  EXPECT_EQ(made->proposer, "Of clerk");
  EXPECT_FALSE(made->may_decide);
  EXPECT_TRUE(approvals_.show(lawyer_, made->proposal.id)->may_decide);
  EXPECT_TRUE(is_held(id));
  const auto done = approve(lawyer_, made);
  ASSERT_TRUE(done) << message_of(done);
  EXPECT_EQ(done->proposal.state, ProposalState::kApproved);
  EXPECT_EQ(done->decider, "Of lawyer");
  EXPECT_FALSE(is_held(id));
  EXPECT_EQ(acts(id), (std::vector<std::string>{"proposal.made", "proposal.approved", "hold.released"}));
  EXPECT_EQ(text(events(id, "hold.released")[0], "proposal"), made->proposal.id.text());
  EXPECT_EQ(text(events(id, "proposal.approved")[0], "actor"), lawyer_.person.text());
  EXPECT_EQ(code_of(approve(lawyer_, made)), Code::kConflict) << "once";
  EXPECT_EQ(code_of(release(clerk_, *holds_.list(clerk_, {}).map([](auto page) { return page.items[0]; }))),
            Code::kConflict)
      << "it is released";
}

TEST_F(ApprovalsTest, WhatIsRefusedOrWithdrawnChangesNothingButTheRecord) {
  const RecordingId id = admit(clerk_);
  const evidence::HeldItem held = hold(id);
  const auto first = release(clerk_, held);
  EXPECT_EQ(code_of(release(lawyer_, held)), Code::kConflict) << "one waits already";
  ASSERT_TRUE(approve(lawyer_, first, ProposalState::kRefused));
  const auto second = release(clerk_, held);
  ASSERT_TRUE(approve(clerk_, second, ProposalState::kWithdrawn));
  EXPECT_TRUE(is_held(id));
  EXPECT_EQ(acts(id),
            (std::vector<std::string>{"proposal.made", "proposal.refused", "proposal.made", "proposal.withdrawn"}));
  EXPECT_EQ(code_of(approve(lawyer_, second)), Code::kConflict);
}

TEST_F(ApprovalsTest, NobodyIsBothOfTwoAndTheAttemptIsOnRecord) {
  const RecordingId id = admit(clerk_);
  const auto made = release(clerk_, hold(id));
  for (const ProposalState outcome : {ProposalState::kApproved, ProposalState::kRefused})
    EXPECT_EQ(problem_of(approve(clerk_, made, outcome)), &problems::kTwoPeople);
  EXPECT_EQ(problem_of(approve(lawyer_, made, ProposalState::kWithdrawn)), &problems::kTwoPeople);
  EXPECT_TRUE(is_held(id));
  const std::vector<Json> denied = events(id, "proposal.denied");
  ASSERT_EQ(denied.size(), 3U);
  EXPECT_EQ(text(denied[0], "actor"), clerk_.person.text());
  EXPECT_EQ(text(denied[2], "actor"), lawyer_.person.text());
  for (const Json& event : denied) {
    EXPECT_EQ(text(event, "proposal"), made->proposal.id.text());
    EXPECT_TRUE(text(event, "rule").starts_with("two people"));
  }
}

TEST_F(ApprovalsTest, WhatARuleRefusesSomebodyWhoMayKnowIsOnRecordAndWhatIsHiddenIsNot) {
  const access::Actor liaison = enter("liaison", {Role::kDaLiaison}), hill = enter("hill", {Role::kOfficer}, "4711"),
                      wearer = enter("wearer", {Role::kOfficer, Role::kRecords}, "4712");
  const RecordingId id = admit(clerk_, {.wearer = "4712"});
  const evidence::HeldItem held = hold(id);
  EXPECT_EQ(problem_of(release(wearer, held)), &problems::kRule) << "their own";
  const auto made = release(liaison, held);
  const auto by_liaison_of_clerk = approve(wearer, made);
  EXPECT_EQ(problem_of(by_liaison_of_clerk), &problems::kRule) << "nor do they decide on it";
  EXPECT_EQ(events(id, "proposal.denied").size(), 2U);
  EXPECT_EQ(text(events(id, "proposal.denied")[0], "action"), "propose_hold_release");
  EXPECT_EQ(text(events(id, "proposal.denied")[1], "action"), "decide_hold_release");
  const std::uint64_t before = sealed();
  EXPECT_EQ(problem_of(release(hill, held)), &problems::kRule) << "whoever ends no hold learns of none";
  EXPECT_EQ(problem_of(approvals_.show(hill, made->proposal.id)), &problems::kRule);
  EXPECT_EQ(code_of(lift(hill, id)), Code::kNotFound);
  EXPECT_EQ(sealed(), before);
}

TEST_F(ApprovalsTest, WhatCameSinceItWasProposedTakesAnotherProposal) {
  const RecordingId first = admit(clerk_, {.incident = "22-117"});
  const auto made = release(clerk_, hold("22-117"));
  const RecordingId later = admit(clerk_, {.incident = "22-117"});
  const auto late = approve(lawyer_, made);
  EXPECT_EQ(code_of(late), Code::kConflict);
  EXPECT_EQ(message_of(late),
            "The hold covers other recordings than when its release was proposed: it takes another proposal");
  EXPECT_TRUE(is_held(first) && is_held(later));
  EXPECT_EQ(acts(ashfield_.console), std::vector<std::string>{"proposal.made"}) << "nothing of it is sealed";
  ASSERT_TRUE(approve(clerk_, made, ProposalState::kWithdrawn));
  EXPECT_TRUE(approve(lawyer_, release(clerk_, *holds_.list(clerk_, {}).map([](auto page) { return page.items[0]; }))));
  EXPECT_FALSE(is_held(first) || is_held(later));
}

TEST_F(ApprovalsTest, WhoMayDoTheirHalfNoMoreHasNotDoneIt) {
  const RecordingId id = admit(clerk_);
  const evidence::HeldItem held = hold(id);
  const auto made = release(clerk_, held);
  set_roles(clerk_, "officer");
  const auto without_proposer = approve(lawyer_, made);
  EXPECT_EQ(code_of(without_proposer), Code::kConflict);
  EXPECT_TRUE(message_of(without_proposer).starts_with("Whoever proposed this may no longer do so"));
  set_roles(clerk_, "records");
  // Whoever decides was asked with the rights that they had a moment ago.
  set_roles(lawyer_, "officer");
  EXPECT_EQ(problem_of(approve(lawyer_, made)), &problems::kRule);
  run(fmt::format("UPDATE people SET active_until_us = 1 WHERE id = '{}'", lawyer_.person.text()));
  EXPECT_EQ(problem_of(approve(lawyer_, made)), &problems::kRule);
  EXPECT_TRUE(is_held(id));
  EXPECT_EQ(acts(id), std::vector<std::string>{"proposal.made"});
}

TEST_F(ApprovalsTest, ARestrictionIsLiftedByTwoWhoAreClearedForIt) {
  const access::Actor one = enter("one", {Role::kRecords}), two = enter("two", {Role::kCommand}),
                      uncleared = enter("uncleared", {Role::kCommand}),
                      detective = enter("detective", {Role::kInvestigator});
  clear(one, Restriction::kMinor);
  clear(two, Restriction::kMinor);
  const RecordingId first = admit(clerk_), second = admit(clerk_, {.group = first});
  EXPECT_EQ(code_of(lift(one, first)), Code::kConflict) << "it is not locked";
  ASSERT_TRUE(change(one, second, {.restriction = Restriction::kMinor}));
  EXPECT_EQ(problem_of(lift(uncleared, first)), &problems::kRule);
  EXPECT_EQ(code_of(lift(detective, first)), Code::kNotFound);
  EXPECT_EQ(code_of(lift(one, crypto::new_id<RecordingId>())), Code::kNotFound);
  const auto made = lift(one, first);
  EXPECT_EQ(problem_of(approve(uncleared, made)), &problems::kRule);
  EXPECT_EQ(vault_->show(clerk_, second)->restriction, Restriction::kMinor);
  const auto done = approve(two, made);
  ASSERT_TRUE(done) << message_of(done);
  for (const RecordingId& id : {first, second}) {
    EXPECT_EQ(vault_->show(clerk_, id)->state, access::State::kSealed) << "of whichever file it was asked";
    const Json lifted = events(id, "recording.changed").at(1);
    EXPECT_EQ(text(lifted, "old"), "minor");
    EXPECT_EQ(text(lifted, "proposal"), made->proposal.id.text());
  }
}

TEST_F(ApprovalsTest, ARecordingThatWasChangedSinceStaysLocked) {
  const access::Actor one = enter("one", {Role::kRecords}), two = enter("two", {Role::kCommand});
  clear(one, Restriction::kMinor);
  clear(two, Restriction::kMinor);
  const RecordingId first = admit(clerk_);
  ASSERT_TRUE(change(one, first, {.restriction = Restriction::kMinor}));
  const auto made = lift(one, first);
  admit(clerk_, {.group = first});
  EXPECT_EQ(code_of(approve(two, made)), Code::kConflict) << "a file arrived that nobody had looked at";
  ASSERT_TRUE(approve(one, made, ProposalState::kWithdrawn));
  const auto again = lift(one, first);
  ASSERT_TRUE(change(one, first, {.category = "arrest"}));
  EXPECT_EQ(code_of(approve(two, again)), Code::kConflict);
  EXPECT_EQ(vault_->show(clerk_, first)->state, access::State::kRestricted);
}

TEST_F(ApprovalsTest, AnApproverSeesWhatTheyMayDecideAndNothingElse) {
  const access::Actor outsider = enter("outsider", {Role::kApprover}),
                      stranger = enter_elsewhere("stranger", {Role::kRecords});
  const RecordingId id = admit(clerk_), locked = admit(clerk_);
  const access::Actor cleared = enter("cleared", {Role::kRecords});
  clear(cleared, Restriction::kMinor);
  ASSERT_TRUE(change(cleared, locked, {.restriction = Restriction::kMinor}));
  const auto release_of = release(clerk_, hold(id)), lifting = lift(cleared, locked);
  const auto listed = approvals_.list(outsider, {}, {});
  ASSERT_TRUE(listed) << message_of(listed);
  ASSERT_EQ(listed->items.size(), 1U);
  EXPECT_EQ(listed->items[0].proposal.id, release_of->proposal.id);
  EXPECT_TRUE(listed->items[0].may_decide);
  EXPECT_EQ(code_of(approvals_.show(outsider, lifting->proposal.id)), Code::kNotFound);
  EXPECT_EQ(code_of(vault_->show(outsider, id)), Code::kNotFound);
  EXPECT_EQ(problem_of(holds_.list(outsider, {})), &problems::kRule);
  const auto anothers = approvals_.show(stranger, release_of->proposal.id),
             unknown = approvals_.show(stranger, crypto::new_id<ProposalId>());
  EXPECT_EQ(code_of(anothers), Code::kNotFound);
  EXPECT_EQ(message_of(anothers), message_of(unknown));
  EXPECT_TRUE(approvals_.list(stranger, {}, {})->items.empty());
  EXPECT_TRUE(approve(outsider, release_of));
}

TEST_F(ApprovalsTest, WhoMayNotKnowWhatAHoldIsOnHearsOfNoProposalToReleaseIt) {
  const access::Actor liaison = enter("liaison", {Role::kDaLiaison});
  const RecordingId open = admit(clerk_), locked = admit(clerk_);
  ASSERT_TRUE(change(clerk_, locked, {.restriction = Restriction::kMinor}));
  const auto of_open = release(clerk_, hold(open)), of_locked = release(clerk_, hold(locked));
  ASSERT_TRUE(of_locked) << message_of(of_locked);
  EXPECT_EQ(approvals_.list(liaison, {}, {})->items.size(), 1U);
  EXPECT_TRUE(approvals_.show(liaison, of_open->proposal.id));
  EXPECT_EQ(code_of(approvals_.show(liaison, of_locked->proposal.id)), Code::kNotFound);
  EXPECT_TRUE(approve(lawyer_, of_locked)) << "whoever may decide sees it, and by it nothing else";
}

TEST_F(ApprovalsTest, WhatNobodyDecidesExpires) {
  const RecordingId id = admit(clerk_);
  const evidence::HeldItem held = hold(id);
  const auto made = release(clerk_, held);
  clock_.set({made->proposal.expires_at.us});
  EXPECT_EQ(approvals_.show(lawyer_, made->proposal.id)->proposal.state, ProposalState::kExpired);
  EXPECT_EQ(code_of(approve(lawyer_, made)), Code::kConflict);
  EXPECT_TRUE(is_held(id));
  EXPECT_TRUE(release(clerk_, held)) << "there is room for another";
}

TEST_F(ApprovalsTest, ACredentialThatMayProposeNothingTakesNothingBack) {
  const auto made = release(clerk_, hold(admit(clerk_)));
  access::Actor narrow = clerk_;
  narrow.scopes = {access::Action::kSeeProposals};
  EXPECT_EQ(problem_of(approve(narrow, made, ProposalState::kWithdrawn)), &problems::kRule);
  EXPECT_EQ(approvals_.show(clerk_, made->proposal.id)->proposal.state, ProposalState::kOpen);
}

TEST_F(ApprovalsTest, AnActHasAReason) {
  const evidence::HeldItem held = hold(admit(clerk_));
  const std::string item = held.hold.id.text();
  for (const std::string& reason : {std::string(), std::string("a\nb"), std::string(limits::kFieldBytesMax + 1, 'a')}) {
    EXPECT_EQ(code_of(approvals_.propose(clerk_, TwoPersonAct::kHoldRelease, item, reason)), Code::kInvalid);
  }
  const auto made = release(clerk_, held);
  EXPECT_EQ(code_of(approvals_.decide(lawyer_, made->proposal.id, ProposalState::kApproved, "")), Code::kInvalid);
  EXPECT_EQ(code_of(approvals_.propose(clerk_, TwoPersonAct::kHoldRelease, "no id", "settled")), Code::kNotFound);
}

}  // namespace
}  // namespace lapel::approvals
