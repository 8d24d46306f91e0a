// SPDX-License-Identifier: Apache-2.0
#include "access/access.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"

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

constexpr auto kActions = std::to_array<std::pair<Action, std::string_view>>({
    {Action::kPublic, "public"},
    {Action::kSignIn, "sign_in"},
    {Action::kUpload, "upload"},
    {Action::kList, "list"},
    {Action::kShow, "show"},
    {Action::kPoster, "poster"},
    {Action::kReceipt, "receipt"},
    {Action::kView, "view"},
    {Action::kExport, "export"},
    {Action::kShare, "share"},
    {Action::kChange, "change"},
    {Action::kReassign, "reassign"},
    {Action::kRestrict, "restrict"},
    {Action::kLiftRestriction, "lift_restriction"},
    {Action::kReleaseOwn, "release_own"},
    {Action::kReceive, "receive"},
    {Action::kAccept, "accept"},
    {Action::kSeeShares, "see_shares"},
    {Action::kManageShare, "manage_share"},
    {Action::kAskFiles, "ask_files"},
    {Action::kSeeFileRequests, "see_file_requests"},
    {Action::kManageFileRequest, "manage_file_request"},
    {Action::kRegisterDevice, "register_device"},
    {Action::kAssignDevice, "assign_device"},
    {Action::kSeeRoster, "see_roster"},
    {Action::kSeeFleet, "see_fleet"},
    {Action::kManageFleet, "manage_fleet"},
    {Action::kManageStaffing, "manage_staffing"},
    {Action::kManageRotation, "manage_rotation"},
    {Action::kManagePeople, "manage_people"},
    {Action::kSeeCases, "see_cases"},
    {Action::kManageCases, "manage_cases"},
    {Action::kRecordStatement, "record_statement"},
    {Action::kClear, "clear"},
    {Action::kInvestigate, "investigate"},
    {Action::kSetRules, "set_rules"},
    {Action::kSeeHolds, "see_holds"},
    {Action::kPlaceHold, "place_hold"},
    {Action::kProposeHoldRelease, "propose_hold_release"},
    {Action::kDecideHoldRelease, "decide_hold_release"},
    {Action::kSeeProposals, "see_proposals"},
    {Action::kManageAgencies, "manage_agencies"},
    {Action::kImport, "import"},
    {Action::kSeeImports, "see_imports"},
    {Action::kScim, "scim"},
    {Action::kExplain, "explain"},
    {Action::kSeeAlerts, "see_alerts"},
    {Action::kAcknowledgeAlert, "acknowledge_alert"},
    {Action::kSeeDigests, "see_digests"},
    {Action::kSignDigest, "sign_digest"},
    {Action::kReviewAccess, "review_access"},
    {Action::kSeeProgram, "see_program"},
    {Action::kSeeEmbargoed, "see_embargoed"},
    {Action::kSeeBargaining, "see_bargaining"},
    {Action::kSeePrivileged, "see_privileged"},
    {Action::kStateProgram, "state_program"},
    {Action::kWaiveGate, "waive_gate"},
    {Action::kReadPolicies, "read_policies"},
    {Action::kSeeTraining, "see_training"},
    {Action::kManageTraining, "manage_training"},
    {Action::kReviewReport, "review_report"},
});

constexpr std::array<std::pair<Purpose, std::string_view>, 6> kPurposes = {{
    {Purpose::kInvestigation, "investigation"},
    {Purpose::kReview, "review"},
    {Purpose::kDiscovery, "discovery"},
    {Purpose::kRecordsRequest, "records_request"},
    {Purpose::kTraining, "training"},
    {Purpose::kOwnRecording, "own_recording"},
}};

constexpr std::array<std::pair<State, std::string_view>, 8> kStates = {{
    {State::kSealed, "sealed"},
    {State::kHeld, "held"},
    {State::kRestricted, "restricted"},
    {State::kInReview, "in_review"},
    {State::kDispositionProposed, "disposition_proposed"},
    {State::kDisposed, "disposed"},
    {State::kQuarantined, "quarantined"},
    {State::kImportedPending, "imported_pending"},
}};

