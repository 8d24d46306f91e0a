// SPDX-License-Identifier: Apache-2.0
#include "jobs/jobs.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "crypto/random.h"
#include "db/catalog_for_tests.h"

namespace lapel::jobs {
namespace {

constexpr std::string_view kKind = "count";
constexpr std::int64_t kSecondUs = 1'000'000;
const AgencyId kAgency{ByteArray<16>{1}};

class Jobs : public testing::Test {
 protected:
  Jobs() : directory_(std::filesystem::temp_directory_path() / "lapel-jobs-XXXXXX") {
    std::string name = directory_.string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    open();
    EXPECT_TRUE(db::migrate(*database_, "jobs", schema()));
    EXPECT_TRUE(run("CREATE TABLE results (subject TEXT NOT NULL)"));
  }
  ~Jobs() override {
    queue_.reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  // Also what a program does that starts after another one was killed.
  void open() {
    queue_.reset();
    database_.reset();
    if (!catalog_) catalog_.emplace(directory_);
    database_ = catalog_->open();
    queue_ = std::make_unique<Queue>(*database_, clock_, options_);
  }
  Result<void> run(std::string_view sql) {
    return database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(sql));
      return {};
    });
  }
  SubjectId enqueue() {
    const auto subject = crypto::new_id<SubjectId>();
    enqueue(subject);
    return subject;
  }
  void enqueue(const SubjectId& subject) {
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) { return queue_->enqueue(tx, {kKind, kAgency, subject}); }));
  }
  std::optional<Lease> lease() {
    auto lease = queue_->lease(kKind);
    EXPECT_TRUE(lease);
    return lease ? *lease : std::nullopt;
  }
  // The job's results and its end, as a room writes them.
  Result<void> finish(const Lease& lease) {
    return database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run("INSERT INTO results (subject) VALUES (:subject)", {{"subject", lease.subject.text()}}));
      return queue_->finish(tx, lease);
    });
  }
  std::multiset<std::string> results() {
    std::multiset<std::string> out;
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
      out.clear();
      for (const db::Row& row : TRY(tx.query("SELECT subject FROM results LIMIT 10000")))
        out.insert(row.text("subject"));
      return {};
    }));
    return out;
  }
  std::optional<Status> status(const SubjectId& subject, std::string_view kind = kKind) {
    std::optional<Status> out;
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
      const auto all = TRY(queue_->statuses(tx, kind, std::span(&subject, 1)));
      if (const auto it = all.find(subject); it != all.end()) out = it->second;
      return {};
    }));
    return out;
  }
  State state(const SubjectId& subject) {
    const auto found = status(subject);
    EXPECT_TRUE(found);
    return found ? found->state : State::kFailed;
  }

  std::filesystem::path directory_;
  std::optional<db::CatalogForTests> catalog_;
  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  QueueOptions options_{
      .lease_us = 60 * kSecondUs, .failures_max = 4, .backoff_us = 5 * kSecondUs, .backoff_us_max = 15 * kSecondUs};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<Queue> queue_;
};

TEST_F(Jobs, AreDoneOnceHoweverOftenTheyAreAskedFor) {
  const SubjectId subject = enqueue();
  enqueue(subject);
  const auto first = lease();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->subject, subject);
  EXPECT_EQ(first->agency, kAgency);
  EXPECT_EQ(first->attempt, 1);
  enqueue(subject);
  EXPECT_FALSE(lease());
  EXPECT_TRUE(finish(*first));
  enqueue(subject);
  EXPECT_FALSE(lease());
  EXPECT_EQ(*status(subject), (Status{State::kDone, "", 1, 0}));
}

TEST_F(Jobs, ExistExactlyWhenTheTransactionThatAskedDoes) {
  const auto subject = crypto::new_id<SubjectId>();
  const auto undone = database_->write([&](db::Transaction& tx) -> Result<void> {
    TRY(queue_->enqueue(tx, {kKind, kAgency, subject}));
    return fail(Code::kInvalid, "no");
  });
  EXPECT_FALSE(undone);
  EXPECT_FALSE(status(subject));
  EXPECT_FALSE(lease());
}

TEST_F(Jobs, OfAnotherKindAreNotGivenOut) {
  const SubjectId subject = enqueue();
  EXPECT_FALSE(*queue_->lease("other"));
  EXPECT_FALSE(status(subject, "other"));
  EXPECT_FALSE(status(crypto::new_id<SubjectId>()));
}

