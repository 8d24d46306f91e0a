// SPDX-License-Identifier: Apache-2.0
#include "http/parser.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <boost/beast/http/basic_parser.hpp>

#include "base/check.h"
#include "base/problems.h"

namespace lapel::http {
namespace {

namespace beast = boost::beast;
using beast::http::error;

// What a chunked body has at its end at least: "0\r\n\r\n". Beast asserts that it has so much in hand once it has seen the
// first line of that, so between chunks less is not shown to it; more is always to come.
constexpr std::size_t kLastChunkBytesMin = 5;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

class Collector final : public beast::http::basic_parser<true> {
 public:
  Collector() {
    header_limit(kHeadBytesMax);
    body_limit(boost::none);  // bodies are limited by their routes
    eager(true);
  }

  RawHead raw;
  std::span<std::uint8_t> out;
  std::size_t produced = 0;
  std::uint64_t chunk_left = 0;  // bytes of the current chunk that are still to come

 private:
  using Text = beast::string_view;
  using Code = beast::error_code;

  void on_request_impl(beast::http::verb, Text method, Text target, int version, Code&) override {
    raw.method.assign(method.data(), method.size());
    raw.target.assign(target.data(), target.size());
    raw.version = version;
  }
  void on_response_impl(int, Text, int, Code&) override { CHECK(false); }
  void on_field_impl(beast::http::field, Text name, Text value, Code& code) override {
    if (is_header_seen_) return;  // trailer fields mean nothing here
    if (raw.headers.size() == kFieldsMax) {
      code = error::header_limit;
      return;
    }
    raw.headers.emplace_back(lower({name.data(), name.size()}), std::string(value.data(), value.size()));
  }
  void on_header_impl(Code&) override { is_header_seen_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(Text, Code&) override { CHECK(false); }  // those bodies are read past the parser
  void on_chunk_header_impl(std::uint64_t bytes, Text, Code&) override { chunk_left = bytes; }
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, Code& code) override {
    const std::size_t count = std::min(body.size(), out.size() - produced);
    std::memcpy(out.data() + produced, body.data(), count);
    produced += count;
    chunk_left -= count;
    if (produced == out.size()) code = error::need_buffer;  // ends the eager loop, not the parser
    return count;
  }
  void on_finish_impl(Code&) override {}

  bool is_header_seen_ = false;
};

}  // namespace

Result<std::size_t> HeadScanner::scan(std::string_view input) {
  for (; at_ < input.size(); ++at_) {
    const char c = input[at_];
    if (at_ > 0 && input[at_ - 1] == '\r' && c != '\n') {
      return fail(problems::kInvalid, "A carriage return inside the request head is not allowed.");
    }
    if (c == '\0') return fail(problems::kInvalid, "A NUL inside the request head is not allowed.");
    if (at_ == line_ && at_ > 0 && (c == ' ' || c == '\t')) {
      return fail(problems::kInvalid, "Folded header lines are not allowed.");
    }
    if (c != '\n') continue;
    if (at_ == 0 || input[at_ - 1] != '\r') {
      return fail(problems::kInvalid, "Lines of a request head must end with CR LF.");
    }
    const bool is_empty = at_ - 1 == line_;
    line_ = at_ + 1;
    if (is_empty) return line_;
  }
  if (input.size() >= kHeadBytesMax) {
    return fail(problems::kHeaderTooLarge, "The request head is over 64 KiB.");
  }
  return 0;
}

struct RequestParser::Impl {
  Collector collector;
  std::optional<Error> broken;  // to be reported by the next unchunk()
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {}
RequestParser::~RequestParser() = default;

Result<RawHead> RequestParser::head(std::string_view bytes) {
  Collector& collector = impl_->collector;
  beast::error_code code;
  const std::size_t consumed = collector.put(boost::asio::const_buffer(bytes.data(), bytes.size()), code);
  if (code == error::header_limit) {
    return fail(problems::kHeaderTooLarge, "The request head is over 64 KiB or 128 header fields.");
  }
  if (code && code != error::need_more) {
    return fail(problems::kInvalid, "The request head is malformed: " + code.message() + ".");
  }
  // Beast and the scanner must agree on where the head ends.
  if (!collector.is_header_done() || consumed != bytes.size()) {
    return fail(problems::kInvalid, "The request head is malformed.");
  }
  return std::move(collector.raw);
}

Result<RequestParser::Unchunked> RequestParser::unchunk(std::string_view in, std::span<std::uint8_t> out) {
  CHECK(!out.empty());
  if (impl_->broken) return fail(*impl_->broken);
  Collector& collector = impl_->collector;
  if (collector.chunk_left == 0 && in.size() < kLastChunkBytesMin) return Unchunked{};
  collector.out = out;
  collector.produced = 0;
  beast::error_code code;
  const std::size_t consumed = collector.put(boost::asio::const_buffer(in.data(), in.size()), code);
  if (code && code != error::need_more && code != error::need_buffer) {
    impl_->broken = Error{&problems::kInvalid, "The chunked body is malformed: " + code.message() + ".", {}};
  } else if (consumed == 0 && in.size() >= kChunkLineBytesMax) {
    impl_->broken = Error{&problems::kInvalid, "The chunked body has an endless size line or trailer.", {}};
  }
  if (impl_->broken && collector.produced == 0) return fail(*impl_->broken);
  return Unchunked{consumed, collector.produced, collector.is_done()};
}

}  // namespace lapel::http
