// SPDX-License-Identifier: Apache-2.0
#include "evidence/holds.h"
#include "evidence/vault_for_tests.h"

namespace lapel::evidence {
namespace {

using access::Role;

class PlacedHoldsTest : public VaultTest {
 protected:
  Result<HeldItem> place(const access::Actor& who, const std::optional<RecordingId>& recording,
                         const std::optional<std::string>& incident, const std::string& matter = "Doe v. Ashfield",
                         const std::string& reason = "a letter") {
    return holds_.place(who, {matter, reason, recording, incident});
  }
  HeldItem on(const RecordingId& id) { return *place(clerk_, id, {}); }
  HeldItem on(const std::string& incident) { return *place(clerk_, {}, incident); }
  Target target(const access::Actor& who, const HoldId& id) {
    return read(
        [&](db::Transaction& tx) { return holds_.target(tx, who, roster::TwoPersonAct::kHoldRelease, id.text()); });
  }
  std::int64_t covered(const HoldId& id) {
    HeldItem held = *target(clerk_, id).held;
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) { return Holds::count(tx, held); }));
    return held.covers;
  }
  std::vector<HoldId> listed(const access::Actor& who) {
    std::vector<HoldId> out;
    const auto page = holds_.list(who, {});
    EXPECT_TRUE(page) << message_of(page);
    for (const HeldItem& held : page->items) out.push_back(held.hold.id);
    return out;
  }
  bool is_held(const RecordingId& id) { return vault_->show(clerk_, id)->state == access::State::kHeld; }
  // As its approved proposal does.
  void release(const HoldId& id) {
    roster::Proposal proposal;
    proposal.id = crypto::new_id<ProposalId>();
    proposal.agency = ashfield_.id;
    proposal.item = id.text();
    proposal.reason = "settled";
    proposal.proposer = clerk_.person;
    proposal.expires_at = clock_.now() + 1;
    write([&](db::Transaction& tx) -> Result<void> {
      TRY(roster::add_proposal(tx, proposal));
      const Target now = TRY(holds_.target(tx, clerk_, roster::TwoPersonAct::kHoldRelease, id.text()));
      return Holds::carry_out(tx, now, proposal, clock_.now());
    });
  }

  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  Holds holds_{{*database_, *ledgers_, clock_}};
};

TEST_F(PlacedHoldsTest, OneOnARecordingStandsInItsChainAndOneOnAnIncidentInTheConsoles) {
  const RecordingId id = admit(clerk_, {.incident = "22-117"});
  const HeldItem of_recording = on(id), of_incident = on("22-117");
  const Json in_recording = events(id, "hold.placed").at(0),
             in_console = events(ashfield_.console, "hold.placed").at(0);
  EXPECT_EQ(text(in_recording, "hold"), of_recording.hold.id.text());
  EXPECT_EQ(text(in_recording, "matter"), "Doe v. Ashfield");
  EXPECT_EQ(text(in_recording, "reason"), "a letter");
  EXPECT_EQ(text(in_recording, "incident"), "nothing");
  EXPECT_EQ(text(in_console, "hold"), of_incident.hold.id.text());
  EXPECT_EQ(text(in_console, "incident"), "22-117");
  EXPECT_EQ(events(id, "hold.placed").size(), 1U);
  EXPECT_EQ(of_recording.placed_by, "Of clerk");
  EXPECT_TRUE(is_held(id));
}

TEST_F(PlacedHoldsTest, ItNamesOneOfTheTwoAndSaysWhatFor) {
  const RecordingId id = admit(clerk_);
  const std::uint64_t before = sealed();
  EXPECT_EQ(code_of(place(clerk_, id, "22-117")), Code::kInvalid);
  EXPECT_EQ(code_of(place(clerk_, {}, {})), Code::kInvalid);
  EXPECT_EQ(code_of(place(clerk_, {}, "")), Code::kInvalid);
  EXPECT_EQ(code_of(place(clerk_, id, {}, "")), Code::kInvalid);
  EXPECT_EQ(code_of(place(clerk_, id, {}, "Doe", "")), Code::kInvalid);
  EXPECT_EQ(code_of(place(clerk_, id, {}, "Doe\n")), Code::kInvalid);
  EXPECT_EQ(sealed(), before);
  EXPECT_FALSE(is_held(id));
}