TEST_F(Jobs, WithAnUndoneResultAreNotDone) {
  const SubjectId subject = enqueue();
  const auto held = lease();
  const auto undone = database_->write([&](db::Transaction& tx) -> Result<void> {
    TRY(queue_->finish(tx, *held));
    return fail(Code::kInvalid, "the ledger refused");
  });
  EXPECT_FALSE(undone);
  EXPECT_EQ(state(subject), State::kRunning);
  EXPECT_TRUE(finish(*held));
}

TEST_F(Jobs, ComeOldestFirst) {
  std::vector<SubjectId> asked;
  for (int i = 0; i < 5; ++i) {
    asked.push_back(enqueue());
    clock_.advance_us(kSecondUs);
  }
  for (const SubjectId& subject : asked) EXPECT_EQ(lease()->subject, subject);
  EXPECT_FALSE(lease());
}

TEST_F(Jobs, OfAKilledProcessRunAgainWhenTheLeaseHasRunOut) {
  const SubjectId subject = enqueue();
  const auto lost = lease();
  ASSERT_TRUE(lost);
  open();
  EXPECT_FALSE(lease());
  clock_.advance_us(options_.lease_us - 1);
  EXPECT_FALSE(lease());
  clock_.advance_us(1);
  const auto again = lease();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->subject, subject);
  EXPECT_EQ(again->attempt, 2);
  EXPECT_NE(again->id, lost->id);

  // The process that was thought dead comes back with its results: nothing of it is kept.
  EXPECT_EQ(finish(*lost).error().code(), Code::kConflict);
  EXPECT_EQ(queue_->fail(*lost, "late").error().code(), Code::kConflict);
  EXPECT_EQ(queue_->give_back(*lost).error().code(), Code::kConflict);
  EXPECT_EQ(queue_->block(*lost, "late").error().code(), Code::kConflict);
  Lease late = *lost;
  EXPECT_EQ(queue_->renew(late).error().code(), Code::kConflict);
  EXPECT_TRUE(results().empty());
  EXPECT_TRUE(finish(*again));
  EXPECT_EQ(results().size(), 1U);
  EXPECT_EQ(finish(*again).error().code(), Code::kConflict);
  EXPECT_EQ(results().size(), 1U);
}

TEST_F(Jobs, ThatAreRenewedKeepTheirLease) {
  enqueue();
  auto held = lease();
  for (int i = 0; i < 10; ++i) {
    clock_.advance_us(options_.lease_us - 1);
    ASSERT_TRUE(queue_->renew(*held));
    EXPECT_FALSE(lease());
  }
  EXPECT_TRUE(finish(*held));
}

TEST_F(Jobs, WhoseLeaseRanOutAreStillTheirsUntilSomebodyElseTakesThem) {
  enqueue();
  auto held = lease();
  clock_.advance_us(10 * options_.lease_us);
  EXPECT_TRUE(queue_->renew(*held));
  clock_.advance_us(10 * options_.lease_us);
  EXPECT_TRUE(finish(*held));
}

TEST_F(Jobs, OfEveryEarlierProcessAreTakenBackAtStart) {
  const SubjectId one = enqueue();
  const SubjectId two = enqueue();
  ASSERT_TRUE(lease());
  ASSERT_TRUE(lease());
  open();
  EXPECT_TRUE(queue_->take_back_all("other"));
  EXPECT_FALSE(lease());
  EXPECT_TRUE(queue_->take_back_all(kKind));
  std::set<SubjectId> again;
  for (auto next = lease(); next; next = lease()) again.insert(next->subject);
  EXPECT_EQ(again, (std::set<SubjectId>{one, two}));
  EXPECT_EQ(status(one)->failures, 1);
}

