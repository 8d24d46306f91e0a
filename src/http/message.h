// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a request head means, and what a response head says: HTTP's rules without sockets.
//
// Owns: framing rules, target decoding, trusted proxies, method override, request ids, the response head.
// Promises: a head whose body could be measured in two ways is refused, never guessed. Path segments are
// split before
//   they are decoded. Response heads cannot be split by what a handler put into a header.
// Fails with: kInvalid naming what is wrong.
// Threads: pure functions; next_request_id() from any.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/parser.h"
#include "http/server.h"

namespace lapel::http {

inline constexpr std::size_t kQueryPairsMax = 256;

// Networks whose X-Forwarded-* headers are believed.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  static Result<TrustedProxies> parse(const std::vector<std::string>& networks);
  bool contains(std::string_view address) const;

 private:
  struct Network {
    std::array<std::uint8_t, 16> prefix;  // IPv4 as ::ffff:a.b.c.d
    int bits;
  };
  std::vector<Network> networks_;
};

// An address in its shortest form, IPv4 out of its IPv6 wrapping; empty when it is none.
std::string normal_address(std::string_view text);

// Refuses broken escapes, NUL, and what is not UTF-8: names end up in JSON and in databases that take nothing else.
enum class Plus { kLiteral, kSpace };
std::optional<std::string> percent_decode(std::string_view text, Plus plus);

// Where a request came from, before any proxy is believed.
struct Origin {
  std::string address;  // normal form
  bool is_tls = false;
  std::string secure_host{};  // as Host names this server where people reach it by https; empty: nowhere else
};

struct RequestHead {
  Request request;
  std::vector<std::string> segments;  // of the path, decoded
  bool is_chunked = false;
  bool wants_continue = false;
  bool keeps_alive = false;
  bool is_http_10 = false;
  bool is_head = false;  // on the wire, whatever an override says

  bool has_body() const { return is_chunked || request.content_length.value_or(0) > 0; }
};

// Fills `out` as far as it gets, so that a problem can name the request.
Result<void> interpret(RawHead raw, const Origin& origin, const TrustedProxies& proxies, RequestHead& out);

// 16 hex, unique within the process and, but for chance, between processes.
std::string next_request_id();

// Where the body goes and how long it is.
struct BodyPlan {
  std::uint64_t announced = 0;  // Content-Length
  bool announces = true;        // false: 1xx, 204 and 304 carry none
  bool is_sent = true;
};
BodyPlan plan_body(const Response& response, const RequestHead& head);

enum class Afterwards { kKeepAlive, kClose };
// Status line and fields. A header that cannot be written turns the answer into a bare 500: see
// is_writable().
std::string response_head(const Response& response, const RequestHead& head, const BodyPlan& plan,
                          Afterwards afterwards, Timestamp now);
// No header of the answer could split the head or smuggle a second one.
bool is_writable(const Response& response);

}  // namespace lapel::http
