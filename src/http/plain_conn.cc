// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "http/conn.h"

namespace lapel::http {
namespace {

// The result of a system call on a non-blocking socket. A zero is the end of the stream (or of the file).
Conn::Step step_of(ssize_t result, Conn::Outcome when_not_ready) {
  if (result > 0) return {static_cast<std::size_t>(result), Conn::Outcome::kDone};
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {0, when_not_ready};
  return {0, Conn::Outcome::kEnd};
}

template <typename Call>
ssize_t without_interruption(Call call) {
  ssize_t result = 0;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

class PlainConn final : public Conn {
 public:
  explicit PlainConn(UniqueFd fd) : Conn(std::move(fd)) {}

  Step handshake() override { return {}; }
  Step read(std::span<std::uint8_t> out) override {
    return step_of(without_interruption([&] { return ::recv(descriptor(), out.data(), out.size(), 0); }),
                   Outcome::kWantRead);
  }
  Step write(std::string_view text, Follows follows) override {
    const int flags = MSG_NOSIGNAL | (follows == Follows::kMore ? MSG_MORE : 0);
    return step_of(without_interruption([&] { return ::send(descriptor(), text.data(), text.size(), flags); }),
                   Outcome::kWantWrite);
  }
  bool can_send_file() const override { return true; }
  Step send_file(int file, std::uint64_t offset, std::size_t bytes) override {
    auto at = static_cast<off_t>(offset);
    return step_of(without_interruption([&] { return ::sendfile(descriptor(), file, &at, bytes); }),
                   Outcome::kWantWrite);
  }
  void shutdown_write() override { ::shutdown(descriptor(), SHUT_WR); }
};

}  // namespace

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

Conn::Step Conn::discard(std::span<std::uint8_t> scratch) {
  return step_of(without_interruption([&] { return ::recv(descriptor(), scratch.data(), scratch.size(), 0); }),
                 Outcome::kWantRead);
}

std::unique_ptr<Conn> plain_conn(UniqueFd fd) {
  return std::make_unique<PlainConn>(std::move(fd));
}

}  // namespace lapel::http
