// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names of files in an export of another system: which are taken, which mean the same, and which a pattern fits.
//
// Owns: what a path may be. It is a name and never opened by the server.
// Promises: pure. A path that is taken is relative, of plain parts joined by "/", and has no way up; two that a filesystem without
//   upper and lower case would take for one have the same folded form.
// Fails with: a sentence that says what is wrong with the path, for a report.
// Threads: pure functions.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lapel::imports {

inline constexpr std::size_t kPathBytesMax = 1'000;  // a value of Upload-Metadata has room for it
inline constexpr std::size_t kPathPartBytesMax = 255;
inline constexpr std::size_t kPathPartsMax = 32;

// Why a path is refused; nullopt for one that is taken.
std::optional<std::string> path_trouble(std::string_view path);

// The form by which two names clash.
std::string folded_path(std::string_view path);

// How an inventory names a file.
enum class Match {
  kPath,  // by its path in the export
  kName,  // by its last part, in whatever folder
  kStem,  // by its last part without the extension
};
std::string_view match_name(Match match);
std::optional<Match> parse_match(std::string_view name);
// What a row's word and a file's path are compared by. Folded: exports go through filesystems that keep no case.
std::string key_of_path(Match match, std::string_view path);
std::string key_of_word(Match match, std::string_view word);

std::string_view last_part(std::string_view path);

// `pattern`: "*" is any run of characters but "/"; without a "/" it is of the last part alone. Upper and lower case are one.
bool fits(std::string_view pattern, std::string_view path);

}  // namespace lapel::imports
