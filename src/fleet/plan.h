// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who wears a camera next: a proposal that gives as many people as possible a turn, within the window.
//
// Owns: the choice.
// Promises: pure: the same state, day and seed give the same plan, in whatever order they come. Nobody is proposed for a swap
//   before the window opens. As many seats are filled as can be, the most urgent first; and of all ways to do that, the one that
//   takes first whoever has never worn a camera, then whoever has worn one for the fewest days, then whoever's last turn is the
//   longest ago, and only then by lot, of which the seed is the only source.
// Fails with: nothing.
// Threads: values and pure functions.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/day.h"
#include "base/ids.h"

namespace lapel::fleet {

struct Window {
  std::int64_t min_days = 28, max_days = 42;
};
// Four to six weeks, which is what a rotation has until its agency says otherwise.
inline constexpr Window kDefaultWindow = {};

struct Turn {
  PersonId person;
  Day from;
};
enum class TurnState {
  kEarly,    // it may not be swapped yet
  kDue,      // it may
  kOverdue,  // it should have been
};
std::string_view turn_state_name(TurnState state);
TurnState turn_state(const Window& window, Day from, Day on);
// The first and the last day on which it may be swapped without being overdue.
Day opens_on(const Window& window, Day from);
Day closes_on(const Window& window, Day from);

struct Seat {
  std::string slot;
  std::int64_t seat = 1;
  std::optional<Turn> turn;  // as of the day of the plan
};
struct Candidate {
  PersonId person;
  std::set<std::string> slots;  // that they may sit in
  std::int64_t days_worn = 0;
  std::optional<Day> last_day;  // of their last turn; nullopt: they have had none
};

struct Proposal {
  std::size_t seat = 0;  // of the seats given
  PersonId person;
  bool is_first_turn = false;
  std::int64_t days_worn = 0;
  std::int64_t place = 0, of = 0;  // among those who may sit there, by what counts before the lot
};
struct Plan {
  std::vector<Proposal> proposals;  // the most urgent seat first
  struct Left {
    std::size_t seat = 0;
    bool has_candidates = false;  // some may sit there, and each is needed elsewhere
  };
  std::vector<Left> unfilled;  // empty or open seats for which nobody is left
};

Plan plan(const std::vector<Seat>& seats, const std::vector<Candidate>& candidates, const Window& window, Day on,
          std::string_view seed);

}  // namespace lapel::fleet
