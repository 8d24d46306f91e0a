// SPDX-License-Identifier: Apache-2.0
// What a recording is said to be, changed on the record; who may not; and what locks it.
#include "evidence/holds.h"
#include "evidence/locks.h"
#include "evidence/vault_for_tests.h"
#include "roster/locked.h"

namespace lapel::evidence {
namespace {

using access::Restriction;
using access::Role;

class ChangeTest : public VaultTest {
 protected:
  void lock(const access::Actor& who, const RecordingId& id, Restriction kind) {
    const auto done = change(who, id, {.restriction = kind});
    ASSERT_TRUE(done) << message_of(done);
  }
  bool may_see(const access::Actor& who, const RecordingId& id) { return vault_->show(who, id).has_value(); }
  // As access would say of it to somebody who is cleared for nothing.
  access::State state(const RecordingId& id) { return vault_->show(clerk_, id)->state; }

  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  const access::Actor hill_ = enter("hill", {Role::kOfficer}, "4711");
  const access::Actor detective_ = enter("detective", {Role::kInvestigator});
};

TEST_F(ChangeTest, EachFieldThatChangesIsAnEventThatTellsOldAndNewAndWhy) {
  const RecordingId id = admit(clerk_, {.incident = "22-117"});
  const auto changed =
      change(clerk_, id, {.category = "arrest", .incident = "22-117", .inside_home = true, .reason = "seen"});
  ASSERT_TRUE(changed) << message_of(changed);
  EXPECT_EQ(changed->description.category, "arrest");
  EXPECT_EQ(changed->is_inside_home, true);
  ASSERT_TRUE(change(clerk_, id, {.category = "", .incident = "22-118"}));
  EXPECT_EQ(vault_->show(clerk_, id)->description.category, std::nullopt);

  std::vector<std::string> said;
  for (const Json& event : events(id, "recording.changed")) {
    const Json* now = event.find("new");
    said.push_back(fmt::format("{} {} to {} because {}", text(event, "field"), text(event, "old"),
                               now ? to_json(*now) : "nothing", text(event, "reason")));
  }
  EXPECT_EQ(said, (std::vector<std::string>{"category nothing to \"arrest\" because seen",
                                            "inside_home nothing to true because seen",
                                            "category arrest to nothing because told by the test",
                                            "incident 22-117 to \"22-118\" because told by the test"}));
  ListQuery query;
  query.text = "22-118";
  EXPECT_EQ(vault_->list(clerk_, query)->items.size(), 1U) << "it is found by what it is now";
}

TEST_F(ChangeTest, WhatIsNoChangeSealsNothing) {
  const RecordingId id = admit(clerk_, {.category = "arrest"});
  const std::uint64_t before = sealed();
  EXPECT_TRUE(change(clerk_, id, {.category = "arrest", .victim_sensitive = false}));
  EXPECT_EQ(code_of(change(clerk_, id, {})), Code::kInvalid);
  EXPECT_EQ(code_of(change(clerk_, id, {.category = "traffic stop", .reason = ""})), Code::kInvalid);
  EXPECT_EQ(code_of(change(clerk_, id, {.category = "traffic\nstop"})), Code::kInvalid);
  EXPECT_EQ(code_of(change(clerk_, id, {.category = "stop", .reason = "a\x1b[2J"})), Code::kInvalid);
  EXPECT_EQ(sealed(), before);
  EXPECT_EQ(vault_->show(clerk_, id)->revision, 0);
}

TEST_F(ChangeTest, OfManyWhoChangeAtOnceEachTellsTheValueThatItReplaced) {
  constexpr int kWriters = 6;
  const RecordingId id = admit(clerk_, {.category = "0"});
  std::vector<Result<Recording>> done(kWriters, fail(Code::kInternal, "not run"));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kWriters; ++i)
      threads.emplace_back([&, i] { done[i] = change(clerk_, id, {.category = fmt::format("w{}", i)}); });
  }
  std::size_t changed = 0;
  for (const auto& one : done) {
    if (one)
      ++changed;
    else
      EXPECT_EQ(code_of(one), Code::kConflict) << message_of(one);
  }
  std::string last = "0";
  for (const Json& event : events(id, "recording.changed")) {
    EXPECT_EQ(text(event, "old"), last);
    last = text(event, "new");
  }
  EXPECT_GE(changed, 1U);
  EXPECT_EQ(events(id, "recording.changed").size(), changed);
  EXPECT_EQ(vault_->show(clerk_, id)->description.category, last);
}

