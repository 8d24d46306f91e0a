// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who may do what: roles, actors and the one decision, pure.
//
// Owns: Role, Actor, Action, Item and decide(). docs/access.csv is the same table in words, written by hand; a test holds
//   each to the other.
// Promises: decide() looks at its arguments only, and names the rule whichever way it decides. Administration grants no
//   right to footage. A further role adds rights and takes none, but for two: nobody who could look by it may
//   kReassign, and whoever investigates needs a warrant for a home under any purpose; what binds an item binds whoever asks.
//   Nobody decides what they proposed. Outside the scope that they were given, command and internal affairs hold
//   neither role over a recording; what those roles bind them to, they are bound to there too.
// Fails with: std::nullopt for a text that is no role, action, purpose, state or restriction. require(): kUnauthenticated,
//   problems::kRule, problems::kInsideHome, kNotFound.
// Threads: values and pure functions.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

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

// Each operation of api/openapi.yaml names the one that it is (x-action).
enum class Action {
  // Of nobody in particular.
  kPublic,  // health, the contract, the ledger as outsiders read it
  kSignIn,  // to become somebody: a session, a dock's token
  // Of recordings.
  kUpload,
  kList,             // rows of the list, without bytes
  kShow,             // one recording's facts and custody
  kPoster,           // the small still beside a row
  kReceipt,          // one recording's receipts
  kView,             // the bytes, under a purpose
  kExport,           // a custody export
  kShare,            // to let a named recipient outside have them
  kChange,           // what a recording is said to be: category, flags, an incident where none is known
  kReassign,         // what binds who may look, where it is known: officer, incident, that it is a home's or a victim's
  kRestrict,         // to lock a recording to those cleared for it, or to propose that it be unlocked
  kLiftRestriction,  // to decide that it is unlocked, as another proposed
  kReleaseOwn,       // to let its officer see a recording that waits for that
  kReceive,          // what was shared, by whom it was shared with
  kAccept,           // that what somebody outside sent is out of quarantine
  // Of shares: the item's officer is whoever made it.
  kSeeShares,
  kManageShare,  // to take one back, and a new code for its recipient
  // Of file requests: the item's officer is whoever made it.
  kAskFiles,  // to ask somebody outside for files
  kSeeFileRequests,
  kManageFileRequest,  // to take one back, and a new code for it
  // Of the facts that access stands on.
  kRegisterDevice,
  kAssignDevice,  // who wore which device when
  kSeeRoster,     // people, units, devices and assignments
  // Of the cameras as things, and of who is to wear one next.
  kSeeFleet,        // cameras, docks, strength, slots and turns
  kManageFleet,     // what is known of a camera, and whether it is in service
  kManageStaffing,  // strength, shifts, facilities, cameras and slots, by file
  kManageRotation,  // who takes part, whose turn it is, and within what window
  kManagePeople,    // badges, units and who belongs to them
  kSeeCases,
  kManageCases,      // cases and who works on them
  kRecordStatement,  // that an officer has filed the statement on an incident
  kClear,            // to clear a person for a class of restricted recordings
  kInvestigate,      // to put a person under investigation, or to end that
  kSetRules,         // the agency's own settings of these rules
  // Of legal holds, and of what takes two people.
  kSeeHolds,
  kPlaceHold,           // on a recording, or on an incident
  kProposeHoldRelease,  // that a hold ends: the first of two
  kDecideHoldRelease,   // the second of two
  kSeeProposals,
  // Of what comes from another evidence system.
  kImport,      // to bring it in, and to settle what disagrees
  kSeeImports,  // what came of it
  kScim,            // the agency's directory, keeping people in step
  kManageAgencies,  // those that the lead agency hosts: their numbers, and to add one
  kExplain,         // what a person may do, and why
  // Of who watches those who look. The item's assigned officer is whom an alert is about, or whose digest it is.
  kSeeAlerts,         // alerts on unusual reading
  kAcknowledgeAlert,  // to say what came of one
  kSeeDigests,        // what people looked at in a week
  kSignDigest,        // that one has been read
  kReviewAccess,      // everybody's rights and credentials on one page, and that they have been gone through
  // Of the program around the cameras.
  kSeeProgram,     // its reports and statements
  kSeeEmbargoed,   // what of it is under embargo, when asked for
  kSeeBargaining,  // the record of bargaining: units see what they were given
  kSeePrivileged,  // what of it is privileged, when asked for
  kStateProgram,   // to add statements
  kWaiveGate,      // to let a gate that names one's role count as passed
  kReviewReport,   // to decide on a draft, for whoever is named as its reviewer
  // Of policies and training. The item's assigned officer is whose record it is.
  kReadPolicies,    // the policies, the courses and one's own record; to acknowledge
  kSeeTraining,     // what somebody has acknowledged and attended, and who lacks what
  kManageTraining,  // policies, courses, sessions, and who attended
};
inline constexpr Action kLastAction = Action::kManageTraining;
std::string_view action_name(Action action);
std::optional<Action> parse_action(std::string_view name);
std::string all_action_names();

