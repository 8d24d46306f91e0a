// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <atomic>

#include "base/json.h"
#include "base/problems.h"
#include "http/testing.h"

namespace lapel::http {
namespace {

using testing::Client;
using testing::get;
using testing::pattern;
using testing::Reply;
using testing::RunningServer;
using testing::Signal;

// Answers with what the server understood.
Result<Response> echo(const Request& request) {
  std::string out = request.method + " " + request.path + "\n" + request.client + " " + request.host +
                    (request.is_secure ? " secure\n" : " open\n");
  for (const auto& [name, value] : request.params) out += "{" + name + "}=" + value + "\n";
  for (const auto& [name, value] : request.query) out += "?" + name + "=" + value + "\n";
  return Response::text(200, out + request.body);
}

Router echo_router() {
  Router router;
  router.add("GET", "/echo", echo);
  router.add("POST", "/echo", echo);
  router.add("PATCH", "/echo", echo);
  router.add("GET", "/things/{id}", echo);
  router.add("GET", "/things/new", echo);
  router.add("DELETE", "/things/{id}/parts/{part}", echo);
  router.add("GET", "/files/{path...}", echo);
  return router;
}

TEST(Server, AnswersOneRequestAfterAnotherOnAConnection) {
  RunningServer server(echo_router());
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {
    const Reply reply = client.ask(get("/echo?n=" + std::to_string(i)));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "GET /echo\n127.0.0.1 lapel.test open\n?n=" + std::to_string(i) + "\n");
    EXPECT_EQ(reply["x-request-id"].size(), 16u);
    EXPECT_EQ(reply["x-content-type-options"], "nosniff");
    EXPECT_EQ(reply["date"].size(), 29u);
    EXPECT_EQ(reply["connection"], "");
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  RunningServer server(echo_router());
  Client client(server.port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n" + std::to_string(100 + i);
    all += "\r\n";  // an empty line before a request is to be borne
    all += get("/things/" + std::to_string(i));
    all +=
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n2\r\nyz\r\n0\r\nT: "
        "v\r\n\r\n";
  }
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.receive().body, "POST /echo\n127.0.0.1 h open\n" + std::to_string(100 + i));
    EXPECT_NE(client.receive().body.find("{id}=" + std::to_string(i) + "\n"), std::string::npos);
    EXPECT_EQ(client.receive().body, "POST /echo\n127.0.0.1 h open\nxyz");
  }
}

TEST(Server, BearsARequestThatArrivesByteByByte) {
  RunningServer server(echo_router());
  Client client(server.port());
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nxyz\r\n0\r\n\r\n";
  for (const char c : request) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.receive().body, "POST /echo\n127.0.0.1 h open\nxyz");
}