TEST_F(ChangeTest, WhatBindsWhoMayLookIsCorrectedByOthersThanThoseWhoLook) {
  const access::Actor both = enter("both", {Role::kRecords, Role::kInvestigator});
  const RecordingId home = admit(clerk_, {.wearer = "4711", .incident = "22-117"});
  ASSERT_TRUE(change(detective_, home, {.inside_home = true, .victim_sensitive = true}));
  const std::uint64_t before = sealed();
  for (const access::Actor& who : {detective_, both, hill_}) {
    for (const Wanted& wanted : {Wanted{.incident = "22-118"}, Wanted{.incident = ""}, Wanted{.inside_home = false},
                                 Wanted{.victim_sensitive = false}, Wanted{.officer = std::optional<PersonId>()}}) {
      EXPECT_EQ(problem_of(change(who, home, wanted)), &problems::kRule) << who.login;
    }
  }
  EXPECT_EQ(events(home, "recording.denied").size(), 15U) << "each try is on record";
  EXPECT_EQ(sealed(), before + 15) << "and nothing else";
  EXPECT_EQ(text(events(home, "recording.denied").at(0), "action"), "reassign");
  EXPECT_TRUE(change(clerk_, home, {.incident = "22-118", .inside_home = false, .victim_sensitive = false}));
  // Where nothing is known, whoever works with it says it; but not of which incident a home is.
  const RecordingId fresh = admit(clerk_, {.wearer = "4711"});
  EXPECT_TRUE(change(hill_, fresh, {.incident = "22-117"}));
  const RecordingId unknown_home = admit(clerk_);
  ASSERT_TRUE(change(detective_, unknown_home, {.inside_home = true}));
  EXPECT_EQ(problem_of(change(detective_, unknown_home, {.incident = "22-117"})), &problems::kRule);
}

TEST_F(ChangeTest, NobodyMakesARecordingTheirOwnAndItsOfficerIsOfTheAgency) {
  const access::Actor stranger = enter_elsewhere("stranger", {Role::kOfficer});
  const RecordingId id = admit(clerk_, {.wearer = "4711"});
  EXPECT_EQ(problem_of(change(clerk_, id, {.officer = clerk_.person})), &problems::kRule);
  EXPECT_EQ(code_of(change(clerk_, id, {.officer = stranger.person})), Code::kInvalid);
  EXPECT_EQ(code_of(change(clerk_, id, {.officer = crypto::new_id<PersonId>()})), Code::kInvalid);
  EXPECT_TRUE(events(id, "recording.changed").empty());
  ASSERT_TRUE(change(clerk_, id, {.officer = std::optional<PersonId>()}));
  EXPECT_FALSE(may_see(hill_, id));
  ASSERT_TRUE(change(clerk_, id, {.officer = hill_.person}));
  EXPECT_TRUE(may_see(hill_, id));
}

