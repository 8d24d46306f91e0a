// SPDX-License-Identifier: Apache-2.0
// What a stranger over HTTP cannot bring about: a dock's key in hand, a clock that moves, and a disk that has lost bytes.
#include "intake/uploads.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/problems.h"
#include "bucket/memory_bucket.h"
#include "crypto/random.h"
#include "db/catalog_for_tests.h"
#include "proof/entry.h"
#include "roster/proposals.h"
#include "roster/roles.h"
#include "roster/roster.h"
#include "test/faulty_disk.h"
#include "test/refusing_catalog.h"
#include "test/watched_disk.h"

namespace lapel::intake {
namespace {

const std::string kOrigin = "ledger.example/ashfield";
constexpr std::string_view kFile = "what the camera saw";

std::string pair(std::string_view key, std::string_view value) {
  return fmt::format("{} {}", key, base64(as_bytes(value)));
}
Creation whole(std::uint64_t length, std::string metadata = {}) {
  return {length, Kind::kWhole, std::move(metadata), {}};
}
template <typename T>
const Problem* problem_of(const Result<T>& result) {
  return result ? nullptr : result.error().problem;
}

class UploadsTest : public testing::Test {
 protected:
  UploadsTest() {
    directory_ =
        std::filesystem::temp_directory_path() / fmt::format("lapel-uploads-{}", hex(crypto::random_bytes<8>()));
    std::filesystem::create_directories(directory_);
    catalog_.emplace(directory_);
    real_database_ = catalog_->open();
    database_ = std::make_unique<test::RefusingCatalog>(*real_database_);
    for (const auto& [name, steps] : {std::pair("roster", roster::schema()), std::pair("ledger", ledger::schema()),
                                      std::pair("jobs", jobs::schema()), std::pair("evidence", evidence::schema()),
                                      std::pair("holds", roster::holds_schema()), std::pair("intake", schema())}) {
      EXPECT_TRUE(db::migrate(*database_, name, steps));
    }
    const ledger::Terms terms{.origin = kOrigin, .slug = "ashfield"};
    const ledger::Secrets secrets{crypto::random_bytes<32>(), crypto::random_bytes<32>()};
    const proof::VerifierKey vkey{kOrigin, proof::KeyType::kLog,
                                  crypto::SigningKey::from_seed(secrets.log_seed).public_key()};
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(roster::add_agency(tx, {agency_, "Ashfield", "ashfield", true, crypto::new_id<PersonId>()}));
      TRY(roster::add_person(tx, {clerk_, agency_, "clerk", "Clerk", std::nullopt, {access::Role::kRecords}}, {}));
      TRY(roster::add_device(tx, {device_, agency_, "X81234"}, {}));
      TRY(roster::add_dock(tx, {dock_, agency_, "east door", dock_key_.public_key()}, {}));
      return ledger::Ledger::create(tx, agency_, terms, vkey);
    }));
    ledgers_ = std::make_unique<ledger::Ledgers>(
        [=, this](const AgencyId&) {
          const auto key_of = [](const SubjectId& subject, ledger::KeyUse) -> Result<proof::SubjectKey> {
            return crypto::sha256(subject.bytes());  // the same each time, which is all that is asked here
          };
          auto ledger = ledger::Ledger::open({agency_, terms, secrets, key_of, *database_, *bucket_, clock_});
          EXPECT_TRUE(ledger && (*ledger)->begin());
          return ledger;
        },
        clock_);
    vault_ = std::make_unique<evidence::Vault>(
        evidence::Vault::Parts{*database_, store_, *bucket_, jobs_(), *ledgers_, clock_});
    reopen();
  }
  ~UploadsTest() override {
    uploads_.reset();
    ledgers_.reset();
    std::filesystem::remove_all(directory_);
  }

  jobs::Queue& jobs_() {
    if (!queue_) queue_ = std::make_unique<jobs::Queue>(*database_, clock_);
    return *queue_;
  }
  void reopen() { reopen(disk_); }
  void reopen(os::Disk& disk) {
    uploads_.reset();
    uploads_ = open(disk);
  }
  // What another server over the same catalog and disk has.
  std::unique_ptr<Uploads> open() { return open(disk_); }
  std::unique_ptr<Uploads> open(os::Disk& disk) {
    return *Uploads::open({*database_, disk, directory_ / "uploads", *vault_, clock_, 1});
  }
  void run(std::string_view sql) {
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(sql));
      return {};
    }));
  }
  access::Actor actor(const SubjectId& who) {
    access::Actor out;
    EXPECT_TRUE(real_database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(roster::actor(tx, who));
      return {};
    }));
    return out;
  }
  Upload create(std::uint64_t length) { return *uploads_->create(actor(clerk_), whole(length)); }
  Result<Upload> send(const UploadId& id, std::uint64_t offset, std::string_view text) {
    return send(*uploads_, id, offset, text);
  }
  Result<Upload> send(Uploads& uploads, const UploadId& id, std::uint64_t offset, std::string_view text) {
    auto writer = TRY(uploads.append(actor(clerk_), id, offset));
    Bytes bytes(text.begin(), text.end());
    TRY(writer->write(bytes));
    return writer->finish();
  }
  std::filesystem::path file_of(const Upload& upload) { return directory_ / "uploads" / upload.id.text(); }
  // Asks until the sealer has done its work.
  Upload wait_sealed(const UploadId& id) {
    for (;;) {
      const Upload now = *uploads_->find(actor(clerk_), id);
      if (now.state != State::kSealing) return now;
    }
  }

  // A statement as the dock would make it, with what `change` does to it before it is signed.
  Json statement(const std::function<void(Json::Object&)>& change, const crypto::SigningKey& key) {
    Json::Object out = {{"at", ledger_time(clock_.now())},
                        {"bytes", kFile.size()},
                        {"device", device_.text()},
                        {"file", crypto::new_id<ActId>().text()},
                        {"key", base64(key.public_key())},
                        {"ledger", kOrigin},
                        {"sha256", hex(crypto::sha256(as_bytes(kFile)))}};
    change(out);
    return proof::sign_dock_statement(std::move(out), key);
  }
  Result<Upload> offer(const Json& statement, const access::Actor& by) {
    return uploads_->create(by, whole(kFile.size(), fmt::format("{},{},{}", pair("device", "X81234"),
                                                                pair("sha256", hex(crypto::sha256(as_bytes(kFile)))),
                                                                pair("dock", canonical(statement)))));
  }

  std::filesystem::path directory_;
  std::optional<db::CatalogForTests> catalog_;
  ManualClock clock_{{1'670'000'000'000'000}};
  const AgencyId agency_ = crypto::new_id<AgencyId>();
  const PersonId clerk_ = crypto::new_id<PersonId>();
  const DeviceId device_ = crypto::new_id<DeviceId>();
  const DockId dock_ = crypto::new_id<DockId>();
  const crypto::SigningKey dock_key_ = crypto::SigningKey::from_seed(crypto::random_bytes<32>());
  test::WatchedDisk disk_;
  std::unique_ptr<db::Database> real_database_;
  std::unique_ptr<test::RefusingCatalog> database_;
  const std::unique_ptr<bucket::Bucket> bucket_ = bucket::memory_bucket();
  store::Store store_{*bucket_};
  std::unique_ptr<jobs::Queue> queue_;
  std::unique_ptr<ledger::Ledgers> ledgers_;
  std::unique_ptr<evidence::Vault> vault_;
  std::unique_ptr<Uploads> uploads_;
};

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
      const auto sent = [&]() -> Result<Upload> {
        TRY(writer->write({aligned.get(), 2 * kBlock}));
        for (std::size_t at = 2 * kBlock; at < text.size();) {
          const std::size_t count = std::min<std::size_t>(text.size() - at, kBlock - 100);
          Bytes piece(text.begin() + static_cast<std::ptrdiff_t>(at),
                      text.begin() + static_cast<std::ptrdiff_t>(at + count));
          TRY(writer->write(piece));
          at += count;
        }
        return writer->finish();
      }();
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
  const access::Actor clerk = actor(clerk_);
  std::size_t refusals = 0;
  for (std::size_t nth = 1;; ++nth) {
    ASSERT_LT(nth, 100u);
    std::optional<UploadId> id;
    std::uint64_t told = 0;
    database_->refuse(nth, test::RefusingCatalog::Whose::kThisThread);
    const auto sent = [&]() -> Result<Upload> {
      id = TRY(uploads_->create(clerk, whole(kText.size()))).id;
      told = TRY(send(*id, 0, kText.substr(0, 4))).offset;
      told = TRY(uploads_->find(clerk, *id)).offset;
      return send(*id, 4, kText.substr(4));
    }();
    database_->heal();
    ASSERT_EQ(sent.has_value(), !database_->has_refused()) << nth;
    if (!sent) {
      ++refusals;
      if (!id) id = create(kText.size()).id;
      const Upload now = *uploads_->find(clerk, *id);
      ASSERT_EQ(now.state, State::kReceiving) << nth;
      EXPECT_EQ(now.offset, told) << nth;
      ASSERT_TRUE(send(*id, now.offset, kText.substr(now.offset))) << nth;
    }
    EXPECT_EQ(wait_sealed(*id).sha256, crypto::sha256(as_bytes(kText)));
    if (sent) break;
  }
  EXPECT_GE(refusals, 8u);  // reads, an insertion, two taken over and two swapped
}

