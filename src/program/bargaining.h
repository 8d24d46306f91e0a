// SPDX-License-Identifier: Apache-2.0
#pragma once
// What follows from what was stated of bargaining: who takes part, what may be sent, until when sessions run; and what may not be stated.
//
// Owns: these figures, and the rules that stand between a statement and the ledger.
// Promises: nothing here looks at the technical work, nor does that look here: each goes on by itself. A notice counts as sent only after
//   every reviewer of its day approved it; nobody is ordered to wear a camera whose unit had no notice of impact bargaining, nor
//   without a reason. A figure that a dropped subject would change is absent.
// Fails with: problems::kRule, with what is missing.
// Threads: pure functions.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "program/fold.h"
#include "program/moment.h"

namespace lapel::program {

// Whether what is added may be stated, by all that is known with it.
Result<void> check_bargaining(const Program& known, const std::deque<Statement>& added);

struct Reviewing {
  SubjectName reviewer;
  const Statement* decision = nullptr;    // none: not decided
  const Statement* decided_at = nullptr;  // likewise
};
enum class NoticeState { kWaitsForReview, kRefused, kMayBeSent, kSent };
std::string_view notice_state_name(NoticeState state);

struct NoticeStanding {
  std::vector<Reviewing> reviews;  // one for each that it needs: as of its day, or of the report's where it is not sent
  std::optional<NoticeState> state;  // nullopt: withheld
};
NoticeStanding notice_standing(const Program& program, const SubjectName& notice);

// Sessions from a day, for so many weeks.
struct Window {
  Day from, until;
  Weeks weeks;
  bool is_approximate = false, is_assumed = false;
};
std::optional<Window> session_window(const Program& program, const SubjectName& bargaining);

// Those that anything is stated of, or that somebody takes part in.
std::vector<SubjectName> pilots(const Program& program);
// How many take part in a pilot.
struct Participants {
  std::int64_t number = 0;
  bool is_approximate = false, is_assumed = false;
};
// nullopt: nobody has said, or it is withheld.
std::optional<Participants> participants(const Program& program, const SubjectName& pilot);
// "paused_no_participants" or "has_participants".
std::string_view pilot_state(const Participants& participants);

// Takes away what no bargaining unit has been given: notices that are not sent, with their reviews, and proposals that are not made.
void keep_what_units_were_given(Program& program);

// Subjects of a kind whose field names a subject.
std::vector<SubjectName> naming(const Program& program, std::string_view kind, std::string_view field,
                                const SubjectName& named);

}  // namespace lapel::program
