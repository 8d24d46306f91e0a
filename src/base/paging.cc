// SPDX-License-Identifier: Apache-2.0
#include "base/paging.h"

#include <charconv>

#include <fmt/format.h>

namespace lapel {
namespace {

constexpr std::size_t kIdBytesMax = 64;

std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data() + text.size() || *end != '.') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return value;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdBytesMax && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

std::string cursor_of(const ListPlace& place) {
  return fmt::format("{}.{}.{}", place.rank, place.us, place.id);
}

Result<ListPlace> parse_cursor(std::string_view text) {
  std::string_view rest = text;
  const auto rank = take_number(rest);
  const auto us = rank ? take_number(rest) : std::nullopt;
  if (us && is_id(rest)) {
    ListPlace place{*rank, *us, std::string(rest)};
    if (cursor_of(place) == text) return place;  // and not "-0.007.ab", which reads the same
  }
  return fail(Code::kInvalid, "This cursor is not one that a page has given");
}

}  // namespace lapel
