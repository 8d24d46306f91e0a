// SPDX-License-Identifier: Apache-2.0
// Files over the wire: ranges, readers that are slow or stop, and answers that are withdrawn while they are sent.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <poll.h>

#include "http/range.h"
#include "http/server.h"
#include "http/testing.h"

namespace lapel::http {
namespace {

using testing::Client;
using testing::get;
using testing::pattern;
using testing::Reply;
using testing::RunningServer;
using testing::Signal;
using testing::TemporaryFile;

Router file_router(const std::shared_ptr<os::File>& file, std::uint64_t bytes) {
  Router router;
  router.add("GET", "/file", [=](const Request& request) {
    return serve_representation(request, {file, bytes, "application/octet-stream", "\"t\""});
  });
  return router;
}

TEST(Files, RangesOverTheWire) {
  const std::string bytes = pattern(300'000);
  const TemporaryFile file(bytes);
  RunningServer server(file_router(file.open(), bytes.size()));
  Client client(server.port());
  EXPECT_EQ(client.ask(get("/file")).body, bytes);
  EXPECT_EQ(client.ask(get("/file", "Range: bytes=100000-199999\r\n")).body, bytes.substr(100'000, 100'000));
  EXPECT_EQ(client.ask(get("/file", "Range: bytes=-7\r\n")).body, bytes.substr(bytes.size() - 7));
  const Reply parts = client.ask(get("/file", "Range: bytes=0-99,200-299\r\n"));
  EXPECT_EQ(parts.status, 206);
  EXPECT_NE(parts.body.find(bytes.substr(200, 100)), std::string::npos);
  EXPECT_EQ(client.ask(get("/file", "Range: bytes=300000-\r\n"))["content-range"], "bytes */300000");
  EXPECT_EQ(client.ask(get("/file", "If-None-Match: \"t\"\r\n"), Client::Expect::kHeadOnly).status, 304);
  EXPECT_EQ(client.ask("HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n", Client::Expect::kHeadOnly)["content-length"],
            "300000");
  EXPECT_EQ(client.ask(get("/file")).body.size(), bytes.size());
}

TEST(Files, BigFileReachesASlowReaderWhole) {
  const std::string bytes = pattern(24 << 20);
  const TemporaryFile file(bytes);
  ServerOptions options;
  options.io_threads = 1;
  RunningServer server(file_router(file.open(), bytes.size()), options);
  Client slow(server.port(), {.receive_buffer_bytes = 4096});
  ASSERT_TRUE(slow.send(get("/file")));
  EXPECT_EQ(slow.receive(Client::Expect::kHeadOnly).status, 200);
  Client other(server.port());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string part = slow.read_exactly(std::min<std::size_t>(1 << 20, bytes.size() - at));
    ASSERT_EQ(part, bytes.substr(at, part.size())) << at;
    ASSERT_FALSE(part.empty());
    at += part.size();
    EXPECT_EQ(other.ask(get("/file", "Range: bytes=5-5\r\n")).body, bytes.substr(5, 1)) << "nobody waits for the slow";
  }
}

TEST(Files, ReaderThatStopsReadingIsCut) {
  const std::string bytes = pattern(24 << 20);
  const TemporaryFile file(bytes);
  ServerOptions options;
  options.write_idle_timeout_ms = 30;
  options.connections_max = 1;
  RunningServer server(file_router(file.open(), bytes.size()), options);
  auto stuck = std::make_unique<Client>(server.port(), Client::Options{.receive_buffer_bytes = 4096});
  ASSERT_TRUE(stuck->send(get("/file")));
  int status = 503;  // as long as the stuck one holds the only place
  for (int i = 0; i < 1'000'000 && status != 206; ++i) {
    Client next(server.port());
    next.send(get("/file", "Range: bytes=0-0\r\n"));
    status = next.receive().status;
  }
  EXPECT_EQ(status, 206);
  EXPECT_LT(stuck->read_rest().size(), bytes.size());
}

// What is asked while it is sent, and how it says no.
struct Asked {
  std::atomic<bool> goes_on = true;
  std::atomic<int> times = 0;

