// SPDX-License-Identifier: Apache-2.0
// Streamed bodies: what a sink is given is what was sent, however the request ends.
#include <array>
#include <atomic>
#include <chrono>

#include <fmt/format.h>

#include "base/problems.h"
#include "http/server.h"
#include "http/testing.h"

namespace lapel::http {
namespace {

using testing::Client;
using testing::Inbox;
using testing::pattern;
using testing::Reply;
using testing::RunningServer;
using testing::Signal;

constexpr std::size_t kChunk = 8192;

class InboxSink final : public BodySink {
 public:
  explicit InboxSink(Inbox& inbox) : inbox_(inbox) {}
  Result<void> write(std::span<std::uint8_t> chunk) override {
    inbox_.add(chunk);
    // The buffer is ours during the call: a server that kept data there would now send wrong bytes.
    std::fill(chunk.begin(), chunk.end(), std::uint8_t{0xee});
    return {};
  }
  Result<Response> finish(BodyEnd end) override {
    inbox_.end(end);
    return Response::text(201, std::to_string(inbox_.bytes().size()));
  }

 private:
  Inbox& inbox_;
};

Router upload_router(Inbox& inbox) {
  Router router;
  router.add_stream("PUT", "/upload",
                    [&inbox](const Request&) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
                      inbox.begin();
                      return std::unique_ptr<BodySink>(std::make_unique<InboxSink>(inbox));
                    });
  router.add("GET", "/", [](const Request&) -> Result<Response> { return Response::text(200, "here"); });
  return router;
}

ServerOptions small_chunks() {
  ServerOptions options;
  options.body_chunk_bytes = kChunk;
  return options;
}

std::string put(std::size_t bytes, std::string_view headers = {}) {
  return fmt::format("PUT /upload HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n{}\r\n", bytes, headers);
}
constexpr std::string_view kPutChunked = "PUT /upload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string as_chunks(std::string_view body, std::size_t chunk_bytes) {
  std::string out;
  while (!body.empty()) {
    const std::string_view part = body.substr(0, chunk_bytes);
    out += fmt::format("{:x}\r\n{}\r\n", part.size(), part);
    body.remove_prefix(part.size());
  }
  return out + "0\r\n\r\n";
}

void expect_whole(Inbox& inbox, const std::string& body, const std::string& what) {
  EXPECT_TRUE(inbox.bytes() == body) << what << ": " << inbox.bytes().size() << " of " << body.size();
  EXPECT_EQ(inbox.ends(), std::vector{BodyEnd::kComplete}) << what;
  EXPECT_TRUE(inbox.is_aligned()) << what;
  const auto pieces = inbox.pieces();
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool is_last = i + 1 == pieces.size();
    EXPECT_TRUE(is_last ? pieces[i] > 0 : pieces[i] == kChunk) << what << ": " << pieces[i];
  }
}

constexpr std::array<std::size_t, 15> kSizes = {0,     1,     4095,  4096,  4097,  8191,  8192,  8193,
                                                16383, 16384, 16385, 24575, 24577, 70000, 200001};