TEST_F(ChangeTest, AnotherAgencysRecordingIsOneThatNeverWas) {
  const access::Actor stranger = enter_elsewhere("stranger", {Role::kRecords, Role::kCommand});
  const RecordingId id = admit(clerk_), unknown = crypto::new_id<RecordingId>();
  const auto same = [](const auto& one, const auto& other) {
    EXPECT_EQ(code_of(one), Code::kNotFound);
    EXPECT_EQ(message_of(one), message_of(other));
  };
  same(change(stranger, id, {.category = "mine"}), change(stranger, unknown, {.category = "mine"}));
  same(vault_->show(stranger, id), vault_->show(stranger, unknown));
  same(vault_->custody(stranger, id), vault_->custody(stranger, unknown));
  same(vault_->open_view(stranger, id, {}), vault_->open_view(stranger, unknown, {}));
  same(vault_->open_export(stranger, id, {}), vault_->open_export(stranger, unknown, {}));
  same(vault_->release_own(stranger, id, "mine"), vault_->release_own(stranger, unknown, "mine"));
  same(vault_->poster(stranger, id), vault_->poster(stranger, unknown));
  same(vault_->receipt(stranger, id, 0, ledger::Under::kSealed),
       vault_->receipt(stranger, unknown, 0, ledger::Under::kSealed));
  EXPECT_EQ(events(id).size(), 1U);
}

TEST_F(ChangeTest, OutOfAHeldIncidentNobodyMovesItAlone) {
  Holds holds({*database_, *ledgers_, clock_});
  const RecordingId id = admit(clerk_, {.incident = "22-117"});
  ASSERT_TRUE(holds.place(clerk_, {.matter = "Doe", .reason = "a letter", .recording = {}, .incident = "22-117"}));
  const auto moved = change(clerk_, id, {.category = "arrest", .incident = "22-118"});
  EXPECT_EQ(problem_of(moved), &problems::kTwoPeople);
  EXPECT_EQ(problem_of(change(clerk_, id, {.incident = ""})), &problems::kTwoPeople);
  EXPECT_TRUE(events(id, "recording.changed").empty()) << "all of the change or nothing";
  EXPECT_EQ(vault_->show(clerk_, id)->description.category, std::nullopt);
  EXPECT_TRUE(change(clerk_, id, {.category = "arrest", .incident = "22-117"})) << "it stays where it is";
}

TEST_F(ChangeTest, ARecordingThatWaitsIsReleasedToItsOfficerByASuperior) {
  const access::Actor captain = enter("captain", {Role::kCommand});
  write([&](db::Transaction& tx) {
    return roster::set_own_viewing_rule(tx, ashfield_.id, roster::OwnViewingRule::kAllowed,
                                        roster::OwnViewingRule::kSupervisorReleases);
  });
  const RecordingId id = admit(clerk_, {.wearer = "4711"}), nobodys = admit(clerk_);
  const ViewRequest own = {access::Purpose::kOwnRecording, {}, {}, {}};
  EXPECT_EQ(problem_of(vault_->open_view(hill_, id, own)), &problems::kRule);
  EXPECT_EQ(problem_of(vault_->release_own(hill_, id, "mine")), &problems::kRule);
  EXPECT_EQ(problem_of(vault_->release_own(clerk_, id, "asked")), &problems::kRule);
  EXPECT_EQ(code_of(vault_->release_own(captain, id, "")), Code::kInvalid);
  EXPECT_EQ(code_of(vault_->release_own(captain, nobodys, "report filed")), Code::kConflict);
  EXPECT_TRUE(events(id, "recording.released").empty());
  for (int again = 0; again < 2; ++again) ASSERT_TRUE(vault_->release_own(captain, id, "report filed"));
  EXPECT_EQ(count("releases"), 1);
  EXPECT_EQ(text(events(id, "recording.released")[0], "officer"), hill_.person.text());
  EXPECT_TRUE(vault_->open_view(hill_, id, own));
}

// ---- locks ----

