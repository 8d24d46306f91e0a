// SPDX-License-Identifier: Apache-2.0
#pragma once
// Users and groups as SCIM writes them, and the patches of them.
//
// Owns: nothing.
// Promises: a boolean is also taken as the text that Microsoft Entra sends. What is known by name has its own type or is
//   refused; what is not known is left alone. Whether somebody is active is left as it is where nothing is said of it.
// Fails with: kInvalid, with SCIM's own word for it as context (invalidSyntax, invalidPath, invalidValue).
// Threads: values and pure functions.

#include <set>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "signin/directory.h"

namespace lapel::signin {

inline constexpr const char* kScimUser = "urn:ietf:params:scim:schemas:core:2.0:User";
inline constexpr const char* kScimGroup = "urn:ietf:params:scim:schemas:core:2.0:Group";

// A whole resource, in place of what `out` was, but for `active` where that is not said; its id and times are not the
// sender's to say.
Result<void> read_scim(const Json& body, DirectoryUser& out);
Result<void> read_scim(const Json& body, DirectoryGroup& out);

// One operation of a patch. Of a group, `touched` gathers the members that it names.
struct ScimOperation {
  enum class Verb { kAdd, kReplace, kRemove };
  Verb verb = Verb::kAdd;
  std::string path;   // empty: the members of the value are the paths
  const Json* value;  // null: none
};
Result<ScimOperation> read_scim_operation(const Json& operation);
Result<void> apply_scim(const ScimOperation& operation, DirectoryUser& user);
Result<void> apply_scim(const ScimOperation& operation, DirectoryGroup& group, std::set<std::string>& touched);

}  // namespace lapel::signin
