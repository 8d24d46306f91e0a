// SPDX-License-Identifier: Apache-2.0
#include "program/bargaining.h"

#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "program/bargaining_report.h"
#include "program/council.h"
#include "program/papers.h"
#include "program/publications.h"
#include "program/record_for_tests.h"
#include "program/reports.h"

namespace lapel::program {
namespace {

const std::vector<std::string> kUnits = {
    R"(bargaining_unit/one title "Local 1")",
    R"(bargaining_unit/two title "Local 2")",
    R"(notice/n title "Notice of intent")",
    R"(notice/n purpose "impact_bargaining")",
    R"(notice/n to "bargaining_unit/one")",
    R"(participation/one pilot "pilot/p")",
    R"(participation/one unit "bargaining_unit/one")",
    R"(participation/one participants 6)",
};
const std::vector<std::string> kReviewer = {
    R"(notice_reviewer/mayor title "the mayor")",
    R"(notice_reviewer/mayor from "2022-10-28")",
};
std::vector<std::string> review(const std::string& decision, const std::string& at, const std::string& slug = "r") {
  return {fmt::format(R"(notice_review/{} notice "notice/n")", slug),
          fmt::format(R"(notice_review/{} reviewer "notice_reviewer/mayor")", slug),
          fmt::format(R"(notice_review/{} decision "{}")", slug, decision),
          fmt::format(R"(notice_review/{} decided_at "{}")", slug, at)};
}
std::vector<std::string> sent(const std::string& at) {
  return {fmt::format(R"(notice/n sent_at "{}")", at)};
}
std::vector<std::string> received(const std::string& unit, const std::string& at) {
  return {R"(notice_delivery/d notice "notice/n")", fmt::format(R"(notice_delivery/d unit "bargaining_unit/{}")", unit),
          fmt::format(R"(notice_delivery/d received_at "{}")", at)};
}
Record town() {
  Record out;
  EXPECT_EQ(out.state(kUnits), "");
  return out;
}

TEST(Moments, ADayHasNoTimeAndATimeHasAnOffset) {
  EXPECT_FALSE(parse_moment("2022-10-28")->at);
  EXPECT_TRUE(parse_moment("2022-10-28T16:40:00-04:00")->at);
  // The day is the one that is written, where it was.
  EXPECT_EQ(day_text(parse_moment("2022-10-28T23:40:00-04:00")->day), "2022-10-28");
  for (const char* bad : {"", "2022-10", "2022-10-32", "2022-10-28T16:40", "2022-10-28T16:40:00", "2022-10-28 noon"}) {
    EXPECT_FALSE(parse_moment(bad)) << bad;
  }
  const auto is = [](const char* one, const char* other) {
    return is_before(*parse_moment(one), *parse_moment(other));
  };
  EXPECT_TRUE(is("2022-10-28T10:00:00-04:00", "2022-10-28T15:00:00Z"));
  EXPECT_FALSE(is("2022-10-28T12:00:00-04:00", "2022-10-28T15:00:00Z"));
  EXPECT_FALSE(is("2022-10-28", "2022-10-28T15:00:00Z"));
  EXPECT_FALSE(is("2022-10-28T15:00:00Z", "2022-10-28"));
  EXPECT_TRUE(is("2022-10-27", "2022-10-28T15:00:00Z"));
}

TEST(Weeks, AreWholeOrHaveAHalf) {
  const std::map<std::string, std::int64_t> days = {{"1", 7}, {"2.5", 17}, {"0.5", 3}, {"3", 21}, {"520", 3640}};
  for (const auto& [text, number] : days) {
    ASSERT_TRUE(parse_weeks(text)) << text;
    EXPECT_EQ(parse_weeks(text)->days(), number) << text;
  }
  for (const char* bad : {"", "0", ".5", "-1", "2.50", "2.4", "02", "2½", "521", "1e2", " 1", "99999999999999999999"}) {
    EXPECT_FALSE(parse_weeks(bad)) << bad;
  }
}

TEST(Bargaining, PittsfieldsVolunteersAreWithdrawnAndThePilotIsPaused) {
  Record record;
  ASSERT_EQ(record.import(sample("pittsfield_2022")), "");
  ASSERT_EQ(record.import(sample("pittsfield_bargaining_2022")), "");
  const SubjectName pilot{"pilot", "2022"};
  const std::map<std::string, std::int64_t> by_day = {{"2022-10-07", 6}, {"2022-10-12", 6}, {"2022-10-13", 0},
                                                      {"2022-10-20", 8}, {"2022-10-23", 8}, {"2022-10-24", 0}};
  for (const auto& [day, number] : by_day) {
    const auto part = participants(record.as_of(day), pilot);
    ASSERT_TRUE(part) << day;
    EXPECT_EQ(part->number, number) << day;
    EXPECT_EQ(pilot_state(*part), number == 0 ? "paused_no_participants" : "has_participants") << day;
  }
  EXPECT_FALSE(participants(record.as_of("2022-10-06"), pilot));
  for (const char* slug : {"447", "447s"}) {
    const auto window = session_window(record.as_of("2022-10-25"), {"bargaining", slug});
    ASSERT_TRUE(window);
    EXPECT_EQ(day_text(window->until), "2022-11-11");
  }
  const Program after = record.as_of("2022-11-30");
  EXPECT_EQ(after.field({"bargaining", "447s"}, "opened_on")->beside().size(), 1U);
  EXPECT_EQ(after.standing({"bargaining", "447s"}, "state")->value->words, "agreed");
  EXPECT_EQ(record.as_of("2022-11-28").standing({"bargaining", "447s"}, "state")->value->words, "open");
}

TEST(Bargaining, ANoticeIsSentOnlyAfterEachReviewerHasApprovedIt) {
  const auto standing = [](const Record& record) {
    return notice_state_name(*notice_standing(record.as_of("2022-11-29"), {"notice", "n"}).state);
  };
  Record record = town();
  EXPECT_EQ(standing(record), "may_be_sent");
  ASSERT_EQ(record.state(kReviewer), "");
  EXPECT_EQ(standing(record), "waits_for_review");
  EXPECT_EQ(record.state(sent("2022-10-28")),
            "notice/n is not sent before notice_reviewer/mayor (the mayor) has decided: state a notice_review with the "
            "decision first");
  EXPECT_TRUE(record.was_rule());
  {
    Record refused = record;
    ASSERT_EQ(refused.state(review("refused", "2022-10-28")), "");
    EXPECT_EQ(standing(refused), "refused");
    EXPECT_EQ(refused.state(sent("2022-10-28")),
              "notice/n is not sent: notice_reviewer/mayor (the mayor) has refused it");
    // The last decision counts, in whatever order they are told.
    ASSERT_EQ(refused.state(review("approved", "2022-10-29", "again")), "");
    ASSERT_EQ(refused.state(review("refused", "2022-10-27", "earlier")), "");
    EXPECT_EQ(standing(refused), "may_be_sent");
    EXPECT_EQ(refused.state(sent("2022-10-29")), "");
  }
  {
    Record late = record;
    ASSERT_EQ(late.state(review("approved", "2022-10-28T16:00:00-04:00")), "");
    EXPECT_NE(late.state(sent("2022-10-28T15:59:59-04:00")).find("is not sent before"), std::string::npos);
    EXPECT_EQ(late.state(sent("2022-10-28T20:00:00Z")), "");
    EXPECT_EQ(standing(late), "sent");
  }
  {
    // Both in one file: what counts is what it comes to.
    Record one = record;
    std::vector<std::string> both = sent("2022-10-28");
    for (const std::string& line : review("approved", "2022-10-28")) both.push_back(line);
    EXPECT_EQ(one.state(both), "");
    // A reviewer who is named afterwards does not unsend it.
    EXPECT_EQ(one.state({R"(notice_reviewer/clerk title "the clerk")", R"(notice_reviewer/clerk from "2022-10-01")"}),
              "");
    EXPECT_EQ(one.state({R"(notice/n note "It was sent")"}), "");
    EXPECT_EQ(standing(one), "sent");
  }
  // Before the reviewer's time, and after it.
  Record early = record, over = record;
  EXPECT_EQ(early.state(sent("2022-10-27")), "");
  ASSERT_EQ(over.state({R"(notice_reviewer/mayor until "2022-11-05")"}), "");
  EXPECT_NE(over.state(sent("2022-11-04")), "");
  EXPECT_EQ(over.state(sent("2022-11-05")), "");
  EXPECT_NE(record.state(sent("2126-10-28")).find("to come"), std::string::npos);
}

TEST(Bargaining, ASecondAccountOfTheSendingStandsBesideItAndIsHeldToTheRuleWhenItIsChosen) {
  Record record = town();
  ASSERT_EQ(record.state(kReviewer), "");
  ASSERT_EQ(record.state(review("approved", "2022-10-29")), "");
  ASSERT_EQ(record.state({R"(notice/n sent_at "2022-10-29", "name": "a")"}), "");
  EXPECT_EQ(record.state({R"(notice/n sent_at "2022-10-28", "name": "b", "contradicts": "a")"}), "");
  const std::string choice =
      R"({"format": "lapel-program/1", "statements": [{"subject": "notice/n", "field": "sent_at", "chooses": "b", "reason": "r",
         "source": {"by": "b", "where": "w", "on": "2022-11-01"}}]})";
  EXPECT_NE(record.import(*parse_json(choice)).find("is not sent before"), std::string::npos);
}

