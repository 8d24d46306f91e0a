// SPDX-License-Identifier: Apache-2.0
// The decision, as rows that somebody who writes policy can read.
#include "access/access.h"

#include <map>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lapel::access {
namespace {

template <typename AnyId>
AnyId id(std::uint8_t fill) {
  ByteArray<16> bytes;
  bytes.fill(fill);
  return AnyId(bytes);
}
const AgencyId kAgency = id<AgencyId>(1), kOtherAgency = id<AgencyId>(2);
const PersonId kSelf = id<PersonId>(3), kSomebody = id<PersonId>(4);
const DockId kDock = id<DockId>(5), kOtherDock = id<DockId>(6);

constexpr Role kAllRoles[] = {Role::kOfficer,     Role::kSupervisor,      Role::kCommand, Role::kInvestigator,
                              Role::kCoordinator, Role::kInternalAffairs, Role::kRecords, Role::kDaLiaison,
                              Role::kCounsel,     Role::kAuditor,         Role::kUnion,   Role::kProgramManager,
                              Role::kApprover,    Role::kAdministrator};
constexpr Action kAllActions[] = {Action::kUpload, Action::kList,   Action::kShow,          Action::kReceipt,
                                  Action::kView,   Action::kExport, Action::kRegisterDevice};
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
const Item kOwn{kAgency, kSelf, kSomebody, false};
const Item kOthers{kAgency, kSomebody, kSomebody, false};
const Item kNobodys{kAgency, std::nullopt, {}, false};
const Item kForeign{kOtherAgency, kSelf, kSelf, false};

// y: allowed. 3: refused, and the rule is named (403). 4: refused as if there were no such thing (404).
char answer(const Decision& decision) {
  EXPECT_FALSE(decision.rule.empty());
  return decision.is_allowed ? 'y' : decision.may_know ? '3' : '4';
}
std::string answers(const Actor& actor, const std::vector<Action>& actions, const Item& item) {
  std::string out;
  for (const Action action : actions) out += answer(decide(actor, action, item, Purpose::kReview));
  return out;
}
std::string views(const Actor& actor, const Item& item) {
  std::string out;
  for (const Purpose purpose : kAllPurposes) out += answer(decide(actor, Action::kView, item, purpose));
  return out;
}

// upload, list, register a device | a colleague's recording: show, receipt, export; view for investigation, review,
// discovery, records request, training, own recording | the same of a recording assigned to the actor.
struct Row {
  Role role;
  std::string_view plain, others, others_views, own, own_views;
};
constexpr Row kTable[] = {
    {Role::kOfficer, "3y3", "444", "444444", "yy3", "33333y"},
    {Role::kSupervisor, "3y3", "yy3", "3y33y3", "yy3", "3y33y3"},
    {Role::kCommand, "3y3", "yy3", "yy33y3", "yy3", "yy33y3"},
    {Role::kInvestigator, "yy3", "yyy", "yyy333", "yyy", "yyy333"},
    {Role::kInternalAffairs, "3y3", "yyy", "yy3333", "yyy", "yy3333"},
    {Role::kCoordinator, "3yy", "yy3", "333333", "yy3", "333333"},
    {Role::kRecords, "yy3", "yyy", "3yyy33", "yyy", "3yyy33"},
    {Role::kDaLiaison, "3y3", "yyy", "33y333", "yyy", "33y333"},
    {Role::kCounsel, "3y3", "yyy", "33yy33", "yyy", "33yy33"},
    {Role::kAuditor, "3y3", "yy3", "333333", "yy3", "333333"},
    {Role::kUnion, "333", "444", "444444", "444", "444444"},
    {Role::kProgramManager, "333", "444", "444444", "444", "444444"},
    {Role::kApprover, "333", "444", "444444", "444", "444444"},
    {Role::kAdministrator, "333", "444", "444444", "444", "444444"},
};

TEST(Access, EachRoleMayWhatItsRowSays) {
  const std::vector<Action> plain = {Action::kUpload, Action::kList, Action::kRegisterDevice};
  const std::vector<Action> of_item = {Action::kShow, Action::kReceipt, Action::kExport};
  std::set<Role> seen;
  for (const Row& row : kTable) {
    SCOPED_TRACE(role_name(row.role));
    const Actor actor = person({row.role});
    EXPECT_EQ(answers(actor, plain, kNobodys), row.plain);
    EXPECT_EQ(answers(actor, of_item, kOthers), row.others);
    EXPECT_EQ(views(actor, kOthers), row.others_views);
    EXPECT_EQ(answers(actor, of_item, kOwn), row.own);
    EXPECT_EQ(views(actor, kOwn), row.own_views);
    // What nobody is assigned to is a colleague's to everybody.
    EXPECT_EQ(answers(actor, of_item, kNobodys), row.others);
    EXPECT_EQ(views(actor, kNobodys), row.others_views);
    seen.insert(row.role);
  }
  EXPECT_EQ(seen, std::set<Role>(std::begin(kAllRoles), std::end(kAllRoles)));
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
        for (const Item& item : {kOwn, kOthers}) {
          for (const Purpose purpose : kAllPurposes) {
            const Decision one = decide(person({first}), action, item, purpose);
            const Decision two = decide(person({second}), action, item, purpose);
            const Decision both = decide(person({first, second}), action, item, purpose);
            ASSERT_EQ(both.is_allowed, one.is_allowed || two.is_allowed)
                << role_name(first) << " and " << role_name(second) << ": " << action_name(action);
            ASSERT_EQ(both.may_know, one.may_know || two.may_know);
          }
        }
      }
    }
  }
}

TEST(Access, AnotherAgencysEvidenceIsNotEvenThere) {
  for (const Role role : kAllRoles) {
    Actor actor = person({role});
    EXPECT_EQ(answers(actor, {std::begin(kAllActions), std::end(kAllActions)}, kForeign), "4444444");
    EXPECT_EQ(views(actor, kForeign), "444444");
    actor.scopes = std::set<Action>();
    EXPECT_EQ(answers(actor, {std::begin(kAllActions), std::end(kAllActions)}, kForeign), "4444444");
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
          const Decision by_role = decide(whole, action, item, Purpose::kReview);
          const Decision by_token = decide(narrow, action, item, Purpose::kReview);
          EXPECT_EQ(by_token.is_allowed, by_role.is_allowed && action == scope);
          EXPECT_EQ(by_token.may_know, by_role.may_know);
        }
      }
    }
    Actor none = whole;
    none.scopes = std::set<Action>();
    for (const Action action : kAllActions) EXPECT_FALSE(decide(none, action, kOwn, Purpose::kReview).is_allowed);
  }
}

TEST(Access, ADockAppendsAndAsksForItsOwnReceipts) {
  const Item its_own{kAgency, kSelf, kDock, false}, another_docks{kAgency, kSelf, kOtherDock, false};
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
  EXPECT_EQ(answers(actor, {Action::kShow}, {kAgency, PersonId(), {}, false}), "4");
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
