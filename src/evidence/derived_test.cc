// SPDX-License-Identifier: Apache-2.0
// What a program made of an original: kept with its row, its event and the end of its job, or not at all. The worker itself is
// media's to test.
#include "evidence/vault_for_tests.h"

namespace lapel::evidence {
namespace {

using access::Role;

class DerivedTest : public VaultTest {
 protected:
  jobs::Lease lease(std::string_view kind) {
    const auto out = queue_->lease(kind);
    EXPECT_TRUE(out && *out) << message_of(out);
    return **out;
  }
  static Derived item(DerivedKind kind, std::string_view bytes) {
    return {kind, "lapel-media", "1.0", "--probe", Bytes(bytes.begin(), bytes.end())};
  }
  Result<void> derive(const jobs::Lease& with, std::string_view poster = "a still") {
    MediaFacts facts;
    facts.verdict = "whole";
    facts.duration_ms = 1'500;
    return vault_->derive(console(), {with,
                                      RecordingId(with.subject.bytes()),
                                      facts,
                                      {item(DerivedKind::kProbe, "{}"), item(DerivedKind::kPoster, poster),
                                       item(DerivedKind::kFilmstrip, "many stills")}});
  }
  static std::string content(const Result<Bytes>& bytes) {
    return bytes ? std::string(as_text(*bytes)) : message_of(bytes);
  }
  std::vector<std::string> objects() { return *bucket_->list("derived/", "", 100); }

