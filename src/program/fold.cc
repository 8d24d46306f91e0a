// SPDX-License-Identifier: Apache-2.0
#include "program/fold.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/check.h"
#include "program/kinds.h"

namespace lapel::program {
namespace {

constexpr auto kStatuses = std::to_array<std::pair<Status, std::string_view>>({
    {Status::kStands, "stands"},
    {Status::kContradicts, "contradicts"},
    {Status::kCorrected, "corrected"},
    {Status::kFormer, "former"},
    {Status::kNotChosen, "not_chosen"},
    {Status::kChoice, "choice"},
});

// Everything known by the day, whatever an embargo says.
std::vector<const Statement*> known_by(std::span<const Statement> statements, Day day, Follows follows) {
  std::vector<const Statement*> out;
  for (const Statement& statement : statements) {
    if (known_from(statement, follows) <= day) out.push_back(&statement);
  }
  std::stable_sort(out.begin(), out.end(), [follows](const Statement* a, const Statement* b) {
    return known_from(*a, follows) < known_from(*b, follows);
  });
  return out;
}

std::map<SubjectName, Fields> collect(const std::vector<const Statement*>& statements) {
  std::map<SubjectName, Fields> out;
  for (const Statement* statement : statements) out[statement->subject][statement->field].add(*statement);
  return out;
}

// Of contradicting claims of an end, the latest: doubt keeps it shut.
std::optional<Day> latest(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  if (found == fields.end()) return std::nullopt;
  std::optional<Day> out;
  for (const Said& said : found->second.all) {
    if (!is_open(said) || !said.statement->value) continue;
    const Day day{said.statement->value->low};
    if (!out || *out < day) out = day;
  }
  return out;
}

bool is_in_force(const Fields& embargo, Day day) {
  const auto until = latest(embargo, "until"), released = latest(embargo, "released_on");
  return !(until && *until <= day) && !(released && *released <= day);
}

// Subjects that an embargo in force on the day covers, and the embargoes themselves.
void add_covered(std::span<const Statement> statements, Day day, Follows follows, std::set<SubjectName>& out) {
  for (const auto& [subject, fields] : collect(known_by(statements, day, follows))) {
    if (subject.kind != kEmbargo || !is_in_force(fields, day)) continue;
    out.insert(subject);
    const auto covers = fields.find("covers");
    if (covers == fields.end()) continue;
    for (const Said& said : covers->second.all) {
      if (!is_open(said) || !said.statement->value) continue;
      if (const auto covered = parse_subject(said.statement->value->words)) out.insert(*covered);
    }
  }
}

bool names_one_of(const Statement& statement, const std::set<SubjectName>& subjects) {
  if (!statement.value || statement.value->type != Type::kSubject) return false;
  const auto named = parse_subject(statement.value->words);
  return named && subjects.contains(*named);
}

}  // namespace

Day known_from(const Statement& statement, Follows follows) {
  if (follows == Follows::kRecordedOn && statement.recorded_on) return *statement.recorded_on;
  return day_of(statement.recorded_at);
}

std::string_view status_name(Status status) {
  for (const auto& [value, name] : kStatuses) {
    if (value == status) return name;
  }
  CHECK(false);
}

bool is_open(const Said& said) {
  return said.status == Status::kStands || said.status == Status::kContradicts;
}

void Field::add(const Statement& statement) {
  const auto target =
      std::ranges::find_if(all, [&](const Said& said) { return said.statement->id == statement.about; });
  Said added{&statement, Status::kStands, nullptr};
  if (target != all.end()) {
    switch (statement.relation) {
      case Relation::kNone:
        break;
      case Relation::kCorrects:
      case Relation::kUpdates:
        added.status = is_open(*target) ? target->status : Status::kContradicts;
        *target = {target->statement, statement.relation == Relation::kCorrects ? Status::kCorrected : Status::kFormer,
                   &statement};
        break;
      case Relation::kContradicts:
        added.status = Status::kContradicts;
        break;
      case Relation::kChooses:
        for (Said& other : all) {
          if (is_open(other)) other = {other.statement, Status::kNotChosen, &statement};
        }
        *target = {target->statement, Status::kStands, nullptr};
        added.status = Status::kChoice;
        break;
    }
  }
  all.push_back(added);
}

const Statement* Field::standing() const {
  const auto found = std::ranges::find(all, Status::kStands, &Said::status);
  return found == all.end() ? nullptr : found->statement;
}

std::vector<const Statement*> Field::beside() const {
  std::vector<const Statement*> out;
  for (const Said& said : all) {
    if (said.status == Status::kContradicts) out.push_back(said.statement);
  }
  return out;
}

const Field* Program::field(const SubjectName& subject, std::string_view field) const {
  const auto found = subjects.find(subject);
  if (found == subjects.end()) return nullptr;
  const auto fields = found->second.find(field);
  return fields == found->second.end() ? nullptr : &fields->second;
}

const Statement* Program::standing(const SubjectName& subject, std::string_view name) const {
  const Field* found = field(subject, name);
  const Statement* statement = found ? found->standing() : nullptr;
  return statement && statement->value ? statement : nullptr;
}

std::vector<SubjectName> Program::of_kind(std::string_view kind) const {
  std::vector<SubjectName> out;
  for (const auto& [subject, fields] : subjects) {
    if (subject.kind == kind) out.push_back(subject);
  }
  return out;
}

std::string words_of(const Program& program, const SubjectName& subject, std::string_view field) {
  const Statement* found = program.standing(subject, field);
  return found ? found->value->words : std::string();
}

std::optional<Day> day_of(const Program& program, const SubjectName& subject, std::string_view field) {
  const Statement* found = program.standing(subject, field);
  return found ? std::optional(Day{found->value->low}) : std::nullopt;
}

std::optional<SubjectName> subject_of(const Program& program, const SubjectName& subject, std::string_view field) {
  return parse_subject(words_of(program, subject, field));
}

Program fold(std::span<const Statement> statements, const View& view) {
  Program out;
  out.view = view;
  std::vector<const Statement*> known = known_by(statements, view.as_of, view.follows);
  if (view.embargoed == Embargoed::kLeftOut) {
    std::set<SubjectName> covered;
    add_covered(statements, view.as_of, view.follows, covered);
    add_covered(statements, view.today, Follows::kRecordedOn, covered);
    std::erase_if(known, [&](const Statement* statement) {
      if (!covered.contains(statement->subject)) return names_one_of(*statement, covered);
      if (statement->subject.kind != kEmbargo) out.dropped_kinds.insert(statement->subject.kind);
      return true;
    });
    std::erase_if(known, [&](const Statement* statement) {
      const FieldRow* row = find_field(statement->subject.kind, statement->field);
      return row && !row->derives_from.empty() && out.dropped_kinds.contains(row->derives_from);
    });
  }
  if (view.privileged == Privileged::kLeftOut) {
    std::erase_if(known, [](const Statement* statement) {
      const FieldRow* row = find_field(statement->subject.kind, statement->field);
      return row && row->rule.audience == Audience::kPrivileged;
    });
  }
  out.subjects = collect(known);
  return out;
}

}  // namespace lapel::program
