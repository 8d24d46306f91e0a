// SPDX-License-Identifier: Apache-2.0
// What a stranger over HTTP cannot bring about: a dock's key in hand, a clock that moves, and a disk that has lost bytes.
#include "intake/uploads.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/problems.h"
#include "crypto/random.h"
#include "intake/uploads_for_tests.h"
#include "roster/roles.h"
#include "test/faulty_disk.h"

namespace lapel::intake {
namespace {

TEST_F(UploadsTest, ADockStatementFitsItsFileItsDockAndItsLedgerOrIsRefused) {
  const auto nothing = [](Json::Object&) {};
  const access::Actor dock = actor(dock_);
  EXPECT_TRUE(offer(statement(nothing, dock_key_), dock));

  const auto refused = [&](const Json& said, const access::Actor& by, std::string_view words) {
    const auto created = offer(said, by);
    ASSERT_FALSE(created) << words;
    EXPECT_EQ(created.error().problem, &problems::kDockStatement);
    EXPECT_NE(created.error().message.find(words), std::string::npos) << created.error().message;
  };
  refused(statement(nothing, dock_key_), actor(clerk_), "Only a dock may send a dock statement");
  const auto other_key = crypto::SigningKey::from_seed(crypto::random_bytes<32>());
  refused(statement(nothing, other_key), dock, "signed by another key than this dock's");
  const auto with = [&](const std::string& field, const Json& value) {
    return statement([&](Json::Object& out) { out[field] = value; }, dock_key_);
  };
  refused(with("ledger", "ledger.example/otherton"), dock, "meant for another ledger");
  refused(with("bytes", kFile.size() + 1), dock, "another length than Upload-Length");
  refused(with("sha256", hex(crypto::sha256(as_bytes("another file")))), dock, "must name the same digest");
  refused(with("device", crypto::new_id<DeviceId>().text()), dock, "another device than the serial does");
  refused(statement([](Json::Object& out) { out.erase("device"); }, dock_key_), dock, "or in neither");
  // Signed, and then changed or cut in any field.
  const Json good = statement(nothing, dock_key_);
  for (const auto& [field, value] : *good.object()) {
    Json::Object changed = *good.object();
    changed[field] = field == "bytes" ? Json(1) : Json(*value.string() + "0");
    refused(changed, dock, "malformed or its signature does not hold");
    changed.erase(field);
    refused(changed, dock, "malformed or its signature does not hold");
  }
  EXPECT_EQ(problem_of(uploads_->create(dock, whole(1))), &problems::kDockStatement);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_ / "uploads"), {}), 0);
}

TEST_F(UploadsTest, TimePassesForWhatIsUnfinishedAndNotForWhatIsSealed) {
  const Upload sealed = create(5);
  ASSERT_TRUE(send(sealed.id, 0, "whole"));
  const RecordingId recording = wait_sealed(sealed.id).recording;
  const Upload unfinished = create(10), held = create(10);
  ASSERT_TRUE(send(unfinished.id, 0, "half"));
  const auto writer = *uploads_->append(actor(clerk_), held.id, 0);

  clock_.advance_us(limits::kUploadLifeUs - 1);
  ASSERT_TRUE(uploads_->expire());
  EXPECT_EQ(uploads_->find(actor(clerk_), unfinished.id)->offset, 4u);
  clock_.advance_us(1);
  EXPECT_EQ(problem_of(uploads_->find(actor(clerk_), unfinished.id)), &problems::kUploadExpired);
  EXPECT_EQ(problem_of(uploads_->append(actor(clerk_), unfinished.id, 4)), &problems::kUploadExpired);
  EXPECT_TRUE(std::filesystem::exists(file_of(unfinished)));

  ASSERT_TRUE(uploads_->expire());
  EXPECT_EQ(problem_of(uploads_->find(actor(clerk_), unfinished.id)), &problems::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file_of(unfinished)));
  // Whoever is writing is not cut off.
  EXPECT_TRUE(std::filesystem::exists(file_of(held)));
  EXPECT_EQ(vault_->show(actor(clerk_), recording)->sha256, crypto::sha256(as_bytes("whole")));
}

TEST_F(UploadsTest, WhatWasReceivedFromSomebodyWhoHasLeftIsSealed) {
  const access::Actor clerk = actor(clerk_);
  const Upload upload = create(5);
  auto writer = *uploads_->append(clerk, upload.id, 0);
  const std::string_view text = "whole";
  Bytes bytes(text.begin(), text.end());
  ASSERT_TRUE(writer->write(bytes));
  ASSERT_TRUE(
      database_->write([&](db::Transaction& tx) { return roster::deactivate_person(tx, clerk_, clock_.now()); }));
  ASSERT_TRUE(writer->finish());
  Upload now = *uploads_->find(clerk, upload.id);
  while (now.state == State::kSealing) now = *uploads_->find(clerk, upload.id);
  EXPECT_EQ(now.state, State::kSealed);
  EXPECT_EQ(vault_->show(clerk, now.recording)->sha256, crypto::sha256(as_bytes(text)));
}

