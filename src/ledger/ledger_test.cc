// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/problems.h"
#include "bucket/memory_bucket.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "db/catalog_for_tests.h"
#include "ledger/log.h"
#include "proof/receipt.h"
#include "test/damaging_bucket.h"
#include "test/refusing_catalog.h"

namespace lapel::ledger {
namespace {

// A database, a bucket and keys that outlive the ledgers opened over them: a ledger dropped and opened again is a restart.
class LedgerTest : public testing::Test {
 protected:
  LedgerTest() : clock_({1'670'000'000'000'000}) {
    directory_ =
        std::filesystem::temp_directory_path() / fmt::format("lapel-ledger-{}", hex(crypto::random_bytes<8>()));
    std::filesystem::create_directories(directory_);
    catalog_.emplace(directory_);
    database_ = catalog_->open();
    EXPECT_TRUE(db::migrate(*database_, "ledger", schema()));
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

TEST_F(LedgerTest, BeginsWithGenesisAndAPublishedSizeOfZero) {
  const auto ledger = open();
  EXPECT_EQ(ledger->head()->size, 1u);
  EXPECT_EQ(published_size(*ledger), 0u);
  EXPECT_TRUE(ledger->begin());  // again is harmless
  EXPECT_EQ(ledger->head()->size, 1u);
  const auto verified = proof::verify_receipt(*ledger->statement_receipt(0, Under::kSealed), {key_, {}});
  ASSERT_TRUE(verified) << verified.error().reason;
  EXPECT_EQ(*verified->statement.find_string("type"), "ledger.genesis");
  EXPECT_EQ(*verified->statement.find_string("key"), key_.text());
  expect_sound(*ledger);
}

TEST_F(LedgerTest, ACheckThatCouldNotReadSaysSoAndNotThatAllIsWell) {
  test::RefusingCatalog catalog(*database_);
  seal_many(*open(), 300);  // more than a tile, with its entries stored when this ledger is gone
  const auto ledger = *try_open(catalog);
  std::size_t refusals = 0;
  for (;; ++refusals) {
    ASSERT_LT(refusals, 100u);
    catalog.refuse(refusals + 1, test::RefusingCatalog::Whose::kThisThread);
    const auto report = ledger->check();
    ASSERT_EQ(report.has_value(), !catalog.has_refused()) << refusals;
    if (report) break;
  }
  EXPECT_GE(refusals, 8u);  // head, batches, published sizes, events of the tile and of what is beyond, chains
}

TEST_F(LedgerTest, ChainsEventsAndGivesReceiptsThatVerify) {
  const auto ledger = open();
  const auto subject = crypto::new_id<SubjectId>();
  std::vector<SealedEvent> events;
  for (int i = 0; i < 5; ++i) events.push_back(seal(*ledger, subject));
  for (std::uint64_t n = 0; n < events.size(); ++n) {
    EXPECT_EQ(events[n].n, n);
    EXPECT_EQ(events[n].index, n + 1);
    const auto receipt = ledger->receipt(events[n], Under::kSealed);
    ASSERT_TRUE(receipt);
    const auto verified = proof::verify_receipt(*receipt, {key_, {}});
    ASSERT_TRUE(verified) << verified.error().reason;
    EXPECT_EQ(*verified->event.find_integer("n"), static_cast<std::int64_t>(n));
    EXPECT_EQ(verified->event.find("prev") != nullptr, n > 0);
    EXPECT_EQ(ledger->receipt(events[n], Under::kPublished).error().problem, &problems::kNotSealed);
  }
  EXPECT_EQ(ledger->events(subject, 2, 2)->size(), 2u);
  expect_sound(*ledger);
}

TEST_F(LedgerTest, GivesTheEventsOfSomeTypesAlone) {
  const auto ledger = open();
  const SubjectId actor = crypto::new_id<SubjectId>(), subject = crypto::new_id<SubjectId>();
  for (const char* type :
       {"identity.bound", "recordings.listed", "dock.enrolled", "recordings.listed", "identity.bound"}) {
    Submission submission;
    submission.actor = actor;
    submission.events.push_back({subject, type, {{"act", crypto::new_id<ActId>().text()}}, false});
    ASSERT_TRUE(ledger->commit(std::move(submission)));
  }
  const auto numbers = [&](std::vector<std::string_view> types, std::uint64_t from, std::size_t limit) {
    std::vector<std::uint64_t> out;
    const auto events = ledger->events_of(subject, types, from, limit);
    EXPECT_TRUE(events);
    for (const SealedEvent& event : *events) out.push_back(event.n);
    return out;
  };
  using Numbers = std::vector<std::uint64_t>;
  EXPECT_EQ(numbers({"identity.bound", "dock.enrolled"}, 0, 10), (Numbers{0, 2, 4}));
  EXPECT_EQ(numbers({"identity.bound", "dock.enrolled"}, 0, 2), (Numbers{0, 2}));
  EXPECT_EQ(numbers({"identity.bound"}, 1, 10), (Numbers{4}));
  EXPECT_EQ(numbers({"case.opened"}, 0, 10), Numbers{});
  EXPECT_EQ(numbers({}, 3, 10), (Numbers{3, 4})) << "all of them";
}

TEST_F(LedgerTest, AnActOnTwoSubjectsIsOneEventInEachChain) {
  const auto ledger = open();
  const auto recording = crypto::new_id<SubjectId>(), device = crypto::new_id<SubjectId>();
  Submission submission;
  submission.actor = actor_;
  submission.events.push_back({recording, "recording.viewed", {{"act", "1"}}, true});
  submission.events.push_back({device, "device.seen", {{"act", "1"}}, true});
  submission.events.push_back({recording, "recording.changed", {{"act", "1"}}, false});
  const auto sealed = ledger->commit(submission);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->at(2).n, 1u);
  EXPECT_EQ(sealed->at(1).n, 0u);
  expect_sound(*ledger);
}

TEST_F(LedgerTest, RefusesASecondBeginningOfASubject) {
  const auto ledger = open();
  const auto subject = crypto::new_id<SubjectId>();
  Submission submission = view_of(subject);
  submission.events[0].is_first = true;
  EXPECT_TRUE(ledger->commit(submission));
  const Head before = *ledger->head();
  EXPECT_EQ(ledger->commit(submission).error().code(), Code::kConflict);
  EXPECT_EQ(ledger->head()->size, before.size);
  expect_sound(*ledger);
}

TEST_F(LedgerTest, RefusesWhatTheLedgerCannotHold) {
  const auto ledger = open();
  Submission submission = view_of(crypto::new_id<SubjectId>());
  submission.events[0].fields["purpose"] = std::string("\xff");
  EXPECT_EQ(ledger->commit(submission).error().code(), Code::kInvalid);
  submission.events[0].fields["purpose"] = std::string(20'000, 'x');
  EXPECT_EQ(ledger->commit(submission).error().code(), Code::kTooLarge);
  EXPECT_EQ(ledger->head()->size, 1u);
}

TEST_F(LedgerTest, RowsThatFailFailAloneAndLeaveNoLeaf) {
  const auto ledger = open();
  const auto good = crypto::new_id<SubjectId>(), bad = crypto::new_id<SubjectId>();
  std::latch start(8);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      Submission submission = view_of(i % 2 ? good : bad);
      if (i % 2 == 0) {
        submission.rows = [](db::Transaction&, std::span<const SealedEvent>) -> Result<void> {
          return fail(problems::kRule, "no");
        };
      }
      start.arrive_and_wait();
      const auto sealed = ledger->commit(std::move(submission));
      EXPECT_EQ(sealed.has_value(), i % 2 == 1);
      if (!sealed) {
        EXPECT_EQ(sealed.error().problem, &problems::kRule);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(ledger->head()->size, 5u);
  EXPECT_EQ(ledger->events(good, 0, 100)->size(), 4u);
  EXPECT_EQ(ledger->events(bad, 0, 100)->size(), 0u);
  expect_sound(*ledger);
}

// Entries that the bucket does not have as they were written are not sealed, and neither is what has no key.
TEST_F(LedgerTest, WhatCannotBeStagedIsNotSealed) {
  test::DamagingBucket damaging(*bucket_);
  bool has_keys = true;
  const auto key = [&](const SubjectId& subject, KeyUse use) -> Result<proof::SubjectKey> {
    if (!has_keys) return fail(Code::kCorrupt, "The key store is damaged");
    return key_of(subject, use);
  };
  auto opened = Ledger::open({agency_, terms_, secrets_, key, *database_, damaging, clock_});
  ASSERT_TRUE(opened);
  const auto ledger = *std::move(opened);
  ASSERT_TRUE(ledger->begin());
  const auto subject = crypto::new_id<SubjectId>();
  for (const auto damage :
       {test::Damage::kRefused, test::Damage::kLost, test::Damage::kCutShort, test::Damage::kChanged}) {
    damaging.set_damage(damage);
    EXPECT_FALSE(ledger->commit(view_of(subject)));
    EXPECT_EQ(ledger->head()->size, 1u);
  }
  damaging.set_damage(test::Damage::kNone);
  has_keys = false;
  EXPECT_EQ(ledger->commit(view_of(subject)).error().code(), Code::kCorrupt);
  has_keys = true;
  EXPECT_EQ(seal(*ledger, subject).n, 0u);
  expect_sound(*ledger);
}

TEST_F(LedgerTest, WhatTheCatalogRefusesIsNotSealed) {
  const auto ledger = open();
  const auto subject = crypto::new_id<SubjectId>();
  for (const std::string table : {"ledger_batches", "ledger_chains", "ledger_events"}) {
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(fmt::format("ALTER TABLE {} RENAME TO away", table)));
      return {};
    }));
    EXPECT_FALSE(ledger->commit(view_of(subject))) << table;
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(fmt::format("ALTER TABLE away RENAME TO {}", table)));
      return {};
    }));
    EXPECT_EQ(ledger->head()->size, 1u) << table;
  }
  EXPECT_EQ(seal(*ledger, subject).n, 0u);
  expect_sound(*ledger);
}

