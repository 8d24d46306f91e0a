// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the tests of this folder share: a server on a thread, a client that sends exactly the bytes it is
// told, a sink that remembers.
//
// Owns: nothing outside a test.
// Promises: a client never waits longer than kPatience_s, so a hang is a failure.
// Fails with: gtest failures.
// Threads: a Client from one; an Inbox from any.

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "http/server.h"

namespace lapel::http::testing {

inline constexpr int kPatience_s = 30;

class RunningServer {
 public:
  explicit RunningServer(Router router, ServerOptions options = {}) {
    if (options.listen == ServerOptions{}.listen) options.listen = "127.0.0.1:0";
    auto opened = Server::open(std::move(router), std::move(options));
    if (!opened) {
      ADD_FAILURE() << opened.error().text();
      std::abort();
    }
    server_ = std::move(*opened);
    thread_ = std::jthread([this] { server_->run(); });
  }
  ~RunningServer() { finish(); }
  int port() const { return server_->port(); }
  void stop() { server_->stop(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  void finish() {
    stop();
    join();
  }

 private:
  std::unique_ptr<Server> server_;
  std::jthread thread_;
};

struct Reply {
  int status = 0;  // 0: nothing came
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::string operator[](std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

class Client {
 public:
  struct Options {
    const char* host = "127.0.0.1";
    int receive_buffer_bytes = 0;  // 0: the kernel's choice
  };
  explicit Client(int port) : Client(port, Options{}) {}
  Client(int port, const Options& options) {
    sockaddr_in6 v6{};
    sockaddr_in v4{};
    const bool is_v6 = std::strchr(options.host, ':') != nullptr;
    fd_ = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{kPatience_s, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (const int bytes = options.receive_buffer_bytes; bytes > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(port));
    v4.sin_family = AF_INET;
    v4.sin_port = v6.sin6_port;
    is_connected_ = is_v6 ? ::inet_pton(AF_INET6, options.host, &v6.sin6_addr) == 1 &&
                                ::connect(fd_, reinterpret_cast<const sockaddr*>(&v6), sizeof v6) == 0
                          : ::inet_pton(AF_INET, options.host, &v4.sin_addr) == 1 &&
                                ::connect(fd_, reinterpret_cast<const sockaddr*>(&v4), sizeof v4) == 0;
  }
  ~Client() { close(); }
  Client(Client&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), is_connected_(other.is_connected_), input_(std::move(other.input_)) {}
  Client& operator=(Client&&) = delete;

  int descriptor() const { return fd_; }
  bool is_connected() const { return is_connected_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void shutdown_write() { ::shutdown(fd_, SHUT_WR); }

  // False when the other side does not take it all.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // The next answer with its body; status 0 when the connection ended first.
  enum class Expect { kBody, kHeadOnly };
  Reply receive(Expect expect = Expect::kBody) {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    Reply reply;
    const std::string head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 ")) << head;
    reply.status = std::stoi(head.substr(9, 3));
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
      const std::size_t line_end = head.find("\r\n", at), colon = head.find(": ", at);
      std::string name = head.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      reply.headers.emplace_back(std::move(name), head.substr(colon + 2, line_end - colon - 2));
      at = line_end + 2;
    }
    if (expect == Expect::kHeadOnly || reply["content-length"].empty()) return reply;
    const std::size_t bytes = std::stoull(reply["content-length"]);
    while (input_.size() < bytes && more()) {
    }
    reply.body = input_.substr(0, bytes);
    input_.erase(0, reply.body.size());
    return reply;
  }
  Reply ask(std::string_view request, Expect expect = Expect::kBody) {
    EXPECT_TRUE(send(request));
    return receive(expect);
  }

  // Waits for some more; false when the connection ended.
  bool read_some() { return more(); }
  // Bytes that were read and not given out.
  std::size_t unread() const { return input_.size(); }
  // Exactly what comes next.
  std::string read_exactly(std::size_t bytes) {
    while (input_.size() < bytes && more()) {
    }
    std::string out = input_.substr(0, bytes);
    input_.erase(0, out.size());
    return out;
  }
  // Everything up to the end of the connection.
  std::string read_rest() {
    while (more()) {
    }
    return std::exchange(input_, {});
  }
  // The server closed, and said nothing more.
  bool is_ended() { return read_rest().empty() && ended_; }

 private:
  bool more() {
    char buffer[16 * 1024];
    const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
    ended_ = count == 0 || (count < 0 && errno == ECONNRESET);
    if (count <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int fd_ = -1;
  bool is_connected_ = false;
  bool ended_ = false;
  std::string input_;
};

// What a sink was given, for the test to look at.
class Inbox {
 public:
  void add(std::span<const std::uint8_t> chunk) {
    const os::MutexLock lock(mutex_);
    bytes_.append(reinterpret_cast<const char*>(chunk.data()), chunk.size());
    pieces_.push_back(chunk.size());
    is_aligned_ = is_aligned_ && reinterpret_cast<std::uintptr_t>(chunk.data()) % os::kDirectAlignmentBytes == 0;
    changed_.notify_all();
  }
  void end(BodyEnd how) {
    const os::MutexLock lock(mutex_);
    ends_.push_back(how);
    changed_.notify_all();
  }
  void begin() {
    const os::MutexLock lock(mutex_);
    is_begun_ = true;
    changed_.notify_all();
  }
  void wait_for_begin() {
    const os::MutexLock lock(mutex_);
    while (!is_begun_) changed_.wait(mutex_);
  }
  void wait_for_bytes(std::size_t count) {
    const os::MutexLock lock(mutex_);
    while (bytes_.size() < count) changed_.wait(mutex_);
  }
  void wait_for_end() {
    const os::MutexLock lock(mutex_);
    while (ends_.empty()) changed_.wait(mutex_);
  }
  std::string bytes() {
    const os::MutexLock lock(mutex_);
    return bytes_;
  }
  std::vector<std::size_t> pieces() {
    const os::MutexLock lock(mutex_);
    return pieces_;
  }
  std::vector<BodyEnd> ends() {
    const os::MutexLock lock(mutex_);
    return ends_;
  }
  bool is_aligned() {
    const os::MutexLock lock(mutex_);
    return is_aligned_;
  }

 private:
  os::Mutex mutex_;
  os::Condition changed_;
  std::string bytes_ LAPEL_GUARDED_BY(mutex_);
  std::vector<std::size_t> pieces_ LAPEL_GUARDED_BY(mutex_);
  std::vector<BodyEnd> ends_ LAPEL_GUARDED_BY(mutex_);
  bool is_aligned_ LAPEL_GUARDED_BY(mutex_) = true;
  bool is_begun_ LAPEL_GUARDED_BY(mutex_) = false;
};

// A latch for handlers that must not return yet.
class Signal {
 public:
  void give() {
    const os::MutexLock lock(mutex_);
    is_given_ = true;
    changed_.notify_all();
  }
  void wait() {
    const os::MutexLock lock(mutex_);
    while (!is_given_) changed_.wait(mutex_);
  }

 private:
  os::Mutex mutex_;
  os::Condition changed_;
  bool is_given_ LAPEL_GUARDED_BY(mutex_) = false;
};

// Bytes in which every place is recognizable.
inline std::string pattern(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>((i * 2654435761u) >> 13);
  return out;
}

// A file of these bytes in a directory of its own, gone with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes) {
    char name[] = "/tmp/lapel-http-XXXXXX";
    const int fd = ::mkstemp(name);
    path_ = name;
    for (std::string_view left = bytes; !left.empty();) {
      const ssize_t count = ::write(fd, left.data(), left.size());
      EXPECT_GT(count, 0);
      left.remove_prefix(static_cast<std::size_t>(count));
    }
    ::close(fd);
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }
  std::shared_ptr<os::File> open() const {
    auto file = os::real_disk()->open(path_, os::OpenMode::kRead);
    EXPECT_TRUE(file);
    return std::shared_ptr<os::File>(std::move(*file));
  }

 private:
  std::string path_;
};

// A request without a body, as it goes over the wire; `headers` with their line ends.
inline std::string get(std::string_view target, std::string_view headers = {}) {
  std::string out = "GET ";
  out.append(target).append(" HTTP/1.1\r\nHost: lapel.test\r\n").append(headers).append("\r\n");
  return out;
}

}  // namespace lapel::http::testing
