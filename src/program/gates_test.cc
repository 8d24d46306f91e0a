// SPDX-License-Identifier: Apache-2.0
#include "program/gates.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "program/record_for_tests.h"
#include "program/rollouts.h"

namespace lapel::program {
namespace {

const SubjectName kPilotPhase{"phase", "pilot"};

Answers trained(std::int64_t ready, std::int64_t of, std::vector<Lack> lacks = {}) {
  return {{"training", Standing{ready, of, std::move(lacks)}}};
}

std::string refusal(const Program& program, const Answers& answers) {
  const auto checked = check_may_begin(program, answers, kPilotPhase);
  return checked ? "" : checked.error().message;
}

std::vector<std::string> gate(const std::string& slug, const std::string& needs,
                              const std::string& opens = "phase/pilot") {
  return {fmt::format(R"(gate/{} title "The {}")", slug, slug), fmt::format(R"(gate/{} opens "{}")", slug, opens),
          fmt::format(R"(gate/{} needs "{}")", slug, needs)};
}

Json::Object report_of(const Program& program, const Answers& answers, People people) {
  return gates_report(program, phases(program, answers), people);
}

GateState state_of(const Program& program, const Answers& answers, const std::string& slug) {
  for (const Phase& phase : phases(program, answers)) {
    for (const Gate& each : phase.gates) {
      if (each.name.slug == slug) return each.state;
    }
  }
  ADD_FAILURE() << "no gate " << slug;
  return GateState::kUnmet;
}

TEST(Gates, APhaseWaitsForEachOfItsGatesAndSaysExactlyWhatIsMissing) {
  Record record;
  ASSERT_EQ(record.state({R"(phase/pilot title "The pilot")"}), "");
  ASSERT_EQ(record.state(gate("training", "training")), "");
  ASSERT_EQ(record.state(gate("notice", "stated")), "");
  EXPECT_EQ(refusal(record.as_of("2022-11-29"), trained(7, 8, {{"Reyes", "Reyes has not attended"}})),
            "phase/pilot does not begin on 2022-11-29: 2 of 2 gates are unmet. The notice (notice): Nobody has stated "
            "that it is met: "
            "its met_on. The training (training): Reyes has not attended");
  ASSERT_EQ(record.state({R"(gate/notice met_on "2022-11-10")"}), "");
  EXPECT_EQ(refusal(record.as_of("2022-11-29"), trained(7, 8, {{"Reyes", "Reyes has not attended"}})),
            "phase/pilot does not begin on 2022-11-29: 1 of 2 gates is unmet. The training (training): Reyes has not "
            "attended");
  EXPECT_EQ(refusal(record.as_of("2022-11-30"), trained(8, 8)), "");
}

TEST(Gates, OneThatNobodyCanAnswerStaysShut) {
  Record record;
  ASSERT_EQ(record.state(gate("restore", "restore_test")), "");
  for (const Answers& answers : {Answers(), Answers{{"restore_test", std::nullopt}}}) {
    EXPECT_EQ(state_of(record.as_of("2022-11-29"), answers, "restore"), GateState::kNotAvailable);
    EXPECT_NE(refusal(record.as_of("2022-11-29"), answers), "");
  }
}

TEST(Gates, OneThatIsStatedIsMetFromItsDayOn) {
  Record record;
  ASSERT_EQ(record.state(gate("notice", "stated")), "");
  ASSERT_EQ(record.state({R"(gate/notice met_on "2022-12-10")"}), "");
  EXPECT_EQ(state_of(record.as_of("2022-12-09"), {}, "notice"), GateState::kUnmet);
  EXPECT_EQ(state_of(record.as_of("2022-12-10"), {}, "notice"), GateState::kMet);
}

TEST(Gates, BargainingIsClearWhenEachIsAgreedOrOrdered) {
  Record record;
  ASSERT_EQ(record.state(gate("bargaining", "bargaining")), "");
  EXPECT_EQ(state_of(record.as_of("2022-11-29"), {}, "bargaining"), GateState::kUnmet);  // nothing is stated
  ASSERT_EQ(record.state({R"(bargaining_unit/one title "Local 1")", R"(bargaining/one unit "bargaining_unit/one")",
                          R"(bargaining/one about "Cameras")", R"(bargaining/one state "agreed")"}),
            "");
  EXPECT_EQ(state_of(record.as_of("2022-11-29"), {}, "bargaining"), GateState::kMet);
  ASSERT_EQ(record.state({R"(bargaining_unit/two title "Local 2")", R"(bargaining/two unit "bargaining_unit/two")",
                          R"(bargaining/two about "Cameras")", R"(bargaining/two state "no_response")"}),
            "");
  EXPECT_EQ(refusal(record.as_of("2022-11-29"), {}),
            "phase/pilot does not begin on 2022-11-29: 1 of 1 gates is unmet. The bargaining (bargaining): "
            "bargaining/two with Local 2: "
            "no response");
  // One that names which is of that one alone.
  ASSERT_EQ(record.state({R"(gate/bargaining bargaining "bargaining/one")"}), "");
  EXPECT_EQ(state_of(record.as_of("2022-11-29"), {}, "bargaining"), GateState::kMet);
}

TEST(Gates, TermsOfAGrantAreEachMet) {
  Record record;
  ASSERT_EQ(record.state(gate("terms", "grant_terms")), "");
  EXPECT_EQ(state_of(record.as_of("2022-11-29"), {}, "terms"), GateState::kUnmet);  // none is stated
  ASSERT_EQ(record.state({R"(grant/one award "1000")", R"(grant_term/policy grant "grant/one")",
                          R"(grant_term/policy text "A policy")", R"(grant_term/report grant "grant/one")",
                          R"(grant_term/report text "A report")", R"(grant_term/report due "2023-06-30")",
                          R"(grant_term/policy met_on "2022-11-01")"}),
            "");
  EXPECT_EQ(refusal(record.as_of("2022-11-29"), {}),
            "phase/pilot does not begin on 2022-11-29: 1 of 1 gates is unmet. The terms (terms): grant_term/report: A "
            "report, due 2023-06-30");
  ASSERT_EQ(record.state({R"(grant_term/report met_on "2022-12-05")"}), "");
  EXPECT_EQ(state_of(record.as_of("2022-12-04"), {}, "terms"), GateState::kUnmet);
  EXPECT_EQ(state_of(record.as_of("2022-12-05"), {}, "terms"), GateState::kMet);
}

TEST(Gates, WhatAGrantUnderEmbargoAsksForIsToldToNobody) {
  const auto report = [](bool has_grant) {
    Record record;
    EXPECT_EQ(record.state(gate("terms", "grant_terms")), "");
    if (has_grant) {
      EXPECT_EQ(record.state({R"(grant/one award "1000")", R"(grant_term/policy grant "grant/one")",
                              R"(grant_term/policy text "A policy that nobody has")", R"(gate/terms grant "grant/one")",
                              R"(embargo/e covers "grant/one")"}),
                "");
    }
    return to_json(Json(report_of(record.as_of("2022-11-29"), {}, People::kNamed)));
  };
  EXPECT_EQ(report(true), report(false));
}

TEST(Gates, AWaiverCountsFromItsDayUntilItsEndAndIsOfOneGate) {
  Record record;
  ASSERT_EQ(record.state(gate("restore", "restore_test")), "");
  ASSERT_EQ(record.state(gate("other", "restore_test")), "");
  const std::string waiver = R"({"format": "lapel-program/1", "statements": [
    {"subject": "gate_waiver/w", "field": "gate", "value": "gate/restore", "reason": "Until it can be tried",
     "source": {"by": "the chief", "where": "Lapel", "on": "2022-11-10"}},
    {"subject": "gate_waiver/w", "field": "until", "value": "2022-12-01", "reason": "Until it can be tried",
     "source": {"by": "the chief", "where": "Lapel", "on": "2022-11-10"}}]})";
  // By a file it is refused; by the act it is taken.
  EXPECT_NE(record.import(*parse_json(waiver)), "");
  const auto batch = read_file(*parse_json(waiver), record.known(), kAgency, kNow, Acts::kAllowed);
  ASSERT_TRUE(batch);
  std::vector<Statement> all = record.known();
  all.insert(all.end(), batch->added.begin(), batch->added.end());
  const auto state = [&](const char* day, const char* slug) {
    Program program =
        fold(all, {day_of(kNow), day_of(kNow), Follows::kRecordedOn, Embargoed::kIncluded, Privileged::kLeftOut});
    program.view.as_of = *parse_day(day);
    return state_of(program, {}, slug);
  };
  EXPECT_EQ(state("2022-11-09", "restore"), GateState::kNotAvailable);
  EXPECT_EQ(state("2022-11-10", "restore"), GateState::kWaived);
  EXPECT_EQ(state("2022-11-30", "restore"), GateState::kWaived);
  EXPECT_EQ(state("2022-12-01", "restore"), GateState::kNotAvailable);
  EXPECT_EQ(state("2022-11-10", "other"), GateState::kNotAvailable);
}