TEST_F(ChangeTest, ALockCoversEachFileOfTheRecordingAndThoseThatArriveLater) {
  const access::Actor cleared = enter("cleared", {Role::kInvestigator});
  clear(cleared, Restriction::kMinor);
  const RecordingId first = admit(clerk_), second = admit(clerk_, {.group = first}), other = admit(clerk_);
  lock(clerk_, second, Restriction::kMinor);
  const RecordingId third = admit(clerk_, {.group = first});
  for (const RecordingId& id : {first, second, third}) {
    EXPECT_FALSE(may_see(detective_, id));
    EXPECT_EQ(vault_->show(clerk_, id)->restriction, Restriction::kMinor);
    EXPECT_EQ(state(id), access::State::kRestricted);
    EXPECT_TRUE(may_see(cleared, id));
    EXPECT_TRUE(vault_->open_view(cleared, id, {}));
    EXPECT_EQ(problem_of(vault_->open_view(clerk_, id, {})), &problems::kRule) << "seen in the list, and closed";
    EXPECT_EQ(problem_of(vault_->poster(cleared, id)), &problems::kRule);
  }
  // In the chain of each that was there, and of no other.
  for (const auto& [id, told] :
       {std::pair(first, 1U), std::pair(second, 1U), std::pair(third, 0U), std::pair(other, 0U)})
    EXPECT_EQ(events(id, "recording.changed").size(), told);
  EXPECT_TRUE(may_see(detective_, other));
}

TEST_F(ChangeTest, NobodyLocksARecordingOfWhichAFileIsTheirs) {
  const access::Actor wearer = enter("wearer", {Role::kOfficer, Role::kRecords}, "4712");
  const RecordingId first = admit(clerk_), own = admit(clerk_, {.wearer = "4712", .group = first});
  for (const RecordingId& id : {first, own})
    EXPECT_EQ(problem_of(change(wearer, id, {.restriction = Restriction::kMinor})), &problems::kRule);
  EXPECT_EQ(problem_of(change(detective_, first, {.restriction = Restriction::kMinor})), &problems::kRule);
  EXPECT_EQ(state(first), access::State::kSealed);
  EXPECT_TRUE(events(own, "recording.changed").empty());
}

TEST_F(ChangeTest, ALockIsNeitherChangedNorLiftedByOnePerson) {
  const RecordingId first = admit(clerk_), second = admit(clerk_, {.group = first});
  const access::Actor cleared = enter("cleared", {Role::kRecords});
  clear(cleared, Restriction::kMinor);
  lock(cleared, first, Restriction::kMinor);
  for (const RecordingId& id : {first, second}) {
    EXPECT_EQ(problem_of(change(cleared, id, {.restriction = Restriction::kMedical})), &problems::kTwoPeople);
    EXPECT_EQ(problem_of(change(cleared, id, {.restriction = std::optional<Restriction>()})), &problems::kTwoPeople);
    EXPECT_TRUE(change(cleared, id, {.restriction = Restriction::kMinor})) << "it is so already";
    EXPECT_EQ(events(id, "recording.changed").size(), 1U);
  }
}

TEST_F(ChangeTest, WhatIsInAnotherStateIsNotLocked) {
  const access::Actor inspector = enter("inspector", {Role::kInternalAffairs});
  const RecordingId id = admit(clerk_);
  run("UPDATE recordings SET state = 'in_review'");
  EXPECT_EQ(code_of(change(inspector, id, {.restriction = Restriction::kMinor})), Code::kConflict);
  run("UPDATE recordings SET state = 'disposed'");
  EXPECT_EQ(problem_of(change(inspector, id, {.restriction = Restriction::kMinor})), &problems::kRule);
  EXPECT_EQ(problem_of(change(inspector, id, {.category = "arrest"})), &problems::kRule);
  EXPECT_TRUE(events(id, "recording.changed").empty());
}

