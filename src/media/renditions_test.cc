// SPDX-License-Identifier: Apache-2.0
// Renditions from the asking to the end of their holder's right, with the real worker and a real store.
#include "evidence/renditions.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "audit/check.h"
#include "crypto/random.h"
#include "evidence/vault_for_tests.h"
#include "media/examiner.h"
#include "os/process.h"
#include "sharing/shares.h"

namespace lapel::media {
namespace {

using evidence::RenditionState;

const std::string kFootage = LAPEL_SOURCE_DIR
    "/test/data/video/androidx+media/libraries/test_data/src/test/assets/media/mp4/sample_shorter_audio.mp4";
const std::vector<std::string> kLines = {"Jane Doe", "jane.doe@example.org"};

class RenditionsTest : public evidence::VaultTest {
 protected:
  RenditionsTest() {
    EXPECT_TRUE(db::migrate(*database_, "sharing", sharing::schema()));
    make_tables_of_signing_in();
    add(otherton_);
  }
  ~RenditionsTest() override { examiner_.reset(); }

  void serve() {
    examiner_ = *Examiner::open({*database_,
                                 *disk_,
                                 *process_,
                                 *vault_,
                                 *queue_,
                                 clock_,
                                 directory_ / "media",
                                 {.program = LAPEL_MEDIA},
                                 true,
                                 1});
  }

  RecordingId admit(const std::string& bytes) {
    const evidence::Admission admission = file(bytes);
    const auto admitted = try_admit(clerk_, admission);
    EXPECT_TRUE(admitted) << evidence::message_of(admitted);
    return admission.recording;
  }
  RecordingId admit_footage() {
    std::ifstream footage(kFootage, std::ios::binary);
    EXPECT_TRUE(footage);
    return admit({std::istreambuf_iterator<char>(footage), {}});
  }

  Result<RenditionId> ask(const RecordingId& recording, const SubjectId& holder,
                          std::vector<std::string> lines = kLines) {
    clock_.advance_us(1'000'000);  // in turn
    RenditionId id;
    TRY(database_->write([&](db::Transaction& tx) -> Result<void> {
      id = TRY(evidence::ask_rendition(tx, *queue_, {ashfield_.id, recording, holder, lines}));
      return {};
    }));
    queue_->nudge();
    return id;
  }
  std::vector<RenditionState> states(const SubjectId& holder) {
    std::vector<RenditionState> out;
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(evidence::renditions_of(tx, *queue_, holder));
      return {};
    }));
    return out;
  }
  RenditionState wait(const SubjectId& holder) {
    for (;;) {
      const auto now = states(holder);
      if (now.size() != 1 || now[0].is_final) return now.at(0);
      std::this_thread::yield();
    }
  }

  std::string event() {
    std::string out;
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
      for (const db::Row& row :
           TRY(tx.query("SELECT event FROM ledger_events WHERE type = 'recording.derived' LIMIT 100"))) {
        if (row.text("event").find("\"rendition\"") != std::string::npos) out = row.text("event");
      }
      return {};
    }));
    return out;
  }
  // Of what this test made.
  std::vector<std::string> faults() {
    const auto report =
        audit::check_catalog({ashfield_, terms(ashfield_).origin, *database_, *store_, *bucket_, files(), {}});
    EXPECT_TRUE(report) << (report ? "" : report.error().text());
    std::vector<std::string> out;
    for (const std::string& fault : report->faults) {
      if (fault.find("rendition") != std::string::npos || fault.find("derived") != std::string::npos)
        out.push_back(fault);
    }
    return out;
  }
  std::vector<std::string> objects() { return *bucket_->list("derived/", "", 100); }
  std::string rendition_object() {
    for (const std::string& name : objects()) {
      if (name.find("/rendition-") != std::string::npos) return name;
    }
    return {};
  }

  const access::Actor clerk_ = enter("clerk", {access::Role::kRecords});
  const SubjectId share_ = crypto::new_id<SubjectId>();
  const std::unique_ptr<os::Process> process_ = os::real_process();
  std::unique_ptr<Examiner> examiner_;
};

