// SPDX-License-Identifier: Apache-2.0
#pragma once
// How this folder reads an object of JSON strictly: each member with its type and range, and none beside them.
//
// Owns: nothing.
// Promises: the first thing that is wrong, or a member that nobody asked for, makes the whole object wrong.
// Fails with: kInvalid, at the end.
// Threads: one reader by one thread.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"
#include "base/result.h"

namespace lapel::protocol {

template <typename Enum>
struct Name {
  Enum value;
  std::string_view text;
};

template <typename Table, typename Enum>
std::string_view name_in(const Table& table, Enum value) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.value == value; });
  CHECK(row != table.end());
  return row->text;
}

// Takes members out of one object, each with its type and range; what nobody asked for, and the first thing
// that is wrong, makes the whole object wrong. So a reader is a list of members and one question at the end.
class Members {
 public:
  explicit Members(const Json& value) : object_(value.object()) {
    if (object_ == nullptr) refuse("an object expected");
  }

  const Json* take(std::string_view key) {
    if (object_ == nullptr) return nullptr;
    const auto it = object_->find(key);
    if (it == object_->end()) return nullptr;
    ++taken_;
    return &it->second;
  }

  std::optional<std::int64_t> integer_if_any(std::string_view key, std::int64_t low, std::int64_t high) {
    const Json* member = take(key);
    if (member == nullptr) return std::nullopt;
    const std::int64_t* number = member->integer();
    if (number == nullptr || *number < low || *number > high) {
      refuse(key);
      return std::nullopt;
    }
    return *number;
  }
  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high) {
    const auto number = integer_if_any(key, low, high);
    if (!number) refuse(key);
    return number.value_or(low);
  }
  int small(std::string_view key, int low, int high) { return static_cast<int>(integer(key, low, high)); }
  bool flag(std::string_view key) {
    const Json* member = take(key);
    const bool* value = member ? member->boolean() : nullptr;
    if (value == nullptr) refuse(key);
    return value != nullptr && *value;
  }
  // [a-z0-9_-], at most 32 characters: nothing that could be markup or a path.
  std::string word(std::string_view key, std::size_t length_min) {
    const Json* member = take(key);
    const std::string* text = member ? member->string() : nullptr;
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
    if (text == nullptr || text->size() < length_min || text->size() > 32 ||
        !std::all_of(text->begin(), text->end(), plain)) {
      refuse(key);
      return {};
    }
    return *text;
  }
  template <typename Table>
  auto one_of(std::string_view key, const Table& table) {
    const std::string text = word(key, 1);
    for (const auto& row : table) {
      if (row.text == text) return row.value;
    }
    refuse(key);
    return table.front().value;
  }
  const Json::Array& list(std::string_view key, std::size_t count_max) {
    static const Json::Array kNone;
    const Json* member = take(key);
    const Json::Array* items = member ? member->array() : nullptr;
    if (items == nullptr || items->size() > count_max) {
      refuse(key);
      return kNone;
    }
    return *items;
  }

  void refuse(std::string_view what) {
    if (wrong_.empty()) wrong_ = what;
  }
  Result<void> finish(std::string_view what) {
    if (wrong_.empty() && taken_ != object_->size()) wrong_ = "a member that has no place here";
    if (!wrong_.empty()) return fail(Code::kInvalid, fmt::format("This is no {}.", what), wrong_);
    return {};
  }

 private:
  const Json::Object* object_;
  std::size_t taken_ = 0;
  std::string wrong_;
};

template <typename T>
void put_if(Json::Object& out, const char* key, const std::optional<T>& value) {
  if (value) out[key] = *value;
}

}  // namespace lapel::protocol
