// SPDX-License-Identifier: Apache-2.0
#include "roster/told.h"

#include "base/text.h"

namespace lapel::roster {
namespace {

std::optional<std::string> text_of(const Json& event, std::string_view member) {
  const std::string* text = event.find_string(member);
  if (text == nullptr) return std::nullopt;
  return *text;
}

}  // namespace

std::string told(const std::optional<std::string>& text) {
  if (!text) return "nothing";
  return printable(*text);
}
std::string told(const db::Row& row, std::string_view column) {
  return told(row.maybe_text(column));
}
std::string told(const Json& event, std::string_view member) {
  return told(text_of(event, member));
}
std::string told_or_number(const Json& event, std::string_view member) {
  const std::int64_t* number = event.find_integer(member);
  if (number == nullptr) return told(event, member);
  return std::to_string(*number);
}

std::string quoted(const std::optional<std::string>& text) {
  if (!text) return "nothing";
  return printable(to_json(Json(*text)));
}
std::string quoted(const db::Row& row, std::string_view column) {
  return quoted(row.maybe_text(column));
}
std::string quoted(const Json& event, std::string_view member) {
  return quoted(text_of(event, member));
}

}  // namespace lapel::roster
