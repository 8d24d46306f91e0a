// SPDX-License-Identifier: Apache-2.0
#include "program/costs.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "program/council.h"
#include "program/import.h"
#include "program/kinds.h"
#include "program/papers.h"
#include "program/publications.h"
#include "program/reports.h"

namespace lapel::program {
namespace {

const AgencyId kAgency(ByteArray<16>{7});
// A day in 2026, long after everything that the samples tell.
constexpr Timestamp kNow{1'790'000'000'000'000};

std::string read_text(const std::string& path) {
  std::ifstream file(std::string(LAPEL_SOURCE_DIR) + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<Statement> statements_of(const Json& file) {
  const Result<Batch> batch = read_file(file, {}, kAgency, kNow);
  EXPECT_TRUE(batch) << batch.error().text();
  if (!batch) return {};
  return {batch->added.begin(), batch->added.end()};
}
std::vector<Statement> sample(const std::string& name) {
  const auto file = parse_json(read_text("/share/program/" + name + ".json"));
  EXPECT_TRUE(file) << file.error().text();
  return file ? statements_of(*file) : std::vector<Statement>();
}

View as_of(std::string_view day, Embargoed embargoed = Embargoed::kLeftOut) {
  return {*parse_day(day), day_of(kNow), Follows::kRecordedOn, embargoed};
}
Costs costs_as_of(const std::vector<Statement>& statements, std::string_view day) {
  return costs(fold(statements, as_of(day)), SubjectName{"contract", "axon"});
}
std::string text(const std::optional<Amount>& amount) {
  return amount ? (amount->is_approximate ? "~" : "") + money_text(amount->money) : "-";
}

TEST(Money, IsReadToTheCentAndNothingElseIsMoney) {
  const std::map<std::string, std::int64_t> good = {
      {"0", 0}, {"0.01", 1}, {"166586.73", 16'658'673}, {"100000000000.00", 10'000'000'000'000}};
  for (const auto& [given, cents] : good) {
    ASSERT_TRUE(parse_money(given)) << given;
    EXPECT_EQ(parse_money(given)->cents, cents);
  }
  for (const char* bad : {"", ".", "1.", ".50", "1.5", "1.505", "-1", "+1", "1,000", " 1", "1e3", "0x1", "1.-5", "01",
                          "00.50", "100000000000.01", "99999999999999999999"}) {
    EXPECT_FALSE(parse_money(bad)) << bad;
  }
  EXPECT_EQ(money_text({-5}), "-0.05");
  EXPECT_EQ(money_text({16'658'673}), "166586.73");
}

RC_GTEST_PROP(Money, TextsReadBack, ()) {
  const Money money{*rc::gen::inRange<std::int64_t>(0, kMoneyMax.cents + 1)};
  RC_ASSERT(parse_money(money_text(money)) == money);
}

RC_GTEST_PROP(Days, TextsReadBack, ()) {
  const Day day{*rc::gen::inRange<std::int64_t>(-25'567, 2'932'897)};
  RC_ASSERT(parse_day(day_text(day)) == day);
}

TEST(Days, WhatIsNoDayIsRefused) {
  for (const char* bad : {"2022-02-29", "2022-13-01", "2022-00-10", "2022-1-01", "22-01-01", "2022-11-31", "2022/11/30",
                          "1899-12-31", "", "2022-11-30 "}) {
    EXPECT_FALSE(parse_day(bad)) << bad;
  }
  EXPECT_EQ(day_text(day_of(Timestamp{-1})), "1969-12-31");
  EXPECT_EQ(parse_day("1970-01-01"), Day{0});
  EXPECT_TRUE(parse_day("2024-02-29"));
}

// Whatever the amounts: nothing is lost and nothing made.
RC_GTEST_PROP(Allocation, NeverLosesACent, ()) {
  const auto amounts = rc::gen::container<std::vector<std::int64_t>>(
      rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 1'000), rc::gen::inRange<std::int64_t>(0, kMoneyMax.cents + 1)));
  std::vector<Money> lines, grants;
  for (const std::int64_t cents : *amounts) lines.push_back({cents});
  for (const std::int64_t cents : *amounts) grants.push_back({cents});
  const Allocation out = allocate(lines, grants);
  RC_ASSERT(out.shares.size() == lines.size());
  Money used, left, all;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Money of_line;
    for (const Money share : out.shares[i]) {
      RC_ASSERT(share.cents >= 0);
      of_line = of_line + share;
    }
    RC_ASSERT(of_line <= lines[i]);
    // A line is open only when every grant is used up.
    if (of_line < lines[i]) {
      Money after;
      for (std::size_t j = i + 1; j < lines.size(); ++j) {
        for (const Money share : out.shares[j]) after = after + share;
      }
      RC_ASSERT(after.cents == 0);
    }
    used = used + of_line;
  }
  for (std::size_t j = 0; j < grants.size(); ++j) {
    Money of_grant = out.left[j];
    for (const auto& shares : out.shares) of_grant = of_grant + shares[j];
    RC_ASSERT(of_grant == grants[j]);
    left = left + out.left[j];
    all = all + grants[j];
  }
  RC_ASSERT(used + left == all);
  RC_ASSERT(out.residual >= left);
}

TEST(Samples, PittsfieldsPaymentsAreAllocatedToTheCent) {
  const Costs after = costs_as_of(sample("pittsfield_2022"), "2022-11-30");
  ASSERT_EQ(after.lines.size(), 5U);
  EXPECT_EQ(text(after.lines[0].amount), "106515.00");
  EXPECT_EQ(text(after.lines[0].grant), "106515.00");
  EXPECT_EQ(text(after.lines[0].city), "0.00");
  EXPECT_EQ(text(after.residual), "60071.73");
  EXPECT_EQ(text(after.lines[1].grant), "60071.73");
  EXPECT_EQ(text(after.lines[1].city), "124967.27");
  EXPECT_EQ(text(after.lines[2].city), "~185000.00");
  // Used up for certain, whatever the later payments are.
  EXPECT_EQ(text(after.lines[2].grant), "0.00");
  EXPECT_EQ(text(after.unspent), "0.00");
  EXPECT_EQ(text(after.total), "~846554.00");
  EXPECT_TRUE(after.total->is_assumed);
}

TEST(Samples, ACorrectionLowersTheForecastAndBothVersionsStay) {
  const std::vector<Statement> all = sample("pittsfield_2022");
  EXPECT_EQ(text(costs_as_of(all, "2022-11-29").total), "~1131554.00");
  EXPECT_EQ(text(costs_as_of(all, "2022-11-30").total), "~846554.00");
  const Program program = fold(all, as_of("2022-11-30"));
  const Field* recurring = program.field({"contract", "axon"}, "recurring");
  ASSERT_NE(recurring, nullptr);
  ASSERT_EQ(recurring->all.size(), 2U);
  EXPECT_EQ(recurring->all[0].status, Status::kCorrected);
  EXPECT_EQ(recurring->all[0].by, recurring->all[1].statement);
  EXPECT_EQ(recurring->all[1].status, Status::kStands);
}

TEST(Samples, TheFiveAwardsDifferByRoundingAndAreNotMerged) {
  const std::vector<Statement> statements = sample("berkshire_round");
  const std::vector<Round> all = rounds(fold(statements, as_of("2022-11-29")));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].awards.size(), 5U);
  EXPECT_EQ(text(all[0].sum), "435583.73");
  EXPECT_EQ(text(all[0].beside_sum), "435585.43");
  EXPECT_TRUE(all[0].is_rounding);
  EXPECT_EQ(all[0].departments, 32);
}

TEST(Embargo, OpensOnItsDayAndNoOlderDayOpensIt) {
  const std::vector<Statement> all = sample("pittsfield_2022");
  const SubjectName grant{"grant", "eopss-fy23"};
  for (const auto& [day, is_shown] : std::map<std::string, bool>{{"2022-10-20", false},
                                                                 {"2022-10-21", false},
                                                                 {"2022-10-25", false},
                                                                 {"2022-11-27", false},
                                                                 {"2022-11-28", true},
                                                                 {"2023-03-01", true}}) {
    EXPECT_EQ(fold(all, as_of(day)).subjects.contains(grant), is_shown) << day;
  }
  EXPECT_TRUE(fold(all, as_of("2022-10-25", Embargoed::kIncluded)).subjects.contains(grant));
  // While it is in force today, also the days before it was stated say nothing of what was known then.
  View today = as_of("2022-10-22");
  today.today = *parse_day("2022-10-25");
  std::vector<Statement> late = all;
  for (Statement& statement : late) {
    if (statement.subject.kind == "embargo") statement.recorded_on = *parse_day("2022-10-24");
    if (statement.field == "released_on") statement.recorded_on = *parse_day("2022-11-28");
  }
  EXPECT_FALSE(fold(late, today).subjects.contains(grant));
  today.today = *parse_day("2022-11-29");
  EXPECT_TRUE(fold(late, today).subjects.contains(grant));
}

// ---- an embargo never leaks ----

// Every number, text and name of an answer, by its path.
void collect(const Json& json, const std::string& path, std::map<std::string, std::string>& out) {
  if (const Json::Object* object = json.object()) {
    for (const auto& [name, value] : *object) collect(value, path + "." + name, out);
  } else if (const Json::Array* array = json.array()) {
    out[path + ".size"] = std::to_string(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) collect((*array)[i], fmt::format("{}[{}]", path, i), out);
  } else {
    out[path] = to_json(json);
  }
}

// Everything that is published as of a day, of every kind of report.
std::map<std::string, std::string> published(const std::vector<Statement>& statements, const View& view) {
  const Program program = fold(statements, view);
  std::map<std::string, std::string> out;
  collect(Json(status_report(program)), "status", out);
  collect(Json(costs_report(program, *find_contract(program, program.of_kind(kContract).empty() ? "" : "axon"))),
          "costs", out);
  collect(Json(full_report(program)), "report", out);
  const paper::Document document =
      council_document(Json(full_report(program)), {"Agency", "Title", "somebody", {}, {}, {}});
  for (const Paper form : {Paper::kCsv, Paper::kHtml}) out[std::string(paper_name(form))] = *make_paper(form, document);
  return out;
}

Statement made(const std::string& id, const SubjectName& subject, const std::string& field, Type type, std::int64_t low,
               const std::string& words, std::string_view day) {
  Statement out;
  out.id = id;
  out.subject = subject;
  out.field = field;
  out.value = Value{type, low, low, words};
  out.source = {"somebody", "somewhere", *parse_day(day)};
  out.recorded_on = *parse_day(day);
  return out;
}

struct Town {
  std::vector<Statement> statements;
  std::size_t hidden = 0;  // which grants are under embargo: the first so many
};

// A contract of `lines` payments, `awards` of grants for it in one round, and an embargo on the first `hidden` of them. A stated total and
// number of the round's awards, as a newspaper would have them.
Town town_of(const std::vector<std::int64_t>& lines, const std::vector<std::int64_t>& awards, std::size_t hidden) {
  Town out;
  out.hidden = hidden;
  const auto add = [&](const SubjectName& subject, const std::string& field, Type type, std::int64_t low,
                       const std::string& words = {}, std::string_view day = "2022-10-01") {
    out.statements.push_back(made(fmt::format("{:032}", out.statements.size()), subject, field, type, low, words, day));
  };
  const SubjectName contract{"contract", "axon"}, round{"round", "r"}, embargo{"embargo", "e"};
  add(contract, "vendor", Type::kText, 0, "Axon");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const SubjectName payment{"payment", std::to_string(i + 1)};
    add(payment, "contract", Type::kSubject, 0, contract.text());
    add(payment, "n", Type::kCount, static_cast<std::int64_t>(i + 1));
    add(payment, "amount", Type::kMoney, lines[i]);
  }
  std::int64_t sum = 0;
  add(round, "title", Type::kText, 0, "Round");
  for (std::size_t i = 0; i < awards.size(); ++i) {
    const SubjectName grant{"grant", fmt::format("g{}", i)};
    const std::string_view day = i < hidden ? "2022-10-21" : "2022-10-01";
    if (i < hidden) add(embargo, "covers", Type::kSubject, 0, grant.text(), day);
    add(grant, "award", Type::kMoney, awards[i], {}, day);
    add(grant, "round", Type::kSubject, 0, round.text(), day);
    add(grant, "pays", Type::kSubject, 0, contract.text(), day);
    sum += awards[i];
  }
  const std::string_view told = hidden > 0 ? "2022-10-21" : "2022-10-01";
  add(round, "awarded", Type::kMoney, sum, {}, told);
  add(round, "departments_new", Type::kCount, static_cast<std::int64_t>(awards.size()), {}, told);
  add(round, "departments_expanding", Type::kCount, 0, {}, told);
  add({"payment", "1"}, "city_share", Type::kMoney, lines[0] - std::min(lines[0], sum), {}, told);
  return out;
}

View during(std::string_view day) {
  return {*parse_day(day), *parse_day("2022-11-01"), Follows::kRecordedOn, Embargoed::kLeftOut};
}

// No published figure of any day, alone or in any pair with another, depends on a hidden award: with other awards of the same
// number the whole of what is published is the same, byte for byte.
RC_GTEST_PROP(Embargo, NothingThatIsPublishedDependsOnWhatIsHidden, ()) {
  const auto amount = rc::gen::inRange<std::int64_t>(0, 50'000'000);
  const auto lines = *rc::gen::container<std::vector<std::int64_t>>(3, amount);
  const auto open = *rc::gen::resize(3, rc::gen::container<std::vector<std::int64_t>>(amount));
  const std::size_t hidden = *rc::gen::inRange<std::size_t>(1, 4);
  const auto first = *rc::gen::container<std::vector<std::int64_t>>(hidden, amount);
  const auto second = *rc::gen::container<std::vector<std::int64_t>>(hidden, amount);
  const auto with = [&](std::vector<std::int64_t> awards) {
    awards.insert(awards.end(), open.begin(), open.end());
    return town_of(lines, awards, hidden).statements;
  };
  const std::vector<Statement> one = with(first), other = with(second);
  for (const char* day : {"2022-10-05", "2022-10-21", "2022-10-31"}) {
    RC_ASSERT(published(one, during(day)) == published(other, during(day)));
  }
}

// The same, as an outsider would try it: every pair of money figures of what is published, on any two days;
// neither is, nor do they differ by or add up to, an award that is hidden.
RC_GTEST_PROP(Embargo, NoPairOfFiguresGivesAnAward, ()) {
  const auto lines = *rc::gen::container<std::vector<std::int64_t>>(2, rc::gen::inRange<std::int64_t>(1, 50'000'000));
  const std::int64_t open = *rc::gen::inRange<std::int64_t>(1, 50'000'000);
  // Too large to be met by chance.
  const std::int64_t hidden = 900'000'000'007 + *rc::gen::inRange<std::int64_t>(0, 1'000'000);
  const Town town = town_of(lines, {hidden, open}, 1);
  std::set<std::int64_t> figures = {0};
  for (const char* day : {"2022-10-05", "2022-10-21", "2022-10-31"}) {
    for (const auto& [path, value] : published(town.statements, during(day))) {
      RC_ASSERT(value.find("grant/g0") == std::string::npos);
      RC_ASSERT(value.find("embargo/") == std::string::npos);
      if (value.size() < 2 || value[0] != '"') continue;
      if (const auto money = parse_money(std::string_view(value).substr(1, value.size() - 2)))
        figures.insert(money->cents);
    }
  }
  for (const std::int64_t a : figures) {
    for (const std::int64_t b : figures) {
      RC_ASSERT(a - b != hidden);
      RC_ASSERT(a + b != hidden);
    }
  }
  // It can be found where there is no embargo: the test can fail.
  View open_view = during("2022-10-31");
  open_view.embargoed = Embargoed::kIncluded;
  bool is_found = false;
  for (const auto& [path, value] : published(town.statements, open_view))
    is_found = is_found || value == '"' + money_text({hidden}) + '"';
  RC_ASSERT(is_found);
}

// Absent, not zero; and where it is the only grant, as if there had never been any.
TEST(Embargo, WhatIsComputedFromAHiddenGrantIsAbsent) {
  const Town one = town_of({10'000, 20'000}, {15'000}, 1);
  const Costs hidden = costs(fold(one.statements, during("2022-10-31")), SubjectName{"contract", "axon"});
  EXPECT_EQ(text(hidden.total), "300.00");
  EXPECT_FALSE(hidden.lines[0].grant || hidden.lines[0].city || hidden.residual || hidden.unspent);
  std::vector<Statement> before;
  for (const Statement& statement : one.statements) {
    if (*statement.recorded_on < *parse_day("2022-10-21")) before.push_back(statement);
  }
  EXPECT_EQ(published(one.statements, during("2022-10-31")), published(before, during("2022-10-31")));

  const Town two = town_of({10'000, 20'000}, {15'000, 7'000}, 1);
  const Program program = fold(two.statements, during("2022-10-31"));
  EXPECT_FALSE(costs(program, SubjectName{"contract", "axon"}).residual);
  ASSERT_EQ(rounds(program).size(), 1U);
  EXPECT_FALSE(rounds(program)[0].sum || rounds(program)[0].departments);
  EXPECT_EQ(program.standing({"round", "r"}, "awarded"), nullptr);
  EXPECT_EQ(program.standing({"payment", "1"}, "city_share"), nullptr);
}

// ---- a field and its claims ----

TEST(Fold, AChoiceSettlesAContradiction) {
  const SubjectName council{"milestone", "council"};
  std::vector<Statement> all = {made("a", council, "on", Type::kDate, 19'290, {}, "2022-10-25"),
                                made("b", council, "on", Type::kDate, 19'291, {}, "2022-10-26"),
                                made("c", council, "on", Type::kDate, 0, {}, "2022-10-27")};
  all[1].relation = Relation::kContradicts;
  all[1].about = "a";
  all[2].relation = Relation::kChooses;
  all[2].about = "b";
  all[2].value.reset();
  const Program before = fold(all, as_of("2022-10-26"));
  EXPECT_EQ(before.standing(council, "on")->id, "a");
  EXPECT_EQ(before.field(council, "on")->beside().size(), 1U);
  const Program after = fold(all, as_of("2022-10-27"));
  EXPECT_EQ(after.standing(council, "on")->id, "b");
  EXPECT_TRUE(after.field(council, "on")->beside().empty());
  EXPECT_EQ(after.field(council, "on")->all[0].status, Status::kNotChosen);
}

TEST(Publications, AreSupersededByWhatCorrectsThemAndByNothingElse) {
  const std::vector<Statement> all = sample("pittsfield_2022");
  const auto superseded = [&](std::string_view published, std::string_view now) {
    return superseded_in(Json(full_report(fold(all, as_of(published)))), fold(all, as_of(now)));
  };
  EXPECT_TRUE(superseded("2022-11-29", "2022-11-29").empty());
  const std::vector<Superseded> found = superseded("2022-11-29", "2022-11-30");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].subject + " " + found[0].field, "contract/axon recurring");
  EXPECT_EQ(found[0].status, Status::kCorrected);
  // It had the corrected amount already.
  EXPECT_TRUE(superseded("2022-11-30", "2023-03-01").empty());
}

TEST(Fold, FollowsTheLedgerWhereAsked) {
  std::vector<Statement> all = sample("pittsfield_2022");
  View view = as_of("2022-11-30");
  EXPECT_FALSE(fold(all, view).subjects.empty());
  view.follows = Follows::kLedger;  // nothing of it was sealed then
  EXPECT_TRUE(fold(all, view).subjects.empty());
}

// ---- files ----

Json file_of(const std::string& entries) {
  const auto out = parse_json(
      R"({"format": "lapel-program/1", "sources": {"s": {"by": "b", "where": "w", "on": "2022-11-01"}}, "statements": [)" +
      entries + "]}");
  EXPECT_TRUE(out) << entries;
  return out ? *out : Json();
}
std::string refusal(const std::string& entries) {
  const Result<Batch> batch = read_file(file_of(entries), {}, kAgency, kNow);
  return batch ? "" : batch.error().message;
}

TEST(Files, TheSameAgainAddsNothingAndMoreAddsTheRest) {
  const std::string first =
      R"({"name": "a", "subject": "strength/sworn", "field": "people", "value": [87, 88], "source": "s"})";
  const std::string second =
      R"({"subject": "strength/sworn", "field": "people", "value": 96, "source": "s", "updates": "a", "recorded_on": "2023-01-01"})";
  const std::vector<Statement> known = statements_of(file_of(first));
  ASSERT_EQ(known.size(), 1U);
  const auto again = read_file(file_of(first), known, kAgency, kNow);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->added.size(), 0U);
  EXPECT_EQ(again->already, 1U);
  // It was recorded today, and 2023 is before that.
  const auto early = read_file(file_of(first + "," + second), known, kAgency, kNow);
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().message.find("recorded earlier"), std::string::npos) << early.error().message;
  const std::string now =
      R"({"subject": "strength/sworn", "field": "people", "value": 96, "source": "s", "updates": "a"})";
  const auto more = read_file(file_of(first + "," + now), known, kAgency, kNow);
  ASSERT_TRUE(more) << more.error().text();
  EXPECT_EQ(more->added.size(), 1U);
  EXPECT_EQ(more->added[0].about, known[0].id);
}

TEST(Files, WhatIsWrongIsNamedWithItsRemedy) {
  const std::string start = R"({"subject": "payment/1", "field": ")";
  const std::map<std::string, std::string> wrong = {
      {R"({"subject": "paymnt/1", "field": "n", "value": 1, "source": "s"})",
       "Statement 1 (paymnt/1 n): \"subject\" must be a kind"},
      {start + R"(ammount", "value": "1", "source": "s"})", "a payment has no such field; it has contract, n, amount"},
      {start + R"(amount", "name": "00112233445566778899aabbccddeeff", "value": "1", "source": "s"})",
       "\"name\" has the form of an id"},
      {start + R"(amount", "value": 106515, "source": "s"})", "\"value\" must be an amount in quotes"},
      {start + R"(amount", "value": "-5", "source": "s"})", "\"value\" must be an amount in quotes"},
      {start + R"(amount", "value": "100000000000.01", "source": "s"})", "at most 100000000000.00"},
      {start + R"(n", "value": 101, "source": "s"})", "a whole number from 0 to 100"},
      {start + R"(n", "value": 1.5, "source": "s"})", "a whole number"},
      {start + R"(due", "value": "2023-02-30", "source": "s"})", "must be a day such as"},
      {start + R"(amount", "value": "1", "source": "t"})", "\"sources\" has no \"t\""},
      {start + R"(amount", "value": "1"})", "\"source\" is missing"},
      {start + R"(amount", "value": "1", "source": {"by": "b", "where": "w"}})", "a source must have"},
      {start + R"(amount", "value": "1", "source": "s", "approximatly": true})", "there is no member \"approximatly\""},
      {start + R"(amount", "value": "1", "source": "s", "approximate": "yes"})", "must be true or false"},
      {start + R"(amount", "value": "1", "source": "s", "assumption": true})", "\"reason\" is missing"},
      {start + R"(amount", "value": "1", "source": "s", "corrects": "x", "reason": "r"})",
       "must name an earlier statement of the same field"},
      {start + R"(amount", "value": "1", "source": "s", "recorded_on": "2022-10-31"})", "before it was said"},
      {start + R"(amount", "value": "1", "source": "s", "recorded_on": "2126-10-31"})", "a day to come"},
      {start + R"(amount", "source": "s"})", "\"value\" is missing"},
      {start + R"(amount", "value": "1", "source": "s"},)" + start + R"(amount", "value": "2", "source": "s"})",
       "Statement 2 (payment/1 amount): this is stated already, as \"1.00\""},
      {start + R"(amount", "value": "1", "source": "s"})", "payment/1 has no contract: state it"},
      {R"({"subject": "embargo/e", "field": "covers", "value": "grnt/x", "source": "s"})", "must be a subject such as"},
      {R"({"subject": "program/bwc", "field": "title", "value": "a\u0007b", "source": "s"})", "a text of at most"},
      {R"(7)", "Statement 1: it must be an object"},
  };
  for (const auto& [entries, words] : wrong) {
    const std::string said = refusal(entries);
    EXPECT_NE(said.find(words), std::string::npos) << entries << "\n" << said;
  }
  for (const char* bad : {"[]", R"({"format": "lapel-program/2", "statements": []})",
                          R"({"format": "lapel-program/1"})", R"({"format": "lapel-program/1", "statements": {}})",
                          R"({"format": "lapel-program/1", "statements": [], "more": 1})"}) {
    EXPECT_FALSE(read_file(*parse_json(bad), {}, kAgency, kNow)) << bad;
  }
}