TEST(Stream, TakesEverySizeAroundTheChunk) {
  for (const std::size_t size : kSizes) {
    Inbox inbox;
    RunningServer server(upload_router(inbox), small_chunks());
    Client client(server.port());
    const std::string body = pattern(size);
    ASSERT_TRUE(client.send(put(size) + body + "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    const Reply reply = client.receive();
    EXPECT_EQ(reply.status, 201) << size;
    EXPECT_EQ(reply.body, std::to_string(size));
    expect_whole(inbox, body, std::to_string(size));
    EXPECT_EQ(client.receive().body, "here") << "the next request starts right behind the body";
  }
}

TEST(Stream, TakesChunkedBodiesOfEverySize) {
  for (const std::size_t size : kSizes) {
    for (const std::size_t chunk : {std::size_t{7}, kChunk - 1, kChunk, kChunk + 1, std::size_t{100'000}}) {
      Inbox inbox;
      RunningServer server(upload_router(inbox), small_chunks());
      Client client(server.port());
      const std::string body = pattern(size);
      ASSERT_TRUE(client.send(std::string(kPutChunked) + as_chunks(body, chunk) + "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
      EXPECT_EQ(client.receive().status, 201);
      expect_whole(inbox, body, fmt::format("{} in chunks of {}", size, chunk));
      EXPECT_EQ(client.receive().body, "here");
    }
  }
}

TEST(Stream, HeadAndBodyMayArriveInAnyPieces) {
  const std::string body = pattern(20'000);
  for (const std::size_t piece : {1, 3, 61, 1000, 8192}) {
    Inbox inbox;
    RunningServer server(upload_router(inbox), small_chunks());
    Client client(server.port());
    const std::string all = put(body.size()) + body;
    for (std::size_t at = 0; at < all.size(); at += piece)
      ASSERT_TRUE(client.send(std::string_view(all).substr(at, piece)));
    EXPECT_EQ(client.receive().status, 201);
    expect_whole(inbox, body, std::to_string(piece));
  }
}

TEST(Stream, CutBodyLosesNothingThatArrived) {
  const std::string body = pattern(100'000);
  for (const std::size_t sent : {0u, 1u, 4097u, 8191u, 8192u, 8193u, 16384u, 50'000u, 99'999u}) {
    Inbox inbox;
    RunningServer server(upload_router(inbox), small_chunks());
    Client client(server.port());
    ASSERT_TRUE(client.send(put(body.size()) + body.substr(0, sent)));
    client.close();
    inbox.wait_for_end();
    EXPECT_TRUE(inbox.bytes() == body.substr(0, sent)) << sent << ": " << inbox.bytes().size();
    server.finish();
    EXPECT_EQ(inbox.ends(), std::vector{BodyEnd::kCut}) << sent;
  }
}

TEST(Stream, CutChunkedBodyLosesNothingThatArrived) {
  const std::string body = pattern(50'000);
  const std::string all = as_chunks(body, 1000);
  constexpr std::size_t kWire = 1000 + 5 + 2;  // "3e8\r\n" data "\r\n"
  for (const std::size_t whole : {0, 1, 8, 9, 49, 50}) {
    for (const std::size_t part : {0, 1, 4, 5, 6, 500, 1004}) {
      if (whole == 50 && part > 4) continue;
      Inbox inbox;
      RunningServer server(upload_router(inbox), small_chunks());
      Client client(server.port());
      ASSERT_TRUE(client.send(std::string(kPutChunked) + all.substr(0, whole * kWire + part)));
      client.close();
      inbox.wait_for_end();
      const std::size_t expected = whole * 1000 + (part > 5 && whole < 50 ? std::min<std::size_t>(part - 5, 1000) : 0);
      EXPECT_TRUE(inbox.bytes() == body.substr(0, expected)) << whole << " " << part << ": " << inbox.bytes().size();
      EXPECT_EQ(inbox.ends(), std::vector{BodyEnd::kCut});
    }
  }
}

TEST(Stream, MalformedChunkIsACutWithAnAnswer) {
  Inbox inbox;
  RunningServer server(upload_router(inbox), small_chunks());
  Client client(server.port());
  const Reply reply = client.ask(std::string(kPutChunked) + "5\r\nhello\r\nnonsense\r\n");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply["connection"], "close");
  EXPECT_EQ(inbox.bytes(), "hello");
  EXPECT_EQ(inbox.ends(), std::vector{BodyEnd::kCut});
}

TEST(Stream, StalledBodyIsWrittenThenCutThenAnswered) {
  Inbox inbox;
  ServerOptions options = small_chunks();
  options.body_idle_timeout_ms = 40;
  RunningServer server(upload_router(inbox), options);
  Client client(server.port());
  const std::string body = pattern(10'000);
  const Reply reply = client.ask(put(20'000) + body);
  EXPECT_EQ(reply.status, 408);
  EXPECT_TRUE(inbox.bytes() == body);
  EXPECT_EQ(inbox.ends(), std::vector{BodyEnd::kCut});
  client.shutdown_write();
  EXPECT_TRUE(client.is_ended());
}

TEST(Stream, BodyThatKeepsMovingMayTakeLongerThanTheIdleTimeout) {
  Inbox inbox;
  ServerOptions options = small_chunks();
  options.body_idle_timeout_ms = 1000;
  RunningServer server(upload_router(inbox), options);
  Client client(server.port());
  const auto start = std::chrono::steady_clock::now();
  std::size_t sent = 0;
  ASSERT_TRUE(client.send(kPutChunked));
  // A byte at a time for longer than the timeout.
  while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(1200)) {
    ASSERT_TRUE(client.send("1\r\nx\r\n"));
    ++sent;
  }
  EXPECT_EQ(client.ask("0\r\n\r\n").body, std::to_string(sent));
}

TEST(Stream, ContinueIsSaidOnlyAfterTheHandlerAccepted) {
  Inbox inbox;
  Signal decide;
  std::atomic<bool> has_decided{false};
  Router router;
  router.add_stream("PUT", "/upload", [&](const Request&) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
    decide.wait();
    has_decided = true;
    return std::unique_ptr<BodySink>(std::make_unique<InboxSink>(inbox));
  });
  RunningServer server(std::move(router), small_chunks());
  Client client(server.port());
  ASSERT_TRUE(client.send(put(5, "Expect: 100-Continue\r\n")));
  std::jthread later([&] { decide.give(); });
  EXPECT_EQ(client.read_exactly(25), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(has_decided);
  EXPECT_EQ(client.ask("hello").status, 201);
  EXPECT_EQ(inbox.bytes(), "hello");
}

TEST(Stream, ContinueIsNotSaidToWhomIsRefused) {
  Router router;
  router.add_stream("PUT", "/upload", [](const Request&) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
    return fail(problems::kUploadLengthLimit, "Too long.");
  });
  RunningServer server(std::move(router));
  for (const char* target : {"/upload", "/nowhere"}) {
    Client client(server.port());
    const Reply reply = client.ask(
        fmt::format("PUT {} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", target));
    EXPECT_GE(reply.status, 400) << target;
    client.shutdown_write();
    EXPECT_TRUE(client.is_ended());
  }
}

TEST(Stream, ContinueIsSaidForBodiesInMemoryAndNotToHttp10) {
  Router router;
  router.add("POST", "/", [](const Request& request) -> Result<Response> { return Response::text(200, request.body); });
  RunningServer server(std::move(router));
  Client client(server.port());
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client.read_exactly(25), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.ask("ab").body, "ab");
  Client old(server.port());
  EXPECT_EQ(old.ask("POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nab").status, 200);
}

TEST(Stream, EarlyAnswerReachesAClientThatIsStillSending) {
  Router router;
  router.add_stream("PUT", "/upload", [](const Request&) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
    return Response::text(403, "no");
  });
  RunningServer server(std::move(router));
  for (int i = 0; i < 20; ++i) {
    Client client(server.port());
    client.send(put(50'000'000) + pattern(2'000'000));
    const Reply reply = client.receive();
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(reply.body, "no");
    EXPECT_EQ(reply["connection"], "close");
  }
}

TEST(Stream, EarlyAnswerToARequestWithoutBodyKeepsTheConnection) {
  Router router;
  router.add_stream("PUT", "/upload", [](const Request&) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
    return Response::text(403, "no");
  });
  RunningServer server(std::move(router));
  Client client(server.port());
  EXPECT_EQ(client.ask(put(0)).status, 403);
  EXPECT_EQ(client.ask(put(0)).status, 403);
}

class FullSink final : public BodySink {
 public:
  explicit FullSink(Inbox& inbox) : inbox_(inbox) {}
  Result<void> write(std::span<std::uint8_t> chunk) override {
    inbox_.add(chunk);
    if (inbox_.pieces().size() == 3) return fail(problems::kStorageFull, "The disk is full.");
    return {};
  }
  Result<Response> finish(BodyEnd end) override {
    inbox_.end(end);
    return Response::text(200, "not to be seen");
  }

 private:
  Inbox& inbox_;
};

TEST(Stream, FailedWriteEndsTheRequestWithItsError) {
  // The last size fails on the very last piece, when the body is complete.
  for (const std::size_t size : {std::size_t{2'000'000}, 3 * kChunk, 3 * kChunk - 5}) {
    Inbox inbox;
    Router router;
    router.add_stream("PUT", "/upload",
                      [&](const Request&) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
                        return std::unique_ptr<BodySink>(std::make_unique<FullSink>(inbox));
                      });
    RunningServer server(std::move(router), small_chunks());
    Client client(server.port());
    client.send(put(size) + pattern(size));
    EXPECT_EQ(client.receive().status, 507) << size;
    EXPECT_EQ(inbox.pieces().size(), 3u);
    EXPECT_EQ(inbox.ends(), std::vector{BodyEnd::kCut});
  }
}

TEST(Stream, AcceptedBodyIsNeverTurnedAwayByABusyPool) {
  Inbox inbox;
  Signal entered, leave;
  Router router = upload_router(inbox);
  router.add("GET", "/slow", [&](const Request&) -> Result<Response> {
    entered.give();
    leave.wait();
    return Response::text(200, "done");
  });
  ServerOptions options = small_chunks();
  options.handler_threads = 1;
  options.handler_queue_max = 0;
  RunningServer server(std::move(router), options);
  Client uploader(server.port()), slow(server.port()), other(server.port());
  const std::string body = pattern(50'000);
  ASSERT_TRUE(uploader.send(put(body.size(), "Expect: 100-continue\r\n")));
  EXPECT_EQ(uploader.read_exactly(25).size(), 25u);
  ASSERT_TRUE(slow.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"));
  entered.wait();
  ASSERT_TRUE(uploader.send(body));
  EXPECT_EQ(other.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 503);
  leave.give();
  EXPECT_EQ(uploader.receive().status, 201);
  expect_whole(inbox, body, "busy");
}

TEST(Stream, ManyAtOnceKeepTheirBytesApart) {
  constexpr std::size_t kUploads = 40;
  std::array<Inbox, kUploads> inboxes;
  Router router;
  router.add_stream("PUT", "/{n}",
                    [&](const Request& request) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
                      Inbox& inbox = inboxes.at(std::stoul(request.params.at("n")));
                      return std::unique_ptr<BodySink>(std::make_unique<InboxSink>(inbox));
                    });
  RunningServer server(std::move(router), small_chunks());
  std::vector<Client> clients;
  const std::string body = pattern(90'000);
  for (std::size_t i = 0; i < kUploads; ++i) {
    clients.emplace_back(server.port());
    ASSERT_TRUE(
        clients[i].send(fmt::format("PUT /{} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", i, 60'000 + i)));
  }
  for (std::size_t at = 0; at < 60'000; at += 1000) {
    for (std::size_t i = 0; i < kUploads; ++i)
      ASSERT_TRUE(clients[i].send(std::string_view(body).substr(i + at, 1000)));
  }
  for (std::size_t i = 0; i < kUploads; ++i) {
    ASSERT_TRUE(clients[i].send(std::string_view(body).substr(i + 60'000, i)));
    EXPECT_EQ(clients[i].receive().status, 201);
    expect_whole(inboxes[i], body.substr(i, 60'000 + i), std::to_string(i));
  }
}

TEST(Stop, CutsAnUploadInFlightAfterWritingWhatArrived) {
  Inbox inbox;
  RunningServer server(upload_router(inbox), small_chunks());
  Client client(server.port());
  // Head and first bytes are one segment, so whoever has read the head has read them too.
  ASSERT_TRUE(client.send(put(1'000'000) + "0123456789"));
  inbox.wait_for_begin();
  server.stop();
  inbox.wait_for_end();
  EXPECT_EQ(inbox.bytes(), "0123456789");
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply["retry-after"], "5");
  client.shutdown_write();
  EXPECT_TRUE(client.is_ended());
  server.join();
  EXPECT_EQ(inbox.ends(), std::vector{BodyEnd::kCut});
}

TEST(Stop, CutsAnUploadThatNeverPauses) {
  Inbox inbox;
  RunningServer server(upload_router(inbox), small_chunks());
  Client client(server.port());
  const std::string block = pattern(kChunk);
  ASSERT_TRUE(client.send(put(std::size_t{1} << 40)));
  std::jthread sender([&] {
    while (client.send(block)) {
    }
  });
  inbox.wait_for_bytes(10 * kChunk);
  server.finish();
  sender.join();
  EXPECT_EQ(inbox.ends(), std::vector{BodyEnd::kCut});
  const std::string got = inbox.bytes();
  for (std::size_t at = 0; at < got.size(); at += kChunk) {
    ASSERT_EQ(got.substr(at, kChunk), block.substr(0, std::min(kChunk, got.size() - at)));
  }
}

}  // namespace
}  // namespace lapel::http