TEST(Server, RoutesByTheMostSpecificPattern) {
  RunningServer server(echo_router());
  Client client(server.port());
  EXPECT_EQ(client.ask(get("/things/new")).body.find("{id}"), std::string::npos);
  EXPECT_NE(client.ask(get("/things/newer")).body.find("{id}=newer\n"), std::string::npos);
  EXPECT_NE(client.ask(get("/files/a/b%20c/d")).body.find("{path}=a/b c/d\n"), std::string::npos);
  const Reply reply = client.ask("DELETE /things/1/parts/2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(reply.body.find("{id}=1\n{part}=2\n"), std::string::npos);
}

TEST(Server, DoesNotLetAnEncodedSlashSplitASegment) {
  RunningServer server(echo_router());
  Client client(server.port());
  EXPECT_NE(client.ask(get("/things/a%2Fb")).body.find("{id}=a/b\n"), std::string::npos);
  EXPECT_EQ(client.ask(get("/things%2Fa")).status, 404);
}

TEST(Server, DecodesTheQuery) {
  RunningServer server(echo_router());
  Client client(server.port());
  const Reply reply = client.ask(get("/echo?a=1&b=x+y%2Bz&&c&d==&a=2&%C3%A4=%26"));
  EXPECT_EQ(reply.body, "GET /echo\n127.0.0.1 lapel.test open\n?a=2\n?b=x y+z\n?c=\n?d==\n?\u00e4=&\n");
}

TEST(Server, SaysWhatItDoesNotHave) {
  RunningServer server(echo_router());
  Client client(server.port());
  for (const char* target : {"/", "/nothing", "/echo/", "/things/", "/things", "/files", "/things/1/parts"}) {
    const Reply reply = client.ask(get(target));
    EXPECT_EQ(reply.status, 404) << target;
    EXPECT_EQ(reply["content-type"], "application/problem+json");
    EXPECT_EQ(reply["cache-control"], "no-store");
    EXPECT_EQ(reply["connection"], "") << "a request without a body leaves the connection usable";
    const auto json = parse_json(reply.body);
    ASSERT_TRUE(json) << reply.body;
    EXPECT_EQ(*json->find_string("type"), "/problems/not-found");
    EXPECT_EQ(*json->find_integer("status"), 404);
    EXPECT_EQ(*json->find_string("instance"), reply["x-request-id"]);
    EXPECT_FALSE(json->find_string("title")->empty());
    EXPECT_FALSE(json->find_string("detail")->empty());
    EXPECT_FALSE(json->find_string("remedy")->empty());
  }
  const Reply reply = client.ask("PUT /echo HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply["allow"], "GET, HEAD, PATCH, POST");
}

TEST(Server, TurnsErrorsIntoProblemsWithoutTheirContext) {
  Router router;
  router.add("GET", "/{what}", [](const Request& request) -> Result<Response> {
    const std::string& what = request.params.at("what");
    if (what == "busy") return fail(problems::kUploadLocked, "Somebody else writes.", "/secret/path");
    if (what == "down") return fail(Code::kUnavailable, "Not now.");
    if (what == "sign-in") return fail(problems::kSignIn, "Who are you?");
    return fail(Code::kCorrupt, "Damaged.");
  });
  RunningServer server(std::move(router));
  Client client(server.port());
  Reply reply = client.ask(get("/busy"));
  EXPECT_EQ(reply.status, 423);
  EXPECT_EQ(reply["retry-after"], "1");
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
  reply = client.ask(get("/down"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply["retry-after"], "5");
  reply = client.ask(get("/sign-in"));
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply["www-authenticate"], "Bearer");
  reply = client.ask(get("/corrupt"));
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply["retry-after"], "") << "damage is never retried";
}

TEST(Server, DropsTheBodyForHeadButAnnouncesItsLength) {
  Router router;
  router.add("GET", "/text", [](const Request&) -> Result<Response> { return Response::text(200, "hello"); });
  router.add("HEAD", "/announced", [](const Request&) -> Result<Response> {
    Response response = Response::empty(200);
    response.head_bytes = 12345678901234;
    return response;
  });
  RunningServer server(std::move(router));
  Client client(server.port());
  EXPECT_EQ(client.ask("HEAD /text HTTP/1.1\r\nHost: h\r\n\r\n", Client::Expect::kHeadOnly)["content-length"], "5");
  EXPECT_EQ(client.ask("HEAD /announced HTTP/1.1\r\nHost: h\r\n\r\n", Client::Expect::kHeadOnly)["content-length"],
            "12345678901234");
  EXPECT_EQ(client.ask("HEAD /none HTTP/1.1\r\nHost: h\r\n\r\n", Client::Expect::kHeadOnly).status, 404);
  EXPECT_EQ(client.ask(get("/text")).body, "hello") << "nothing of a body was left in between";
}

TEST(Server, SendsNoBodyAndNoLengthWith204And304) {
  Router router;
  router.add("GET", "/{status}", [](const Request& request) -> Result<Response> {
    return Response::text(std::stoi(request.params.at("status")), "must not be seen");
  });
  RunningServer server(std::move(router));
  Client client(server.port());
  for (const char* target : {"/204", "/304"}) {
    const Reply reply = client.ask(get(target), Client::Expect::kHeadOnly);
    EXPECT_EQ(reply["content-length"], "") << target;
  }
  EXPECT_EQ(client.ask(get("/200")).body, "must not be seen");
}

TEST(Server, LetsAPostSayThatItIsAnotherMethod) {
  Router router = echo_router();
  router.add("HEAD", "/head", [](const Request&) -> Result<Response> { return Response::text(200, "body"); });
  RunningServer server(std::move(router));
  Client client(server.port());
  const auto post = [](const std::string& target, const std::string& method) {
    return "POST " + target + " HTTP/1.1\r\nHost: h\r\nX-HTTP-Method-Override: " + method +
           "\r\nContent-Length: 0\r\n\r\n";
  };
  EXPECT_TRUE(client.ask(post("/echo", "PATCH")).body.starts_with("PATCH /echo"));
  EXPECT_TRUE(client.ask(post("/things/1/parts/2", "DELETE")).body.starts_with("DELETE"));
  const Reply head = client.ask(post("/head", "HEAD"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head["content-length"], "0") << "on the wire it is the answer to a POST";
  EXPECT_TRUE(client.ask(get("/echo", "X-HTTP-Method-Override: DELETE\r\n")).body.starts_with("GET /echo"));
  EXPECT_EQ(client.ask(post("/echo", "CONNECT")).status, 400);
}

TEST(Server, ClosesWhenAskedTo) {
  RunningServer server(echo_router());
  for (const std::string& request : {get("/echo", "Connection: close\r\n"), get("/echo", "Connection: foo, CLOSE\r\n"),
                                     std::string("GET /echo HTTP/1.0\r\n\r\n")}) {
    Client client(server.port());
    const Reply reply = client.ask(request);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply["connection"], "close");
    EXPECT_TRUE(client.is_ended());
  }
  Client client(server.port());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client.ask("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")["connection"], "keep-alive");
  }
}

