// SPDX-License-Identifier: Apache-2.0
#include "base/trace.h"

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/problems.h"

namespace lapel {
namespace {

// What is written to stderr while `act` runs: at most what a pipe holds.
template <typename Act>
std::string said(Act&& act) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const int before = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  act();
  dup2(before, STDERR_FILENO);
  close(before);
  close(ends[1]);
  std::string out;
  std::array<char, 4096> part{};
  for (ssize_t n = 0; (n = read(ends[0], part.data(), part.size())) > 0;)
    out.append(part.data(), static_cast<std::size_t>(n));
  close(ends[0]);
  return out;
}

TEST(Trace, ALineIsJsonWithTimeLevelAndModule) {
  const std::string line = said([] { trace(TraceLevel::kInfo, "lapel", {{"event", "request"}, {"path", "a\"b\n"}}); });
  ASSERT_TRUE(line.ends_with('\n'));
  const auto json = parse_json(line);
  ASSERT_TRUE(json) << line;
  EXPECT_EQ(*json->find_string("event"), "request");
  EXPECT_EQ(*json->find_string("level"), "info");
  EXPECT_EQ(*json->find_string("module"), "lapel");
  EXPECT_TRUE(parse_ledger_time(*json->find_string("at"))) << line;
}

TEST(Trace, AnErrorTellsItsProblem) {
  const std::string line = said([] {
    trace_error("jobs", "leasing", Error{&problems::kFull, "No room", "/srv"}, {{"kind", "media"}});
  });
  const auto json = parse_json(line);
  ASSERT_TRUE(json) << line;
  EXPECT_EQ(*json->find_string("problem"), "full");
  EXPECT_EQ(*json->find_string("doing"), "leasing");
  EXPECT_EQ(*json->find_string("kind"), "media");
  EXPECT_NE(line.find("/srv"), std::string::npos);
}

TEST(Trace, WhatIsTooLongForALineLosesItsDetail) {
  const std::string line = said([] {
    trace(TraceLevel::kInfo, "x", {{"detail", std::string(10'000, 'a')}, {"event", "e"}});
  });
  EXPECT_LE(line.size(), kTraceLineBytesMax);
  EXPECT_NE(line.find("left out"), std::string::npos);
  EXPECT_EQ(said([] { trace(TraceLevel::kInfo, "x", {{"other", std::string(10'000, 'a')}}); }), "");
}

TEST(Trace, LinesOfSeveralThreadsDoNotMix) {
  const std::string text = said([] {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([i] {
        for (int n = 0; n < 50; ++n)
          trace(TraceLevel::kInfo, "x", {{"event", std::string(100, static_cast<char>('a' + i))}});
      });
    }
  });
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    const std::size_t end = text.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_TRUE(parse_json(text.substr(at, end - at)));
    at = end + 1;
  }
  EXPECT_EQ(lines, 200u);
}

TEST(Trace, AClosedStderrHoldsNothingUp) {
  const int before = dup(STDERR_FILENO);
  close(STDERR_FILENO);
  trace(TraceLevel::kInfo, "x", {{"event", "e"}});
  dup2(before, STDERR_FILENO);
  close(before);
}

}  // namespace
}  // namespace lapel