TEST_F(LedgerTest, AHeadThatTheCatalogRefusesIsNotSealed) {
  const auto ledger = open();
  const auto subject = crypto::new_id<SubjectId>();
  // No two ledgers may have a size just now, and another one has the next.
  Terms other = terms_;
  other.origin = "ledger.example/otherton";
  other.slug = "otherton";
  const AgencyId otherton = crypto::new_id<AgencyId>();
  ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
    TRY(Ledger::create(tx, otherton, other, {other.origin, proof::KeyType::kLog, key_.key}));
    TRY(tx.run("UPDATE ledgers SET size = 2 WHERE agency = :agency", {{"agency", otherton.text()}}));
    TRY(tx.run("CREATE UNIQUE INDEX one_of_a_size ON ledgers (size)"));
    return {};
  }));
  EXPECT_FALSE(ledger->commit(view_of(subject)));
  EXPECT_EQ(bucket_->list("ledger/ashfield/staged/", "", 100)->size(), 1u) << "genesis alone is named by a row";
  ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("DROP INDEX one_of_a_size"));
    return {};
  }));
  EXPECT_EQ(seal(*ledger, subject).n, 0u);
  expect_sound(*ledger);
}

// A bucket whose next put waits until it is let go.
class SlowBucket final : public test::PassingBucket {
 public:
  using PassingBucket::PassingBucket;
  std::latch is_waiting{1}, may_go{1};
  std::atomic<bool> waits = false;