TEST_F(ChangeTest, WhereFilesAreLockedAsDifferentKindsItTakesTheClearanceForEach) {
  const access::Actor one = enter("one", {Role::kInvestigator}), two = enter("two", {Role::kInvestigator});
  clear(one, Restriction::kMinor);
  clear(two, Restriction::kMinor);
  clear(two, Restriction::kMedical);
  const RecordingId first = admit(clerk_), second = admit(clerk_, {.group = first});
  run(fmt::format("UPDATE recordings SET restriction = 'minor', state = 'restricted' WHERE id = '{}'", first.text()));
  EXPECT_TRUE(may_see(one, second));
  const auto is_only = [&](Restriction kind) {
    return read([&](db::Transaction& tx) { return roster::is_locked_only_as(tx, second, kind); });
  };
  EXPECT_TRUE(is_only(Restriction::kMinor));
  run(fmt::format("UPDATE recordings SET restriction = 'medical', state = 'restricted' WHERE id = '{}'",
                  second.text()));
  for (const RecordingId& id : {first, second}) {
    EXPECT_FALSE(may_see(one, id));
    EXPECT_TRUE(may_see(two, id));
  }
  EXPECT_FALSE(is_only(Restriction::kMinor));
  EXPECT_FALSE(is_only(Restriction::kMedical));
}

TEST_F(ChangeTest, OfMoreFilesThanOneActHasRoomForTheOthersAreCoveredAllTheSame) {
  const RecordingId first = admit(clerk_);
  const std::int64_t all = kLockedAtOnceMax + 2;
  for (std::int64_t i = 1; i < all; ++i) {
    run(fmt::format(
        "INSERT INTO recordings (id, agency, sha256, bytes, codec, filename, filetype, received_us, sort_us, uploader, "
        "chain_starts_at, state, more, group_id) SELECT '{:032x}', agency, sha256, bytes, codec, filename, filetype, "
        "received_us, sort_us, uploader, chain_starts_at, state, more, id FROM recordings WHERE id = '{}'",
        i, first.text()));
  }
  lock(clerk_, first, Restriction::kMinor);
  EXPECT_EQ(count("ledger_events WHERE type = 'recording.changed'"), kLockedAtOnceMax);
  EXPECT_EQ(count("recordings WHERE restriction IS NOT NULL"), kLockedAtOnceMax);
  EXPECT_TRUE(vault_->list(detective_, {})->items.empty());
  EXPECT_EQ(static_cast<std::int64_t>(vault_->list(clerk_, {})->items.size()), std::min<std::int64_t>(all, 50));
}

TEST_F(ChangeTest, TheRevisionOfARecordingGoesUpWithEachFileThatArrivesAndEachChange) {
  const RecordingId first = admit(clerk_), other = admit(clerk_);
  const auto revision = [&](const RecordingId& id) {
    return read([&](db::Transaction& tx) { return files_of(tx, ashfield_.id, id); }).revision;
  };
  std::int64_t last = revision(first);
  const auto went_up = [&](const RecordingId& id) {
    const std::int64_t now = revision(id);
    const bool is_up = now > last;
    last = now;
    return is_up;
  };
  EXPECT_FALSE(went_up(first));
  const RecordingId second = admit(clerk_, {.group = first});
  EXPECT_TRUE(went_up(second));
  ASSERT_TRUE(change(clerk_, second, {.category = "arrest"}));
  EXPECT_TRUE(went_up(first)) << "of whichever file";
  lock(clerk_, first, Restriction::kMinor);
  EXPECT_TRUE(went_up(second));
  ASSERT_TRUE(change(clerk_, other, {.category = "arrest"}));
  EXPECT_FALSE(went_up(first));
}

TEST_F(ChangeTest, AFileThatWasChangedMeanwhileIsNotLockedAsItWas) {
  const RecordingId id = admit(clerk_);
  const Files files = read([&](db::Transaction& tx) { return files_of(tx, ashfield_.id, id); });
  ASSERT_TRUE(change(clerk_, id, {.category = "arrest"}));
  const auto set = database_->write(
      [&](db::Transaction& tx) { return set_restriction(tx, files.items.at(0), Restriction::kMinor); });
  EXPECT_EQ(code_of(set), Code::kConflict);
  EXPECT_EQ(state(id), access::State::kSealed);
}

}  // namespace
}  // namespace lapel::evidence