TEST_F(RenditionsTest, WhatWasAskedForIsMadeSealedAndOpened) {
  const RecordingId recording = admit_footage();
  const RenditionId id = *ask(recording, share_);
  ASSERT_EQ(states(share_).size(), 1U);
  EXPECT_EQ(states(share_)[0].reason, "It waits for its turn.");
  EXPECT_FALSE(states(share_)[0].is_final);
  EXPECT_FALSE(vault_->open_rendition("ashfield", id));

  serve();
  const RenditionState ready = wait(share_);
  ASSERT_TRUE(ready.is_ready) << ready.reason;
  EXPECT_EQ(ready.id, id);
  EXPECT_EQ(ready.recording, recording);

  const auto opened = vault_->open_rendition("ashfield", id);
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->bytes, ready.bytes);
  Bytes bytes(ready.bytes);
  ASSERT_EQ(*opened->file->read_at(0, bytes), bytes.size());
  EXPECT_EQ(as_text(ByteView(bytes)).substr(4, 4), "ftyp");
  EXPECT_EQ(crypto::sha256(bytes), ready.sha256);
  EXPECT_EQ(opened->sha256, ready.sha256);

  const std::string said = event();
  for (const std::string& part :
       {fmt::format("\"for\":\"{}\"", share_.text()), fmt::format("\"rendition\":\"{}\"", id.text()),
        fmt::format("\"sha256\":\"{}\"", hex(ready.sha256)), fmt::format("\"bytes\":{}", ready.bytes),
        std::string("\"kind\":\"rendition\""), std::string("jane.doe@example.org")}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << " in " << said;
  }
  EXPECT_EQ(faults(), std::vector<std::string>());
  examiner_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "media"));
  // To another agency it is as one that never was.
  const auto elsewhere = vault_->open_rendition("otherton", id);
  const auto unknown = vault_->open_rendition("ashfield", crypto::new_id<RenditionId>());
  ASSERT_FALSE(elsewhere || unknown);
  EXPECT_EQ(elsewhere.error().code(), Code::kNotFound);
  EXPECT_EQ(elsewhere.error().message, unknown.error().message);
}

TEST_F(RenditionsTest, AHolderHasOneOfARecordingAndHoldersHaveTheirOwn) {
  const RecordingId recording = admit_footage();
  const RenditionId first = *ask(recording, share_);
  EXPECT_EQ(*ask(recording, share_), first);
  const auto other_mark = ask(recording, share_, {"Somebody Else"});
  ASSERT_FALSE(other_mark);
  EXPECT_EQ(other_mark.error().code(), Code::kConflict);
  const SubjectId other = crypto::new_id<SubjectId>();
  EXPECT_NE(*ask(recording, other, {"Somebody Else"}), first);
  EXPECT_EQ(count("renditions"), 2);
  EXPECT_EQ(count("jobs WHERE kind = 'rendition'"), 2);
  serve();
  EXPECT_TRUE(wait(share_).is_ready);
  EXPECT_TRUE(wait(other).is_ready);
  EXPECT_NE(wait(share_).sha256, wait(other).sha256);
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(RenditionsTest, LinesThatCannotBeAMarkAreRefused) {
  const RecordingId recording = admit_footage();
  for (const std::vector<std::string>& lines : std::vector<std::vector<std::string>>{{},
                                                                                     {""},
                                                                                     {"a", "b", "c", "d"},
                                                                                     {std::string(61, 'a')},
                                                                                     {"a\nb"},
                                                                                     {"\xff"},
                                                                                     {"a\u202e"
                                                                                      "b"}}) {
    const auto asked = ask(recording, share_, lines);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code(), Code::kInvalid);
  }
  EXPECT_EQ(count("renditions"), 0);
  std::string sixty;
  for (int i = 0; i < 60; ++i) sixty += "é";
  EXPECT_TRUE(ask(recording, share_, {sixty, "b", "c"}));
}

