// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who may do what: roles, actors and the one decision, pure.
//
// Owns: Role, Actor, Action and decide().
// Promises: decide() looks at its arguments only, and names the rule whichever way it decides. Administration grants no
//   right to footage.
// Fails with: std::nullopt for a text that is no role or purpose.
// Threads: values and pure functions.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace lapel::access {

enum class Role {
  kOfficer,
  kSupervisor,
  kCommand,
  kInvestigator,
  kInternalAffairs,
  kCoordinator,
  kRecords,
  kDaLiaison,
  kCounsel,
  kAuditor,
  kUnion,
  kProgramManager,
  kApprover,
  kAdministrator,
};
std::string_view role_name(Role role);
std::optional<Role> parse_role(std::string_view name);
std::string all_role_names();  // for a sentence: "officer, supervisor, …"

enum class Action {
  kUpload,
  kList,     // rows of the list, without bytes
  kShow,     // one recording's facts and custody
  kReceipt,  // one recording's receipts
  kView,     // the bytes, under a purpose
  kExport,   // a custody export
  kRegisterDevice,
};
std::string_view action_name(Action action);
std::optional<Action> parse_action(std::string_view name);
std::string all_action_names();

// Whoever acts, with what is known of them at this moment.
struct Actor {
  AgencyId agency;
  std::string agency_slug;
  PersonId person;             // none for a dock
  std::optional<DockId> dock;  // none for a person
  std::string login;
  std::set<Role> roles;
  std::optional<std::set<Action>> scopes;  // a service credential may do only these, whatever its person may

  bool has(Role role) const { return roles.contains(role); }
  // Whose act it is, as the ledger names it.
  SubjectId subject() const { return dock ? SubjectId(*dock) : SubjectId(person); }
};

enum class Purpose { kInvestigation, kReview, kDiscovery, kRecordsRequest, kTraining, kOwnRecording };
std::string_view purpose_name(Purpose purpose);
std::optional<Purpose> parse_purpose(std::string_view name);
std::string all_purpose_names();

// What is known of the recording acted on.
struct Item {
  AgencyId agency;
  std::optional<PersonId> assigned_officer;
  SubjectId uploader;  // none: nobody in particular
  bool is_inside_home = false;
};

struct [[nodiscard]] Decision {
  bool is_allowed = false;
  bool may_know = false;  // whether a refusal may say that the item exists
  std::string_view rule;  // "uploads: investigators and records"
};

// For actions without an item, pass one with the actor's own agency.
Decision decide(const Actor& actor, Action action, const Item& item, std::optional<Purpose> purpose = std::nullopt);

}  // namespace lapel::access
