// SPDX-License-Identifier: Apache-2.0
#include "os/worker.h"

#include <array>
#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <pthread.h>

namespace lapel::os {
namespace {

constexpr std::int64_t kNeverUs = std::int64_t{3600} * 1'000'000;

TEST(WorkerPool, RunsTasksOnThreadsThatBearItsName) {
  std::array<char, 16> name{};
  {
    WorkerPool pool({.name = "reader", .threads = 2, .queue_max = 4});
    ASSERT_TRUE(pool.post([&] { ::pthread_getname_np(::pthread_self(), name.data(), name.size()); }));
  }
  EXPECT_STREQ(name.data(), "reader");
}

TEST(WorkerPool, RunsAsManyTasksAtOnceAsItHasThreads) {
  std::latch together(3);  // no task passes unless three run at the same time
  WorkerPool pool({.name = "three", .threads = 3, .queue_max = 3});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.post([&] { together.arrive_and_wait(); }));
  pool.stop();
}

TEST(WorkerPool, SaysBusyWhenTheQueueIsFullAndTakesWorkAgainLater) {
  std::latch running(1), release(1), drained(2);
  WorkerPool pool({.name = "one", .threads = 1, .queue_max = 2});
  ASSERT_TRUE(pool.post([&] {
    running.count_down();
    release.wait();
  }));
  running.wait();
  ASSERT_TRUE(pool.post([&] { drained.count_down(); }));
  ASSERT_TRUE(pool.post([&] { drained.count_down(); }));
  const auto refused = pool.post([] { FAIL() << "a refused task ran"; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kBusy);
  EXPECT_EQ(refused.error().context, "one");
  release.count_down();
  drained.wait();
  EXPECT_TRUE(pool.post([] {}));
}

TEST(WorkerPool, FinishesWhatIsQueuedAndRefusesWhatComesAfterStop) {
  std::atomic<int> ran = 0;
  std::latch running(1), release(1);
  WorkerPool pool({.name = "one", .threads = 1, .queue_max = 8});
  ASSERT_TRUE(pool.post([&] {
    running.count_down();
    release.wait();
    ++ran;
  }));
  running.wait();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(pool.post([&] { ++ran; }));
  std::jthread first([&] { pool.stop(); });
  std::jthread second([&] { pool.stop(); });
  release.count_down();
  first.join();
  second.join();
  EXPECT_EQ(ran, 6);
  const auto refused = pool.post([&] { ++ran; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  pool.stop();
  EXPECT_EQ(ran, 6);
}

TEST(WorkerPoolDeathTest, RefusesOptionsOutOfBounds) {
  EXPECT_DEATH(WorkerPool({.name = "sixteen_letters_", .threads = 1}), "kThreadNameMax");
  EXPECT_DEATH(WorkerPool({.name = "none", .threads = 0}), "kThreadsMax");
  EXPECT_DEATH(WorkerPool({.name = "many", .threads = 65}), "kThreadsMax");
  EXPECT_DEATH(WorkerPool({.name = "no_queue", .threads = 1, .queue_max = 0}), "queue_max");
}

TEST(PeriodicWorker, RunsWhenNudgedLongBeforeItsPeriod) {
  std::latch ran(1);
  PeriodicWorker worker("nudged", kNeverUs, [&] { ran.count_down(); });
  worker.nudge();
  ran.wait();
}

TEST(PeriodicWorker, RunsAgainAndAgainWithoutANudge) {
  std::atomic<int> left = 3;
  std::latch ran(1);
  PeriodicWorker worker("periodic", 1'000, [&] {
    if (--left == 0) ran.count_down();
  });
  ran.wait();
}

TEST(PeriodicWorker, ANudgeDuringAStepAsksForOneMoreStep) {
  std::atomic<int> runs = 0;
  std::latch inside(1), go_on(1), again(1);
  PeriodicWorker worker("again", kNeverUs, [&] {
    if (++runs == 1) {
      inside.count_down();
      go_on.wait();
    } else {
      again.count_down();
    }
  });
  worker.nudge();
  inside.wait();
  worker.nudge();
  worker.nudge();
  go_on.count_down();
  again.wait();
}

TEST(PeriodicWorker, StopsWithoutWaitingForItsPeriod) {
  std::atomic<int> runs = 0;
  {
    PeriodicWorker worker("stopped", kNeverUs, [&] { ++runs; });
  }
  EXPECT_EQ(runs, 0);
}

TEST(Gate, LetsNobodyInAfterClosing) {
  Gate gate;
  EXPECT_TRUE(gate.enter());
  gate.close();
  const auto refused = gate.enter();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  gate.close();
}

TEST(Gate, ClosingWaitsForWhoeverIsInside) {
  Gate gate;
  std::atomic<bool> left = false;
  std::latch entered(1);
  std::jthread inside([&] {
    const auto pass = gate.enter();
    entered.count_down();
    // Only when close() has begun does anybody leave; if it did not wait, `left` would still be false after
    // it.
    while (gate.enter()) std::this_thread::yield();
    left = true;
  });
  entered.wait();
  gate.close();
  EXPECT_TRUE(left);
}

TEST(Gate, AMovedPassLeavesOnce) {
  Gate gate;
  {
    auto pass = gate.enter();
    ASSERT_TRUE(pass);
    const Gate::Pass moved = std::move(*pass);
  }
  gate.close();  // would wait forever, or the count would be negative, otherwise
}

TEST(Condition, WaitingEndsWhenTheTimeRunsOut) {
  Mutex mutex;
  Condition condition;
  const MutexLock lock(mutex);
  while (condition.wait_for_us(mutex, 1)) {
    // spurious wake-ups are allowed
  }
}

}  // namespace
}  // namespace lapel::os