TEST_F(Jobs, ThatKeepKillingTheServerAreGivenUp) {
  const SubjectId subject = enqueue();
  for (std::int64_t i = 1; i <= options_.failures_max; ++i) {
    clock_.advance_us(options_.backoff_us_max);
    ASSERT_TRUE(lease()) << i;
    EXPECT_TRUE(queue_->take_back_all(kKind));
  }
  clock_.advance_us(1'000 * options_.backoff_us_max);
  EXPECT_FALSE(lease());
  EXPECT_EQ(state(subject), State::kFailed);
  EXPECT_FALSE(status(subject)->reason.empty());
}

TEST_F(Jobs, ThatFailAreTriedLaterAndLaterWithinBounds) {
  const SubjectId subject = enqueue();
  const std::vector<std::int64_t> waits_s = {5, 10, 15};
  for (std::size_t i = 0; i < waits_s.size(); ++i) {
    const auto held = lease();
    ASSERT_TRUE(held) << i;
    ASSERT_TRUE(queue_->fail(*held, "the disk was away"));
    EXPECT_EQ(*status(subject), (Status{State::kWaiting, "the disk was away", static_cast<std::int64_t>(i) + 1,
                                        static_cast<std::int64_t>(i) + 1}));
    clock_.advance_us(waits_s[i] * kSecondUs - 1);
    EXPECT_FALSE(lease()) << i;
    clock_.advance_us(1);
  }
  ASSERT_TRUE(queue_->fail(*lease(), "still away"));
  EXPECT_EQ(*status(subject), (Status{State::kFailed, "still away", 4, 4}));
  clock_.advance_us(1'000'000 * kSecondUs);
  EXPECT_FALSE(lease());
}

TEST_F(Jobs, ThatWereGivenUpAreTriedAgainWhenSomebodySaysSo) {
  const SubjectId subject = enqueue();
  for (std::int64_t i = 0; i < options_.failures_max; ++i) {
    clock_.advance_us(3'600 * kSecondUs);
    const auto given = lease();
    ASSERT_TRUE(given);
    ASSERT_TRUE(queue_->fail(*given, "no disk"));
  }
  const auto failed = queue_->list(State::kFailed, 10);
  ASSERT_TRUE(failed);
  ASSERT_EQ(failed->size(), 1u);
  EXPECT_EQ((*failed)[0].subject, subject);
  EXPECT_EQ((*failed)[0].status.reason, "no disk");
  EXPECT_TRUE(queue_->list(State::kDone, 10)->empty());
  EXPECT_EQ(queue_->list(std::nullopt, 10)->size(), 1u);

  ASSERT_TRUE(queue_->retry((*failed)[0].id));
  EXPECT_EQ(queue_->retry((*failed)[0].id).error().code(), Code::kConflict);  // it waits already
  EXPECT_EQ(queue_->retry(crypto::new_id<JobId>()).error().code(), Code::kNotFound);
  const auto again = lease();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempt, options_.failures_max + 1);  // attempts are counted on
  ASSERT_TRUE(finish(*again));
  EXPECT_EQ(status(subject)->state, State::kDone);
}

TEST_F(Jobs, OfAWholeQueryAreDoneOnceMoreWhateverBecameOfThem) {
  // Those of before: one done, one given up, one at work, one of which the query does not tell.
  const SubjectId done = enqueue(), failed = enqueue(), other = enqueue(), unasked = crypto::new_id<SubjectId>();
  for (auto next = lease(); next; next = lease()) ASSERT_TRUE(finish(*next));
  ASSERT_TRUE(run(fmt::format("UPDATE jobs SET state = 'failed', reason = 'no disk', failures = 4 WHERE subject = '{}'",
                              failed.text())));
  const SubjectId held = enqueue();
  const auto lost = lease();
  ASSERT_TRUE(run("DELETE FROM results"));
  for (const SubjectId& subject : {done, failed, held, unasked})
    ASSERT_TRUE(run(fmt::format("INSERT INTO results (subject) VALUES ('{}')", subject.text())));

  clock_.advance_us(kSecondUs);
  ASSERT_TRUE(database_->write([&](db::Transaction& tx) {
    return queue_->enqueue_each_again(tx, kKind, kAgency, "SELECT DISTINCT subject FROM results WHERE subject <> :kind",
                                      {{"kind", "none"}});
  }));
  EXPECT_EQ(finish(*lost).error().code(), Code::kConflict);
  EXPECT_EQ(*status(done), (Status{State::kWaiting, "", 1, 0}));
  EXPECT_EQ(*status(failed), (Status{State::kWaiting, "", 1, 0}));
  EXPECT_EQ(*status(held), (Status{State::kWaiting, "", 1, 0}));
  EXPECT_EQ(*status(unasked), (Status{State::kWaiting, "", 0, 0}));
  EXPECT_EQ(state(other), State::kDone);
  EXPECT_EQ(queue_->list(std::nullopt, 10)->size(), 5U) << "each has an id, and none another's";
  std::set<SubjectId> again;
  for (auto next = lease(); next; next = lease()) {
    EXPECT_EQ(next->agency, kAgency);
    again.insert(next->subject);
    EXPECT_TRUE(finish(*next));
  }
  EXPECT_EQ(again, (std::set<SubjectId>{done, failed, held, unasked}));

  // Of no subjects, and a second time.
  for (const std::string_view subjects : {"SELECT DISTINCT subject FROM results WHERE subject = :kind",
                                          "SELECT DISTINCT subject FROM results WHERE subject <> :kind"}) {
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) {
      return queue_->enqueue_each_again(tx, kKind, kAgency, subjects, {{"kind", "none"}});
    }));
  }
  EXPECT_EQ(queue_->list(State::kWaiting, 10)->size(), 4U);
}

