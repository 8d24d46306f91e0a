// SPDX-License-Identifier: Apache-2.0
// Policies and training by the room itself, on its real parts; and that a row which says something else than its event is found,
// whichever column it is.
#include "training/training.h"

#include "base/clock.h"
#include "evidence/vault_for_tests.h"
#include "training/courses.h"
#include "training/facts.h"
#include "training/policies.h"
#include "training/record_check.h"
#include "training/schema.h"

namespace lapel::training {
namespace {

using access::Role;
using evidence::code_of;
using evidence::message_of;
using evidence::problem_of;
using evidence::Said;

constexpr std::string_view kClauses =
    R"({"clauses": [{"key": "stops", "heading": "When to record", "text": "Record every stop."}],
        "check": [{"question": "When?", "choices": ["Never", "Always"], "right": 2}]})";
const PasskeyProof kSigned = {"AAEC", "ES256", "00ff", "ledger.example", "AAAA", "BBBB", "CCCC"};

// The clock stands at 2022-12-02, late in the day.
class TrainingTest : public evidence::VaultTest {
 protected:
  TrainingTest() { EXPECT_TRUE(db::migrate(*database_, "training", schema())); }

  void issue(const std::string& policy, const std::string& from = {}) {
    Policies::Issue wanted{*parse_json(kClauses), {}, "a note"};
    if (!from.empty()) wanted.effective = Timestamp{parse_day(from)->number * kDayUs};
    const auto done = policies_.issue(manager_, policy, wanted);
    EXPECT_TRUE(done) << message_of(done);
  }
  void add_policy(bool is_required, const std::string& unit = {}) {
    const auto done = policies_.add(manager_, {"temporary", "Temporary policy", is_required, unit});
    EXPECT_TRUE(done) << message_of(done);
  }
  Result<Json::Object> acknowledge(const access::Actor& who, std::int64_t number) {
    return policies_.acknowledge(who, "temporary", number, {1}, std::nullopt);
  }
  void add_course(const Courses::New& wanted) {
    const auto done = courses_.add(manager_, wanted);
    EXPECT_TRUE(done) << message_of(done);
  }
  std::string plan(const std::string& course, const std::string& on) {
    const auto done = courses_.plan(manager_, {course, parse_day(on), "Roll call", "Sgt. Boyd"});
    EXPECT_TRUE(done) << message_of(done);
    return done ? *done->at("id").string() : "";
  }
  std::string scan(const std::string& session, const std::string& code) {
    const auto done = courses_.scan(keeper_, session, code);
    EXPECT_TRUE(done) << message_of(done);
    return done ? *done->at("result").string() : "";
  }
  std::vector<std::string> missing(const access::Actor& who) {
    return read([&](db::Transaction& tx) { return Training::missing(tx, ashfield_.id, who.person, clock_.now()); });
  }
  Standing standing() {
    return read([&](db::Transaction& tx) { return Training::standing(tx, ashfield_.id, clock_.now()); });
  }
  std::vector<std::string> faults() {
    std::vector<std::string> out;
    const auto done = database_->read([&](db::Transaction& tx) {
      return check_record(tx, ashfield_.id, [&](std::string text) { out.push_back(std::move(text)); });
    });
    EXPECT_TRUE(done) << message_of(done);
    return out;
  }

  using Lines = std::vector<std::string>;
  const access::Actor manager_ = enter("manager", {Role::kProgramManager}, "40");
  const access::Actor keeper_ = enter("keeper", {Role::kCoordinator}, "50");
  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  const access::Actor hill_ = enter("hill", {Role::kOfficer}, "101");
  const access::Actor ruiz_ = enter("ruiz", {Role::kOfficer}, "102");
  const Parts parts_{*database_, *ledgers_, clock_};
  Training training_{parts_, *vault_};
  std::map<std::string, std::string> settings_ = {{"second_factor", "required"}};
  Policies policies_{
      parts_, [this](db::Transaction&, const AgencyId&, Timestamp) -> Result<std::map<std::string, std::string>> {
        return settings_;
      }};
  Courses courses_{parts_};
};

TEST_F(TrainingTest, WhereNothingIsRequiredNothingIsMissing) {
  EXPECT_EQ(missing(hill_), Lines{});
  EXPECT_FALSE(standing().policy.is_required);
  add_policy(false);
  issue("temporary", "2022-10-13");
  add_course({"basic", "Basic", {}, {}, {}, false, {}});
  EXPECT_EQ(missing(hill_), Lines{});
  EXPECT_EQ(standing().policy.concerned, 0);
}