  Result<void> put(std::string_view name, ByteView bytes) override {
    if (waits.exchange(false)) {
      is_waiting.count_down();
      may_go.wait();
    }
    return real_.put(name, bytes);
  }
};

TEST_F(LedgerTest, WhatIsMoreThanTheQueueHoldsIsRefusedAtOnceAndTheRestIsSealed) {
  SlowBucket slow(*bucket_);
  auto opened = Ledger::open({agency_, terms_, secrets_,
                              [this](const SubjectId& subject, KeyUse use) { return key_of(subject, use); }, *database_,
                              slow, clock_, 2});
  ASSERT_TRUE(opened);
  const auto ledger = *std::move(opened);
  ASSERT_TRUE(ledger->begin());
  slow.waits = true;
  std::atomic<int> sealed = 0, refused = 0;
  const auto ask = [&] {
    const auto done = ledger->commit(view_of(crypto::new_id<SubjectId>()));
    EXPECT_TRUE(done || done.error().code() == Code::kBusy) << done.error().text();
    ++(done ? sealed : refused);
  };
  {
    std::vector<std::jthread> threads;
    threads.emplace_back(ask);
    slow.is_waiting.wait();  // the sequencer is busy with the first, and takes no other
    for (int i = 0; i < 6; ++i) threads.emplace_back(ask);
    while (refused < 4) std::this_thread::yield();
    slow.may_go.count_down();
  }
  EXPECT_EQ(sealed, 3);
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(ledger->head()->size, 4u);
  expect_sound(*ledger);
}

TEST_F(LedgerTest, ABeatThatFindsTheLedgerPaddedPublishesItAsItIs) {
  const auto ledger = open();
  for (int i = 0; i < 15; ++i) seal(*ledger, crypto::new_id<SubjectId>());
  const Head head = *ledger->head();
  ASSERT_EQ(head.size, 16u);
  ledger->start_publishing();
  wait_published(*ledger, 0);
  EXPECT_EQ(published_size(*ledger), 16u);
  EXPECT_EQ(ledger->head()->root, head.root);
  EXPECT_EQ(bucket_->list("ledger/ashfield/staged/", "", 100)->size(), 16u);
  expect_sound(*ledger);
}

TEST_F(LedgerTest, AnAppendThatIsUndoneTakesAwayWhatItPutUnlessItMayHaveHappened) {
  (void)open();  // genesis
  Log log({agency_.text(), terms_.origin, terms_.slug, *database_, *bucket_, clock_});
  const auto before = *log.refresh();
  const auto objects = *bucket_->list("ledger/", "", 100);
  const auto refused = log.append(
      *before, {}, [](db::Transaction&, const Edge&) -> Result<void> { return fail(Code::kConflict, "not now"); });
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  EXPECT_EQ(*bucket_->list("ledger/", "", 100), objects);
  ASSERT_TRUE(log.append(*before, {}, [](db::Transaction&, const Edge&) -> Result<void> { return {}; }));
  EXPECT_EQ((*log.refresh())->size, before->size);

  // Where the commit itself fails it may have happened all the same: the entries stay until a sweep knows better.
  ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("CREATE TABLE one (id INTEGER PRIMARY KEY)"));
    TRY(tx.run("CREATE TABLE other (id INTEGER REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED)"));
    return {};
  }));
  const auto dangling = [](db::Transaction& tx, const Edge&) -> Result<void> {
    TRY(tx.run("INSERT INTO other (id) VALUES (1)"));
    return {};
  };
  EXPECT_FALSE(log.append(*before, {proof::private_entry(proof::padding({}, 1))}, dangling));
  EXPECT_EQ((*log.refresh())->size, before->size);
  EXPECT_EQ(bucket_->list("ledger/", "", 100)->size(), objects.size() + 1);
}

