// SPDX-License-Identifier: Apache-2.0
#pragma once
// How often somebody may be wrong: failed sign-ins, counted by login, by client, and by the two together.
//
// Owns: the counts, in memory. A restart forgets them, which a guesser cannot cause.
// Promises: an attempt is counted before the password is looked at, so many at once pass no limit together; a right
//   one gives its count back. At most kCountsMax counts are kept: when they are full, the one whose window ends first
//   makes room.
// Fails with: how long to wait.
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "os/worker.h"

namespace lapel::signin {

inline constexpr std::int64_t kFailureWindowUs = 15LL * 60 * 1'000'000;
// One person who forgot a password. Counted with the client, so that nobody locks a colleague out from elsewhere.
inline constexpr int kFailuresOfPairMax = 10;
// A station behind one address, at a change of shift.
inline constexpr int kFailuresOfClientMax = 60;
// A login tried from many addresses.
inline constexpr int kFailuresOfLoginMax = 100;
inline constexpr std::size_t kCountsMax = 30'000;

class Attempts {
 public:
  explicit Attempts(const Clock& clock) : clock_(clock) {}

  // Counts an attempt. When one of its counts is full: microseconds until it may be tried again, and nothing counted.
  std::optional<std::int64_t> begin(std::string_view login, std::string_view client);
  // The attempt was not made after all.
  void give_back(std::string_view login, std::string_view client);
  // The attempt was right: it is given back, and what this pair had wrong before is forgotten.
  void forgive(std::string_view login, std::string_view client);

 private:
  struct Count {
    int failures = 0;
    std::int64_t ends_us = 0;
  };
  Count* find(const std::string& key) LAPEL_REQUIRES(mutex_);
  void erase(const std::string& key) LAPEL_REQUIRES(mutex_);
  void add(const std::string& key, std::int64_t now_us) LAPEL_REQUIRES(mutex_);
  void take_away(const std::string& key) LAPEL_REQUIRES(mutex_);

  const Clock& clock_;
  os::Mutex mutex_;
  std::map<std::string, Count> counts_ LAPEL_GUARDED_BY(mutex_);
  std::set<std::pair<std::int64_t, std::string>> by_end_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::signin
