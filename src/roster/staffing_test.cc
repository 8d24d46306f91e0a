// SPDX-License-Identifier: Apache-2.0
// Who there is to wear a camera, as of a day; and that a catalog of before keeps its assignments when it learns of shifts.
#include "roster/staffing.h"

#include "roster/assignments.h"
#include "roster/roster_for_tests.h"

namespace lapel::roster {
namespace {

class StaffingTest : public RosterTest {
 protected:
  void SetUp() override {
    RosterTest::SetUp();
    ASSERT_TRUE(db::migrate(*database_, "staffing", staffing_schema()));
    clerk_ = add(agency_, "clerk", {access::Role::kCoordinator});
  }
  SealedRowId put(const SealedTable& table, Json::Object values, const SubjectId& subject = {}) {
    const SealedRow row{crypto::new_id<SealedRowId>(), subject, leaf_++, clerk_, kNow, std::move(values)};
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) { return insert_row(tx, table, agency_, row); }));
    return row.id;
  }
  std::int64_t sworn(std::string_view as_of) {
    const auto all = read([&](db::Transaction& tx) { return strength(tx, agency_, *parse_day(as_of)); });
    const auto found = all.find(StrengthKind::kSworn);
    return found == all.end() ? -1 : found->second.high;
  }

  PersonId clerk_;
  std::uint64_t leaf_ = 0;
};

TEST_F(StaffingTest, StrengthIsWhatBeganLastByThatDayAndOfOneDayWhatWasEnteredLast) {
  const auto enter = [&](int count, const std::string& from) {
    put(kStrengths, {{"kind", "sworn"}, {"low", count}, {"high", count}, {"from", from}});
  };
  enter(96, "2023-03-01");
  enter(88, "2022-11-29");  // history, entered later
  enter(87, "2022-11-29");  // and corrected
  EXPECT_EQ(sworn("2022-11-28"), -1);
  EXPECT_EQ(sworn("2022-11-29"), 87);
  EXPECT_EQ(sworn("2023-02-28"), 87);
  EXPECT_EQ(sworn("2023-03-01"), 96);
}

TEST_F(StaffingTest, WhoTakesPartIsByTheirLastEntryOfThatDay) {
  const auto enter = [&](const std::string& status, const std::string& on) {
    put(kParticipations, {{"status", status}, {"on", on}}, clerk_);
  };
  enter("volunteered", "2022-10-13");
  enter("withdrawn", "2022-10-19");
  const auto status = [&](std::string_view as_of) {
    const auto all = read([&](db::Transaction& tx) { return participations(tx, agency_, *parse_day(as_of)); });
    return all.empty() ? "none" : std::string(participation_status_name(all.begin()->second.status));
  };
  EXPECT_EQ(status("2022-10-12"), "none");
  EXPECT_EQ(status("2022-10-18"), "volunteered");
  EXPECT_EQ(status("2022-10-19"), "withdrawn");
}

TEST_F(StaffingTest, AFacilityIsFoundByEachOfItsNames) {
  const SealedRowId souza = put(kFacilities, {{"name", "Souza"}});
  put(kFacilityNames, {{"facility", souza.text()}, {"name", "Shirley"}});
  const SealedRowId days = put(kShifts, {{"name", "Days"}});
  const auto facility = [&](std::string_view name) {
    return read([&](db::Transaction& tx) { return find_facility(tx, agency_, name); });
  };
  EXPECT_EQ(facility("Souza"), souza);
  EXPECT_EQ(facility("Shirley"), souza);
  EXPECT_EQ(facility(souza.text()), souza);
  EXPECT_EQ(facility("Lancaster"), std::nullopt);
  EXPECT_EQ(read([&](db::Transaction& tx) { return find_shift(tx, agency_, "Days"); }), days);
}

TEST_F(StaffingTest, ARowEndsOnce) {
  static constexpr SealedColumn kColumns[] = {{"kind", "kind"},
                                              {"low", "low", ColumnKind::kNumber},
                                              {"high", "high", ColumnKind::kNumber},
                                              {"from_day", "from", ColumnKind::kDay}};
  static constexpr SealedColumn kEnd[] = {{"source", "source"}};
  const SealedTable ending = {"strengths", "strength", "strength.stated", kColumns, "strength.ended", kEnd};
  const SealedRowId id = put(ending, {{"kind", "sworn"}, {"low", 1}, {"high", 1}, {"from", "2022-11-29"}});
  const auto end = [&] {
    return database_->write([&](db::Transaction& tx) {
      return end_row(tx, ending, agency_, id, {{"source", "the chief"}});
    });
  };
  EXPECT_TRUE(end());
  const auto again = end();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kConflict);
}

// As a catalog of the release before has them.
TEST(RosterMigration, AssignmentsOfBeforeStayAndTakeShifts) {
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / fmt::format("lapel-roster-{}", hex(crypto::random_bytes<8>()));
  std::filesystem::create_directory(directory);
  {
    db::CatalogForTests catalog(directory);
    const auto database = catalog.open();
    ASSERT_TRUE(db::migrate(*database, "roster", schema().first(3)));
    const Agency agency{crypto::new_id<AgencyId>(), "Ashfield", "ashfield", true, crypto::new_id<PersonId>()};
    const Person hill{crypto::new_id<PersonId>(), agency.id, "hill", "Hill", "101", {access::Role::kOfficer}};
    const Assignment unit{crypto::new_id<AssignmentId>(), agency.id, hill.id, AssignmentKind::kUnit, "night", kNow,
                          Timestamp{kNow.us + 5}};
    const Assignment shift{
        crypto::new_id<AssignmentId>(), agency.id, hill.id, AssignmentKind::kShift, "days", kNow, std::nullopt};
    const auto begin = [&](const Assignment& each) {
      return database->write([&](db::Transaction& tx) { return begin_assignment(tx, each); });
    };
    ASSERT_TRUE(database->write([&](db::Transaction& tx) -> Result<void> {
      TRY(add_agency(tx, agency));
      return add_person(tx, hill, kNow);
    }));
    ASSERT_TRUE(begin(unit));
    EXPECT_FALSE(begin(shift)) << "it knows of none yet";
    ASSERT_TRUE(db::migrate(*database, "roster", schema()));
    EXPECT_TRUE(begin(shift));
    std::vector<Assignment> all;
    ASSERT_TRUE(database->read([&](db::Transaction& tx) -> Result<void> {
      all = TRY(assignments(tx, agency.id, {}));
      return {};
    }));
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].target, "101");
    for (const Assignment& each : all) {
      if (each.id == unit.id) {
        EXPECT_EQ(each.until, unit.until);
      }
    }
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace lapel::roster
