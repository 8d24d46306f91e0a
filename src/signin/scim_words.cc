// SPDX-License-Identifier: Apache-2.0
#include "signin/scim_words.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace lapel::signin {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name_character(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '$';
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Takes a name from the front; "" where there is none.
std::string take_name(std::string_view& text) {
  std::size_t end = 0;
  if (!text.empty() && is_letter(text[0])) {
    while (end < text.size() && is_name_character(text[end])) ++end;
  }
  std::string out = lower(text.substr(0, end));
  text.remove_prefix(end);
  return out;
}

// "urn:ietf:params:scim:schemas:core:2.0:User:" in front of a name says only whose it is. Its last colon ends it.
std::optional<std::string_view> without_schema(std::string_view text) {
  if (!lower(text.substr(0, 4)).starts_with("urn:")) return text;
  const std::size_t stop = std::min(text.find_first_of(" [\""), text.size());
  const std::size_t colon = text.substr(0, stop).rfind(':');
  for (const char c : text.substr(0, colon)) {
    if (!is_name_character(c) && c != ':' && c != '.') return std::nullopt;
  }
  return text.substr(colon + 1);
}

// A JSON text, true or false, and nothing behind it.
std::optional<std::string> value_of(std::string_view text) {
  if (lower(text) == "true" || lower(text) == "false") return lower(text);
  const auto json = parse_json(text, {.bytes_max = kScimWordsBytesMax, .depth_max = 1});
  return json && json->string() != nullptr ? std::optional(*json->string()) : std::nullopt;
}

}  // namespace

std::optional<ScimFilter> parse_scim_filter(std::string_view text) {
  if (text.size() > kScimWordsBytesMax) return std::nullopt;
  const auto plain = without_schema(trimmed(text));
  if (!plain) return std::nullopt;
  std::string_view rest = *plain;
  ScimFilter out;
  out.attribute = take_name(rest);
  if (out.attribute.empty()) return std::nullopt;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const std::string part = take_name(rest);
    if (part.empty()) return std::nullopt;
    out.attribute += '.' + part;
  }
  if (!rest.starts_with(' ')) return std::nullopt;
  rest = trimmed(rest);
  if (take_name(rest) != "eq" || !rest.starts_with(' ')) return std::nullopt;
  auto value = value_of(trimmed(rest));
  if (!value) return std::nullopt;
  out.value = *std::move(value);
  return out;
}

std::optional<ScimPath> parse_scim_path(std::string_view text) {
  if (text.size() > kScimWordsBytesMax) return std::nullopt;
  const auto plain = without_schema(trimmed(text));
  if (!plain) return std::nullopt;
  std::string_view rest = *plain;
  ScimPath out;
  out.attribute = take_name(rest);
  if (out.attribute.empty()) return std::nullopt;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.rfind(']');
    if (close == std::string_view::npos) return std::nullopt;
    out.of = parse_scim_filter(rest.substr(1, close - 1));
    if (!out.of) return std::nullopt;
    rest.remove_prefix(close + 1);
  }
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    out.part = take_name(rest);
    if (out.part.empty()) return std::nullopt;
  }
  return rest.empty() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace lapel::signin
