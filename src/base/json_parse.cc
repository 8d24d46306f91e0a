// SPDX-License-Identifier: Apache-2.0
// The general reader, by Boost.JSON. A file of its own so that lapel-verify, which needs only the strict reader, does
// not carry it.
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <fmt/format.h>

#include "base/json.h"

namespace lapel {
namespace {

namespace bj = boost::json;

// Events of the parser to a Json, refusing duplicate keys, which Boost's own DOM would resolve silently.
struct Handler {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  struct Frame {
    Json container;
    std::string key;
  };
  std::vector<Frame> stack;
  Json root;
  std::string text;
  bool duplicate = false;

  bool put(Json value) {
    if (stack.empty()) {
      root = std::move(value);
      return true;
    }
    Frame& top = stack.back();
    if (Json::Array* array = top.container.array()) {
      array->push_back(std::move(value));
      return true;
    }
    duplicate = !top.container.object()->emplace(std::move(top.key), std::move(value)).second;
    return !duplicate;
  }
  bool close(bj::error_code& ec) {
    Json done = std::move(stack.back().container);
    stack.pop_back();
    return check(put(std::move(done)), ec);
  }
  static bool check(bool good, bj::error_code& ec) {
    if (!good) ec = bj::make_error_code(bj::error::exception);
    return good;
  }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) {
    stack.push_back({Json(Json::Object{}), {}});
    return true;
  }
  bool on_object_end(std::size_t, bj::error_code& ec) { return close(ec); }
  bool on_array_begin(bj::error_code&) {
    stack.push_back({Json(Json::Array{}), {}});
    return true;
  }
  bool on_array_end(std::size_t, bj::error_code& ec) { return close(ec); }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_key(bj::string_view part, std::size_t, bj::error_code&) {
    text.append(part.data(), part.size());
    stack.back().key = std::move(text);
    text.clear();
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_string(bj::string_view part, std::size_t, bj::error_code& ec) {
    text.append(part.data(), part.size());
    Json value(std::move(text));
    text.clear();
    return check(put(std::move(value)), ec);
  }
  bool on_number_part(bj::string_view, bj::error_code&) { return true; }
  bool on_int64(std::int64_t value, bj::string_view, bj::error_code& ec) { return check(put(Json(value)), ec); }
  bool on_uint64(std::uint64_t value, bj::string_view, bj::error_code& ec) {
    return check(put(Json(static_cast<double>(value))), ec);  // above 2^63: kept as a float
  }
  bool on_double(double value, bj::string_view, bj::error_code& ec) { return check(put(Json(value)), ec); }
  bool on_bool(bool value, bj::error_code& ec) { return check(put(Json(value)), ec); }
  bool on_null(bj::error_code& ec) { return check(put(Json()), ec); }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return fail(Code::kTooLarge, fmt::format("JSON of more than {} bytes", limits.bytes_max));
  }
  bj::parse_options options;
  options.max_depth = limits.depth_max;
  bj::basic_parser<Handler> parser(options);
  bj::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec || used != text.size() || !parser.done()) {
    const bool duplicate = parser.handler().duplicate;
    return fail(Code::kInvalid, duplicate ? "JSON with a key twice in one object" : "Not valid JSON",
                fmt::format("at byte {}", used));
  }
  return std::move(parser.handler().root);
}

}  // namespace lapel