TEST_F(UploadsTest, TheSameFileByTwoUploadsThatSaySoIsOneRecording) {
  const access::Actor clerk = actor(clerk_);
  const Upload first = create(kFile.size()), second = create(kFile.size());
  for (const UploadId& id : {first.id, second.id}) {
    auto writer = *uploads_->append(clerk, id, 0);
    Bytes bytes(kFile.begin(), kFile.end());
    ASSERT_TRUE(writer->write(bytes));
    EXPECT_EQ(writer->digest(), crypto::sha256(as_bytes(kFile))) << "known before anything is told";
    EXPECT_EQ(uploads_->become(id, first.recording, "filename !").error().problem, &problems::kTusMetadata);
    ASSERT_TRUE(uploads_->become(id, first.recording, pair("filename", "clip.mp4")));
    ASSERT_TRUE(writer->finish());
  }
  for (const UploadId& id : {second.id, first.id}) {
    const auto sealed = uploads_->seal(id);
    ASSERT_TRUE(sealed) << sealed.error().text();
    EXPECT_EQ(sealed->state, State::kSealed);
    EXPECT_EQ(sealed->recording, first.recording);
    EXPECT_EQ(uploads_->become(id, second.recording, "").error().problem, &problems::kUploadFinished);
  }
  EXPECT_EQ(vault_->show(clerk, first.recording)->description.filename, "clip.mp4");
  EXPECT_EQ(vault_->show(clerk, second.recording).error().code(), Code::kNotFound);
  EXPECT_EQ(uploads_->seal(crypto::new_id<UploadId>()).error().code(), Code::kNotFound);
}

TEST_F(UploadsTest, RoomIsKeptForAnUploadForAnHourAfterItsLastByte) {
  const std::uint64_t room = std::filesystem::space(directory_).available - limits::kDiskReserveBytes;
  Creation creation;
  creation.length = std::min(limits::kUploadBytesMax, room / 4);
  Result<Upload> made = uploads_->create(actor(clerk_), creation);
  for (int i = 0; made && i < 1'000; ++i) made = uploads_->create(actor(clerk_), creation);
  EXPECT_EQ(problem_of(made), &problems::kStorageFull);
  clock_.advance_us(limits::kUploadPromiseUs - 1);
  EXPECT_EQ(problem_of(uploads_->create(actor(clerk_), creation)), &problems::kStorageFull);
  // Announced and never begun: others are not kept out by it any longer.
  clock_.advance_us(1);
  EXPECT_TRUE(uploads_->create(actor(clerk_), creation));
}

TEST_F(UploadsTest, InodesAreKeptForWhatWasAcceptedAndForTheLedger) {
  test::FaultyDisk few;
  uploads_.reset();
  uploads_ = *Uploads::open({*database_, few, "/uploads", *vault_, clock_, 1});
  few.set_free_files(limits::kDiskReserveFiles + 2 * limits::kUploadFilesMax - 1);
  EXPECT_TRUE(uploads_->create(actor(clerk_), whole(10)));
  EXPECT_EQ(problem_of(uploads_->create(actor(clerk_), whole(10))), &problems::kStorageFull);
  few.set_free_files(limits::kDiskReserveFiles + 2 * limits::kUploadFilesMax);
  EXPECT_TRUE(uploads_->create(actor(clerk_), whole(10)));
  uploads_.reset();  // before its disk
}

TEST_F(UploadsTest, BytesThatTheDiskHasLostAreSaidAndSentAgain) {
  const Upload upload = create(10);
  ASSERT_TRUE(send(upload.id, 0, "01234567"));
  for (const std::uintmax_t left : {6, 3, 0}) {
    std::filesystem::resize_file(file_of(upload), left);
    EXPECT_EQ(uploads_->find(actor(clerk_), upload.id)->offset, left);
    EXPECT_EQ(problem_of(send(upload.id, 8, "89")), &problems::kUploadOffset);
    ASSERT_EQ(send(upload.id, left, std::string_view("01234567").substr(left))->offset, 8u);
  }
  std::filesystem::remove(file_of(upload));
  EXPECT_EQ(uploads_->find(actor(clerk_), upload.id)->offset, 0u);
  ASSERT_TRUE(send(upload.id, 0, "0123456789"));
  EXPECT_EQ(wait_sealed(upload.id).sha256, crypto::sha256(as_bytes("0123456789")));
}

TEST_F(UploadsTest, WhoAsksWhileAnUploadEndsIsToldOfItsEndAndNotThatItsBytesAreGone) {
  const Upload removed = create(10), finished = create(10);
  ASSERT_TRUE(send(removed.id, 0, "0123"));
  ASSERT_TRUE(send(finished.id, 0, "0123"));
  const access::Actor clerk = actor(clerk_);
  disk_.before_stat = [&] { ASSERT_TRUE(uploads_->remove(clerk, removed.id)); };
  EXPECT_EQ(problem_of(uploads_->find(clerk, removed.id)), &problems::kNotFound);
  EXPECT_FALSE(disk_.before_stat);

  disk_.before_stat = [&] {
    ASSERT_TRUE(send(finished.id, 4, "456789"));
    wait_sealed(finished.id);
    while (std::filesystem::exists(file_of(finished))) std::this_thread::yield();
  };
  const auto told = uploads_->find(clerk, finished.id);
  EXPECT_FALSE(disk_.before_stat);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->offset, 10u);
  EXPECT_EQ(told->state, State::kSealed);
}

TEST_F(UploadsTest, WhatAnotherServerHasWrittenSinceTheRowWasReadIsNotWrittenOver) {
  const Upload upload = create(12);
  ASSERT_TRUE(send(upload.id, 0, "0123"));
  const auto other = open();
  disk_.before_open = [&] { ASSERT_TRUE(send(*other, upload.id, 4, "4567")); };
  EXPECT_EQ(problem_of(send(upload.id, 4, "....")), &problems::kUploadOffset);
  ASSERT_TRUE(send(upload.id, 8, "89ab"));
  EXPECT_EQ(wait_sealed(upload.id).sha256, crypto::sha256(as_bytes("0123456789ab")));
}

