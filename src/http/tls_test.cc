// SPDX-License-Identifier: Apache-2.0
// The same server over TLS, with a certificate made on the spot and curl as the client.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>
#include <openssl/ssl.h>

#include "base/problems.h"
#include "http/range.h"
#include "http/server.h"
#include "http/testing.h"

namespace lapel::http {
namespace {

using testing::Client;
using testing::Inbox;
using testing::pattern;
using testing::RunningServer;
using testing::TemporaryFile;

struct Output {
  int status = 0;
  std::string text;
};
Output run(const std::string& command) {
  Output out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.text.append(buffer.data(), count);
  out.status = ::pclose(pipe);
  return out;
}

// Bytes that only read_at() gives: what an encrypted object looks like to the server.
class MemoryFile final : public os::File {
 public:
  explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) override {
    const std::string_view part =
        std::string_view(bytes_).substr(std::min<std::size_t>(offset, bytes_.size()), out.size());
    std::copy(part.begin(), part.end(), out.begin());
    return part.size();
  }
  Result<void> write_at(std::uint64_t, ByteView) override { return refuse(); }
  Result<void> sync_data() override { return refuse(); }
  Result<void> truncate(std::uint64_t) override { return refuse(); }
  Result<std::uint64_t> size() override { return bytes_.size(); }
  Result<void> make_read_only() override { return refuse(); }
  std::size_t alignment() const override { return 1; }
  int descriptor() const override { return -1; }

 private:
  static Result<void> refuse() { return fail(Code::kUnsupported, "Read only."); }
  const std::string bytes_;
};

class CountingSink final : public BodySink {
 public:
  explicit CountingSink(Inbox& inbox) : inbox_(inbox) {}
  Result<void> write(std::span<std::uint8_t> chunk) override {
    inbox_.add(chunk);
    return {};
  }
  Result<Response> finish(BodyEnd end) override {
    inbox_.end(end);
    return Response::text(201, std::to_string(inbox_.bytes().size()));
  }

