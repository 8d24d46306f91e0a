// SPDX-License-Identifier: Apache-2.0
// What people are called by while they wear a badge, and after.
#include "roster/assignments.h"

#include "roster/roster_for_tests.h"

namespace lapel::roster {
namespace {

class AssignmentsTest : public RosterTest {
 protected:
  void SetUp() override {
    RosterTest::SetUp();
    hill_ = add(agency_, "hill", {access::Role::kOfficer});
  }
  AssignmentId begin(const std::string& badge, Timestamp from, std::optional<Timestamp> until = {}) {
    const Assignment made{crypto::new_id<AssignmentId>(), agency_, hill_, AssignmentKind::kBadge, badge, from, until};
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) { return begin_assignment(tx, made); }));
    return made.id;
  }
  Result<void> end(const AssignmentId& id, Timestamp until) {
    return database_->write([&](db::Transaction& tx) { return end_assignment(tx, id, until); });
  }
  std::string badge() {
    return read([&](db::Transaction& tx) { return person(tx, hill_); }).badge.value_or("none");
  }

  PersonId hill_;
};

TEST_F(AssignmentsTest, ABadgeThatIsTakenOffNamesNobody) {
  const AssignmentId first = begin("4711", kNow);
  EXPECT_EQ(badge(), "4711");
  const AssignmentId second = begin("4712", kNow);
  EXPECT_EQ(badge(), "4712");
  EXPECT_TRUE(end(first, kNow + 1));
  EXPECT_EQ(badge(), "4712");
  EXPECT_TRUE(end(second, kNow + 1));
  EXPECT_EQ(badge(), "none");
}

TEST_F(AssignmentsTest, AnEarlierEndOfTheSameBadgeTakesOffNothing) {
  const AssignmentId first = begin("4711", kNow);
  ASSERT_TRUE(end(first, kNow + 20));
  const AssignmentId again = begin("4711", kNow + 30);
  EXPECT_TRUE(end(first, kNow + 10));
  EXPECT_EQ(badge(), "4711") << "it was given again and is worn";
  EXPECT_TRUE(end(again, kNow + 40));
  EXPECT_EQ(badge(), "none");
  // Also where the one before ended by itself.
  const AssignmentId short_one = begin("4711", kNow + 50, kNow + 60);
  begin("4711", kNow + 70);
  EXPECT_TRUE(end(short_one, kNow + 55));
  EXPECT_EQ(badge(), "4711");
}

}  // namespace
}  // namespace lapel::roster
