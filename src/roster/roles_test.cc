// SPDX-License-Identifier: Apache-2.0
#include "roster/roles.h"

#include <thread>
#include <vector>

#include "base/problems.h"
#include "roster/roster_for_tests.h"

namespace lapel::roster {
namespace {

using access::Role;
using Roles = std::set<Role>;

class RolesTest : public RosterTest {
 protected:
  void SetUp() override {
    RosterTest::SetUp();
    chief_ = add(agency_, "chief", {Role::kAdministrator});
    hill_ = add(agency_, "hill", {Role::kOfficer});
    add(add_agency("Otherton"), "neighbor", {Role::kAdministrator});
  }

  Result<void> change(const PersonId& id, const Roles& old, const Roles& roles) {
    return database_->write([&](db::Transaction& tx) { return change_roles(tx, id, old, roles); });
  }
  Result<void> deactivate(const PersonId& id) {
    return database_->write([&](db::Transaction& tx) { return deactivate_person(tx, id, kNow); });
  }
  Result<void> activate(const PersonId& id) {
    return database_->write([&](db::Transaction& tx) { return activate_person(tx, id, kNow + 1); });
  }
  Person shown(const PersonId& id) {
    return read([&](db::Transaction& tx) { return person(tx, id); });
  }
  Result<access::Actor> acting(const PersonId& id) {
    access::Actor out;
    TRY(database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(actor(tx, id));
      return {};
    }));
    return out;
  }

  PersonId chief_, hill_;
};

TEST_F(RolesTest, ChangedRolesAreThoseOfTheNextRequest) {
  ASSERT_TRUE(acting(hill_)->has(Role::kOfficer));
  ASSERT_TRUE(change(hill_, {Role::kOfficer}, {Role::kRecords, Role::kAuditor}));
  EXPECT_EQ(acting(hill_)->roles, (Roles{Role::kRecords, Role::kAuditor}));
  ASSERT_TRUE(change(hill_, {Role::kRecords, Role::kAuditor}, {Role::kOfficer, Role::kRecords}));
  EXPECT_EQ(shown(hill_).roles, (Roles{Role::kOfficer, Role::kRecords}));
  EXPECT_EQ(shown(chief_).roles, Roles{Role::kAdministrator});
}

TEST_F(RolesTest, WhatIsNoChangeOrWasOvertakenChangesNothing) {
  const auto same = change(hill_, {Role::kOfficer}, {Role::kOfficer});
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().code(), Code::kConflict);
  const auto overtaken = change(hill_, {Role::kRecords}, {Role::kCommand});
  ASSERT_FALSE(overtaken);
  EXPECT_EQ(overtaken.error().code(), Code::kConflict);
  const auto nothing = change(hill_, {Role::kOfficer}, {});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code(), Code::kInvalid);
  EXPECT_EQ(shown(hill_).roles, Roles{Role::kOfficer});
}

TEST_F(RolesTest, TheLastAdministratorStaysOneAndActive) {
  for (const auto& refused : {change(chief_, {Role::kAdministrator}, {Role::kAuditor}), deactivate(chief_)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().problem, &problems::kLastAdministrator);
  }
  EXPECT_TRUE(shown(chief_).is_active);
  EXPECT_EQ(shown(chief_).roles, Roles{Role::kAdministrator});
  EXPECT_TRUE(change(chief_, {Role::kAdministrator}, {Role::kAdministrator, Role::kAuditor})) << "keeps the role";
  EXPECT_TRUE(deactivate(hill_)) << "is none";
}

TEST_F(RolesTest, AnAdministratorWhoHasLeftIsNotCounted) {
  const PersonId deputy = add(agency_, "deputy", {Role::kAdministrator});
  ASSERT_TRUE(deactivate(deputy));
  EXPECT_FALSE(deactivate(chief_));
  EXPECT_FALSE(change(chief_, {Role::kAdministrator}, {Role::kAuditor}));
  ASSERT_TRUE(activate(deputy));
  EXPECT_TRUE(deactivate(chief_));
}

TEST_F(RolesTest, TwoWhoActOnEachOtherAtOnceLeaveOne) {
  PersonId other = add(agency_, "deputy", {Role::kAdministrator});
  for (int turn = 0; turn < 10; ++turn) {
    std::optional<Result<void>> demoted, deactivated;
    {
      const std::jthread one([&] { demoted = change(chief_, {Role::kAdministrator}, {Role::kAuditor}); });
      const std::jthread two([&] { deactivated = deactivate(other); });
    }
    ASSERT_NE(demoted->has_value(), deactivated->has_value()) << turn;
    const auto& refused = *demoted ? *deactivated : *demoted;
    EXPECT_EQ(refused.error().problem, &problems::kLastAdministrator) << refused.error().text();
    if (*demoted) {
      ASSERT_TRUE(change(chief_, {Role::kAuditor}, {Role::kAdministrator}));
    } else {
      ASSERT_TRUE(activate(other));
    }
  }
}

TEST_F(RolesTest, ADeactivatedPersonActsNoMoreAndIsStillKnown) {
  ASSERT_TRUE(deactivate(hill_));
  EXPECT_FALSE(shown(hill_).is_active);
  const auto refused = acting(hill_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUnauthenticated);
  ASSERT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
    EXPECT_EQ(TRY(actor_of_received(tx, hill_)).roles, Roles{Role::kOfficer});
    EXPECT_EQ(TRY(name_of(tx, agency_, hill_)), "hill");
    EXPECT_EQ(TRY(people(tx, agency_)).size(), 2u);
    return {};
  }));
  const auto again = deactivate(hill_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kConflict);
  ASSERT_TRUE(activate(hill_));
  EXPECT_TRUE(acting(hill_));
  EXPECT_FALSE(activate(hill_));
}

TEST(Roles, AreThoseThatThereAre) {
  EXPECT_EQ(parse_roles({"records", "officer", "records"}).value_or(Roles()), (Roles{Role::kOfficer, Role::kRecords}));
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{}, {"king"}, {"officer", ""}, {"Officer"}}) {
    const auto roles = parse_roles(wrong);
    ASSERT_FALSE(roles);
    EXPECT_EQ(roles.error().code(), Code::kInvalid);
    EXPECT_NE(roles.error().message.find("internal_affairs"), std::string::npos) << roles.error().message;
  }
}

}  // namespace
}  // namespace lapel::roster
