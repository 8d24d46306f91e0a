// SPDX-License-Identifier: Apache-2.0
#include "os/shared_sync.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/problems.h"

namespace lapel::os {
namespace {

TEST(SharedSync, ASyncThatBeganEarlierIsNotEnough) {
  constexpr int kThreads = 8, kEach = 200;
  std::atomic<int> written = 0, synced = 0, syncs = 0;
  SharedSync sync([&]() -> Result<void> {
    ++syncs;
    const int seen = written;  // what a sync saves is what was there when it began
    std::this_thread::yield();
    synced = seen;
    return {};
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        const int mine = ++written;
        EXPECT_TRUE(sync.run());
        EXPECT_GE(synced, mine);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(syncs, kThreads * kEach);
}

TEST(SharedSync, AFailureIsToldToAllWhoSharedItAndToNobodyAfter) {
  // The first sync waits until the others have gathered for the second, which fails.
  constexpr int kOthers = 4;
  std::atomic<int> calls = 0, asking = 0;
  SharedSync sync([&]() -> Result<void> {
    if (++calls == 1) {
      while (asking < kOthers) std::this_thread::yield();
      return {};
    }
    return calls == 2 ? Result<void>(fail(Code::kInternal, "The disk said no.")) : Result<void>();
  });
  std::thread first([&] { EXPECT_TRUE(sync.run()); });
  while (calls == 0) std::this_thread::yield();
  std::atomic<int> failures = 0;
  std::vector<std::thread> others;
  for (int t = 0; t < kOthers; ++t) {
    others.emplace_back([&] {
      ++asking;
      if (!sync.run()) ++failures;
    });
  }
  first.join();
  for (std::thread& other : others) other.join();
  // Those that asked in time shared the second; who came later had a third of its own.
  EXPECT_GE(failures, 1);
  if (calls == 2) {
    EXPECT_EQ(failures, kOthers);
  }
  EXPECT_TRUE(sync.run());
}

}  // namespace
}  // namespace lapel::os