  Result<RenditionId> ask(const RecordingId& id, const std::vector<std::string>& lines = {"Jane Doe"}) {
    RenditionId out;
    TRY(database_->write([&](db::Transaction& tx) -> Result<void> {
      out = TRY(ask_rendition(tx, *queue_, {ashfield_.id, id, holder_, lines}));
      return {};
    }));
    return out;
  }
  std::vector<RenditionState> states() {
    return read([&](db::Transaction& tx) { return renditions_of(tx, *queue_, holder_); });
  }
  Result<void> keep(const jobs::Lease& with, std::string_view bytes = "a marked film") {
    const os::Path path = directory_ / crypto::new_id<ActId>().text();
    EXPECT_TRUE(os::write_new_file(*disk_, path, as_bytes(bytes)));
    return vault_->keep_rendition(console(), with, {path, bytes.size(), "lapel-media", "1.0", "--rendition"});
  }

  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  const SubjectId holder_ = crypto::new_id<SubjectId>();
};

TEST_F(DerivedTest, EachItemIsAnEventAndTheFactsAreInTheRow) {
  const RecordingId id = admit(clerk_);
  ASSERT_TRUE(derive(lease(kMediaJob)));
  const Recording shown = *vault_->show(clerk_, id);
  ASSERT_TRUE(shown.media);
  EXPECT_EQ(shown.media->verdict, "whole");
  EXPECT_EQ(shown.media->duration_ms, 1'500);
  EXPECT_EQ(shown.media_job->state, jobs::State::kDone);
  std::vector<std::string> kinds;
  for (const Json& event : events(id, "recording.derived")) {
    kinds.push_back(text(event, "kind"));
    EXPECT_EQ(text(event, "parent"), hex(shown.sha256));
    EXPECT_EQ(text(event, "actor"), ashfield_.console.text());
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"probe", "poster", "filmstrip"}));
  EXPECT_EQ(text(events(id, "recording.derived")[1], "sha256"), hex(crypto::sha256(as_bytes("a still"))));
  EXPECT_EQ(objects().size(), 2U) << "a probe is a text in its row";
  EXPECT_EQ(content(vault_->poster(clerk_, id)), "a still");
}

TEST_F(DerivedTest, OnlyTheServerItselfOpensAnOriginalWithoutAView) {
  const RecordingId id = admit(clerk_);
  const access::Actor boss = enter("boss", {Role::kAdministrator, Role::kCommand});
  for (const access::Actor& who : {clerk_, boss}) {
    EXPECT_EQ(problem_of(vault_->open_to_derive(who, id)), &problems::kRule);
    EXPECT_EQ(problem_of(vault_->derive(who, {lease(kMediaJob), id, {}, {}})), &problems::kRule);
    EXPECT_EQ(problem_of(vault_->refuse_rendition(who, {}, "no")), &problems::kRule);
    ASSERT_TRUE(queue_->take_back_all(kMediaJob));
    clock_.advance_us(3'600LL * 1'000'000);
  }
  EXPECT_TRUE(vault_->open_to_derive(console(), id));
}

TEST_F(DerivedTest, WhoLostTheLeaseLeavesNothing) {
  const RecordingId id = admit(clerk_);
  const jobs::Lease lost = lease(kMediaJob);
  ASSERT_TRUE(queue_->take_back_all(kMediaJob));
  clock_.advance_us(3'600LL * 1'000'000);
  const jobs::Lease good = lease(kMediaJob);
  EXPECT_EQ(code_of(derive(lost, "of the first attempt")), Code::kConflict);
  EXPECT_TRUE(objects().empty());
  EXPECT_TRUE(events(id, "recording.derived").empty());
  EXPECT_FALSE(vault_->show(clerk_, id)->media);
  ASSERT_TRUE(derive(good));
  EXPECT_EQ(code_of(derive(good)), Code::kConflict) << "once";
  EXPECT_EQ(events(id, "recording.derived").size(), 3U);
  EXPECT_EQ(content(vault_->poster(clerk_, id)), "a still");
}

TEST_F(DerivedTest, AStillIsOfNoHomeNoVictimAndNothingLockedAndAFilmstripUnderAView) {
  const RecordingId id = admit(clerk_), home = admit(clerk_), victim = admit(clerk_);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(derive(lease(kMediaJob)));
  ASSERT_TRUE(change(clerk_, home, {.inside_home = true}));
  ASSERT_TRUE(change(clerk_, victim, {.victim_sensitive = true}));
  EXPECT_TRUE(vault_->poster(clerk_, id));
  for (const RecordingId& closed : {home, victim})
    EXPECT_EQ(problem_of(vault_->poster(clerk_, closed)), &problems::kRule);
  const ViewId view = vault_->open_view(clerk_, id, {})->id;
  EXPECT_EQ(content(vault_->shown(clerk_, id, view, DerivedKind::kFilmstrip)), "many stills");
  EXPECT_EQ(code_of(vault_->shown(clerk_, home, view, DerivedKind::kFilmstrip)), Code::kNotFound)
      << "of another recording's view";
  EXPECT_EQ(code_of(vault_->shown(clerk_, id, crypto::new_id<ViewId>(), DerivedKind::kFilmstrip)), Code::kNotFound);
  EXPECT_EQ(code_of(vault_->shown(clerk_, id, view, DerivedKind::kTrack)), Code::kNotFound)
      << "no track was made of it";
}

TEST_F(DerivedTest, AStillThatIsNotTheOneThatWasMadeIsNotShown) {
  const RecordingId id = admit(clerk_);
  EXPECT_EQ(code_of(vault_->poster(clerk_, id)), Code::kNotFound);
  ASSERT_TRUE(derive(lease(kMediaJob)));
  for (const std::string& name : objects()) damage(files() / name);
  EXPECT_EQ(problem_of(vault_->poster(clerk_, id)), &problems::kObjectDamaged);
  for (const std::string& name : objects()) std::filesystem::remove(files() / name);
  EXPECT_EQ(problem_of(vault_->poster(clerk_, id)), &problems::kObjectDamaged);
}

TEST_F(DerivedTest, EachSignedRecordingOfTheAgencyIsCheckedAgainWhateverBecameOfTheCheckBefore) {
  const RecordingId unchecked = admit(clerk_), held = admit(clerk_), failed = admit(clerk_),
                    elsewhere = admit(enter_elsewhere("stranger", {Role::kRecords}));
  run("INSERT INTO derived_items (recording, kind, agency, tool, version, arguments, parent_sha256, sha256, bytes, "
      "content, made_us) SELECT id, 'signature', agency, 'lapel-media', '1.0', '--signature', sha256, sha256, 2, '{}', "
      "received_us FROM recordings");
  const RecordingId without = admit(clerk_);
  const auto ask = [&](const AgencyId& agency, const RecordingId& id) {
    write([&](db::Transaction& tx) { return queue_->enqueue(tx, {kSignatureJob, agency, id}); });
  };
  ask(ashfield_.id, failed);
  ask(otherton_.id, elsewhere);
  run("UPDATE jobs SET state = 'failed', reason = 'no disk', failures = 6 WHERE kind = 'signature'");
  ask(ashfield_.id, held);
  const jobs::Lease lost = lease(kSignatureJob);

  write([&](db::Transaction& tx) { return vault_->check_signatures_again(tx, ashfield_.id); });
  EXPECT_EQ(code_of(database_->write([&](db::Transaction& tx) { return queue_->finish(tx, lost); })), Code::kConflict);
  EXPECT_EQ(count("jobs WHERE kind = 'signature' AND state = 'waiting' AND reason = '' AND failures = 0"), 3);
  EXPECT_EQ(count("jobs WHERE kind = 'signature' AND state = 'failed' AND reason = 'no disk' AND failures = 6"), 1)
      << "another agency trusts keys of its own";
  std::set<SubjectId> again;
  for (int i = 0; i < 3; ++i) again.insert(lease(kSignatureJob).subject);
  EXPECT_EQ(again, (std::set<SubjectId>{unchecked, held, failed})) << "and not " << without.text();
}

// ---- renditions ----

TEST_F(DerivedTest, ARenditionIsAskedForOnceAndSaysInWhatStateItIs) {
  const RecordingId id = admit(clerk_);
  const RenditionId made = *ask(id);
  EXPECT_EQ(*ask(id), made);
  EXPECT_EQ(code_of(ask(id, {"Somebody Else"})), Code::kConflict);
  EXPECT_EQ(states().at(0).reason, "It waits for its turn.");
  ASSERT_TRUE(queue_->block_waiting(kRenditionJob, "there is no lapel-media"));
  EXPECT_EQ(states().at(0).reason, "It cannot be made on this server now: there is no lapel-media");
  const jobs::Lease with = lease(kRenditionJob);
  EXPECT_EQ(states().at(0).reason, "It is being made.");
  EXPECT_EQ(code_of(vault_->open_rendition("ashfield", made)), Code::kNotFound);
  EXPECT_EQ((*vault_->open_to_render(console(), with))->lines, std::vector<std::string>{"Jane Doe"});
  ASSERT_TRUE(keep(with));
  const RenditionState ready = states().at(0);
  EXPECT_TRUE(ready.is_ready && ready.is_final);
  EXPECT_EQ(ready.sha256, crypto::sha256(as_bytes("a marked film")));
  const Json event = events(id, "recording.derived").at(0);
  EXPECT_EQ(text(event, "kind"), "rendition");
  EXPECT_EQ(text(event, "for"), holder_.text());
  EXPECT_EQ(text(event, "rendition"), made.text());
  EXPECT_EQ(code_of(keep(with)), Code::kConflict) << "once";
  EXPECT_EQ(vault_->open_rendition("ashfield", made)->bytes, 13U);
  EXPECT_EQ(code_of(vault_->open_rendition("otherton", made)), Code::kNotFound);
}

TEST_F(DerivedTest, WhatCannotBeMadeIsRefusedForGoodAndSealedAsNothing) {
  const RecordingId id = admit(clerk_);
  const RenditionId made = *ask(id);
  ASSERT_TRUE(vault_->refuse_rendition(console(), lease(kRenditionJob), "This is not a media file."));
  const RenditionState state = states().at(0);
  EXPECT_TRUE(state.is_final);
  EXPECT_FALSE(state.is_ready);
  EXPECT_EQ(state.reason, "This is not a media file.");
  EXPECT_TRUE(events(id, "recording.derived").empty());
  EXPECT_EQ(code_of(vault_->open_rendition("ashfield", made)), Code::kNotFound);
}

TEST_F(DerivedTest, ACopyThatWasBeingMadeWhenItsHoldersRightEndedIsSweptAfterwards) {
  const RecordingId id = admit(clerk_);
  ASSERT_TRUE(ask(id));
  const jobs::Lease with = lease(kRenditionJob);
  ASSERT_TRUE(vault_->forget_renditions(holder_));
  EXPECT_TRUE(states().empty());
  // As if it had been put in that very moment.
  const std::string name = fmt::format("derived/ashfield/{}/{}/rendition-{}-{}", id.text().substr(0, 2), id.text(),
                                       with.subject.text(), with.attempt);
  ASSERT_TRUE(bucket_->put(name, as_bytes("a marked film")));
  ASSERT_TRUE(vault_->sweep_renditions());
  EXPECT_TRUE(objects().empty());
  EXPECT_EQ(count("renditions WHERE swept_us IS NOT NULL"), 0) << "whoever is at it may put it yet";
  ASSERT_TRUE(keep(with));
  EXPECT_TRUE(objects().empty());
  ASSERT_TRUE(vault_->sweep_renditions());
  EXPECT_EQ(count("renditions WHERE swept_us IS NOT NULL"), 1);
}

TEST_F(DerivedTest, ACopyThatIsThereIsGoneWithItsHoldersRightAndItsMakingStillTold) {
  const RecordingId id = admit(clerk_);
  const RenditionId made = *ask(id);
  ASSERT_TRUE(keep(lease(kRenditionJob)));
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(vault_->forget_renditions(holder_));
    EXPECT_TRUE(objects().empty());
    EXPECT_EQ(code_of(vault_->open_rendition("ashfield", made)), Code::kNotFound);
    EXPECT_EQ(events(id, "recording.derived").size(), 1U);
  }
}

}  // namespace
}  // namespace lapel::evidence