TEST_F(UploadsTest, AnUploadThatAnotherServerHasRemovedLeavesNoFileBehind) {
  const Upload upload = create(10);
  ASSERT_TRUE(send(upload.id, 0, "0123"));
  const auto other = open();
  const access::Actor clerk = actor(clerk_);
  disk_.before_open = [&] { ASSERT_TRUE(other->remove(clerk, upload.id)); };
  EXPECT_EQ(problem_of(send(upload.id, 4, "456789")), &problems::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file_of(upload)));
}

TEST_F(UploadsTest, AnotherServersWriterIsNotCutOffAndWhatIsGoneIsUnknown) {
  const Upload upload = create(10);
  const auto other = open();
  const access::Actor clerk = actor(clerk_);
  {
    const auto writer = *other->append(clerk, upload.id, 0);
    EXPECT_EQ(problem_of(uploads_->remove(clerk, upload.id)), &problems::kUploadLocked);
  }
  ASSERT_TRUE(other->remove(clerk, upload.id));
  EXPECT_EQ(problem_of(uploads_->remove(clerk, upload.id)), &problems::kNotFound);
}

TEST_F(UploadsTest, PartsThatHaveYetToBeJoinedDoNotExpire) {
  Creation creation{5, Kind::kPartial, {}, {}};
  std::vector<Upload> parts;
  for (const std::string_view text : {"first", "again"}) {
    parts.push_back(*uploads_->create(actor(clerk_), creation));
    ASSERT_TRUE(send(parts.back().id, 0, text));
  }
  // As after a power cut: the final upload was acknowledged, and nobody has come to join it until its parts' time was up.
  disk_.refuses_copies = true;
  const Upload final_one = *uploads_->create(actor(clerk_), {0, Kind::kFinal, {}, {parts[0].id, parts[1].id}});
  uploads_.reset();
  clock_.advance_us(limits::kUploadLifeUs + 1);
  reopen();
  ASSERT_TRUE(uploads_->expire());
  for (const Upload& part : parts) EXPECT_TRUE(std::filesystem::exists(file_of(part)));
  uploads_.reset();
  disk_.refuses_copies = false;
  reopen();
  EXPECT_EQ(wait_sealed(final_one.id).sha256, crypto::sha256(as_bytes("firstagain")));
  ASSERT_TRUE(uploads_->expire());
  EXPECT_EQ(problem_of(uploads_->find(actor(clerk_), parts[0].id)), &problems::kNotFound);
}

// Every call that an upload makes of its disk fails once: on a disk that wants whole blocks, and on one that does not.
TEST_F(UploadsTest, WhatTheDiskRefusesIsNotAcknowledgedAndIsSentAgain) {
  constexpr std::size_t kBlock = os::kDirectAlignmentBytes;
  std::string text(5 * kBlock + 7, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  const std::unique_ptr<std::uint8_t[], void (*)(std::uint8_t*)> aligned(
      static_cast<std::uint8_t*>(::operator new[](2 * kBlock, std::align_val_t{kBlock})),
      [](std::uint8_t* p) { ::operator delete[](p, std::align_val_t{kBlock}); });
  std::copy_n(text.begin(), 2 * kBlock, aligned.get());
  for (const bool is_direct : {false, true}) {
    std::size_t refusals = 0;
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 100u);
      const auto faulty = *test::FaultyDisk::over(disk_, directory_ / "uploads");
      if (is_direct) faulty->grant_direct();
      reopen(*faulty);
      const Upload upload = create(text.size());
      auto writer = *uploads_->append(actor(clerk_), upload.id, 0);
      faulty->inject({.op = std::nullopt, .nth = nth});
      bool is_written = false;
      const auto sent = [&]() -> Result<Upload> {
        TRY(writer->write({aligned.get(), 2 * kBlock}));
        for (std::size_t at = 2 * kBlock; at < text.size();) {
          const std::size_t count = std::min<std::size_t>(text.size() - at, kBlock - 100);
          Bytes piece(text.begin() + static_cast<std::ptrdiff_t>(at),
                      text.begin() + static_cast<std::ptrdiff_t>(at + count));
          TRY(writer->write(piece));
          at += count;
        }
        is_written = true;
        return writer->finish();
      }();
      if (!is_written) {
        EXPECT_EQ(writer->finish()->offset, 0u) << nth << ": as of a body that was cut short";
      }
      faulty->heal();
      writer.reset();
      if (!sent) {
        ++refusals;
        const Upload told = *uploads_->find(actor(clerk_), upload.id);
        EXPECT_EQ(told.offset, 0u) << nth;
        EXPECT_EQ(told.state, State::kReceiving) << nth;
        ASSERT_TRUE(send(upload.id, 0, text)) << nth;
      }
      EXPECT_EQ(wait_sealed(upload.id).sha256, crypto::sha256(as_bytes(text)));
      uploads_.reset();  // before its disk
      if (sent) break;
    }
    EXPECT_GE(refusals, is_direct ? 5u : 6u);  // writes, a truncate and a sync
  }
}

