// SPDX-License-Identifier: Apache-2.0
#pragma once
// What routes answer in JSON: an object, a page of items, and null where there is nothing to say.
//
// Owns: the form of an answer and of a page.
// Promises: nobody on the way keeps an answer. A page always has `items` and `next`, which is null on the last one.
// Fails with: nothing.
// Threads: pure functions.

#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "base/paging.h"
#include "http/server.h"

namespace lapel::http {

Response answer(int status, Json::Object fields);
// `next`: the cursor of the page after this one; empty: there is none.
Response page(Json::Array items, const std::string& next = {});
// Each item as `write` puts it.
template <typename Items, typename Write>
Response page_of(const Items& items, Write write) {
  Json::Array out;
  for (const auto& item : items) out.emplace_back(write(item));
  return page(std::move(out));
}
template <typename T, typename Write>
Response page_of(const Page<T>& page, Write write) {
  Json::Array out;
  for (const T& item : page.items) out.emplace_back(write(item));
  return http::page(std::move(out), page.next);
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
template <typename AnyId>
Json id_or_null(const std::optional<AnyId>& id) {
  return id ? Json(id->text()) : Json();
}
Json time_or_null(const std::optional<Timestamp>& time);
// Empty is as good as unknown.
Json text_or_null(const std::string& text);

}  // namespace lapel::http
