// SPDX-License-Identifier: Apache-2.0
#include "os/shared_sync.h"

namespace lapel::os {

Result<void> SharedSync::run() {
  std::shared_ptr<Round> round;
  {
    const MutexLock lock(mutex_);
    if (!next_) next_ = std::make_shared<Round>();
    round = next_;
    while (is_running_ && !round->outcome) ended_.wait(mutex_);
    if (round->outcome) return *round->outcome;
    // Nothing runs and this round has not begun: whoever of it comes here first makes the sync.
    is_running_ = true;
    next_.reset();
  }
  Result<void> outcome = sync_();
  const MutexLock lock(mutex_);
  is_running_ = false;
  round->outcome = outcome;
  ended_.notify_all();
  return outcome;
}

}  // namespace lapel::os
