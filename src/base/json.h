// SPDX-License-Identifier: Apache-2.0
#pragma once
// One JSON value with two readers: a strict one for what is hashed, a general one for what people and programs send.
//
// Owns: Json; the canonical subset of ledger.md (RFC 8785 within objects, arrays, strings, true, false and integers
//   0..2^53-1, depth at most 4, keys [a-z][a-z0-9_.]*, well-formed UTF-8, no null).
// Promises: parse_canonical accepts exactly the bytes that canonical() writes; keys of an object are always sorted.
// Fails with: kInvalid naming the offset (parse_json); std::nullopt (parse_canonical).
// Threads: values and pure functions.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace lapel {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;

  Json() : value_(nullptr) {}
  Json(std::nullptr_t) : value_(nullptr) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(static_cast<std::int64_t>(value)) {}
  Json(unsigned value) : value_(static_cast<std::int64_t>(value)) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value) : value_(static_cast<std::int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  // Each is null unless the value has that type.
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const double* real() const { return std::get_if<double>(&value_); }
  const std::string* string() const { return std::get_if<std::string>(&value_); }
  const Array* array() const { return std::get_if<Array>(&value_); }
  const Object* object() const { return std::get_if<Object>(&value_); }
  Array* array() { return std::get_if<Array>(&value_); }
  Object* object() { return std::get_if<Object>(&value_); }

  // A member of an object; null when absent or when this is no object.
  const Json* find(std::string_view key) const;
  // The member where it has that type: absent and mistyped look alike, so use only after a shape check.
  const std::string* find_string(std::string_view key) const;
  const std::int64_t* find_integer(std::string_view key) const;

  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> value_;
};

// Compact JSON; any value. Text that is not UTF-8 is written with U+FFFD in place of each bad byte.
std::string to_json(const Json& value);

struct JsonLimits {
  std::size_t bytes_max = 1 << 20;
  std::size_t depth_max = 32;
};
// General JSON (RFC 8259) in UTF-8; a duplicate key is refused.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// The canonical subset.
inline constexpr std::int64_t kCanonicalIntegerMax = (std::int64_t{1} << 53) - 1;
inline constexpr int kCanonicalDepthMax = 4;
bool is_canonical_value(const Json& value);
// The bytes that are hashed. CHECKs is_canonical_value: what is not of the subset must not reach a hash.
std::string canonical(const Json& value);
std::optional<Json> parse_canonical(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace lapel