TEST_F(LedgerTest, PadsToTheFloorAtEachBeatAndServesOnlyPublishedTiles) {
  const auto ledger = open();
  for (int i = 0; i < 3; ++i) seal(*ledger, crypto::new_id<SubjectId>());
  ledger->start_publishing();
  wait_published(*ledger, 0);
  EXPECT_EQ(published_size(*ledger), 16u);  // one floor above zero
  const auto early = seal(*ledger, crypto::new_id<SubjectId>());
  EXPECT_EQ(early.index, 16u);
  EXPECT_FALSE(ledger->published_tile({0, 0, 17}));
  EXPECT_FALSE(ledger->published_tile({0, 0, 15}));
  EXPECT_FALSE(ledger->published_tile({1, 0, 1}));
  EXPECT_EQ(ledger->published_tile({0, 0, 16})->size(), 512u);
  EXPECT_EQ(proof::parse_bundle(as_text(*ledger->published_tile({-1, 0, 16})), 16)->size(), 16u);
  for (int i = 0; i < 20; ++i) seal(*ledger, crypto::new_id<SubjectId>());
  clock_.advance_us(60'000'000);
  wait_published(*ledger, 16);
  EXPECT_EQ(published_size(*ledger), 80u);  // 21 new leaves: floor·4
  EXPECT_EQ(ledger->published_tile({0, 0, 16})->size(), 512u);
  EXPECT_EQ(ledger->published_tile({0, 0, 80})->size(), 80u * 32);
  // A receipt under the published checkpoint, for an event from before it.
  const auto verified = proof::verify_receipt(*ledger->receipt(early, Under::kPublished), {key_, {}});
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->checkpoint.size, 80u);
  // The tile's hashes make the published root.
  proof::Frontier frontier;
  const Bytes tile = *ledger->published_tile({0, 0, 80});
  for (std::size_t i = 0; i < 80; ++i) frontier.append(*to_array<32>(ByteView(tile).subspan(32 * i, 32)));
  EXPECT_EQ(frontier.root(), verified->checkpoint.root);
  expect_sound(*ledger);
}

TEST_F(LedgerTest, FullTilesReplaceBatchesAndSurviveARestart) {
  const auto subject = crypto::new_id<SubjectId>();
  Head head;
  {
    const auto ledger = open();
    for (int i = 0; i < 40; ++i) {
      Submission submission = view_of(subject);
      while (submission.events.size() < 20) submission.events.push_back(submission.events[0]);
      ASSERT_TRUE(ledger->commit(submission));
    }
    head = *ledger->head();
    EXPECT_EQ(head.size, 801u);
  }
  const auto ledger = open();
  EXPECT_EQ(ledger->head()->root, head.root);
  EXPECT_EQ(bucket_->list("ledger/ashfield/tile/", "", 100)->size(), 6u);  // three tiles, three bundles
  EXPECT_LE(bucket_->list("ledger/ashfield/staged/", "", 100)->size(), 3u);
  for (const std::uint64_t n : {0, 254, 255, 256, 511, 767, 768, 799}) {
    const auto verified =
        proof::verify_receipt(*ledger->receipt(ledger->events(subject, n, 1)->at(0), Under::kSealed), {key_, {}});
    ASSERT_TRUE(verified) << n << ": " << verified.error().reason;
    EXPECT_EQ(verified->index, n + 1);
  }
  expect_sound(*ledger);
}

