// SPDX-License-Identifier: Apache-2.0
#include "roster/asker.h"

#include <vector>

#include <gtest/gtest.h>

namespace lapel::roster {
namespace {

TEST(Asker, WhoAsksIsAskedAgainByTheCredentialAndNothingThatTellsOfAnAct) {
  http::Request request;
  request.method = "POST";
  request.route = "/api/v1/views/{id}/original";
  request.host = "lapel.example";
  request.is_secure = true;
  request.headers = {{"cookie", "a=1"}, {"authorization", "Bearer x"}, {"cookie", "b=2"}, {"x-lapel-idle", "0"}};
  std::vector<http::Request> asked;
  auto who = still_asking(
      [&asked](const http::Request& again) -> Result<access::Actor> {
        asked.push_back(again);
        if (asked.size() > 1) return fail(Code::kUnauthenticated, "It has ended");
        return access::Actor{};
      },
      request);
  request.headers.clear();  // the request itself is gone by then
  EXPECT_TRUE(asked.empty()) << "nobody is asked before it is time";
  EXPECT_TRUE(who());
  EXPECT_FALSE(who());
  ASSERT_EQ(asked.size(), 2u);
  const std::vector<std::pair<std::string, std::string>> credentials = {
      {"cookie", "a=1"}, {"authorization", "Bearer x"}, {"cookie", "b=2"}};
  EXPECT_EQ(asked[1].headers, credentials);
  EXPECT_EQ(asked[1].method, "GET");
  EXPECT_EQ(asked[1].route, request.route);
  EXPECT_EQ(asked[1].host, request.host);
  EXPECT_TRUE(asked[1].is_secure);
}

}  // namespace
}  // namespace lapel::roster