TEST_F(UploadsTest, WhatTheCatalogRefusesIsNotAcknowledged) {
  const Upload upload = create(10);
  {
    const auto writer = *uploads_->append(actor(clerk_), upload.id, 0);
    Bytes bytes(4, 'x');
    ASSERT_TRUE(writer->write(bytes));
    run("ALTER TABLE uploads RENAME TO away");
    EXPECT_FALSE(writer->finish());
    run("ALTER TABLE away RENAME TO uploads");
  }
  EXPECT_EQ(uploads_->find(actor(clerk_), upload.id)->offset, 0u);
  // Another server has gone on with it meanwhile.
  {
    const auto writer = *uploads_->append(actor(clerk_), upload.id, 0);
    Bytes bytes(4, 'x');
    ASSERT_TRUE(writer->write(bytes));
    run("UPDATE uploads SET offset_bytes = 3");
    EXPECT_EQ(problem_of(writer->finish()), &problems::kUploadLocked);
    run("UPDATE uploads SET offset_bytes = 0");
  }
  ASSERT_TRUE(send(upload.id, 0, "0123456789"));
  EXPECT_EQ(wait_sealed(upload.id).sha256, crypto::sha256(as_bytes("0123456789")));
}

// Each statement that a client's requests make fails once.
TEST_F(UploadsTest, WhatTheCatalogRefusesAtAnyStatementIsNotAcknowledgedAndIsSentAgain) {
  constexpr std::string_view kText = "0123456789";
  const SubjectId neighbor = ask_for_files();
  for (const auto& [sender, is_only_server] :
       {std::pair<SubjectId, bool>(clerk_, true), {clerk_, false}, {neighbor, true}}) {
    sender_ = sender;
    const access::Actor by = actor(sender);
    is_only_server_ = is_only_server;
    reopen();
    std::size_t refusals = 0;
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 100u);
      std::optional<UploadId> id;
      std::uint64_t told = 0;
      database_->refuse(nth, test::RefusingCatalog::Whose::kThisThread);
      const auto sent = [&]() -> Result<Upload> {
        id = TRY(uploads_->create(by, whole(kText.size()))).id;
        told = TRY(send(*id, 0, kText.substr(0, 4))).offset;
        told = TRY(uploads_->find(by, *id)).offset;
        return send(*id, 4, kText.substr(4));
      }();
      database_->heal();
      ASSERT_EQ(sent.has_value(), !database_->has_refused()) << nth;
      if (!sent) {
        ++refusals;
        if (!id) id = create(kText.size()).id;
        const Upload now = *uploads_->find(by, *id);
        ASSERT_EQ(now.state, State::kReceiving) << nth;
        EXPECT_EQ(now.offset, told) << nth;
        ASSERT_TRUE(send(*id, now.offset, kText.substr(now.offset))) << nth;
      }
      EXPECT_EQ(wait_sealed(*id).sha256, crypto::sha256(as_bytes(kText)));
      if (sent) break;
    }
    EXPECT_GE(refusals, 8u);  // reads, an insertion, two taken over and two swapped
  }
}

// Each statement that sealing makes fails once, its ledger's too; of an upload that is whole and of one that has to be joined first.
TEST_F(UploadsTest, WhatTheCatalogRefusesWhileAnUploadIsSealedIsDoneLaterAndOnce) {
  const SubjectId neighbor = ask_for_files();
  struct Case {
    SubjectId sender;
    Kind kind;
    bool is_only_server;
  };
  for (const auto& [sender, kind, is_only_server] :
       {Case{clerk_, Kind::kWhole, true}, Case{clerk_, Kind::kFinal, true}, Case{clerk_, Kind::kFinal, false},
        Case{neighbor, Kind::kWhole, true}}) {
    sender_ = sender;
    const access::Actor by = actor(sender);
    is_only_server_ = is_only_server;
    reopen();
    std::size_t refusals = 0;
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 300u);
      Upload upload;
      const auto refuse = [&] { database_->refuse(nth, test::RefusingCatalog::Whose::kOtherThreads); };
      if (kind == Kind::kWhole) {
        std::string said;  // a camera that is new each time; whoever was asked for files does not say one
        if (!by.file_request) said = pair("device", fmt::format("of round {}", nth));
        upload = *uploads_->create(by, whole(10, said));
        refuse();
        ASSERT_TRUE(send(upload.id, 0, "firstagain"));
      } else {
        std::vector<UploadId> parts;
        for (const std::string_view text : {"first", "again"}) {
          parts.push_back(uploads_->create(by, {text.size(), Kind::kPartial, {}, {}})->id);
          ASSERT_TRUE(send(parts.back(), 0, text));
        }
        refuse();
        upload = *uploads_->create(by, {0, Kind::kFinal, {}, parts});
      }
      while (!database_->has_refused() && uploads_->find(by, upload.id)->state == State::kSealing) {
        std::this_thread::yield();
      }
      const bool was_refused = database_->has_refused();
      database_->heal();
      if (was_refused) reopen();  // looks for what is to be sealed at once, and not only at the next scan
      refusals += was_refused;
      const Upload sealed = wait_sealed(upload.id);
      ASSERT_EQ(sealed.state, State::kSealed) << nth;
      EXPECT_EQ(sealed.sha256, crypto::sha256(as_bytes("firstagain")));
      EXPECT_TRUE(vault_->show(actor(clerk_), sealed.recording)) << nth;
      if (!was_refused) break;
    }
    EXPECT_GE(refusals, 8u);
  }
}