constexpr std::array<std::pair<Restriction, std::string_view>, 5> kRestrictions = {{
    {Restriction::kInternalAffairs, "internal_affairs"},
    {Restriction::kSexualAssault, "sexual_assault"},
    {Restriction::kMinor, "minor"},
    {Restriction::kMedical, "medical"},
    {Restriction::kStripSearch, "strip_search"},
}};

constexpr std::array<std::pair<Answer, std::string_view>, 5> kAnswers = {{
    {Answer::kAllow, "allow"},
    {Answer::kRefuse, "refuse"},
    {Answer::kAsk, "ask"},
    {Answer::kHide, "hide"},
    {Answer::kSignIn, "sign_in"},
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

Decision allow(std::string_view rule) {
  return {Answer::kAllow, rule};
}
Decision refuse(std::string_view rule) {
  return {Answer::kRefuse, rule};
}
Decision allow_if(bool is_allowed, std::string_view rule) {
  return {is_allowed ? Answer::kAllow : Answer::kRefuse, rule};
}

bool is_own(const Actor& actor, const Item& item) {
  return actor.person != PersonId() && item.assigned_officer == actor.person;
}

constexpr std::string_view kShowRule =
    "a recording: officers their own, supervisors their unit's, and the roles that work with all footage";
constexpr std::string_view kRestrictedRule = "restricted: open to those who are cleared for its kind";

// Those whose part of the agency can be told.
bool is_scoped(Role role) {
  return role == Role::kCommand || role == Role::kInternalAffairs;
}

// Whether an actor works with all of the agency's recordings, or has this one by their own standing.
bool sees_all(const Actor& actor) {
  return has_any(actor, {Role::kCommand, Role::kInvestigator, Role::kInternalAffairs, Role::kCoordinator,
                         Role::kRecords, Role::kDaLiaison, Role::kCounsel, Role::kAuditor});
}
bool has_by_standing(const Actor& actor, const Item& item) {
  return (actor.has(Role::kOfficer) && is_own(actor, item)) || (actor.has(Role::kSupervisor) && item.is_supervised) ||
         (item.is_in_case && sees_all(actor));
}
// Those who have to find a restricted recording in order to do their work, though not to see it.
bool sees_restricted_rows(const Actor& actor) {
  return has_any(actor, {Role::kCommand, Role::kRecords, Role::kCoordinator, Role::kAuditor});
}

// The actor with the roles that they hold over this recording.
Actor over(const Actor& actor, const Item& item) {
  Actor out = actor;
  if (item.is_outside_scope) std::erase_if(out.roles, [](Role role) { return is_scoped(role); });
  return out;
}

Decision decide_show(const Actor& actor, const Item& item) {
  const bool by_standing = has_by_standing(actor, item);
  if (!by_standing && !sees_all(actor)) return {Answer::kHide, kShowRule};
  if (item.state != State::kRestricted || item.is_cleared || sees_restricted_rows(actor)) return allow(kShowRule);
  const bool may_know = by_standing || actor.has(Role::kInternalAffairs);
  return {may_know ? Answer::kRefuse : Answer::kHide, kRestrictedRule};
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

// Whether one of the roles has the recording and that purpose: what one role shows is not opened by another's work.
bool has_both_in_one(const Actor& actor, const Item& item, Purpose purpose) {
  return std::any_of(actor.roles.begin(), actor.roles.end(), [&](Role role) {
    Actor one = actor;
    one.roles = {role};
    return decide_show(one, item).is_allowed() && fits(one, item, purpose);
  });
}

constexpr std::string_view kOwnRule = "own recordings: this one opens to its officer after a statement or a release";

// What binds the bytes of an item, whoever asks. nullopt: nothing does.
std::optional<Decision> bound_bytes(const Actor& actor, const Item& item) {
  if (item.state == State::kDisposed) return refuse("disposed: the footage has been destroyed, its custody remains");
  if (item.state == State::kRestricted && !item.is_cleared) return refuse(kRestrictedRule);
  // Whatever other roles they hold: one's own is one's own.
  if (is_own(actor, item) && item.own_viewing != OwnViewing::kOpen) return refuse(kOwnRule);
  return std::nullopt;
}

// Footage inside a home was lawfully made during one call; an unrelated investigation needs a warrant to look at it
// (Commonwealth v. Yusuf, 488 Mass. 379).
std::optional<Decision> bound_home(const Actor& actor, Action action, const Item& item, const Basis& basis) {
  if (basis.is_related || basis.has_warrant) return std::nullopt;
  // Who investigates does so whatever they call it; those who review, disclose and answer requests do not, whatever number
  // they give: a docket's, a request's.
  const bool investigates = basis.purpose == Purpose::kInvestigation ||
                            has_any(actor, {Role::kInvestigator, Role::kInternalAffairs, Role::kCommand});
  if (!investigates) return std::nullopt;
  if (item.is_inside_home.value_or(false) || basis.inside_home.value_or(false)) {
    return refuse("inside a home: an unrelated investigation needs a warrant reference");
  }
  const bool is_a_lesson = basis.purpose == Purpose::kTraining || basis.purpose == Purpose::kOwnRecording;
  // What goes out of the agency is asked about without a case too: nobody can ask later.
  const bool is_named = basis.has_case || action == Action::kShare;
  if (is_named && !is_a_lesson && !item.is_inside_home && !basis.inside_home) {
    return Decision{Answer::kAsk, "inside a home: say whether it is, before its first view for another case"};
  }
  return std::nullopt;
}

Decision decide_view(const Actor& actor, const Item& item, const Basis& basis) {
  const Decision shown = decide_show(actor, item);
  if (!shown.may_know()) return shown;
  constexpr std::string_view kRule = "a view: the purpose must be the work of one of your roles";
  if (!fits(actor, item, basis.purpose)) return refuse(kRule);
  if (shown.is_allowed() && !has_both_in_one(actor, item, basis.purpose)) {
    return refuse("a view: the purpose must be the work of the role by which you have the recording");
  }
  if ((item.state == State::kQuarantined || item.state == State::kImportedPending) &&
      !(actor.has(Role::kRecords) && basis.purpose == Purpose::kReview)) {
    return refuse("quarantined or not yet reconciled: records looks at it first, for review");
  }
  if (const auto bound = bound_bytes(actor, item)) return *bound;
  if (item.is_victim_sensitive && basis.purpose == Purpose::kTraining) {
    return refuse("victim-sensitive: never for training");
  }
  if (basis.purpose == Purpose::kInvestigation && !basis.has_case) return refuse("an investigation names its case");
  return allow(kRule);
}

// `actor` with every role that they have, whichever of them opened it.
Decision unless_home(const Decision& opened, const Actor& actor, Action action, const Item& item, const Basis& basis) {
  return opened.is_allowed() ? bound_home(actor, action, item, basis).value_or(opened) : opened;
}

constexpr std::string_view kTwoPeopleRule = "two people: nobody decides what they have proposed";

bool places_holds(const Actor& actor) {
  return has_any(actor, {Role::kRecords, Role::kCounsel, Role::kDaLiaison, Role::kCommand, Role::kInternalAffairs});
}

constexpr std::string_view kExportRule =
    "exports and shares: investigators, internal affairs, records, DA liaison and counsel";
bool exports(Role role) {
  return role == Role::kInvestigator || role == Role::kRecords || role == Role::kDaLiaison || role == Role::kCounsel ||
         role == Role::kInternalAffairs;
}
// Of whoever may bring files in themselves.
bool asks_files(const Actor& actor) {
  return has_any(actor, {Role::kInvestigator, Role::kRecords});
}
bool sent_it(const Actor& actor, const Item& share) {
  return is_own(actor, share) && std::any_of(actor.roles.begin(), actor.roles.end(), exports);
}

constexpr std::string_view kUntrustedRule = "quarantined or not yet reconciled: it does not leave the agency";

// Of a recording that is in the actor's share.
Decision decide_receive(const Item& item) {
  if (item.state == State::kDisposed) return refuse("disposed: the footage has been destroyed, its custody remains");
  if (item.state == State::kQuarantined || item.state == State::kImportedPending) {
    return refuse(kUntrustedRule);
  }
  if (item.state == State::kRestricted && !item.is_cleared) return refuse("restricted since it was shared");
  return allow("a share: its recipient, what it names");
}

Decision decide_poster(const Actor& actor, const Item& item) {
  const Decision shown = decide_show(actor, item);
  if (!shown.may_know()) return shown;
  const bool is_closed = item.state == State::kRestricted || item.state == State::kDisposed ||
                         item.state == State::kQuarantined || item.state == State::kImportedPending ||
                         item.is_inside_home.value_or(false) || item.is_victim_sensitive;
  if (!is_closed && is_own(actor, item) && item.own_viewing != OwnViewing::kOpen) return refuse(kOwnRule);
  return allow_if(!is_closed, "a poster: never of restricted, sensitive or inside-a-home footage");
}

// `roles` of those who look after others; nobody is told that there is one about themselves.
Decision decide_alert(const Actor& actor, const Item& item, std::initializer_list<Role> roles, std::string_view rule) {
  const bool watches = has_any(actor, {Role::kSupervisor, Role::kCommand, Role::kInternalAffairs, Role::kAuditor});
  if (!watches) return refuse(rule);
  if (is_own(actor, item)) return {Answer::kHide, rule};
  const bool sees_all = has_any(actor, {Role::kCommand, Role::kInternalAffairs, Role::kAuditor});
  // Without a person it is the question whether there is anything to be seen at all.
  if (!sees_all && item.assigned_officer && !item.is_supervised) return {Answer::kHide, rule};
  return allow_if(has_any(actor, roles), rule);
}

// What the roles say, before a credential's scopes take anything away.
Decision decide_by_role(const Actor& actor, Action action, const Item& item, const std::optional<Basis>& basis) {
  // What brings in what cameras recorded appends it, and reads nothing else, lest a stolen one could. A dock asks for receipts; a
  // camera system has no way to.
  if (actor.dock || actor.camera_system) {
    constexpr std::string_view kRule = "a dock or camera system uploads; a dock asks for receipts of what it uploaded";
    const bool is_own_receipt = actor.dock && action == Action::kReceipt && item.uploader == actor.subject();
    const bool is_allowed = action == Action::kUpload || action == Action::kRegisterDevice || is_own_receipt;
    return {is_allowed ? Answer::kAllow : Answer::kHide, kRule};
  }
  // Whoever was asked for files appends them, and has the receipts of these: a link that is passed on is no way to read anything.
  if (actor.file_request) {
    const bool is_own_receipt = action == Action::kReceipt && item.uploader == actor.subject();
    return {action == Action::kUpload || is_own_receipt ? Answer::kAllow : Answer::kHide,
            "a file request: it sends files, and has the receipts of what it sent"};
  }
  switch (action) {
    case Action::kPublic:
    case Action::kSignIn:
      break;  // decided for everybody alike
    case Action::kUpload:
      return allow_if(asks_files(actor), "uploads: investigators and records");
    case Action::kAccept: {
      const Decision shown = decide_show(over(actor, item), item);
      if (!shown.is_allowed()) return shown;
      if (item.state == State::kDisposed) return refuse("disposed: nothing is changed any more");
      return allow_if(asks_files(over(actor, item)), "accepting what somebody outside sent: investigators and records");
    }
    case Action::kAskFiles:
      return allow_if(asks_files(actor), "asking somebody outside for files: investigators and records");
    case Action::kSeeFileRequests:
      return allow_if(has_any(actor, {Role::kRecords, Role::kCommand, Role::kAuditor}) ||
                          (is_own(actor, item) && asks_files(actor)),
                      "file requests: whoever made one; records, command and auditors all");
    case Action::kManageFileRequest:
      return allow_if(has_any(actor, {Role::kRecords, Role::kCommand}) || (is_own(actor, item) && asks_files(actor)),
                      "taking a file request back, and a new code for it: whoever made it, records and command");
    case Action::kList:
      return allow_if(sees_all(actor) || has_any(actor, {Role::kOfficer, Role::kSupervisor}),
                      "the list: officers their own, supervisors their unit's; administrators, union, program managers "
                      "and approvers none");
    case Action::kShow:
    case Action::kReceipt:
      return decide_show(over(actor, item), item);
    case Action::kPoster:
      return decide_poster(over(actor, item), item);
    case Action::kView:
      CHECK(basis.has_value());
      return unless_home(decide_view(over(actor, item), item, *basis), actor, action, item, *basis);
    case Action::kExport:
    case Action::kShare: {
      CHECK(basis.has_value());
      Actor exporter = over(actor, item);
      const Decision shown = decide_show(exporter, item);
      if (!shown.may_know()) return shown;
      // The purpose must be the work of a role that exports: two roles may what either may, and not what neither does.
      std::erase_if(exporter.roles, [](Role role) { return !exports(role); });
      if (exporter.roles.empty()) return refuse(kExportRule);
      const Decision view = unless_home(decide_view(exporter, item, *basis), actor, action, item, *basis);
      const bool is_untrusted = item.state == State::kQuarantined || item.state == State::kImportedPending;
      if (action == Action::kShare && view.is_allowed() && is_untrusted) return refuse(kUntrustedRule);
      return view.may_know() ? view : refuse(view.rule);
    }
    case Action::kChange: {
      const Actor acting = over(actor, item);
      const Decision shown = decide_show(acting, item);
      if (!shown.is_allowed()) return shown;
      if (item.state == State::kDisposed) return refuse("disposed: nothing is changed any more");
      return allow_if((acting.has(Role::kOfficer) && is_own(actor, item)) ||
                          (acting.has(Role::kSupervisor) && item.is_supervised) ||
                          has_any(acting, {Role::kInvestigator, Role::kRecords, Role::kCommand, Role::kInternalAffairs,
                                           Role::kCoordinator}),
                      "what a recording is said to be: its officer, their supervisor, and those who work on it");
    }
    case Action::kReassign: {
      const Decision shown = decide_show(over(actor, item), item);
      if (!shown.is_allowed()) return shown;
      if (item.state == State::kDisposed) return refuse("disposed: nothing is changed any more");
      // Rules of viewing hang on it. Whoever could look by moving it does not move it, whatever else they are.
      const bool looks_by_it =
          has_any(actor, {Role::kInvestigator, Role::kInternalAffairs, Role::kCommand, Role::kSupervisor});
      return allow_if(has_any(actor, {Role::kRecords, Role::kCoordinator}) && !looks_by_it && !is_own(actor, item),
                      "correcting what binds who may look: records and coordinators who hold no role that looks by it, "
                      "never its officer");
    }
    case Action::kRestrict:
    case Action::kLiftRestriction: {
      const Actor acting = over(actor, item);
      const Decision shown = decide_show(acting, item);
      if (!shown.may_know()) return shown;
      if (item.state == State::kDisposed) return refuse("disposed: nothing is changed any more");
      if (action == Action::kLiftRestriction && item.is_proposed_by_actor) return refuse(kTwoPeopleRule);
      // Who is not cleared could otherwise unlock it in order to see it.
      const bool may_unlock = item.state != State::kRestricted || item.is_cleared;
      return allow_if(may_unlock && !is_own(actor, item) &&
                          has_any(acting, {Role::kInternalAffairs, Role::kRecords, Role::kCommand}),
                      "restricting: internal affairs, records and command, never its officer; lifting it: two of them "
                      "who are cleared for it");
    }
    case Action::kReleaseOwn: {
      const Actor acting = over(actor, item);
      const Decision shown = decide_show(acting, item);
      if (!shown.may_know()) return shown;
      const bool is_superior = (acting.has(Role::kSupervisor) && item.is_supervised) || acting.has(Role::kCommand);
      return allow_if(is_superior && !is_own(actor, item),
                      "releasing a recording to its officer: their supervisor or command, never the officer");
    }
    case Action::kReceive:
      return {Answer::kHide, "a share: its recipient, what it names"};
    case Action::kSeeShares:
      return allow_if(has_any(actor, {Role::kRecords, Role::kCommand, Role::kAuditor}) || sent_it(actor, item),
                      "shares: whoever made one; records, command and auditors all");
    case Action::kManageShare:
      return allow_if(has_any(actor, {Role::kRecords, Role::kCommand}) || sent_it(actor, item),
                      "taking a share back, and a new code for it: whoever made it, records and command");
    case Action::kRegisterDevice:
      return allow_if(actor.has(Role::kCoordinator), "devices: docks and camera coordinators");
    case Action::kAssignDevice:
      return allow_if(has_any(actor, {Role::kCoordinator, Role::kSupervisor}) && !is_own(actor, item),
                      "who wears which camera: coordinators and supervisors, never for themselves");
    case Action::kSeeRoster:
      return allow_if(has_any(actor, {Role::kSupervisor, Role::kCommand, Role::kInvestigator, Role::kInternalAffairs,
                                      Role::kCoordinator, Role::kRecords, Role::kAuditor, Role::kProgramManager,
                                      Role::kAdministrator}),
                      "the roster: those who run the program or work with its footage");
    case Action::kSeeFleet:
      return allow_if(has_any(actor, {Role::kSupervisor, Role::kCommand, Role::kCoordinator, Role::kAuditor,
                                      Role::kProgramManager, Role::kAdministrator}),
                      "the cameras and who is to wear one: supervisors, command, coordinators, program managers, "
                      "auditors and administrators");
    case Action::kManageFleet:
      return allow_if(actor.has(Role::kCoordinator), "keeping the cameras: camera coordinators");
    case Action::kManageStaffing:
      return allow_if(has_any(actor, {Role::kCoordinator, Role::kProgramManager, Role::kAdministrator}),
                      "strength, shifts, facilities and slots: coordinators, program managers and administrators");
    case Action::kManageRotation:
      return allow_if(has_any(actor, {Role::kCoordinator, Role::kSupervisor}) && !is_own(actor, item),
                      "who takes part, and whose turn it is: coordinators and supervisors, never for themselves");
    case Action::kManagePeople:
      return allow_if(actor.has(Role::kAdministrator) && !is_own(actor, item),
                      "people and units: administrators, never for themselves");
    case Action::kSeeCases:
      return allow_if(has_any(actor, {Role::kSupervisor, Role::kCommand, Role::kInvestigator, Role::kInternalAffairs,
                                      Role::kRecords, Role::kDaLiaison, Role::kCounsel, Role::kAuditor}),
                      "cases: those who work with footage");
    case Action::kManageCases:
      return allow_if(
          has_any(actor, {Role::kInvestigator, Role::kSupervisor, Role::kCommand, Role::kRecords}) &&
              !is_own(actor, item),
          "making a case, and who works on it: investigators, supervisors, records and command, never for themselves");
    case Action::kRecordStatement:
      return allow_if(
          has_any(actor, {Role::kSupervisor, Role::kCommand, Role::kInternalAffairs, Role::kRecords}) &&
              !is_own(actor, item),
          "that a statement is filed: supervisors, internal affairs, records and command, never for themselves");
    case Action::kClear:
      return allow_if(actor.has(Role::kCommand) && !is_own(actor, item),
                      "clearing a person for restricted recordings: command, never for themselves");
    case Action::kInvestigate:
      return allow_if(actor.has(Role::kInternalAffairs) && !is_own(actor, item),
                      "putting a person under investigation: internal affairs, never themselves");
    case Action::kSetRules:
      return allow_if(actor.has(Role::kCommand), "the agency's own rules of viewing: command");
    case Action::kSeeHolds:
      return allow_if(places_holds(actor) || actor.has(Role::kAuditor),
                      "holds: records, counsel, DA liaison, command, internal affairs and auditors");
    case Action::kPlaceHold: {
      const Actor acting = over(actor, item);
      constexpr std::string_view kRule = "placing a hold: records, counsel, DA liaison, command and internal affairs";
      if (!places_holds(actor)) return refuse(kRule);
      const Decision shown = decide_show(acting, item);
      if (!shown.is_allowed()) return shown;
      if (!places_holds(acting)) return refuse(kRule);
      if (item.state == State::kDisposed) return refuse("disposed: there is nothing left to hold");
      return allow(kRule);
    }
    case Action::kProposeHoldRelease:
      return allow_if(places_holds(actor) && !is_own(actor, item),
                      "proposing to release a hold: who may place one, never on a recording of their own");
    case Action::kDecideHoldRelease:
      if (item.is_proposed_by_actor) return refuse(kTwoPeopleRule);
      return allow_if(
          has_any(actor, {Role::kRecords, Role::kCounsel, Role::kCommand, Role::kApprover}) && !is_own(actor, item),
          "deciding to release a hold: another of records, counsel, command and appointed approvers, never "
          "on a recording of their own");
    case Action::kSeeProposals:
      return allow_if(places_holds(actor) || has_any(actor, {Role::kAuditor, Role::kApprover}),
                      "proposals: those who make and decide them, and auditors");
    case Action::kManageAgencies:
      return allow_if(actor.has(Role::kAdministrator) && actor.is_of_lead_agency,
                      "hosted agencies: administrators of the lead agency");
    case Action::kImport:
      return allow_if(actor.has(Role::kRecords), "imports from other systems: records");
    case Action::kSeeImports:
      return allow_if(has_any(actor, {Role::kRecords, Role::kCommand, Role::kAuditor}),
                      "what imports came to: records, command and auditors");
    case Action::kScim:
      return allow_if(actor.has(Role::kAdministrator) && !is_own(actor, item),
                      "keeping people in step with the directory: administrators, never themselves");
    case Action::kExplain:
      return allow_if(is_own(actor, item) || has_any(actor, {Role::kAdministrator, Role::kAuditor, Role::kCommand}),
                      "what a person may do: that person, administrators, auditors and command");
    case Action::kSeeAlerts:
      return decide_alert(
          actor, item, {Role::kSupervisor, Role::kCommand, Role::kInternalAffairs, Role::kAuditor},
          "alerts: supervisors of their unit, command, internal affairs and auditors, never about themselves");
    case Action::kAcknowledgeAlert: {
      constexpr std::string_view kRule =
          "settling an alert: supervisors of their unit, command and internal affairs, never about themselves";
      const Decision decision =
          decide_alert(actor, item, {Role::kSupervisor, Role::kCommand, Role::kInternalAffairs}, kRule);
      // Who audits everybody settles no more than their other roles may.
      const bool is_theirs = !item.assigned_officer || item.is_supervised;
      const bool settles_all = has_any(actor, {Role::kCommand, Role::kInternalAffairs});
      return decision.is_allowed() && !settles_all && !is_theirs ? refuse(kRule) : decision;
    }
    case Action::kSeeDigests: {
      constexpr std::string_view kRule =
          "weekly digests: supervisors their own; command, internal affairs and auditors all";
      if (has_any(actor, {Role::kCommand, Role::kInternalAffairs, Role::kAuditor})) return allow(kRule);
      if (!actor.has(Role::kSupervisor)) return refuse(kRule);
      if (item.assigned_officer && !is_own(actor, item)) return {Answer::kHide, kRule};
      return allow(kRule);
    }
    case Action::kSignDigest:
      return allow_if(has_any(actor, {Role::kSupervisor, Role::kCommand}) && is_own(actor, item),
                      "signing a weekly digest: the one whom it was made for");
    case Action::kReviewAccess:
      return allow_if(has_any(actor, {Role::kAdministrator, Role::kAuditor, Role::kCommand}),
                      "the review of who has access: administrators, auditors and command");
    case Action::kSeeProgram:
      return allow_if(has_any(actor, {Role::kProgramManager, Role::kCommand, Role::kAuditor}),
                      "the program: program managers, command and auditors");
    case Action::kSeeEmbargoed:
      return allow_if(has_any(actor, {Role::kProgramManager, Role::kCommand}),
                      "what is under embargo: program managers and command, who were told of it");
    case Action::kSeeBargaining:
      return allow_if(
          has_any(actor, {Role::kProgramManager, Role::kCommand, Role::kCounsel, Role::kAuditor, Role::kUnion}),
          "the record of bargaining: program managers, command, counsel, auditors and union representatives");
    case Action::kSeePrivileged:
      return allow_if(has_any(actor, {Role::kProgramManager, Role::kCommand, Role::kCounsel}),
                      "what is privileged: program managers, command and counsel");
    case Action::kStateProgram:
      return allow_if(actor.has(Role::kProgramManager), "stating what is known of the program: program managers");
    case Action::kWaiveGate:
      return allow_if(has_any(actor, {Role::kProgramManager, Role::kCommand}),
                      "waiving a gate: program managers and command, of gates that name their role");
    case Action::kReadPolicies:
      return allow("the policies: everybody whom they bind");
    case Action::kSeeTraining: {
      constexpr std::string_view kRule =
          "who has acknowledged and attended what: everybody their own record; supervisors their unit's; command, "
          "coordinators, program managers and auditors all";
      const bool is_theirs = !item.assigned_officer || item.is_supervised;
      return allow_if((item.assigned_officer && is_own(actor, item)) || (actor.has(Role::kSupervisor) && is_theirs) ||
                          has_any(actor, {Role::kCommand, Role::kCoordinator, Role::kProgramManager, Role::kAuditor}),
                      kRule);
    }
    case Action::kManageTraining:
      return allow_if(
          has_any(actor, {Role::kCoordinator, Role::kProgramManager}) && !is_own(actor, item),
          "policies, courses and attendance: coordinators and program managers, never their own attendance");
    case Action::kReviewReport:
      return allow_if(has_any(actor, {Role::kCommand, Role::kCounsel, Role::kApprover}),
                      "reports before they are published: command, counsel and approvers, each who is named for it");
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

std::string_view state_name(State state) {
  return name_of(kStates, state);
}
std::optional<State> parse_state(std::string_view name) {
  return value_of(kStates, name);
}

std::string_view restriction_name(Restriction restriction) {
  return name_of(kRestrictions, restriction);
}
std::optional<Restriction> parse_restriction(std::string_view name) {
  return value_of(kRestrictions, name);
}
std::string all_restriction_names() {
  return joined(kRestrictions);
}

std::string_view answer_name(Answer answer) {
  return name_of(kAnswers, answer);
}

Result<void> require(const Decision& decision, std::string_view what, const std::string& id) {
  switch (decision.answer) {
    case Answer::kAllow:
      return {};
    case Answer::kRefuse:
      return fail(problems::kRule, std::string(decision.rule));
    case Answer::kAsk:
      return fail(problems::kInsideHome, std::string(decision.rule));
    case Answer::kSignIn:
      return fail(Code::kUnauthenticated, std::string(decision.rule));
    case Answer::kHide:
      break;
  }
  // Exactly what an unknown id gets.
  return fail(Code::kNotFound, fmt::format("No such {}", what), id);
}

Reach reach(const Actor& actor) {
  // As they are where nothing is outside their scope, and as they are outside it.
  Item nothing;
  nothing.is_outside_scope = true;
  const Actor outside = over(actor, nothing);
  return {sees_all(outside),
          actor.has(Role::kOfficer),
          actor.has(Role::kSupervisor),
          sees_all(actor) && !sees_all(outside),
          sees_restricted_rows(outside),
          sees_restricted_rows(actor) && !sees_restricted_rows(outside)};
}

Decision decide(const Actor& actor, Action action, const Item& item, const std::optional<Basis>& basis) {
  if (action == Action::kPublic) return allow("public: health, the contract, the ledger as outsiders read it");
  if (action == Action::kSignIn) return allow("signing in and out: anybody, for themselves");
  // A recipient is nobody to the agency but for what they were sent.
  if (actor.is_stranger() || (actor.share && action != Action::kReceive)) return {Answer::kSignIn, "sign in first"};
  if (actor.agency != item.agency) return {Answer::kHide, "evidence crosses agencies only by a share"};
  if (actor.share) return decide_receive(item);
  const Decision by_role = decide_by_role(actor, action, item, basis);
  // Whoever may not know of the item learns nothing from a credential that is too narrow either.
  // A poster is a part of its row.
  const bool is_in_scope = !actor.scopes || actor.scopes->contains(action) ||
                           (action == Action::kPoster && actor.scopes->contains(Action::kList));
  if (!is_in_scope) {
    return {by_role.may_know() ? Answer::kRefuse : Answer::kHide, "this token's scopes do not cover it"};
  }
  return by_role;
}

}  // namespace lapel::access