TEST(Gates, OnlyTheRoleThatAGateNamesWaivesIt) {
  Record record;
  ASSERT_EQ(record.state(gate("named", "restore_test")), "");
  ASSERT_EQ(record.state({R"(gate/named waivable_by "command")"}), "");
  ASSERT_EQ(record.state(gate("unnamed", "restore_test")), "");
  access::Actor actor;
  const auto may = [&](access::Role role, const char* slug) {
    actor.roles = {role};
    return check_may_waive(record.as_of("2022-11-29"), actor, {"gate", slug}).has_value();
  };
  EXPECT_TRUE(may(access::Role::kCommand, "named"));
  EXPECT_FALSE(may(access::Role::kProgramManager, "named"));
  EXPECT_FALSE(may(access::Role::kCommand, "unnamed"));
  EXPECT_FALSE(may(access::Role::kCommand, "there-is-none"));
}

TEST(Gates, WhoeverIsToldOfNumbersAloneIsToldOfNobody) {
  Record record;
  ASSERT_EQ(record.state(gate("training", "training")), "");
  const Answers answers = trained(7, 8, {{"Reyes", "Reyes has not attended"}});
  const Program program = record.as_of("2022-11-29");
  EXPECT_NE(to_json(Json(report_of(program, answers, People::kNamed))).find("Reyes"), std::string::npos);
  const std::string counted = to_json(Json(report_of(program, answers, People::kCounted)));
  EXPECT_EQ(counted.find("Reyes"), std::string::npos);
  EXPECT_NE(counted.find("\"ready\":7"), std::string::npos);
}