TEST_F(LedgerTest, TwoSequencersOverOneDatabaseNeverFork) {
  const auto first = open(), second = open();
  constexpr int kThreads = 4, kEach = 60;
  std::vector<std::jthread> threads;
  std::mutex mutex;
  std::map<std::uint64_t, int> indices;
  const auto shared = crypto::new_id<SubjectId>();
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Ledger& ledger = t % 2 ? *first : *second;
      for (int i = 0; i < kEach; ++i) {
        const auto sealed = ledger.commit(view_of(shared));
        ASSERT_TRUE(sealed) << sealed.error().text();
        const std::scoped_lock lock(mutex);
        ++indices[sealed->at(0).index];
      }
    });
  }
  threads.clear();
  EXPECT_EQ(indices.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(first->head()->size, 1u + kThreads * kEach);
  EXPECT_EQ(first->head()->root, second->head()->root);
  const auto events = *first->events(shared, 0, 1'000);
  for (std::size_t n = 0; n < events.size(); ++n) EXPECT_EQ(events[n].n, n);
  expect_sound(*first);
  expect_sound(*second);
}

TEST_F(LedgerTest, RefusesAHeadThatWentBackAndAnotherLogKey) {
  {
    const auto ledger = open();
    seal(*ledger, crypto::new_id<SubjectId>());
    run("UPDATE ledgers SET size = 1");
    EXPECT_EQ(ledger->head().error().problem, &problems::kLedgerCorrupt);
    EXPECT_EQ(ledger->commit(view_of(crypto::new_id<SubjectId>())).error().problem, &problems::kLedgerCorrupt);
    run("UPDATE ledgers SET size = 2");
  }
  secrets_.log_seed[0] ^= 1;
  EXPECT_EQ(try_open().error().problem, &problems::kLedgerCorrupt);
}

TEST_F(LedgerTest, CheckNamesWhatWasTamperedWith) {
  const auto subject = crypto::new_id<SubjectId>();
  {
    const auto ledger = open();
    for (int i = 0; i < 3; ++i) seal(*ledger, subject);
    expect_sound(*ledger);
  }
  run("UPDATE ledger_events SET event = REPLACE(event, 'review', 'rewiev') WHERE n = 1");
  EXPECT_EQ(faults(), std::vector<std::string>{"leaf 2: the event in the catalog is not the one that was sealed"});
  run("UPDATE ledger_events SET event = REPLACE(event, 'rewiev', 'review') WHERE n = 1");
  run("UPDATE ledger_events SET at_us = at_us + 1000000 WHERE n = 2");
  EXPECT_EQ(faults(), std::vector<std::string>{"leaf 3: the catalog's columns and the event disagree"});
  run("DELETE FROM ledger_events WHERE n = 2");
  EXPECT_EQ(faults(),
            (std::vector<std::string>{
                "leaf 3: neither padding nor an event that the catalog can open",
                fmt::format("subject {}: the catalog's end of the chain is not the leaves'", subject.text())}));
}

TEST_F(LedgerTest, AStagedObjectNobodyNamesIsSweptOnlyWhenItIsOld) {
  const auto orphan = [&](std::int64_t age_s, char digit) {
    std::string name =
        fmt::format("ledger/ashfield/staged/{:012}-{}", clock_.now().seconds() - age_s, std::string(32, digit));
    EXPECT_TRUE(bucket_->put(name, as_bytes("x")));
    return name;
  };
  const std::string old = orphan(7'200, 'b');
  {
    const auto ledger = open();
    seal(*ledger, crypto::new_id<SubjectId>());
    ledger->start_publishing();
    EXPECT_TRUE(bucket_->stat(old)) << "nothing tells yet that the catalog is no older than the bucket";
    wait_published(*ledger, 0);
    const std::uint64_t first = published_size(*ledger);
    clock_.advance_us(60'000'000);
    wait_published(*ledger, first);
  }
  const std::string young = orphan(60, 'a');
  clock_.advance_us(7'200'000'000);  // the batches are old now, and named
  // Old too, and younger than anything that this catalog has published: another one may name it.
  const std::string ahead = orphan(3'700, 'c');
  const auto ledger = open();
  ledger->start_publishing();
  EXPECT_FALSE(bucket_->stat(old));
  EXPECT_FALSE(bucket_->stat(young));
  EXPECT_TRUE(bucket_->stat(ahead));
  expect_sound(*ledger);
}

TEST_F(LedgerTest, ACatalogOlderThanTheBucketSignsNothing) {
  seal(*open(), crypto::new_id<SubjectId>());
  EXPECT_TRUE(try_open());
  // The catalog restored from a backup, beside tiles that were made since.
  ASSERT_TRUE(bucket_->put("ledger/ashfield/tile/entries/000", as_bytes("x")));
  const auto ledger = try_open();
  ASSERT_FALSE(ledger);
  EXPECT_EQ(ledger.error().problem, &problems::kLedgerCorrupt);
  EXPECT_NE(ledger.error().message.find("older than the rest"), std::string::npos);
}

// ---- the full check ----

class CheckTest : public LedgerTest {
 protected:
  // Entries as whoever holds the key could append them.
  void append(const std::vector<std::string>& entries) {
    Log log({agency_.text(), terms_.origin, terms_.slug, *database_, *bucket_, clock_});
    ASSERT_TRUE(log.append(**log.refresh(), entries, [](db::Transaction&, const Edge&) -> Result<void> { return {}; }));
  }
  Json genesis(std::int64_t beat_s, std::int64_t floor, std::int64_t heads_s, const std::string& policy,
               const proof::VerifierKey& key) {
    return Json::Object{{"beat", beat_s},          {"floor", floor},   {"heads", heads_s},        {"key", key.text()},
                        {"ledger", terms_.origin}, {"policy", policy}, {"type", "ledger.genesis"}};
  }
  std::string tally(std::string_view from, std::string_view to) {
    return proof::public_entry(Json::Object{{"counts", Json::Object{}},
                                            {"from", std::string(from) + "T00:00:00.00Z"},
                                            {"ledger", terms_.origin},
                                            {"to", std::string(to) + "T00:00:00.00Z"},
                                            {"type", "ledger.tally"}});
  }
  // What the check says of a ledger that is open, while it stands changed so.
  std::vector<std::string> faults_with(const Ledger& ledger, std::string_view change) {
    keep();
    run(change);
    const auto report = ledger.check();
    EXPECT_TRUE(report) << change << ": " << report.error().text();
    put_back();
    return report ? report->faults : std::vector<std::string>();
  }
  const Problem* refused_with(const Ledger& ledger, std::string_view change) {
    keep();
    run(change);
    const auto report = ledger.check();
    put_back();
    return report ? nullptr : report.error().problem;
  }
  static bool names(const std::vector<std::string>& faults, std::string_view words) {
    return std::any_of(faults.begin(), faults.end(),
                       [&](const std::string& fault) { return fault.find(words) != std::string::npos; });
  }

  // An object of the bucket with other bytes, or without any.
  std::string object(const std::string& name) {
    const Bytes bytes = *bucket::get(*bucket_, name, 1 << 20);
    return std::string(as_text(bytes));
  }
  void replace(const std::string& name, const std::optional<std::string>& bytes) {
    ASSERT_TRUE(bucket_->remove(name));
    if (!bytes) return;
    ASSERT_TRUE(bucket_->put(name, as_bytes(*bytes)));
  }
  std::string batch_from(std::uint64_t first) {
    std::string out;
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(tx.query("SELECT object FROM ledger_batches WHERE first_index = :first", {{"first", first}}))[0].text(
          "object");
      return {};
    }));
    return out;
  }

 private:
  static constexpr std::string_view kTables[] = {"ledger_chains", "ledger_events", "ledger_published"};

  void keep() {
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      for (const std::string_view table : kTables) {
        TRY(tx.run(fmt::format("CREATE TABLE IF NOT EXISTS kept_{0} AS SELECT * FROM {0}", table)));
      }
      return {};
    }));
  }
  void put_back() {
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      for (const std::string_view table : kTables) {
        TRY(tx.run(fmt::format("DELETE FROM {}", table)));
        TRY(tx.run(fmt::format("INSERT INTO {0} SELECT * FROM kept_{0}", table)));
      }
      return {};
    }));
  }
};

