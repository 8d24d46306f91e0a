// SPDX-License-Identifier: Apache-2.0
// What waits to be sealed while other servers, disks and catalogs do what they do.
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "crypto/random.h"
#include "intake/uploads_for_tests.h"
#include "test/faulty_disk.h"

namespace lapel::intake {
namespace {

// Uploads that are whole and wait, while no sealer is at work: the first was made first, and one sealer takes them in that order.
class SealingTest : public UploadsTest {
 protected:
  Upload received(std::string_view text) { return part(text); }
  Upload final_of(const std::vector<std::string_view>& texts, std::string metadata = {}) {
    std::vector<UploadId> parts;
    for (const std::string_view text : texts) parts.push_back(part(text).id);
    clock_.advance_us(1);
    disk_.refuses_copies = true;
    return *uploads_->create(actor(clerk_), {0, Kind::kFinal, std::move(metadata), std::move(parts)});
  }
  // From now on nobody seals.
  void stop() {
    uploads_.reset();
    disk_.refuses_copies = false;
    run("UPDATE uploads SET kind = 'whole', state = 'sealing' WHERE kind = 'partial' AND state = 'receiving'");
  }
  // Seals what waits, each of it tried once, up to this one, which was made last.
  void seal_up_to(const Upload& last) { seal_up_to(last, disk_); }
  void seal_up_to(const Upload& last, os::Disk& disk) {
    reopen(disk);
    EXPECT_EQ(wait_sealed(last.id).state, State::kSealed);
    uploads_.reset();
  }
  void set(const Upload& upload, std::string_view columns) {
    run(fmt::format("UPDATE uploads SET {} WHERE id = '{}'", columns, upload.id.text()));
  }
  // What its row says; "" where there is none.
  std::string state_of(const Upload& upload) { return text_of(upload, "state"); }