TEST_F(RenditionsTest, OfWhatCannotBeShownNoneIsMadeAndTheReasonIsSaid) {
  const RecordingId recording = admit("this is no footage");
  ASSERT_TRUE(ask(recording, share_));
  serve();
  const RenditionState state = wait(share_);
  EXPECT_FALSE(state.is_ready);
  EXPECT_EQ(state.reason, "This is not a media file that Lapel knows; it was not opened.");
  EXPECT_FALSE(vault_->open_rendition("ashfield", state.id));
  EXPECT_EQ(event(), "");
  EXPECT_EQ(rendition_object(), "");
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(RenditionsTest, WhereTheRightHasEndedTheCopyIsGoneAndItsMakingStillTold) {
  ASSERT_TRUE(ask(admit_footage(), share_));
  serve();
  const RenditionState ready = wait(share_);
  ASSERT_TRUE(ready.is_ready) << ready.reason;
  ASSERT_NE(rendition_object(), "");
  for (int again = 0; again < 2; ++again) {
    const auto forgotten = vault_->forget_renditions(share_);
    ASSERT_TRUE(forgotten) << forgotten.error().text();
    EXPECT_EQ(rendition_object(), "");
    EXPECT_TRUE(states(share_).empty());
    EXPECT_EQ(vault_->open_rendition("ashfield", ready.id).error().code(), Code::kNotFound);
    EXPECT_NE(event(), "");
    EXPECT_EQ(faults(), std::vector<std::string>());
  }
}

TEST_F(RenditionsTest, WhatStillWaitsIsNotMadeForWhoHasNoRightAnyMore) {
  const RecordingId recording = admit_footage();
  ASSERT_TRUE(ask(recording, share_));
  ASSERT_TRUE(vault_->forget_renditions(share_));
  const SubjectId later = crypto::new_id<SubjectId>();
  ASSERT_TRUE(ask(recording, later));
  serve();
  // There is one thread for renditions, and it takes them in turn.
  ASSERT_TRUE(wait(later).is_ready);
  EXPECT_EQ(count("renditions WHERE sha256 IS NOT NULL"), 1);
  EXPECT_EQ(count("jobs WHERE kind = 'rendition' AND state = 'done'"), 2);
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(RenditionsTest, AWorkerThatIsMissingMakesThemWaitAndSaysSo) {
  ASSERT_TRUE(ask(admit_footage(), share_));
  examiner_ = *Examiner::open({*database_,
                               *disk_,
                               *process_,
                               *vault_,
                               *queue_,
                               clock_,
                               directory_ / "media",
                               {.program = "/nonexistent/lapel-media"},
                               true,
                               1});
  while (states(share_).at(0).reason.find("cannot be made on this server now") == std::string::npos)
    std::this_thread::yield();
  EXPECT_NE(states(share_).at(0).reason.find("lapel-media is not where"), std::string::npos);
  EXPECT_FALSE(states(share_).at(0).is_final);
  examiner_.reset();
  serve();
  EXPECT_TRUE(wait(share_).is_ready);
}

TEST_F(RenditionsTest, TheLedgerCheckFindsWhatWasChanged) {
  const RecordingId recording = admit_footage();
  ASSERT_TRUE(ask(recording, share_));
  serve();
  const RenditionState ready = wait(share_);
  ASSERT_TRUE(ready.is_ready) << ready.reason;
  examiner_.reset();
  ASSERT_EQ(faults(), std::vector<std::string>());

  const auto says = [&](const std::string& words) {
    const auto found = faults();
    for (const std::string& fault : found) {
      if (fault.find(words) != std::string::npos) return true;
    }
    ADD_FAILURE() << words << " is not in: " << fmt::format("{}", fmt::join(found, " | "));
    return false;
  };
  // Each column is changed, found, and put back.
  const std::pair<std::string, std::string> columns[] = {
      {"tool = 'x'", "tool x"},        {"version = 'x'", "version x"},   {"arguments = 'x'", "arguments x"},
      {"bytes = 7", "bytes 7"},        {"sha256 = 'x'", "sha256 x"},     {"parent_sha256 = 'x'", "parent x"},
      {"holder = 'x'", "holder x"},    {"object = 'x'", "x is missing"}, {"object = '../x'", "is no name"},
      {"object = NULL", "wrong place"}};
  create({"CREATE TABLE kept AS SELECT * FROM renditions"});
  for (const auto& [change, words] : columns) {
    run("UPDATE renditions SET " + change);
    says(words);
    run("DELETE FROM renditions");
    run("INSERT INTO renditions SELECT * FROM kept");
    ASSERT_EQ(faults(), std::vector<std::string>()) << change;
  }
  run("DELETE FROM renditions");
  says("it was derived, and the catalog has no row");
  run("INSERT INTO renditions SELECT * FROM kept");
  // One that no event speaks of.
  run("UPDATE kept SET id = '" + std::string(32, '0') + "', holder = 'x'");
  run("INSERT INTO renditions SELECT * FROM kept");
  says("the catalog says derived items");
  run("DELETE FROM renditions WHERE holder = 'x'");

  const auto path = files() / rendition_object();
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(ready.bytes) / 2);
  file.put('\x5a');
  file.put('\xa5');
  file.close();
  says("the stored bytes are not what was derived");
  std::filesystem::resize_file(path, ready.bytes - 1);
  says("the stored bytes are not what was derived");
  const auto cut = vault_->open_rendition("ashfield", ready.id);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().problem, &problems::kObjectDamaged);
}

}  // namespace
}  // namespace lapel::media