TEST_F(TrainingTest, AVersionIsAskedForFromItsOwnTimeOn) {
  add_policy(true);
  EXPECT_EQ(missing(hill_), Lines{}) << "there is no version yet";
  issue("temporary", "2022-10-13");
  EXPECT_EQ(missing(hill_), Lines{"Of hill has not acknowledged version 1 of Temporary policy"});
  ASSERT_TRUE(acknowledge(hill_, 1));
  EXPECT_EQ(missing(hill_), Lines{});
  EXPECT_EQ(missing(ruiz_), Lines{"Of ruiz has not acknowledged version 1 of Temporary policy"});
  issue("temporary", "2022-12-04");
  EXPECT_EQ(missing(hill_), Lines{}) << "it is still to come";
  EXPECT_EQ(code_of(policies_.issue(manager_, "temporary", {*parse_json(kClauses), {}, ""})), Code::kConflict)
      << "before the one that is to come";
  clock_.advance_us(2 * kDayUs);
  EXPECT_EQ(missing(hill_), Lines{"Of hill has not acknowledged version 2 of Temporary policy"});
  const Standing all = standing();
  EXPECT_TRUE(all.policy.is_required);
  EXPECT_EQ(all.policy.concerned, 2);
  EXPECT_EQ(all.policy.ready, 0);
  ASSERT_EQ(all.policy.gaps.size(), 2U);
  EXPECT_EQ(all.policy.gaps[0].person, hill_.person);
  EXPECT_EQ(all.policy.gaps[0].sentence, "Of hill has not acknowledged version 2 of Temporary policy");
  ASSERT_TRUE(acknowledge(hill_, 2));
  EXPECT_EQ(standing().policy.ready, 1);
  EXPECT_EQ(faults(), Lines{});
}

TEST_F(TrainingTest, AcknowledgedIsWhatWasUnderstoodAndOnce) {
  add_policy(true);
  issue("temporary", "2022-10-13");
  const auto judged = policies_.judge(hill_, "temporary", 1, {0});
  ASSERT_TRUE(judged) << message_of(judged);
  EXPECT_EQ(judged->wrong, std::vector<std::int64_t>{1});
  EXPECT_EQ(judged->statement, "") << "before the answers are right there is nothing to sign";
  EXPECT_EQ(code_of(policies_.acknowledge(hill_, "temporary", 1, {0}, std::nullopt)), Code::kConflict);
  EXPECT_EQ(code_of(policies_.acknowledge(hill_, "temporary", 1, {}, std::nullopt)), Code::kConflict);
  EXPECT_EQ(code_of(acknowledge(hill_, 2)), Code::kNotFound);
  ASSERT_TRUE(policies_.acknowledge(hill_, "temporary", 1, {1}, kSigned));
  EXPECT_EQ(code_of(acknowledge(hill_, 1)), Code::kConflict);
  const std::vector<Json> events = this->events(hill_.person, "policy.acknowledged");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(text(events[0], "proof"), "passkey");
  EXPECT_EQ(text(events[0], "signature"), "CCCC");
  const auto shown = policies_.version(hill_, "temporary", std::nullopt);
  ASSERT_TRUE(shown);
  EXPECT_EQ(text(events[0], "sha256"), *shown->at("sha256").string());
  EXPECT_EQ(hex(crypto::sha256(as_bytes(*shown->at("text").string()))), *shown->at("sha256").string());
  EXPECT_EQ(faults(), Lines{});
}

TEST_F(TrainingTest, WhoHasAcknowledgedOnePolicyReadsAndAcknowledgesAnother) {
  add_policy(true);
  issue("temporary", "2022-10-13");
  ASSERT_TRUE(policies_.add(manager_, {"second", "Second policy", true, {}}));
  issue("second", "2022-10-13");
  ASSERT_TRUE(acknowledge(hill_, 1));
  const auto shown = policies_.version(hill_, "second", std::nullopt);
  ASSERT_TRUE(shown) << message_of(shown);
  EXPECT_TRUE(shown->at("acknowledged_at").is_null());
  EXPECT_TRUE(policies_.show(hill_, "second"));
  EXPECT_TRUE(policies_.changes(hill_, "second", 1, std::nullopt));
  ASSERT_TRUE(policies_.acknowledge(hill_, "second", 1, {1}, std::nullopt));
  EXPECT_EQ(missing(hill_), Lines{});
  EXPECT_EQ(training_.person(hill_, "hill")->at("acknowledgements").array()->size(), 2U);
}

