// SPDX-License-Identifier: Apache-2.0
#include "lapel/shown.h"

#include <fmt/format.h>

#include "base/text.h"
#include "lapel/remote_client.h"

namespace lapel::door {

std::string text_of(const Json* value) {
  if (!value || value->is_null()) return "-";
  if (const std::string* text = value->string()) return text->empty() ? "-" : printable(*text);
  if (const std::string* name = value->find_string("name"))
    return printable(*name);  // somebody, by what they are called
  return to_json(*value);
}

const Json::Array& list_of(const Json& item, std::string_view name) {
  static const Json::Array kNone;
  const Json* value = item.find(name);
  return value && value->array() ? *value->array() : kNone;
}

bool is_there(const Json* value) {
  return value && !value->is_null();
}

Result<void> show(const RemoteOptions& options, const std::string& target, bool as_json, void (*print)(const Json&)) {
  Remote remote = TRY(Remote::open(options));
  const Json answer = TRY(remote.get_json(target));
  if (as_json) {
    fmt::print("{}\n", to_json(answer));
  } else {
    print(answer);
  }
  return {};
}

std::string dated(const std::string& path, std::string_view name, const std::string& day) {
  return day.empty() ? path : fmt::format("{}?{}={}", path, name, url_encoded(day));
}

}  // namespace lapel::door