  // At `path`, all of `file`, which asks `first` before it counts.
  void serve(Router& router, const std::string& path, const std::shared_ptr<os::File>& file, std::uint64_t bytes,
             const std::function<void()>& first = {}) {
    router.add("GET", path, [this, file, bytes, first](const Request& request) -> Result<Response> {
      Response response = TRY(serve_representation(request, {file, bytes, "video/mp4", "\"t\""}));
      response.goes_on = [this, first] {
        if (first) first();
        ++times;
        return goes_on.load();
      };
      return response;
    });
  }
  void await_times(int wanted) const {
    while (times < wanted) std::this_thread::yield();
  }
};

// One that reads nothing: it is asked all the same, again and again.
Client stuck_at(int port, const std::string& path) {
  Client client(port, {.receive_buffer_bytes = 4096});
  EXPECT_TRUE(client.send(get(path)));
  EXPECT_EQ(client.receive(Client::Expect::kHeadOnly).status, 200);
  return client;
}

void expect_cut(Client& client, std::size_t bytes) {
  pollfd hung_up{client.descriptor(), 0, 0};
  ASSERT_EQ(::poll(&hung_up, 1, testing::kPatience_s * 1'000), 1) << "the server hangs up by itself";
  // What this side's kernel has may still be read; what the server's had is gone with the connection.
  EXPECT_LT(client.read_rest().size(), bytes / 2);
  EXPECT_TRUE(client.is_ended());
}

TEST(Files, AnswerThatMayNotGoOnIsCutAtOnce) {
  const std::string bytes = pattern(24 << 20);
  const TemporaryFile file(bytes);
  Asked asked;
  Router router;
  asked.serve(router, "/file", file.open(), bytes.size());
  RunningServer server(std::move(router));
  Client whole(server.port());
  EXPECT_EQ(whole.ask(get("/file")).body.size(), bytes.size());
  EXPECT_EQ(whole.ask(get("/file", "Range: bytes=0-9\r\n")).body, bytes.substr(0, 10)) << "the connection lives on";

  Client stuck = stuck_at(server.port(), "/file");
  asked.await_times(2);
  asked.goes_on = false;
  expect_cut(stuck, bytes.size());
}

TEST(Files, AnswerThatMayNotGoOnIsCutWhileEveryHandlerIsBusy) {
  const std::string bytes = pattern(24 << 20);
  const TemporaryFile file(bytes);
  Asked asked;
  Signal entered, leave;
  Router router;
  asked.serve(router, "/file", file.open(), bytes.size());
  router.add("GET", "/slow", [&](const Request&) -> Result<Response> {
    entered.give();
    leave.wait();
    return Response::text(200, "done");
  });
  ServerOptions options;
  options.handler_threads = 1;
  RunningServer server(std::move(router), options);
  Client stuck = stuck_at(server.port(), "/file");
  Client slow(server.port());
  ASSERT_TRUE(slow.send(get("/slow")));
  entered.wait();
  asked.goes_on = false;
  expect_cut(stuck, bytes.size());
  leave.give();
  EXPECT_EQ(slow.receive().body, "done");
}

TEST(Files, AnswerIsHeldBackWhileNobodySaysThatItGoesOn) {
  const std::string bytes = pattern(24 << 20);
  const TemporaryFile file(bytes);
  Asked silent, clock;
  Signal say;
  std::atomic<bool> is_asked = false;
  Router router;
  silent.serve(router, "/silent", file.open(), bytes.size(), [&] {
    if (!is_asked.exchange(true)) say.wait();
  });
  clock.serve(router, "/clock", file.open(), bytes.size());
  RunningServer server(std::move(router));
  Client held = stuck_at(server.port(), "/silent");
  const Client other = stuck_at(server.port(), "/clock");
  while (!is_asked) std::this_thread::yield();
  // Asked once a period: after so many it is late.
  clock.await_times(clock.times + static_cast<int>(kGoesOnLate_ms / kGoesOnPeriod_ms) + 2);

  pollfd more{held.descriptor(), POLLIN, 0};
  while (::poll(&more, 1, 100) == 1 && held.read_some()) {
  }
  EXPECT_LT(held.unread(), bytes.size() / 2) << "no more than what the kernels had";
  say.give();
  EXPECT_TRUE(held.read_exactly(bytes.size()) == bytes);
}

TEST(Files, FileShorterThanPromisedEndsTheConnection) {
  const TemporaryFile file("short");
  RunningServer server(file_router(file.open(), 100));
  Client client(server.port());
  const Reply reply = client.ask(get("/file"));
  EXPECT_EQ(reply["content-length"], "100");
  EXPECT_EQ(reply.body, "short");
  EXPECT_TRUE(client.is_ended());
}

}  // namespace
}  // namespace lapel::http
