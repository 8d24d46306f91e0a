// SPDX-License-Identifier: Apache-2.0
// Staffing, cameras and the rotation by the room itself, on its real parts; and that a row which says something else than its event is
// found, whichever column it is.
#include "fleet/fleet.h"

#include "base/clock.h"
#include "base/problems.h"
#include "evidence/vault_for_tests.h"
#include "fleet/record_check.h"
#include "fleet/rotation.h"
#include "fleet/schema.h"
#include "fleet/staffing.h"
#include "roster/staffing.h"

namespace lapel::fleet {
namespace {

using access::Role;
using evidence::code_of;
using evidence::message_of;
using evidence::problem_of;
using evidence::Said;

// The clock stands at 2022-12-02, late in the day.
class FleetTest : public evidence::VaultTest {
 protected:
  FleetTest() {
    EXPECT_TRUE(db::migrate(*database_, "staffing", roster::staffing_schema()));
    EXPECT_TRUE(db::migrate(*database_, "fleet", schema()));
  }

  Staffing::Imported import(const std::string& rows, const access::Actor& who) {
    const auto done = staffing_.import(who, "what,name,badge,unit,shift,count,from\n" + rows, "America/New_York");
    EXPECT_TRUE(done) << message_of(done);
    return done.value_or(Staffing::Imported{});
  }
  Staffing::Imported import(const std::string& rows) { return import(rows, chief_); }
  std::string begin(const std::string& mode) { return *fleet_.begin_run(keeper_, mode)->at("id").string(); }
  Json::Object scan(const std::string& run, const std::string& code, const std::string& officer = {}) {
    clock_.advance_us(1'000'000);
    auto out = fleet_.scan(keeper_, run, code, officer, "");
    EXPECT_TRUE(out) << message_of(out);
    return out.value_or(Json::Object{});
  }
  std::string result(const Json::Object& scan) { return *scan.at("result").string(); }
  std::string sentence(const Json::Object& scan) { return *scan.at("sentence").string(); }
  std::vector<std::string> faults() {
    std::vector<std::string> out;
    const auto done = database_->read([&](db::Transaction& tx) {
      return check_record(tx, ashfield_.id, [&](std::string text) { out.push_back(std::move(text)); });
    });
    EXPECT_TRUE(done) << message_of(done);
    return out;
  }
  // A unit with two seats on days, and four who take part in it.
  void begin_pilot() {
    import(
        "unit,Patrol\nshift,Days\nslot,,,Patrol,Days,2,2022-12-01\ncamera,AX-1,,,,,2022-12-01\n"
        "member,,101,Patrol,,,2022-10-01\nmember,,102,Patrol,,,2022-10-01\nmember,,103,Patrol,,,2022-10-01\n"
        "member,,104,Patrol,,,2022-10-01\n");
    for (const char* badge : {"101", "102", "103", "104"}) {
      const auto done = rotation_.take_part(keeper_, badge, "volunteered", parse_day("2022-10-13"), "");
      EXPECT_TRUE(done) << message_of(done);
    }
    slot_ = *(*rotation_.status(keeper_, {}))["slots"].array()->at(0).find_string("id");
  }
  std::string issue(const std::string& person, const std::string& on, const std::string& camera = {}) {
    const auto done = rotation_.issue(keeper_, slot_, {person, parse_day(on), {}, camera, {}});
    EXPECT_TRUE(done) << message_of(done);
    return done ? *done->at("id").string() : "";
  }
  Result<Json::Object> swap(const std::string& turn, const std::string& person, const std::string& on) {
    return rotation_.swap(keeper_, turn, {person, parse_day(on), {}, {}, {}});
  }
  std::vector<std::string> alerts(const std::string& as_of) {
    std::vector<std::string> out;
    const auto status = rotation_.status(keeper_, parse_day(as_of));
    EXPECT_TRUE(status) << message_of(status);
    for (const Json& each : *status->at("alerts").array()) out.push_back(*each.find_string("sentence"));
    return out;
  }