TEST_F(CheckTest, ALedgerThatHasNotBegunIsSoundAndHasPublishedNothing) {
  const auto ledger = *try_open();
  const auto report = ledger->check();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->faults, std::vector<std::string>());
  EXPECT_EQ(report->size, 0u);
  run("DELETE FROM ledger_published");
  EXPECT_EQ(ledger->check()->published_size, 0u);
}

TEST_F(CheckTest, AnEntryThatHasNoBusinessInALedgerIsNamed) {
  (void)open();  // genesis
  const proof::VerifierKey other{terms_.origin, proof::KeyType::kLog,
                                 crypto::SigningKey::from_seed(crypto::random_bytes<32>()).public_key()};
  const auto& [beat_s, leaves, heads_s, policy] = std::tie(terms_.beat_s, terms_.floor, terms_.heads_s, terms_.policy);
  append({"no entry",                                                               // 1
          proof::public_entry(genesis(beat_s, leaves, heads_s, policy, other)),     // 2
          proof::public_entry(genesis(beat_s + 1, leaves, heads_s, policy, key_)),  // 3
          proof::public_entry(genesis(beat_s, leaves + 1, heads_s, policy, key_)),  // 4
          proof::public_entry(genesis(beat_s, leaves, heads_s + 1, policy, key_)),  // 5
          proof::public_entry(genesis(beat_s, leaves, heads_s, "quorum 1", key_)),  // 6
          proof::public_entry(Json::Object{{"ledger", "ledger.example/otherton"},   // 7
                                           {"policy", policy},
                                           {"type", "ledger.policy"}}),
          tally("2022-12-02", "2023-01-01"),    // 8
          tally("2023-01-01", "2023-01-31"),    // 9
          tally("2023-02-01", "2023-03-01")});  // 10
  const std::string place = "genesis stands at leaf 0 and only there";
  const std::string terms = "leaf 0: the catalog's terms are not those that the ledger began with";
  EXPECT_EQ(faults(),
            (std::vector<std::string>{
                "leaf 1: not an entry of ledger.md", "leaf 2: " + place, "leaf 0: names another log key",
                "leaf 3: " + place, terms, "leaf 4: " + place, terms, "leaf 5: " + place, terms, "leaf 6: " + place,
                terms, "leaf 7: names another ledger", "leaf 8: a tally of no calendar month",
                "leaf 9: a tally of no calendar month", "leaf 10: the tally before it ends elsewhere"}));
}

TEST_F(CheckTest, EachColumnIsWhatItsEventSaysOrIsNamed) {
  const auto ledger = open();
  const auto subject = crypto::new_id<SubjectId>(), other = crypto::new_id<SubjectId>();
  for (int i = 0; i < 3; ++i) seal(*ledger, subject);
  seal(*ledger, other);
  const std::string of_it = fmt::format(" WHERE subject = '{}'", subject.text());
  const std::string disagree = "the catalog's columns and the event disagree";
  const std::pair<std::string, std::string> columns[] = {
      {"leaf_index = 0" + of_it + " AND n = 0", "leaf 0: the catalog opens a public statement as an event"},
      {"leaf_index = -1" + of_it + " AND n = 0", "the catalog holds 4 events, the leaves 3"},
      {fmt::format("subject = '{}', n = 1{} AND n = 1", other.text(), of_it), "leaf 2: " + disagree},
      {fmt::format("subject = '{}'{} AND n = 1", crypto::new_id<SubjectId>().text(), of_it),
       "leaf 2: the key of subject"},
      {"type = 'recording.shared'" + of_it + " AND n = 1", "leaf 2: " + disagree},
      {"n = 7" + of_it + " AND n = 1", "leaf 2: " + disagree},
      {"n = 8" + of_it + " AND n = 1", fmt::format("leaf 2: event 8 of subject {} follows 1", subject.text())},
      {"event = REPLACE(event, 'ashfield', 'ashfielt')" + of_it + " AND n = 1", "leaf 2: " + disagree},
      {"event = 'x'" + of_it + " AND n = 1", "leaf 2: the event in the catalog is malformed"},
      {fmt::format("event = (SELECT event FROM kept_ledger_events{0} AND n = 0){0} AND n = 1", of_it),
       "leaf 2: prev does not name the event before it"},
      {fmt::format("event = (SELECT event FROM kept_ledger_events{0} AND n = 1){0} AND n = 2", of_it),
       "leaf 3: prev does not name the event before it"}};
  for (const auto& [change, words] : columns) {
    const auto found = faults_with(*ledger, "UPDATE ledger_events SET " + change);
    EXPECT_TRUE(names(found, words)) << change << "\n" << fmt::format("{}", fmt::join(found, "\n"));
  }
  const std::string end = fmt::format("subject {}: the catalog's end of the chain is not the leaves'", subject.text());
  for (const std::string change :
       {"next_n = 2", "last_commitment = 'x'", "last_index = 2", "first_index = 2", "last_index = 1000000"}) {
    EXPECT_EQ(faults_with(*ledger, "UPDATE ledger_chains SET " + change + of_it), std::vector<std::string>{end})
        << change;
  }
  const std::string nobody = std::string(32, '0');
  for (const int last_index : {1, 1'000'000}) {
    const auto found = faults_with(
        *ledger, fmt::format("INSERT INTO ledger_chains (agency, subject, next_n, last_commitment, first_index, "
                             "last_index) VALUES ('{}', '{}', 1, 'x', 1, {})",
                             agency_.text(), nobody, last_index));
    EXPECT_EQ(found,
              std::vector<std::string>{fmt::format("subject {}: the catalog has a chain, and no leaf has it", nobody)});
  }
  EXPECT_EQ(faults_with(*ledger, "DELETE FROM ledger_chains" + of_it),
            std::vector<std::string>{"the catalog holds 1 chains of the leaves' 2"});
  for (const std::string table : {"ledger_chains", "ledger_events"}) {
    EXPECT_EQ(refused_with(*ledger, fmt::format("UPDATE {} SET subject = 'nobody'{} AND {}", table, of_it,
                                                table == "ledger_chains" ? "next_n = 3" : "n = 1")),
              &problems::kLedgerCorrupt);
  }
  expect_sound(*ledger);
}

