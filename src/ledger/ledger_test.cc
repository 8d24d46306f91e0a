// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <algorithm>
#include <atomic>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/problems.h"
#include "crypto/random.h"
#include "ledger/log.h"
#include "ledger/restarts_for_tests.h"
#include "proof/receipt.h"
#include "test/damaging_bucket.h"
#include "test/refusing_catalog.h"

namespace lapel::ledger {
namespace {

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

}  // namespace
}  // namespace lapel::ledger