TEST_F(UploadsTest, ALongRequestIsAcknowledgedInBetweenOrNotTaken) {
  Bytes most(limits::kUploadCheckpointBytes, 'x');
  const Upload upload = create(most.size() + 1);
  const auto writer = *uploads_->append(actor(clerk_), upload.id, 0);
  run("ALTER TABLE uploads RENAME TO away");
  EXPECT_FALSE(writer->write(most));
  run("ALTER TABLE away RENAME TO uploads");
  EXPECT_EQ(uploads_->find(actor(clerk_), upload.id)->offset, 0u);

  const Upload other = create(most.size() + 1);
  const auto second = *uploads_->append(actor(clerk_), other.id, 0);
  ASSERT_TRUE(second->write(most));
  EXPECT_EQ(uploads_->find(actor(clerk_), other.id)->offset, most.size());
  Bytes rest(2, 'x');
  EXPECT_EQ(problem_of(second->write(rest)), &problems::kUploadTooLong);

  // With its last byte it ends; and one whose checksum is still to come tells of nothing before that has come.
  const Upload exact = create(most.size());
  const auto third = *uploads_->append(actor(clerk_), exact.id, 0);
  ASSERT_TRUE(third->write(most));
  EXPECT_EQ(uploads_->find(actor(clerk_), exact.id)->offset, 0u);
  EXPECT_EQ(third->finish()->state, State::kSealing);
  const Upload checked = create(most.size() + 1);
  const auto fourth = *uploads_->append(actor(clerk_), checked.id, 0);
  fourth->hold_back();
  ASSERT_TRUE(fourth->write(most));
  EXPECT_EQ(uploads_->find(actor(clerk_), checked.id)->offset, 0u);
  fourth->discard();
  EXPECT_EQ(fourth->finish()->offset, 0u);
  EXPECT_EQ(uploads_->find(actor(clerk_), checked.id)->offset, 0u);
}

TEST_F(UploadsTest, APartWaitsWholeForItsFinalUploadOrIsRefused) {
  const Upload part = *uploads_->create(actor(clerk_), {4, Kind::kPartial, {}, {}});
  ASSERT_EQ(send(part.id, 0, "0123")->state, State::kReceiving);
  // Nothing more comes, and what is there stays as it is.
  const auto again = send(part.id, 4, "");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->offset, 4u);
  EXPECT_EQ(again->state, State::kReceiving);
  const std::string other = pair("sha256", hex(crypto::sha256(as_bytes("another"))));
  const Upload wrong = *uploads_->create(actor(clerk_), {4, Kind::kPartial, other, {}});
  EXPECT_EQ(send(wrong.id, 0, "0123")->state, State::kRefused);
}

TEST_F(UploadsTest, AStartSweepsOutWhatNoRowNames) {
  const Upload upload = create(10);
  ASSERT_TRUE(send(upload.id, 0, "0123"));
  for (const std::string& stray :
       {crypto::new_id<UploadId>().text(), std::string("stray"), std::string(".hidden.tmp")}) {
    std::ofstream(directory_ / "uploads" / stray) << "x";
  }
  reopen();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_ / "uploads"), {}), 1);
  EXPECT_EQ(uploads_->find(actor(clerk_), upload.id)->offset, 4u);
}

// ---- creation ----

TEST_F(UploadsTest, OnlyPartsThatAreWholeOnesOwnAndFreeAreJoined) {
  const access::Actor clerk = actor(clerk_), dock = actor(dock_);
  const Creation part{4, Kind::kPartial, {}, {}};
  const Upload good = *uploads_->create(clerk, part), short_one = *uploads_->create(clerk, part),
               anothers = *uploads_->create(dock, part), of_no_kind = create(4);
  ASSERT_TRUE(send(good.id, 0, "0123"));
  ASSERT_TRUE(send(short_one.id, 0, "012"));
  const auto refused = [&](const UploadId& other) {
    return problem_of(uploads_->create(clerk, {0, Kind::kFinal, {}, {good.id, other}}));
  };
  for (const UploadId& other : {crypto::new_id<UploadId>(), anothers.id, of_no_kind.id, short_one.id})
    EXPECT_EQ(refused(other), &problems::kConcatenation);
  // One of no bytes is whole as it is.
  const Upload empty = *uploads_->create(clerk, {0, Kind::kPartial, {}, {}});
  EXPECT_EQ(empty.state, State::kReceiving);
  const Upload joined = *uploads_->create(clerk, {0, Kind::kFinal, {}, {good.id, empty.id}});
  EXPECT_EQ(wait_sealed(joined.id).sha256, crypto::sha256(as_bytes("0123")));
  EXPECT_EQ(refused(short_one.id), &problems::kConcatenation) << "the first is joined";
  EXPECT_EQ(problem_of(uploads_->append(clerk, joined.id, 4)), &problems::kUploadFinished) << "no bytes of its own";
}

TEST_F(UploadsTest, APartThatIsTakenInThatMomentIsJoinedOnce) {
  const access::Actor clerk = actor(clerk_);
  const Upload part = *uploads_->create(clerk, {4, Kind::kPartial, {}, {}});
  ASSERT_TRUE(send(part.id, 0, "0123"));
  const Creation final_one{0, Kind::kFinal, {}, {part.id}};
  std::optional<Upload> first;
  disk_.before_open = [&] { first = *uploads_->create(clerk, final_one); };
  EXPECT_EQ(problem_of(uploads_->create(clerk, final_one)), &problems::kConcatenation);
  ASSERT_TRUE(first);
  EXPECT_EQ(wait_sealed(first->id).sha256, crypto::sha256(as_bytes("0123")));
  uploads_.reset();
  EXPECT_EQ(files(), 0) << "the second one's is taken away with it";
}

TEST_F(UploadsTest, AGroupIsThatOfARecordingOfOnesOwn) {
  const access::Actor clerk = actor(clerk_);
  const auto of_group = [&](const RecordingId& first) {
    return uploads_->create(clerk, whole(4, pair("group", first.text())));
  };
  EXPECT_EQ(of_group(crypto::new_id<RecordingId>()).error().code(), Code::kInvalid);
  const Upload first = create(4);
  ASSERT_TRUE(send(first.id, 0, "0123"));
  const RecordingId recording = wait_sealed(first.id).recording;
  const auto second = of_group(recording);
  ASSERT_TRUE(second);
  ASSERT_TRUE(send(second->id, 0, "4567"));
  EXPECT_EQ(vault_->show(clerk, wait_sealed(second->id).recording)->description.group, recording);
}

