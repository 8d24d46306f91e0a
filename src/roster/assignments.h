// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who was what, when: a person's badge, unit, camera, shift, facility, case, clearance, each from a time and until one.
//
// Owns: the tables assignments, units, cases, statements and agency_rules, and standing(): how a person stands to a
//   recording by them.
// Promises: nothing is overwritten. What was true when a recording was made stays findable, whoever wears the badge or
//   the camera today; an end may come sooner than was said, never later. A badge, and a camera, is one person's at a time.
//   These rows are written inside the sequencer's transaction, beside the events that say the same.
// Fails with: kConflict (taken at that time, or ended already), kNotFound, kInvalid (an end before its beginning).
// Threads: any; each call runs in the caller's transaction.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/paging.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::roster {

// What a person is assigned, and what `target` then names.
enum class AssignmentKind {
  kBadge,           // the badge's number
  kDevice,          // a device's id: worn by this person
  kUnit,            // a unit's id: belongs to it
  kUnitSupervisor,  // a unit's id: supervises it
  kCase,            // a case's id: works on it
  kClearance,       // the name of an access::Restriction
  kInvestigation,   // nothing: is being investigated
  kShift,           // a shift's id: works it
  kFacility,        // a facility's id: works there
  kScope,           // a unit's id, or "agency": has that part of it as command or internal affairs
};
inline constexpr AssignmentKind kLastAssignmentKind = AssignmentKind::kScope;
inline constexpr std::string_view kWholeAgency = "agency";  // a scope's target
std::string_view assignment_kind_name(AssignmentKind kind);
std::optional<AssignmentKind> parse_assignment_kind(std::string_view name);
std::string all_assignment_kind_names();
// What somebody must be allowed to do in order to begin or end one.
access::Action action_for(AssignmentKind kind);

struct Assignment {
  AssignmentId id;
  AgencyId agency;
  PersonId person;
  AssignmentKind kind = AssignmentKind::kUnit;
  std::string target;
  Timestamp from;  // the first of its kind that a person has begins with time itself, unless it is said when
  std::optional<Timestamp> until;
};

inline constexpr std::int64_t kAssignmentsMax = 10'000;  // read at once

struct AssignmentQuery {
  std::optional<AssignmentKind> kind;
  std::optional<PersonId> person;
  std::optional<std::string> target;
  std::optional<Timestamp> at;                         // those that stood then
  std::optional<std::vector<AssignmentKind>> of = {};  // of these kinds and no others
  std::optional<Timestamp> since = {};                 // that had not ended by then
  std::optional<ListPlace> after = {};                 // that come after this one
  std::int64_t limit = kAssignmentsMax;
};
Result<void> begin_assignment(db::Transaction& tx, const Assignment& assignment);
Result<void> end_assignment(db::Transaction& tx, const AssignmentId& id, Timestamp until);
Result<Assignment> assignment(db::Transaction& tx, const AgencyId& agency, const AssignmentId& id);
// In order of beginning.
Result<std::vector<Assignment>> assignments(db::Transaction& tx, const AgencyId& agency, const AssignmentQuery& query);
ListPlace place_of(const Assignment& assignment);

// Whose badge or camera it was at that time. Nobody's: nullopt.
Result<std::optional<PersonId>> holder(db::Transaction& tx, const AgencyId& agency, AssignmentKind kind,
                                       std::string_view target, Timestamp at);

struct Unit {
  UnitId id;
  AgencyId agency;
  std::string name;
};
Result<void> add_unit(db::Transaction& tx, const Unit& unit, Timestamp now);
Result<std::vector<Unit>> units(db::Transaction& tx, const AgencyId& agency);
Result<std::optional<UnitId>> find_unit(db::Transaction& tx, const AgencyId& agency, std::string_view name_or_id);

// A case by the agency's own number. Recordings whose incident is that number belong to it.
struct Case {
  CaseId id;
  AgencyId agency;
  std::string number;
  std::string title;
};
Result<void> add_case(db::Transaction& tx, const Case& added, Timestamp now);
Result<std::vector<Case>> cases(db::Transaction& tx, const AgencyId& agency);
Result<std::optional<CaseId>> find_case(db::Transaction& tx, const AgencyId& agency, std::string_view number_or_id);

// That an officer has filed the statement on an incident.
struct Statement {
  AgencyId agency;
  PersonId person;
  std::string incident;
  Timestamp filed_at;
  std::optional<Timestamp> withdrawn_at = {};  // put on record in error
};
// kConflict where one stands on that incident.
Result<void> add_statement(db::Transaction& tx, const Statement& statement);
// kConflict where it does not stand.
Result<void> withdraw_statement(db::Transaction& tx, const Statement& statement, Timestamp at);
// The one that stands.
Result<std::optional<Statement>> statement_on(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                                              std::string_view incident);
Result<bool> has_statement(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                           std::string_view incident);

// When an officer may see their own recordings.
enum class OwnViewingRule { kAllowed, kAfterStatement, kSupervisorReleases };
std::string_view own_viewing_rule_name(OwnViewingRule rule);
std::optional<OwnViewingRule> parse_own_viewing_rule(std::string_view name);
Result<OwnViewingRule> own_viewing_rule(db::Transaction& tx, const AgencyId& agency);  // kAllowed until it is set
// kConflict where it is no longer `old`.
Result<void> set_own_viewing_rule(db::Transaction& tx, const AgencyId& agency, OwnViewingRule old, OwnViewingRule rule);

// A condition as a column of 1 or 0.
std::string truth(const std::string& condition, std::string_view name);

// How the person :self stands at the time :now to a recording, as columns beside those of the recording's own row, which
// is called r and has agency, assigned_officer, sort_us and incident.
std::string standing_columns();
// The conditions by which a list holds only what its asker may be shown (access::Reach); r, :self and :now as above.
std::string supervised_condition();
// What :self has as command or internal affairs: what nobody is assigned to, what is of a case of theirs, and whose officer was
// within their scope when it was made. Everything, until a first scope begins; from then on what they are given at :now.
std::string scope_condition();
// SQL: :self is cleared at :now for what the row of recordings called `file` is restricted as.
std::string cleared_condition(std::string_view file);
// Its officer was, when it was made, in a unit that :self belongs to or supervises at :now. Where neither was ever in one,
// the agency is one.
std::string same_unit_condition();

// Whether the one supervises the other now, by the units that the other was in then; as supervised_condition() has it.
Result<bool> supervises(db::Transaction& tx, const AgencyId& agency, const PersonId& supervisor, const PersonId& person,
                        Timestamp then, Timestamp now);

struct Standing {
  bool is_supervised = false, is_in_case = false, is_outside_scope = false;
  bool is_case_known = false;  // whether there is a case with the recording's incident as its number
  // Of the recording's assigned officer.
  bool is_investigated = false, has_statement = false;
  OwnViewingRule rule = OwnViewingRule::kAllowed;

  // Whether its officer may see it: `is_released` to them, by a superior.
  access::OwnViewing own_viewing(bool is_released) const;
  // What a decision asks of it.
  void tell(access::Item& item) const {
    item.is_supervised = is_supervised;
    item.is_in_case = is_in_case;
    item.is_outside_scope = is_outside_scope;
  }
};
Result<Standing> read_standing(const db::Row& row);

}  // namespace lapel::roster
