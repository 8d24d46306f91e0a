// SPDX-License-Identifier: Apache-2.0
#include "roster/lists.h"

#include "roster/roster_for_tests.h"

namespace lapel::roster {
namespace {

using ListsTest = RosterTest;

TEST_F(ListsTest, StatementsArePersonByPersonAndARuleIsChosenOrNot) {
  const PersonId hill = add(agency_, "hill", {access::Role::kOfficer});
  const PersonId baker = add(agency_, "baker", {access::Role::kOfficer});
  EXPECT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
    TRY(add_statement(tx, {agency_, hill, "22-1", kNow}));
    TRY(add_statement(tx, {agency_, hill, "22-2", kNow}));
    return add_statement(tx, {agency_, baker, "22-3", kNow});
  }));
  const auto of_hill = read([&](db::Transaction& tx) { return statements(tx, agency_, hill); });
  ASSERT_EQ(of_hill.size(), 2u);
  EXPECT_EQ(of_hill[0].incident, "22-1");
  EXPECT_EQ(of_hill[1].filed_at, kNow);
  const auto is_chosen = [&] { return read([&](db::Transaction& tx) { return has_chosen_own_viewing(tx, agency_); }); };
  EXPECT_FALSE(is_chosen());
  EXPECT_TRUE(database_->write([&](db::Transaction& tx) {
    return set_own_viewing_rule(tx, agency_, OwnViewingRule::kAllowed, OwnViewingRule::kAllowed);
  }));
  EXPECT_TRUE(is_chosen());
  EXPECT_EQ(read([&](db::Transaction& tx) { return people_count(tx, agency_); }), 2);
}

}  // namespace
}  // namespace lapel::roster
