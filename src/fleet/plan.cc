// SPDX-License-Identifier: Apache-2.0
#include "fleet/plan.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "crypto/sha256.h"

namespace lapel::fleet {
namespace {

// Greater comes first: who is overdue, an empty seat, who may be swapped.
int urgency(const Seat& seat, const Window& window, Day on) {
  if (!seat.turn) return 1;
  return turn_state(window, seat.turn->from, on) == TurnState::kOverdue ? 2 : 0;
}

std::string lot(std::string_view seed, std::string_view what) {
  return hex(crypto::sha256(as_bytes(fmt::format("{}:{}{}", seed.size(), seed, what))));
}

// One side takes its members in their order, each giving way only to one that it can replace (Kuhn's augmenting paths). What a side
// has once taken it keeps, so that the members taken are the first by that order that can be taken together.
class Matching {
 public:
  Matching(std::size_t takers, std::size_t givers) : giver_of_(takers, kNone), taker_of_(givers, kNone) {}

  template <typename MayHave>
  bool take(std::size_t taker, const MayHave& may_have) {
    std::vector<bool> tried(taker_of_.size(), false);
    return augment(taker, may_have, tried);
  }
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t giver_of(std::size_t taker) const { return giver_of_[taker]; }

 private:
  template <typename MayHave>
  bool augment(std::size_t taker, const MayHave& may_have, std::vector<bool>& tried) {
    for (const std::size_t giver : may_have[taker]) {
      if (tried[giver]) continue;
      tried[giver] = true;
      if (taker_of_[giver] != kNone && !augment(taker_of_[giver], may_have, tried)) continue;
      taker_of_[giver] = taker;
      giver_of_[taker] = giver;
      return true;
    }
    return false;
  }
  std::vector<std::size_t> giver_of_, taker_of_;
};

using Order = std::tuple<bool, std::int64_t, std::int64_t>;
// Lower comes first.
Order before_the_lot(const Candidate& each) {
  return {each.last_day.has_value(), each.days_worn, each.last_day ? each.last_day->number : 0};
}

}  // namespace

std::string_view turn_state_name(TurnState state) {
  switch (state) {
    case TurnState::kEarly:
      return "early";
    case TurnState::kDue:
      return "due";
    case TurnState::kOverdue:
      break;
  }
  return "overdue";
}

Day opens_on(const Window& window, Day from) {
  return {from.number + window.min_days};
}
Day closes_on(const Window& window, Day from) {
  return {from.number + window.max_days};
}
TurnState turn_state(const Window& window, Day from, Day on) {
  if (on < opens_on(window, from)) return TurnState::kEarly;
  return on > closes_on(window, from) ? TurnState::kOverdue : TurnState::kDue;
}

Plan plan(const std::vector<Seat>& seats, const std::vector<Candidate>& candidates, const Window& window, Day on,
          std::string_view seed) {
  std::set<PersonId> seated;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (seats[i].turn) seated.insert(seats[i].turn->person);
    if (!seats[i].turn || turn_state(window, seats[i].turn->from, on) != TurnState::kEarly) open.push_back(i);
  }
  std::ranges::sort(open, [&](std::size_t a, std::size_t b) {
    const auto key = [&](const Seat& seat) {
      return std::tuple(-urgency(seat, window, on), seat.turn ? seat.turn->from.number : 0, seat.slot, seat.seat);
    };
    return key(seats[a]) < key(seats[b]);
  });
  // Whoever sits somewhere gives way or stays: nobody is moved from one seat to another.
  std::vector<std::size_t> people;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!seated.contains(candidates[i].person)) people.push_back(i);
  }
  std::map<PersonId, std::string> lots;
  for (const std::size_t i : people) lots[candidates[i].person] = lot(seed, candidates[i].person.text());
  std::ranges::sort(people, [&](std::size_t a, std::size_t b) {
    const auto key = [&](const Candidate& each) {
      return std::tuple(before_the_lot(each), std::string_view(lots.at(each.person)), each.person);
    };
    return key(candidates[a]) < key(candidates[b]);
  });
  std::vector<std::vector<std::size_t>> people_of(open.size());  // by place in `open` and `people`
  for (std::size_t s = 0; s < open.size(); ++s) {
    for (std::size_t p = 0; p < people.size(); ++p) {
      if (candidates[people[p]].slots.contains(seats[open[s]].slot)) people_of[s].push_back(p);
    }
  }
  // Which seats can be filled together, the most urgent first; then who fills those.
  Matching by_seat(open.size(), people.size());
  std::vector<std::vector<std::size_t>> seats_of(people.size());
  std::vector<bool> is_filled(open.size());
  for (std::size_t s = 0; s < open.size(); ++s) is_filled[s] = by_seat.take(s, people_of);
  for (std::size_t s = 0; s < open.size(); ++s) {
    if (!is_filled[s]) continue;
    for (const std::size_t p : people_of[s]) seats_of[p].push_back(s);
  }
  Matching by_person(people.size(), open.size());
  for (std::size_t p = 0; p < people.size(); ++p) by_person.take(p, seats_of);

  std::map<std::size_t, std::size_t> chosen;  // by place in `open`
  for (std::size_t p = 0; p < people.size(); ++p) {
    if (by_person.giver_of(p) != Matching::kNone) chosen.emplace(by_person.giver_of(p), p);
  }
  Plan out;
  for (std::size_t s = 0; s < open.size(); ++s) {
    const auto found = chosen.find(s);
    if (found == chosen.end()) {
      out.unfilled.push_back({open[s], !people_of[s].empty()});
      continue;
    }
    const Candidate& each = candidates[people[found->second]];
    std::int64_t place = 1;
    for (const std::size_t p : people_of[s]) {
      if (before_the_lot(candidates[people[p]]) < before_the_lot(each)) ++place;
    }
    out.proposals.push_back(
        {open[s], each.person, !each.last_day, each.days_worn, place, static_cast<std::int64_t>(people_of[s].size())});
  }
  return out;
}

}  // namespace lapel::fleet