TEST(Gates, HandingOutACameraAsksForWhatIsNobodysOwn) {
  Record record;
  ASSERT_EQ(record.state(gate("training", "training", "phase/check-out")), "");
  const Answers answers = trained(7, 8, {{"Reyes", "Reyes has not attended"}});
  EXPECT_TRUE(bars_of_check_out(record.as_of("2022-11-29"), record.as_of("2022-11-29"), answers)
                  .empty());  // that is Reyes's own
  ASSERT_EQ(record.state(gate("docks", "docks", "phase/check-out")), "");
  EXPECT_EQ(bars_of_check_out(record.as_of("2022-11-29"), record.as_of("2022-11-29"), answers),
            std::vector<std::string>{"The docks (docks): Nothing in Lapel tells of it yet"});
  EXPECT_EQ(record.state({R"(phase/check-out title "Out")", R"(phase/check-out started_on "2022-11-29")"}),
            "Statement 2 (phase/check-out started_on): handing out a camera is no phase that begins");
}

TEST(Gates, AtTheCounterNothingIsToldOfAGrantUnderEmbargo) {
  Record record;
  ASSERT_EQ(record.state(gate("terms", "grant_terms", "phase/check-out")), "");
  ASSERT_EQ(record.state({R"(grant/one award "1000")", R"(grant_term/policy grant "grant/one")",
                          R"(grant_term/policy text "A policy that nobody has")", R"(embargo/e covers "grant/one")",
                          R"(grant/open award "1")", R"(grant_term/open grant "grant/open")",
                          R"(grant_term/open text "A report")", R"(grant_term/open met_on "2022-11-01")"}),
            "");
  const Program whole = fold(record.known(), {*parse_day("2022-11-29"), day_of(kNow), Follows::kRecordedOn,
                                              Embargoed::kIncluded, Privileged::kLeftOut});
  const auto bars = bars_of_check_out(whole, record.as_of("2022-11-29"), {});
  ASSERT_EQ(bars.size(), 1u);  // shut all the same
  EXPECT_EQ(bars[0].find("A policy"), std::string::npos) << bars[0];
  EXPECT_EQ(bars[0].find("grant_term/policy"), std::string::npos) << bars[0];
}

