// SPDX-License-Identifier: Apache-2.0
#include "training/facts.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "roster/assignments.h"
#include "training/schema.h"
#include "training/version.h"

namespace lapel::training {
namespace {

using roster::RowFilter;
using roster::SealedRow;

tl::unexpected<Error> damaged(const SealedRow& row) {
  return fail(Code::kCorrupt, "A row of policies and training in the catalog is damaged", row.id.text());
}

std::optional<RowFilter> of(const std::optional<PersonId>& person) {
  return person ? std::optional(RowFilter{"person", person->text()}) : std::nullopt;
}

// The last one of each policy and course, by its id.
Result<std::map<std::string, Requirement>> requirements(db::Transaction& tx, const AgencyId& agency) {
  std::map<std::string, std::string> names;
  for (const roster::Unit& unit : TRY(roster::units(tx, agency))) names[unit.id.text()] = unit.name;
  std::map<std::string, Requirement> out;
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, kRequirements, agency))) {
    Requirement& each = out[row.text("policy").empty() ? row.text("course") : row.text("policy")];
    each = {row.text("required") == "yes", UnitId::parse(row.text("unit")), names[row.text("unit")]};
  }
  return out;
}

Day months_after(Day day, std::int64_t months) {
  using namespace std::chrono;
  const year_month_day from(sys_days(days(day.number)));
  const year_month month = year_month(from.year(), from.month()) + std::chrono::months(months);
  const year_month_day_last last(month.year(), month_day_last(month.month()));
  const std::chrono::day within = std::min(from.day(), last.day());
  return {sys_days(year_month_day(month.year(), month.month(), within)).time_since_epoch().count()};
}

}  // namespace

const Version* Policy::in_force(Timestamp at) const {
  const Version* out = nullptr;
  for (const Version& each : versions) {
    if (each.effective <= at) out = &each;
  }
  return out;
}

const Version* Policy::version(std::int64_t number) const {
  const auto found = std::ranges::find(versions, number, &Version::number);
  return found == versions.end() ? nullptr : &*found;
}

Result<std::vector<Policy>> policies(db::Transaction& tx, const AgencyId& agency) {
  const auto required = TRY(requirements(tx, agency));
  std::map<std::string, std::vector<Version>> versions;
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, kVersions, agency))) {
    const auto number = row.number("number");
    const auto effective = row.time("effective");
    auto right = parse_right(row.text("right"));
    if (!number || !effective || !right) return damaged(row);
    versions[row.text("policy")].push_back({row.id, *number, *effective, row.text("sha256"), row.text("note"),
                                            *std::move(right), row.entered_by, row.entered_at});
  }
  std::vector<Policy> out;
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, kPolicies, agency))) {
    Policy each{row.id, row.text("slug"), row.text("title"), std::move(versions[row.id.text()]), {}};
    std::ranges::sort(each.versions, {}, &Version::number);
    if (const auto found = required.find(row.id.text()); found != required.end()) each.requirement = found->second;
    out.push_back(std::move(each));
  }
  std::ranges::sort(out, {}, [](const Policy& each) { return std::tie(each.title, each.id); });
  return out;
}

Result<Policy> find_policy(db::Transaction& tx, const AgencyId& agency, const std::string& text) {
  for (Policy& each : TRY(policies(tx, agency))) {
    if (each.slug == text || each.id.text() == text) return std::move(each);
  }
  return fail(Code::kNotFound, "No such policy", text);
}

Result<std::vector<Acknowledgement>> acknowledgements(db::Transaction& tx, const AgencyId& agency,
                                                      const std::vector<Policy>& policies,
                                                      const std::optional<PersonId>& person) {
  std::map<std::string, std::pair<RowId, const Version*>> versions;
  for (const Policy& policy : policies) {
    for (const Version& version : policy.versions) versions[version.id.text()] = {policy.id, &version};
  }
  std::vector<Acknowledgement> out;
  for (SealedRow& row : TRY(roster::sealed_rows(tx, kAcknowledgements, agency, {.filter = of(person)}))) {
    const bool is_asked_for =
        std::ranges::any_of(policies, [&](const Policy& policy) { return policy.id.text() == row.text("policy"); });
    if (!is_asked_for) continue;
    const auto found = versions.find(row.text("version"));
    if (found == versions.end()) return damaged(row);
    const auto& [policy, version] = found->second;
    Acknowledgement each{
        row.id, PersonId(row.subject.bytes()), policy, version->id, version->number, row.text("sha256"), row.entered_at,
        {}};
    each.row = std::move(row);
    out.push_back(std::move(each));
  }
  return out;
}

std::optional<Day> Course::ends(Day attended) const {
  if (valid_days) return Day{attended.number + *valid_days};
  if (valid_months) return months_after(attended, *valid_months);
  return std::nullopt;
}

Result<std::vector<Course>> courses(db::Transaction& tx, const AgencyId& agency) {
  const auto required = TRY(requirements(tx, agency));
  std::vector<Course> out;
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, kCourses, agency))) {
    Course each{row.id,
                row.text("slug"),
                row.text("title"),
                row.number("valid_days"),
                row.number("valid_months"),
                RowId::parse(row.text("renews")),
                {}};
    if (const auto found = required.find(row.id.text()); found != required.end()) each.requirement = found->second;
    out.push_back(std::move(each));
  }
  std::ranges::sort(out, {}, [](const Course& each) { return std::tie(each.title, each.id); });
  return out;
}

