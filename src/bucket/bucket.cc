// SPDX-License-Identifier: Apache-2.0
#include "bucket/bucket.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/problems.h"

namespace lapel::bucket {
namespace {

constexpr std::size_t kPartBytesMax = 255;

bool is_valid_part(std::string_view part) {
  return !part.empty() && part.size() <= kPartBytesMax && part.front() != '.' &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

bool is_valid_name(std::string_view name) {
  if (name.size() > kNameBytesMax) return false;
  for (;;) {
    const std::size_t slash = name.find('/');
    if (!is_valid_part(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

Result<void> check_name(std::string_view name) {
  if (is_valid_name(name)) return {};
  return fail(Code::kInvalid, "This is no object name.", std::string(name));
}

Result<void> check_prefix(std::string_view prefix) {
  if (prefix.empty() || (prefix.back() == '/' && is_valid_name(prefix.substr(0, prefix.size() - 1)))) return {};
  return fail(Code::kInvalid, "This is no prefix of object names.", std::string(prefix));
}

Result<Bytes> get(Bucket& bucket, std::string_view name, std::size_t bytes_max) {
  const std::shared_ptr<Object> object = TRY(bucket.open(name));
  if (object->bytes() > bytes_max) {
    return fail(Code::kTooLarge, "The object is larger than it may be.",
                fmt::format("{}: {} bytes, at most {}", name, object->bytes(), bytes_max));
  }
  Bytes out(static_cast<std::size_t>(object->bytes()));
  const std::size_t n = TRY(object->read_at(0, out));
  if (n != out.size()) {
    return fail(problems::kObjectDamaged, "The object ends too early.",
                fmt::format("{}: {} of {} bytes", name, n, out.size()));
  }
  return out;
}

}  // namespace lapel::bucket
