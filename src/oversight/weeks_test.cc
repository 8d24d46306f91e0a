// SPDX-License-Identifier: Apache-2.0
#include "oversight/weeks.h"

#include <gtest/gtest.h>

namespace lapel::oversight {
namespace {

TEST(Weeks, BeginOnMondayAtMidnight) {
  const auto at = [](const char* text) { return *parse_rfc3339(text); };
  EXPECT_EQ(week_start(at("2026-11-28T19:00:00Z")), at("2026-11-23T00:00:00Z"));
  EXPECT_EQ(week_start(at("2026-11-23T00:00:00Z")), at("2026-11-23T00:00:00Z"));
  EXPECT_EQ(week_start(at("2026-11-22T23:59:59.999999Z")), at("2026-11-16T00:00:00Z"));
  EXPECT_EQ(week_start(at("2024-03-01T12:00:00Z")), at("2024-02-26T00:00:00Z"));
  EXPECT_EQ(week_start(at("1970-01-05T00:00:00Z")), at("1970-01-05T00:00:00Z"));
}

}  // namespace
}  // namespace lapel::oversight
