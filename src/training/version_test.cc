// SPDX-License-Identifier: Apache-2.0
// The text of a version, its check, what changed between two, and a file of attendance: by themselves.
#include "training/version.h"

#include <gtest/gtest.h>

#include "training/attendance.h"
#include "training/checklist.h"
#include "training/diff.h"

namespace lapel::training {
namespace {

constexpr std::string_view kFile =
    R"({"clauses": [{"key": "stops", "heading": "When to record", "text": "Record every stop.\nAnd every arrest.",
                     "items": ["when-activate"]},
                    {"key": "own", "heading": "Your own", "text": "After the statement.", "setting": "own_viewing",
                     "says": "after_statement"}],
        "check": [{"question": "When?", "choices": ["Never", "Always", "At times"], "right": 2}]})";

Result<WrittenVersion> read(std::string_view text) {
  return read_version(TRY(parse_json(text)));
}
std::string wrong(std::string_view text) {
  const auto out = read(text);
  return out ? "nothing" : out.error().message;
}
VersionText text_of(std::initializer_list<Clause> clauses) {
  return {clauses, {}};
}

TEST(Version, IsWrittenAsItIsReadAndDoesNotTellWhatIsRight) {
  const auto written = read(kFile);
  ASSERT_TRUE(written) << written.error().text();
  EXPECT_EQ(written->right, std::vector<std::int64_t>{1});
  const std::string bytes = canonical_version({"temporary-policy", 2}, written->text);
  EXPECT_EQ(bytes.find("right"), std::string::npos);
  EXPECT_TRUE(parse_canonical(bytes));
  EXPECT_EQ(parse_version(bytes), written->text);
  EXPECT_EQ(canonical_version({"temporary-policy", 2}, read(kFile)->text), bytes) << "the same file";
  EXPECT_NE(canonical_version({"temporary-policy", 3}, written->text), bytes) << "a version is of one number";
  EXPECT_NE(canonical_version({"another", 2}, written->text), bytes) << "and of one policy";
  EXPECT_FALSE(parse_version("{}"));
  EXPECT_FALSE(parse_version(bytes + " "));
}

TEST(Version, SaysWhereAFileIsWrong) {
  EXPECT_EQ(wrong(R"({"clauses": []})"), "A policy has at least one clause");
  EXPECT_EQ(wrong(R"({"clauses": [{"key": "A b", "heading": "h", "text": "t"}]})"),
            "Clause 1: \"key\" must be of a-z, 0-9 and '-', beginning with a letter");
  EXPECT_EQ(
      wrong(R"({"clauses": [{"key": "a", "heading": "h", "text": "t"}, {"key": "a", "heading": "h", "text": "t"}]})"),
      "Clause 2: another clause has the key \"a\" already");
  EXPECT_EQ(wrong(R"({"clauses": [{"key": "a", "heading": "h", "text": "a\tb"}]})"),
            "Clause 1: \"text\" must be text of 1 to 16384 bytes");
  EXPECT_EQ(wrong(R"({"clauses": [{"key": "a", "heading": "h", "text": "t", "setting": "own_viewing"}]})"),
            "Clause 1: \"setting\" and \"says\" go together: which setting, and what the clause says that it is");
  EXPECT_EQ(wrong(R"({"clauses": [{"key": "a", "heading": "h", "text": "t"}],
                      "check": [{"question": "q", "choices": ["a", "b"], "right": 0}]})"),
            "Question 1: \"right\" is the number of the right choice: 1 is the first");
  EXPECT_EQ(wrong(R"({"clauses": [{"key": "a", "heading": "h", "text": "t"}],
                      "check": [{"question": "q", "choices": ["a"], "right": 1}]})"),
            "Question 1: a question has at least two choices");
  EXPECT_NE(wrong(R"({"clauses": [{"key": "a", "heading": "h", "text": "t", "colour": "red"}]})"), "nothing");
  EXPECT_NE(wrong(R"({"clauses": [{"key": "a", "heading": "h", "text": "t"}],
                      "check": [{"question": "q", "choices": ["a", "b"], "right": 3}]})"),
            "nothing");
}

