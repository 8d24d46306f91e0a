// SPDX-License-Identifier: Apache-2.0
#pragma once
// What was known on a day: the state of the program as a pure function of the statements recorded by then.
//
// Owns: Program, the status of each statement, and what an embargo or a privilege leaves out.
// Promises: the same statements and view give the same Program. What is under embargo is dropped before any figure is
//   computed, with everything stated that derives from it, so that no report made of the Program depends on a value of it.
//   An embargo that is in force today hides as of any day. What is privileged is dropped likewise, on any day.
// Fails with: nothing.
// Threads: pure functions. A Program points into the statements that it was made of.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/day.h"
#include "program/statement.h"

namespace lapel::program {

enum class Follows { kRecordedOn, kLedger };
enum class Embargoed { kLeftOut, kIncluded };
enum class Privileged { kLeftOut, kIncluded };

struct View {
  Day as_of, today;
  Follows follows = Follows::kRecordedOn;
  Embargoed embargoed = Embargoed::kLeftOut;
  Privileged privileged = Privileged::kLeftOut;
};

// The day from which on a statement is known.
Day known_from(const Statement& statement, Follows follows);

enum class Status { kStands, kContradicts, kCorrected, kFormer, kNotChosen, kChoice };
std::string_view status_name(Status status);

struct Said {
  const Statement* statement = nullptr;
  Status status = Status::kStands;
  const Statement* by = nullptr;  // which statement made it so; none for kStands and kContradicts
};

// Whether a statement still counts, beside others or alone.
bool is_open(const Said& said);

// All that was said of one field, in order.
struct Field {
  std::vector<Said> all;

  void add(const Statement& statement);
  // The one that figures use; of a field of many, the first.
  const Statement* standing() const;
  std::vector<const Statement*> beside() const;  // those that contradict it
};

using Fields = std::map<std::string, Field, std::less<>>;

using KindNames = std::set<std::string, std::less<>>;

struct Program {
  View view;
  std::map<SubjectName, Fields> subjects;
  KindNames dropped_kinds;

  const Field* field(const SubjectName& subject, std::string_view field) const;
  // The value that stands; null where nothing does.
  const Statement* standing(const SubjectName& subject, std::string_view field) const;
  std::vector<SubjectName> of_kind(std::string_view kind) const;
  // Whether nothing of the kind was dropped: whatever is computed from it may be told.
  bool is_whole(std::string_view kind) const { return !dropped_kinds.contains(kind); }
};

// The words, the day and the subject of a field that stands; empty and none where nothing does.
std::string words_of(const Program& program, const SubjectName& subject, std::string_view field);
std::optional<Day> day_of(const Program& program, const SubjectName& subject, std::string_view field);
std::optional<SubjectName> subject_of(const Program& program, const SubjectName& subject, std::string_view field);

// `statements` in the ledger's order.
Program fold(std::span<const Statement> statements, const View& view);

}  // namespace lapel::program