TEST_F(Jobs, ThatAreGivenBackHaveNotFailed) {
  const SubjectId subject = enqueue();
  for (int i = 0; i < 20; ++i) {
    const auto held = lease();
    ASSERT_TRUE(held);
    ASSERT_TRUE(queue_->give_back(*held));
  }
  EXPECT_EQ(*status(subject), (Status{State::kWaiting, "", 20, 0}));
}

TEST_F(Jobs, WithoutRoomAreTriedAgainHoweverLongItLasts) {
  const SubjectId subject = enqueue();
  for (std::int64_t i = 1; i <= 3 * options_.failures_max; ++i) {
    const auto held = lease();
    ASSERT_TRUE(held) << i;
    ASSERT_TRUE(queue_->postpone(*held, "no room"));
    EXPECT_EQ(*status(subject), (Status{State::kWaiting, "no room", i, 0}));
    clock_.advance_us(options_.backoff_us - 1);
    EXPECT_FALSE(lease()) << i;
    clock_.advance_us(1);
  }
  ASSERT_TRUE(finish(*lease()));
  EXPECT_EQ(state(subject), State::kDone);
}

TEST_F(Jobs, BlockedOnesSayWhyAndRunWhenAsked) {
  const SubjectId subject = enqueue();
  ASSERT_TRUE(queue_->block(*lease(), "no sandbox: the kernel has none"));
  EXPECT_EQ(*status(subject), (Status{State::kBlocked, "no sandbox: the kernel has none", 1, 0}));
  const auto again = lease();
  ASSERT_TRUE(again);
  EXPECT_TRUE(finish(*again));
  EXPECT_EQ(*status(subject), (Status{State::kDone, "", 2, 0}));
}

TEST_F(Jobs, ThatWaitAreBlockedTogetherAndOnesDoneStayDone) {
  const SubjectId done = enqueue();
  ASSERT_TRUE(finish(*lease()));
  const SubjectId one = enqueue();
  const SubjectId two = enqueue();
  ASSERT_TRUE(queue_->block_waiting("other", "elsewhere"));
  EXPECT_EQ(state(one), State::kWaiting);
  ASSERT_TRUE(queue_->block_waiting(kKind, "no sandbox"));
  EXPECT_EQ(status(one)->reason, "no sandbox");
  EXPECT_EQ(state(two), State::kBlocked);
  EXPECT_EQ(state(done), State::kDone);

  ASSERT_TRUE(lease());
  ASSERT_TRUE(lease());
  EXPECT_FALSE(lease());
  EXPECT_EQ(state(one), State::kRunning);
  EXPECT_EQ(status(two)->reason, "");
}

TEST_F(Jobs, HaveReasonsOfBoundedLengthInWholeCharacters) {
  const SubjectId subject = enqueue();
  std::string text = "x";
  while (text.size() < 2 * kReasonBytesMax) text += "\u00e9";
  ASSERT_TRUE(queue_->fail(*lease(), text));
  const std::string reason = status(subject)->reason;
  EXPECT_EQ(reason, text.substr(0, kReasonBytesMax - 1));
}

TEST_F(Jobs, AreEachGivenToOneOfManyThreads) {
  constexpr int kJobs = 60;
  constexpr int kThreads = 4;
  for (int i = 0; i < kJobs; ++i) enqueue();
  std::vector<std::future<std::vector<Lease>>> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.push_back(std::async(std::launch::async, [this] {
      std::vector<Lease> out;
      for (auto next = queue_->lease(kKind); next && *next; next = queue_->lease(kKind)) {
        out.push_back(**next);
        EXPECT_TRUE(finish(**next));
      }
      return out;
    }));
  }
  std::set<SubjectId> seen;
  int given = 0;
  for (auto& thread : threads) {
    for (const Lease& lease : thread.get()) {
      seen.insert(lease.subject);
      ++given;
    }
  }
  EXPECT_EQ(given, kJobs);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(results().size(), static_cast<std::size_t>(kJobs));
}

