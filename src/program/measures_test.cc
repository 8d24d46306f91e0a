// SPDX-License-Identifier: Apache-2.0
// What a pilot is judged by: fixed before it begins, counted from the catalog, not known where that has nothing.
#include "program/measures.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/problems.h"
#include "evidence/vault.h"
#include "program/council.h"
#include "program/drafts.h"
#include "program/import.h"
#include "program/papers.h"
#include "program/profiles.h"
#include "program/reports.h"
#include "roster/roster_for_tests.h"
#include "roster/staffing.h"

namespace lapel::program {
namespace {

constexpr Timestamp kToday{1'790'000'000'000'000};  // in 2026
constexpr std::int64_t kSecond = 1'000'000, kHour = 3'600 * kSecond, kDay = 24 * kHour;

Json file_of(const std::vector<std::string>& lines, const std::string& recorded_on) {
  std::string all;
  for (const std::string& line : lines) {
    const std::size_t a = line.find(' '), b = line.find(' ', a + 1);
    all += fmt::format(R"({}{{"subject": "{}", "field": "{}", "source": "s", "value": {}}})", all.empty() ? "" : ",",
                       line.substr(0, a), line.substr(a + 1, b - a - 1), line.substr(b + 1));
  }
  const auto out = parse_json(fmt::format(
      R"({{"format": "lapel-program/1", "recorded_on": "{}", "sources": {{"s": {{"by": "b", "where": "w", "on": "2022-10-01"}}}}, "statements": [{}]}})",
      recorded_on, all));
  EXPECT_TRUE(out) << all;
  return out ? *out : Json();
}

class MeasuresTest : public roster::RosterTest {
 protected:
  void SetUp() override {
    RosterTest::SetUp();
    ASSERT_TRUE(db::migrate(*database_, "evidence", evidence::schema()));
    ASSERT_TRUE(db::migrate(*database_, "staffing", roster::staffing_schema()));
  }

  // Empty: it was taken.
  std::string state(const std::vector<std::string>& lines, const std::string& recorded_on = "2022-11-28") {
    const Result<Batch> batch = read_file(file_of(lines, recorded_on), known_, agency_, kToday);
    if (!batch) {
      is_rule_ = batch.error().problem == &problems::kRule;
      return batch.error().message;
    }
    known_.insert(known_.end(), batch->added.begin(), batch->added.end());
    return "";
  }
  void state_pilot() {
    ASSERT_EQ(state({R"(pilot/p officers 8)"}), "");
    for (const std::string of :
         {"activation", "tagging", "review", "volume", "upload_delay", "complaints", "coverage"}) {
      const std::string subject = "measure/" + (of == "upload_delay" ? "delay" : of);
      ASSERT_EQ(
          state({subject + R"( title ")" + of + '"', subject + R"( pilot "pilot/p")", subject + R"( of ")" + of + '"'}),
          "");
    }
    ASSERT_EQ(state({R"(pilot/p started_on "2022-12-02")"}), "");
  }
  Program as_of(std::string_view day) const {
    return fold(known_,
                {*parse_day(day), day_of(kToday), Follows::kRecordedOn, Embargoed::kLeftOut, Privileged::kLeftOut});
  }
  std::map<std::string, Measure> measured(std::string_view day) {
    std::map<std::string, Measure> out;
    for (Measure& each : read([&](db::Transaction& tx) { return measures(tx, agency_, as_of(day)); }))
      out[each.of] = each;
    return out;
  }

  struct Recorded {
    std::optional<PersonId> officer = std::nullopt;
    std::string_view day = "2022-12-03";
    std::optional<std::string> category = std::nullopt, incident = std::nullopt;
    std::optional<std::int64_t> seconds = 1'800;
    std::int64_t delay_s = 600, bytes = 1'000'000'000;
    bool has_time = true;
  };
  std::string record(const Recorded& made) {
    const std::string id = hex(crypto::random_bytes<16>());
    const std::int64_t at = parse_day(made.day)->number * kDay + 8 * kHour;
    const std::int64_t received = at + made.seconds.value_or(0) * kSecond + made.delay_s * kSecond;
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(
          "INSERT INTO recordings (id, agency, sha256, bytes, codec, filename, filetype, recorded_us, received_us, "
          "sort_us, uploader, assigned_officer, incident, category, chain_starts_at, state, more, duration_ms) VALUES "
          "(:id, :agency, :id, :bytes, 'raw', 'a.mp4', 'video/mp4', :recorded, :received, :sort, :id, :officer, "
          ":incident, :category, 'dock', 'sealed', '{}', :duration)",
          {{"id", id},
           {"agency", agency_.text()},
           {"bytes", made.bytes},
           {"recorded", made.has_time ? std::optional(at) : std::nullopt},
           {"received", received},
           {"sort", made.has_time ? at : received},
           {"officer", made.officer ? std::optional(made.officer->text()) : std::nullopt},
           {"incident", made.incident},
           {"category", made.category},
           {"duration", made.seconds ? std::optional(*made.seconds * 1'000) : std::nullopt}}));
      return {};
    }));
    return id;
  }
  void view(const std::string& recording, const PersonId& person, std::string_view purpose, std::string_view day) {
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(
          "INSERT INTO views (id, recording, agency, person, purpose, opened_us, expires_us) VALUES (:id, :recording, "
          ":agency, :person, :purpose, :at, :at)",
          {{"id", hex(crypto::random_bytes<16>())},
           {"recording", recording},
           {"agency", agency_.text()},
           {"person", person.text()},
           {"purpose", purpose},
           {"at", parse_day(day)->number * kDay}}));
      return {};
    }));
  }
  void assign(const PersonId& person, std::string_view kind, const std::string& target) {
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(
          "INSERT INTO assignments (id, agency, person, kind, target, from_us) VALUES (:id, :agency, :person, :kind, "
          ":target, 0)",
          {{"id", hex(crypto::random_bytes<16>())},
           {"agency", agency_.text()},
           {"person", person.text()},
           {"kind", kind},
           {"target", target}}));
      return {};
    }));
  }
  std::string shift(const std::string& name, const PersonId& by) {
    const std::string id = hex(crypto::random_bytes<16>());
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(
          "INSERT INTO shifts (id, agency, leaf_index, entered_by, entered_us, name) VALUES (:id, :agency, 0, :by, 0, "
          ":name)",
          {{"id", id}, {"agency", agency_.text()}, {"by", by.text()}, {"name", name}}));
      return {};
    }));
    return id;
  }
  std::vector<PersonId> officers(int count) {
    std::vector<PersonId> out;
    for (int i = 0; i < count; ++i) out.push_back(add(agency_, fmt::format("officer{}", i), {access::Role::kOfficer}));
    return out;
  }

  std::vector<Statement> known_;
  bool is_rule_ = false;
};

