// SPDX-License-Identifier: Apache-2.0
#pragma once
// When looking becomes browsing: many recordings in a short time that no one purpose covers.
//
// Owns: the rule, and the two numbers of it.
// Promises: pure; a burst is found once, at the look that completes it, and lasts as long as each further look finds as many
//   behind it, and until somebody has settled it. After its end a further one is made of looks after it alone. What is
//   counted is recordings and not looks. What comes after what is the ledger's order: a clock that is set back hides nothing.
// Fails with: nothing.
// Threads: any.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/acts.h"
#include "base/clock.h"
#include "base/ids.h"

namespace lapel::oversight {

inline constexpr std::int64_t kBurstRecordings = 20;
inline constexpr std::int64_t kBurstWindowUs = 10LL * 60 * 1'000'000;

// A view, an export, a share, or a refusal of one, by one person.
struct Look {
  std::int64_t leaf = 0;
  Timestamp at;
  RecordingId recording;
  audit::Tie tie = audit::Tie::kNone;
  std::string case_number;  // as named; empty: none
  bool is_new = true;       // else it was judged before, and counts behind those that are
};

// How many recordings of these no one purpose covers. Covered are one's own, those of a case that one works on, and those of
// one incident that was named as the case where Lapel knows no such case: of the incident that most were named for.
std::int64_t uncovered(std::span<const Look> looks);

// A look's place in the ledger, and in time.
struct Place {
  std::int64_t leaf = 0;
  Timestamp at;
  auto operator<=>(const Place&) const = default;
};
struct Burst {
  Place from, at, until;  // its first look, the one that completed it, and the last so far
  std::int64_t recordings = 0;
};
// Of the person's last burst, before.
struct LastBurst {
  Place until;
  bool is_settled = false;
};
struct Bursts {
  std::vector<Burst> found;
  std::optional<Place> last_until;  // of the burst before, where it goes on or has ended
};
// `looks` of one person in the ledger's order, those of the window before each new one among them.
Bursts find_bursts(std::span<const Look> looks, const std::optional<LastBurst>& last);

}  // namespace lapel::oversight
