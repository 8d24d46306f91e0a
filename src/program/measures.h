// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a pilot is judged by: measures that were fixed before it began, and what they come to.
//
// Owns: the computation of each measure in words and numbers, the rule that no measure is stated after its pilot began, and
//   figures that are entered because the catalog cannot know them.
// Promises: what cannot be computed is not known, with what is missing, and never 0. Each value says from what it was computed.
//   Nothing of what is under embargo is in one: figures and pilots that were dropped are as if nobody had stated them.
// Fails with: problems::kRule for a measure that comes too late; what the database fails with.
// Threads: pure functions, but for what takes a transaction.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "db/db.h"
#include "program/counts.h"
#include "program/fold.h"

namespace lapel::program {

// Of what would be known, with what was added: a measure that is stated on a day after its pilot began is refused, unless it
// corrects one.
Result<void> check_measures(const Program& known, const std::deque<Statement>& added);

// Figures of one thing that were entered, as far as they follow one another from a day on.
struct Entered {
  std::int64_t count = 0;
  bool is_approximate = false;
  Day until;  // the last day that they tell of
};
// From `from` on, without a gap, to `until` at the most. None: nobody has entered what begins on that day.
std::optional<Entered> entered(const Program& program, std::string_view what, Day from, Day until);

struct Input {
  std::string name;
  std::optional<std::string> value;  // none: not known
};
struct Measure {
  SubjectName subject;
  std::string title, of, pilot;
  std::optional<std::string> target;
  Day stated_on;
  bool is_before_start = false;    // as the pilot's first day is told today
  std::optional<Day> from, until;  // of what it is computed
  std::optional<std::string> value;
  bool is_approximate = false;
  std::optional<std::int64_t> permille;  // of a share
  std::string how;                       // from what, in words
  std::string missing;                   // why it is not known; empty where it is
  std::vector<Input> inputs;
  std::vector<Group> groups;
};
// In order of their names.
Result<std::vector<Measure>> measures(db::Transaction& tx, const AgencyId& agency, const Program& program);
Json::Array measures_json(const std::vector<Measure>& measures);

// "12.5" of 125; "26.4" hours of seconds; "1.2" GB.
std::string tenths(std::int64_t number);
std::string hours_text(std::int64_t seconds);
std::string gigabytes_text(std::int64_t bytes);
std::string delay_text(std::int64_t seconds);

}  // namespace lapel::program
