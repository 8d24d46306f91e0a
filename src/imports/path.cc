// SPDX-License-Identifier: Apache-2.0
#include "imports/path.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace lapel::imports {
namespace {

constexpr std::array<std::pair<Match, std::string_view>, 3> kMatches = {
    {{Match::kPath, "path"}, {Match::kName, "name"}, {Match::kStem, "stem"}}};

std::string_view stem_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? name : name.substr(0, dot);
}

// Both folded. Greedy, with one place to come back to: linear in the pattern for each character.
bool is_like(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, back = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      back = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos && text[back] != '/') {
      p = star + 1;
      t = ++back;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

std::optional<std::string> path_trouble(std::string_view path) {
  if (path.empty()) return "It has no name";
  if (path.size() > kPathBytesMax) return fmt::format("Its path is over {} bytes", kPathBytesMax);
  if (!is_utf8(path)) return "Its path is not UTF-8";
  if (has_control_characters(path) || has_format_characters(path) || path.find('\x7f') != std::string_view::npos)
    return "Its path has characters in it that are not shown";
  if (path.front() == '/') return "Its path is absolute: it would leave the export";
  if (path.find('\\') != std::string_view::npos) return "Its path has a backslash in it, which is a folder elsewhere";
  if (path.size() >= 2 && path[1] == ':') return "Its path names a drive: it would leave the export";
  std::size_t parts = 0;
  for (std::string_view rest = path;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part == "..") return "Its path goes up by \"..\": it would leave the export";
    if (part.empty() || part == ".") return "Its path has an empty part or \".\" in it";
    if (part.size() > kPathPartBytesMax) return fmt::format("A part of its path is over {} bytes", kPathPartBytesMax);
    if (part.back() == '.' || part.back() == ' ' || part.front() == ' ')
      return "A part of its path begins with a space, or ends in one or in a dot, which other systems take away";
    if (++parts > kPathPartsMax) return fmt::format("It lies over {} folders deep", kPathPartsMax);
    if (slash == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(slash + 1);
  }
}

std::string folded_path(std::string_view path) {
  return fold(path);
}

std::string_view match_name(Match match) {
  for (const auto& [value, name] : kMatches) {
    if (value == match) return name;
  }
  return {};
}

std::optional<Match> parse_match(std::string_view name) {
  for (const auto& [value, known] : kMatches) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string key_of_path(Match match, std::string_view path) {
  if (match == Match::kPath) return fold(path);
  return fold(match == Match::kName ? last_part(path) : stem_of(last_part(path)));
}

std::string key_of_word(Match match, std::string_view word) {
  // An inventory that was written on Windows names its folders so.
  std::string plain(word);
  std::ranges::replace(plain, '\\', '/');
  std::string_view rest = plain;
  if (rest.starts_with("./")) rest.remove_prefix(2);
  return match == Match::kPath ? fold(rest) : fold(match == Match::kName ? last_part(rest) : std::string_view(rest));
}

bool fits(std::string_view pattern, std::string_view path) {
  const bool is_of_path = pattern.find('/') != std::string_view::npos;
  return is_like(fold(pattern), fold(is_of_path ? path : last_part(path)));
}

}  // namespace lapel::imports
