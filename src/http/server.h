// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP server: coroutines over sockets at the edge, plain blocking handlers on a bounded pool behind it.
//
// Owns: connections, parsing (Boost.Beast's parser), TLS, routing, streaming of bodies in and out,
// problem+json. Promises: a handler runs on a worker thread and may block. A streamed body costs memory of
// one chunk, not a thread,
//   while the network is slow. Every header, body, time and queue has a limit (limits.h). A request is
//   answered exactly once; what a handler returns as Error becomes problem+json with the request id.
// Fails with: kConflict or kDenied when the address cannot be bound.
// Threads: build the Router first; then Server::run() from one thread; stop() from any.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/disk.h"
#include "os/worker.h"

namespace lapel::http {

struct Request {
  std::string method;  // after X-HTTP-Method-Override: a POST may say that it is PATCH, DELETE or HEAD (tus)
  std::string path;    // decoded, without query
  std::string target;  // as sent
  std::map<std::string, std::string, std::less<>> query;  // decoded; the last of a repeated name
  // {name} parts of the route, decoded. %2F stays inside its segment; in {name...} it looks like the slashes
  // there.
  std::map<std::string, std::string, std::less<>> params;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order
  std::string body;                                          // empty for streamed routes
  std::optional<std::uint64_t> content_length;
  std::string client;         // address without port; a trusted proxy's X-Forwarded-For counts
  std::string host;           // Host, or a trusted proxy's X-Forwarded-Host
  bool is_secure = false;     // TLS here or, by a trusted proxy's word, in front
  std::string request_id;     // 16 hex, also in every trace line and problem
  std::string route;          // the pattern that took it; empty while none has
  std::int64_t began_us = 0;  // when its head was there, by a clock that never goes back; for the trace
  // Who asks, noted by whoever found out, for the trace alone: nothing is decided by it.
  struct Asked {
    std::string actor, agency;
    std::string session = {},
                token = {};    // by what: the beginning of what the catalog knows it by, which opens nothing
    std::string account = {};  // whose sign-in was tried and failed
  };
  mutable Asked asked;
  // Whoever answers it says that nothing of it is to be kept, not even in the trace.
  mutable bool is_untraced = false;

  // The first value of a header (name in lower case), or null.
  const std::string* header(std::string_view name) const;
  // All values of a header joined by ", ": empty when absent.
  std::string header_list(std::string_view name) const;
};

// Of a session or token, in the trace.
inline constexpr std::size_t kCredentialCharacters = 12;

inline constexpr std::int64_t kGoesOnPeriod_ms = 250;
inline constexpr std::int64_t kGoesOnLate_ms = 1'000;

struct FileSlice {
  std::shared_ptr<os::File> file;  // opened buffered: the kernel sends from its page cache
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};
// A body is pieces in order: text from memory, slices by sendfile where the connection allows.
using Piece = std::variant<std::string, FileSlice>;

struct Response {
  int status = 200;
  // Content-Length, Transfer-Encoding, Connection, Date and X-Request-Id are the server's; set here they are
  // dropped.
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<Piece> body;
  // Asked on a worker thread, every kGoesOnPeriod_ms while the body is under way: false cuts the connection, and what its
  // kernel still holds is thrown away. Nothing more is sent while the last yes is older than kGoesOnLate_ms.
  std::function<bool()> goes_on;
  // Not sent before so long after it was made: for clients who ask for more than their share. Other connections go on
  // meanwhile; a server that stops sends it at once.
  std::int64_t hold_us = 0;
  // For HEAD: the Content-Length to announce although no body follows.
  std::optional<std::uint64_t> head_bytes;
  // What a problem was made from, for the trace; its context never reaches the client.
  std::optional<Error> error;

