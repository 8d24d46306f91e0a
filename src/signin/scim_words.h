// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two small languages of SCIM 2.0: filters of lists and paths of patches (RFC 7644, 3.4.2.2 and 3.5.2), as far as
// directories use them.
//
// Owns: nothing.
// Promises: names are read without regard to case, as SCIM has it, and come out in lower case, without the schema in front. A
//   filter is one comparison by eq; what goes on beyond it is refused, never ignored.
// Fails with: std::nullopt for what is outside.
// Threads: pure functions.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lapel::signin {

inline constexpr std::size_t kScimWordsBytesMax = 2'048;

// userName eq "doe"
struct ScimFilter {
  std::string attribute;
  std::string value;  // of a text; "true" and "false" stand for themselves
};
std::optional<ScimFilter> parse_scim_filter(std::string_view text);

// active, name.givenName, members[value eq "2819"], emails[type eq "work"].value
struct ScimPath {
  std::string attribute;
  std::optional<ScimFilter> of;  // which of its values
  std::string part;              // "givenname"; empty: all of it
};
std::optional<ScimPath> parse_scim_path(std::string_view text);

}  // namespace lapel::signin
