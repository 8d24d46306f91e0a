// SPDX-License-Identifier: Apache-2.0
#include "roster/assignments.h"

#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/check.h"

namespace lapel::roster {
namespace {

struct KindRow {
  AssignmentKind kind;
  std::string_view name;
  access::Action action;
  bool is_exclusive;  // one person's at a time
};
constexpr std::array<KindRow, 10> kKinds = {{
    {AssignmentKind::kBadge, "badge", access::Action::kManagePeople, true},
    {AssignmentKind::kDevice, "device", access::Action::kAssignDevice, true},
    {AssignmentKind::kUnit, "unit", access::Action::kManagePeople, false},
    {AssignmentKind::kUnitSupervisor, "unit_supervisor", access::Action::kManagePeople, false},
    {AssignmentKind::kCase, "case", access::Action::kManageCases, false},
    {AssignmentKind::kClearance, "clearance", access::Action::kClear, false},
    {AssignmentKind::kInvestigation, "investigation", access::Action::kInvestigate, false},
    {AssignmentKind::kShift, "shift", access::Action::kManagePeople, false},
    {AssignmentKind::kFacility, "facility", access::Action::kManagePeople, false},
    {AssignmentKind::kScope, "scope", access::Action::kManagePeople, false},
}};

const KindRow& row_of(AssignmentKind kind) {
  for (const KindRow& row : kKinds) {
    if (row.kind == kind) return row;
  }
  CHECK(false);
}

constexpr std::array<std::pair<OwnViewingRule, std::string_view>, 3> kRules = {{
    {OwnViewingRule::kAllowed, "allowed"},
    {OwnViewingRule::kAfterStatement, "after_statement"},
    {OwnViewingRule::kSupervisorReleases, "supervisor_releases"},
}};

constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kColumns = "id, agency, person, kind, target, from_us, until_us";

Result<Assignment> read_assignment(const db::Row& row) {
  const auto id = AssignmentId::parse(row.text("id"));
  const auto agency = AgencyId::parse(row.text("agency"));
  const auto person = PersonId::parse(row.text("person"));
  const auto kind = parse_assignment_kind(row.text("kind"));
  const auto until = row.maybe_integer("until_us");
  const auto is_time = [](std::int64_t us) { return us >= 0 && us < kLedgerTimeEndUs; };
  if (!id || !agency || !person || !kind || !is_time(row.integer("from_us")) || !is_time(until.value_or(0)))
    return fail(Code::kCorrupt, "An assignment in the catalog is damaged", row.text("id"));
  return Assignment{*id,
                    *agency,
                    *person,
                    *kind,
                    row.text("target"),
                    Timestamp{row.integer("from_us")},
                    until ? std::optional(Timestamp{*until}) : std::nullopt};
}

// SQL: the assignment called `alias` stands at `time`.
std::string stands(std::string_view alias, std::string_view time) {
  return fmt::format("{0}.from_us <= {1} AND ({0}.until_us IS NULL OR {0}.until_us > {1})", alias, time);
}

}  // namespace

std::string truth(const std::string& condition, std::string_view name) {
  return fmt::format("CASE WHEN {} THEN 1 ELSE 0 END AS {}", condition, name);
}

std::string_view assignment_kind_name(AssignmentKind kind) {
  return row_of(kind).name;
}
std::optional<AssignmentKind> parse_assignment_kind(std::string_view name) {
  for (const KindRow& row : kKinds) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}
std::string all_assignment_kind_names() {
  std::string out;
  for (const KindRow& row : kKinds) out += (out.empty() ? "" : ", ") + std::string(row.name);
  return out;
}
access::Action action_for(AssignmentKind kind) {
  return row_of(kind).action;
}

Result<void> begin_assignment(db::Transaction& tx, const Assignment& assignment) {
  if (assignment.until && *assignment.until <= assignment.from) {
    return fail(Code::kInvalid, "An assignment ends after it begins", assignment.target);
  }
  const KindRow& kind = row_of(assignment.kind);
  // Of anybody where it is one person's at a time, else of the same person.
  const db::Rows taken = TRY(tx.query(
      fmt::format("SELECT person FROM assignments WHERE agency = :agency AND kind = :kind AND target = :target AND "
                  "from_us < :until AND (until_us IS NULL OR until_us > :from){} LIMIT 1",
                  kind.is_exclusive ? "" : " AND person = :person"),
      [&] {
        db::Params params = {{"agency", assignment.agency.text()},
                             {"kind", kind.name},
                             {"target", assignment.target},
                             {"from", assignment.from.us},
                             {"until", assignment.until ? assignment.until->us : kNoEnd}};
        if (!kind.is_exclusive) params.emplace_back("person", assignment.person.text());
        return params;
      }()));
  if (!taken.empty()) {
    const bool is_same = taken[0].text("person") == assignment.person.text();
    return fail(Code::kConflict,
                fmt::format("This {} is assigned to {} at that time; end that first", kind.name,
                            is_same ? "this person already" : "somebody else"),
                assignment.target);
  }
  TRY(
      tx.run("INSERT INTO assignments (id, agency, person, kind, target, from_us, until_us) VALUES (:id, :agency, "
             ":person, :kind, :target, :from, :until)",
             {{"id", assignment.id.text()},
              {"agency", assignment.agency.text()},
              {"person", assignment.person.text()},
              {"kind", kind.name},
              {"target", assignment.target},
              {"from", assignment.from.us},
              {"until", assignment.until ? std::optional(assignment.until->us) : std::nullopt}}));
  if (assignment.kind == AssignmentKind::kBadge && !assignment.until) {
    TRY(tx.run("UPDATE people SET badge = :badge WHERE id = :person",
               {{"badge", assignment.target}, {"person", assignment.person.text()}}));
  }
  return {};
}

Result<void> end_assignment(db::Transaction& tx, const AssignmentId& id, Timestamp until) {
  const std::int64_t changed =
      TRY(tx.run("UPDATE assignments SET until_us = :until WHERE id = :id AND (until_us IS NULL OR until_us > :until) "
                 "AND from_us < :until",
                 {{"id", id.text()}, {"until", until.us}}));
  if (changed == 1) {
    // A badge that nobody wears names nobody; another of the same person may stand, also of the same badge given again.
    TRY(
        tx.run("UPDATE people SET badge = NULL WHERE id = (SELECT person FROM assignments WHERE id = :id AND kind = "
               "'badge') AND badge = (SELECT target FROM assignments WHERE id = :id) AND NOT EXISTS (SELECT 1 FROM "
               "assignments o WHERE o.agency = people.agency AND o.person = people.id AND o.kind = 'badge' AND "
               "o.target = people.badge AND o.until_us IS NULL)",
               {{"id", id.text()}}));
    return {};
  }
  return fail(Code::kConflict, "This assignment has ended already, or would end before it began", id.text());
}

Result<Assignment> assignment(db::Transaction& tx, const AgencyId& agency, const AssignmentId& id) {
  const db::Rows rows =
      TRY(tx.query(fmt::format("SELECT {} FROM assignments WHERE id = :id AND agency = :agency", kColumns),
                   {{"id", id.text()}, {"agency", agency.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "No such assignment", id.text());
  return read_assignment(rows[0]);
}

Result<std::vector<Assignment>> assignments(db::Transaction& tx, const AgencyId& agency, const AssignmentQuery& query) {
  std::string sql = fmt::format("SELECT {} FROM assignments a WHERE agency = :agency", kColumns);
  db::Params params = {{"agency", agency.text()}, {"limit", query.limit}};
  if (query.after) {
    sql += " AND (from_us > :after_us OR (from_us = :after_us AND id > :after_id))";
    params.emplace_back("after_us", query.after->us);
    params.emplace_back("after_id", query.after->id);
  }
  if (query.kind) {
    sql += " AND kind = :kind";
    params.emplace_back("kind", assignment_kind_name(*query.kind));
  }
  if (query.person) {
    sql += " AND person = :person";
    params.emplace_back("person", query.person->text());
  }
  if (query.target) {
    sql += " AND target = :target";
    params.emplace_back("target", *query.target);
  }
  if (query.at) {
    sql += " AND " + stands("a", ":at");
    params.emplace_back("at", query.at->us);
  }
  if (query.since) {
    sql += " AND (until_us IS NULL OR until_us > :since)";
    params.emplace_back("since", query.since->us);
  }
  if (query.of) {
    std::string names;
    for (const AssignmentKind kind : *query.of) {
      names += fmt::format("{}'{}'", names.empty() ? "" : ", ", assignment_kind_name(kind));
    }
    if (names.empty()) return std::vector<Assignment>();
    sql += fmt::format(" AND kind IN ({})", names);
  }
  std::vector<Assignment> out;
  for (const db::Row& row : TRY(tx.query(sql + " ORDER BY from_us, id LIMIT :limit", params))) {
    out.push_back(TRY(read_assignment(row)));
  }
  return out;
}

ListPlace place_of(const Assignment& assignment) {
  return {0, assignment.from.us, assignment.id.text()};
}

Result<std::optional<PersonId>> holder(db::Transaction& tx, const AgencyId& agency, AssignmentKind kind,
                                       std::string_view target, Timestamp at) {
  CHECK(row_of(kind).is_exclusive);
  for (const Assignment& found : TRY(assignments(tx, agency, {kind, std::nullopt, std::string(target), at}))) {
    return std::optional(found.person);
  }
  return std::optional<PersonId>();
}

Result<void> add_unit(db::Transaction& tx, const Unit& unit, Timestamp now) {
  TRY(tx.run("INSERT INTO units (id, agency, name, added_us) VALUES (:id, :agency, :name, :now)",
             {{"id", unit.id.text()}, {"agency", unit.agency.text()}, {"name", unit.name}, {"now", now.us}}));
  return {};
}

Result<std::vector<Unit>> units(db::Transaction& tx, const AgencyId& agency) {
  std::vector<Unit> out;
  for (const db::Row& row :
       TRY(tx.query("SELECT id, name FROM units WHERE agency = :agency ORDER BY name, id LIMIT :limit",
                    {{"agency", agency.text()}, {"limit", kAssignmentsMax}}))) {
    const auto id = UnitId::parse(row.text("id"));
    if (!id) return fail(Code::kCorrupt, "A unit in the catalog is damaged", row.text("id"));
    out.push_back({*id, agency, row.text("name")});
  }
  return out;
}

Result<std::optional<UnitId>> find_unit(db::Transaction& tx, const AgencyId& agency, std::string_view name_or_id) {
  const db::Rows rows =
      TRY(tx.query("SELECT id FROM units WHERE agency = :agency AND (name = :text OR id = :text) LIMIT 1",
                   {{"agency", agency.text()}, {"text", name_or_id}}));
  return rows.empty() ? std::optional<UnitId>() : UnitId::parse(rows[0].text("id"));
}

Result<std::optional<CaseId>> find_case(db::Transaction& tx, const AgencyId& agency, std::string_view number_or_id) {
  const db::Rows rows =
      TRY(tx.query("SELECT id FROM cases WHERE agency = :agency AND (number = :text OR id = :text) LIMIT 1",
                   {{"agency", agency.text()}, {"text", number_or_id}}));
  return rows.empty() ? std::optional<CaseId>() : CaseId::parse(rows[0].text("id"));
}

Result<void> add_case(db::Transaction& tx, const Case& added, Timestamp now) {
  TRY(tx.run("INSERT INTO cases (id, agency, number, title, added_us) VALUES (:id, :agency, :number, :title, :now)",
             {{"id", added.id.text()},
              {"agency", added.agency.text()},
              {"number", added.number},
              {"title", added.title},
              {"now", now.us}}));
  return {};
}

Result<std::vector<Case>> cases(db::Transaction& tx, const AgencyId& agency) {
  std::vector<Case> out;
  for (const db::Row& row :
       TRY(tx.query("SELECT id, number, title FROM cases WHERE agency = :agency ORDER BY number, id LIMIT :limit",
                    {{"agency", agency.text()}, {"limit", kAssignmentsMax}}))) {
    const auto id = CaseId::parse(row.text("id"));
    if (!id) return fail(Code::kCorrupt, "A case in the catalog is damaged", row.text("id"));
    out.push_back({*id, agency, row.text("number"), row.text("title")});
  }
  return out;
}

Result<void> add_statement(db::Transaction& tx, const Statement& statement) {
  TRY(tx.run("INSERT INTO statements (agency, person, incident, filed_us) VALUES (:agency, :person, :incident, :filed)",
             {{"agency", statement.agency.text()},
              {"person", statement.person.text()},
              {"incident", statement.incident},
              {"filed", statement.filed_at.us}}));
  return {};
}

Result<void> withdraw_statement(db::Transaction& tx, const Statement& statement, Timestamp at) {
  const std::int64_t changed =
      TRY(tx.run("UPDATE statements SET withdrawn_us = :at WHERE agency = :agency AND person = :person AND incident = "
                 ":incident AND filed_us = :filed AND withdrawn_us = 0",
                 {{"at", at.us},
                  {"agency", statement.agency.text()},
                  {"person", statement.person.text()},
                  {"incident", statement.incident},
                  {"filed", statement.filed_at.us}}));
  if (changed == 1) return {};
  return fail(Code::kConflict, "This statement was taken back meanwhile", statement.incident);
}

Result<std::optional<Statement>> statement_on(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                                              std::string_view incident) {
  const db::Rows rows =
      TRY(tx.query("SELECT filed_us FROM statements WHERE agency = :agency AND person = :person AND incident = "
                   ":incident AND withdrawn_us = 0 LIMIT 1",
                   {{"agency", agency.text()}, {"person", person.text()}, {"incident", incident}}));
  if (rows.empty()) return std::optional<Statement>();
  return Statement{agency, person, std::string(incident), {rows[0].integer("filed_us")}};
}

Result<bool> has_statement(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                           std::string_view incident) {
  return TRY(statement_on(tx, agency, person, incident)).has_value();
}

std::string_view own_viewing_rule_name(OwnViewingRule rule) {
  for (const auto& [known, name] : kRules) {
    if (known == rule) return name;
  }
  CHECK(false);
}
std::optional<OwnViewingRule> parse_own_viewing_rule(std::string_view name) {
  for (const auto& [rule, known] : kRules) {
    if (known == name) return rule;
  }
  return std::nullopt;
}

Result<OwnViewingRule> own_viewing_rule(db::Transaction& tx, const AgencyId& agency) {
  const db::Rows rows =
      TRY(tx.query("SELECT own_viewing FROM agency_rules WHERE agency = :agency", {{"agency", agency.text()}}));
  if (rows.empty()) return OwnViewingRule::kAllowed;
  const auto rule = parse_own_viewing_rule(rows[0].text("own_viewing"));
  if (!rule) return fail(Code::kCorrupt, "A rule of the agency is damaged", agency.text());
  return *rule;
}

Result<void> set_own_viewing_rule(db::Transaction& tx, const AgencyId& agency, OwnViewingRule old,
                                  OwnViewingRule rule) {
  if (TRY(own_viewing_rule(tx, agency)) != old) {
    return fail(Code::kConflict, "The rule was changed meanwhile: look at it again", agency.text());
  }
  TRY(
      tx.run("INSERT INTO agency_rules (agency, own_viewing) VALUES (:agency, :rule) ON CONFLICT (agency) DO UPDATE "
             "SET own_viewing = excluded.own_viewing",
             {{"agency", agency.text()}, {"rule", own_viewing_rule_name(rule)}}));
  return {};
}

// The officer's unit when it was made against the asker's today. Where neither was ever put into a unit, the agency is
// one: a town of ten needs no units in order to have supervisors. What nobody is assigned to is every supervisor's.
std::string supervised_condition() {
  const std::string then = stands("o", "r.sort_us"), now = stands("s", ":now");
  return fmt::format(
      "(r.assigned_officer IS NULL OR EXISTS (SELECT 1 FROM assignments o JOIN assignments s ON s.target = o.target "
      "AND "
      "s.agency = o.agency WHERE o.agency = r.agency AND o.person = r.assigned_officer AND o.kind = 'unit' AND {} AND "
      "s.person = :self AND s.kind = 'unit_supervisor' AND {}) OR (NOT EXISTS (SELECT 1 FROM assignments o WHERE "
      "o.agency = r.agency AND o.person = r.assigned_officer AND o.kind = 'unit') AND NOT EXISTS (SELECT 1 FROM "
      "assignments s WHERE s.agency = r.agency AND s.person = :self AND s.kind = 'unit_supervisor')))",
      then, now);
}

std::string in_case_condition() {
  return fmt::format(
      "EXISTS (SELECT 1 FROM cases c JOIN assignments a ON a.target = c.id AND a.agency = c.agency WHERE c.agency = "
      "r.agency AND c.number = r.incident AND a.kind = 'case' AND a.person = :self AND {})",
      stands("a", ":now"));
}

// Fails closed: whose only scope has ended is not given all of it again by that.
std::string scope_condition() {
  return fmt::format(
      "(NOT EXISTS (SELECT 1 FROM assignments s WHERE s.agency = r.agency AND s.person = :self AND s.kind = 'scope' "
      "AND s.from_us <= :now) OR r.assigned_officer IS NULL OR EXISTS (SELECT 1 FROM assignments s WHERE s.agency = "
      "r.agency AND s.person = "
      ":self "
      "AND s.kind = 'scope' AND {} AND (s.target = '{}' OR EXISTS (SELECT 1 FROM assignments o WHERE o.agency = "
      "r.agency AND o.person = r.assigned_officer AND o.kind = 'unit' AND o.target = s.target AND {}))) OR {})",
      stands("s", ":now"), kWholeAgency, stands("o", "r.sort_us"), in_case_condition());
}

std::string same_unit_condition() {
  return fmt::format(
      "(EXISTS (SELECT 1 FROM assignments o JOIN assignments s ON s.target = o.target AND s.agency = o.agency WHERE "
      "o.agency = r.agency AND o.person = r.assigned_officer AND o.kind = 'unit' AND {} AND s.person = :self AND "
      "s.kind "
      "IN ('unit', 'unit_supervisor') AND {}) OR (r.assigned_officer IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
      "assignments o WHERE o.agency = r.agency AND o.person = r.assigned_officer AND o.kind = 'unit') AND NOT EXISTS "
      "(SELECT 1 FROM assignments s WHERE s.agency = r.agency AND s.person = :self AND s.kind IN ('unit', "
      "'unit_supervisor'))))",
      stands("o", "r.sort_us"), stands("s", ":now"));
}

std::string cleared_condition(std::string_view file) {
  return fmt::format(
      "EXISTS (SELECT 1 FROM assignments a WHERE a.agency = {0}.agency AND a.person = :self AND a.kind = 'clearance' "
      "AND a.target = {0}.restriction AND {1})",
      file, stands("a", ":now"));
}

std::string standing_columns() {
  const std::string case_known = "EXISTS (SELECT 1 FROM cases c WHERE c.agency = r.agency AND c.number = r.incident)";
  const std::string investigated = fmt::format(
      "EXISTS (SELECT 1 FROM assignments a WHERE a.agency = r.agency AND a.person = r.assigned_officer AND a.kind = "
      "'investigation' AND {})",
      stands("a", ":now"));
  const std::string statement =
      "EXISTS (SELECT 1 FROM statements t WHERE t.agency = r.agency AND t.person = r.assigned_officer AND t.incident = "
      "r.incident AND t.filed_us <= :now AND t.withdrawn_us = 0)";
  return fmt::format(
      "{}, {}, {}, {}, {}, {}, coalesce((SELECT own_viewing FROM agency_rules g WHERE g.agency = r.agency), 'allowed') "
      "AS own_viewing_rule",
      truth(supervised_condition(), "is_supervised"), truth(in_case_condition(), "is_in_case"),
      truth(case_known, "is_case_known"), truth(investigated, "is_investigated"), truth(statement, "has_statement"),
      truth("NOT " + scope_condition(), "is_outside_scope"));
}

Result<bool> supervises(db::Transaction& tx, const AgencyId& agency, const PersonId& supervisor, const PersonId& person,
                        Timestamp then, Timestamp now) {
  static const std::string kSql = fmt::format(
      "SELECT {} FROM (SELECT CAST(:agency AS TEXT) AS agency, CAST(:person AS TEXT) AS assigned_officer, CAST(:then "
      "AS "
      "BIGINT) AS sort_us) r",
      truth(supervised_condition(), "is_supervised"));
  const db::Rows rows = TRY(tx.query(kSql, {{"agency", agency.text()},
                                            {"person", person.text()},
                                            {"then", then.us},
                                            {"self", supervisor.text()},
                                            {"now", now.us}}));
  return !rows.empty() && rows[0].integer("is_supervised") == 1;
}

access::OwnViewing Standing::own_viewing(bool is_released) const {
  // Before a release, which was given without knowing of it. Said like any other wait: that somebody is investigated is
  // not for a refusal to tell.
  if (is_investigated) return access::OwnViewing::kAwaitsRelease;
  if (is_released) return access::OwnViewing::kOpen;
  switch (rule) {
    case OwnViewingRule::kAllowed:
      return access::OwnViewing::kOpen;
    case OwnViewingRule::kAfterStatement:
      // Of no known incident there is no statement: who could have it without one would tag it afterwards.
      return has_statement ? access::OwnViewing::kOpen : access::OwnViewing::kAwaitsStatement;
    case OwnViewingRule::kSupervisorReleases:
      return access::OwnViewing::kAwaitsRelease;
  }
  CHECK(false);
}

Result<Standing> read_standing(const db::Row& row) {
  const auto rule = parse_own_viewing_rule(row.text("own_viewing_rule"));
  if (!rule) return fail(Code::kCorrupt, "A rule of the agency is damaged", row.text("own_viewing_rule"));
  const auto is = [&](std::string_view name) { return row.integer(name) == 1; };
  return Standing{is("is_supervised"),
                  is("is_in_case"),
                  is("is_outside_scope"),
                  is("is_case_known"),
                  is("is_investigated"),
                  is("has_statement"),
                  *rule};
}

}  // namespace lapel::roster
