// SPDX-License-Identifier: Apache-2.0
#pragma once
// A Process whose children can all be ended from another thread: a server that stops does not wait for a worker.
//
// Owns: the list of the children that run.
// Promises: after stop() no child runs on, and none is started. A child that is already being waited for is left to
//   whoever waits.
// Fails with: kUnavailable after stop(); else as the process underneath.
// Threads: any. Its children as os/process.h says. It outlives them.

#include <set>

#include "os/process.h"
#include "os/worker.h"

namespace lapel::media {

class StoppableProcess final : public os::Process {
 public:
  explicit StoppableProcess(os::Process& below) : below_(below) {}

  Result<std::unique_ptr<os::Child>> spawn(const os::SpawnOptions& options) override;
  void stop();
  bool is_stopped() const;

 private:
  class Child;
  os::Process& below_;
  mutable os::Mutex mutex_;
  bool is_stopped_ LAPEL_GUARDED_BY(mutex_) = false;
  std::set<Child*> running_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::media
