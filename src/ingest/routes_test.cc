// SPDX-License-Identifier: Apache-2.0
// Whether somebody whose bytes are under way may still send them. What tus says of each header is test/server's to try.
#include "ingest/routes.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "evidence/vault_for_tests.h"
#include "http/client.h"
#include "http/testing.h"
#include "intake/uploads.h"

namespace lapel::ingest {
namespace {

using intake::Kind;
using intake::Uploads;

// Each look at it is a second later, so that nobody's answer is fresh enough for the next piece; unless it stands.
class HastyClock final : public Clock {
 public:
  std::atomic<bool> stands = false;
  Timestamp now() const override { return {1'670'000'000'000'000}; }
  std::int64_t monotonic_us() const override { return stands ? us_.load() : us_ += 1'000'000; }

 private:
  mutable std::atomic<std::int64_t> us_ = 0;
};

class RoutesTest : public evidence::VaultTest {
 protected:
  RoutesTest() {
    EXPECT_TRUE(db::migrate(*database_, "intake", intake::schema()));
    uploads_ = *Uploads::open({*database_, *disk_, directory_ / "uploads", *vault_, clock_, 1});
    http::Router router;
    register_routes(router, *uploads_, hasty_, [this](const http::Request&) -> Result<access::Actor> {
      return asked_++ == 0 ? first_() : again_();
    });
    server_ = std::make_unique<http::testing::RunningServer>(std::move(router));
    http::ClientOptions options;
    options.base_url = fmt::format("http://127.0.0.1:{}", server_->port());
    client_ = *http::Client::open(std::move(options));
  }
  ~RoutesTest() override {
    server_.reset();
    uploads_.reset();
  }

  enum class By { kToken, kSession };
  // Sends these bytes of an upload of ten, and says how that was answered. `again`: who they are when they are asked once more.
  int send(By by, const std::string& bytes, std::function<Result<access::Actor>()> again) {
    id_ = uploads_->create(clerk_, {10, Kind::kWhole, {}, {}})->id;
    asked_ = 0;
    again_ = std::move(again);
    http::ClientRequest request{"PATCH", "/api/v1/uploads/" + id_.text(), {}, bytes, {}};
    request.headers = {
        {"Tus-Resumable", "1.0.0"}, {"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}};
    if (by == By::kToken) request.headers.emplace_back("Authorization", "Bearer of the clerk");
    const auto answer = client_->send(request);
    EXPECT_TRUE(answer) << evidence::message_of(answer);
    return answer->status;
  }
  std::uint64_t offset() { return uploads_->find(clerk_, id_)->offset; }

  // One request on a connection of its own, as it stands on the wire.
  using Headers = std::vector<std::string>;
  static std::string text_of(std::string_view method, std::string_view path, const Headers& headers,
                             std::string_view body) {
    return fmt::format(
        "{} {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer of the clerk\r\nConnection: close\r\n{}{}\r\n{}", method,
        path, fmt::join(headers, "\r\n"), headers.empty() ? "" : "\r\n", body);
  }
  http::testing::Reply ask(std::string_view method, std::string_view path, const Headers& headers = {},
                           std::string_view body = {}) {
    using Expect = http::testing::Client::Expect;
    asked_ = 0;
    http::testing::Client client(server_->port());
    return client.ask(text_of(method, path, headers, body), method == "HEAD" ? Expect::kHeadOnly : Expect::kBody);
  }
  static std::string item(const UploadId& id) { return "/api/v1/uploads/" + id.text(); }
  std::string made(std::uint64_t length, Kind kind = Kind::kWhole, std::string metadata = {}) {
    id_ = uploads_->create(clerk_, {length, kind, std::move(metadata), {}})->id;
    return item(id_);
  }

  const access::Actor clerk_ = enter("clerk", {access::Role::kRecords});
  HastyClock hasty_;
  std::atomic<int> asked_ = 0;
  std::function<Result<access::Actor>()> first_ = [this]() -> Result<access::Actor> { return clerk_; };
  std::function<Result<access::Actor>()> again_ = first_;
  UploadId id_;
  std::unique_ptr<Uploads> uploads_;
  std::unique_ptr<http::testing::RunningServer> server_;
  std::unique_ptr<http::Client> client_;
};

TEST_F(RoutesTest, WhoseCredentialEndsIsRefusedWithinTheirRequestAndAtItsEnd) {
  for (const auto& [code, status] : {std::pair(Code::kUnauthenticated, 401), std::pair(Code::kDenied, 403)}) {
    for (const std::string bytes : {"01234", ""}) {
      EXPECT_EQ(send(By::kToken, bytes, [code = code] { return fail(code, "It has ended"); }), status) << bytes;
      EXPECT_EQ(offset(), 0u);
      EXPECT_EQ(asked_.load(), 2);
    }
  }
}

TEST_F(RoutesTest, WhatCannotBeFoundOutAtThisMomentEndsNothing) {
  EXPECT_EQ(send(By::kToken, "01234", [] { return fail(Code::kUnavailable, "Not now"); }), 204);
  EXPECT_EQ(offset(), 5u);
  EXPECT_EQ(asked_.load(), 3) << "at the first, with its piece, and at its end";
}

TEST_F(RoutesTest, NobodyIsAskedAgainWhoseAnswerIsFresh) {
  hasty_.stands = true;
  EXPECT_EQ(send(By::kToken, "01234", [] { return fail(Code::kUnauthenticated, "It has ended"); }), 204);
  EXPECT_EQ(asked_.load(), 1);
}

TEST_F(RoutesTest, ADockGoesOnByWhatItIsNowAndNotByItsToken) {
  const roster::Dock dock{crypto::new_id<DockId>(), ashfield_.id, "east door",
                          crypto::SigningKey::from_seed(crypto::random_bytes<32>()).public_key()};
  write([&](db::Transaction& tx) { return roster::add_dock(tx, dock, clock_.now()); });
  const access::Actor actor_of_dock = actor(dock.id);
  first_ = [&] { return actor_of_dock; };
  again_ = [] { return fail(Code::kUnauthenticated, "The token has run out"); };
  const UploadId id = uploads_->create(actor_of_dock, {10, Kind::kPartial, {}, {}})->id;
  const auto piece = [&](int offset) {
    return ask("PATCH", item(id),
               {"Tus-Resumable: 1.0.0", "Content-Type: application/offset+octet-stream",
                fmt::format("Upload-Offset: {}", offset), "Content-Length: 5"},
               "01234")
        .status;
  };
  EXPECT_EQ(piece(0), 204);
  run("UPDATE docks SET revoked_us = 1");
  EXPECT_EQ(piece(5), 401);
}

TEST_F(RoutesTest, WhoseRoleIsTakenIsRefusedByWhicheverCredentialTheySend) {
  EXPECT_EQ(send(By::kToken, "01234", [this]() -> Result<access::Actor> { return clerk_; }), 204);
  EXPECT_EQ(offset(), 5u);
  const auto never = []() -> Result<access::Actor> { return fail(Code::kInternal, "A session is not asked again"); };
  EXPECT_EQ(send(By::kSession, "01234", never), 204);
  EXPECT_EQ(offset(), 5u);
  run("DELETE FROM person_roles");
  EXPECT_EQ(send(By::kSession, "01234", never), 403);
  EXPECT_EQ(offset(), 0u);
  EXPECT_EQ(asked_.load(), 1);
}

const std::string kVersion = "Tus-Resumable: 1.0.0", kType = "Content-Type: application/offset+octet-stream";
constexpr std::string_view kBase = "/api/v1/uploads", kUnknown = "/api/v1/uploads/00000000000000000000000000000000",
                           kNonsense = "/api/v1/uploads/nonsense";

TEST_F(RoutesTest, WhoIsNotKnownAndWhatIsNotThereIsSaidOfEachMethod) {
  const std::string path = made(10);
  for (const std::string_view method : {"PATCH", "HEAD", "DELETE"})
    EXPECT_EQ(ask(method, path, {"Content-Length: 0"}).status, 412) << method;
  EXPECT_EQ(ask("POST", kBase, {"Content-Length: 0"})["tus-version"], "1.0.0");
  const Headers all = {kVersion, kType, "Upload-Offset: 0", "Upload-Length: 10", "Content-Length: 0"};
  for (const std::string_view method : {"PATCH", "HEAD", "GET", "DELETE"}) {
    for (const std::string_view absent : {kUnknown, kNonsense})
      EXPECT_EQ(ask(method, absent, all).status, 404) << method;
  }
  EXPECT_EQ(ask("GET", "/elsewhere")["tus-resumable"], "");
  EXPECT_EQ(ask("GET", path)["tus-resumable"], "1.0.0");
  first_ = [] { return fail(Code::kUnauthenticated, "Nobody"); };
  EXPECT_EQ(ask("POST", kBase, all).status, 401);
  for (const std::string_view method : {"PATCH", "HEAD", "GET", "DELETE"})
    EXPECT_EQ(ask(method, path, all).status, 401) << method;
}

TEST_F(RoutesTest, ACreationIsTakenAsItIsMeantOrNotAtAll) {
  const std::string length = "Upload-Length: 5", one = "Content-Length: 1", five = "Content-Length: 5";
  const std::string sum = "Upload-Checksum: sha1 " + base64(*parse_hex("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"));
  const std::tuple<Headers, std::string, int> cases[] = {
      {{kVersion, "Content-Length: 0"}, "", 400},
      {{kVersion, "Upload-Length: 99999999999999", "Content-Length: 0"}, "", 413},
      {{kVersion, "Upload-Concat: final;" + item(crypto::new_id<UploadId>()), kType, one}, "x", 400},
      {{kVersion, length, one}, "x", 415},
      {{kVersion, length, one, "Content-Type: text/plain"}, "x", 415},
      {{kVersion, length, "Transfer-Encoding: chunked"}, "1\r\nx\r\n0\r\n\r\n", 415},
      {{kVersion, length, kType, five, "Upload-Checksum: sha1"}, "hello", 400},
      {{kVersion, "Upload-Length: 0", kType, one}, "x", 403},  // an empty one is whole, and takes none
      {{kVersion, length, "Content-Length: 0"}, "", 201},
      {{kVersion, length, kType, "Transfer-Encoding: chunked"}, "5\r\nhello\r\n0\r\n\r\n", 201},
      {{kVersion, length, kType, five, sum}, "hello", 201},
      {{kVersion, length, kType, five, sum}, "hallo", 460}};
  for (const auto& [headers, body, status] : cases) {
    const auto reply = ask("POST", kBase, headers, body);
    EXPECT_EQ(reply.status, status) << fmt::format("{} {}", fmt::join(headers, ", "), reply.body);
    EXPECT_EQ(reply["location"].empty(), status != 201);
  }
}

TEST_F(RoutesTest, APieceIsTakenAsItIsMeantOrNotAtAll) {
  const std::string at = "Upload-Offset: 0", two = "Content-Length: 2";
  const std::tuple<Headers, std::string, int> cases[] = {
      {{kVersion, at, two}, "ab", 415},
      {{kVersion, at, two, "Content-Type: text/plain"}, "ab", 415},
      {{kVersion, kType, two}, "ab", 400},
      {{kVersion, kType, two, "Upload-Offset: -1"}, "ab", 400},
      {{kVersion, kType, two, at, "Upload-Checksum: md5 AAAA"}, "ab", 400},
      {{kVersion, kType, at, "Content-Length: 11"}, "0123456789a", 413},
      {{kVersion, kType, two, "Upload-Offset: 11"}, "ab", 409},
      {{kVersion, kType, at, "Transfer-Encoding: chunked"}, "2\r\nab\r\n0\r\n\r\n", 204}};
  const std::string path = made(10);
  for (const auto& [headers, body, status] : cases) {
    EXPECT_EQ(offset(), 0u);
    EXPECT_EQ(ask("PATCH", path, headers, body).status, status) << fmt::format("{}", fmt::join(headers, ", "));
  }
  EXPECT_EQ(offset(), 2u);
}

TEST_F(RoutesTest, WhatWasCutShortOrCannotBeKeptIsNotAcknowledged) {
  const std::string path = made(10);
  const std::string sum = "Upload-Checksum: sha1 " + base64(*parse_hex("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"));
  {
    http::testing::Client client(server_->port());
    const Headers headers = {kVersion, kType, "Upload-Offset: 0", "Content-Length: 10", sum, "Expect: 100-continue"};
    ASSERT_TRUE(client.send(text_of("PATCH", path, headers, "")));
    ASSERT_TRUE(client.read_some()) << "that its writer is there";
    ASSERT_TRUE(client.send("hello"));
  }
  while (!uploads_->append(clerk_, id_, 0)) std::this_thread::yield();
  EXPECT_EQ(offset(), 0u) << "nothing counts of a body that was cut short of its checksum";

  again_ = [this]() -> Result<access::Actor> {
    if (asked_ == 3) create({"ALTER TABLE uploads RENAME TO away"});  // when all its bytes are there
    return clerk_;
  };
  EXPECT_EQ(ask("PATCH", path, {kVersion, kType, "Upload-Offset: 0", "Content-Length: 5"}, "hello").status, 500);
  create({"ALTER TABLE away RENAME TO uploads"});
  EXPECT_EQ(offset(), 0u);
}

TEST_F(RoutesTest, EachKindOfUploadIsToldAsWhatItIs) {
  const std::string plain = made(10, Kind::kWhole, "filename " + base64(as_bytes("a.mp4")));
  const auto head = ask("HEAD", plain, {kVersion});
  EXPECT_EQ(head["upload-length"], "10");
  EXPECT_EQ(head["upload-metadata"], "filename " + base64(as_bytes("a.mp4")));
  EXPECT_EQ(head["upload-concat"], "");
  EXPECT_NE(head["upload-expires"], "");
  EXPECT_NE(ask("GET", plain).body.find("\"sha256\":null"), std::string::npos);
  EXPECT_EQ(ask("DELETE", plain, {kVersion}).status, 204);

  std::vector<std::string> parts;
  for (int i = 0; i < 2; ++i) {
    parts.push_back(made(1, Kind::kPartial));
    EXPECT_EQ(ask("HEAD", parts.back(), {kVersion})["upload-concat"], "partial");
    EXPECT_EQ(ask("PATCH", parts.back(), {kVersion, kType, "Upload-Offset: 0", "Content-Length: 1"}, "x").status, 204);
  }
  const std::string list = fmt::format("final;{}", fmt::join(parts, " "));
  const std::string joined = ask("POST", kBase, {kVersion, "Upload-Concat: " + list, "Content-Length: 0"})["location"];
  ASSERT_NE(joined, "");
  std::string state;
  do {
    state = ask("GET", joined).body;
  } while (state.find("\"state\":\"sealing\"") != std::string::npos);
  EXPECT_EQ(state.find("\"recording\":null"), std::string::npos) << state;
  EXPECT_NE(ask("GET", parts[0]).body.find("\"recording\":null"), std::string::npos) << "a part is none";
  const auto whole = ask("HEAD", joined, {kVersion});
  EXPECT_EQ(whole["upload-concat"], list);
  EXPECT_EQ(whole["upload-expires"], "");
  int removed = 0;
  do {
    removed = ask("DELETE", joined, {kVersion}).status;
  } while (removed == 423);  // its sealer has still to take its file away
  EXPECT_EQ(removed, 403);
  EXPECT_EQ(ask("OPTIONS", joined).status, 204);
}

}  // namespace
}  // namespace lapel::ingest