  static Response text(int status, std::string body, std::string content_type = "text/plain; charset=utf-8");
  static Response json(int status, std::string body);
  static Response empty(int status);
  Response& with(std::string name, std::string value);
};

// For Response::goes_on. Asking may fail for a moment while the catalog is busy; what cannot be found out as often as this, one
// question after another, is no reason to go on: within the second in which what has ended stops.
inline constexpr int kUnsureAnswersMax = 3;
std::function<bool()> as_long_as(std::function<Result<bool>()> stands);

// RFC 9457. Adds Retry-After where trying again helps, and WWW-Authenticate to 401.
Response problem_response(const Error& error, const Request& request);

using Handler = std::function<Result<Response>(const Request&)>;

// How a streamed request body ended.
enum class BodyEnd {
  kComplete,  // all of it arrived
  kCut,       // the connection ended, stalled or broke the protocol first, or the server stops: the server answers
              // 408, 400 or 503 itself where anybody may still read it
};

// Takes a request body piece by piece, on worker threads, never two calls at once. The Request that its
// StreamHandler saw lives until the sink is destroyed, which also happens on a worker thread.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // A piece: full chunks of body_chunk_bytes but for the last. The buffer is aligned to
  // os::kDirectAlignmentBytes and belongs to the server again after the call. A failure ends the request with
  // this error.
  virtual Result<void> write(std::span<std::uint8_t> chunk) = 0;
  // Called exactly once, also after a failed write() (then with kCut; its answer is ignored).
  virtual Result<Response> finish(BodyEnd end) = 0;
};
// Decides on the headers alone: a sink, or the answer at once (then the body is not read and the connection
// closes).
using StreamHandler = std::function<Result<std::variant<std::unique_ptr<BodySink>, Response>>(const Request&)>;

class Router {
 public:
  Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();
  // `pattern`: literal segments, "{name}" for one segment, "{name...}" as the last for the rest. HEAD falls
  // back to GET's handler, with the body dropped. An unknown path is 404, a known path with another method
  // 405 with Allow.
  void add(std::string_view method, std::string_view pattern, Handler handler);
  void add_stream(std::string_view method, std::string_view pattern, StreamHandler handler);
  // Runs on every answer just before it is sent, those that the server itself makes (404, 400, 503) included:
  // for headers that belong on everything, and the trace. Of a request that could not be read only request_id
  // and client are sure to be set; an answer nobody will read (kCut) passes too. Must be quick: it may run on
  // an I/O thread.
  void after(std::function<void(const Request&, Response&)> step);
  struct RouteName {
    std::string method, pattern;
  };
  std::vector<RouteName> routes() const;  // for openapi and the access table

 private:
  friend class Server;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ServerOptions {
  // HOST:PORT, [v6]:PORT; port 0: any free one. Beyond loopback only with TLS, or with both a trusted proxy and an https
  // public_url.
  std::string listen = "127.0.0.1:8080";
  std::string tls_certificate_file, tls_key_file;  // PEM; both or neither
  std::vector<std::string> trusted_proxies;        // CIDR
  // Where people reach this server, http(s)://HOST[:PORT]; empty: where it listens. Requests for the host of an https
  // address are secure, although TLS may end at a proxy that says nothing of it.
  std::string public_url;
  int io_threads = 2;
  int handler_threads = 16;
  // Requests waiting for a thread; beyond them 503. A body once accepted is never refused for it.
  std::size_t handler_queue_max = 256;
  std::size_t body_bytes_max = 1 << 20;    // of a request that is not streamed
  std::size_t body_chunk_bytes = 1 << 20;  // of a streamed one; a multiple of 4096
  std::int64_t header_timeout_ms = 15'000;
  std::int64_t body_idle_timeout_ms = 60'000;   // between two pieces of a body
  std::int64_t write_idle_timeout_ms = 60'000;  // between two writes that made progress
  std::int64_t keep_alive_timeout_ms = 75'000;
  std::size_t connections_max = 10'000;
};

class Server {
 public:
  // Binds and listens at once; nothing is accepted before run().
  static Result<std::unique_ptr<Server>> open(Router router, ServerOptions options);
  ~Server();
  int port() const;
  // Serves until stop(); then finishes requests in flight (at most 10 s) and returns.
  void run();
  void stop();  // from any thread; signal handlers use the process's own signal thread

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lapel::http