TEST_F(UploadsTest, WhoHasVeryManyUnfinishedOnesFinishesSomeFirst) {
  const Upload one = create(10);
  run(
      fmt::format("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {}) INSERT INTO uploads "
                  "(id, agency, owner, kind, state, reason, length_bytes, offset_bytes, midstate, recording, metadata, "
                  "parts, created_us, expires_us, received_us) SELECT CAST(i AS TEXT), agency, owner, kind, state, "
                  "reason, length_bytes, 0, midstate, recording, metadata, parts, created_us, expires_us, 0 FROM n, "
                  "uploads",
                  limits::kUploadsUnfinishedMax));
  for (const std::uint64_t length : {10u, 0u})
    EXPECT_EQ(problem_of(uploads_->create(actor(clerk_), whole(length))), &problems::kTooManyUploads);
  EXPECT_EQ(files(), 0) << "an empty one's file is made at once, and goes with its refusal";
  ASSERT_TRUE(uploads_->remove(actor(clerk_), one.id));
  EXPECT_TRUE(uploads_->create(actor(clerk_), whole(10)));
}

// The files of these two are made with them.
TEST_F(UploadsTest, WhatTheDiskRefusesOfAnEmptyOrAFinalUploadIsNotAcknowledged) {
  const access::Actor clerk = actor(clerk_);
  for (const test::Op op : {test::Op::kCreate, test::Op::kSyncData, test::Op::kSyncDirectory}) {
    const auto faulty = *test::FaultyDisk::over(disk_, directory_ / "uploads");
    reopen(*faulty);
    const Upload part = *uploads_->create(clerk, {4, Kind::kPartial, {}, {}});
    ASSERT_TRUE(send(part.id, 0, "0123"));
    for (const Creation& creation : {whole(0), Creation{0, Kind::kFinal, {}, {part.id}}}) {
      faulty->inject({.op = op});
      EXPECT_FALSE(uploads_->create(clerk, creation));
      EXPECT_TRUE(faulty->has_failed());
      const auto again = uploads_->create(clerk, creation);
      ASSERT_TRUE(again);
      EXPECT_EQ(wait_sealed(again->id).state, State::kSealed);
    }
    uploads_.reset();  // before its disk
  }
}

TEST_F(UploadsTest, AnEmptyUploadIsNotThereWithoutWhatARoomKeepsOfIt) {
  const access::Actor clerk = actor(clerk_);
  Creation creation = whole(0);
  std::optional<UploadId> refused;
  creation.rows = [&](db::Transaction&, const Upload& upload) -> Result<void> {
    refused = upload.id;
    return fail(Code::kConflict, "Another has it");
  };
  const auto created = uploads_->create(clerk, creation);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().message, "Another has it");
  ASSERT_TRUE(refused);
  EXPECT_EQ(problem_of(uploads_->find(clerk, *refused)), &problems::kNotFound);
  EXPECT_EQ(files(), 0);
  creation.rows = [&](db::Transaction& tx, const Upload& upload) -> Result<void> {
    TRY(tx.run("UPDATE uploads SET reason = 'kept' WHERE id = :id", {{"id", upload.id.text()}}));
    return {};
  };
  const auto kept = uploads_->create(clerk, creation);
  ASSERT_TRUE(kept);
  EXPECT_EQ(text_of(*kept, "reason"), "kept");
  EXPECT_EQ(wait_sealed(kept->id).state, State::kSealed);
  EXPECT_EQ(recordings(), 1);
}

TEST_F(UploadsTest, WhatTheCatalogRefusesOfAFinalUploadLeavesItsPartsFree) {
  const access::Actor clerk = actor(clerk_);
  std::size_t refusals = 0;
  for (;; ++refusals) {
    ASSERT_LT(refusals, 100u);
    std::vector<UploadId> parts;
    for (const std::string_view text : {"first", "again"}) {
      parts.push_back(uploads_->create(clerk, {text.size(), Kind::kPartial, {}, {}})->id);
      ASSERT_TRUE(send(parts.back(), 0, text));
    }
    const Creation creation{0, Kind::kFinal, {}, parts};
    database_->refuse(refusals + 1, test::RefusingCatalog::Whose::kThisThread);
    auto created = uploads_->create(clerk, creation);
    database_->heal();
    ASSERT_EQ(created.has_value(), !database_->has_refused()) << refusals;
    const bool is_last = created.has_value();
    if (!created) created = uploads_->create(clerk, creation);
    ASSERT_TRUE(created) << refusals;
    EXPECT_EQ(wait_sealed(created->id).sha256, crypto::sha256(as_bytes("firstagain")));
    if (is_last) break;
  }
  EXPECT_GE(refusals, 7u);  // both parts read and taken, the room and the number looked at, the row
}

