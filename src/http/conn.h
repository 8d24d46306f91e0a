// SPDX-License-Identifier: Apache-2.0
#pragma once
// One accepted connection, plain or TLS, seen as non-blocking steps: each does what can be done at once and
// says what to wait for.
//
// Owns: the socket. Whoever drives a Conn waits for readiness; nothing here blocks or knows of the event
// loop. Keeping
//   streams out of the coroutine's type is what keeps session.cc cheap to compile.
// Promises: after kWantRead or kWantWrite the same call may be made again when the socket is ready; kEnd is
// final. No
//   memory worth naming is held while a connection is idle.
// Fails with: kEnd for whatever ends a connection; kInvalid for certificate files that cannot be used.
// Threads: one at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace lapel::http {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// Whether the kernel may wait for what follows before it sends a packet.
enum class Follows { kMore, kNothing };

class Conn {
 public:
  enum class Outcome { kDone, kWantRead, kWantWrite, kEnd };
  struct Step {
    std::size_t bytes = 0;  // more than 0 only with kDone
    Outcome outcome = Outcome::kDone;
  };

  virtual ~Conn() = default;
  int descriptor() const { return fd_.get(); }

  // kDone once bytes of the application may flow.
  virtual Step handshake() = 0;
  virtual Step read(std::span<std::uint8_t> out) = 0;
  virtual Step write(std::string_view text, Follows follows) = 0;
  virtual bool can_send_file() const = 0;
  // At most `bytes` from `offset` of the file; kEnd also when the file is shorter. Only where
  // can_send_file().
  virtual Step send_file(int file, std::uint64_t offset, std::size_t bytes) = 0;
  // Tells the other side that nothing more comes.
  virtual void shutdown_write() = 0;
  // Throws away what has arrived, encrypted or not, by way of `scratch`.
  Step discard(std::span<std::uint8_t> scratch);

 protected:
  explicit Conn(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

std::unique_ptr<Conn> plain_conn(UniqueFd fd);

// TLS 1.2 or later with one certificate chain.
class TlsContext {
 public:
  static Result<std::unique_ptr<TlsContext>> open(const std::string& certificate_file, const std::string& key_file);
  ~TlsContext();
  std::unique_ptr<Conn> accept(UniqueFd fd) const;

 private:
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lapel::http
