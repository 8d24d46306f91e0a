// SPDX-License-Identifier: Apache-2.0
#pragma once
// When looking becomes browsing: many recordings in a short time that no one purpose covers.
//
// Owns: the rule, and the two numbers of it.
// Promises: pure; a burst is found once, at the look that completes it, and lasts as long as each further look finds as many
//   behind it. After its end a further one is made of looks after it alone. What is counted is recordings and not looks.
// Fails with: nothing.
// Threads: any.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "evidence/acts.h"

namespace lapel::oversight {

inline constexpr std::int64_t kBurstRecordings = 20;
inline constexpr std::int64_t kBurstWindowUs = 10LL * 60 * 1'000'000;

// A view, an export, or a refusal of one, by one person.
struct Look {
  Timestamp at;
  RecordingId recording;
  evidence::Tie tie = evidence::Tie::kNone;
  std::string case_number;  // as named; empty: none
  bool is_new = true;       // else it was judged before, and counts behind those that are
};

// How many recordings of these no one purpose covers. Covered are one's own, those of a case that one works on, and those of
// one incident that was named as the case where Lapel knows no such case: of the incident that most were named for.
std::int64_t uncovered(std::span<const Look> looks);

struct Burst {
  Timestamp from, at;  // its first look, and the one that completed it
  std::int64_t recordings = 0;
};
struct Bursts {
  std::vector<Burst> found;
  std::vector<Timestamp> until;         // the end so far of each that was found
  std::optional<Timestamp> last_until;  // of the burst before, where it goes on or has ended
};
// `looks` of one person in order of time, those of the window before the first new one among them. `last_until`: the end so
// far of the person's last burst.
Bursts find_bursts(std::span<const Look> looks, std::optional<Timestamp> last_until);

}  // namespace lapel::oversight
