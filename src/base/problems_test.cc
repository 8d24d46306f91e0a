// SPDX-License-Identifier: Apache-2.0
// The table of problems keeps its own rules, and docs/errors.md is what it gives.
#include "base/problems.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lapel::problems {
namespace {

std::string errors_page() {
  std::string out =
      "# Errors\n"
      "\n"
      "Every way Lapel says no. Made from the table in `src/base/problems.cc`, and a test holds it to that.\n"
      "\n"
      "Over HTTP a refusal is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail` (what "
      "happened\n"
      "here), `instance` (the request id) and `remedy`. The server has a page for each type at its address. `lapel` "
      "and\n"
      "`lapel-dock` print the sentence and the remedy and end with the exit code; some rows are met on the command "
      "line\n"
      "only. A type once released never changes its meaning.\n"
      "\n"
      "*Try again* is about sending the very same once more. **yes**: a bounded number of times, each after "
      "`Retry-After`\n"
      "where the answer has it. **later**: once somebody has made room or mended what is named. **never**: something "
      "is\n"
      "damaged, and trying again could cover it.\n"
      "\n"
      "| type | what happened | HTTP | exit | try again | what to do |\n"
      "|---|---|---|---|---|---|\n";
  for (const Problem* problem : all_problems()) {
    out += fmt::format("| `/problems/{}` | {} | {} | {} | {} | {} |\n", problem->slug, problem->title,
                       problem->http_status, exit_code(problem->code), retry_name(problem->retry), problem->remedy);
  }
  return out;
}

TEST(Problems, EachThatIsDefinedStandsInTheTable) {
  std::ifstream file(LAPEL_SOURCE_DIR "/src/base/problems.cc", std::ios::binary);
  const std::string source((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::size_t defined = 0;
  for (std::size_t at = source.find("\nPROBLEM("); at != std::string::npos; at = source.find("\nPROBLEM(", at + 1))
    ++defined;
  EXPECT_GT(defined, 40u);
  EXPECT_EQ(all_problems().size(), defined);
}

TEST(Problems, ErrorsPageIsWhatTheTableGives) {
  const std::string path = LAPEL_SOURCE_DIR "/docs/errors.md";
  const std::string expected = errors_page();
  if (std::getenv("LAPEL_WRITE_DOCS") != nullptr) std::ofstream(path, std::ios::binary) << expected;
  std::ifstream file(path, std::ios::binary);
  const std::string actual((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(actual, expected)
      << "docs/errors.md is not of this table; run this test with LAPEL_WRITE_DOCS=1 to write it";
}

TEST(Problems, SlugsFitAnAddress) {
  for (const Problem* problem : all_problems()) {
    EXPECT_FALSE(problem->slug.empty());
    EXPECT_EQ(problem->slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string_view::npos)
        << problem->slug;
  }
}

TEST(Problems, WordsStandInATableAndASentence) {
  for (const Problem* problem : all_problems()) {
    for (const std::string_view text : {problem->title, problem->remedy}) {
      EXPECT_EQ(text.find_first_of("|\n"), std::string_view::npos) << problem->slug;
      EXPECT_FALSE(text.empty()) << problem->slug;
    }
    EXPECT_TRUE(problem->remedy.ends_with('.')) << problem->slug;
    EXPECT_FALSE(problem->title.ends_with('.')) << problem->slug;
  }
}

// What a program may do by itself hangs on the cause; a row may be more careful than its code, never less.
TEST(Problems, NobodyIsToldToRetryDamageOrWhatStaysTheSame) {
  const std::map<Code, std::set<Retry>> allowed = {
      {Code::kInvalid, {Retry::kNo, Retry::kYes}},  // a body that was damaged on its way may be sent again
      {Code::kTooLarge, {Retry::kNo}},
      {Code::kUnsupported, {Retry::kNo}},
      {Code::kUnauthenticated, {Retry::kNo, Retry::kAfterSignIn}},
      {Code::kNotFound, {Retry::kNo}},
      {Code::kGone, {Retry::kNo}},
      {Code::kDenied, {Retry::kNo}},
      {Code::kConflict, {Retry::kNo, Retry::kYes}},
      {Code::kHeld, {Retry::kNo}},
      {Code::kBusy, {Retry::kYes, Retry::kLater}},
      {Code::kCorrupt, {Retry::kNever}},
      {Code::kUnavailable, {Retry::kYes, Retry::kLater}},
      {Code::kLimited, {Retry::kYes, Retry::kLater}},
      {Code::kFull, {Retry::kLater}},
      {Code::kInternal, {Retry::kNo}},
  };
  for (const Problem* problem : all_problems()) {
    EXPECT_TRUE(allowed.at(problem->code).contains(problem->retry))
        << problem->slug << " says \"" << retry_name(problem->retry) << "\"";
  }
}

TEST(Problems, EveryCodeHasItsOwnRow) {
  const auto all = all_problems();
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    const Problem& generic = generic_problem(static_cast<Code>(i));
    EXPECT_EQ(generic.code, static_cast<Code>(i));
    EXPECT_EQ(std::count(all.begin(), all.end(), &generic), 1) << generic.slug;
  }
}

}  // namespace
}  // namespace lapel::problems
