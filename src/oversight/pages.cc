// SPDX-License-Identifier: Apache-2.0
#include "oversight/pages.h"

#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"

namespace lapel::oversight {
namespace {

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string cursor_of(const ListPlace& place) {
  return fmt::format("{}.{}.{}", place.rank, place.at.us, place.id);
}

Result<ListPlace> parse_cursor(std::string_view cursor) {
  if (cursor.empty()) return ListPlace{-1, {std::numeric_limits<std::int64_t>::max()}, ""};
  const std::size_t first = cursor.find('.');
  const std::size_t second = first == cursor.npos ? cursor.npos : cursor.find('.', first + 1);
  if (second != cursor.npos) {
    const auto rank = whole(cursor.substr(0, first));
    const auto at_us = whole(cursor.substr(first + 1, second - first - 1));
    const std::string_view id = cursor.substr(second + 1);
    if (rank && at_us && parse_hex_array<16>(id)) return ListPlace{*rank, {*at_us}, std::string(id)};
  }
  return fail(Code::kInvalid, "This cursor is not one that a page has given");
}

std::string after_place(std::string_view rank, std::string_view at, std::string_view id) {
  return fmt::format(
      "({0} > CAST(:after_rank AS BIGINT) OR ({0} = CAST(:after_rank AS BIGINT) AND ({1} < :after_us OR ({1} = "
      ":after_us AND {2} > :after_id))))",
      rank, at, id);
}

std::string in_order(std::string_view rank, std::string_view at, std::string_view id) {
  return fmt::format("ORDER BY {}, {} DESC, {}", rank, at, id);
}

void add_place(db::Params& params, const ListPlace& place) {
  params.emplace_back("after_rank", place.rank);
  params.emplace_back("after_us", place.at.us);
  params.emplace_back("after_id", place.id);
}

}  // namespace lapel::oversight
