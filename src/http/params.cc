// SPDX-License-Identifier: Apache-2.0
#include "http/params.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/limits.h"

namespace lapel::http {

const std::string& param(const Request& request, std::string_view name) {
  const auto it = request.params.find(name);
  CHECK(it != request.params.end());
  return it->second;
}

const std::string& id_param(const Request& request) {
  return param(request, "id");
}

Result<Timestamp> parse_time(std::string_view text, std::string_view name) {
  const auto time = parse_rfc3339(text);
  if (time) return *time;
  return fail(Code::kInvalid, fmt::format("\"{}\" must be an RFC 3339 time such as 2022-12-02T06:12:07Z", name));
}

std::optional<std::string> text_query(const Request& request, std::string_view name) {
  const auto it = request.query.find(name);
  return it == request.query.end() || it->second.empty() ? std::nullopt : std::optional(it->second);
}

Result<std::optional<Timestamp>> time_query(const Request& request, std::string_view name) {
  const auto text = text_query(request, name);
  if (!text) return std::optional<Timestamp>();
  return std::optional(TRY(parse_time(*text, name)));
}

Result<std::int64_t> limit_query(const Request& request) {
  const auto text = text_query(request, "limit");
  if (!text) return limits::kPageItemsDefault;
  const auto value = parse_decimal(*text);
  if (!value || *value < 1 || *value > static_cast<std::uint64_t>(limits::kPageItemsMax))
    return fail(Code::kInvalid, fmt::format("\"limit\" must be 1 to {}", limits::kPageItemsMax));
  return static_cast<std::int64_t>(*value);
}

Result<PageQuery> page_query(const Request& request) {
  PageQuery out;
  out.limit = TRY(limit_query(request));
  if (const auto cursor = text_query(request, "cursor")) out.after = TRY(parse_cursor(*cursor));
  return out;
}

}  // namespace lapel::http
