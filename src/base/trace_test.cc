// SPDX-License-Identifier: Apache-2.0
#include "base/trace.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
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

TEST(Trace, WhatCouldNotBeWrittenIsCountedAndToldWithTheFirstThatCan) {
  std::signal(SIGPIPE, SIG_IGN);  // as the server does
  EXPECT_FALSE(said([] { trace(TraceLevel::kInfo, "x", {{"event", "e"}}); }).empty());
  const std::uint64_t before_us = static_cast<std::uint64_t>(RealClock().now().us);
  const TraceLoss none = trace_loss();
  EXPECT_FALSE(none.since);
  EXPECT_EQ(none.lines, 0u);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  const int before = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  for (int i = 0; i < 3; ++i) trace(TraceLevel::kInfo, "x", {{"event", "e"}});
  dup2(before, STDERR_FILENO);
  close(before);
  close(ends[1]);
  const TraceLoss loss = trace_loss();
  EXPECT_EQ(loss.total, none.total + 3);
  EXPECT_EQ(loss.lines, 3u);
  ASSERT_TRUE(loss.since);
  EXPECT_GE(static_cast<std::uint64_t>(loss.since->us), before_us);

  const std::string text = said([] {
    trace(TraceLevel::kInfo, "x", {{"event", "e"}});
    trace(TraceLevel::kInfo, "x", {{"event", "e"}});
  });
  std::vector<Json> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    lines.push_back(*parse_json(text.substr(at, text.find('\n', at) - at)));
  ASSERT_EQ(lines.size(), 3u) << text;
  EXPECT_EQ(*lines[1].find_string("event"), "trace_lost");
  EXPECT_EQ(*lines[1].find_string("level"), "error");
  EXPECT_EQ(*lines[1].find_string("since"), ledger_time(*loss.since));
  EXPECT_NE(text.find("\"lines\":3"), std::string::npos) << text;
  EXPECT_FALSE(trace_loss().since);
  EXPECT_EQ(trace_loss().total, none.total + 3) << "that it happened stays";
}

TEST(Trace, ALineThatWasCutOffStandsByItself) {
  std::signal(SIGXFSZ, SIG_IGN);
  std::string path = ::testing::TempDir() + "/lapel-trace-XXXXXX";
  const int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  const int before = dup(STDERR_FILENO);
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  rlimit ten = usual;
  ten.rlim_cur = 10;
  dup2(file, STDERR_FILENO);
  const bool is_limited = setrlimit(RLIMIT_FSIZE, &ten) == 0;
  for (int i = 0; i < 2; ++i) trace(TraceLevel::kInfo, "x", {{"event", "e"}});
  setrlimit(RLIMIT_FSIZE, &usual);
  trace(TraceLevel::kInfo, "x", {{"event", "e"}});
  dup2(before, STDERR_FILENO);
  close(before);
  std::array<char, 4096> text{};
  const ssize_t bytes = pread(file, text.data(), text.size(), 0);
  close(file);
  unlink(path.c_str());
  ASSERT_TRUE(is_limited);
  const std::string all(text.data(), static_cast<std::size_t>(bytes));
  EXPECT_EQ(all.find('\n'), 10u) << all;
  const std::string second = all.substr(11, all.find('\n', 11) - 11);
  EXPECT_TRUE(parse_json(second)) << all;
  EXPECT_NE(all.find("\"lines\":2"), std::string::npos) << all;
}

}  // namespace
}  // namespace lapel
