// SPDX-License-Identifier: Apache-2.0
#include "signin/scim_json.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "signin/scim_words.h"

namespace lapel::signin {
namespace {

using Verb = ScimOperation::Verb;

tl::unexpected<Error> invalid(std::string why, std::string scim_type) {
  return fail(Code::kInvalid, std::move(why), std::move(scim_type));
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// A member by its name in any case.
const Json* member(const Json& object, std::string_view name) {
  if (object.object() == nullptr) return nullptr;
  for (const auto& [key, value] : *object.object()) {
    if (lower(key) == name) return &value;
  }
  return nullptr;
}

Result<std::string> text_of(const Json& value, std::string_view name) {
  if (value.string() == nullptr) return invalid(fmt::format("\"{}\" must be a text", name), "invalidValue");
  return *value.string();
}

Result<bool> boolean_of(const Json& value, std::string_view name) {
  if (value.boolean() != nullptr) return *value.boolean();
  if (value.string() != nullptr && lower(*value.string()) == "true") return true;
  if (value.string() != nullptr && lower(*value.string()) == "false") return false;
  return invalid(fmt::format("\"{}\" must be true or false", name), "invalidValue");
}

// What somebody is called, out of SCIM's several names for it; and whether they are active, as it was said first.
struct Names {
  std::string display, formatted, given, family;
  std::optional<bool> active;

  // Null where nothing was said: an empty name is none, and some directories send the ones that they do not keep as "".
  std::optional<std::string> best() const {
    if (!display.empty()) return display;
    if (!formatted.empty()) return formatted;
    if (!given.empty() && !family.empty()) return given + " " + family;
    if (given.empty() && family.empty()) return std::nullopt;
    return given.empty() ? family : given;
  }
};

Result<void> read_name(const Json& name, Names& out) {
  for (const auto& [key, to] :
       {std::pair{"formatted", &out.formatted}, {"givenname", &out.given}, {"familyname", &out.family}}) {
    if (const Json* value = member(name, key); value != nullptr && !value->is_null()) *to = TRY(text_of(*value, key));
  }
  return {};
}

// One attribute of a user, by its path in lower case.
Result<void> set_user_attribute(DirectoryUser& user, Names& names, std::string_view attribute, std::string_view part,
                                const Json* value) {
  const bool is_gone = value == nullptr || value->is_null();
  if (attribute == "active") {
    // Nobody gets in by what is not there, or by what may be meant one way or the other.
    if (is_gone) return invalid("\"active\" is true or false, and is not taken away", "invalidValue");
    user.is_active = TRY(boolean_of(*value, "active"));
    if (names.active && *names.active != user.is_active)
      return invalid("\"active\" is said to be both true and false", "invalidValue");
    names.active = user.is_active;
  } else if (attribute == "username") {
    if (is_gone) return invalid("\"userName\" is not taken away", "mutability");
    user.user_name = TRY(text_of(*value, "userName"));
  } else if (attribute == "externalid") {
    user.external_id = is_gone ? std::nullopt : std::optional(TRY(text_of(*value, "externalId")));
  } else if (attribute == "displayname") {
    if (!is_gone) names.display = TRY(text_of(*value, "displayName"));
  } else if (attribute == "name" && part.empty()) {
    if (!is_gone) TRY(read_name(*value, names));
  } else if (attribute == "name" && !is_gone) {
    TRY(read_name(Json(Json::Object{{std::string(part), *value}}), names));
  }
  return {};
}

// The ids of a list of members, or of one.
Result<std::set<std::string>> members_of(const Json& value) {
  std::set<std::string> out;
  const auto add = [&](const Json& each) -> Result<void> {
    const Json* id = each.object() != nullptr ? member(each, "value") : &each;
    if (id == nullptr || id->string() == nullptr) return invalid("A member is {\"value\": ID}", "invalidValue");
    out.insert(*id->string());
    return {};
  };
  if (value.array() == nullptr) {
    TRY(add(value));
    return out;
  }
  for (const Json& each : *value.array()) TRY(add(each));
  return out;
}

Result<void> set_group_attribute(DirectoryGroup& group, std::set<std::string>& touched, Verb verb, const ScimPath& path,
                                 const Json* value) {
  const bool is_gone = value == nullptr || value->is_null();
  if (path.attribute == "displayname") {
    if (is_gone || verb == Verb::kRemove) return invalid("\"displayName\" is not taken away", "mutability");
    group.name = TRY(text_of(*value, "displayName"));
  } else if (path.attribute == "externalid") {
    const bool is_removed = is_gone || verb == Verb::kRemove;
    group.external_id = is_removed ? std::nullopt : std::optional(TRY(text_of(*value, "externalId")));
  } else if (path.attribute == "members") {
    std::set<std::string> named;
    if (path.of) {
      if (path.of->attribute != "value") return invalid("A member is named by its value", "invalidPath");
      named.insert(path.of->value);
    } else if (!is_gone) {
      named = TRY(members_of(*value));
    } else if (verb == Verb::kRemove) {
      named = group.members;
    }
    touched.insert(named.begin(), named.end());
    if (verb == Verb::kRemove) {
      for (const std::string& id : named) group.members.erase(id);
      return {};
    }
    if (verb == Verb::kReplace && !path.of) {
      touched.insert(group.members.begin(), group.members.end());
      group.members.clear();
    }
    group.members.insert(named.begin(), named.end());
  }
  return {};
}

Result<ScimPath> path_of(const std::string& text) {
  auto path = parse_scim_path(text);
  if (!path) return invalid("This path is not one that is understood here", "invalidPath");
  return *std::move(path);
}

// What an operation says of single attributes: by its path, or by the members of its value.
template <typename Apply>
Result<void> each_attribute(const ScimOperation& operation, Apply apply) {
  if (!operation.path.empty()) return apply(TRY(path_of(operation.path)), operation.value);
  if (operation.verb == Verb::kRemove) return invalid("What is removed is named by a path", "noTarget");
  if (operation.value == nullptr || operation.value->object() == nullptr)
    return invalid("An operation without a path has an object of attributes", "invalidValue");
  for (const auto& [name, value] : *operation.value->object()) {
    if (lower(name) == "schemas" || lower(name) == "id" || lower(name) == "meta") continue;
    TRY(apply(TRY(path_of(name)), &value));
  }
  return {};
}

}  // namespace

Result<void> read_scim(const Json& body, DirectoryUser& out) {
  DirectoryUser user;
  user.id = out.id;
  user.created = out.created;
  user.is_active = out.is_active;
  Names names;
  for (const auto& [name, value] : *body.object()) TRY(set_user_attribute(user, names, lower(name), "", &value));
  if (user.user_name.empty()) return invalid("\"userName\" must be there", "invalidValue");
  user.name = names.best().value_or(user.user_name);
  out = std::move(user);
  return {};
}

Result<void> read_scim(const Json& body, DirectoryGroup& out) {
  DirectoryGroup group;
  group.id = out.id;
  group.created = out.created;
  std::set<std::string> touched;
  for (const auto& [name, value] : *body.object()) {
    TRY(set_group_attribute(group, touched, Verb::kAdd, {lower(name), std::nullopt, {}}, &value));
  }
  if (group.name.empty()) return invalid("\"displayName\" must be there", "invalidValue");
  out = std::move(group);
  return {};
}

Result<ScimOperation> read_scim_operation(const Json& operation) {
  ScimOperation out;
  const Json* verb = member(operation, "op");
  const std::string name = verb != nullptr && verb->string() != nullptr ? lower(*verb->string()) : "";
  if (name == "add") {
    out.verb = Verb::kAdd;
  } else if (name == "replace") {
    out.verb = Verb::kReplace;
  } else if (name == "remove") {
    out.verb = Verb::kRemove;
  } else {
    return invalid("\"op\" must be add, replace or remove", "invalidSyntax");
  }
  if (const Json* path = member(operation, "path"); path != nullptr && !path->is_null())
    out.path = TRY(text_of(*path, "path"));
  out.value = member(operation, "value");
  return out;
}

Result<void> apply_scim(const ScimOperation& operation, DirectoryUser& user) {
  Names names;
  TRY(each_attribute(operation, [&](const ScimPath& path, const Json* value) {
    // One of several values, such as emails[type eq "work"]: none of those is kept.
    if (path.of) return Result<void>();
    return set_user_attribute(user, names, path.attribute, path.part,
                              operation.verb == Verb::kRemove ? nullptr : value);
  }));
  if (const auto best = names.best()) user.name = *best;
  return {};
}

Result<void> apply_scim(const ScimOperation& operation, DirectoryGroup& group, std::set<std::string>& touched) {
  return each_attribute(operation, [&](const ScimPath& path, const Json* value) {
    return set_group_attribute(group, touched, operation.verb, path, value);
  });
}

}  // namespace lapel::signin