TEST(Bargaining, ItIsReceivedAfterItIsSentAndByWhomItIsFor) {
  Record record = town();
  EXPECT_NE(record.state(received("one", "2022-10-28")).find("state its sent_at first"), std::string::npos);
  ASSERT_EQ(record.state(sent("2022-10-28T15:00:00-04:00")), "");
  EXPECT_NE(record.state(received("one", "2022-10-28T14:00:00-04:00")).find("sent later"), std::string::npos);
  EXPECT_NE(record.state(received("two", "2022-10-28T16:00:00-04:00")).find("is not for bargaining_unit/two"),
            std::string::npos);
  EXPECT_TRUE(record.was_rule());
  EXPECT_EQ(record.state(received("one", "2022-10-28T16:00:00-04:00")), "");
}

TEST(Bargaining, NobodyIsOrderedBeforeTheirUnitHadNoticeNorWithoutAReason) {
  const std::vector<std::string> ordered = {R"(participation/one mode "ordered", "reason": "r")"};
  const std::vector<std::string> mandatory = {R"(pilot/p wear "mandatory", "reason": "r")"};
  const std::vector<std::string> ended = {R"(bargaining/b unit "bargaining_unit/one")", R"(bargaining/b about "wear")",
                                          R"(bargaining/b state "ordered", "reason": "r")"};
  for (const auto& order : {ordered, mandatory, ended}) {
    Record record = town();
    EXPECT_NE(record.state(order).find(
                  "refused until a notice of impact bargaining was sent to bargaining_unit/one (Local 1)"),
              std::string::npos);
    EXPECT_TRUE(record.was_rule());
    ASSERT_EQ(record.state(sent("2022-10-28")), "");
    std::vector<std::string> bare = order;
    bare.back() = bare.back().substr(0, bare.back().find(','));
    EXPECT_NE(record.state(bare).find("\"reason\" is missing"), std::string::npos);
    EXPECT_EQ(record.state(order), "");
  }
  // A notice of something else is none.
  Record other;
  std::vector<std::string> units = kUnits;
  units[3] = R"(notice/n purpose "intent")";
  ASSERT_EQ(other.state(units), "");
  ASSERT_EQ(other.state(sent("2022-10-28")), "");
  EXPECT_NE(other.state(ordered), "");
  // Nor does an order follow whoever joins later, or takes another's place.
  Record late = town();
  ASSERT_EQ(late.state(sent("2022-10-28")), "");
  ASSERT_EQ(late.state(mandatory), "");
  EXPECT_NE(late.state({R"(participation/two pilot "pilot/p")", R"(participation/two unit "bargaining_unit/two")",
                        R"(participation/two participants 1)"}),
            "");
  Record moved = town();
  ASSERT_EQ(moved.state(sent("2022-10-28")), "");
  ASSERT_EQ(moved.state({R"(participation/one mode "ordered", "reason": "r")"}), "");
  const std::string id = moved.as_of("2022-11-29").standing({"participation", "one"}, "unit")->id;
  EXPECT_NE(moved.state({fmt::format(R"(participation/one unit "bargaining_unit/two", "updates": "{}")", id)}), "");
}

