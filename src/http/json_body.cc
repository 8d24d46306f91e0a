// SPDX-License-Identifier: Apache-2.0
#include "http/json_body.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "http/params.h"

namespace lapel::http {

Result<Json> json_body(const Request& request, const JsonLimits& limits) {
  Json body = TRY(parse_json(request.body, limits));
  if (!body.object()) return fail(Code::kInvalid, "The body must be a JSON object");
  return body;
}

Result<std::optional<std::string>> text_member(const Json& body, std::string_view name) {
  const Json* field = body.find(name);
  if (!field || field->is_null()) return std::optional<std::string>();
  const std::string* text = field->string();
  if (!text) return fail(Code::kInvalid, fmt::format("\"{}\" must be a text", name));
  if (text->size() > limits::kFieldBytesMax || text->find('\0') != std::string::npos) {
    return fail(Code::kInvalid,
                fmt::format("\"{}\" may have at most {} bytes, none of them zero", name, limits::kFieldBytesMax));
  }
  return text->empty() ? std::optional<std::string>() : std::optional(*text);
}

Result<std::string> required_text(const Json& body, std::string_view name) {
  auto text = TRY(text_member(body, name));
  if (text) return *std::move(text);
  return fail(Code::kInvalid, fmt::format("\"{}\" must be a text of 1 to {} bytes", name, limits::kFieldBytesMax));
}

Result<std::optional<bool>> flag_member(const Json& body, std::string_view name) {
  const Json* field = body.find(name);
  if (!field || field->is_null()) return std::optional<bool>();
  if (!field->boolean()) return fail(Code::kInvalid, fmt::format("\"{}\" must be true or false", name));
  return std::optional(*field->boolean());
}

Result<std::optional<Timestamp>> time_member(const Json& body, std::string_view name) {
  const auto text = TRY(text_member(body, name));
  if (!text) return std::optional<Timestamp>();
  return std::optional(TRY(parse_time(*text, name)));
}

}  // namespace lapel::http
