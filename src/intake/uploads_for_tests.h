// SPDX-License-Identifier: Apache-2.0
#pragma once
// Uploads for tests, on a disk and a catalog that can be told to refuse.
//
// Owns: UploadsTest: an agency with a clerk, a camera and a dock; its files are gone with it.
// Promises: reopen() finds what a server that ended had left.
// Fails with: a failed expectation.
// Threads: one, and the sealer's.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/problems.h"
#include "bucket/memory_bucket.h"
#include "crypto/random.h"
#include "db/catalog_for_tests.h"
#include "intake/uploads.h"
#include "proof/entry.h"
#include "roster/file_requests.h"
#include "roster/proposals.h"
#include "roster/roles.h"
#include "roster/roster.h"
#include "test/refusing_catalog.h"
#include "test/watched_disk.h"

namespace lapel::intake {

inline const std::string kOrigin = "ledger.example/ashfield";
inline constexpr std::string_view kFile = "what the camera saw";

inline std::string pair(std::string_view key, std::string_view value) {
  return fmt::format("{} {}", key, base64(as_bytes(value)));
}
inline Creation whole(std::uint64_t length, std::string metadata = {}) {
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
    catalog_.emplace(directory_, db::CatalogForTests::Modules{{"roster", roster::schema()},
                                                              {"ledger", ledger::schema()},
                                                              {"jobs", jobs::schema()},
                                                              {"evidence", evidence::schema()},
                                                              {"holds", roster::holds_schema()},
                                                              {"file requests", roster::file_requests_schema()},
                                                              {"intake", schema()}});
    real_database_ = catalog_->open();
    database_ = std::make_unique<test::RefusingCatalog>(*real_database_);
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
          const auto key_of = [this](const SubjectId& subject, ledger::KeyUse) -> Result<proof::SubjectKey> {
            if (before_key_) std::exchange(before_key_, nullptr)();
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
  std::unique_ptr<Uploads> open(os::Disk& disk) { return *try_open(disk); }
  Result<std::unique_ptr<Uploads>> try_open(os::Disk& disk) {
    return Uploads::open({*database_, disk, directory_ / "uploads", *vault_, clock_, 1, is_only_server_});
  }
  void run(std::string_view sql, const db::Params& params = {}) {
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(sql, params));
      return {};
    }));
  }
  // A column of an upload, as text; "" where it has none, or no row.
  std::string text_of(const Upload& upload, std::string_view column) {
    std::string out;
    EXPECT_TRUE(real_database_->read([&](db::Transaction& tx) -> Result<void> {
      const db::Rows rows =
          TRY(tx.query(fmt::format("SELECT CAST({} AS TEXT) AS text FROM uploads WHERE id = :id", column),
                       {{"id", upload.id.text()}}));
      out = rows.empty() ? "" : rows[0].maybe_text("text").value_or("");
      return {};
    }));
    return out;
  }
  std::uint64_t number_of(const Upload& upload, std::string_view column) {
    return parse_decimal(text_of(upload, column)).value();
  }
  std::int64_t recordings() {
    std::int64_t out = 0;
    EXPECT_TRUE(real_database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(tx.query("SELECT COUNT(*) AS recordings FROM recordings"))[0].integer("recordings");
      return {};
    }));
    return out;
  }
  std::ptrdiff_t files() { return std::distance(std::filesystem::directory_iterator(directory_ / "uploads"), {}); }
  access::Actor actor(const SubjectId& who) {
    access::Actor out;
    EXPECT_TRUE(real_database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(roster::actor(tx, who));
      return {};
    }));
    return out;
  }
  // What somebody outside was asked for, by a link; they then send as this subject.
  FileRequestId ask_for_files() {
    const FileRequestId id = crypto::new_id<FileRequestId>();
    run("INSERT INTO file_requests (id, agency, leaf_index, entered_by, entered_us, name, incident, words, "
        "link_sha256, "
        "ends_us, files_max, bytes_max, wants_code) VALUES (:id, :agency, 0, :clerk, 0, 'A neighbor', '22-1', '', 'x', "
        ":ends, 1000, 1000000, 0)",
        {{"id", id.text()},
         {"agency", agency_.text()},
         {"clerk", clerk_.text()},
         {"ends", clock_.now().us + 86'400'000'000}});
    return id;
  }
  Upload create(std::uint64_t length) { return *uploads_->create(actor(sender_), whole(length)); }
  Result<Upload> send(const UploadId& id, std::uint64_t offset, std::string_view text) {
    return send(*uploads_, id, offset, text);
  }
  Result<Upload> send(Uploads& uploads, const UploadId& id, std::uint64_t offset, std::string_view text) {
    auto writer = TRY(uploads.append(actor(sender_), id, offset));
    Bytes bytes(text.begin(), text.end());
    TRY(writer->write(bytes));
    return writer->finish();
  }
  std::filesystem::path file_of(const Upload& upload) { return directory_ / "uploads" / upload.id.text(); }
  // Asks until the sealer has done its work.
  Upload wait_sealed(const UploadId& id) {
    for (;;) {
      const Upload now = *uploads_->find(actor(sender_), id);
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
  SubjectId sender_ = clerk_;
  const DeviceId device_ = crypto::new_id<DeviceId>();
  const DockId dock_ = crypto::new_id<DockId>();
  const crypto::SigningKey dock_key_ = crypto::SigningKey::from_seed(crypto::random_bytes<32>());
  test::WatchedDisk disk_;
  std::function<void()>
      before_key_;  // once, of the sealer, when the file is stored and its event is not: set while it is not at work
  bool is_only_server_ = true;
  std::unique_ptr<db::Database> real_database_;
  std::unique_ptr<test::RefusingCatalog> database_;
  const std::unique_ptr<bucket::Bucket> bucket_ = bucket::memory_bucket();
  store::Store store_{*bucket_};
  std::unique_ptr<jobs::Queue> queue_;
  std::unique_ptr<ledger::Ledgers> ledgers_;
  std::unique_ptr<evidence::Vault> vault_;
  std::unique_ptr<Uploads> uploads_;
};

}  // namespace lapel::intake