TEST_F(TrainingTest, AUnitIsAskedAloneWhereItIsNamed) {
  const UnitId unit = crypto::new_id<UnitId>();
  write([&](db::Transaction& tx) { return roster::add_unit(tx, {unit, ashfield_.id, "Pilot"}, clock_.now()); });
  assign(hill_, roster::AssignmentKind::kUnit, unit.text());
  add_policy(true, "Pilot");
  issue("temporary", "2022-10-13");
  EXPECT_EQ(missing(hill_).size(), 1U);
  EXPECT_EQ(missing(ruiz_), Lines{});
  EXPECT_EQ(standing().policy.concerned, 1);
  ASSERT_TRUE(policies_.require_first(manager_, {"temporary", "", false, "", "the pilot is over"}));
  EXPECT_EQ(missing(hill_), Lines{});
  EXPECT_EQ(code_of(policies_.require_first(manager_, {"temporary", "basic", true, "", "both"})), Code::kInvalid);
  EXPECT_EQ(code_of(policies_.add(manager_, {"other", "Other", true, "Nowhere"})), Code::kNotFound);
}

TEST_F(TrainingTest, ARecordingStaysBoundToWhatWasInForceWhenItWasMade) {
  add_policy(true);
  issue("temporary", "2022-10-13");
  ASSERT_TRUE(acknowledge(hill_, 1));
  clock_.advance_us(1'000'000);
  const Timestamp made = clock_.now();
  clock_.advance_us(1'000'000);
  issue("temporary");
  ASSERT_TRUE(acknowledge(hill_, 2));
  clock_.advance_us(1'000'000);
  const RecordingId old = admit(clerk_, Said{.recorded_at = made, .wearer = "101"});
  const RecordingId recent = admit(clerk_, Said{.recorded_at = clock_.now(), .wearer = "101"});
  const RecordingId nobodys = admit(clerk_, Said{.recorded_at = made});
  const auto bound = [&](const RecordingId& id) {
    const auto out = training_.recording(clerk_, id);
    EXPECT_TRUE(out) << message_of(out);
    const Json policy = out ? out->at("policies").array()->at(0) : Json();
    return std::pair(*policy.find_integer("number"), *policy.find("acknowledged"));
  };
  EXPECT_EQ(bound(old), std::pair(std::int64_t{1}, Json(1)));
  EXPECT_EQ(bound(recent), std::pair(std::int64_t{2}, Json(2)));
  EXPECT_EQ(bound(nobodys), std::pair(std::int64_t{1}, Json()));
  EXPECT_EQ(code_of(training_.recording(ruiz_, old)), Code::kNotFound)
      << "it is not there for whoever may not know of it";
}

TEST_F(TrainingTest, AttendanceCountsUntilItEnds) {
  add_course({"basic", "Basic", {}, 3, {}, true, {}});
  add_course({"again", "Again", {}, {}, "basic", false, {}});
  EXPECT_EQ(missing(hill_), Lines{"Of hill has not attended Basic"});
  // A refresher does not teach.
  const std::string refresher = plan("again", "2022-11-29");
  EXPECT_EQ(scan(refresher, "101"), "attended");
  EXPECT_EQ(missing(hill_), Lines{"Of hill has not attended Basic"});
  const std::string session = plan("basic", "2022-11-30");
  EXPECT_EQ(scan(session, "101"), "attended");
  EXPECT_EQ(scan(session, "hill"), "duplicate");
  EXPECT_EQ(scan(session, "nobody"), "unknown");
  EXPECT_EQ(missing(hill_), Lines{});
  EXPECT_EQ(standing().training.ready, 1);
  // Three months after the last of November is the last of February.
  clock_.set(Timestamp{parse_day("2023-02-28")->number * kDayUs - 1});
  EXPECT_EQ(missing(hill_), Lines{});
  clock_.advance_us(1);
  EXPECT_EQ(missing(hill_), Lines{"Of hill: Basic counts no more since 2023-02-28"});
  EXPECT_EQ(scan(plan("again", "2023-02-28"), "101"), "attended");
  EXPECT_EQ(missing(hill_), Lines{});
  const auto overview = training_.overview(keeper_, {});
  ASSERT_TRUE(overview) << message_of(overview);
  EXPECT_EQ(to_json(overview->at("training")), R"({"concerned":2,"ready":1,"required":true})");
  EXPECT_EQ(to_json(*overview->at("people").array()->at(0).find("ending")), "[]") << "it ends in three months";
  clock_.advance_us(40 * kDayUs);
  EXPECT_EQ(to_json(*training_.overview(keeper_, {})->at("people").array()->at(0).find("ending")),
            R"([{"course":"Basic","on":"2023-05-28"}])");
  EXPECT_EQ(to_json(training_.overview(keeper_, parse_day("2022-11-30"))->at("training")),
            R"({"concerned":2,"ready":1,"required":true})");
  EXPECT_EQ(to_json(training_.overview(keeper_, parse_day("2022-11-29"))->at("training")),
            R"({"concerned":2,"ready":0,"required":true})");
  EXPECT_EQ(code_of(training_.overview(keeper_, parse_day("2033-01-01"))), Code::kInvalid);
  EXPECT_EQ(faults(), Lines{});
}