TEST_F(CheckTest, EachPublishedSizeIsOneOfTheTreeOrIsNamed) {
  const auto ledger = open();
  seal(*ledger, crypto::new_id<SubjectId>());
  const std::string other = hex(crypto::sha256(as_bytes("another")));
  EXPECT_EQ(faults_with(*ledger, fmt::format("UPDATE ledger_published SET root = '{}'", other)),
            std::vector<std::string>{"the root published at size 0 is not the tree's"});
  EXPECT_EQ(faults_with(*ledger, "UPDATE ledger_published SET size = 3"),
            std::vector<std::string>{"a published size lies beyond the sealed entries"});
  EXPECT_EQ(refused_with(*ledger, "UPDATE ledger_published SET root = 'x'"), &problems::kLedgerCorrupt);
  run("UPDATE ledgers SET size = 3");
  EXPECT_TRUE(
      names(ledger->check()->faults, "the entries make size 2 and another root than the stored head of size 3"));
}

TEST_F(CheckTest, WhatIsSealedDuringTheCheckIsNoFaultAndWhatIsForgedMeanwhileIs) {
  const auto ledger = open();
  const auto known = crypto::new_id<SubjectId>();
  const auto seal_meanwhile = [&](const std::function<void()>& then) {
    before_key_ = [&, then, done = false]() mutable {
      if (std::exchange(done, true)) return;
      seal(*ledger, known);
      seal(*ledger, crypto::new_id<SubjectId>());
      then();
    };
  };
  seal(*ledger, known);
  seal_meanwhile([] {});
  expect_sound(*ledger);
  seal_meanwhile([&] { run(fmt::format("UPDATE ledger_chains SET next_n = 1 WHERE subject = '{}'", known.text())); });
  EXPECT_EQ(ledger->check()->faults,
            std::vector<std::string>{
                fmt::format("subject {}: the catalog's end of the chain is not the leaves'", known.text())});
}