TEST(Bargaining, WhatIsNoWordOfTheTableIsRefused) {
  Record record = town();
  const std::map<std::string, std::string> wrong = {
      {R"(participation/one mode "volunteer ordered")", "must be one of volunteer, ordered"},
      {R"(participation/one mode "order")", "must be one of"},
      {R"(participation/one mode "")", "a text of at most"},
      {R"(notice/n to "pilot/p")", "of the kind bargaining_unit"},
      {R"(notice/n sent_at "yesterday")", "must be a day"},
      {R"(notice_reviewer/m title "m")", "has no from"},
  };
  for (const auto& [line, words] : wrong) EXPECT_NE(record.state({line}).find(words), std::string::npos) << line;
}

// The two machines are apart: whatever the state of bargaining, technical work can be stated, and reads the same.
TEST(Bargaining, NoStateOfItTouchesTheTechnicalWork) {
  std::set<std::string> tasks;
  for (const char* state : {"open", "agreed", "impasse", "no_response"}) {
    Record record = town();
    ASSERT_EQ(
        record.state({R"(bargaining/b unit "bargaining_unit/one")", R"(bargaining/b about "wear")",
                      fmt::format(R"(bargaining/b state "{}")", state), R"(bargaining/b position "no response")"}),
        "");
    ASSERT_EQ(record.state({R"(task/docks title "Docks")", R"(task/docks state "under_way", "name": "t")"}), "");
    ASSERT_EQ(record.state({R"(task/docks state "done", "updates": "t")"}), "");
    const Json report(bargaining_report(record.as_of("2022-11-29")));
    const Json* first = &(*report.find("tasks")->array())[0];
    tasks.insert(to_json(*first->find("state")->find("value")));
    EXPECT_EQ(*(*report.find("pilots")->array())[0].find_string("mandatory_wear"), "off");
  }
  EXPECT_EQ(tasks, std::set<std::string>{"\"done\""});
}