TEST_F(MeasuresTest, NoneIsStatedAfterItsPilotBeganUnlessItCorrectsOne) {
  state_pilot();
  const std::vector<std::string> late = {R"(measure/late title "Late")", R"(measure/late pilot "pilot/p")",
                                         R"(measure/late of "tagging")"};
  EXPECT_NE(state(late, "2022-12-03").find("measure/late is stated on 2022-12-03, and pilot/p began on 2022-12-02"),
            std::string::npos);
  EXPECT_TRUE(is_rule_);
  EXPECT_NE(state({R"(measure/tagging target "9 in 10")"}, "2022-12-03"), "") << "what is hoped for is fixed as well";
  EXPECT_NE(state({R"(measure/tagging title "Other", "updates": ")" + known_[4].id + '"'}, "2022-12-03"), "");
  EXPECT_EQ(
      state({R"(measure/tagging title "Tags", "reason": "A slip", "corrects": ")" + known_[4].id + '"'}, "2022-12-03"),
      "");
  EXPECT_EQ(state(late, "2022-12-02"), "") << "on the day itself";
  // A start that is told to have been earlier makes them late, and that is told.
  EXPECT_TRUE(measured("2022-12-31")["tagging"].is_before_start);
  const auto began = std::ranges::find(known_, "started_on", &Statement::field);
  ASSERT_EQ(
      state({R"(pilot/p started_on "2022-11-01", "reason": "A slip", "corrects": ")" + began->id + '"'}, "2022-12-03"),
      "");
  EXPECT_FALSE(measured("2022-12-31")["tagging"].is_before_start);
}

TEST_F(MeasuresTest, WhatTheCatalogDoesNotHaveIsNotKnown) {
  EXPECT_TRUE(measured("2022-12-31").empty());
  state_pilot();
  for (const auto& [of, each] : measured("2022-12-01")) {
    EXPECT_FALSE(each.value) << of;
    EXPECT_EQ(each.missing, "the pilot begins on 2022-12-02");
  }
  for (const auto& [of, each] : measured("2022-12-31")) {
    EXPECT_FALSE(each.value) << of << " " << *each.value;
    EXPECT_NE(each.missing, "") << of;
  }
  // Recordings without length or time tell of no volume and no delay.
  record({.seconds = std::nullopt});
  const auto found = measured("2022-12-31");
  EXPECT_FALSE(found.at("volume").value);
  EXPECT_FALSE(found.at("upload_delay").value);
  EXPECT_EQ(found.at("tagging").value, "0.0 %") << "one that has no category is known";
}

TEST_F(MeasuresTest, EachIsCountedOfThePilotsDaysAsFarAsItWasKnownThen) {
  state_pilot();
  const auto people = officers(3);
  const PersonId sergeant = add(agency_, "sergeant", {access::Role::kSupervisor});
  record({.officer = people[0], .day = "2022-12-01", .category = "routine", .incident = "early"});  // before it began
  const std::string first = record({.officer = people[0], .category = "routine", .incident = "22-1"});
  const std::string second =
      record({.officer = people[0], .category = "routine", .incident = "22-1", .delay_s = 7'200});
  record({.officer = people[1], .day = "2022-12-05", .incident = "22-2", .delay_s = 60});
  record({.officer = people[2], .day = "2022-12-20", .category = "arrest"});
  view(first, people[0], "review", "2022-12-04");  // one's own is no review
  view(second, sergeant, "investigation", "2022-12-04");
  view(second, sergeant, "review", "2022-12-12");

  auto at = [&](const char* day) { return measured(day); };
  EXPECT_EQ(at("2022-12-10")["tagging"].value, "66.7 %");
  EXPECT_EQ(at("2022-12-10")["review"].value, "0.0 %");
  EXPECT_EQ(at("2022-12-31")["review"].value, "25.0 %");
  EXPECT_EQ(at("2022-12-31")["tagging"].value, "75.0 %");
  EXPECT_EQ(at("2022-12-31")["volume"].value, "2.0 hours, 4.0 GB");
  EXPECT_EQ(at("2022-12-31")["upload_delay"].value, "half within 10 min");
  EXPECT_EQ(at("2022-12-31")["upload_delay"].inputs[2].value, "2 h 0 min");
  EXPECT_EQ(at("2022-12-31")["coverage"].value, "37.5 %");
  EXPECT_EQ(at("2022-12-10")["coverage"].value, "25.0 %");
  const auto days = at("2022-12-31")["tagging"];
  EXPECT_EQ(day_text(*days.from) + day_text(*days.until), "2022-12-022022-12-31");
  ASSERT_EQ(state({R"(pilot/p ended_on "2022-12-04")"}, "2022-12-31"), "");
  EXPECT_EQ(at("2022-12-31")["tagging"].value, "100.0 %") << "its last day ends it";
}

TEST_F(MeasuresTest, CallsAndComplaintsAreEnteredAndGoAsFarAsTheyFollowOneAnother) {
  state_pilot();
  const auto people = officers(1);
  record({.officer = people[0], .incident = "22-1"});
  record({.officer = people[0], .day = "2022-12-20", .incident = "22-2"});
  EXPECT_EQ(measured("2022-12-31")["activation"].missing, "no figure of calls_for_service begins on 2022-12-02");
  const auto enter = [&](const std::string& slug, const std::string& what, const std::string& from,
                         const std::string& until, int count) {
    EXPECT_EQ(
        state({fmt::format(R"(figure/{} what "{}")", slug, what), fmt::format(R"(figure/{} from "{}")", slug, from),
               fmt::format(R"(figure/{} until "{}")", slug, until), fmt::format("figure/{} count {}", slug, count)},
              "2022-12-31"),
        "");
  };
  enter("calls-1", "calls_for_service", "2022-12-02", "2022-12-08", 3);
  auto of = measured("2022-12-31")["activation"];
  EXPECT_EQ(of.value, "33.3 %") << "of the days that are told of alone";
  EXPECT_EQ(day_text(*of.until), "2022-12-08");
  enter("calls-3", "calls_for_service", "2022-12-16", "2022-12-31", 5);
  EXPECT_EQ(measured("2022-12-31")["activation"].value, "33.3 %") << "a week between them is missing";
  enter("calls-2", "calls_for_service", "2022-12-09", "2022-12-15", 8);
  EXPECT_EQ(measured("2022-12-31")["activation"].value, "12.5 %");
  enter("complaints", "complaints", "2022-12-02", "2022-12-31", 0);
  EXPECT_EQ(measured("2022-12-31")["complaints"].value, "0") << "none is known, where somebody has said so";
  // A figure under embargo is as if nobody had entered it.
  ASSERT_EQ(state({R"(embargo/e covers "figure/calls-2")"}, "2022-12-31"), "");
  EXPECT_EQ(measured("2022-12-31")["activation"].value, "33.3 %");
  EXPECT_EQ(measured("2022-12-31")["complaints"].value, "0");
}

TEST_F(MeasuresTest, AShiftOfFewIsNotTold) {
  state_pilot();
  const auto people = officers(12);
  const std::string day = shift("day", people[0]), night = shift("night", people[0]), late = shift("late", people[0]);
  for (int i = 0; i < 12; ++i) {
    assign(people[i], "shift", i < 6 ? day : i < 11 ? night : late);
    record({.officer = people[i]});
  }
  const auto volume = measured("2022-12-31")["volume"];
  ASSERT_EQ(volume.groups.size(), 3U);
  std::map<std::string, bool> withheld;
  for (const Group& each : volume.groups) withheld[each.name] = each.is_withheld;
  EXPECT_EQ(withheld, (std::map<std::string, bool>{{"day", false}, {"late", true}, {"night", true}}))
      << "and the next smallest, or the total would give the one away";
  const std::string told = to_json(Json(measures_json({volume})));
  EXPECT_NE(told.find(R"("name":"late","officers":null,"recordings":null,"withheld":true)"), std::string::npos) << told;
  for (int i = 0; i < 12; ++i) EXPECT_EQ(told.find(people[i].text()), std::string::npos);
}

TEST(Groups, ThoseOfFewAreWithheldAndNeverOneAlone) {
  const auto withheld = [](std::vector<std::int64_t> officers) {
    std::vector<Group> groups;
    for (const std::int64_t each : officers) groups.push_back({"", each, 0, 0, 0, false});
    withhold_small(groups);
    std::string out;
    for (const Group& each : groups) out += each.is_withheld ? 'x' : '.';
    return out;
  };
  EXPECT_EQ(withheld({}), "");
  EXPECT_EQ(withheld({4}), "x");
  EXPECT_EQ(withheld({5, 6}), "..");
  EXPECT_EQ(withheld({4, 9, 6}), "x.x");
  EXPECT_EQ(withheld({4, 9, 3}), "x.x");
}

// ---- reports that statutes ask for ----

Profile profile(const std::string& name) {
  std::ifstream file(std::string(LAPEL_SOURCE_DIR) + "/share/reports/" + name + ".json", std::ios::binary);
  const auto json = parse_json(std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
  EXPECT_TRUE(json) << name;
  const auto out = json ? read_profile(*json) : Result<Profile>(Profile());
  EXPECT_TRUE(out) << (out ? "" : out.error().text());
  return out ? *out : Profile();
}

TEST_F(MeasuresTest, ThoseThatComeWithLapelAreReadAndAnswerNothingFromNothing) {
  for (const auto& [name, items] : {std::pair("dc", 8U), std::pair("illinois", 7U)}) {
    const Profile read_one = profile(name);
    EXPECT_EQ(read_one.slug, name);
    EXPECT_EQ(read_one.items.size(), items);
    const Json::Object made = read([&](db::Transaction& tx) {
      return profile_report(tx, agency_, as_of("2023-01-10"), read_one, *parse_day("2022-01-01"),
                            *parse_day("2022-12-31"));
    });
    for (const Json& item : *made.at("items").array()) {
      for (const Json& answer : *item.find("answers")->array())
        EXPECT_TRUE(answer.find("value")->is_null()) << to_json(answer);
    }
    const std::string page =
        *make_paper(Paper::kHtml, profile_document(Json(made), {"Agency", read_one.title, "somebody", {}, {}, {}}));
    EXPECT_NE(page.find("counsel confirms"), std::string::npos);
    EXPECT_NE(page.find(">not known<"), std::string::npos);
  }
}

TEST_F(MeasuresTest, AnItemIsAnsweredByWhatIsCountedAndWhatWasEntered) {
  const auto people = officers(2);
  record({.officer = people[0], .category = "arrest"});
  record({.officer = people[1]});
  assign(people[0], "device", "camera-1");
  ASSERT_EQ(
      state({R"(figure/f what "camera_failures")", R"(figure/f from "2022-07-01")", R"(figure/f until "2022-12-31")",
             R"(figure/f count 3)", R"(figure/f text "Two batteries, one lens")"},
            "2023-01-05"),
      "");
  const auto answers = [&](const char* name, std::string_view from, std::string_view until) {
    std::map<std::string, std::string> out;
    const Json::Object made = read([&](db::Transaction& tx) {
      return profile_report(tx, agency_, as_of("2023-01-10"), profile(name), *parse_day(from), *parse_day(until));
    });
    for (const Json& item : *made.at("items").array()) {
      for (const Json& answer : *item.find("answers")->array()) {
        const std::string* value = answer.find_string("value");
        if (value) out[*answer.find_string("name")] += *value + ";";
      }
    }
    return out;
  };
  EXPECT_EQ(answers("dc", "2022-07-01", "2022-12-31"),
            (std::map<std::string, std::string>{{"Hours", "1.0;"},
                                                {"Recordings", "2;"},
                                                {"Recordings: arrest", "1;"},
                                                {"Recordings: uncategorized", "1;"},
                                                {"Failures, and their reasons", "3;Two batteries, one lens;"}}));
  // Of a longer time the figure is not known, and what lies within it is said.
  EXPECT_EQ(answers("dc", "2022-01-01", "2022-12-31")["Failures, and their reasons"], "Two batteries, one lens;");
  EXPECT_EQ(answers("illinois", "2022-01-01", "2022-12-31")["Cameras"], "1;");
}

TEST(Profiles, OneThatIsNoneIsToldWhere) {
  const std::string begin =
      R"({"format": "lapel-report-profile/1", "slug": "x", "title": "t", "statute": "s", "address": "a", "note": "n", "items": [)";
  const std::map<std::string, std::string> wrong = {
      {R"({"n": "1", "title": "t", "asks": "a", "answers": [{"name": "n", "computed": "moon"}]})",
       "nothing computes \"moon\""},
      {R"({"n": "1", "title": "t", "asks": "a", "answers": [{"name": "n"}]})", "Item 1 of the profile"},
      {R"({"n": "1", "title": "t", "asks": "a"})", "Item 1 of the profile"},
  };
  for (const auto& [item, words] : wrong) {
    const auto read_one = read_profile(*parse_json(begin + item + "]}"));
    ASSERT_FALSE(read_one) << item;
    EXPECT_NE(read_one.error().message.find(words), std::string::npos) << read_one.error().message;
  }
  EXPECT_FALSE(read_profile(*parse_json("[]")));
}

// ---- drafts ----

TEST_F(MeasuresTest, AReviewerIsOneFromTheirDayUntilTheirDay) {
  ASSERT_EQ(state({R"(report_reviewer/mayor title "the mayor")", R"(report_reviewer/mayor login "mayor")",
                   R"(report_reviewer/mayor from "2022-11-29")", R"(report_reviewer/mayor until "2022-12-05")"}),
            "");
  const auto on = [&](std::string_view day, Privileged privileged) {
    std::string out;
    const Program program =
        fold(known_, {day_of(kToday), day_of(kToday), Follows::kRecordedOn, Embargoed::kIncluded, privileged});
    for (const ReportReviewer& each : report_reviewers_on(program, *parse_day(day)))
      out += each.title + "/" + each.login;
    return out;
  };
  EXPECT_EQ(on("2022-11-28", Privileged::kIncluded), "");
  EXPECT_EQ(on("2022-11-29", Privileged::kIncluded), "the mayor/mayor");
  EXPECT_EQ(on("2022-12-05", Privileged::kIncluded), "");
  EXPECT_EQ(on("2022-11-29", Privileged::kLeftOut), "the mayor/") << "as whom they sign in is for no report";
}

TEST_F(MeasuresTest, ADraftKnowsWhatHasComeUnderEmbargoSince) {
  ASSERT_EQ(state({R"(grant/g award "166586.73")", R"(strength/sworn people 88)"}), "");
  const Json draft(full_report(as_of("2022-11-29")));
  EXPECT_TRUE(hidden_in(draft, known_, as_of("2022-12-01")).empty());
  ASSERT_EQ(state({R"(embargo/e covers "grant/g")"}, "2022-11-30"), "");
  EXPECT_EQ(hidden_in(draft, known_, as_of("2022-12-01")), std::vector<std::string>{"grant/g"});
}

}  // namespace
}  // namespace lapel::program
