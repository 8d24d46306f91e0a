// SPDX-License-Identifier: Apache-2.0
#include "roster/roles.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/problems.h"
#include "crypto/random.h"
#include "db/catalog_for_tests.h"
#include "roster/roster.h"

namespace lapel::roster {
namespace {

using access::Role;
using Roles = std::set<Role>;

constexpr Timestamp kNow{1'700'000'000'000'000};

class RolesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        std::filesystem::temp_directory_path() / fmt::format("lapel-roster-{}", hex(crypto::random_bytes<8>()));
    std::filesystem::create_directory(directory_);
    catalog_.emplace(directory_);
    database_ = catalog_->open();
    ASSERT_TRUE(db::migrate(*database_, "roster", schema()));
    agency_ = add_agency("Ashfield");
    chief_ = add(agency_, "chief", {Role::kAdministrator});
    hill_ = add(agency_, "hill", {Role::kOfficer});
    add(add_agency("Otherton"), "neighbor", {Role::kAdministrator});
  }
  void TearDown() override {
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  AgencyId add_agency(const std::string& name) {
    const Agency agency{crypto::new_id<AgencyId>(), name, slug_of(name), false, crypto::new_id<PersonId>()};
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) { return roster::add_agency(tx, agency); }));
    return agency.id;
  }
  PersonId add(const AgencyId& agency, const std::string& login, const Roles& roles) {
    const Person added{crypto::new_id<PersonId>(), agency, login, login, std::nullopt, roles};
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) { return add_person(tx, added, kNow); }));
    return added.id;
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
    std::optional<Person> out;
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(person(tx, id));
      return {};
    }));
    return *out;
  }
  Result<access::Actor> acting(const PersonId& id) {
    access::Actor out;
    TRY(database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(actor(tx, id));
      return {};
    }));
    return out;
  }

  std::filesystem::path directory_;
  std::optional<db::CatalogForTests> catalog_;
  std::unique_ptr<db::Database> database_;
  AgencyId agency_;
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
