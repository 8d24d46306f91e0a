// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/problems.h"
#include "base/result.h"
#include "base/text.h"

namespace lapel {
namespace {

Result<int> half(int n) {
  if (n % 2) return fail(Code::kInvalid, "odd");
  return n / 2;
}
Result<int> quarter(int n) {
  return TRY(half(TRY(half(n))));
}
Result<void> nothing(bool good) {
  if (!good) return fail(problems::kUploadOffset, "no", "there");
  return {};
}
Result<int> after(bool good) {
  TRY(nothing(good));
  return 1;
}

TEST(Result, TryUnwrapsOrReturnsTheError) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).error().code(), Code::kInvalid);
  EXPECT_EQ(*after(true), 1);
  EXPECT_EQ(after(false).error().problem->slug, "upload-offset");
  EXPECT_EQ(after(false).error().text(), "no (there)");
}

TEST(Problems, SlugsAreUniqueAndEachHasARemedy) {
  std::set<std::string_view> slugs;
  for (const Problem* problem : problems::all_problems()) {
    EXPECT_TRUE(slugs.insert(problem->slug).second) << problem->slug;
    EXPECT_FALSE(problem->remedy.empty()) << problem->slug;
    EXPECT_GE(problem->http_status, 400) << problem->slug;
  }
}

TEST(Bytes, HexAcceptsOnlyLowerCase) {
  EXPECT_EQ(hex(as_bytes("\x01\xab")), "01ab");
  EXPECT_EQ(as_text(*parse_hex("01ab")), "\x01\xab");
  EXPECT_FALSE(parse_hex("01AB"));
  EXPECT_FALSE(parse_hex("01a"));
  EXPECT_FALSE(parse_hex("0g"));
}

TEST(Bytes, Base64RefusesWhatDoesNotReencode) {
  for (const char* text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    EXPECT_EQ(as_text(*parse_base64(base64(as_bytes(text)))), text);
  }
  EXPECT_EQ(base64(as_bytes("fo")), "Zm8=");
  for (const char* bad :
       {"Zm8", "Zm9=", "Zh==", "Zg=", "Zg==Zg==", "Zm 8=", "Zm8=\n", "====", "=AAA", "Z===", "Zm-_"}) {
    EXPECT_FALSE(parse_base64(bad)) << bad;
  }
}

TEST(Bytes, Base64UrlRefusesWhatDoesNotReencode) {
  for (const char* text : {"", "f", "fo", "foo", "foob", "\xff\xfe\xfd"}) {
    EXPECT_EQ(as_text(*parse_base64url(base64url(as_bytes(text)))), text);
  }
  EXPECT_EQ(base64url(as_bytes("\xfb\xff")), "-_8");
  for (const char* bad : {"Zm8=", "Zm9", "Zh", "Z", "Zm+_", "Zm/_", "Zm 8", "Zm8\n", "AAAAA"}) {
    EXPECT_FALSE(parse_base64url(bad)) << bad;
  }
}

TEST(Bytes, DecimalHasNoSignZeroOrSpace) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("9007199254740991"), 9007199254740991u);
  for (const char* bad : {"", "00", "01", "+1", "-1", " 1", "1 ", "9007199254740992", "9223372036854775808",
                          "99999999999999999999", "1a"}) {
    EXPECT_FALSE(parse_decimal(bad)) << bad;
  }
}

TEST(Ids, ParseOnly32LowerHex) {
  const auto id = RecordingId::parse("00112233445566778899aabbccddeeff");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(SubjectId(*id).text(), id->text());
  EXPECT_FALSE(RecordingId::parse("00112233445566778899AABBCCDDEEFF"));
  EXPECT_FALSE(RecordingId::parse("0011"));
}