Result<Course> find_course(db::Transaction& tx, const AgencyId& agency, const std::string& text) {
  for (Course& each : TRY(courses(tx, agency))) {
    if (each.slug == text || each.id.text() == text) return std::move(each);
  }
  return fail(Code::kNotFound, "No such course", text);
}

Result<std::map<RowId, Session>> sessions(db::Transaction& tx, const AgencyId& agency) {
  std::map<RowId, Session> out;
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, kSessions, agency))) {
    const auto course = RowId::parse(row.text("course"));
    const auto on = row.day("on");
    if (!course || !on) return damaged(row);
    out.emplace(row.id, Session{row.id, *course, *on, row.text("place"), row.text("trainer"), row.time("cancelled"),
                                row.text("reason")});
  }
  return out;
}

Result<std::vector<Attendance>> attendances(db::Transaction& tx, const AgencyId& agency,
                                            const std::optional<PersonId>& person) {
  const auto known = TRY(sessions(tx, agency));
  std::vector<Attendance> out;
  for (const SealedRow& row : TRY(roster::sealed_rows(tx, kAttendances, agency, {.filter = of(person)}))) {
    const auto session = RowId::parse(row.text("session"));
    const auto found = session ? known.find(*session) : known.end();
    if (found == known.end()) return damaged(row);
    out.push_back({row.id, PersonId(row.subject.bytes()), found->second, row.text("how"), row.entered_by,
                   row.entered_at, row.time("withdrawn"), row.text("reason")});
  }
  return out;
}

Result<Known> read_known(db::Transaction& tx, const AgencyId& agency, const std::optional<PersonId>& person,
                         Timestamp at) {
  Known out;
  out.policies = TRY(policies(tx, agency));
  out.courses = TRY(courses(tx, agency));
  for (Acknowledgement& each : TRY(acknowledgements(tx, agency, out.policies, person))) {
    if (each.at <= at) out.acknowledged[each.person][each.policy].push_back(std::move(each));
  }
  for (Attendance& each : TRY(attendances(tx, agency, person))) {
    if (!each.withdrawn_at && !each.session.cancelled_at) out.attended[each.person].push_back(std::move(each));
  }
  const auto add_members = [&](const Requirement& requirement) -> Result<void> {
    if (!requirement.unit || out.members.contains(*requirement.unit)) return {};
    std::set<PersonId>& members = out.members[*requirement.unit];
    for (const roster::Assignment& each :
         TRY(roster::assignments(tx, agency, {roster::AssignmentKind::kUnit, person, requirement.unit->text(), at}))) {
      members.insert(each.person);
    }
    return {};
  };
  for (const Policy& each : out.policies) TRY(add_members(each.requirement));
  for (const Course& each : out.courses) TRY(add_members(each.requirement));
  return out;
}

bool concerns(const Known& known, const Requirement& requirement, const PersonId& person) {
  if (!requirement.is_required) return false;
  if (!requirement.unit) return true;
  const auto found = known.members.find(*requirement.unit);
  return found != known.members.end() && found->second.contains(person);
}

const Acknowledgement* acknowledged(const Known& known, const Policy& policy, const PersonId& person, Timestamp at) {
  const auto of_person = known.acknowledged.find(person);
  if (of_person == known.acknowledged.end()) return nullptr;
  const auto of_policy = of_person->second.find(policy.id);
  if (of_policy == of_person->second.end()) return nullptr;
  const Acknowledgement* out = nullptr;
  for (const Acknowledgement& each : of_policy->second) {
    if (each.at <= at && (!out || each.number > out->number)) out = &each;
  }
  return out;
}

Taken taken(const Known& known, const Course& course, const PersonId& person, Day on) {
  const auto found = known.attended.find(person);
  if (found == known.attended.end()) return {};
  std::set<RowId> renewing;
  for (const Course& each : known.courses) {
    if (each.renews == course.id) renewing.insert(each.id);
  }
  // A refresher renews what was learned, and does not teach it.
  std::optional<Day> first;
  for (const Attendance& each : found->second) {
    if (each.session.course == course.id && each.session.on <= on && (!first || each.session.on < *first))
      first = each.session.on;
  }
  Taken out;
  if (!first) return out;
  for (const Attendance& each : found->second) {
    const Session& session = each.session;
    const bool counts = session.course == course.id || (renewing.contains(session.course) && session.on >= *first);
    if (counts && session.on <= on && (!out.attended || session.on > *out.attended)) out.attended = session.on;
  }
  out.ends = course.ends(*out.attended);
  return out;
}

std::vector<std::string> lacks(const Known& known, Of kind, const PersonId& person, const std::string& name,
                               Timestamp at) {
  std::vector<std::string> out;
  if (kind == Of::kPolicy) {
    for (const Policy& policy : known.policies) {
      const Version* version = policy.in_force(at);
      if (!version || !concerns(known, policy.requirement, person)) continue;
      const Acknowledgement* last = acknowledged(known, policy, person, at);
      if (last && last->number >= version->number) continue;
      out.push_back(fmt::format("{} has not acknowledged version {} of {}", name, version->number, policy.title));
    }
    return out;
  }
  for (const Course& course : known.courses) {
    if (!concerns(known, course.requirement, person)) continue;
    const Taken had = taken(known, course, person, day_of(at));
    if (had.counts(day_of(at))) continue;
    out.push_back(had.attended ? fmt::format("{}: {} counts no more since {}", name, course.title, day_text(*had.ends))
                               : fmt::format("{} has not attended {}", name, course.title));
  }
  return out;
}

}  // namespace lapel::training