TEST_F(TrainingTest, ASessionThatWasNotHeldWasNotAttended) {
  add_course({"basic", "Basic", 365, {}, {}, true, {}});
  const std::string off = plan("basic", "2022-11-14");
  ASSERT_TRUE(courses_.cancel(manager_, off, "the trainer is on leave"));
  EXPECT_EQ(scan(off, "101"), "refused");
  EXPECT_EQ(scan(plan("basic", "2022-12-24"), "101"), "refused") << "it is still to come";
  const std::string held = plan("basic", "2022-12-01");
  EXPECT_EQ(code_of(courses_.plan(manager_, {"basic", parse_day("2022-12-01"), "Roll call", ""})), Code::kConflict);
  EXPECT_EQ(scan(held, "101"), "attended");
  EXPECT_EQ(code_of(courses_.cancel(manager_, held, "late")), Code::kConflict) << "somebody attended it";
  EXPECT_EQ(problem_of(courses_.scan(keeper_, held, "50")), &problems::kRule) << "nobody enters their own";
  const auto shown = courses_.show_session(keeper_, held);
  ASSERT_TRUE(shown) << message_of(shown);
  const std::string attendance = *shown->at("roster").array()->at(0).find_string("id");
  ASSERT_TRUE(courses_.withdraw(keeper_, attendance, "somebody else's badge"));
  EXPECT_EQ(code_of(courses_.withdraw(keeper_, attendance, "again")), Code::kConflict);
  EXPECT_EQ(missing(hill_), Lines{"Of hill has not attended Basic"});
  EXPECT_EQ(scan(held, "101"), "attended") << "after that, by themselves";
  EXPECT_EQ(faults(), Lines{});
}

TEST_F(TrainingTest, AFileIsTakenWholeOrNotAtAll) {
  add_course({"basic", "Basic", 365, {}, {}, true, {}});
  const std::string rows = "course,on,badge,trainer\nbasic,2022-11-30,101,Sgt. Boyd\nbasic,2022-11-30,102,\n";
  const std::uint64_t before = sealed();
  EXPECT_EQ(code_of(courses_.import(keeper_, rows + "basic,2022-11-30,999,\n")), Code::kInvalid);
  EXPECT_EQ(sealed(), before) << "of a file that is wrong nothing is taken";
  const auto done = courses_.import(keeper_, rows);
  ASSERT_TRUE(done) << message_of(done);
  EXPECT_EQ(done->added, 2U);
  EXPECT_EQ(done->sessions, 1U);
  const auto again = courses_.import(keeper_, rows);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->added, 0U);
  EXPECT_EQ(again->already, 2U);
  EXPECT_EQ(missing(ruiz_), Lines{});
  EXPECT_EQ(problem_of(courses_.import(keeper_, "course,on,badge\nbasic,2022-11-30,50\n")), &problems::kRule)
      << "nobody enters their own";
  EXPECT_EQ(faults(), Lines{});
}

