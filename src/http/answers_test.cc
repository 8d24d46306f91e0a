// SPDX-License-Identifier: Apache-2.0
#include "http/answers.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "http/params.h"

namespace lapel::http {
namespace {

std::string body_of(const Response& response) {
  return std::get<std::string>(response.body.at(0));
}

TEST(Answers, AnObjectIsJsonThatNobodyKeeps) {
  const Response response = answer(201, {{"name", "Ash"}});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(body_of(response), R"({"name":"Ash"})");
  const std::vector<std::pair<std::string, std::string>> expected = {{"Content-Type", "application/json"},
                                                                     {"Cache-Control", "no-store"}};
  EXPECT_EQ(response.headers, expected);
}

TEST(Answers, APageNamesTheNextOneOrNone) {
  EXPECT_EQ(body_of(page({1, 2})), R"({"items":[1,2],"next":null})");
  EXPECT_EQ(body_of(page({}, "after-2")), R"({"items":[],"next":"after-2"})");
  const std::vector<int> numbers = {3, 4};
  EXPECT_EQ(body_of(page_of(numbers,
                            [](int n) {
                              return Json::Object{{"n", n}};
                            })),
            R"({"items":[{"n":3},{"n":4}],"next":null})");
}

TEST(Answers, WhatIsNotKnownIsNull) {
  const std::string id(32, 'a');
  EXPECT_EQ(to_json(or_null(std::optional<std::string>())), "null");
  EXPECT_EQ(to_json(or_null(std::optional<std::string>(""))), R"("")") << "an empty text is something that was said";
  EXPECT_EQ(to_json(or_null(std::optional(false))), "false");
  EXPECT_EQ(to_json(id_or_null(std::optional<PersonId>())), "null");
  EXPECT_EQ(to_json(id_or_null(PersonId::parse(id))), '"' + id + '"');
  EXPECT_EQ(to_json(time_or_null(std::nullopt)), "null");
  EXPECT_EQ(to_json(time_or_null(Timestamp{0})), R"("1970-01-01T00:00:00.00Z")");
  EXPECT_EQ(to_json(text_or_null("")), "null");
  EXPECT_EQ(to_json(text_or_null("why")), R"("why")");
}

TEST(Params, AnIdThatIsNoneIsOneThatNobodyKnows) {
  Request request;
  request.params = {{"id", std::string(32, 'a')}, {"n", "7"}};
  EXPECT_EQ(param(request, "n"), "7");
  EXPECT_EQ(id_param(request), std::string(32, 'a'));
  const auto good = id_param<RecordingId>(request, "recording");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->text(), std::string(32, 'a'));
  request.params["id"] = "../1";
  const auto bad = id_param<RecordingId>(request, "recording");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), Code::kNotFound);
  EXPECT_EQ(bad.error().message, "No such recording");
}

TEST(Params, AQuerySaysATextATimeAndHowMany) {
  Request request;
  request.query = {{"q", "ash"}, {"none", ""}, {"from", "2022-12-02T06:12:07Z"}, {"to", "yesterday"}};
  EXPECT_EQ(text_query(request, "q"), "ash");
  EXPECT_EQ(text_query(request, "none"), std::nullopt);
  EXPECT_EQ(text_query(request, "absent"), std::nullopt);
  const auto from = time_query(request, "from");
  ASSERT_TRUE(from && *from);
  EXPECT_EQ(ledger_time(**from), "2022-12-02T06:12:07.00Z");
  const auto none = time_query(request, "none");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  const auto to = time_query(request, "to");
  ASSERT_FALSE(to);
  EXPECT_EQ(to.error().code(), Code::kInvalid);
  EXPECT_TRUE(to.error().message.starts_with("\"to\" must be an RFC 3339 time")) << to.error().message;
}

TEST(Params, ALimitIsWithinAPage) {
  Request request;
  EXPECT_EQ(limit_query(request).value_or(0), 50);
  for (const char* good : {"1", "200"}) {
    request.query["limit"] = good;
    EXPECT_EQ(limit_query(request).value_or(0), std::stoi(good));
  }
  for (const char* bad : {"0", "201", "-1", "+1", "1.5", "all", "99999999999999999999"}) {
    request.query["limit"] = bad;
    const auto limit = limit_query(request);
    ASSERT_FALSE(limit) << bad;
    EXPECT_EQ(limit.error().message, "\"limit\" must be 1 to 200") << bad;
  }
}

}  // namespace
}  // namespace lapel::http
