// SPDX-License-Identifier: Apache-2.0
// What holds of every decision, whatever the table says: docs/access.csv and table_test.cc have the rows.
#include "access/access.h"

#include <map>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "access/actors_for_tests.h"

namespace lapel::access {
namespace {

constexpr Role kAllRoles[] = {Role::kOfficer,     Role::kSupervisor,      Role::kCommand, Role::kInvestigator,
                              Role::kCoordinator, Role::kInternalAffairs, Role::kRecords, Role::kDaLiaison,
                              Role::kCounsel,     Role::kAuditor,         Role::kUnion,   Role::kProgramManager,
                              Role::kApprover,    Role::kAdministrator};
std::vector<Action> all_actions() {
  std::vector<Action> out;
  for (int i = static_cast<int>(Action::kUpload); i <= static_cast<int>(kLastAction); ++i) out.push_back(Action(i));
  return out;
}
const std::vector<Action> kAllActions = all_actions();
constexpr Purpose kAllPurposes[] = {Purpose::kInvestigation,  Purpose::kReview,   Purpose::kDiscovery,
                                    Purpose::kRecordsRequest, Purpose::kTraining, Purpose::kOwnRecording};

Actor person(std::set<Role> roles) {
  Actor actor;
  actor.agency = kAgency;
  actor.person = kSelf;
  actor.roles = std::move(roles);
  return actor;
}
Actor dock() {
  Actor actor;
  actor.agency = kAgency;
  actor.dock = kDock;
  return actor;
}
Item item(const AgencyId& agency, const std::optional<PersonId>& officer, const SubjectId& uploader = {}) {
  Item out;
  out.agency = agency;
  out.assigned_officer = officer;
  out.uploader = uploader;
  out.is_inside_home = false;
  out.is_supervised = true;
  return out;
}
const Item kOwn = item(kAgency, kSelf, kSomebody);
const Item kOthers = item(kAgency, kSomebody, kSomebody);
// Of a unit that the actor does not supervise.
const Item kElsewhere = [] {
  Item out = kOthers;
  out.is_supervised = false;
  return out;
}();
const Item kNobodys = item(kAgency, std::nullopt);
const Item kForeign = item(kOtherAgency, kSelf, kSelf);
Basis basis(Purpose purpose) {
  Basis out;
  out.purpose = purpose;
  out.has_case = out.is_related = true;
  return out;
}

// y: allowed. 3: refused, and the rule is named (403). 4: refused as if there were no such thing (404).
char answer(const Decision& decision) {
  EXPECT_FALSE(decision.rule.empty());
  return decision.is_allowed() ? 'y' : decision.may_know() ? '3' : '4';
}
std::string answers(const Actor& actor, const std::vector<Action>& actions, const Item& item) {
  std::string out;
  for (const Action action : actions) out += answer(decide(actor, action, item, basis(Purpose::kReview)));
  return out;
}
std::string views(const Actor& actor, const Item& item) {
  std::string out;
  for (const Purpose purpose : kAllPurposes) out += answer(decide(actor, Action::kView, item, basis(purpose)));
  return out;
}

TEST(Access, WhoeverHasNoRoleMayNothing) {
  EXPECT_EQ(answers(person({}), {Action::kUpload, Action::kList, Action::kRegisterDevice}, kNobodys), "333");
  for (const Item& item : {kOwn, kOthers}) {
    EXPECT_EQ(answers(person({}), {Action::kShow, Action::kReceipt, Action::kExport}, item), "444");
    EXPECT_EQ(views(person({}), item), "444444");
  }
}

// Each further role adds rights and takes none: the table above tells everything there is to tell.
TEST(Access, TwoRolesMayWhatEitherMay) {
  for (const Role first : kAllRoles) {
    for (const Role second : kAllRoles) {
      for (const Action action : kAllActions) {
        if (action == Action::kReassign) continue;  // see below
        // Of an alert about themselves, or a digest of another's, whoever watches is told less than whoever does not.
        const bool is_hidden_from_watchers =
            action == Action::kSeeAlerts || action == Action::kAcknowledgeAlert || action == Action::kSeeDigests;
        for (const Item* item : {&kOwn, &kOthers, &kElsewhere}) {
          // Of footage elsewhere, one role may let somebody find what the purpose of another opens.
          if (item == &kElsewhere && !is_hidden_from_watchers) continue;
          for (const Purpose purpose : kAllPurposes) {
            const Decision one = decide(person({first}), action, *item, basis(purpose));
            const Decision two = decide(person({second}), action, *item, basis(purpose));
            const Decision both = decide(person({first, second}), action, *item, basis(purpose));
            ASSERT_EQ(both.is_allowed(), one.is_allowed() || two.is_allowed())
                << role_name(first) << " and " << role_name(second) << ": " << action_name(action);
            ASSERT_TRUE(is_hidden_from_watchers || both.may_know() == (one.may_know() || two.may_know()));
          }
        }
      }
    }
  }
}

// What binds who may look is not moved by whoever could look by it, whatever else they are.
TEST(Access, ARoleThatLooksTakesTheRightToReassign) {
  for (const Role clerk : {Role::kRecords, Role::kCoordinator}) {
    EXPECT_TRUE(decide(person({clerk}), Action::kReassign, kOthers).is_allowed());
    for (const Role looks : {Role::kInvestigator, Role::kInternalAffairs, Role::kCommand, Role::kSupervisor}) {
      EXPECT_FALSE(decide(person({clerk, looks}), Action::kReassign, kOthers).is_allowed()) << role_name(looks);
    }
  }
}

TEST(Access, AnotherAgencysEvidenceIsNotEvenThere) {
  for (const Role role : kAllRoles) {
    Actor actor = person({role});
    EXPECT_EQ(answers(actor, kAllActions, kForeign), std::string(kAllActions.size(), '4'));
    EXPECT_EQ(views(actor, kForeign), "444444");
    actor.scopes = std::set<Action>();
    EXPECT_EQ(answers(actor, kAllActions, kForeign), std::string(kAllActions.size(), '4'));
  }
}

TEST(Access, AScopeTakesAwayAndTellsNothing) {
  for (const Role role : kAllRoles) {
    const Actor whole = person({role});
    for (const Action scope : kAllActions) {
      Actor narrow = whole;
      narrow.scopes = {scope};
      for (const Action action : kAllActions) {
        for (const Item& item : {kOwn, kOthers}) {
          SCOPED_TRACE(fmt::format("{} with scope {}: {}", role_name(role), action_name(scope), action_name(action)));
          const Decision by_role = decide(whole, action, item, basis(Purpose::kReview));
          const Decision by_token = decide(narrow, action, item, basis(Purpose::kReview));
          EXPECT_EQ(by_token.is_allowed(),
                    by_role.is_allowed() && (action == scope || (action == Action::kPoster && scope == Action::kList)));
          EXPECT_EQ(by_token.may_know(), by_role.may_know());
        }
      }
    }
    Actor none = whole;
    none.scopes = std::set<Action>();
    for (const Action action : kAllActions)
      EXPECT_FALSE(decide(none, action, kOwn, basis(Purpose::kReview)).is_allowed());
  }
}

TEST(Access, ADockAppendsAndAsksForItsOwnReceipts) {
  const Item its_own = item(kAgency, kSelf, kDock), another_docks = item(kAgency, kSelf, kOtherDock);
  EXPECT_EQ(answers(dock(), {Action::kUpload, Action::kRegisterDevice}, kNobodys), "yy");
  EXPECT_EQ(answers(dock(), {Action::kReceipt}, its_own), "y");
  for (const Item& item : {another_docks, kNobodys, kOwn}) EXPECT_EQ(answers(dock(), {Action::kReceipt}, item), "4");
  for (const Item& item : {its_own, another_docks}) {
    EXPECT_EQ(answers(dock(), {Action::kList, Action::kShow, Action::kExport}, item), "444");
    EXPECT_EQ(views(dock(), item), "444444");
  }
  EXPECT_EQ(answers(dock(), {Action::kUpload, Action::kReceipt}, kForeign), "44");
}

// A dock has no person, and what nobody is assigned to is not therefore its own.
TEST(Access, NobodyIsNotSomebody) {
  Actor actor = dock();
  actor.roles = {Role::kOfficer};
  EXPECT_EQ(answers(actor, {Action::kShow}, item(kAgency, PersonId())), "4");
  Actor nameless = person({Role::kOfficer});
  nameless.person = PersonId();
  EXPECT_EQ(answers(nameless, {Action::kShow}, kNobodys), "4");
}

TEST(Access, NamesAreReadAsTheyAreWritten) {
  for (const Role role : kAllRoles) EXPECT_EQ(parse_role(role_name(role)), role);
  for (const Action action : kAllActions) EXPECT_EQ(parse_action(action_name(action)), action);
  for (const Purpose purpose : kAllPurposes) EXPECT_EQ(parse_purpose(purpose_name(purpose)), purpose);
  for (const std::string_view text : {"", "Officer", "officer ", "king", "internal affairs", "0"}) {
    EXPECT_EQ(parse_role(text), std::nullopt) << text;
    EXPECT_EQ(parse_action(text), std::nullopt) << text;
    EXPECT_EQ(parse_purpose(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace lapel::access
