// SPDX-License-Identifier: Apache-2.0
#include "oversight/week_facts.h"

#include <utility>

#include "evidence/unattributed.h"
#include "roster/assignments.h"

namespace lapel::oversight {
namespace {

using roster::AssignmentKind;

constexpr std::int64_t kGroupsMax = 100'000;
constexpr std::int64_t kAlertsMax = 10'000;

}  // namespace

Result<std::map<PersonId, Scope>> scopes_of(db::Transaction& tx, const AgencyId& agency, Timestamp from, Timestamp to) {
  std::set<PersonId> active;
  std::map<PersonId, Scope> out;
  std::set<PersonId> command;
  for (const roster::Person& person : TRY(roster::people(tx, agency))) {
    if (!person.is_active) continue;
    active.insert(person.id);
    if (person.roles.contains(access::Role::kSupervisor)) out[person.id];
    if (person.roles.contains(access::Role::kCommand)) command.insert(person.id);
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
    if (out.contains(each.person)) supervised[each.person].insert(each.target);
  }
  const std::vector<roster::Unit> units = TRY(roster::units(tx, agency));
  std::set<PersonId> covered;
  for (auto& [reader, scope] : out) {
    if (const auto found = supervised.find(reader); found != supervised.end()) {
      for (const roster::Unit& unit : units) {
        if (!found->second.contains(unit.id.text())) continue;
        scope.units.push_back(unit);
        for (const PersonId& member : members[unit.id.text()]) {
          if (active.contains(member)) scope.people.insert(member);
        }
      }
    } else {
      // Without units the agency is one; its supervisors are not each other's.
      for (const PersonId& person : active) {
        if (!in_units.contains(person) && !out.contains(person) && !command.contains(person))
          scope.people.insert(person);
      }
    }
    scope.people.erase(reader);
    covered.insert(scope.people.begin(), scope.people.end());
  }
  for (const PersonId& reader : command) {
    Scope& scope = out[reader];
    scope.is_command = true;
    for (const PersonId& person : active) {
      if (!covered.contains(person) && person != reader) scope.people.insert(person);
    }
  }
  std::erase_if(out, [](const auto& each) { return each.second.people.empty() && each.second.units.empty(); });
  return out;
}

Result<Week> read_week(db::Transaction& tx, const AgencyId& agency, Timestamp from, Timestamp to,
                       const ConsoleActs& console_acts) {
  Week out;
  out.from = from;
  out.to = to;
  const db::Params within = {{"agency", agency.text()}, {"from", from.us}, {"to", to.us}, {"limit", kGroupsMax}};
  const auto person_of = [](const db::Row& row) -> Result<PersonId> {
    const auto person = PersonId::parse(row.text("person"));
    if (!person) return fail(Code::kCorrupt, "A row of who looked at what is damaged", row.text("person"));
    return *person;
  };
  for (const db::Row& row : TRY(tx.query(
           "SELECT person, act, purpose, tie, COUNT(*) AS acts FROM watched_acts WHERE agency = :agency AND at_us "
           ">= :from AND at_us < :to GROUP BY person, act, purpose, tie ORDER BY person, act, purpose, tie LIMIT "
           ":limit",
           within))) {
    Week::Counts& counts = out.people[TRY(person_of(row))];
    const std::int64_t acts = row.integer("acts");
    if (row.text("act") == "refused") {
      counts.refused += acts;
      continue;
    }
    if (row.text("act") == "exported") counts.exported += acts;
    if (row.text("act") == "viewed") counts.viewed[row.text("purpose")] += acts;
    if (row.text("tie") == "none") counts.outside += acts;
  }
  for (const db::Row& row :
       TRY(tx.query("SELECT person, COUNT(DISTINCT recording) AS recordings FROM watched_acts WHERE agency = :agency "
                    "AND at_us >= "
                    ":from AND at_us < :to AND act <> 'refused' GROUP BY person ORDER BY person LIMIT :limit",
                    within))) {
    out.people[TRY(person_of(row))].recordings = row.integer("recordings");
  }
  for (const db::Row& row :
       TRY(tx.query("SELECT id, person, at_us, recordings FROM alerts WHERE agency = :agency AND at_us "
                    ">= :from AND at_us < :to ORDER BY at_us, id LIMIT :limit",
                    {{"agency", agency.text()}, {"from", from.us}, {"to", to.us}, {"limit", kAlertsMax}}))) {
    out.alerts.push_back({row.text("id"), TRY(person_of(row)), {row.integer("at_us")}, row.integer("recordings")});
  }
  const evidence::Unattributed unattributed = TRY(evidence::count_unattributed(tx, agency, from, to));
  out.unattributed_received = unattributed.received;
  out.unattributed_open = unattributed.open;
  out.console = TRY(console_acts(tx, agency, from, to));
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
      {"from", ledger_time(week.from)},
      {"to", ledger_time(week.to)},
      {"members", static_cast<std::int64_t>(scope.people.size())},
      {"people", std::move(people)},
      {"units", std::move(units)},
      {"alerts", std::move(alerts)},
      {"console", std::move(console)},
      {"unattributed", Json::Object{{"received", week.unattributed_received}, {"open", week.unattributed_open}}}});
}

}  // namespace lapel::oversight