TEST_F(TrainingTest, AClauseTellsWhetherItsSettingIsSo) {
  add_policy(true);
  constexpr std::string_view kSet =
      R"({"clauses": [{"key": "a", "heading": "h", "text": "t", "setting": "second_factor", "says": "required"},
                      {"key": "b", "heading": "h", "text": "t", "setting": "second_factor", "says": "optional"},
                      {"key": "c", "heading": "h", "text": "t", "setting": "retention_band", "says": "180 days"},
                      {"key": "d", "heading": "h", "text": "t", "setting": "policy_before_check_out", "says": "required"},
                      {"key": "e", "heading": "h", "text": "t", "items": ["homes", "made-up"]}]})";
  ASSERT_TRUE(policies_.issue(manager_, "temporary", {*parse_json(kSet), {}, ""}));
  const auto shown = policies_.version(hill_, "temporary", std::nullopt);
  ASSERT_TRUE(shown) << message_of(shown);
  Lines told;
  for (const Json& clause : *shown->at("clauses").array()) {
    const Json* setting = clause.find("setting");
    told.push_back(setting->is_null() ? "nothing" : *setting->find_string("sentence"));
  }
  EXPECT_EQ(told,
            (Lines{"Enforced. A second factor at sign-in: required",
                   "Not so. The clause says optional. A second factor at sign-in: required", "Not enforced by Lapel",
                   "Enforced. No camera without having acknowledged this policy: required", "nothing"}));
  const auto list = policies_.checklist(hill_);
  ASSERT_TRUE(list) << message_of(list);
  for (const Json& item : *list->at("items").array()) {
    EXPECT_EQ(item.find("clauses")->array()->size(), *item.find_string("key") == "homes" ? 1U : 0U);
  }
}

TEST_F(TrainingTest, WhoMayDoWhat) {
  add_policy(true);
  issue("temporary", "2022-10-13");
  EXPECT_EQ(problem_of(policies_.add(hill_, {"own", "Own", true, {}})), &problems::kRule);
  EXPECT_EQ(problem_of(policies_.issue(hill_, "temporary", {*parse_json(kClauses), {}, ""})), &problems::kRule);
  EXPECT_EQ(problem_of(courses_.plan(hill_, {"basic", {}, {}, {}})), &problems::kRule);
  EXPECT_TRUE(training_.person(hill_, "hill"));
  EXPECT_EQ(problem_of(training_.person(hill_, "ruiz")), &problems::kRule);
  EXPECT_EQ(problem_of(training_.person(hill_, "nobody")), &problems::kRule) << "and learns of no name by trying";
  EXPECT_EQ(problem_of(training_.overview(hill_, {})), &problems::kRule);
  EXPECT_EQ(code_of(training_.person(keeper_, "nobody")), Code::kNotFound);
  EXPECT_TRUE(training_.person(keeper_, "101"));
  // A dock is told the same of whoever there is and of nobody.
  access::Actor dock;
  dock.agency = ashfield_.id;
  dock.dock = crypto::new_id<DockId>();
  EXPECT_EQ(code_of(training_.person(dock, "hill")), Code::kNotFound);
  EXPECT_EQ(message_of(training_.person(dock, "hill")), message_of(training_.person(dock, "nobody")));
  // A supervisor sees the people of their own unit.
  const UnitId unit = crypto::new_id<UnitId>();
  write([&](db::Transaction& tx) { return roster::add_unit(tx, {unit, ashfield_.id, "Days"}, clock_.now()); });
  const access::Actor sergeant = enter("sergeant", {Role::kSupervisor});
  assign(hill_, roster::AssignmentKind::kUnit, unit.text());
  assign(sergeant, roster::AssignmentKind::kUnitSupervisor, unit.text());
  EXPECT_TRUE(training_.person(sergeant, "hill"));
  EXPECT_EQ(problem_of(training_.person(sergeant, "ruiz")), &problems::kRule);
  const auto overview = training_.overview(sergeant, {});
  ASSERT_TRUE(overview) << message_of(overview);
  Lines seen;
  for (const Json& row : *overview->at("people").array()) seen.push_back(*row.find("person")->find_string("name"));
  EXPECT_EQ(seen, (Lines{"Of hill, badge 101", "Of sergeant"}));
  const access::Actor stranger = enter_elsewhere("stranger", {Role::kProgramManager, Role::kOfficer});
  EXPECT_EQ(code_of(policies_.version(stranger, "temporary", 1)), Code::kNotFound);
  EXPECT_TRUE(policies_.list(stranger)->empty());
}