  const access::Actor chief_ = enter("chief", {Role::kAdministrator});
  const access::Actor keeper_ = enter("keeper", {Role::kCoordinator}, "50");
  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  const access::Actor hill_ = enter("hill", {Role::kOfficer}, "101");
  const access::Actor ruiz_ = enter("ruiz", {Role::kOfficer}, "102");
  const access::Actor cole_ = enter("cole", {Role::kOfficer}, "103");
  const access::Actor diaz_ = enter("diaz", {Role::kOfficer}, "104");
  const Parts parts_{*database_, *ledgers_, clock_};
  Staffing staffing_{parts_};
  std::string barred_;  // login of whoever may be given no camera
  Fleet fleet_{
      parts_,
      [this](db::Transaction& tx, const AgencyId&, const PersonId& person) -> Result<std::optional<std::string>> {
        const bool is_barred = TRY(roster::person(tx, person)).login == barred_;
        return is_barred ? std::optional<std::string>("Of hill has not been trained") : std::nullopt;
      }};
  Rotation rotation_{parts_};
  std::string slot_;
};

TEST_F(FleetTest, NinetySixOfficersAndNinetyCamerasAreSixTooFew) {
  std::string rows = "authorized,,,,,97,2022-11-29\nsworn,,,,,88,2022-11-29\npipeline,,,,,8,2022-11-29\n";
  for (int i = 1; i <= 90; ++i) rows += fmt::format("camera,AX-{},,,,,2022-12-01\n", i);
  EXPECT_EQ(import(rows).added, 93U);
  EXPECT_EQ(import(rows).already, 93U);
  auto report = staffing_.report(keeper_, {});
  ASSERT_TRUE(report) << message_of(report);
  EXPECT_EQ(report->at("one_each"), Json(true));
  EXPECT_EQ(report->at("cameras"), Json(90));
  EXPECT_TRUE(staffing_.set_mode(keeper_, "individual", "one each"));
  import("sworn,,,,,96,2022-12-02\npipeline,,,,,0,2022-12-02\n");
  report = staffing_.report(keeper_, {});
  EXPECT_EQ(to_json(report->at("officers_without_camera")), R"({"high":6,"low":6})");
  EXPECT_EQ(report->at("one_each"), Json(false));
  const auto refused = staffing_.set_mode(keeper_, "individual", "one each");
  EXPECT_EQ(code_of(refused), Code::kConflict);
  EXPECT_EQ(message_of(refused),
            "96 sworn and 90 cameras in service: 6 more officers than cameras. Assign from a pool");
  EXPECT_TRUE(staffing_.set_mode(keeper_, "pool", "by turns"));
  // As it was before the eight were sworn, and before the cameras came.
  EXPECT_EQ(*staffing_.report(keeper_, parse_day("2022-12-01"))->at("sworn").find_integer("low"), 88);
  EXPECT_EQ(staffing_.report(keeper_, parse_day("2022-11-30"))->at("cameras"), Json(0));
  EXPECT_TRUE(fleet_.set_state(keeper_, "AX-7", "lost", "", "left in a cruiser"));
  EXPECT_EQ(staffing_.report(keeper_, {})->at("cameras"), Json(89));
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FleetTest, AFileIsTakenWholeOrNotAtAll) {
  const std::uint64_t before = sealed();
  const auto done = staffing_.import(chief_, "what,name,count,from\nunit,Patrol,,\nsworn,,many,2022-12-02\n", "");
  EXPECT_EQ(code_of(done), Code::kInvalid);
  EXPECT_EQ(sealed(), before);
  EXPECT_EQ(count("units"), 0);
  // Whoever may enter strength may not put people into units.
  EXPECT_EQ(problem_of(staffing_.import(keeper_, "what,name\nunit,Patrol\n", "")), &problems::kRule);
  EXPECT_EQ(problem_of(staffing_.import(hill_, "what,count,from\nsworn,88,2022-12-02\n", "")), &problems::kRule);
  EXPECT_EQ(sealed(), before);
}

TEST_F(FleetTest, ARecordingIsWhoseTheCameraWasAndNotTheCameras) {
  import("camera,AX-1,,,,,2022-12-01\n");
  const std::string scans = begin("out");
  EXPECT_EQ(result(scan(scans, "AX-1")), "refused") << "to nobody";
  EXPECT_EQ(result(scan(scans, "101")), "officer");
  EXPECT_EQ(result(scan(scans, "AX-1", "101")), "out");
  const auto during = clock_.now() + 1'000'000;
  clock_.advance_us(3'600'000'000);
  EXPECT_EQ(result(scan(begin("in"), "AX-1")), "in");
  EXPECT_EQ(result(scan(begin("out"), "AX-1", "102")), "out");
  clock_.advance_us(60'000'000);
  const auto of = [&](Timestamp recorded_at) {
    Said said;
    said.device = "AX-1";
    said.recorded_at = recorded_at;
    return vault_->show(clerk_, admit(clerk_, said))->assigned_officer;
  };
  EXPECT_EQ(of(during), hill_.person);
  EXPECT_EQ(of(clock_.now()), ruiz_.person);
  const auto shown = fleet_.show(keeper_, "AX-1");
  ASSERT_TRUE(shown) << message_of(shown);
  EXPECT_EQ(shown->at("moves").array()->size(), 3U);
  EXPECT_EQ(shown->at("worn").array()->size(), 2U);
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FleetTest, TheScanBoxSaysWhatItMakesOfEachCode) {
  import("camera,AX-1,,,,,2022-12-01\ncamera,AX-2,,,,,2022-12-01\ncamera,AX-3,,,,,2022-12-01\n");
  const std::string out = begin("out");
  EXPECT_EQ(result(scan(out, "AX-1", "101")), "out");
  const std::uint64_t before = sealed();
  EXPECT_EQ(result(scan(out, "AX-1", "101")), "duplicate");
  EXPECT_EQ(result(scan(out, "nothing", "101")), "unknown");
  EXPECT_EQ(sentence(scan(out, "AX-2", "101")),
            "Of hill, badge 101 has AX-1 since 2022-12-02T16:53:21.00Z: check that in first");
  EXPECT_TRUE(fleet_.set_state(keeper_, "AX-2", "out_of_service", "", "cracked lens"));
  EXPECT_EQ(sentence(scan(out, "AX-2", "102")), "AX-2 is out of service: put it in service first");
  barred_ = "ruiz";
  EXPECT_EQ(sentence(scan(out, "AX-3", "102")), "Of hill has not been trained");
  barred_.clear();
  EXPECT_EQ(sealed(), before + 1) << "only the state";
  EXPECT_EQ(sentence(scan(begin("out"), "AX-1", "102")),
            "AX-1 is out with Of hill, badge 101 since 2022-12-02T16:53:21.00Z: check it in first");
  const std::string audit = begin("audit");
  EXPECT_EQ(result(scan(audit, "AX-2")), "seen");
  EXPECT_EQ(result(scan(audit, "AX-2")), "duplicate");
  const auto ended = fleet_.end_run(keeper_, audit);
  ASSERT_TRUE(ended) << message_of(ended);
  EXPECT_EQ(ended->at("scanned"), Json(1));
  EXPECT_EQ(ended->at("expected"), Json(1)) << "AX-1 is out and AX-2 out of service";
  EXPECT_EQ(*ended->at("missing").array()->at(0).find_string("serial"), "AX-3");
  EXPECT_EQ(code_of(fleet_.scan(keeper_, audit, "AX-3", "", "")), Code::kConflict) << "it has ended";
  EXPECT_EQ(code_of(fleet_.end_run(keeper_, audit)), Code::kConflict);
  EXPECT_EQ(sentence(scan(begin("in"), "AX-3")), "AX-3 is in already: nobody has it");
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FleetTest, ACameraMayComeBackInTheHundredthInWhichItWentOut) {
  import("camera,AX-1,,,,,2022-12-01\ncamera,AX-2,,,,,2022-12-01\n");
  const std::string out = begin("out");
  const std::string in = begin("in");
  EXPECT_EQ(result(scan(out, "AX-1", "101")), "out");
  clock_.advance_us(9'999);
  const auto back = fleet_.scan(keeper_, in, "AX-1", "", "");
  ASSERT_TRUE(back) << message_of(back);
  EXPECT_EQ(result(*back), "in");
  EXPECT_EQ(result(scan(out, "AX-2", "101")), "out") << "who gave one back may have another";
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FleetTest, WhatBeganWithinTheHundredthStandsWhenItIsScanned) {
  import("camera,AX-1,,,,,2022-12-01\n");
  clock_.advance_us(kHundredthUs - clock_.now().us % kHundredthUs + 5'000);
  std::string camera;
  ASSERT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
    camera = TRY(roster::device_by_serial(tx, ashfield_.id, "AX-1"))->id.text();
    return {};
  }));
  assign(hill_, roster::AssignmentKind::kDevice, camera, clock_.now());
  const auto back = fleet_.scan(keeper_, begin("in"), "AX-1", "", "");
  ASSERT_TRUE(back) << message_of(back);
  EXPECT_EQ(result(*back), "in");
  EXPECT_EQ(sentence(*back), "AX-1 is in, from Of hill, badge 101");
}

TEST_F(FleetTest, NobodyHandsACameraToThemselves) {
  import("camera,AX-1,,,,,2022-12-01\n");
  EXPECT_EQ(problem_of(fleet_.scan(keeper_, begin("out"), "AX-1", "50", "")), &problems::kRule);
  EXPECT_EQ(problem_of(fleet_.begin_run(hill_, "out")), &problems::kRule);
  EXPECT_EQ(problem_of(rotation_.take_part(keeper_, "50", "volunteered", {}, "")), &problems::kRule);
  EXPECT_EQ(code_of(fleet_.show(keeper_, "AX-9")), Code::kNotFound);
}

TEST_F(FleetTest, ACameraHasItsReportsAndFaults) {
  import("camera,AX-1,,,,,2022-12-01\n");
  ASSERT_TRUE(fleet_.report(keeper_, "AX-1", {"1.4.2", -1'500, 81, {}}));
  EXPECT_EQ(code_of(fleet_.report(keeper_, "AX-1", {})), Code::kInvalid);
  EXPECT_EQ(code_of(fleet_.report(keeper_, "AX-1", {"", {}, 101, {}})), Code::kInvalid);
  const auto fault = fleet_.found_fault(keeper_, "AX-1", "does not charge");
  ASSERT_TRUE(fault) << message_of(fault);
  auto shown = fleet_.show(keeper_, "AX-1");
  EXPECT_EQ(shown->at("clock_drift_ms"), Json(-1'500));
  EXPECT_EQ(shown->at("battery_percent"), Json(81));
  EXPECT_EQ(shown->at("firmware"), Json("1.4.2"));
  EXPECT_EQ(shown->at("open_faults"), Json(1));
  const std::string id = *fault->at("id").string();
  EXPECT_TRUE(fleet_.fixed_fault(keeper_, id, "new battery"));
  EXPECT_EQ(code_of(fleet_.fixed_fault(keeper_, id, "again")), Code::kConflict);
  EXPECT_EQ(fleet_.show(keeper_, "AX-1")->at("open_faults"), Json(0));
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FleetTest, ASwapIsRefusedEarlyAcceptedInTheWindowAndOverdueAfterIt) {
  begin_pilot();
  const std::string first = issue("101", "2022-12-02"), second = issue("102", "2022-12-02");
  EXPECT_EQ(code_of(rotation_.issue(keeper_, slot_, {"103", parse_day("2022-12-02"), {}, {}, {}})), Code::kConflict)
      << "both seats are taken";
  clock_.advance_us(50 * kDayUs);  // 2023-01-21
  const auto early = swap(first, "103", "2022-12-29");
  EXPECT_EQ(code_of(early), Code::kConflict);
  EXPECT_EQ(message_of(early),
            "2022-12-29 is day 27 of this turn: it may be swapped from 2022-12-30 (day 28) and should be by 2023-01-13 "
            "(day 42)");
  EXPECT_EQ(code_of(swap(first, "102", "2022-12-30")), Code::kConflict) << "has a seat";
  ASSERT_TRUE(swap(first, "103", "2022-12-30"));
  EXPECT_EQ(code_of(swap(first, "104", "2022-12-31")), Code::kConflict) << "it is over";
  EXPECT_EQ(alerts("2023-01-13"), std::vector<std::string>());
  EXPECT_EQ(alerts("2023-01-14"),
            std::vector<std::string>{
                "Patrol, Days, seat 2: Of ruiz, badge 102 is on day 43; the swap was due by 2023-01-13 (day 42)"});
  EXPECT_TRUE(swap(second, "104", "2023-01-13"));
  EXPECT_EQ(code_of(swap(first, "104", "2024-01-01")), Code::kInvalid) << "a day to come";
  const auto coverage = rotation_.status(keeper_, parse_day("2023-01-14"))->at("coverage");
  EXPECT_EQ(to_json(coverage), R"({"days_least":1,"days_most":42,"not_yet":0,"officers":4,"participants":4})");
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FleetTest, ASwapHandsTheCameraOverAndChangesNoRecordingOfBefore) {
  begin_pilot();
  const std::string turn = issue("101", "2022-12-02", "AX-1");
  Said said;
  said.device = "AX-1";
  clock_.advance_us(20 * kDayUs);
  said.recorded_at = clock_.now();
  const RecordingId before = admit(clerk_, said);
  clock_.advance_us(8 * kDayUs);  // 2022-12-30
  ASSERT_TRUE(swap(turn, "103", "2022-12-30"));
  clock_.advance_us(kDayUs);
  said.recorded_at = clock_.now();
  EXPECT_EQ(vault_->show(clerk_, admit(clerk_, said))->assigned_officer, cole_.person);
  EXPECT_EQ(vault_->show(clerk_, before)->assigned_officer, hill_.person);
  said.recorded_at = clock_.now() + -3 * kDayUs;
  EXPECT_EQ(vault_->show(clerk_, admit(clerk_, said))->assigned_officer, hill_.person) << "docked late, made before";
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FleetTest, APlanIsTheSameAgainAndTakesWhoHasNotWornOne) {
  begin_pilot();
  issue("101", "2022-12-02");
  issue("102", "2022-12-02");
  EXPECT_EQ(rotation_.plan(keeper_, parse_day("2022-12-29"), "")->at("proposals").array()->size(), 0U);
  const auto plan = rotation_.plan(keeper_, parse_day("2022-12-30"), "a lot");
  ASSERT_TRUE(plan) << message_of(plan);
  EXPECT_EQ(plan->at("proposals").array()->size(), 2U);
  EXPECT_EQ(plan->at("officers_before"), Json(2));
  EXPECT_EQ(plan->at("officers_after"), Json(4));
  for (const Json& each : *plan->at("proposals").array()) {
    EXPECT_NE(each.find_string("why")->find("has not worn one yet; "), std::string::npos);
    EXPECT_NE(each.find_string("why")->find("is on day 28 of 28 to 42"), std::string::npos);
  }
  EXPECT_EQ(to_json(*plan), to_json(*rotation_.plan(keeper_, parse_day("2022-12-30"), "a lot")));
  ASSERT_TRUE(rotation_.take_part(keeper_, "103", "withdrawn", {}, "a letter of the union"));
  const auto less = rotation_.plan(keeper_, parse_day("2022-12-30"), "a lot");
  EXPECT_EQ(less->at("proposals").array()->size(), 1U);
  EXPECT_EQ(less->at("unfilled").array()->size(), 1U);
  EXPECT_NE(less->at("follows_from_sha256"), plan->at("follows_from_sha256"));
}

TEST_F(FleetTest, WhoTakesPartIsWhatTheySaidLastByItsDay) {
  begin_pilot();
  const auto status = [&](const std::string& who, const std::string& what, const std::string& on,
                          const std::string& why) {
    return rotation_.take_part(keeper_, who, what, parse_day(on), why);
  };
  EXPECT_EQ(code_of(status("101", "volunteered", "2022-10-14", "")), Code::kConflict) << "stands already";
  EXPECT_EQ(code_of(status("101", "withdrawn", "2022-10-19", "")), Code::kInvalid) << "without a reason";
  ASSERT_TRUE(status("101", "withdrawn", "2022-10-19", "a letter of the union"));
  EXPECT_EQ(code_of(status("101", "selected", "2022-10-20", "")), Code::kConflict) << "has withdrawn";
  EXPECT_EQ(code_of(rotation_.issue(keeper_, slot_, {"101", parse_day("2022-12-02"), {}, {}, {}})), Code::kConflict);
  EXPECT_EQ(code_of(status("101", "ordered", "2022-11-10", "")), Code::kInvalid) << "without a reason";
  ASSERT_TRUE(status("101", "ordered", "2022-11-10", "notice of 1 November"));
  const std::string turn = issue("101", "2022-12-02");
  EXPECT_EQ(*(*rotation_.status(keeper_, {}))
                 .at("slots")
                 .array()
                 ->at(0)
                 .find("seating")
                 ->array()
                 ->at(0)
                 .find("turn")
                 ->find_string("mode"),
            "ordered");
  EXPECT_EQ(code_of(rotation_.end_slot(keeper_, slot_, {}, "the pilot is over")), Code::kConflict)
      << "somebody sits there";
  EXPECT_EQ(code_of(rotation_.vacate(keeper_, turn, {})), Code::kInvalid) << "without a reason";
  EXPECT_TRUE(rotation_.vacate(keeper_, turn, {{}, {}, {}, {}, "hurt on duty"}));
  EXPECT_TRUE(rotation_.end_slot(keeper_, slot_, {}, "the pilot is over"));
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FleetTest, AnotherWindowHoldsFromItsDay) {
  begin_pilot();
  const std::string turn = issue("101", "2022-12-02");
  clock_.advance_us(40 * kDayUs);
  ASSERT_TRUE(rotation_.set_window(keeper_, {14, 21}, parse_day("2022-12-20"), "a shorter pilot"));
  EXPECT_EQ(code_of(rotation_.set_window(keeper_, {14, 13}, {}, "none")), Code::kInvalid);
  EXPECT_EQ(code_of(swap(turn, "103", "2022-12-19")), Code::kConflict) << "by the old one";
  EXPECT_TRUE(swap(turn, "103", "2022-12-20"));
  EXPECT_EQ(faults(), std::vector<std::string>());
}

// Everything that this room keeps, and a column of it changed behind its back.
TEST_F(FleetTest, ARowThatSaysSomethingElseThanItsEventIsFound) {
  begin_pilot();
  import("authorized,,,,,97,2022-11-29\n");
  ASSERT_TRUE(staffing_.import(chief_, "what,name,aliases,source\nfacility,Souza,Shirley,a court\n", ""));
  ASSERT_TRUE(staffing_.set_mode(keeper_, "pool", "by turns"));
  ASSERT_TRUE(fleet_.report(keeper_, "AX-1", {"1.4.2", 1'500, 81, {}}));
  ASSERT_TRUE(fleet_.fixed_fault(keeper_, *fleet_.found_fault(keeper_, "AX-1", "dark")->at("id").string(), "new lens"));
  ASSERT_TRUE(rotation_.set_window(keeper_, {28, 42}, {}, "four to six weeks"));
  const std::string scans = begin("audit");
  scan(scans, "AX-1");
  ASSERT_TRUE(fleet_.end_run(keeper_, scans));
  const std::string turn = issue("101", "2022-12-02", "AX-1");
  clock_.advance_us(28 * kDayUs);
  ASSERT_TRUE(swap(turn, "103", "2022-12-30"));
  ASSERT_EQ(faults(), std::vector<std::string>());
  const std::map<std::string, std::vector<std::string>> numbers = {
      {"strengths", {"high", "from_day", "leaf_index", "entered_us"}},
      {"participations", {"on_day"}},
      {"camera_states", {"from_day"}},
      {"device_moves", {"moved_us"}},
      {"device_reports", {"drift_ms", "battery", "measured_us"}},
      {"device_faults", {"found_us", "fixed_us"}},
      {"scan_runs", {"ended_us", "expected", "seen"}},
      {"camera_slots", {"seats", "from_day"}},
      {"rotation_windows", {"max_days", "from_day"}},
      {"rotation_turns", {"seat", "from_day", "until_day"}}};
  for (const auto& [table, columns] : numbers) {
    for (const std::string& column : columns) {
      run(fmt::format("UPDATE {0} SET {1} = {1} + 1 WHERE {1} IS NOT NULL", table, column));
      EXPECT_FALSE(faults().empty()) << table << "." << column;
      run(fmt::format("UPDATE {0} SET {1} = {1} - 1 WHERE {1} IS NOT NULL", table, column));
      EXPECT_EQ(faults(), std::vector<std::string>()) << table << "." << column;
    }
  }
  const std::map<std::string, std::vector<std::string>> texts = {
      {"strengths", {"source"}},        {"shifts", {"name"}},
      {"facilities", {"name"}},         {"facility_names", {"name", "source"}},
      {"camera_states", {"reason"}},    {"device_moves", {"place"}},
      {"device_reports", {"firmware"}}, {"device_faults", {"what", "fix"}},
      {"issue_modes", {"reason"}},      {"rotation_windows", {"reason"}}};
  for (const auto& [table, columns] : texts) {
    for (const std::string& column : columns) {
      run(fmt::format("UPDATE {0} SET {1} = coalesce({1}, '') || '!'", table, column));
      EXPECT_FALSE(faults().empty()) << table << "." << column;
      run(fmt::format("UPDATE {0} SET {1} = nullif(substr({1}, 1, length({1}) - 1), '')", table, column));
      EXPECT_EQ(faults(), std::vector<std::string>()) << table << "." << column;
    }
  }
  run("DELETE FROM device_reports");
  ASSERT_EQ(faults().size(), 1U);
  EXPECT_TRUE(faults()[0].starts_with("report ")) << faults()[0];
}

}  // namespace
}  // namespace lapel::fleet