 private:
  Inbox& inbox_;
};

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    const Output made =
        run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
            "/CN=localhost "
            "-addext subjectAltName=IP:127.0.0.1 -keyout " +
            key_.path() + " -out " + certificate_.path());
    ASSERT_EQ(made.status, 0) << made.text;
    options_.tls_certificate_file = certificate_.path();
    options_.tls_key_file = key_.path();
    options_.body_chunk_bytes = 65'536;
  }
  Router router() {
    Router router;
    router.add("GET", "/secure", [](const Request& request) -> Result<Response> {
      return Response::text(200, request.is_secure ? "secure" : "open");
    });
    router.add("GET", "/file", [this](const Request& request) {
      return serve_representation(request, {file_.open(), bytes_.size(), "video/mp4", "\"t\""});
    });
    router.add("GET", "/memory", [this](const Request& request) {
      return serve_representation(request, {std::make_shared<MemoryFile>(bytes_), bytes_.size(), "video/mp4", "\"t\""});
    });
    router.add("GET", "/short", [this](const Request& request) {
      return serve_representation(request, {file_.open(), bytes_.size() + 1, "video/mp4", "\"t\""});
    });
    router.add_stream("PUT", "/upload",
                      [this](const Request&) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
                        return std::unique_ptr<BodySink>(std::make_unique<CountingSink>(inbox_));
                      });
    router.add_stream("PUT", "/refused",
                      [](const Request&) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
                        return fail(problems::kStorageFull, "No room.");
                      });
    return router;
  }
  // curl of `path`; the body goes to out_.
  Output curl(const RunningServer& server, const std::string& path, const std::string& flags = {}) {
    return run(
        fmt::format("curl -sS --max-time 60 --cacert {} -o {} -w '%{{http_code}} %{{http_version}}' {} "
                    "https://127.0.0.1:{}{}",
                    certificate_.path(), out_.path(), flags, server.port(), path));
  }
  std::string received() const {
    std::ifstream in(out_.path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  TemporaryFile certificate_{""}, key_{""}, out_{""};
  const std::string bytes_ = pattern(3'000'001);
  TemporaryFile file_{bytes_};
  ServerOptions options_;
  Inbox inbox_;
};

TEST_F(Tls, ServesTextFilesAndRanges) {
  RunningServer server(router(), options_);
  EXPECT_EQ(curl(server, "/secure", "--http2").text, "200 1.1");
  EXPECT_EQ(received(), "secure");
  for (const char* path : {"/file", "/memory"}) {
    EXPECT_EQ(curl(server, path).text, "200 1.1");
    EXPECT_TRUE(received() == bytes_) << path;
    EXPECT_EQ(curl(server, path, "-r 100000-1999999").text, "206 1.1");
    EXPECT_TRUE(received() == bytes_.substr(100'000, 1'900'000)) << path;
  }
}

TEST_F(Tls, TakesStreamedBodies) {
  for (const char* flags : {"", "-H 'Transfer-Encoding: chunked'", "-H 'Expect: 100-continue'", "--tls-max 1.2"}) {
    Inbox fresh;
    Router routes;
    routes.add_stream("PUT", "/upload",
                      [&](const Request&) -> Result<std::variant<std::unique_ptr<BodySink>, Response>> {
                        return std::unique_ptr<BodySink>(std::make_unique<CountingSink>(fresh));
                      });
    RunningServer server(std::move(routes), options_);
    EXPECT_EQ(curl(server, "/upload", fmt::format("-T {} {}", file_.path(), flags)).text, "201 1.1") << flags;
    EXPECT_TRUE(fresh.bytes() == bytes_) << flags;
    EXPECT_EQ(fresh.ends(), std::vector{BodyEnd::kComplete});
  }
}

TEST_F(Tls, EarlyAnswerReachesTheClient) {
  RunningServer server(router(), options_);
  const Output out = curl(server, "/refused", "-H 'Expect:' -T " + file_.path());
  EXPECT_NE(out.text.find("507"), std::string::npos) << out.text;
}

TEST_F(Tls, FileShorterThanPromisedIsAnErrorForTheClient) {
  RunningServer server(router(), options_);
  EXPECT_NE(curl(server, "/short").status, 0);
}

TEST_F(Tls, RefusesOldProtocolsAndPlainText) {
  RunningServer server(router(), options_);
  EXPECT_NE(run(fmt::format("openssl s_client -connect 127.0.0.1:{} -tls1_1 -cipher ALL@SECLEVEL=0 </dev/null",
                            server.port()))
                .status,
            0);
  EXPECT_EQ(run(fmt::format("openssl s_client -connect 127.0.0.1:{} -tls1_2 </dev/null", server.port())).status, 0);
  Client plain(server.port());
  ASSERT_TRUE(plain.send("GET /secure HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(plain.read_rest().find("HTTP/"), std::string::npos);
  EXPECT_EQ(curl(server, "/secure").text, "200 1.1") << "and goes on serving others";
}

TEST_F(Tls, SilentHandshakeTimesOut) {
  options_.header_timeout_ms = 30;
  RunningServer server(router(), options_);
  Client client(server.port());
  EXPECT_TRUE(client.is_ended());
}

// A client that leaves politely in the middle. (One that resets takes back what its kernel had not sent.)
TEST_F(Tls, CutBodyLosesNothingThatArrived) {
  RunningServer server(router(), options_);
  Client tcp(server.port());
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
  ASSERT_EQ(SSL_set_fd(ssl.get(), tcp.descriptor()), 1);
  ASSERT_EQ(SSL_connect(ssl.get()), 1);
  const std::string request = "PUT /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n" + bytes_;
  ASSERT_EQ(SSL_write(ssl.get(), request.data(), static_cast<int>(request.size())), static_cast<int>(request.size()));
  SSL_shutdown(ssl.get());
  inbox_.wait_for_end();
  EXPECT_TRUE(inbox_.bytes() == bytes_) << inbox_.bytes().size();
  server.finish();
  EXPECT_EQ(inbox_.ends(), std::vector{BodyEnd::kCut});
}

TEST_F(Tls, IsWhatOpensTheServerToOtherMachines) {
  options_.listen = "0.0.0.0:0";
  const auto server = Server::open(Router(), options_);
  EXPECT_TRUE(server) << server.error().text();
  options_.tls_certificate_file.clear();
  options_.tls_key_file.clear();
  EXPECT_FALSE(Server::open(Router(), options_));
}

TEST_F(Tls, KeyOfAnotherCertificateIsRefusedAtOpen) {
  const TemporaryFile other("");
  ASSERT_EQ(run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out " + other.path()).status, 0);
  options_.tls_key_file = other.path();
  options_.listen = "127.0.0.1:0";
  const auto server = Server::open(Router(), options_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace lapel::http