TEST_F(PlacedHoldsTest, WhoMayNotKnowOfARecordingHoldsNothingByItsId) {
  const access::Actor liaison = enter("liaison", {Role::kDaLiaison}), hill = enter("hill", {Role::kOfficer}, "4711");
  const RecordingId locked = admit(clerk_), theirs = admit(enter_elsewhere("stranger", {Role::kRecords}));
  run(fmt::format("UPDATE recordings SET restriction = 'minor', state = 'restricted' WHERE id = '{}'", locked.text()));
  const auto unknown = place(liaison, crypto::new_id<RecordingId>(), {});
  EXPECT_EQ(code_of(unknown), Code::kNotFound);
  for (const RecordingId& id : {locked, theirs}) {
    const auto refused = place(liaison, id, {});
    EXPECT_EQ(code_of(refused), Code::kNotFound);
    EXPECT_EQ(message_of(refused), message_of(unknown));
  }
  EXPECT_EQ(problem_of(place(hill, admit(clerk_, {.wearer = "4711"}), {})), &problems::kRule);
  EXPECT_EQ(problem_of(holds_.list(hill, {})), &problems::kRule);
  EXPECT_EQ(count("holds"), 0);
  // A hold on it that somebody else has placed is not told to whoever may not know what it is on.
  on(locked);
  EXPECT_EQ(listed(clerk_).size(), 1U);
  EXPECT_TRUE(listed(liaison).empty());
}

TEST_F(PlacedHoldsTest, ItCoversFurtherFilesAndWhatArrivesLater) {
  const RecordingId first = admit(clerk_), elsewhere = admit(clerk_);
  on(first);
  const HeldItem incident = on("22-117");
  EXPECT_EQ(incident.covers, 0);
  const RecordingId further = admit(clerk_, {.group = first}), of_incident = admit(clerk_, {.incident = "22-117"});
  const RecordingId further_of_incident = admit(clerk_, {.group = of_incident});
  for (const RecordingId& id : {first, further, of_incident, further_of_incident}) EXPECT_TRUE(is_held(id));
  EXPECT_FALSE(is_held(elsewhere));
  EXPECT_EQ(covered(incident.hold.id), 2);
}

TEST_F(PlacedHoldsTest, SeveralStandBesideOneAnotherUntilTheLastIsReleased) {
  const RecordingId id = admit(clerk_, {.incident = "22-117"});
  const HeldItem first = on(id);
  clock_.advance_us(1'000'000);
  const HeldItem second = on("22-117");
  release(first.hold.id);
  EXPECT_TRUE(is_held(id));
  EXPECT_EQ(listed(clerk_), (std::vector<HoldId>{second.hold.id, first.hold.id})) << "what stands comes first";
  release(second.hold.id);
  EXPECT_FALSE(is_held(id));
}

TEST_F(PlacedHoldsTest, AReleasedHoldIsNotReleasedAgain) {
  const HeldItem held = on(admit(clerk_));
  release(held.hold.id);
  const auto again = database_->write([&](db::Transaction& tx) {
    return roster::release_hold(tx, held.hold.id, crypto::new_id<ProposalId>(), clock_.now());
  });
  EXPECT_EQ(code_of(again), Code::kConflict);
}

TEST_F(PlacedHoldsTest, WhatIsProposedIsTheVerySetThatItCovers) {
  const HeldItem held = on("22-117");
  const auto revision = [&] {
    const Target released = target(clerk_, held.hold.id);
    return read([&](db::Transaction& tx) { return Holds::revision(tx, released); });
  };
  const std::int64_t nothing = revision();
  const RecordingId one = admit(clerk_, {.incident = "22-117"});
  const std::int64_t with_one = revision();
  EXPECT_NE(with_one, nothing);
  ASSERT_TRUE(change(clerk_, one, {.category = "arrest"}));
  EXPECT_EQ(revision(), with_one) << "what they are said to be is nothing to a hold";
  // As many, and others.
  run("UPDATE recordings SET incident = NULL");
  admit(clerk_, {.incident = "22-117"});
  EXPECT_EQ(covered(held.hold.id), 1);
  EXPECT_NE(revision(), with_one);
  run(fmt::format("UPDATE recordings SET incident = CASE WHEN id = '{}' THEN '22-117' END", one.text()));
  EXPECT_EQ(revision(), with_one);
}

TEST_F(PlacedHoldsTest, WhoseRecordingItCoversIsToldApart) {
  const access::Actor wearer = enter("wearer", {Role::kOfficer, Role::kRecords}, "4711");
  const HeldItem held = on("22-117");
  admit(clerk_, {.wearer = "4711", .incident = "22-117"});
  EXPECT_EQ(target(wearer, held.hold.id).item.assigned_officer, wearer.person);
  EXPECT_EQ(target(clerk_, held.hold.id).item.assigned_officer, std::nullopt);
}

TEST_F(PlacedHoldsTest, AListComesByThePage) {
  std::vector<HoldId> placed;
  for (int i = 0; i < 5; ++i) {
    placed.insert(placed.begin(), on(fmt::format("22-{}", i)).hold.id);
    clock_.advance_us(1'000'000);
  }
  std::vector<HoldId> all;
  PageQuery query{2, {}};
  for (std::size_t pages = 1;; ++pages) {
    const auto page = *holds_.list(clerk_, query);
    for (const HeldItem& held : page.items) all.push_back(held.hold.id);
    if (page.next.empty()) {
      EXPECT_EQ(pages, 3U);
      break;
    }
    EXPECT_EQ(page.items.size(), 2U);
    query.after = *parse_cursor(page.next);
  }
  EXPECT_EQ(all, placed);
}

}  // namespace
}  // namespace lapel::evidence
