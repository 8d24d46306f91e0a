// SPDX-License-Identifier: Apache-2.0
// What the server says of itself: the contract with its ETag, and a page for each type of problem.
#include "lapel/documents.h"

#include <optional>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/problems.h"
#include "http/testing.h"

namespace lapel::door {
namespace {

using http::testing::Client;
using http::testing::Reply;
using http::testing::RunningServer;

RunningServer serve(std::optional<std::string> contract) {
  http::Router router;
  register_documents(router, std::move(contract));
  return RunningServer(std::move(router));
}

Reply get(const RunningServer& server, const std::string& path, const std::string& header = "") {
  return Client(server.port()).ask(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n{}\r\n", path, header));
}

TEST(Documents, TheContractIsAnsweredAsItWasBuiltAndKnownByItsTag) {
  const std::string text = "{\"openapi\":\"3.1.0\"}\n";
  const RunningServer server = serve(text);
  const Reply whole = get(server, "/api/v1/openapi.json");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, text);
  EXPECT_EQ(whole["content-type"], "application/json");
  const std::string etag = whole["etag"];
  EXPECT_EQ(etag.size(), 34u) << etag;
  EXPECT_TRUE(etag.starts_with('"')) << "strong";

  for (const std::string& known : {etag, "\"other\", " + etag, "W/" + etag, std::string("*")}) {
    const Reply same = get(server, "/api/v1/openapi.json", "If-None-Match: " + known + "\r\n");
    EXPECT_EQ(same.status, 304) << known;
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(same["etag"], etag);
  }
  EXPECT_EQ(get(server, "/api/v1/openapi.json", "If-None-Match: \"other\"\r\n").status, 200);

  const RunningServer grown = serve(text + " ");
  EXPECT_NE(get(grown, "/api/v1/openapi.json")["etag"], etag);
}

TEST(Documents, AMissingContractIsSaid) {
  const RunningServer server = serve(std::nullopt);
  const Reply reply = get(server, "/api/v1/openapi.json");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply["content-type"], "application/problem+json");
  EXPECT_NE(reply.body.find("without its contract"), std::string::npos) << reply.body;
  EXPECT_EQ(get(server, "/problems/invalid").status, 200);
}

TEST(Documents, EveryProblemHasAPage) {
  const RunningServer server = serve(std::nullopt);
  for (const Problem* problem : problems::all_problems()) {
    const Reply reply = get(server, fmt::format("/problems/{}", problem->slug));
    EXPECT_EQ(reply.status, 200) << problem->slug;
    EXPECT_EQ(reply["content-type"], "text/plain; charset=utf-8");
    for (const std::string& part :
         {std::string(problem->title), std::string(problem->remedy), fmt::format("/problems/{}", problem->slug),
          fmt::format("HTTP status  {}", problem->http_status),
          fmt::format("exit code    {}", exit_code(problem->code)),
          fmt::format("try again    {}", retry_name(problem->retry))}) {
      EXPECT_NE(reply.body.find(part), std::string::npos) << problem->slug << ": " << part;
    }
  }
}

TEST(Documents, NoOtherProblemHasOne) {
  const RunningServer server = serve(std::nullopt);
  for (const std::string path : {"/problems/nonsense", "/problems/", "/problems/Invalid", "/problems/invalid%00",
                                 "/problems/invalid%20", "/problems/invalid/", "/problems/..%2Finvalid", "/problems"}) {
    const Reply reply = get(server, path);
    EXPECT_TRUE(reply.status == 404 || reply.status == 400) << path << " gave " << reply.status;
    EXPECT_EQ(reply["content-type"], "application/problem+json") << path;
  }
}

}  // namespace
}  // namespace lapel::door