// Whoever acts, with what is known of them at this moment. One that is no person, dock, camera system, recipient or file request is
// a stranger.
struct Actor {
  AgencyId agency;
  std::string agency_slug;
  PersonId person;             // none for a dock
  std::optional<DockId> dock;  // none for a person
  std::string login;
  std::set<Role> roles;
  std::optional<std::set<Action>> scopes;       // a service credential may do only these, whatever its person may
  std::optional<ShareId> share = std::nullopt;  // whom it names as its recipient; then no person and no dock
  bool is_of_lead_agency = false;               // the one made by init, which hosts the others
  std::optional<CameraSystemId> camera_system = std::nullopt;  // then no person, no dock and no share
  std::optional<FileRequestId> file_request = std::nullopt;    // whoever holds its link; then none of the others

  bool has(Role role) const { return roles.contains(role); }
  bool is_stranger() const { return !dock && !share && !camera_system && !file_request && person == PersonId(); }
  // Whose act it is, as the ledger names it.
  SubjectId subject() const {
    if (share) return SubjectId(*share);
    if (camera_system) return SubjectId(*camera_system);
    if (file_request) return SubjectId(*file_request);
    return dock ? SubjectId(*dock) : SubjectId(person);
  }
};

enum class Purpose { kInvestigation, kReview, kDiscovery, kRecordsRequest, kTraining, kOwnRecording };
std::string_view purpose_name(Purpose purpose);
std::optional<Purpose> parse_purpose(std::string_view name);
std::string all_purpose_names();

// Of a recording, as the contract names them.
enum class State {
  kSealed,
  kHeld,
  kRestricted,
  kInReview,
  kDispositionProposed,
  kDisposed,
  kQuarantined,
  kImportedPending,
};
std::string_view state_name(State state);
std::optional<State> parse_state(std::string_view name);

// Why a recording is locked to those who are cleared for its kind.
enum class Restriction { kInternalAffairs, kSexualAssault, kMinor, kMedical, kStripSearch };
std::string_view restriction_name(Restriction restriction);
std::optional<Restriction> parse_restriction(std::string_view name);
std::string all_restriction_names();

// Why an officer's own recording is closed to that officer for now.
enum class OwnViewing { kOpen, kAwaitsStatement, kAwaitsRelease };

// The recording acted on, and how the actor stands to it. Of a hold: assigned_officer is the actor where it covers one of theirs.
struct Item {
  AgencyId agency;
  std::optional<PersonId> assigned_officer;
  SubjectId uploader;  // none: nobody in particular
  State state = State::kSealed;
  std::optional<bool> is_inside_home;  // nullopt: nobody has said
  bool is_victim_sensitive = false;

  // By the roster, at this moment.
  bool is_supervised = false;  // by the actor: the officer was in a unit of theirs then, or nobody is assigned
  bool is_in_case = false;     // the actor works on a case that it belongs to
  // Of command and internal affairs: they were given a part of the agency, and it is neither in that nor of a case of theirs.
  bool is_outside_scope = false;
  bool is_cleared =
      false;  // the actor, for the class it is restricted as; a recipient, if it was so when it was shared
  OwnViewing own_viewing = OwnViewing::kOpen;  // of its assigned officer

  bool is_proposed_by_actor = false;  // what is decided now was proposed by whoever decides
};

// What a view is opened for. Whether a case is the recording's own is for the caller to find out.
struct Basis {
  Purpose purpose = Purpose::kReview;
  bool has_case = false;
  bool is_related = false;  // the case named is one that the recording belongs to, or it belongs to none
  bool has_warrant = false;
  std::optional<bool> inside_home;  // as whoever asks says
};

enum class Answer {
  kAllow,
  kRefuse,  // 403, and the rule is named
  kAsk,     // 409: it cannot be decided before it is said whether the footage shows the inside of a home
  kHide,    // 404, exactly as for an unknown id
  kSignIn,  // 401
};
std::string_view answer_name(Answer answer);

struct [[nodiscard]] Decision {
  Answer answer = Answer::kHide;
  std::string_view rule;  // "uploads: investigators and records"

  bool is_allowed() const { return answer == Answer::kAllow; }
  // Whether a refusal may say that the item exists.
  bool may_know() const { return answer != Answer::kHide && answer != Answer::kSignIn; }
};

// Which recordings an actor's list holds, for a query to narrow itself by: exactly those that kShow allows.
struct Reach {
  bool all = false;                  // else only those by standing
  bool own = false;                  // assigned to the actor
  bool supervised = false;           // Item::is_supervised
  bool scoped = false;               // unless Item::is_outside_scope
  bool restricted = false;           // also without being cleared
  bool restricted_in_scope = false;  // the same, of those that `scoped` means
};
Reach reach(const Actor& actor);

// For actions without an item, pass one with the actor's own agency; for kView, kExport and kShare, what it is for.
Decision decide(const Actor& actor, Action action, const Item& item, const std::optional<Basis>& basis = std::nullopt);

// An error for what was not allowed: kNotFound "No such <what>" where the actor may not know of it, as for an unknown id.
Result<void> require(const Decision& decision, std::string_view what, const std::string& id = {});

}  // namespace lapel::access