 private:
  Upload part(std::string_view text) {
    clock_.advance_us(1);
    const Upload out = *uploads_->create(actor(clerk_), {text.size(), Kind::kPartial, {}, {}});
    EXPECT_TRUE(send(out.id, 0, text));
    return out;
  }
};

TEST_F(SealingTest, WhatHasEndedBeforeItsTurnComesIsLeftAlone) {
  const Upload first = received("first"), removed = received("removed"), refused = received("refused"),
               last = received("last");
  stop();
  before_key_ = [&] {
    run(fmt::format("DELETE FROM uploads WHERE id = '{}'", removed.id.text()));
    set(refused, "state = 'refused'");
  };
  seal_up_to(last);
  EXPECT_EQ(state_of(first), "sealed");
  EXPECT_EQ(state_of(removed), "");
  EXPECT_EQ(state_of(refused), "refused");
  for (const Upload& each : {removed, refused}) EXPECT_TRUE(std::filesystem::exists(file_of(each)));
  EXPECT_EQ(recordings(), 2);
}

TEST_F(SealingTest, WhatEndsBetweenTheLookAndTheLockIsLeftAlone) {
  for (const std::string end :
       {"UPDATE uploads SET state = 'refused' WHERE id = '{}'", "DELETE FROM uploads WHERE id = '{}'"}) {
    reopen();
    const Upload first = received("first"), last = received("last");
    stop();
    const std::int64_t before = recordings();
    disk_.before_others_open = [&] { run(fmt::format(fmt::runtime(end), first.id.text())); };
    seal_up_to(last);
    EXPECT_NE(state_of(first), "sealed");
    EXPECT_EQ(recordings(), before + 1);
    EXPECT_TRUE(std::filesystem::exists(file_of(first)));
  }
}

TEST_F(SealingTest, OfOneThatAnotherServerJoinsMeanwhileNothingIsLostOrLeft) {
  const Upload refused = final_of({"first", "again"}), last = received("last");
  stop();
  std::filesystem::remove(file_of(refused));
  disk_.before_others_open = [&] { set(refused, "state = 'refused'"); };
  seal_up_to(last);
  EXPECT_FALSE(std::filesystem::exists(file_of(refused))) << "what opening it has made is gone";

  reopen();
  const Upload stored = final_of({"first", "again"}), second = received("second");
  stop();
  const auto join = [&](const Upload& upload) { std::ofstream(file_of(upload)) << "firstagain"; };
  disk_.before_others_open = [&] {
    join(stored);
    set(stored, "state = 'sealed'");
  };
  seal_up_to(second);
  EXPECT_EQ(std::filesystem::file_size(file_of(stored)), 10u) << "the other one's bytes, which it may be storing";

  reopen();
  const Upload joined = final_of({"first", "again"}), third = received("third");
  stop();
  disk_.refuses_copies = true;  // nothing is joined a second time
  disk_.before_others_open = [&] {
    join(joined);
    set(joined, fmt::format("sha256 = '{}'", hex(crypto::sha256(as_bytes("firstagain")))));
  };
  seal_up_to(third);
  EXPECT_EQ(state_of(joined), "sealed");

  reopen();
  const Upload unreadable = final_of({"first", "again"}), fourth = received("fourth");
  stop();
  const auto faulty = *test::FaultyDisk::over(disk_, directory_ / "uploads");
  faulty->inject({.op = test::Op::kRead, .nth = 2});  // after the names of all uploads, its size
  disk_.before_others_open = [&] { set(unreadable, "state = 'refused'"); };
  seal_up_to(fourth, *faulty);
  EXPECT_TRUE(faulty->has_failed());
  EXPECT_EQ(state_of(unreadable), "refused");
}

TEST_F(SealingTest, OneThatSomebodyElseHasLockedOrWhoseFileIsAwayWaits) {
  const Upload locked = received("locked"), away = received("away"), last = received("last");
  stop();
  std::filesystem::rename(file_of(away), directory_ / "away");
  {
    const auto file = *disk_.open(file_of(locked), os::OpenMode::kRead, os::Caching::kBuffered);
    const auto lock = *os::FileLock::acquire(*file);
    seal_up_to(last);
    EXPECT_EQ(state_of(locked), "sealing");
    EXPECT_EQ(state_of(away), "sealing");
  }
  std::filesystem::rename(directory_ / "away", file_of(away));
  reopen();
  for (const Upload& each : {locked, away}) EXPECT_EQ(wait_sealed(each.id).state, State::kSealed);
}

TEST_F(SealingTest, AFileThatIsGoneWhenItIsToGoIsNoFailure) {
  const Upload first = received("first"), last = received("last");
  stop();
  before_key_ = [&] { std::filesystem::remove(file_of(first)); };
  seal_up_to(last);
  EXPECT_EQ(state_of(first), "sealed");
  EXPECT_EQ(recordings(), 2);
}

TEST_F(SealingTest, PartsOfAnotherLengthAreNotJoinedAndAMetadataThatIsDamagedIsNotAdmitted) {
  const Upload cut = final_of({"first", "again"}), damaged = received("damaged"), last = received("last");
  stop();
  const auto part = directory_ / "uploads" / cut.parts[1].text();
  std::filesystem::resize_file(part, 4);
  set(damaged, "metadata = 'sha256 YQ=='");
  seal_up_to(last);
  EXPECT_EQ(state_of(cut), "sealing");
  EXPECT_EQ(state_of(damaged), "sealing");
  EXPECT_EQ(recordings(), 1);
  std::ofstream(part) << "again";
  set(damaged, "metadata = ''");
  reopen();
  for (const Upload& each : {cut, damaged}) EXPECT_EQ(wait_sealed(each.id).state, State::kSealed);
}

TEST_F(SealingTest, AFinalUploadIsRefusedWhereItsPartsDoNotMakeTheFileThatWasDeclared) {
  const auto declaring = [](std::string_view text) { return pair("sha256", hex(crypto::sha256(as_bytes(text)))); };
  const Upload wrong = final_of({"first", "again"}, declaring("another")),
               right = final_of({"first", "again"}, declaring("firstagain")), last = received("last");
  stop();
  seal_up_to(last);
  EXPECT_EQ(state_of(right), "sealed");
  EXPECT_EQ(state_of(wrong), "refused");
  EXPECT_NE(text_of(wrong, "reason").find(hex(crypto::sha256(as_bytes("firstagain")))), std::string::npos);
  EXPECT_EQ(recordings(), 2);
}

TEST_F(SealingTest, AJoinedUploadThatAnotherServerTookOverIsLeftToIt) {
  is_only_server_ = false;
  reopen();
  const Upload taken = final_of({"first", "again"}), last = received("last");
  stop();
  // After this server took the row, and before it tells of what it has joined.
  disk_.before_others_open = [&] { disk_.before_others_open = [&] { set(taken, "writer = 'another'"); }; };
  seal_up_to(last);
  EXPECT_EQ(state_of(taken), "sealing");
  EXPECT_EQ(text_of(taken, "sha256"), "");
  reopen();
  EXPECT_EQ(wait_sealed(taken.id).sha256, crypto::sha256(as_bytes("firstagain")));
}

TEST_F(SealingTest, ASecondFileUnderOneIdOfADockIsRefusedInWords) {
  const access::Actor dock = actor(dock_);
  const std::string file = crypto::new_id<ActId>().text();
  std::vector<UploadId> ids;
  for (const std::string_view text : {"the first", "another"}) {
    const std::string sha256 = hex(crypto::sha256(as_bytes(text)));
    const Json said = statement(
        [&](Json::Object& out) {
          out["file"] = file;
          out["bytes"] = text.size();
          out["sha256"] = sha256;
        },
        dock_key_);
    const auto created =
        uploads_->create(dock, whole(text.size(), fmt::format("{},{},{}", pair("device", "X81234"),
                                                              pair("sha256", sha256), pair("dock", canonical(said)))));
    ASSERT_TRUE(created);
    ids.push_back(created->id);
    const auto writer = *uploads_->append(dock, created->id, 0);
    Bytes bytes(text.begin(), text.end());
    ASSERT_TRUE(writer->write(bytes));
    ASSERT_TRUE(writer->finish());
    while (uploads_->find(dock, created->id)->state == State::kSealing) std::this_thread::yield();
  }
  EXPECT_EQ(uploads_->find(dock, ids[0])->state, State::kSealed);
  const auto second = uploads_->find(dock, ids[1]);
  EXPECT_EQ(second->state, State::kRefused);
  EXPECT_NE(second->reason.find("has used this file id"), std::string::npos) << second->reason;
  EXPECT_EQ(recordings(), 1);
}

// Every call that sealing makes of the disk of uploads fails once; so does each look at a file, and its lock.
TEST_F(SealingTest, WhatTheDiskRefusesWhileAnUploadIsSealedIsDoneLaterAndOnce) {
  using test::Op;
  std::int64_t sealed = 0;
  for (const Kind kind : {Kind::kWhole, Kind::kFinal}) {
    std::size_t refusals = 0;
    for (const std::optional<Op> op :
         {std::optional<Op>(), std::optional(Op::kRead), std::optional(Op::kEnd), std::optional(Op::kDescriptor)}) {
      for (std::size_t nth = 1;; ++nth, ++refusals) {
        ASSERT_LT(nth, 100u);
        const Upload upload = kind == Kind::kWhole ? received("firstagain") : final_of({"first", "again"});
        stop();
        const auto faulty = *test::FaultyDisk::over(disk_, directory_ / "uploads");
        faulty->inject({.op = op, .nth = nth});
        if (auto opened = try_open(*faulty)) {
          uploads_ = *std::move(opened);
          while (!faulty->has_failed() && state_of(upload) == "sealing") std::this_thread::yield();
          uploads_.reset();
        }
        reopen();
        const Upload now = wait_sealed(upload.id);
        EXPECT_EQ(now.state, State::kSealed) << nth;
        EXPECT_EQ(now.sha256, crypto::sha256(as_bytes("firstagain"))) << nth;
        EXPECT_EQ(recordings(), ++sealed) << nth;
        if (!faulty->has_failed()) break;
      }
    }
    EXPECT_GE(refusals, kind == Kind::kWhole ? 4u : 15u);
  }
}

}  // namespace
}  // namespace lapel::intake