// Everything that this room keeps, and a column of it changed behind its back.
TEST_F(TrainingTest, ARowThatSaysSomethingElseThanItsEventIsFound) {
  add_policy(true);
  issue("temporary", "2022-10-13");
  issue("temporary");
  ASSERT_TRUE(policies_.acknowledge(hill_, "temporary", 1, {1}, kSigned));
  ASSERT_TRUE(policies_.require_first(manager_, {"temporary", "", true, "", "for the pilot"}));
  add_course({"basic", "Basic", 365, {}, {}, true, {}});
  add_course({"again", "Again", {}, 12, "basic", false, {}});
  const std::string held = plan("basic", "2022-12-01"), off = plan("basic", "2022-11-14");
  ASSERT_TRUE(courses_.cancel(manager_, off, "on leave"));
  scan(held, "101");
  scan(held, "102");
  const std::string attendance = *courses_.show_session(keeper_, held)->at("roster").array()->at(0).find_string("id");
  ASSERT_TRUE(courses_.withdraw(keeper_, attendance, "in error"));
  ASSERT_EQ(faults(), Lines{});
  const std::map<std::string, std::vector<std::string>> numbers = {
      {"policies", {"leaf_index", "entered_us"}},
      {"policy_versions", {"number", "effective_us"}},
      {"policy_acknowledgements", {"leaf_index", "entered_us"}},
      {"training_courses", {"valid_days", "valid_months"}},
      {"training_sessions", {"on_day", "cancelled_us"}},
      {"training_attendances", {"withdrawn_us", "entered_us"}}};
  for (const auto& [table, columns] : numbers) {
    for (const std::string& column : columns) {
      run(fmt::format("UPDATE {0} SET {1} = {1} + 10 WHERE {1} IS NOT NULL", table, column));
      EXPECT_FALSE(faults().empty()) << table << "." << column;
      run(fmt::format("UPDATE {0} SET {1} = {1} - 10 WHERE {1} IS NOT NULL", table, column));
      EXPECT_EQ(faults(), Lines{}) << table << "." << column;
    }
  }
  const std::map<std::string, std::vector<std::string>> texts = {
      {"policies", {"slug", "title"}},
      {"policy_versions", {"right_choices", "note", "sha256"}},
      {"policy_texts", {"body"}},
      {"policy_acknowledgements",
       {"sha256", "credential", "algorithm", "public_key", "rp_id", "authenticator_data", "client_data", "signature"}},
      {"training_courses", {"slug", "title"}},
      {"training_requirements", {"reason"}},
      {"training_sessions", {"place", "trainer", "end_reason"}},
      {"training_attendances", {"end_reason"}}};
  for (const auto& [table, columns] : texts) {
    for (const std::string& column : columns) {
      run(fmt::format("UPDATE {0} SET {1} = coalesce({1}, '') || '!'", table, column));
      EXPECT_FALSE(faults().empty()) << table << "." << column;
      run(fmt::format("UPDATE {0} SET {1} = nullif(substr({1}, 1, length({1}) - 1), '')", table, column));
      EXPECT_EQ(faults(), Lines{}) << table << "." << column;
    }
  }
  // A text that is not what people acknowledged is not shown to anybody either.
  run("UPDATE policy_texts SET body = replace(body, 'every', 'no')");
  EXPECT_EQ(code_of(policies_.version(hill_, "temporary", 1)), Code::kCorrupt);
  run("DELETE FROM policy_texts");
  EXPECT_EQ(faults().size(), 2U);
}

TEST_F(TrainingTest, ATextOfNoVersionIsFoundAndARecordThatCannotBeReadIsNoSoundOne) {
  add_policy(true);
  issue("temporary", "2022-10-13");
  expect_refusals_told(check_record, 10);
  const auto found = [&](const std::vector<std::string>& changes, const std::vector<std::string>& words) {
    const Lines all = faults_after(changes, check_record);
    EXPECT_TRUE(names(all, words)) << fmt::format("{}\n{}", fmt::join(changes, "; "), fmt::join(all, "\n"));
  };
  found({fmt::format("INSERT INTO policy_texts (agency, sha256, body) VALUES ('{}', '{}', 'a')", ashfield_.id.text(),
                     hex(crypto::sha256(as_bytes("a"))))},
        {"policy text", "no version has it"});
  found({"UPDATE policy_texts SET body = 'a'"}, {"policy text", "its words are others"});
  found({"UPDATE ledger_events SET event = '{' WHERE type = 'policy.issued'"}, {"the catalog has it, and no event"});
  if (database_->engine() == db::Engine::kSqlite) {
    found({"PRAGMA defer_foreign_keys = ON", "UPDATE policy_texts SET agency = 'nowhere'"},
          {"policy_texts: 1 rows name no agency"});
  }
  // Of very many events each is compared.
  std::vector<ledger::Draft> events;
  for (int i = 0; i <= 1'000; ++i) {
    events.push_back({ashfield_.console, "policy.added", {{"policy", fmt::format("{:032}", i + 1)}}, false});
  }
  seal(manager_.person, std::move(events), ashfield_);
  EXPECT_EQ(faults().size(), 1'001U);
}

}  // namespace
}  // namespace lapel::training