TEST_F(CheckTest, ALedgerInWhichNothingIsSoundIsToldInAThousandFaults) {
  seal_many(*open(), 600);
  run("UPDATE ledger_events SET event = 'x'");
  EXPECT_EQ(faults().size(), 1'000u);
}

// 301 leaves: one tile, and a batch of leaves 241 to 260 of which the first fifteen are in it.
TEST_F(CheckTest, ATileOrABatchThatIsNotWhatWasSealedIsNamed) {
  seal_many(*open(), 300);
  const auto ledger = open();
  const std::string tiles = "ledger/ashfield/tile/", batch = batch_from(241);
  const auto faults_of = [&](const std::string& name, const std::optional<std::string>& bytes) {
    const std::string genuine = object(name);
    replace(name, bytes);
    const auto report = ledger->check();
    EXPECT_TRUE(report) << name;
    replace(name, genuine);
    return report ? report->faults : std::vector<std::string>();
  };
  const auto with = [&](const std::string& name, std::size_t width, std::size_t at, const std::string& entry) {
    auto entries = *proof::parse_bundle(object(name), width);
    entries[at] = entry;
    return faults_of(name, proof::format_bundle(entries));
  };
  const std::string other = proof::private_entry(crypto::sha256(as_bytes("another")));
  std::string changed = object(tiles + "0/000");
  changed[0] = static_cast<char>(changed[0] ^ 1);
  for (const std::optional<std::string>& bytes : {std::optional(changed), std::optional<std::string>()}) {
    EXPECT_EQ(faults_of(tiles + "0/000", bytes),
              std::vector<std::string>{tiles + "0/000: not the tile that the entries make"});
  }
  EXPECT_TRUE(names(faults_of(tiles + "entries/000", {}), "A bundle of the ledger cannot be read"));
  EXPECT_TRUE(names(faults_of(tiles + "entries/000", {}), "entries before leaf 241 are missing"));
  auto found = with(tiles + "entries/000", 256, 3, other);
  for (const std::string_view words : {"leaf 3: the event in the catalog is not the one that was sealed",
                                       "tile/0/000: not the tile", "another root than the stored head of size 301"}) {
    EXPECT_TRUE(names(found, words)) << words;
  }
  EXPECT_TRUE(names(with(batch, 20, 2, other), "leaf 243 is another than in its tile"));
  found = with(batch, 20, 17, other);
  EXPECT_FALSE(names(found, "is another than in its tile"));
  EXPECT_TRUE(names(found, "leaf 258: the event in the catalog is not the one that was sealed"));
  EXPECT_TRUE(names(faults_of(batch, "x"), "A batch does not hold the entries its row counts"));
  // Gone: as while a sequencer turns it into tiles, which a check looks at again, and then says what it could not read.
  const std::string genuine = object(batch);
  replace(batch, {});
  EXPECT_EQ(ledger->check().error().code(), Code::kNotFound);
  replace(batch, genuine);
  // Or a tile, between two looks at it.
  const std::string tile = tiles + "entries/000", kept = object(tile);
  before_key_ = [&, looks = 0]() mutable {
    if (++looks == 250) replace(tile, {});
  };
  EXPECT_EQ(ledger->check().error().problem, &problems::kLedgerCorrupt);
  before_key_ = nullptr;
  replace(tile, kept);
  expect_sound(*ledger);
}

// ---- scheduled statements ----

// 2022-12-02T16:53:20Z is where the clock starts; the month after begins 29.3 days later.
constexpr std::int64_t kSecond = 1'000'000, kDay = 86'400 * kSecond;
constexpr Timestamp kJanuary{1'672'531'200 * kSecond};  // 2023-01-01T00:00:00Z

class TallyTest : public LedgerTest {
 protected:
  // The published ledger's public statements of one type, oldest first.
  std::vector<Json> statements(const Ledger& ledger, std::string_view type) {
    std::vector<Json> out;
    const std::uint64_t size = published_size(ledger);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto receipt = ledger.statement_receipt(index, Under::kPublished);
      if (!receipt) continue;
      const auto verified = proof::verify_receipt(*receipt, {key_, {}});
      EXPECT_TRUE(verified) << verified.error().reason;
      if (*verified->statement.find_string("type") == type) out.push_back(verified->statement);
    }
    return out;
  }
  void publish_at(Ledger& ledger, Timestamp time) {
    const std::uint64_t before = published_size(ledger);
    clock_.set(time);
    ledger.start_publishing();
    wait_published(ledger, before);
  }
};

TEST_F(TallyTest, AMonthIsCountedTenBeatsAfterThePeriodThatFollowsIt) {
  const auto ledger = open();
  const auto subject = crypto::new_id<SubjectId>();
  for (int i = 0; i < 3; ++i) seal(*ledger, subject);
  clock_.set(kJanuary + (-10'000));
  seal(*ledger, subject);  // the last hundredth of December
  clock_.set(kJanuary);
  seal(*ledger, subject);  // January's
  publish_at(*ledger, kJanuary + 9 * 60 * kSecond);
  EXPECT_TRUE(statements(*ledger, "ledger.tally").empty());

  publish_at(*ledger, kJanuary + 10 * 60 * kSecond);
  const auto tallies = statements(*ledger, "ledger.tally");
  ASSERT_EQ(tallies.size(), 1u);
  EXPECT_EQ(canonical(tallies[0]),
            R"({"counts":{"recording.viewed":4},"from":"2022-12-01T00:00:00.00Z","ledger":"ledger.example/ashfield",)"
            R"("to":"2023-01-01T00:00:00.00Z","type":"ledger.tally"})");
  EXPECT_EQ(published_size(*ledger) % 16, 0u);  // the statement is part of what padding rounds up
  publish_at(*ledger, kJanuary + kDay + 10 * 60 * kSecond);
  EXPECT_EQ(statements(*ledger, "ledger.tally").size(), 1u);
  expect_sound(*ledger);
}

TEST_F(TallyTest, MonthsMissedAreCountedTogetherAndEmptyOnesToo) {
  {
    const auto ledger = open();
    seal(*ledger, crypto::new_id<SubjectId>());
  }
  clock_.set(kJanuary + 70 * kDay);  // 2023-03-12: the server was off since December
  const auto ledger = open();
  publish_at(*ledger, kJanuary + 70 * kDay);
  const auto tallies = statements(*ledger, "ledger.tally");
  ASSERT_EQ(tallies.size(), 3u);
  EXPECT_EQ(*tallies[0].find("counts"), Json(Json::Object{{"recording.viewed", 1}}));
  EXPECT_EQ(*tallies[1].find("counts"), Json(Json::Object{}));
  EXPECT_EQ(*tallies[2].find_string("to"), "2023-03-01T00:00:00.00Z");
  expect_sound(*ledger);
}

TEST_F(TallyTest, ATallyThatDoesNotFitItsEventsIsAFault) {
  {
    const auto ledger = open();
    seal(*ledger, crypto::new_id<SubjectId>());
    publish_at(*ledger, kJanuary + kDay);
    ASSERT_EQ(statements(*ledger, "ledger.tally").size(), 1u);
  }
  // An event moved to another month, in both columns that say so: the leaf no longer opens, and the tally is off.
  run("UPDATE ledger_events SET at_us = at_us + 2678400000000, event = replace(event, '2022-12-02', '2023-01-02')");
  const auto found = faults();
  EXPECT_NE(std::find_if(found.begin(), found.end(), [](const std::string& f) { return f.find("tally") != f.npos; }),
            found.end());
}

}  // namespace
}  // namespace lapel::ledger
