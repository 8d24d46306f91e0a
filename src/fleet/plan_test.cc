// SPDX-License-Identifier: Apache-2.0
// Who is next: what a plan promises, of any state, and that a rotation run by plans keeps its window from the first day to the last.
#include "fleet/plan.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lapel::fleet {
namespace {

PersonId person(int number) {
  ByteArray<16> bytes{};
  bytes[14] = static_cast<std::uint8_t>(number >> 8);
  bytes[15] = static_cast<std::uint8_t>(number);
  bytes[0] = 1;
  return PersonId(bytes);
}

Day day(std::string_view text) {
  return *parse_day(text);
}

struct Drawn {
  std::vector<Seat> seats;
  std::vector<Candidate> candidates;
  Window window;
  Day on{20'000};
};

rc::Gen<Drawn> any_state() {
  return rc::gen::exec([] {
    Drawn out;
    out.window.min_days = *rc::gen::inRange<std::int64_t>(1, 30);
    out.window.max_days = out.window.min_days + *rc::gen::inRange<std::int64_t>(0, 20);
    const int slots = *rc::gen::inRange(1, 4), people = *rc::gen::inRange(0, 9);
    int next = 0;
    for (int slot = 0; slot < slots; ++slot) {
      const int seats = *rc::gen::inRange(1, 4);
      for (int seat = 1; seat <= seats; ++seat) {
        Seat each{fmt::format("slot {}", slot), seat, std::nullopt};
        // Somebody who is a candidate too, or a stranger to the rotation by now.
        if (*rc::gen::inRange(0, 3) > 0) each.turn = Turn{person(next++), {20'000 - *rc::gen::inRange(0, 60)}};
        out.seats.push_back(std::move(each));
      }
    }
    for (int i = 0; i < people + next; ++i) {
      Candidate each{person(i), {}, *rc::gen::inRange(0, 4) * 10, std::nullopt};
      for (int slot = 0; slot < slots; ++slot) {
        if (*rc::gen::inRange(0, 3) > 0) each.slots.insert(fmt::format("slot {}", slot));
      }
      if (*rc::gen::inRange(0, 2) == 0) {
        each.last_day = Day{20'000 - *rc::gen::inRange(0, 5)};
      } else {
        each.days_worn = 0;
      }
      out.candidates.push_back(std::move(each));
    }
    return out;
  });
}

// By trying every way: how many open seats can be filled, and, of as many, how many by those who have never worn one.
std::pair<int, int> best(const Drawn& drawn, std::size_t seat, std::set<PersonId> used) {
  if (seat == drawn.seats.size()) return {0, 0};
  const Seat& each = drawn.seats[seat];
  std::pair<int, int> out = best(drawn, seat + 1, used);
  if (each.turn && turn_state(drawn.window, each.turn->from, drawn.on) == TurnState::kEarly) return out;
  for (const Candidate& candidate : drawn.candidates) {
    if (used.contains(candidate.person) || !candidate.slots.contains(each.slot)) continue;
    std::set<PersonId> with = used;
    with.insert(candidate.person);
    auto [filled, fresh] = best(drawn, seat + 1, std::move(with));
    out = std::max(out, {filled + 1, fresh + (candidate.last_day ? 0 : 1)});
  }
  return out;
}

RC_GTEST_PROP(Plan, NobodyIsMovedEarlyOrTwiceAndAsManySeatsAndNewPeopleAsCanBe, ()) {
  const Drawn drawn = *any_state();
  const Plan made = plan(drawn.seats, drawn.candidates, drawn.window, drawn.on, "lot");
  std::set<PersonId> seated, chosen;
  std::set<std::size_t> seats;
  for (const Seat& seat : drawn.seats) {
    if (seat.turn) seated.insert(seat.turn->person);
  }
  int fresh = 0;
  for (const Proposal& each : made.proposals) {
    const Seat& seat = drawn.seats[each.seat];
    RC_ASSERT(!seat.turn || drawn.on.number - seat.turn->from.number >= drawn.window.min_days);
    RC_ASSERT(chosen.insert(each.person).second);
    RC_ASSERT(seats.insert(each.seat).second);
    RC_ASSERT(!seated.contains(each.person));
    const auto who = std::ranges::find(drawn.candidates, each.person, &Candidate::person);
    RC_ASSERT(who != drawn.candidates.end());
    RC_ASSERT(who->slots.contains(seat.slot));
    RC_ASSERT(each.is_first_turn == !who->last_day.has_value());
    RC_ASSERT(each.place >= 1 && each.place <= each.of);
    fresh += each.is_first_turn ? 1 : 0;
  }
  const auto [filled, most] = best(drawn, 0, seated);
  RC_ASSERT(static_cast<int>(made.proposals.size()) == filled);
  RC_ASSERT(fresh == most);
  for (const Plan::Left& each : made.unfilled) RC_ASSERT(!seats.contains(each.seat));
}

RC_GTEST_PROP(Plan, TheSameStateGivesTheSamePlanInWhateverOrderItComes, ()) {
  Drawn drawn = *any_state();
  const std::string seed = *rc::gen::element<std::string>("a", "b");
  const auto told = [&](const Drawn& of) {
    std::set<std::string> out;
    for (const Proposal& each : plan(of.seats, of.candidates, of.window, of.on, seed).proposals) {
      const Seat& seat = of.seats[each.seat];
      out.insert(fmt::format("{} {} {}", seat.slot, seat.seat, each.person.text()));
    }
    return out;
  };
  const std::set<std::string> first = told(drawn);
  std::ranges::reverse(drawn.seats);
  std::ranges::reverse(drawn.candidates);
  RC_ASSERT(told(drawn) == first);
}

// A year and a half, a plan a day, every proposal taken.
RC_GTEST_PROP(Plan, ARotationRunByPlansNeverBreaksItsWindow, ()) {
  const Window window{*rc::gen::inRange<std::int64_t>(1, 40), 42};
  const int seats = *rc::gen::inRange(1, 5), people = seats * 2 + *rc::gen::inRange(0, 6);
  std::vector<Seat> state;
  for (int i = 1; i <= seats; ++i) state.push_back({"patrol", i, std::nullopt});
  std::map<PersonId, Candidate> candidates;
  for (int i = 0; i < people; ++i) candidates[person(i)] = {person(i), {"patrol"}, 0, std::nullopt};
  for (Day on{20'000}; on.number < 20'540; ++on.number) {
    std::vector<Candidate> now;
    for (auto& [id, each] : candidates) now.push_back(each);
    for (const Proposal& each : plan(state, now, window, on, "lot").proposals) {
      Seat& seat = state[each.seat];
      if (seat.turn) {
        const std::int64_t days = on.number - seat.turn->from.number;
        RC_ASSERT(days >= window.min_days);
        RC_ASSERT(days <= window.max_days);
        Candidate& out = candidates[seat.turn->person];
        out.days_worn += days;
        out.last_day = on;
      }
      seat.turn = Turn{each.person, on};
    }
    for (const Seat& seat : state) {
      RC_ASSERT(seat.turn.has_value());
      RC_ASSERT(turn_state(window, seat.turn->from, on) != TurnState::kOverdue);
    }
  }
  // Balanced: nobody who has had a turn has had two more days' worth of turns than another.
  const auto [least, most] =
      std::ranges::minmax_element(candidates, {}, [](const auto& each) { return each.second.days_worn; });
  RC_ASSERT(most->second.days_worn - least->second.days_worn <= 2 * window.min_days);
}

TEST(TurnWindow, IsOpenFromDay28ToDay42) {
  const Window window;
  const Day from = day("2022-12-02");
  EXPECT_EQ(turn_state(window, from, day("2022-12-29")), TurnState::kEarly);
  EXPECT_EQ(turn_state(window, from, day("2022-12-30")), TurnState::kDue);
  EXPECT_EQ(turn_state(window, from, day("2023-01-13")), TurnState::kDue);
  EXPECT_EQ(turn_state(window, from, day("2023-01-14")), TurnState::kOverdue);
}

TEST(Plan, AnOverdueSeatIsFilledBeforeAnEmptyOneAndThatBeforeOneThatIsMerelyDue) {
  const Day on{20'000};
  const std::vector<Seat> seats = {
      {"a", 1, Turn{person(1), {on.number - 30}}}, {"a", 2, std::nullopt}, {"a", 3, Turn{person(2), {on.number - 50}}}};
  const auto filled = [&](int people) {
    std::vector<Candidate> candidates;
    for (int i = 0; i < people; ++i) candidates.push_back({person(10 + i), {"a"}, 0, std::nullopt});
    std::vector<std::int64_t> out;
    for (const Proposal& each : plan(seats, candidates, {}, on, "").proposals) out.push_back(seats[each.seat].seat);
    return out;
  };
  EXPECT_EQ(filled(1), (std::vector<std::int64_t>{3}));
  EXPECT_EQ(filled(2), (std::vector<std::int64_t>{3, 2}));
  EXPECT_EQ(filled(3), (std::vector<std::int64_t>{3, 2, 1}));
}

TEST(Plan, WhoHasNeverWornOneComesFirstThenWhoHasForTheFewestDaysThenWhoseLastTurnIsLongestAgo) {
  const Day on{20'000};
  std::vector<Candidate> candidates = {{person(1), {"a"}, 30, Day{on.number - 1}},
                                       {person(2), {"a"}, 28, Day{on.number - 1}},
                                       {person(3), {"a"}, 28, Day{on.number - 9}},
                                       {person(4), {"a"}, 0, std::nullopt}};
  std::vector<PersonId> order;
  while (!candidates.empty()) {
    const Plan made = plan({{"a", 1, std::nullopt}}, candidates, {}, on, "");
    ASSERT_EQ(made.proposals.size(), 1U);
    EXPECT_EQ(made.proposals[0].place, 1);
    order.push_back(made.proposals[0].person);
    std::erase_if(candidates, [&](const Candidate& each) { return each.person == order.back(); });
  }
  EXPECT_EQ(order, (std::vector<PersonId>{person(4), person(3), person(2), person(1)}));
}

TEST(Plan, TheLotIsTheSeedsAlone) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < 20; ++i) candidates.push_back({person(i), {"a"}, 0, std::nullopt});
  const auto first = [&](std::string_view seed) {
    return plan({{"a", 1, std::nullopt}}, candidates, {}, Day{20'000}, seed).proposals[0].person;
  };
  std::set<PersonId> drawn;
  for (int i = 0; i < 30; ++i) drawn.insert(first(std::to_string(i)));
  EXPECT_GT(drawn.size(), 5U);
  EXPECT_EQ(first("7"), first("7"));
}

}  // namespace
}  // namespace lapel::fleet