TEST(Server, TakesTheAbsoluteForm) {
  RunningServer server(echo_router());
  Client client(server.port());
  EXPECT_EQ(client.ask("GET HTTP://other.test:81/echo?a=b HTTP/1.1\r\nHost: h\r\n\r\n").body,
            "GET /echo\n127.0.0.1 other.test:81 open\n?a=b\n");
}

TEST(Server, RunsAfterStepsOnEveryAnswer) {
  Router router = echo_router();
  router.after([](const Request& request, Response& response) {
    response.with("X-Seen", request.request_id + (response.error ? " " + response.error->context : ""));
  });
  router.add("GET", "/fails",
             [](const Request&) -> Result<Response> { return fail(Code::kInternal, "It broke.", "errno 5"); });
  RunningServer server(std::move(router));
  Client client(server.port());
  Reply reply = client.ask(get("/fails"));
  EXPECT_EQ(reply["x-seen"], reply["x-request-id"] + " errno 5");
  for (const std::string& request : {get("/echo"), get("/nothing"), std::string("bad\r\n\r\n")}) {
    reply = client.ask(request);
    EXPECT_EQ(reply["x-seen"].substr(0, 16), reply["x-request-id"]);
  }
}

TEST(Server, NeverLetsAHandlerSplitTheHead) {
  Router router;
  std::atomic<int> told = 0;
  router.after([&](const Request&, Response& response) { told = response.status; });
  router.add("GET", "/{n}", [](const Request& request) -> Result<Response> {
    return Response::text(200, "x").with("X-Name", "a\r\nSet-Cookie: " + request.params.at("n"));
  });
  router.add("GET", "/own", [](const Request&) -> Result<Response> {
    return Response::text(200, "x").with("content-LENGTH", "999").with("Transfer-Encoding", "chunked");
  });
  RunningServer server(std::move(router));
  Client client(server.port());
  const Reply split = client.ask(get("/1"));
  EXPECT_EQ(split.status, 500);
  EXPECT_EQ(split["set-cookie"], "");
  EXPECT_EQ(told, 500) << "what is told of an answer is what went out";
  const Reply own = client.ask(get("/own"));
  EXPECT_EQ(own["content-length"], "1");
  EXPECT_EQ(own["transfer-encoding"], "");
}

// --- What must be refused.

