// SPDX-License-Identifier: Apache-2.0
#pragma once
// A turn at something of which only so many may go on at once; whoever gets none is refused rather than made to wait.
//
// Owns: one place among those that are counted, for its life.
// Promises: at most `at_once_max` turns of a counter have a place.
// Fails with: nothing; has_place() says no.
// Threads: the counter is used by any.

#include <atomic>

namespace lapel {

class Turn {
 public:
  Turn(std::atomic<int>& running, int at_once_max)
      : running_(running), has_place_(running.fetch_add(1) < at_once_max) {}
  ~Turn() { running_.fetch_sub(1); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool has_place() const { return has_place_; }

 private:
  std::atomic<int>& running_;
  const bool has_place_;
};

}  // namespace lapel