TEST(Clock, LedgerTimeRoundTripsAndRefuses) {
  const auto time = parse_ledger_time("2022-12-02T06:12:07.41Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(ledger_time(*time), "2022-12-02T06:12:07.41Z");
  EXPECT_EQ(ledger_time(*time + 9'999), "2022-12-02T06:12:07.41Z");  // truncated, not rounded
  for (const char* bad : {"2022-12-02T06:12:60.41Z", "2022-12-02T06:12:07.4Z", "2022-02-30T06:12:07.41Z",
                          "2022-12-02t06:12:07.41Z", "2022-12-02T24:12:07.41Z", "2022-12-02T06:12:07.41+"}) {
    EXPECT_FALSE(parse_ledger_time(bad)) << bad;
  }
}

TEST(Clock, Rfc3339TakesOffsets) {
  EXPECT_EQ(parse_rfc3339("2022-12-02T01:12:07.5-05:00")->us, parse_rfc3339("2022-12-02T06:12:07.5Z")->us);
  EXPECT_FALSE(parse_rfc3339("2022-12-02T01:12:07"));
  EXPECT_FALSE(parse_rfc3339("2022-12-02T01:12:07.Z"));
  EXPECT_FALSE(parse_rfc3339("1969-12-31T23:59:59Z"));
  EXPECT_EQ(http_date({784111777000000}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Json, CanonicalRefusesWhatItWouldNotWrite) {
  const std::string good = R"({"a":1,"b":["x","é\n\u0001"],"c":{"d":true}})";
  ASSERT_TRUE(parse_canonical(good));
  EXPECT_EQ(canonical(*parse_canonical(good)), good);
  for (const char* bad : {R"({"b":1,"a":1})",
                          R"({"a":1,"a":1})",
                          R"({"a": 1})",
                          R"({"a":1.0})",
                          R"({"a":-1})",
                          R"({"a":01})",
                          R"({"a":1e3})",
                          R"({"a":null})",
                          R"({"A":1})",
                          R"({"":1})",
                          R"({"a":9007199254740992})",
                          R"(["\u0041"])",
                          R"(["\u000a"])",
                          R"(["\u001F"])",
                          "[\"\xff\"]",
                          "[\"\xed\xa0\x80\"]",
                          R"(["\/"])",
                          R"([[[[[1]]]]])",
                          R"([1,])",
                          R"([1] )",
                          R"(["a)",
                          "",
                          R"({"a":1}x)",
                          "[\"\x01\"]",
                          R"(["\ud83d\ude00"])"}) {
    EXPECT_FALSE(parse_canonical(bad)) << bad;
  }
  EXPECT_TRUE(parse_canonical(R"([[[[1]]]])"));
  EXPECT_TRUE(parse_canonical(R"({"a":9007199254740991})"));
}

TEST(Json, GeneralReaderRefusesDuplicatesDepthAndSize) {
  EXPECT_EQ(to_json(*parse_json(R"( {"b" : [1, 2.5, null, -3], "a":"A"} )")), R"({"a":"A","b":[1,2.5,null,-3]})");
  EXPECT_FALSE(parse_json(R"({"a":1,"a":2})"));
  EXPECT_FALSE(parse_json("[1"));
  EXPECT_FALSE(parse_json("[1]x"));
  EXPECT_FALSE(parse_json(std::string(40, '[') + std::string(40, ']')));
  EXPECT_EQ(parse_json("[1,2,3]", {.bytes_max = 3}).error().code(), Code::kTooLarge);
  EXPECT_EQ(to_json(Json(std::string("a\xff"))), "\"a\xef\xbf\xbd\"");
}

TEST(Fold, LowersEveryScriptThatHasCaseAndKeepsTheRest) {
  EXPECT_EQ(fold("GX010042.MP4"), "gx010042.mp4");
  EXPECT_EQ(fold("PEÑA \u0416\u0423\u041A \u03A9"), "peña \u0436\u0443\u043A \u03C9");
  EXPECT_EQ(fold("\u5e83\u5cf6 2022-12-02"), "\u5e83\u5cf6 2022-12-02");
  EXPECT_EQ(fold(""), "");
}

TEST(Printable, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(printable("\x1b[31mred\r\n\x7f"), "\\x1b[31mred\\x0d\\x0a\\x7f");
  EXPECT_EQ(printable("a\u009b31m \u0085"), "a\\u009b31m \\u0085");
  EXPECT_EQ(printable("gpj.\u202e4pm \u2066x\u2069 \u2028\u200f"), "gpj.\\u202e4pm \\u2066x\\u2069 \\u2028\\u200f");
  EXPECT_EQ(printable("Peña \u5e83\u5cf6 \U0001F6A8"), "Peña \u5e83\u5cf6 \U0001F6A8");
  EXPECT_EQ(printable("\xff\xc3("), "\\xff\\xc3(");
}

TEST(Fold, BytesThatAreNoTextStayAsTheyAre) {
  EXPECT_EQ(fold(std::string_view("A\xff\x00"
                                  "B\xc3",
                                  5)),
            std::string_view("a\xff\x00"
                             "b\xc3",
                             5));
}

}  // namespace
TEST(Text, FirstCharactersCutsBetweenCharactersOnly) {
  EXPECT_EQ(first_characters("Peña", 3), "Peñ");
  EXPECT_EQ(first_characters("Peña", 4), "Peña");
  EXPECT_EQ(first_characters("Peña", 9), "Peña");
  EXPECT_EQ(first_characters("Peña", 0), "");
  EXPECT_EQ(first_characters("", 2), "");
}

}  // namespace lapel