TEST(Gates, WhoeverSeesNoMoneyIsToldOfNoTermAndOfNoShare) {
  Record record;
  ASSERT_EQ(record.import(sample("correction_2023")), "");
  ASSERT_EQ(record.state(gate("terms", "grant_terms")), "");
  ASSERT_EQ(record.state({R"(grant_term/t grant "grant/bja-2022")", R"(grant_term/t text "A yearly account")"}), "");
  Program program = record.as_of("2027-01-15");
  const std::vector<Phase> gated = phases(program, {});
  EXPECT_NE(to_json(Json(gates_report(program, gated, People::kNamed))).find("A yearly account"), std::string::npos);
  EXPECT_NE(to_json(Json(gates_report(program, gated, People::kNamed))).find("48606.61"), std::string::npos);
  leave_out_money(program);
  const std::string told = to_json(Json(gates_report(program, gated, People::kCounted)));
  for (const char* word : {"A yearly account", "48606.61", "3000000.00", "bja"})
    EXPECT_EQ(told.find(word), std::string::npos) << word;
  EXPECT_NE(told.find("Not every term is met"), std::string::npos);
}

TEST(Gates, NoPhaseBeginsOnADayToCome) {
  Record record;
  EXPECT_EQ(record.state({R"(phase/pilot title "The pilot")", R"(phase/pilot started_on "2099-01-01")"}),
            "Statement 2 (phase/pilot started_on): \"value\" is a day to come: state it when the phase has begun");
}

// A phase is open exactly when no gate of it is unmet, whatever the gates are.
RC_GTEST_PROP(Gates, APhaseIsRefusedExactlyWhenAGateIsUnmet, ()) {
  Record record;
  const auto days = *rc::gen::resize(6, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 3)))
                         .as("of each gate: never, before, after");
  bool is_open = true;
  for (std::size_t i = 0; i < days.size(); ++i) {
    RC_ASSERT(record.state(gate(fmt::format("g{}", i), "stated")).empty());
    if (days[i] != 0)
      RC_ASSERT(record.state({fmt::format(R"(gate/g{} met_on "{}")", i, days[i] == 1 ? "2022-11-01" : "2022-12-24")})
                    .empty());
    is_open = is_open && days[i] == 1;
  }
  RC_ASSERT(refusal(record.as_of("2022-11-29"), {}).empty() == is_open);
}

// ---- from site to site ----

TEST(Rollouts, TellHowManyAreLiveAndOfHowMany) {
  Record record;
  ASSERT_EQ(record.import(sample("correction_2023")), "");
  const auto told = [&](const char* day) {
    const Json::Array all = rollouts_json(record.as_of(day));
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  };
  EXPECT_EQ(*told("2023-08-31").find("live")->integer(), 0);
  EXPECT_EQ(*told("2023-09-01").find("live")->integer(), 1);
  EXPECT_EQ(*told("2023-09-01").find("of")->integer(), 1);  // how many there are was recorded later
  EXPECT_EQ(*told("2027-01-15").find("of")->integer(), 14);
  EXPECT_EQ(*told("2027-01-15").find_string("percent"), "7.1");
  EXPECT_TRUE(told("2027-01-15").find("wearers")->is_null());  // of thirteen sites nobody has said
  EXPECT_EQ(*told("2024-06-30").find("days_left")->integer(), 1);
}

}  // namespace
}  // namespace lapel::program