TEST(Units, SeeNoNoticeBeforeItIsSentAndNoProposalBeforeItIsMade) {
  Record record = town();
  ASSERT_EQ(record.state(kReviewer), "");
  ASSERT_EQ(record.state(review("approved", "2022-10-28")), "");
  ASSERT_EQ(record.state({R"(bargaining/b unit "bargaining_unit/one")", R"(bargaining/b about "wear")",
                          R"(bargaining_offer/o bargaining "bargaining/b")", R"(bargaining_offer/o made_by "agency")",
                          R"(bargaining_offer/o text "A stipend")"}),
            "");
  const auto shown = [&] {
    Program program = record.as_of("2022-11-29");
    keep_what_units_were_given(program);
    return to_json(Json(bargaining_report(program)));
  };
  for (const char* hidden : {"Notice of intent", "notice_review/r", "A stipend"}) {
    EXPECT_EQ(shown().find(hidden), std::string::npos) << hidden;
  }
  ASSERT_EQ(record.state(sent("2022-10-28")), "");
  ASSERT_EQ(record.state({R"(bargaining_offer/o made_on "2022-10-29")"}), "");
  for (const char* given : {"Notice of intent", "A stipend"})
    EXPECT_NE(shown().find(given), std::string::npos) << given;
}

// ---- what is privileged never leaks ----

// Everything that is told of a record without asking for what is privileged.
std::vector<std::string> outputs(const Record& record, std::string_view day) {
  std::vector<std::string> out;
  Program program = record.as_of(day);
  out.push_back(to_json(Json(status_report(program))));
  out.push_back(to_json(Json(costs_report(program, std::nullopt))));
  out.push_back(to_json(Json(full_report(program))));
  out.push_back(to_json(Json(bargaining_report(program))));
  const paper::Document document =
      council_document(Json(full_report(program)), {"Agency", "Title", "somebody", {}, {}, {}});
  for (const Paper form : {Paper::kCsv, Paper::kHtml}) out.push_back(*make_paper(form, document));
  for (const Superseded& each : superseded_in(Json(full_report(record.as_of("2022-11-29"))), program)) {
    out.push_back(each.subject + each.field + each.statement + each.by);
  }
  keep_what_units_were_given(program);
  out.push_back(to_json(Json(bargaining_report(program))));
  return out;
}

