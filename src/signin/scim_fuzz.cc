// SPDX-License-Identifier: Apache-2.0
// What a directory sends: filters, paths, users, groups and patches. The first byte says which.
#include "base/check.h"
#include "base/json.h"
#include "signin/scim_json.h"
#include "signin/scim_words.h"

namespace {

using namespace lapel;
using namespace lapel::signin;

bool is_lower(std::string_view text) {
  return text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ [\"") == std::string_view::npos;
}

void read_words(std::string_view text) {
  if (const auto filter = parse_scim_filter(text)) {
    CHECK(!filter->attribute.empty() && is_lower(filter->attribute));
    // Written again it says the same.
    const auto again = parse_scim_filter(filter->attribute + " eq " + to_json(Json(filter->value)));
    CHECK(again && again->attribute == filter->attribute && again->value == filter->value);
  }
  if (const auto path = parse_scim_path(text)) {
    CHECK(!path->attribute.empty() && is_lower(path->attribute) && is_lower(path->part));
  }
}

void read_body(const Json& body) {
  DirectoryUser user;
  user.id = "u";
  if (read_scim(body, user)) CHECK(!user.user_name.empty() && !user.name.empty() && user.id == "u");
  DirectoryGroup group;
  group.id = "g";
  if (read_scim(body, group)) CHECK(!group.name.empty() && group.id == "g");
}

void read_patch(const Json& operation) {
  const auto read = read_scim_operation(operation);
  if (!read) return;
  DirectoryUser user;
  user.id = user.user_name = user.name = "u";
  if (apply_scim(*read, user)) CHECK(user.id == "u");
  DirectoryGroup group;
  group.id = group.name = "g";
  group.members = {"1", "2"};
  std::set<std::string> touched;
  if (!apply_scim(*read, group, touched)) return;
  CHECK(group.id == "g");
  // Whoever came or went is looked at.
  for (const char* id : {"1", "2"}) CHECK(group.members.contains(id) || touched.contains(id));
  for (const std::string& id : group.members) CHECK(id == "1" || id == "2" || touched.contains(id));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text({data + 1, size - 1});
  if (data[0] == 'w') {
    read_words(text);
    return 0;
  }
  const auto json = parse_json(text);
  if (!json || json->object() == nullptr) return 0;
  if (data[0] == 'p') {
    read_patch(*json);
  } else {
    read_body(*json);
  }
  return 0;
}