// ---- the runner ----

TEST_F(Jobs, OfARunnerAreDoneByTheNudgeAlone) {
  std::promise<SubjectId> done;
  Runner runner(*queue_, {.kind = std::string(kKind),
                          .threads = 2,
                          .scan_period_us = 3'600 * kSecondUs,
                          .blocked = [] { return std::nullopt; },
                          .handler = [&](const Lease& lease) -> Result<Outcome> {
                            TRY(finish(lease));
                            done.set_value(lease.subject);
                            return Outcome{};
                          }});
  const SubjectId subject = enqueue();
  queue_->nudge();
  EXPECT_EQ(done.get_future().get(), subject);
  EXPECT_EQ(state(subject), State::kDone);
}

TEST_F(Jobs, LeftByAnEarlierProcessAreFoundByANewRunner) {
  const SubjectId subject = enqueue();
  open();
  std::promise<SubjectId> done;
  const Runner runner(*queue_, {.kind = std::string(kKind),
                                .scan_period_us = 3'600 * kSecondUs,
                                .blocked = [] { return std::nullopt; },
                                .handler = [&](const Lease& lease) -> Result<Outcome> {
                                  TRY(finish(lease));
                                  done.set_value(lease.subject);
                                  return Outcome{};
                                }});
  EXPECT_EQ(done.get_future().get(), subject);
}

TEST_F(Jobs, OfABlockedRunnerAreNeverBegun) {
  const SubjectId subject = enqueue();
  {
    std::promise<void> asked_twice;
    std::atomic<int> asked = 0;
    const Runner runner(*queue_, {.kind = std::string(kKind),
                                  .scan_period_us = 1'000,
                                  .blocked = [&]() -> std::optional<std::string> {
                                    if (++asked == 2) asked_twice.set_value();
                                    return "no sandbox";
                                  },
                                  .handler = [](const Lease&) -> Result<Outcome> {
                                    ADD_FAILURE();
                                    return Outcome{};
                                  }});
    asked_twice.get_future().get();  // the first scan is over
  }
  EXPECT_EQ(*status(subject), (Status{State::kBlocked, "no sandbox", 0, 0}));
}

TEST_F(Jobs, OfARunnerThatFailOrAreGivenBackAreSettledSo) {
  const SubjectId failing = enqueue();
  const SubjectId roomless = enqueue();
  const SubjectId returned = enqueue();
  std::atomic<int> seen = 0;
  std::promise<void> all;
  {
    const Runner runner(*queue_, {.kind = std::string(kKind),
                                  .scan_period_us = 3'600 * kSecondUs,
                                  .blocked = [] { return std::nullopt; },
                                  .handler = [&](const Lease& lease) -> Result<Outcome> {
                                    if (++seen == 4) all.set_value();
                                    if (lease.subject == failing)
                                      return lapel::fail(Code::kInternal, "a sentence", "/a/path");
                                    if (lease.subject == roomless)
                                      return lapel::fail(Code::kFull, "no room", "/a/path");
                                    if (lease.attempt == 1) return Outcome{Outcome::Kind::kGivenBack, {}};
                                    TRY(finish(lease));
                                    return Outcome{};
                                  }});
    all.get_future().get();
  }
  EXPECT_EQ(*status(failing), (Status{State::kWaiting, "a sentence", 1, 1}));
  EXPECT_EQ(*status(roomless), (Status{State::kWaiting, "no room", 1, 0}));
  EXPECT_EQ(*status(returned), (Status{State::kDone, "", 2, 0}));
}

TEST_F(Jobs, OfARunnerThatTurnOutToBeBlockedWait) {
  const SubjectId subject = enqueue();
  std::atomic<bool> is_lacking = false;
  std::promise<void> asked_again;
  {
    const Runner runner(*queue_, {.kind = std::string(kKind),
                                  .scan_period_us = 3'600 * kSecondUs,
                                  .blocked = [&]() -> std::optional<std::string> {
                                    if (!is_lacking) return std::nullopt;
                                    asked_again.set_value();
                                    return "no sandbox";
                                  },
                                  .handler = [&](const Lease&) -> Result<Outcome> {
                                    is_lacking = true;
                                    return Outcome{Outcome::Kind::kBlocked, "no sandbox any more"};
                                  }});
    asked_again.get_future().get();
  }
  EXPECT_EQ(*status(subject), (Status{State::kBlocked, "no sandbox any more", 1, 0}));
}

}  // namespace
}  // namespace lapel::jobs
