// SPDX-License-Identifier: Apache-2.0
#include "oversight/week_facts.h"

#include <utility>

#include <fmt/format.h>

#include "ledger/feed.h"
#include "roster/assignments.h"
#include "roster/locked.h"

namespace lapel::oversight {
namespace {

using roster::AssignmentKind;

constexpr std::int64_t kGroupsMax = 100'000;
constexpr std::int64_t kAlertsMax = 10'000;

// What a week is made of, by the columns of a time and of its leaf.
std::string within(std::string_view at, std::string_view leaf) {
  return fmt::format(
      "{1} <= :leaf AND (({0} >= :from AND {0} < :to) OR ({1} > :late_after AND {0} < :from) OR ({1} > :ahead_after "
      "AND {0} >= :to AND {0} > :newest))",
      at, leaf);
}

// Recordings that nobody is assigned to. One that is locked is not counted: that there is one is not for everybody.
Result<void> count_unattributed(db::Transaction& tx, const AgencyId& agency, const WeekSpan& span, Week& out) {
  const db::Rows rows =
      TRY(tx.query("SELECT COUNT(*) AS open, COUNT(CASE WHEN received_us >= :from AND received_us < :to THEN 1 END) AS "
                   "received FROM recordings r WHERE agency = :agency AND assigned_officer IS NULL AND " +
                       roster::open_condition(),
                   {{"agency", agency.text()}, {"from", span.from.us}, {"to", span.to.us}}));
  out.unattributed_received = rows[0].integer("received");
  out.unattributed_open = rows[0].integer("open");
  return {};
}

}  // namespace

Result<WeekSpan> span_of(db::Transaction& tx, const AgencyId& agency, Timestamp from) {
  WeekSpan out;
  out.from = from;
  out.to = from + kWeekUs;
  const db::Rows rows =
      TRY(tx.query("SELECT from_us, leaf_index FROM digest_weeks WHERE agency = :agency AND from_us <= :from ORDER BY "
                   "from_us DESC LIMIT 2",
                   {{"agency", agency.text()}, {"from", from.us}}));
  if (rows.empty() || rows[0].integer("from_us") != from.us) {
    return fail(Code::kCorrupt, "A week of digests was not begun", ledger_time(from));
  }
  out.leaf = rows[0].integer("leaf_index");
  out.late_after = rows.size() > 1 ? rows[1].integer("leaf_index") : out.leaf;
  out.ahead_after = rows.size() > 1 ? rows[1].integer("leaf_index") : -1;
  out.newest = TRY(ledger::newest_event_at(tx, agency)).value_or(out.to);
  return out;
}

Result<std::map<PersonId, Scope>> scopes_of(db::Transaction& tx, const AgencyId& agency, const Week& week) {
  const Timestamp from = week.span.from, to = week.span.to;
  // Whoever was active at some time since the week began, or looked at something.
  const std::set<SubjectId> changed = TRY(ledger::subjects_since(tx, agency, "person.active", from));
  std::set<PersonId> there, supervisors, command;
  std::map<PersonId, Scope> out;
  for (const roster::Person& person : TRY(roster::people(tx, agency))) {
    // Of those who have left too: they are not each other's.
    if (person.roles.contains(access::Role::kSupervisor)) supervisors.insert(person.id);
    if (person.roles.contains(access::Role::kCommand)) command.insert(person.id);
    if (person.is_active && supervisors.contains(person.id)) out[person.id];
    if (person.is_active && command.contains(person.id)) out[person.id].is_command = true;
    if (person.is_active || changed.contains(person.id) || week.people.contains(person.id)) there.insert(person.id);
  }
  const auto of_week = [&](AssignmentKind kind) -> Result<std::vector<roster::Assignment>> {
    roster::AssignmentQuery query;
    query.kind = kind;
    query.since = from;
    auto found = TRY(roster::assignments(tx, agency, query));
    std::erase_if(found, [&](const roster::Assignment& each) { return each.from >= to; });
    return found;
  };
  std::map<std::string, std::set<PersonId>> members;  // by unit
  std::set<PersonId> in_units;
  for (const roster::Assignment& each : TRY(of_week(AssignmentKind::kUnit))) {
    members[each.target].insert(each.person);
    in_units.insert(each.person);
  }
  std::map<PersonId, std::set<std::string>> supervised;
  for (const roster::Assignment& each : TRY(of_week(AssignmentKind::kUnitSupervisor))) {
    if (out.contains(each.person) && supervisors.contains(each.person)) supervised[each.person].insert(each.target);
  }
  const std::vector<roster::Unit> units = TRY(roster::units(tx, agency));
  std::set<PersonId> covered;
  for (auto& [reader, scope] : out) {
    if (!supervisors.contains(reader)) continue;
    if (const auto found = supervised.find(reader); found != supervised.end()) {
      for (const roster::Unit& unit : units) {
        if (!found->second.contains(unit.id.text())) continue;
        scope.units.push_back(unit);
        for (const PersonId& member : members[unit.id.text()]) {
          if (there.contains(member)) scope.people.insert(member);
        }
      }
    } else {
      // Without units the agency is one; its supervisors are not each other's.
      for (const PersonId& person : there) {
        if (!in_units.contains(person) && !supervisors.contains(person) && !command.contains(person))
          scope.people.insert(person);
      }
    }
    scope.people.erase(reader);
    covered.insert(scope.people.begin(), scope.people.end());
  }
  for (auto& [reader, scope] : out) {
    if (!scope.is_command) continue;
    for (const PersonId& person : there) {
      if (!covered.contains(person) && person != reader) scope.people.insert(person);
    }
  }
  std::erase_if(out, [](const auto& each) { return each.second.people.empty() && each.second.units.empty(); });
  return out;
}

Result<Week> read_week(db::Transaction& tx, const AgencyId& agency, const WeekSpan& span,
                       const ConsoleActs& console_acts) {
  Week out;
  out.span = span;
  const auto asked = [&](std::int64_t limit) {
    return db::Params{{"agency", agency.text()},
                      {"from", span.from.us},
                      {"to", span.to.us},
                      {"leaf", span.leaf},
                      {"late_after", span.late_after},
                      {"ahead_after", span.ahead_after},
                      {"newest", span.newest.us},
                      {"limit", limit}};
  };
  const auto person_of = [](const db::Row& row) -> Result<PersonId> {
    const auto person = PersonId::parse(row.text("person"));
    if (!person) return fail(Code::kCorrupt, "A row of who looked at what is damaged", row.text("person"));
    return *person;
  };
  const std::string looks = within("at_us", "leaf_index");
  for (const db::Row& row : TRY(tx.query(
           fmt::format(
               "SELECT person, act, purpose, tie, COUNT(*) AS acts, COUNT(CASE WHEN at_us >= :from AND at_us < "
               ":to THEN 1 END) AS timely FROM watched_acts WHERE agency = :agency AND {} GROUP BY person, act, "
               "purpose, tie ORDER BY person, act, purpose, tie LIMIT :limit",
               looks),
           asked(kGroupsMax)))) {
    Week::Counts& counts = out.people[TRY(person_of(row))];
    const std::int64_t acts = row.integer("acts");
    counts.late += acts - row.integer("timely");
    if (row.text("act") == "refused") {
      counts.refused += acts;
      continue;
    }
    if (row.text("act") == "exported") counts.exported += acts;
    if (row.text("act") == "shared") counts.shared += acts;
    if (row.text("act") == "viewed") counts.viewed[row.text("purpose")] += acts;
    if (row.text("tie") == "none") counts.outside += acts;
  }
  for (const db::Row& row :
       TRY(tx.query(fmt::format("SELECT person, COUNT(DISTINCT recording) AS recordings FROM watched_acts WHERE agency "
                                "= :agency AND act <> 'refused' AND {} GROUP BY person ORDER BY person LIMIT :limit",
                                looks),
                    asked(kGroupsMax)))) {
    out.people[TRY(person_of(row))].recordings = row.integer("recordings");
  }
  for (const db::Row& row :
       TRY(tx.query(fmt::format("SELECT id, person, at_us, recordings FROM alerts WHERE agency = :agency AND {} ORDER "
                                "BY at_us, id LIMIT :limit",
                                within("at_us", "at_leaf")),
                    asked(kAlertsMax)))) {
    const PersonId person = TRY(person_of(row));
    out.alerts.push_back({row.text("id"), person, {row.integer("at_us")}, row.integer("recordings")});
  }
  TRY(count_unattributed(tx, agency, span, out));
  out.console = TRY(console_acts(tx, agency, span.from, span.to));
  return out;
}

Json content_of(const Week& week, const PersonId& reader, const Scope& scope) {
  Json::Array people, units, alerts, console;
  for (const auto& [person, counts] : week.people) {
    if (!scope.people.contains(person)) continue;
    Json::Object viewed;
    for (const auto& [purpose, count] : counts.viewed) viewed.emplace(purpose, count);
    people.emplace_back(Json::Object{{"person", person.text()},
                                     {"viewed", std::move(viewed)},
                                     {"recordings", counts.recordings},
                                     {"exported", counts.exported},
                                     {"shared", counts.shared},
                                     {"late", counts.late},
                                     {"refused", counts.refused},
                                     {"outside", counts.outside}});
  }
  for (const roster::Unit& unit : scope.units) {
    units.emplace_back(Json::Object{{"id", unit.id.text()}, {"name", unit.name}});
  }
  for (const Week::Raised& each : week.alerts) {
    if (!scope.people.contains(each.person)) continue;
    alerts.emplace_back(Json::Object{{"alert", each.id},
                                     {"person", each.person.text()},
                                     {"at", ledger_time(each.at)},
                                     {"recordings", each.recordings}});
  }
  for (const ConsoleAct& act : week.console) {
    if (!scope.is_command && !scope.people.contains(act.person)) continue;
    if (act.person == reader) continue;
    console.emplace_back(
        Json::Object{{"at", ledger_time(act.at)}, {"event", act.event}, {"person", act.person.text()}});
  }
  return Json(Json::Object{
      {"from", ledger_time(week.span.from)},
      {"to", ledger_time(week.span.to)},
      {"members", static_cast<std::int64_t>(scope.people.size())},
      {"people", std::move(people)},
      {"units", std::move(units)},
      {"alerts", std::move(alerts)},
      {"console", std::move(console)},
      {"unattributed", Json::Object{{"received", week.unattributed_received}, {"open", week.unattributed_open}}}});
}

}  // namespace lapel::oversight