// Each statement that sealing makes fails once, its ledger's too; of an upload that is whole and of one that has to be joined first.
TEST_F(UploadsTest, WhatTheCatalogRefusesWhileAnUploadIsSealedIsDoneLaterAndOnce) {
  const access::Actor clerk = actor(clerk_);
  for (const Kind kind : {Kind::kWhole, Kind::kFinal}) {
    std::size_t refusals = 0;
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 300u);
      Upload upload;
      const auto refuse = [&] { database_->refuse(nth, test::RefusingCatalog::Whose::kOtherThreads); };
      if (kind == Kind::kWhole) {
        upload = create(10);
        refuse();
        ASSERT_TRUE(send(upload.id, 0, "firstagain"));
      } else {
        std::vector<UploadId> parts;
        for (const std::string_view text : {"first", "again"}) {
          parts.push_back(uploads_->create(clerk, {text.size(), Kind::kPartial, {}, {}})->id);
          ASSERT_TRUE(send(parts.back(), 0, text));
        }
        refuse();
        upload = *uploads_->create(clerk, {0, Kind::kFinal, {}, parts});
      }
      while (!database_->has_refused() && uploads_->find(clerk, upload.id)->state == State::kSealing) {
        std::this_thread::yield();
      }
      const bool was_refused = database_->has_refused();
      database_->heal();
      if (was_refused) reopen();  // looks for what is to be sealed at once, and not only at the next scan
      refusals += was_refused;
      const Upload sealed = wait_sealed(upload.id);
      ASSERT_EQ(sealed.state, State::kSealed) << nth;
      EXPECT_EQ(sealed.sha256, crypto::sha256(as_bytes("firstagain")));
      EXPECT_TRUE(vault_->show(clerk, sealed.recording)) << nth;
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

}  // namespace
}  // namespace lapel::intake
