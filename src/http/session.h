// SPDX-License-Identifier: Apache-2.0
#pragma once
// One connection's life: read a request, have it handled on the pool, send the answer, again.
//
// Owns: Session, the event loop it belongs to, what all sessions of a server share.
// Promises: requests of a connection are answered in order. No byte of a streamed body that was read from the
// socket is
//   lost: it is given to the sink before the sink hears how the body ended. Every wait has a deadline.
// Fails with: nothing; a connection that cannot go on is closed.
// Threads: a Session lives on the thread of its Loop; Shared is used by all.

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/conn.h"
#include "http/message.h"
#include "http/router.h"
#include "http/server.h"
#include "os/worker.h"

namespace lapel::http {

// Aligned buffers of one size, kept for reuse: fresh pages cost more than what is done with them.
class BufferStock {
 public:
  explicit BufferStock(std::size_t bytes) : bytes_(bytes) {}

  class Buffer {
   public:
    Buffer(BufferStock& stock, std::uint8_t* data) : stock_(&stock), data_(data) {}
    Buffer(Buffer&& other) noexcept : stock_(other.stock_), data_(std::exchange(other.data_, nullptr)) {}
    Buffer& operator=(Buffer&&) = delete;
    ~Buffer() {
      if (data_ != nullptr) stock_->put_back(data_);
    }
    std::span<std::uint8_t> span() const { return {data_, stock_->bytes_}; }

   private:
    BufferStock* stock_;
    std::uint8_t* data_;
  };
  Buffer take();

  ~BufferStock();
  BufferStock(const BufferStock&) = delete;
  BufferStock& operator=(const BufferStock&) = delete;

 private:
  void put_back(std::uint8_t* data);

  const std::size_t bytes_;
  os::Mutex mutex_;
  std::vector<std::uint8_t*> free_ LAPEL_GUARDED_BY(mutex_);
};

// What every session of a server uses.
struct Shared {
  Shared(ServerOptions given_options, Routes given_routes, TrustedProxies given_proxies);

  const ServerOptions options;
  const Routes routes;
  const TrustedProxies proxies;
  const RealClock clock;
  BufferStock chunks;       // of streamed request bodies
  BufferStock file_blocks;  // of files that sendfile cannot send
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> tasks{0};  // posted to the pool and not finished
  // Each connection has at most one task, so a queue of connections_max never refuses one; new requests are
  // refused earlier, by `tasks`. A body that is half received can so never be turned away by a burst of other
  // requests.
  os::WorkerPool pool;
  // Whether answers that are under way go on. Not asked where handlers run: those may all be busy for long, and a
  // withdrawn answer is not to go on for as long as they are.
  os::WorkerPool questions;
};

class Session;

// A thread's event loop and the sessions on it.
struct Loop {
  boost::asio::io_context context{1};
  boost::asio::steady_timer grace{context};  // runs out when stop() has waited long enough
  std::vector<std::uint8_t> scratch = std::vector<std::uint8_t>(64 * 1024);  // heads are read through it
  std::unordered_set<Session*> sessions;
  bool is_stopping = false;

  // On the loop's thread. Idle connections close and streamed bodies are cut at once, the rest may go on for
  // grace_ms.
  void begin_stop(std::int64_t grace_ms);
};

// On the loop's thread. `peer` is the address in normal form. Counts itself out of shared.connections at its
// end.
void start_session(Loop& loop, Shared& shared, std::unique_ptr<Conn> conn, Origin origin);

}  // namespace lapel::http
