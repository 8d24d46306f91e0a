// SPDX-License-Identifier: Apache-2.0
// Whether somebody whose bytes are under way may still send them. What tus says of each header is test/server's to try.
#include "ingest/routes.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "evidence/vault_for_tests.h"
#include "http/client.h"
#include "http/testing.h"
#include "ingest/uploads.h"

namespace lapel::ingest {
namespace {

// Each look at it is a second later, so that nobody's answer is fresh enough for the next piece.
class HastyClock final : public Clock {
 public:
  Timestamp now() const override { return {1'670'000'000'000'000}; }
  std::int64_t monotonic_us() const override { return us_ += 1'000'000; }

 private:
  mutable std::atomic<std::int64_t> us_ = 0;
};

class RoutesTest : public evidence::VaultTest {
 protected:
  RoutesTest() {
    EXPECT_TRUE(db::migrate(*database_, "ingest", schema()));
    uploads_ = *Uploads::open({*database_, *disk_, directory_ / "uploads", *vault_, clock_, 1});
    http::Router router;
    register_routes(router, *uploads_, hasty_, [this](const http::Request&) -> Result<access::Actor> {
      if (asked_++ == 0) return clerk_;
      return again_();
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

  const access::Actor clerk_ = enter("clerk", {access::Role::kRecords});
  HastyClock hasty_;
  std::atomic<int> asked_ = 0;
  std::function<Result<access::Actor>()> again_;
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

}  // namespace
}  // namespace lapel::ingest
