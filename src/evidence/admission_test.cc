// SPDX-License-Identifier: Apache-2.0
// How a file becomes a recording: whole or not at all, once, and whose it is.
#include "evidence/vault_for_tests.h"

namespace lapel::evidence {
namespace {

using access::Role;

class AdmissionTest : public VaultTest {
 protected:
  // As one of a dock, under the dock's own id of it.
  Admission of_dock(std::string_view bytes, const std::string& dock_file) {
    Admission out = file(bytes);
    out.chain_starts_at = ChainStart::kDock;
    out.dock_statement = Json(Json::Object{{"file", dock_file}});
    return out;
  }
  bool is_stored(const Admission& admission) { return std::filesystem::exists(object(admission.recording)); }

  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
};

TEST_F(AdmissionTest, ARecordingHasItsBytesItsRowItsEventAndItsJobTogether) {
  Admission admission = file("what the camera saw", {.filename = "street.mp4", .filetype = "video/mp4"});
  admission.description.incident = "22-117";
  RecordingId told;
  const auto done = vault_->admit(clerk_, admission, [&](db::Transaction&, const RecordingId& id) -> Result<void> {
    told = id;
    return {};
  });
  ASSERT_TRUE(done) << message_of(done);
  EXPECT_EQ(told, admission.recording);
  EXPECT_TRUE(is_stored(admission));
  const Recording shown = *vault_->show(clerk_, admission.recording);
  EXPECT_EQ(shown.sha256, admission.sha256);
  EXPECT_EQ(shown.bytes, 19U);
  EXPECT_EQ(shown.description.filename, "street.mp4");
  EXPECT_EQ(shown.state, access::State::kSealed);
  ASSERT_TRUE(shown.media_job);
  EXPECT_EQ(shown.media_job->state, jobs::State::kWaiting);

  const std::vector<Json> chain = events(admission.recording);
  ASSERT_EQ(chain.size(), 1U);
  EXPECT_EQ(types(admission.recording), std::vector<std::string>{"recording.admitted"});
  EXPECT_EQ(text(chain[0], "actor"), clerk_.person.text());
  EXPECT_EQ(text(chain[0], "sha256"), hex(admission.sha256));
  EXPECT_EQ(*chain[0].find_integer("bytes"), 19);
  EXPECT_EQ(text(chain[0], "incident"), "22-117");
  EXPECT_EQ(text(chain[0], "filename"), "street.mp4");
}

TEST_F(AdmissionTest, AdmittedAgainItIsTheRecordingThatItWas) {
  const Admission admission = file("what the camera saw");
  ASSERT_TRUE(try_admit(clerk_, admission));
  int steps = 0;
  const auto again = vault_->admit(clerk_, admission, [&](db::Transaction&, const RecordingId& id) -> Result<void> {
    EXPECT_EQ(id, admission.recording);
    ++steps;
    return {};
  });
  EXPECT_TRUE(again) << message_of(again);
  EXPECT_EQ(steps, 1);
  EXPECT_TRUE(is_stored(admission));
  EXPECT_EQ(count("recordings"), 1);
  EXPECT_EQ(events(admission.recording).size(), 1U);
}

TEST_F(AdmissionTest, AFileThatItsDockSendsAgainIsKeptOnce) {
  const Admission first = of_dock("the same", "dock file 1"), second = of_dock("the same", "dock file 1");
  ASSERT_TRUE(try_admit(clerk_, first));
  // Put before a kill, as this very attempt would have done.
  ASSERT_TRUE(store_->put(ashfield_.slug, second.recording, second.source));
  RecordingId told;
  ASSERT_TRUE(vault_->admit(clerk_, second, [&](db::Transaction&, const RecordingId& id) -> Result<void> {
    told = id;
    return {};
  }));
  EXPECT_EQ(told, first.recording);
  EXPECT_TRUE(is_stored(first));
  EXPECT_FALSE(is_stored(second));
  EXPECT_EQ(count("recordings"), 1);
  EXPECT_TRUE(events(second.recording).empty());
}

TEST_F(AdmissionTest, ADockDoesNotUseItsIdOfAFileForAnother) {
  const access::Actor other = enter("other", {Role::kRecords});
  const Admission first = of_dock("the same", "dock file 1");
  ASSERT_TRUE(try_admit(clerk_, first));
  const Admission other_bytes = of_dock("the sane", "dock file 1"), others = of_dock("the same", "dock file 1");
  const auto refused = try_admit(clerk_, other_bytes);
  EXPECT_EQ(problem_of(refused), &problems::kDockStatement);
  EXPECT_EQ(problem_of(try_admit(other, others)), &problems::kDockStatement);
  EXPECT_FALSE(is_stored(other_bytes));
  EXPECT_FALSE(is_stored(others));
  EXPECT_EQ(count("recordings"), 1);
  EXPECT_EQ(count("jobs"), 1);
}

TEST_F(AdmissionTest, WhereAStepFailsThereIsNothing) {
  const Admission admission = file("what the camera saw", {.device = "X81234"});
  const auto failed = vault_->admit(clerk_, admission, [](db::Transaction&, const RecordingId&) -> Result<void> {
    return fail(Code::kFull, "no room for the upload's state");
  });
  EXPECT_EQ(code_of(failed), Code::kFull);
  EXPECT_EQ(count("recordings"), 0);
  EXPECT_EQ(count("jobs"), 0);
  EXPECT_EQ(count("devices"), 0);
  EXPECT_TRUE(events(admission.recording).empty());
  EXPECT_EQ(code_of(vault_->show(clerk_, admission.recording)), Code::kNotFound);
  EXPECT_TRUE(try_admit(clerk_, admission));
}

TEST_F(AdmissionTest, WhatIsInConflictIsLookedAtAgainAndGivenUpAfterAWhile) {
  const Admission admission = file("what the camera saw");
  int steps = 0;
  const auto in_conflict = [&](int times) {
    steps = 0;
    return vault_->admit(clerk_, admission, [&steps, times](db::Transaction&, const RecordingId&) -> Result<void> {
      return ++steps <= times ? Result<void>(fail(Code::kConflict, "somebody was first")) : Result<void>();
    });
  };
  EXPECT_EQ(code_of(in_conflict(1'000)), Code::kConflict);
  EXPECT_LT(steps, 10);
  EXPECT_EQ(count("recordings"), 0);
  EXPECT_TRUE(in_conflict(2));
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(count("recordings"), 1);
}

TEST_F(AdmissionTest, WithoutALedgerNothingIsStored) {
  ledger::Ledgers none(
      [](const AgencyId&) -> Result<std::unique_ptr<ledger::Ledger>> {
        return fail(Code::kUnavailable, "The ledger cannot be opened");
      },
      clock_);
  Vault vault({*database_, *store_, *bucket_, *queue_, none, clock_});
  const Admission admission = file("what the camera saw");
  const auto refused =
      vault.admit(clerk_, admission, [](db::Transaction&, const RecordingId&) -> Result<void> { return {}; });
  EXPECT_EQ(code_of(refused), Code::kUnavailable);
  EXPECT_FALSE(is_stored(admission));
}

TEST_F(AdmissionTest, WhatIsNotAsLongAsItWasSaidToBeIsNotAdmitted) {
  Admission longer = file("what the camera saw");
  ++longer.source.bytes;
  EXPECT_EQ(code_of(try_admit(clerk_, longer)), Code::kInvalid);
  EXPECT_FALSE(is_stored(longer));
  EXPECT_EQ(count("recordings"), 0);
  EXPECT_TRUE(events(longer.recording).empty());
}

TEST_F(AdmissionTest, ACameraThatNobodyKnewIsKnownFromItsFirstFileOn) {
  const RecordingId first = admit(clerk_, {.device = "X81234"});
  const RecordingId second = admit(clerk_, {.device = "X81234"});
  const auto device = read([&](db::Transaction& tx) { return roster::device_by_serial(tx, ashfield_.id, "X81234"); });
  ASSERT_TRUE(device);
  EXPECT_EQ(types(device->id), (std::vector<std::string>{"identity.bound", "device.offloaded", "device.offloaded"}));
  EXPECT_EQ(text(events(device->id)[0], "serial"), "X81234");
  // One act on two subjects, by which each names the other.
  for (const auto& [n, id] : {std::pair(1U, first), std::pair(2U, second)}) {
    const Json admitted = events(id)[0], offloaded = events(device->id)[n];
    EXPECT_EQ(text(admitted, "device"), device->id.text());
    EXPECT_EQ(text(admitted, "act"), text(offloaded, "act"));
    EXPECT_EQ(text(offloaded, "recording"), id.text());
  }
  EXPECT_EQ(vault_->show(clerk_, second)->description.device, "X81234");
}

TEST_F(AdmissionTest, OfManyFirstFilesOfOneCameraEachIsAdmittedAndTheCameraKnownOnce) {
  constexpr int kFiles = 4;
  std::vector<Admission> all;
  for (int i = 0; i < kFiles; ++i) all.push_back(file(fmt::format("part {}", i), {.device = "X81234"}));
  std::vector<Result<void>> done(kFiles);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kFiles; ++i) threads.emplace_back([&, i] { done[i] = try_admit(clerk_, all[i]); });
  }
  for (const Result<void>& one : done) EXPECT_TRUE(one) << message_of(one);
  EXPECT_EQ(count("recordings"), kFiles);
  EXPECT_EQ(count("devices"), 1);
}

TEST_F(AdmissionTest, WhoseItIsFollowsFromTheCameraAndThenFromTheBadge) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711"),
                      okafor = enter("okafor", {Role::kOfficer}, "4712");
  admit(clerk_, {.device = "X81234"});
  const auto camera = read([&](db::Transaction& tx) { return roster::device_by_serial(tx, ashfield_.id, "X81234"); });
  assign(okafor, roster::AssignmentKind::kDevice, camera->id.text(), clock_.now());

  const auto officer = [&](const Said& description) {
    const RecordingId id = admit(clerk_, description);
    const auto shown = vault_->show(clerk_, id)->assigned_officer;
    const Json admitted = events(id)[0];
    EXPECT_EQ(text(admitted, "officer"), shown ? shown->text() : "nothing");
    EXPECT_EQ(admitted.find("unattributed") != nullptr, !shown) << "said either way";
    return shown;
  };
  EXPECT_EQ(officer({.wearer = "4711"}), hill.person);
  EXPECT_EQ(officer({.device = "X81234", .wearer = "4711"}), okafor.person);
  // Before it was okafor's the roster knows of nobody who wore it.
  EXPECT_EQ(officer({.recorded_at = clock_.now() + -1, .device = "X81234", .wearer = "4711"}), hill.person);
  EXPECT_EQ(officer({.recorded_at = clock_.now() + -1, .device = "X81234"}), std::nullopt);
  EXPECT_EQ(officer({.wearer = "9999"}), std::nullopt);
}

TEST_F(AdmissionTest, AGroupIsTheFirstFileOfARecordingOfOnesOwn) {
  const access::Actor other = enter("other", {Role::kRecords});
  const RecordingId first = admit(clerk_);
  const RecordingId second = admit(clerk_, {.group = first});
  EXPECT_EQ(vault_->show(clerk_, first)->clips.size(), 2U);
  EXPECT_EQ(text(events(second)[0], "group"), first.text());
  for (const auto& [who, group] :
       {std::pair(other, first), std::pair(clerk_, second), std::pair(clerk_, crypto::new_id<RecordingId>())}) {
    EXPECT_EQ(code_of(try_admit(who, file("more", {.group = group}))), Code::kInvalid);
  }
  EXPECT_EQ(count("recordings"), 2);
}

TEST_F(AdmissionTest, EqualBytesAreTwoRecordingsAndNamedToWhoMayKnowOfBoth) {
  const access::Actor hill = enter("hill", {Role::kOfficer}, "4711");
  const Admission mine = file("the same", {.wearer = "4711"}), nobodys = file("the same");
  ASSERT_TRUE(try_admit(clerk_, mine));
  ASSERT_TRUE(try_admit(clerk_, nobodys));
  EXPECT_EQ(vault_->show(clerk_, mine.recording)->same_bytes, std::vector<RecordingId>{nobodys.recording});
  EXPECT_TRUE(vault_->show(hill, mine.recording)->same_bytes.empty());
}

TEST_F(AdmissionTest, WhoRegistersACameraTwiceHearsOfTheOneThatThereIs) {
  const access::Actor coordinator = enter("coordinator", {Role::kCoordinator});
  EXPECT_EQ(problem_of(vault_->register_device(clerk_, "X81234")), &problems::kRule);
  const auto made = vault_->register_device(coordinator, "X81234");
  ASSERT_TRUE(made) << message_of(made);
  EXPECT_EQ(vault_->register_device(coordinator, "X81234")->id, made->id);
  EXPECT_EQ(types(made->id), std::vector<std::string>{"identity.bound"});
}

}  // namespace
}  // namespace lapel::evidence
