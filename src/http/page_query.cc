// SPDX-License-Identifier: Apache-2.0
#include "http/page_query.h"

#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace lapel::http {

Result<PageQuery> page_query(const Request& request) {
  PageQuery out;
  const auto text = [&](std::string_view name) {
    const auto it = request.query.find(std::string(name));
    return it == request.query.end() ? std::string() : it->second;
  };
  if (const std::string limit = text("limit"); !limit.empty()) {
    const auto value = parse_decimal(limit);
    if (!value || *value < 1 || *value > static_cast<std::uint64_t>(limits::kPageItemsMax)) {
      return fail(Code::kInvalid, fmt::format("\"limit\" must be 1 to {}", limits::kPageItemsMax));
    }
    out.limit = static_cast<std::int64_t>(*value);
  }
  if (const std::string cursor = text("cursor"); !cursor.empty()) out.after = TRY(parse_cursor(cursor));
  return out;
}

Json::Object page_members(Json::Array items, const std::string& next) {
  return {{"items", std::move(items)}, {"next", next.empty() ? Json() : Json(next)}};
}

}  // namespace lapel::http
