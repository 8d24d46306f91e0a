// SPDX-License-Identifier: Apache-2.0
#pragma once
// A database, a bucket and keys that outlive the ledgers opened over them: a ledger dropped and opened again is a restart.
// For the tests of this floor.
//
// Owns: a scratch directory.
// Promises: time stands still until the test moves it.
// Fails with: a failed test.
// Threads: one; the ledger's own ask for keys.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bucket/memory_bucket.h"
#include "crypto/random.h"
#include "db/catalog_for_tests.h"
#include "ledger/ledger.h"

namespace lapel::ledger {

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() : clock_({1'670'000'000'000'000}) {
    directory_ =
        std::filesystem::temp_directory_path() / fmt::format("lapel-ledger-{}", hex(crypto::random_bytes<8>()));
    std::filesystem::create_directories(directory_);
    catalog_.emplace(directory_, db::CatalogForTests::Modules{{"ledger", schema()}});
    database_ = catalog_->open();
    terms_.origin = "ledger.example/ashfield";
    terms_.slug = "ashfield";
    terms_.beat_s = 60;
    key_ = {terms_.origin, proof::KeyType::kLog, crypto::SigningKey::from_seed(secrets_.log_seed).public_key()};
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) { return Ledger::create(tx, agency_, terms_, key_); }));
  }
  ~LedgerTest() override { std::filesystem::remove_all(directory_); }

  Result<std::unique_ptr<Ledger>> try_open() { return try_open(*database_); }
  Result<std::unique_ptr<Ledger>> try_open(db::Database& database) {
    return Ledger::open({agency_, terms_, secrets_,
                         [this](const SubjectId& subject, KeyUse use) { return key_of(subject, use); }, database,
                         *bucket_, clock_});
  }
  std::unique_ptr<Ledger> open() {
    auto ledger = try_open();
    EXPECT_TRUE(ledger) << ledger.error().text();
    EXPECT_TRUE((*ledger)->begin());
    return *std::move(ledger);
  }
  Result<proof::SubjectKey> key_of(const SubjectId& subject, KeyUse use) {
    if (before_key_ && use == KeyUse::kExisting) before_key_();
    const std::scoped_lock lock(keys_mutex_);
    if (use == KeyUse::kExisting && !keys_.contains(subject)) return fail(Code::kNotFound, "no key");
    return keys_.try_emplace(subject, crypto::random_bytes<32>()).first->second;
  }

  Submission view_of(const SubjectId& subject) {
    Submission submission;
    submission.actor = actor_;
    submission.events.push_back({subject, "recording.viewed", {{"purpose", "review"}}, false});
    return submission;
  }
  SealedEvent seal(Ledger& ledger, const SubjectId& subject) {
    auto sealed = ledger.commit(view_of(subject));
    EXPECT_TRUE(sealed) << sealed.error().text();
    return sealed->at(0);
  }
  // As one act each of 20 of them.
  void seal_many(Ledger& ledger, std::size_t count) {
    for (std::size_t done = 0; done < count; done += 20) {
      Submission submission = view_of(many_);
      submission.events.resize(20, submission.events[0]);
      ASSERT_TRUE(ledger.commit(std::move(submission)));
    }
  }
  std::uint64_t published_size(const Ledger& ledger) {
    const auto note = proof::Note::parse(*ledger.published_checkpoint());
    return proof::Checkpoint::parse(note->text)->size;
  }
  // The publisher looks at the clock on its own thread: ask until it has seen the beat.
  void wait_published(const Ledger& ledger, std::uint64_t more_than) {
    while (published_size(ledger) <= more_than) std::this_thread::yield();
  }
  void expect_sound(const Ledger& ledger) {
    const auto report = ledger.check();
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->faults, std::vector<std::string>());
  }
  void run(std::string_view sql) {
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      EXPECT_GE(TRY(tx.run(sql)), 1);
      return {};
    }));
  }
  std::vector<std::string> faults() { return open()->check()->faults; }

  std::filesystem::path directory_;
  std::optional<db::CatalogForTests> catalog_;
  ManualClock clock_;
  Terms terms_;
  Secrets secrets_{crypto::random_bytes<32>(), crypto::random_bytes<32>()};
  proof::VerifierKey key_;
  const AgencyId agency_ = crypto::new_id<AgencyId>();
  const SubjectId actor_ = crypto::new_id<SubjectId>(), many_ = crypto::new_id<SubjectId>();
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<bucket::Bucket> bucket_ = bucket::memory_bucket();
  std::mutex keys_mutex_;
  std::map<SubjectId, proof::SubjectKey> keys_;
  std::function<void()> before_key_;  // of an event that is looked at, in the thread that looks
};

}  // namespace lapel::ledger
