// SPDX-License-Identifier: Apache-2.0
#pragma once
// How often somebody may be wrong: failed sign-ins, counted by the client they come from. locks.h counts by login; both by any
// fifteen minutes (tries.h).
//
// Owns: the counts, in memory. A restart forgets them, which a guesser cannot cause.
// Promises: an attempt is counted before the password is looked at, so many at once pass no limit together; a right
//   one gives its count back. At most kCountsMax counts are kept: when they are full, the one that is forgotten first
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
#include "signin/tries.h"

namespace lapel::signin {

inline constexpr std::int64_t kFailureWindowUs = 15LL * 60 * 1'000'000;
// A station behind one address, at a change of shift. Also how many logins one address can have locked: twelve.
inline constexpr int kFailuresOfClientMax = 60;
inline constexpr std::size_t kCountsMax = 30'000;

class Attempts {
 public:
  explicit Attempts(const Clock& clock) : clock_(clock) {}

  // Counts an attempt. When its count is full: microseconds until one may be tried again, and nothing counted.
  std::optional<std::int64_t> begin(std::string_view client);
  // The attempt was right, or was not made after all.
  void give_back(std::string_view client);

 private:
  using Counts = std::map<std::string, Tries>;
  void erase(const std::string& key) LAPEL_REQUIRES(mutex_);
  // Changes a count, which has its place in by_end_, or none where it is empty.
  template <typename Change>
  bool change(Counts::iterator count, const Change& change) LAPEL_REQUIRES(mutex_);

  const Clock& clock_;
  os::Mutex mutex_;
  Counts counts_ LAPEL_GUARDED_BY(mutex_);
  std::set<std::pair<std::int64_t, std::string>> by_end_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::signin