// Where the statements fail there is no row; where the commit's answer does, there may be one, and it would need its file.
TEST_F(UploadsTest, AFileOfARefusedUploadGoesAtOnceAndThatOfACommitWithoutAnAnswerWithTheSweep) {
  const access::Actor clerk = actor(clerk_);
  run("ALTER TABLE uploads RENAME TO away");
  EXPECT_FALSE(uploads_->create(clerk, whole(0)));
  run("ALTER TABLE away RENAME TO uploads");
  EXPECT_EQ(files(), 0);
  for (const auto& [length, made] : std::map<std::uint64_t, std::ptrdiff_t>{{0, 1}, {10, 0}}) {
    database_->refuse_commit(1);
    EXPECT_EQ(problem_of(uploads_->create(clerk, whole(length))), &problems::kCommitUnknown);
    EXPECT_EQ(files(), made) << length;
    reopen();
    EXPECT_EQ(files(), 0);
  }
  EXPECT_EQ(wait_sealed(uploads_->create(clerk, whole(0))->id).state, State::kSealed);
}

TEST_F(UploadsTest, BytesOfWhichNothingWasAcknowledgedDoNotStay) {
  const Upload upload = create(10);
  {
    const auto writer = *uploads_->append(actor(clerk_), upload.id, 0);
    writer->hold_back();
    Bytes bytes(8, 'x');
    ASSERT_TRUE(writer->write(bytes));
  }
  ASSERT_EQ(files(), 1);
  reopen();  // after the server died in between
  EXPECT_EQ(files(), 0);
  ASSERT_TRUE(send(upload.id, 0, "0123456789"));
  EXPECT_EQ(wait_sealed(upload.id).sha256, crypto::sha256(as_bytes("0123456789")));
}

// ---- the beginning of a request ----

TEST_F(UploadsTest, EachStepIsForWhoMayUploadAndForTheirOwn) {
  const Upload upload = create(10), other = *uploads_->create(actor(dock_), {4, Kind::kPartial, {}, {}});
  access::Actor idle = actor(clerk_);
  idle.roles.clear();
  EXPECT_EQ(uploads_->create(idle, whole(10)).error().code(), Code::kDenied);
  EXPECT_EQ(uploads_->append(idle, upload.id, 0).error().code(), Code::kDenied);
  EXPECT_EQ(problem_of(uploads_->append(actor(clerk_), other.id, 0)), &problems::kNotFound);
  EXPECT_EQ(problem_of(uploads_->create(actor(clerk_), whole(10, "sha256 YQ=="))), &problems::kTusMetadata);
  EXPECT_EQ(problem_of(uploads_->create(actor(clerk_), whole(limits::kUploadBytesMax + 1))),
            &problems::kUploadLengthLimit);
}

