// SPDX-License-Identifier: Apache-2.0
#pragma once
// What has to be true before a phase begins, or before a camera is handed out.
//
// Owns: the state of each gate, and the rules that stand between a phase and its beginning.
// Promises: a gate that nobody can answer is not available, and stays shut; a phase is stated as begun only when each of its gates is
//   met or waived, by the same transaction that seals it. Of policy and training, whoever lacks something is named with what it is.
//   A gate is waived by whoever holds the role that it names, with a reason; nothing else opens it.
// Fails with: problems::kRule, with every gate that is unmet and what it lacks.
// Threads: pure functions, but for ask_all.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "db/db.h"
#include "program/fold.h"

namespace lapel::program {

// The phase that has no beginning: what it needs is asked each time that a camera is handed out.
inline constexpr std::string_view kCheckOut = "check-out";

// What somebody, or everybody, still lacks; `who` is empty where it is nobody's in particular.
struct Lack {
  std::string who, what;
};
// Of those whom it concerns, how many are ready; who is not, in the order of names.
struct Standing {
  std::int64_t ready = 0, of = 0;
  std::vector<Lack> lacks;
};
// What other rooms know, by the word of a gate's `needs`; nullopt: nothing in Lapel can tell.
using Answers = std::map<std::string, std::optional<Standing>, std::less<>>;
using Ask = std::function<Result<std::optional<Standing>>(db::Transaction&, const AgencyId&, std::string_view needs,
                                                          Timestamp at)>;
// Of everything that a gate may need of another room, as it was at the end of a day, or now.
Result<Answers> ask_all(db::Transaction& tx, const AgencyId& agency, const Ask& ask, Day day, Timestamp now);

enum class GateState { kMet, kUnmet, kWaived, kNotAvailable };
std::string_view gate_state_name(GateState state);

struct Gate {
  SubjectName name;
  std::string title, needs;
  GateState state = GateState::kUnmet;
  std::optional<std::pair<std::int64_t, std::int64_t>> ready_of;  // of policy and training
  std::vector<Lack> lacks;
  const Statement* waiver = nullptr;  // the one in force
};
struct Phase {
  SubjectName name;
  std::string title;
  std::optional<Day> started_on;
  std::vector<Gate> gates;

  bool is_open() const;  // each gate is met or waived
};
// As of the program's own day; each that is named or that a gate opens, in the order of their slugs.
std::vector<Phase> phases(const Program& program, const Answers& answers);

enum class People { kNamed, kCounted };
Json::Array phases_json(const Program& program, const std::vector<Phase>& all, People people);
Json::Object gates_report(const Program& program, const std::vector<Phase>& all, People people);
// Takes away what is for those who see the program alone: contracts and grants, with everything that is computed from them.
void leave_out_money(Program& program);

// The phases that these statements say have begun, each with its day.
std::vector<std::pair<SubjectName, Day>> begun_by(const std::deque<Statement>& added);
// That this phase may begin, by a program folded as of that day.
Result<void> check_may_begin(const Program& program, const Answers& answers, const SubjectName& phase);

// Why no camera is handed out to anybody, by the gates of check-outs that are not each person's own; empty: nothing of that kind.
// Decided by the whole program, and said in the words of the one that whoever stands at the counter may be told.
std::vector<std::string> bars_of_check_out(const Program& whole, const Program& told, const Answers& answers);

// That this actor may waive this gate: they hold the role that it names.
Result<void> check_may_waive(const Program& program, const access::Actor& actor, const SubjectName& gate);

}  // namespace lapel::program
