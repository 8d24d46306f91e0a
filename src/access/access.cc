// SPDX-License-Identifier: Apache-2.0
#include "access/access.h"

#include <array>
#include <initializer_list>
#include <utility>

#include "base/check.h"

namespace lapel::access {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 14> kRoles = {{
    {Role::kOfficer, "officer"},
    {Role::kSupervisor, "supervisor"},
    {Role::kCommand, "command"},
    {Role::kInvestigator, "investigator"},
    {Role::kInternalAffairs, "internal_affairs"},
    {Role::kCoordinator, "coordinator"},
    {Role::kRecords, "records"},
    {Role::kDaLiaison, "da_liaison"},
    {Role::kCounsel, "counsel"},
    {Role::kAuditor, "auditor"},
    {Role::kUnion, "union"},
    {Role::kProgramManager, "program_manager"},
    {Role::kApprover, "approver"},
    {Role::kAdministrator, "administrator"},
}};

constexpr std::array<std::pair<Action, std::string_view>, 7> kActions = {{
    {Action::kUpload, "upload"},
    {Action::kList, "list"},
    {Action::kShow, "show"},
    {Action::kReceipt, "receipt"},
    {Action::kView, "view"},
    {Action::kExport, "export"},
    {Action::kRegisterDevice, "register_device"},
}};

constexpr std::array<std::pair<Purpose, std::string_view>, 6> kPurposes = {{
    {Purpose::kInvestigation, "investigation"},
    {Purpose::kReview, "review"},
    {Purpose::kDiscovery, "discovery"},
    {Purpose::kRecordsRequest, "records_request"},
    {Purpose::kTraining, "training"},
    {Purpose::kOwnRecording, "own_recording"},
}};

template <typename Value, std::size_t kCount>
std::string_view name_of(const std::array<std::pair<Value, std::string_view>, kCount>& table, Value wanted) {
  for (const auto& [value, name] : table) {
    if (value == wanted) return name;
  }
  CHECK(false);
}

template <typename Value, std::size_t kCount>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, kCount>& table,
                              std::string_view wanted) {
  for (const auto& [value, name] : table) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

template <typename Table>
std::string joined(const Table& table) {
  std::string out;
  for (const auto& [value, name] : table) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

bool has_any(const Actor& actor, std::initializer_list<Role> roles) {
  for (const Role role : roles) {
    if (actor.has(role)) return true;
  }
  return false;
}

bool may_see_all(const Actor& actor) {
  return has_any(actor, {Role::kSupervisor, Role::kCommand, Role::kInvestigator, Role::kInternalAffairs,
                         Role::kCoordinator, Role::kRecords, Role::kDaLiaison, Role::kCounsel, Role::kAuditor});
}

bool is_own(const Actor& actor, const Item& item) {
  return item.assigned_officer == actor.person;
}

// The roles whose work a purpose is.
bool fits(const Actor& actor, const Item& item, Purpose purpose) {
  switch (purpose) {
    case Purpose::kInvestigation:
      return has_any(actor, {Role::kInvestigator, Role::kInternalAffairs, Role::kCommand});
    case Purpose::kReview:
      return has_any(actor,
                     {Role::kSupervisor, Role::kCommand, Role::kInternalAffairs, Role::kInvestigator, Role::kRecords});
    case Purpose::kDiscovery:
      return has_any(actor, {Role::kDaLiaison, Role::kCounsel, Role::kInvestigator, Role::kRecords});
    case Purpose::kRecordsRequest:
      return has_any(actor, {Role::kRecords, Role::kCounsel});
    case Purpose::kTraining:
      return has_any(actor, {Role::kSupervisor, Role::kCommand});
    case Purpose::kOwnRecording:
      return actor.has(Role::kOfficer) && is_own(actor, item);
  }
  CHECK(false);
}

// What the roles say, before a credential's scopes take anything away.
Decision decide_by_role(const Actor& actor, Action action, const Item& item, std::optional<Purpose> purpose) {
  // A dock appends what it has and asks for the receipts of that; it reads nothing else, lest a stolen one could.
  if (actor.dock) {
    const bool is_own_receipt = action == Action::kReceipt && item.uploader == actor.subject();
    return {action == Action::kUpload || action == Action::kRegisterDevice || is_own_receipt, is_own_receipt,
            "a dock uploads, and asks for receipts of what it uploaded"};
  }
  const bool may_know = may_see_all(actor) || (actor.has(Role::kOfficer) && is_own(actor, item));
  switch (action) {
    case Action::kUpload:
      return {has_any(actor, {Role::kInvestigator, Role::kRecords}), true, "uploads: investigators and records"};
    case Action::kList:
      return {may_see_all(actor) || actor.has(Role::kOfficer), true,
              "the list: officers their own; administrators, union, program managers and approvers none"};
    case Action::kShow:
    case Action::kReceipt:
      return {may_know, may_know, "a recording: officers their own, and the roles that work with footage"};
    case Action::kView:
      CHECK(purpose.has_value());
      return {may_know && fits(actor, item, *purpose), may_know,
              "a view: the purpose must be the work of one of your roles"};
    case Action::kExport:
      return {may_know && has_any(actor, {Role::kInvestigator, Role::kRecords, Role::kDaLiaison, Role::kCounsel,
                                          Role::kInternalAffairs}),
              may_know, "exports: investigators, internal affairs, records, DA liaison and counsel"};
    case Action::kRegisterDevice:
      return {actor.has(Role::kCoordinator), true, "devices: docks and camera coordinators"};
  }
  CHECK(false);
}

}  // namespace

std::string_view role_name(Role role) {
  return name_of(kRoles, role);
}
std::optional<Role> parse_role(std::string_view name) {
  return value_of(kRoles, name);
}
std::string all_role_names() {
  return joined(kRoles);
}

std::string_view action_name(Action action) {
  return name_of(kActions, action);
}
std::optional<Action> parse_action(std::string_view name) {
  return value_of(kActions, name);
}
std::string all_action_names() {
  return joined(kActions);
}

std::string_view purpose_name(Purpose purpose) {
  return name_of(kPurposes, purpose);
}
std::optional<Purpose> parse_purpose(std::string_view name) {
  return value_of(kPurposes, name);
}
std::string all_purpose_names() {
  return joined(kPurposes);
}

Decision decide(const Actor& actor, Action action, const Item& item, std::optional<Purpose> purpose) {
  if (actor.agency != item.agency) return {false, false, "evidence crosses agencies only by a share"};
  const Decision by_role = decide_by_role(actor, action, item, purpose);
  // Whoever may not know of the item learns nothing from a credential that is too narrow either.
  if (actor.scopes && !actor.scopes->contains(action)) {
    return {false, by_role.may_know, "this token's scopes do not cover it"};
  }
  return by_role;
}

}  // namespace lapel::access
