// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "http/server.h"
#include "http/testing.h"

namespace lapel::http {
namespace {

// Answers with what it was asked; a streamed body by its length and a sum.
class Echo : public BodySink {
 public:
  Result<void> write(std::span<std::uint8_t> chunk) override {
    bytes_ += chunk.size();
    for (const std::uint8_t byte : chunk) sum_ = sum_ * 31 + byte;
    return {};
  }
  Result<Response> finish(BodyEnd) override { return Response::text(200, fmt::format("{} {}", bytes_, sum_)); }

 private:
  std::uint64_t bytes_ = 0, sum_ = 0;
};

Router routes() {
  Router router;
  const auto echo = [](const Request& request) -> Result<Response> {
    const std::string* token = request.header("x-token");
    return Response::text(200,
                          fmt::format("{} {} {} {}", request.method, request.target, token ? *token : "", request.body))
        .with("X-Answer", "  padded  ");
  };
  router.add("GET", "/echo", echo);
  router.add("POST", "/echo", echo);
  router.add("DELETE", "/echo", echo);
  router.add("GET", "/moved",
             [](const Request&) -> Result<Response> { return Response::empty(302).with("Location", "/echo"); });
  router.add("GET", "/long",
             [](const Request&) -> Result<Response> { return Response::text(200, std::string(100'000, 'x')); });
  using Answer = std::variant<std::unique_ptr<BodySink>, Response>;
  router.add_stream("PATCH", "/stream",
                    [](const Request&) -> Result<Answer> { return Answer(std::make_unique<Echo>()); });
  router.add_stream("PATCH", "/refuse",
                    [](const Request&) -> Result<Answer> { return fail(Code::kConflict, "not now"); });
  return router;
}

class ClientTest : public ::testing::Test {
 protected:
  std::unique_ptr<Client> client(ClientOptions options = {}) {
    options.base_url = fmt::format("http://127.0.0.1:{}", server_.port());
    auto opened = Client::open(std::move(options));
    EXPECT_TRUE(opened) << opened.error().text();
    return *std::move(opened);
  }
  testing::RunningServer server_{routes()};
};

BodySource source(std::uint64_t bytes, std::uint64_t* sum) {
  return {bytes, [sum](std::uint64_t offset, std::span<std::uint8_t> out) -> Result<std::size_t> {
            const std::size_t count = std::min<std::size_t>(out.size(), 7'777);
            for (std::size_t i = 0; i < count; ++i) {
              out[i] = static_cast<std::uint8_t>((offset + i) * 2654435761u >> 24);
              *sum = *sum * 31 + out[i];
            }
            return count;
          }};
}

TEST_F(ClientTest, AsksAndHears) {
  const auto asking = client();
  for (const auto& [method, body] : {std::pair{"GET", ""}, {"POST", "words"}, {"POST", ""}, {"DELETE", ""}}) {
    const auto answer = asking->send({method, "/echo?a=b%20c", {{"X-Token", "t"}}, body, {}});
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, fmt::format("{} /echo?a=b%20c t {}", method, body));
    EXPECT_EQ(*answer->header("x-answer"), "padded");
    EXPECT_EQ(answer->header("X-Answer"), nullptr);
  }
  const auto head = asking->send({"HEAD", "/echo", {}, {}, {}});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(asking->send({"GET", "/nothing", {}, {}, {}})->status, 404);
}

TEST_F(ClientTest, SendsAStreamAsItIsRead) {
  const auto asking = client();
  for (const std::uint64_t bytes : {std::uint64_t{1}, std::uint64_t{70'000}, std::uint64_t{5'000'001}}) {
    std::uint64_t sum = 0;
    const auto answer = asking->send({"PATCH", "/stream", {}, {}, source(bytes, &sum)});
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->body, fmt::format("{} {}", bytes, sum));
  }
}

TEST_F(ClientTest, HearsARefusalOfALongBody) {
  std::uint64_t sum = 0;
  const auto answer = client()->send({"PATCH", "/refuse", {}, {}, source(50'000'000, &sum)});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 409);
}

TEST_F(ClientTest, FollowsNoRedirect) {
  const auto answer = client()->send({"GET", "/moved", {}, {}, {}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
}

TEST_F(ClientTest, TakesNoAnswerThatIsTooLong) {
  ClientOptions options;
  options.answer_bytes_max = 99'999;
  const auto asking = client(options);
  EXPECT_EQ(asking->send({"GET", "/long", {}, {}, {}}).error().code(), Code::kTooLarge);
  EXPECT_EQ(asking->send({"GET", "/echo", {}, {}, {}})->status, 200);
}

TEST_F(ClientTest, PassesOnWhyABodyEnded) {
  const BodySource broken{1'000'000, [](std::uint64_t offset, std::span<std::uint8_t> out) -> Result<std::size_t> {
                            if (offset > 100'000) return fail(Code::kCorrupt, "damaged");
                            std::fill(out.begin(), out.end(), std::uint8_t{0});
                            return out.size();
                          }};
  const auto asking = client();
  EXPECT_EQ(asking->send({"PATCH", "/stream", {}, {}, broken}).error().code(), Code::kCorrupt);
  EXPECT_EQ(asking->send({"GET", "/echo", {}, {}, {}})->status, 200);
}

TEST_F(ClientTest, IsCancelled) {
  std::atomic<bool> is_over = false;
  ClientOptions options;
  options.is_cancelled = [&] { return is_over.load(); };
  const auto asking = client(options);
  std::uint64_t sum = 0;
  BodySource endless = source(std::uint64_t{1} << 40, &sum);
  endless.read = [&, read = endless.read](std::uint64_t offset, std::span<std::uint8_t> out) {
    if (offset > 1'000'000) is_over = true;
    return read(offset, out);
  };
  EXPECT_EQ(asking->send({"PATCH", "/stream", {}, {}, endless}).error().code(), Code::kUnavailable);
}

TEST_F(ClientTest, SaysThatNobodyIsThere) {
  const auto asking = client();
  server_.finish();
  EXPECT_EQ(asking->send({"GET", "/echo", {}, {}, {}}).error().code(), Code::kUnavailable);
}

TEST(ClientUrl, IsAServerAndNothingElse) {
  const auto opens = [](const std::string& url, PlainHttp plain) {
    ClientOptions options;
    options.base_url = url;
    options.plain_http = plain;
    return Client::open(options).has_value();
  };
  for (const char* url : {"https://lapel.example", "https://lapel.example/", "http://127.0.0.1:1",
                          "http://localhost:80", "http://[::1]:80"}) {
    EXPECT_TRUE(opens(url, PlainHttp::kLoopbackOnly)) << url;
  }
  for (const char* url :
       {"", "lapel", "http://lapel.example", "http://127.evil.example", "http://127.0.0.1.evil.example",
        "http://10.0.0.1", "http://0.0.0.0", "ftp://127.0.0.1", "file:///etc/passwd", "https://a/b", "https://a?b",
        "https://a#b", "https://u@a", "https://u:p@a"}) {
    EXPECT_FALSE(opens(url, PlainHttp::kLoopbackOnly)) << url;
  }
  EXPECT_TRUE(opens("http://lapel.example", PlainHttp::kAnywhere));
  EXPECT_FALSE(opens("ftp://lapel.example", PlainHttp::kAnywhere));
}

}  // namespace
}  // namespace lapel::http
