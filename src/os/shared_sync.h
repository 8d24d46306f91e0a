// SPDX-License-Identifier: Apache-2.0
#pragma once
// One sync for all who wait for the same one: of a directory that many threads make files in.
//
// Owns: the sync that runs and the one that gathers.
// Promises: run() returns the outcome of a sync that began after run() was called, so whatever was done before is in it.
// Fails with: what the sync fails with, told to each that shared it and to nobody after.
// Threads: any; calls block.

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "os/worker.h"

namespace lapel::os {

class SharedSync {
 public:
  explicit SharedSync(std::function<Result<void>()> sync) : sync_(std::move(sync)) {}

  Result<void> run();

 private:
  struct Round {
    std::optional<Result<void>> outcome;
  };

  const std::function<Result<void>()> sync_;
  Mutex mutex_;
  Condition ended_;
  bool is_running_ LAPEL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Round> next_ LAPEL_GUARDED_BY(mutex_);  // begins when the running one has ended
};

}  // namespace lapel::os