TEST(Malformed, IsRefusedAndTheConnectionClosed) {
  const std::string big(70'000, 'a');
  std::string many;
  for (int i = 0; i < 130; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  std::string parameters = "/echo?";
  for (int i = 0; i < 300; ++i) parameters += "a&";
  const std::string nul("a\0b", 3);
  const struct {
    const char* what;
    std::string request;
    int status = 400;
  } cases[] = {
      {"not HTTP", "\x16\x03\x01\x02\r\n\r\n"},
      {"no version", "GET /echo\r\n\r\n"},
      {"HTTP/0.9 version", "GET /echo HTTP/0.9\r\nHost: h\r\n\r\n"},
      {"HTTP/1.2", "GET /echo HTTP/1.2\r\nHost: h\r\n\r\n"},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"lower-case http", "GET /echo http/1.1\r\nHost: h\r\n\r\n"},
      {"empty method", " /echo HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"method with a bad character", "G@T /echo HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"two spaces before the target", "GET  /echo HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"space in the target", "GET /ec ho HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"trailing space on the request line", "GET /echo HTTP/1.1 \r\nHost: h\r\n\r\n"},
      {"bare LF lines", "GET /echo HTTP/1.1\nHost: h\n\n"},
      {"one bare LF", "GET /echo HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"},
      {"bare CR", "GET /echo HTTP/1.1\r\nHost: h\rX: y\r\n\r\n"},
      {"NUL in a value", "GET /echo HTTP/1.1\r\nHost: h\r\nX: " + nul + "\r\n\r\n"},
      {"control character in a value", "GET /echo HTTP/1.1\r\nHost: h\r\nX: a\x01\r\n\r\n"},
      {"folded line", "GET /echo HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"},
      {"folded by a tab", "GET /echo HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n"},
      {"space before the first field", "GET /echo HTTP/1.1\r\n Host: h\r\n\r\n"},
      {"space before the colon", "GET /echo HTTP/1.1\r\nHost : h\r\n\r\n"},
      {"space before Content-Length's colon", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc"},
      {"field without a colon", "GET /echo HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n"},
      {"field without a name", "GET /echo HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n"},
      {"field name with a bad character", "GET /echo HTTP/1.1\r\nHost: h\r\nX(): x\r\n\r\n"},
      {"no Host", "GET /echo HTTP/1.1\r\n\r\n"},
      {"two Hosts", "GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"Host with a path", "GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"Host with userinfo", "GET /echo HTTP/1.1\r\nHost: u@a\r\n\r\n"},
      {"length and chunks",
       "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunks and length",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
      {"two lengths", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
      {"the same length twice", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
      {"a list of lengths", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc"},
      {"negative length", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"},
      {"signed length", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc"},
      {"hexadecimal length", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc"},
      {"empty length", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n"},
      {"length beyond 64 bits", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551617\r\n\r\n"},
      {"length with a space", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3 3\r\n\r\nabc"},
      {"unknown coding", "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"},
      {"coding before chunked", "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"coding after chunked",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
      {"chunked twice",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n"},
      {"quoted coding", "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"},
      {"misspelt coding", "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {"coding with a vertical tab",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0b"
       "chunked\r\n\r\n0\r\n\r\n"},
      {"chunks in HTTP/1.0", "POST /echo HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunk size missing", "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n"},
      {"chunk size signed",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n"},
      {"chunk size prefixed",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"},
      {"chunk size beyond 64 bits",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n"},
      {"chunk longer than said",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"},
      {"chunk size ended by LF",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"},
      {"endless chunk extension", "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;" + big},
      {"endless trailer", "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + big},
      {"target without a slash", "GET echo HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"authority form", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"foreign scheme", "GET ftp://h/echo HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"absolute form without a host", "GET http:///echo HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"fragment", get("/echo#x")},
      {"backslash", get("/echo\\x")},
      {"raw UTF-8", get("/\xc3\xa4")},
      {"NUL escaped in the path", get("/things/a%00")},
      {"half an escape", get("/things/%4")},
      {"no escape", get("/things/%zz")},
      {"escape at the end", get("/things/a%")},
      {"path that is not UTF-8", get("/things/%ff")},
      {"overlong slash", get("/things/%c0%af")},
      {"dot segment", get("/files/../echo")},
      {"escaped dot segment", get("/files/%2e%2E/echo")},
      {"single dot", get("/files/./a")},
      {"bad escape in the query", get("/echo?a=%g1")},
      {"NUL in the query", get("/echo?a=%00")},
      {"query that is not UTF-8", get("/echo?a=%80")},
      {"too many parameters", get(parameters)},
      {"head over 64 KiB", get("/echo", "X: " + big + "\r\n"), 431},
      {"endless head", "GET /echo HTTP/1.1\r\nX: " + big, 431},
      {"endless target", "GET /" + big, 431},
      {"too many fields", get("/echo", many), 431},
      {"body over the limit", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n", 413},
      {"chunked body over the limit",
       "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + pattern(5000) + "\r\n0\r\n\r\n",
       413},
  };
  ServerOptions options;
  options.body_bytes_max = 4096;
  std::atomic<int> handled{0};
  Router router = echo_router();
  router.after([&handled](const Request&, const Response& response) {
    if (response.status < 400) ++handled;
  });
  RunningServer server(std::move(router), options);
  for (const auto& each : cases) {
    Client client(server.port());
    client.send(each.request);
    const Reply reply = client.receive();
    EXPECT_EQ(reply.status, each.status) << each.what << ": " << reply.body;
    EXPECT_EQ(reply["content-type"], "application/problem+json") << each.what;
    EXPECT_EQ(reply["connection"], "close") << each.what;
    client.shutdown_write();
    EXPECT_TRUE(client.is_ended()) << each.what << ": something of it was taken for another request";
  }
  EXPECT_EQ(handled, 0);
  Client client(server.port());
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
}

TEST(Malformed, RequestAfterAGoodOneIsRefusedToo) {
  RunningServer server(echo_router());
  Client client(server.port());
  ASSERT_TRUE(client.send(get("/echo") + "GET /echo HTTP/1.1\nHost: h\n\n" + get("/echo")));
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(client.receive().status, 400);
  client.shutdown_write();
  EXPECT_TRUE(client.is_ended());
}

// --- Limits and time.

TEST(Limits, BodyOfExactlyTheLimitPasses) {
  ServerOptions options;
  options.body_bytes_max = 4096;
  RunningServer server(echo_router(), options);
  Client client(server.port());
  const std::string body = pattern(4096);
  EXPECT_TRUE(client.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4096\r\n\r\n" + body).body.ends_with(body));
  EXPECT_TRUE(
      client
          .ask("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n" + body + "\r\n0\r\n\r\n")
          .body.ends_with(body));
}

TEST(Limits, SlowHeadIsAnsweredAndClosed) {
  ServerOptions options;
  options.header_timeout_ms = 200;
  RunningServer server(echo_router(), options);
  Client client(server.port());
  ASSERT_TRUE(client.send("GET /echo HTTP/1.1\r\nHo"));
  EXPECT_EQ(client.receive().status, 408);
  client.shutdown_write();
  EXPECT_TRUE(client.is_ended());
}

TEST(Limits, SilentAndIdleConnectionsAreClosedWithoutAWord) {
  ServerOptions options;
  options.header_timeout_ms = 200;
  options.keep_alive_timeout_ms = 30;
  RunningServer server(echo_router(), options);
  Client silent(server.port());
  EXPECT_TRUE(silent.is_ended());
  Client idle(server.port());
  EXPECT_EQ(idle.ask(get("/echo")).status, 200);
  EXPECT_TRUE(idle.is_ended());
}

TEST(Limits, StalledBodyForMemoryIsAnswered) {
  ServerOptions options;
  options.body_idle_timeout_ms = 30;
  RunningServer server(echo_router(), options);
  Client client(server.port());
  EXPECT_EQ(client.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc").status, 408);
}

TEST(Limits, HandlerMayTakeLongerThanAnyTimeout) {
  ServerOptions options;
  options.header_timeout_ms = options.keep_alive_timeout_ms = options.write_idle_timeout_ms = 200;
  Signal other_is_done;
  Router router = echo_router();
  router.add("GET", "/slow", [&](const Request&) -> Result<Response> {
    other_is_done.wait();
    return Response::text(200, "done");
  });
  RunningServer server(std::move(router), options);
  Client client(server.port());
  ASSERT_TRUE(client.send(get("/slow")));
  Client other(server.port());
  EXPECT_TRUE(other.is_ended()) << "a connection opened later has run into its timeout meanwhile";
  other_is_done.give();
  EXPECT_EQ(client.receive().body, "done");
}

TEST(Limits, ConnectionsBeyondTheLimitAreTurnedAway) {
  ServerOptions options;
  options.connections_max = 2;
  RunningServer server(echo_router(), options);
  auto first = std::make_unique<Client>(server.port());
  Client second(server.port());
  EXPECT_EQ(first->ask(get("/echo")).status, 200);
  EXPECT_EQ(second.ask(get("/echo")).status, 200);
  Client third(server.port());
  const Reply refusal = third.receive();
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal["retry-after"], "5");
  EXPECT_TRUE(third.is_ended());
  first.reset();
  // The server notices the end on its own thread; until then it refuses.
  int status = 503;
  for (int i = 0; i < 100'000 && status != 200; ++i) {
    Client again(server.port());
    again.send(get("/echo"));
    status = again.receive().status;
  }
  EXPECT_EQ(status, 200);
}

TEST(Limits, FullPoolAnswers503AndTheConnectionLives) {
  ServerOptions options;
  options.handler_threads = 1;
  options.handler_queue_max = 0;
  Signal entered, leave;
  Router router = echo_router();
  router.add("GET", "/slow", [&](const Request&) -> Result<Response> {
    entered.give();
    leave.wait();
    return Response::text(200, "done");
  });
  RunningServer server(std::move(router), options);
  Client slow(server.port());
  ASSERT_TRUE(slow.send(get("/slow")));
  entered.wait();
  Client client(server.port());
  const Reply refusal = client.ask(get("/echo"));
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal["retry-after"], "5");
  leave.give();
  EXPECT_EQ(slow.receive().body, "done");
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
}

TEST(Limits, TwoHundredConnectionsAtOnce) {
  RunningServer server(echo_router());
  std::vector<Client> clients;
  for (int i = 0; i < 200; ++i) clients.emplace_back(server.port());
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) ASSERT_TRUE(clients[i].send(get("/things/" + std::to_string(i))));
    for (std::size_t i = 0; i < clients.size(); ++i) {
      EXPECT_NE(clients[i].receive().body.find("{id}=" + std::to_string(i) + "\n"), std::string::npos);
    }
  }
}

// --- Where requests come from.

TEST(Proxies, AreBelievedOnlyWhenTrusted) {
  ServerOptions options;
  options.trusted_proxies = {"127.0.0.0/8", "10.1.0.0/16", "fd00::/8"};
  RunningServer trusting(echo_router(), options);
  RunningServer wary(echo_router());
  const struct {
    const char* headers;
    const char* expected;
  } cases[] = {
      {"", "127.0.0.1 lapel.test open"},
      {"X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9 lapel.test open"},
      {"X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n", "203.0.113.9 lapel.test open"},
      {"X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.1.2.3\r\n", "203.0.113.9 lapel.test open"},
      {"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: fd00::1, 10.1.255.255\r\n", "203.0.113.9 lapel.test open"},
      {"X-Forwarded-For: 203.0.113.9, 10.2.0.1\r\n", "10.2.0.1 lapel.test open"},
      {"X-Forwarded-For: 10.1.0.7\r\n", "10.1.0.7 lapel.test open"},
      {"X-Forwarded-For: 203.0.113.9:4711\r\n", "203.0.113.9 lapel.test open"},
      {"X-Forwarded-For: [2001:db8::1]:4711\r\n", "2001:db8::1 lapel.test open"},
      {"X-Forwarded-For: 2001:DB8:0::1\r\n", "2001:db8::1 lapel.test open"},
      {"X-Forwarded-For: ::ffff:203.0.113.9\r\n", "203.0.113.9 lapel.test open"},
      {"X-Forwarded-For: garbage\r\n", "127.0.0.1 lapel.test open"},
      {"X-Forwarded-For: 6.6.6.6, garbage, 10.1.0.1\r\n", "10.1.0.1 lapel.test open"},
      {"X-Forwarded-For: \r\n", "127.0.0.1 lapel.test open"},
      {"X-Forwarded-Proto: https\r\n", "127.0.0.1 lapel.test secure"},
      {"X-Forwarded-Proto: https, http\r\n", "127.0.0.1 lapel.test open"},
      {"X-Forwarded-Host: public.test:8443\r\n", "127.0.0.1 public.test:8443 open"},
      {"X-Forwarded-Host: evil/path\r\n", "127.0.0.1 lapel.test open"},
  };
  Client through(trusting.port()), straight(wary.port());
  for (const auto& each : cases) {
    EXPECT_EQ(through.ask(get("/echo", each.headers)).body, "GET /echo\n" + std::string(each.expected) + "\n")
        << each.headers;
    EXPECT_EQ(straight.ask(get("/echo", each.headers)).body, "GET /echo\n127.0.0.1 lapel.test open\n") << each.headers;
  }
}

TEST(PublicUrl, MakesRequestsForItsHostSecureWhereItIsHttps) {
  const auto asked_at = [](const std::string& url, const std::string& host) {
    ServerOptions options;
    options.public_url = url;
    RunningServer server(echo_router(), options);
    Client client(server.port());
    return client.ask("GET /echo HTTP/1.1\r\nHost: " + host + "\r\n\r\n").body;
  };
  EXPECT_EQ(asked_at("https://town.test", "Town.Test"), "GET /echo\n127.0.0.1 Town.Test secure\n");
  EXPECT_EQ(asked_at("https://town.test:8443/", "town.test:8443"), "GET /echo\n127.0.0.1 town.test:8443 secure\n");
  EXPECT_EQ(asked_at("https://town.test", "localhost"), "GET /echo\n127.0.0.1 localhost open\n");
  EXPECT_EQ(asked_at("https://town.test", "town.test:80"), "GET /echo\n127.0.0.1 town.test:80 open\n");
  EXPECT_EQ(asked_at("http://town.test", "town.test"), "GET /echo\n127.0.0.1 town.test open\n");
}

TEST(Open, RefusesWhatCannotWork) {
  const auto code_of = [](auto change) {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    change(options);
    const auto server = Server::open(Router(), options);
    return server ? std::string("opened") : std::string(code_name(server.error().code()));
  };
  EXPECT_EQ(code_of([](ServerOptions&) {}), "opened");
  for (const char* listen : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                             "127.0.0.1:-1", "::1:8080", "[::1]", "[::1:80", "no such host:1", "1.2.3.4.5:1"}) {
    EXPECT_EQ(code_of([&](ServerOptions& o) { o.listen = listen; }), "invalid") << listen;
  }
  for (const char* network : {"", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::1/129", "::1/-1", "10.0.0.0/8/8"}) {
    EXPECT_EQ(code_of([&](ServerOptions& o) { o.trusted_proxies = {network}; }), "invalid") << network;
  }
  for (const char* url :
       {"town.test", "ftp://town.test", "https://", "https://town.test/path", "https://me@town.test", "HTTPS ://x"}) {
    EXPECT_EQ(code_of([&](ServerOptions& o) { o.public_url = url; }), "invalid") << url;
  }
  EXPECT_EQ(code_of([](ServerOptions& o) { o.body_chunk_bytes = 5000; }), "invalid");
  EXPECT_EQ(code_of([](ServerOptions& o) { o.body_chunk_bytes = 0; }), "invalid");
  EXPECT_EQ(code_of([](ServerOptions& o) { o.handler_threads = 0; }), "invalid");
  EXPECT_EQ(code_of([](ServerOptions& o) { o.io_threads = 65; }), "invalid");
  EXPECT_EQ(code_of([](ServerOptions& o) { o.header_timeout_ms = 0; }), "invalid");
  EXPECT_EQ(code_of([](ServerOptions& o) { o.tls_key_file = "/key"; }), "invalid");
  EXPECT_EQ(code_of([](ServerOptions& o) { o.tls_key_file = o.tls_certificate_file = "/nonexistent"; }), "invalid");
  const auto behind_proxy = [](ServerOptions& o, const char* listen) {
    o.listen = listen;
    o.trusted_proxies = {"10.0.0.1"};
    o.public_url = "https://town.test";
  };
  EXPECT_EQ(code_of([&](ServerOptions& o) { behind_proxy(o, "192.0.2.1:0"); }), "conflict") << "not an address of ours";
  // In the clear, to this machine alone.
  for (const char* listen : {"0.0.0.0:0", "[::]:0", "192.0.2.1:0"}) {
    EXPECT_EQ(code_of([&](ServerOptions& o) { o.listen = listen; }), "invalid") << listen;
    EXPECT_EQ(code_of([&](ServerOptions& o) { o.listen = listen, o.trusted_proxies = {"10.0.0.1"}; }), "invalid");
    EXPECT_EQ(code_of([&](ServerOptions& o) { o.listen = listen, o.public_url = "https://town.test"; }), "invalid");
    EXPECT_EQ(code_of([&](ServerOptions& o) { behind_proxy(o, listen), o.public_url = "http://town.test"; }),
              "invalid");
  }
  EXPECT_EQ(code_of([](ServerOptions& o) { o.listen = "127.9.9.9:0"; }), "opened");
  EXPECT_EQ(code_of([](ServerOptions& o) { o.listen = "localhost:0"; }), "opened");
  EXPECT_EQ(code_of([&](ServerOptions& o) { behind_proxy(o, "0.0.0.0:0"); }), "opened");
}

TEST(Open, TwoServersCannotShareAPort) {
  RunningServer first(echo_router());
  ServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(first.port());
  const auto second = Server::open(echo_router(), options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConflict);
}

TEST(Open, ListensOnIpv6) {
  ServerOptions options;
  options.listen = "[::1]:0";
  // Lapel runs on kernels without IPv6 too, and there nobody can listen on it.
  if (const auto probe = Server::open(Router(), options); !probe)
    GTEST_SKIP() << "no IPv6 here: " << probe.error().text();
  RunningServer server(echo_router(), options);
  Client client(server.port(), {.host = "::1"});
  EXPECT_EQ(client.ask(get("/echo")).body, "GET /echo\n::1 lapel.test open\n");
}

// --- Answers that wait.

TEST(Held, AnswersWaitAndNobodyElseDoes) {
  ServerOptions options;
  options.io_threads = 1;
  options.handler_threads = 1;
  options.write_idle_timeout_ms = 1;  // is not counted while an answer waits
  Router router = echo_router();
  router.add("GET", "/held/{us}", [](const Request& request) -> Result<Response> {
    Response response = Response::text(200, "at last");
    response.hold_us = std::stoll(request.params.at("us"));
    return response;
  });
  RunningServer server(std::move(router), options);
  Client held(server.port()), other(server.port()), long_held(server.port());
  ASSERT_TRUE(long_held.send(get("/held/3600000000")));
  ASSERT_TRUE(held.send(get("/held/20000") + get("/echo")));
  EXPECT_EQ(other.ask(get("/echo")).status, 200);
  EXPECT_EQ(held.receive().body, "at last");
  EXPECT_EQ(held.receive().status, 200) << "the request behind it";
  server.stop();
  const Reply reply = long_held.receive();
  EXPECT_EQ(reply.body, "at last");
  EXPECT_EQ(reply["connection"], "close");
  server.join();
}

// --- Stopping.

TEST(Stop, BeforeAnythingHappened) {
  RunningServer server(echo_router());
  server.finish();
  EXPECT_FALSE(Client(server.port()).is_connected());
}

TEST(Stop, ClosesIdleConnectionsAndLetsRequestsFinish) {
  Signal entered, leave;
  Router router = echo_router();
  router.add("GET", "/slow", [&](const Request&) -> Result<Response> {
    entered.give();
    leave.wait();
    return Response::text(200, "done");
  });
  RunningServer server(std::move(router));
  Client idle(server.port()), fresh(server.port()), busy(server.port());
  EXPECT_EQ(idle.ask(get("/echo")).status, 200);
  ASSERT_TRUE(busy.send(get("/slow") + get("/echo")));
  entered.wait();
  server.stop();
  EXPECT_TRUE(idle.is_ended());
  EXPECT_TRUE(fresh.is_ended());
  leave.give();
  const Reply reply = busy.receive();
  EXPECT_EQ(reply.body, "done");
  EXPECT_EQ(reply["connection"], "close");
  EXPECT_TRUE(busy.is_ended()) << "the request behind it is not begun";
  server.join();
}

}  // namespace
}  // namespace lapel::http