TEST(Version, ACheckIsJudgedByQuestion) {
  const std::vector<std::int64_t> right = {1, 0, 2};
  EXPECT_EQ(judge(right, {1, 0, 2}), std::vector<std::int64_t>{});
  EXPECT_EQ(judge(right, {1, 1, 1}), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(judge(right, {}), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(judge({}, {}), std::vector<std::int64_t>{});
  EXPECT_EQ(parse_right(right_text(right)), right);
  EXPECT_EQ(parse_right(""), std::vector<std::int64_t>{});
  EXPECT_FALSE(parse_right("1 x"));
}

TEST(Changes, AreToldByWord) {
  const std::vector<Piece> pieces = changed_words("Record every traffic stop.", "Record every stop and arrest.");
  std::string before, after;
  for (const Piece& piece : pieces) {
    if (piece.change != Change::kAdded) before += piece.text;
    if (piece.change != Change::kRemoved) after += piece.text;
  }
  EXPECT_EQ(before, "Record every traffic stop.");
  EXPECT_EQ(after, "Record every stop and arrest.");
  ASSERT_FALSE(pieces.empty());
  EXPECT_EQ(pieces[0], (Piece{Change::kSame, "Record every "}));
  EXPECT_EQ(changed_words("a b", "a b"), (std::vector<Piece>{{Change::kSame, "a b"}}));
  EXPECT_EQ(changed_words("", "a"), (std::vector<Piece>{{Change::kAdded, "a"}}));
  EXPECT_EQ(changed_words("a", ""), (std::vector<Piece>{{Change::kRemoved, "a"}}));
  EXPECT_EQ(
      changed_words("at least 180 days", "at least 365 days"),
      (std::vector<Piece>{
          {Change::kSame, "at least "}, {Change::kRemoved, "180"}, {Change::kAdded, "365"}, {Change::kSame, " days"}}));
  EXPECT_EQ(changed_words("every traffic stop now", "every contact now"),
            (std::vector<Piece>{{Change::kSame, "every "},
                                {Change::kRemoved, "traffic stop"},
                                {Change::kAdded, "contact"},
                                {Change::kSame, " now"}}));
}

TEST(Changes, AClauseIsTheSameByItsKey) {
  const Clause stops{"stops", "When", "Record every stop.", {}, {}}, own{"own", "Own", "After.", {}, {}};
  const Clause homes{"homes", "Homes", "With a warrant.", {}, {}};
  Clause later = stops;
  later.text = "Record every stop and arrest.";
  later.setting = ClauseSetting{"own_viewing", "allowed"};
  const auto changes = changed_clauses(text_of({stops, own}), text_of({homes, later}));
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].key, "homes");
  EXPECT_EQ(changes[0].change, Change::kAdded);
  EXPECT_EQ(changes[1].key, "stops");
  EXPECT_EQ(changes[1].change, Change::kChanged);
  EXPECT_EQ(changes[1].mapping, "Enforced by: was no setting, now own_viewing is allowed");
  EXPECT_EQ(changes[2].key, "own");
  EXPECT_EQ(changes[2].change, Change::kRemoved);
  for (const ClauseChange& each : changed_clauses(text_of({stops, own}), text_of({own, stops})))
    EXPECT_EQ(each.change, Change::kSame) << each.key << " stands elsewhere";
}

TEST(Checklist, SettingsAgreeInAnyOrder) {
  EXPECT_TRUE(agrees("after_statement", "after_statement"));
  EXPECT_FALSE(agrees("after_statement", "allowed"));
  EXPECT_TRUE(agrees("Arrest, Use of force", "use of force,arrest"));
  EXPECT_FALSE(agrees("Arrest", "Arrest, Use of force"));
  for (const ChecklistItem& item : checklist()) EXPECT_TRUE(is_key(item.key)) << item.key;
  EXPECT_NE(checklist_item("homes"), nullptr);
  EXPECT_EQ(checklist_item("nothing"), nullptr);
  EXPECT_EQ(setting_kind("retention_band"), nullptr);
}

PersonId person(std::uint8_t number) {
  return PersonId(ByteArray<16>{number});
}
KnownAttendance known() {
  KnownAttendance out;
  out.today = *parse_day("2022-12-02");
  out.courses = {"basic"};
  out.people = {{"101", person(1)}, {"hill", person(1)}, {"102", person(2)}};
  out.cancelled = {{"basic", *parse_day("2022-11-14"), ""}};
  return out;
}
std::string wrong_file(std::string_view rows) {
  const auto file = read_attendance(rows, known());
  return file ? "nothing" : file.error().message;
}

TEST(Attendance, IsTakenOnceHoweverOftenItIsSaid) {
  const std::string rows =
      "course,on,badge,login,trainer\nbasic,2022-11-30,101,,Sgt. "
      "Boyd\nbasic,2022-11-30,,hill,\nbasic,2022-11-30,102,,\n";
  const auto file = read_attendance(rows, known());
  ASSERT_TRUE(file) << file.error().text();
  ASSERT_EQ(file->entries.size(), 2U);
  EXPECT_EQ(file->already, 1U);
  EXPECT_EQ(file->trainers.begin()->second, "Sgt. Boyd");
  KnownAttendance after = known();
  for (const AttendanceEntry& each : file->entries) after.attended.insert({each.session, each.person});
  const auto again = read_attendance(rows, after);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->entries.empty());
  EXPECT_EQ(again->already, 3U);
}

TEST(Attendance, SaysWhichRowAndColumnIsWrong) {
  EXPECT_EQ(wrong_file("course,on,badge\nadvanced,2022-11-30,101\n"),
            "Row 2, column course: there is no course \"advanced\": add it first, or look at its short name");
  EXPECT_EQ(wrong_file("course,on,badge\nbasic,30 Nov,101\n"), "Row 2, column on: it must be a day such as 2022-11-30");
  EXPECT_EQ(wrong_file("course,on,badge\nbasic,2022-12-03,101\n"), "Row 2, column on: 2022-12-03 is still to come");
  EXPECT_EQ(wrong_file("course,on,badge\nbasic,2022-11-30,999\n"),
            "Row 2, column badge: nobody of this agency has \"999\": add the person first, or look at the badge");
  EXPECT_EQ(wrong_file("course,on,badge,login\nbasic,2022-11-30,101,hill\n"),
            "Row 2, column badge: a row has a badge or a login, one of the two");
  EXPECT_EQ(wrong_file("course,on,badge\nbasic,2022-11-14,101\n"),
            "Row 2, column on: the session of basic on 2022-11-14 was cancelled: plan another");
  EXPECT_EQ(wrong_file("course,on,badge,trainer\nbasic,2022-11-30,101,Boyd\nbasic,2022-11-30,102,Cole\n"),
            "Row 3, column trainer: another row of this session says \"Boyd\"");
}

}  // namespace
}  // namespace lapel::training
