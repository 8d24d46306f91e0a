// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tries of one somebody within any window of a length: each has its own time, and is forgotten when its window is over.
//
// Owns: the times, the oldest first; never more than `max` of them.
// Promises: in no window of that length are more than `max` counted, wherever it begins.
// Fails with: nothing; of a text, what is no time is left out.
// Threads: one at a time.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lapel::signin {

struct TriesLimit {
  std::int64_t window_us = 0;
  std::size_t max = 0;
};

class Tries {
 public:
  explicit Tries(TriesLimit limit) : limit_(limit) {}
  // As text() wrote them.
  Tries(TriesLimit limit, std::string_view text);
  std::string text() const;

  // Counts one. False, and nothing counted, where `max` stand.
  bool count(std::int64_t now_us);
  // The newest was right, or was not made after all: of several that are made at once it does not matter which stays.
  void give_back(std::int64_t now_us);

  std::size_t size() const { return times_us_.size(); }
  // Since when the next one may be tried, where it may not; and when the last is forgotten. Of none: 0.
  std::int64_t next_us() const { return times_us_.empty() ? 0 : times_us_.front() + limit_.window_us; }
  std::int64_t ends_us() const { return times_us_.empty() ? 0 : times_us_.back() + limit_.window_us; }

 private:
  void slide(std::int64_t now_us);

  TriesLimit limit_;
  std::vector<std::int64_t> times_us_;
};

}  // namespace lapel::signin