// Whatever is written there, whether anything is, and whatever becomes of it: no output of any day is another.
RC_GTEST_PROP(Privileged, NoOutputDependsOnIt, ()) {
  const auto letters = rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
  const auto texts =
      *rc::gen::resize(6, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(rc::gen::nonEmpty(letters))));
  Record without;
  RC_ASSERT(without.state(kUnits).empty());
  RC_ASSERT(without
                .state({R"(contract/axon vendor "Axon")", R"(bargaining/b unit "bargaining_unit/one")",
                        R"(bargaining/b about "wear")", R"(bargaining/b position "No", "name": "p")",
                        R"(bargaining/b position "Yes", "contradicts": "p")"})
                .empty());
  Record with = without;
  const std::string mark = "zzz-";  // nothing else has it
  std::set<std::string> said;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string text = mark + texts[i];
    if (!said.insert(text).second) continue;  // the same again adds nothing
    const char* field = i % 3 == 0   ? "bargaining/b concerns"
                        : i % 3 == 1 ? "bargaining/b privileged_note"
                                     : "notice/n privileged_note";
    const std::string reason = i % 2 == 0 ? fmt::format(R"(, "reason": "{0}", "name": "{0}{1}")", mark, i) : "";
    RC_ASSERT(with.state({fmt::format(R"({} "{}"{})", field, text, reason)}).empty());
    if (i % 4 == 0) {
      const std::string corrected =
          fmt::format(R"({0} "{1}x", "corrects": "{2}{3}", "reason": "{1}")", field, text, mark, i);
      RC_ASSERT(with.state({corrected}).empty());
    }
  }
  for (const char* day : {"2022-11-28", "2022-11-29", "2026-01-01"}) {
    const std::vector<std::string> told = outputs(with, day);
    RC_ASSERT(told == outputs(without, day));
    for (const std::string& each : told) RC_ASSERT(each.find(mark) == std::string::npos);
  }
  // It is there for whoever asks: the test can fail.
  const std::string asked = to_json(Json(bargaining_report(with.as_of("2022-11-29", Privileged::kIncluded))));
  RC_ASSERT(asked.find(mark) != std::string::npos);
}

// ---- an embargo withholds what it would give away ----

TEST(Embargo, AFigureOfParticipantsIsAbsentWhereOneOfThemIsHidden) {
  Record record = town();
  ASSERT_EQ(record.state({R"(participation/two pilot "pilot/p")", R"(participation/two unit "bargaining_unit/two")",
                          R"(participation/two participants 8)"}),
            "");
  ASSERT_EQ(participants(record.as_of("2022-11-29"), {"pilot", "p"})->number, 14);
  ASSERT_EQ(record.state({R"(embargo/e covers "participation/two")"}), "");
  EXPECT_FALSE(participants(record.as_of("2022-11-29"), {"pilot", "p"}));
  EXPECT_EQ(to_json(Json(bargaining_report(record.as_of("2022-11-29")))).find("\"number\":14"), std::string::npos);
}

TEST(Embargo, WhetherANoticeMayBeSentIsAbsentWhereAReviewIsHidden) {
  Record record = town();
  ASSERT_EQ(record.state(kReviewer), "");
  ASSERT_EQ(record.state(review("refused", "2022-10-28")), "");
  ASSERT_EQ(record.state({R"(embargo/e covers "notice_review/r")"}), "");
  const NoticeStanding standing = notice_standing(record.as_of("2022-11-29"), {"notice", "n"});
  EXPECT_FALSE(standing.state);
}

TEST(Bargaining, AtImpasseNobodyMustWearOneUntilADecisionSaysWhy) {
  Record record;
  ASSERT_EQ(record.import(sample("correction_2023")), "");
  const auto wear = [&] {
    const Json report(bargaining_report(record.as_of("2023-08-01")));
    return *(*report.find("pilots")->array())[0].find_string("mandatory_wear");
  };
  EXPECT_EQ(wear(), "off");
  EXPECT_NE(record.state({R"(pilot/souza wear "mandatory", "recorded_on": "2023-08-01")"}), "");
  EXPECT_EQ(wear(), "off");
  ASSERT_EQ(record.state({R"(pilot/souza wear "mandatory", "recorded_on": "2023-08-01", "reason": "After impasse")"}),
            "");
  EXPECT_EQ(wear(), "on");
}

}  // namespace
}  // namespace lapel::program