TEST(Files, TwoPaymentsAreNotOne) {
  std::string entries;
  for (const char* slug : {"a", "b"}) {
    entries +=
        fmt::format(R"({}{{"subject": "payment/{}", "field": "contract", "value": "contract/axon", "source": "s"}},)"
                    R"({{"subject": "payment/{}", "field": "n", "value": 1, "source": "s"}})",
                    entries.empty() ? "" : ",", slug, slug);
  }
  EXPECT_EQ(refusal(entries),
            "payment/a and payment/b are both payment 1 of contract/axon: number one of them otherwise");
}

// ---- the page of kinds ----

TEST(Kinds, ThePageRepeatsTheTable) {
  const std::string path = "/docs/formats/program.md", mark = "## Kinds\n";
  const std::string page = read_text(path);
  const std::size_t at = page.find(mark);
  ASSERT_NE(at, std::string::npos);
  std::string expected = page.substr(0, at) + mark +
                         "\nAs `src/program/kinds.cc` has them. *required*: a subject that anything is stated of has "
                         "it. *many*: several stand beside one another. "
                         "*from X*: withheld while an X is under embargo. *privileged*: told only to whoever may see "
                         "it and asks.\n\n| Kind | Field | Value | | Meaning "
                         "|\n|---|---|---|---|---|\n";
  for (const FieldRow& row : all_fields()) {
    std::string marks;
    const auto add = [&](const std::string& word) { marks += (marks.empty() ? "" : ", ") + word; };
    if (row.need == Need::kRequired) add("required");
    if (row.times == Times::kMany) add("many");
    if (!row.derives_from.empty()) add("from " + std::string(row.derives_from));
    if (!row.rule.one_of.empty()) add("one of " + words_of(row.rule));
    if (!row.rule.of_kind.empty()) add("a " + std::string(row.rule.of_kind));
    if (row.rule.form == Form::kTime) add("a day, or a time with its offset");
    if (row.rule.form == Form::kWeeks) add("weeks, with halves");
    if (row.rule.form == Form::kPrice) add("a price, at most six decimals");
    if (row.rule.form == Form::kMonth) add("a month");
    if (row.rule.audience == Audience::kPrivileged) add("privileged");
    expected +=
        fmt::format("| {} | {} | {} | {} | {} |\n", row.kind, row.field, type_name(row.type), marks, row.meaning);
  }
  if (std::getenv("LAPEL_WRITE_DOCS") != nullptr)
    std::ofstream(std::string(LAPEL_SOURCE_DIR) + path, std::ios::binary) << expected;
  EXPECT_EQ(read_text(path), expected) << "run this test with LAPEL_WRITE_DOCS=1 to write it";
}

TEST(Kinds, WhatDerivesFromAKindDerivesFromOneThatThereIs) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const FieldRow& row : all_fields()) {
    EXPECT_TRUE(seen.emplace(row.kind, row.field).second) << row.kind << " " << row.field;
    EXPECT_TRUE(row.derives_from.empty() || is_kind(row.derives_from)) << row.field;
    EXPECT_TRUE(row.rule.of_kind.empty() || (row.type == Type::kSubject && is_kind(row.rule.of_kind))) << row.field;
    EXPECT_TRUE((row.rule.one_of.empty() && row.rule.form == Form::kAny) || row.type == Type::kText) << row.field;
    // A subject must not be incomplete for whoever is not told.
    EXPECT_TRUE(row.need == Need::kOptional || row.rule.audience == Audience::kAll) << row.field;
  }
}

}  // namespace
}  // namespace lapel::program