TEST_F(UploadsTest, WhatComesAtNoBordersOfBlocksIsTheSameFile) {
  const auto faulty = *test::FaultyDisk::over(disk_, directory_ / "uploads");
  faulty->grant_direct();
  reopen(*faulty);
  std::string text(100 + 3 * limits::kMiB, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  const Upload upload = create(text.size());
  auto writer = *uploads_->append(actor(clerk_), upload.id, 0);
  for (std::size_t at = 0, count = 100; at < text.size(); at += count, count = 3 * limits::kMiB / 2) {
    Bytes piece(text.begin() + static_cast<std::ptrdiff_t>(at), text.begin() + static_cast<std::ptrdiff_t>(at + count));
    ASSERT_TRUE(writer->write(piece));
  }
  ASSERT_TRUE(writer->finish());
  writer.reset();
  EXPECT_EQ(wait_sealed(upload.id).sha256, crypto::sha256(as_bytes(text)));
  uploads_.reset();  // before its disk
}

TEST_F(UploadsTest, WhatTheDiskRefusesOfABeginningChangesNothing) {
  constexpr std::size_t kBlock = os::kDirectAlignmentBytes;
  const std::string text(kBlock + 200, 'x');
  const auto faulty = *test::FaultyDisk::over(disk_, directory_ / "uploads");
  faulty->grant_direct();
  reopen(*faulty);
  const access::Actor clerk = actor(clerk_);
  const Upload upload = create(text.size());
  const auto refused = [&](const test::Fault& fault, std::uint64_t offset) {
    faulty->inject(fault);
    const bool done = uploads_->append(clerk, upload.id, offset).has_value();
    EXPECT_TRUE(faulty->has_failed());
    faulty->heal();
    return !done;
  };
  EXPECT_TRUE(refused({.op = test::Op::kCreate}, 0));
  ASSERT_TRUE(send(upload.id, 0, text.substr(0, kBlock + 100)));
  const std::uint64_t offset = kBlock + 100;
  for (const test::Fault& fault : {test::Fault{.op = test::Op::kOpen}, test::Fault{.op = test::Op::kRead},
                                   test::Fault{.op = test::Op::kRead, .nth = 2}, test::Fault{.op = test::Op::kEnd}}) {
    EXPECT_TRUE(refused(fault, offset));
    EXPECT_EQ(uploads_->find(clerk, upload.id)->offset, offset);
  }
  // Lost: what is left is read again, and the row set back only by what could be read.
  std::filesystem::resize_file(file_of(upload), kBlock);
  for (const test::Fault& fault :
       {test::Fault{.op = test::Op::kOpen, .nth = 2}, test::Fault{.op = test::Op::kRead, .nth = 2}}) {
    EXPECT_TRUE(refused(fault, kBlock));
    EXPECT_EQ(number_of(upload, "offset_bytes"), offset);
  }
  database_->refuse(4, test::RefusingCatalog::Whose::kThisThread);  // after the row was read, asked for and read again
  EXPECT_FALSE(uploads_->append(clerk, upload.id, kBlock));
  EXPECT_TRUE(database_->has_refused());
  database_->heal();
  EXPECT_EQ(number_of(upload, "offset_bytes"), offset);
  EXPECT_TRUE(refused({.op = test::Op::kEnd}, kBlock)) << "it became shorter meanwhile";
  EXPECT_EQ(number_of(upload, "offset_bytes"), 0u);
  ASSERT_TRUE(send(upload.id, 0, text));
  EXPECT_EQ(wait_sealed(upload.id).sha256, crypto::sha256(as_bytes(text)));
  uploads_.reset();  // before its disk
}

TEST_F(UploadsTest, AnUploadThatAnotherTakesOverWhileItIsSetBackIsLeftToThem) {
  const Upload upload = create(10);
  ASSERT_TRUE(send(upload.id, 0, "01234567"));
  std::filesystem::resize_file(file_of(upload), 4);
  disk_.before_open = [&] { disk_.before_open = [&] { run("UPDATE uploads SET writer = 'another'"); }; };
  EXPECT_EQ(problem_of(send(upload.id, 4, "4567")), &problems::kUploadLocked);
  EXPECT_EQ(number_of(upload, "offset_bytes"), 8u);
  ASSERT_TRUE(send(upload.id, 4, "456789"));
  EXPECT_EQ(wait_sealed(upload.id).sha256, crypto::sha256(as_bytes("0123456789")));
}

TEST_F(UploadsTest, OneRequestAtATimeWritesAnUpload) {
  const Upload upload = create(10);
  const auto other = open();
  {
    const auto writer = *other->append(actor(clerk_), upload.id, 0);
    for (Uploads* server : {other.get(), uploads_.get()})
      EXPECT_EQ(problem_of(server->append(actor(clerk_), upload.id, 0)), &problems::kUploadLocked);
  }
  EXPECT_TRUE(send(upload.id, 0, "0123456789"));
}

TEST_F(UploadsTest, AHashThatDoesNotFitItsOffsetTakesNoBytes) {
  const Upload upload = create(10);
  ASSERT_TRUE(send(upload.id, 0, "0123"));
  run("CREATE TABLE kept AS SELECT midstate FROM uploads");
  for (const std::string& midstate : {std::string("x"), crypto::Sha256().midstate()}) {
    run("UPDATE uploads SET midstate = :midstate", {{"midstate", midstate}});
    EXPECT_EQ(send(upload.id, 4, "456789").error().code(), Code::kCorrupt) << midstate;
    EXPECT_EQ(std::filesystem::file_size(file_of(upload)), 4u);
  }
  run("UPDATE uploads SET midstate = (SELECT midstate FROM kept)");
  ASSERT_TRUE(send(upload.id, 4, "456789"));
  EXPECT_EQ(wait_sealed(upload.id).sha256, crypto::sha256(as_bytes("0123456789")));
}

TEST_F(UploadsTest, WhatEndsWhileItsFileIsOpenedTakesNoBytesAndLeavesNoFileOfNobody) {
  const access::Actor clerk = actor(clerk_);
  // Sealed, and its file taken away: what opening it made anew goes.
  const Upload sealed = create(10);
  ASSERT_TRUE(send(sealed.id, 0, "0123"));
  const auto other = open();
  disk_.before_open = [&] {
    ASSERT_TRUE(send(*other, sealed.id, 4, "456789"));
    wait_sealed(sealed.id);
    while (std::filesystem::exists(file_of(sealed))) std::this_thread::yield();
  };
  EXPECT_EQ(problem_of(send(sealed.id, 4, "456789")), &problems::kUploadFinished);
  EXPECT_FALSE(std::filesystem::exists(file_of(sealed)));
  // A part of no bytes, joined: an empty file is what it has.
  const Upload part = *uploads_->create(clerk, {0, Kind::kPartial, {}, {}});
  disk_.before_open = [&] { ASSERT_TRUE(uploads_->create(clerk, {0, Kind::kFinal, {}, {part.id}})); };
  EXPECT_EQ(problem_of(send(part.id, 0, "")), &problems::kUploadFinished);
  // Its time is up: what came of it waits to be removed with its row.
  const Upload late = create(10);
  ASSERT_TRUE(send(late.id, 0, "0123"));
  disk_.before_open = [&] { clock_.advance_us(limits::kUploadLifeUs); };
  EXPECT_EQ(problem_of(send(late.id, 4, "456789")), &problems::kUploadExpired);
  EXPECT_EQ(std::filesystem::file_size(file_of(late)), 4u);
}

TEST_F(UploadsTest, AServerAmongOthersTakesTheRowBeforeItWrites) {
  is_only_server_ = false;
  reopen();
  const access::Actor clerk = actor(clerk_);
  const Upload removed = create(10), damaged = create(10);
  disk_.before_open = [&] { run(fmt::format("DELETE FROM uploads WHERE id = '{}'", removed.id.text())); };
  EXPECT_EQ(problem_of(send(removed.id, 0, "0123")), &problems::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file_of(removed)));
  const auto owned_by = [&](const std::string& owner) {
    run(fmt::format("UPDATE uploads SET owner = '{}' WHERE id = '{}'", owner, damaged.id.text()));
  };
  disk_.before_open = [&] { owned_by("nobody"); };
  EXPECT_EQ(send(damaged.id, 0, "0123").error().code(), Code::kCorrupt);
  owned_by(clerk_.text());
  // Whoever had it before finds that it is another's, whatever became of their lock.
  const auto writer = *uploads_->append(clerk, damaged.id, 0);
  Bytes bytes(4, 'x');
  ASSERT_TRUE(writer->write(bytes));
  run("UPDATE uploads SET writer = 'another'");
  EXPECT_EQ(problem_of(writer->finish()), &problems::kUploadLocked);
}

}  // namespace
}  // namespace lapel::intake
