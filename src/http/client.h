// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP client: one blocking request at a time over a kept connection, by libcurl.
//
// Owns: the connection and its limits.
// Promises: TLS certificates are verified, always. Plain http:// is spoken to this machine only, unless the
//   caller says otherwise. Redirects are not followed and no proxy of the environment is used: what was
//   configured is who is asked. Every status is an answer; only a failure to get one is an error.
// Fails with: kInvalid (a base URL that is none, or plain http to another machine), kUnavailable (no
//   connection, cut, stalled, certificate refused, or cancelled), kTooLarge (a longer answer than allowed),
//   and what the body source fails with.
// Threads: one Client by one thread at a time; `is_cancelled` is asked on that thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lapel::http {

enum class PlainHttp {
  kLoopbackOnly,
  kAnywhere,  // footage and tokens in the clear: for networks that are private by other means
};

struct ClientOptions {
  std::string base_url;  // http(s)://host[:port], with no path of its own
  PlainHttp plain_http = PlainHttp::kLoopbackOnly;
  std::string ca_file;                       // PEM; empty: the system's authorities
  std::int64_t connect_timeout_ms = 10'000;  // 1..600,000
  std::int64_t stall_timeout_s = 60;         // without a byte in either direction; 1..3,600
  std::size_t answer_bytes_max = 1 << 20;    // of a body
  std::size_t answer_header_bytes_max = 64 * 1024;
  std::function<bool()> is_cancelled;  // may be null; asked about once a second and with every piece
};

// A body that is sent as it is read: `bytes` in all, fetched in order.
struct BodySource {
  std::uint64_t bytes = 0;
  // Fills as much of `out` as it likes, at least one byte, from `offset` of the body on.
  std::function<Result<std::size_t>(std::uint64_t offset, std::span<std::uint8_t> out)> read;
};

struct ClientRequest {
  std::string method;  // GET, HEAD, POST, PATCH, DELETE
  std::string target;  // "/path?query", already encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // sent when `stream` is not set and this is not empty
  std::optional<BodySource> stream;
};

struct ClientAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order
  std::string body;

  const std::string* header(std::string_view name) const;  // the first; name in lower case
};

class Client {
 public:
  // Checks the options; connects when first needed.
  static Result<std::unique_ptr<Client>> open(ClientOptions options);
  ~Client();
  Result<ClientAnswer> send(const ClientRequest& request);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lapel::http
