// SPDX-License-Identifier: Apache-2.0
#include "http/answers.h"

namespace lapel::http {

Response answer(int status, Json::Object fields) {
  Response response = Response::json(status, to_json(Json(std::move(fields))));
  response.with("Cache-Control", "no-store");
  return response;
}

Response page(Json::Array items, const std::string& next) {
  return answer(200, {{"items", std::move(items)}, {"next", text_or_null(next)}});
}

Json time_or_null(const std::optional<Timestamp>& time) {
  return time ? Json(ledger_time(*time)) : Json();
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace lapel::http
