// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a request says in its path and in its query.
//
// Owns: the sentences for what is wrong with one.
// Promises: an id that is none is answered as one that nobody knows. A parameter of the query that is absent or empty is
//   nullopt.
// Fails with: kNotFound, kInvalid. CHECK where a route has no such parameter: routes are code, not input.
// Threads: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/paging.h"
#include "base/result.h"
#include "http/server.h"

namespace lapel::http {

// A {name} of the route.
const std::string& param(const Request& request, std::string_view name);
const std::string& id_param(const Request& request);

// `what`: of which there is none, as in "recording".
template <typename AnyId>
Result<AnyId> id_param(const Request& request, std::string_view what) {
  const auto id = AnyId::parse(id_param(request));
  if (!id) return fail(Code::kNotFound, "No such " + std::string(what), id_param(request));
  return *id;
}

Result<Timestamp> parse_time(std::string_view text, std::string_view name);  // RFC 3339
std::optional<std::string> text_query(const Request& request, std::string_view name);
Result<std::optional<Timestamp>> time_query(const Request& request, std::string_view name);
// How many items a page may have: limits::kPageItemsDefault where the request does not say.
Result<std::int64_t> limit_query(const Request& request);
// The page by its `limit` and `cursor`: the first where the request does not say.
Result<PageQuery> page_query(const Request& request);

}  // namespace lapel::http
