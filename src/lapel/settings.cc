// SPDX-License-Identifier: Apache-2.0
#include "lapel/settings.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace lapel::door {
namespace {

constexpr std::string_view kFile = "lapel.toml";
constexpr std::size_t kFileBytesMax = 64 * 1024;
constexpr std::string_view kFileScheme = "file://";
constexpr std::string_view kBlanks = " \t";

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f';
}

void skip_blanks(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
}

// Takes a string off the front of a line: 'as it stands', or "with escapes", which are those that TOML and JSON have in common.
std::optional<std::string> take_string(std::string_view& line) {
  const char quote = line.empty() ? '\0' : line.front();
  if (quote != '"' && quote != '\'') return std::nullopt;
  std::size_t end = 1;
  for (; end < line.size() && line[end] != quote; ++end) {
    if (quote == '"' && line[end] == '\\' && (++end == line.size() || line[end] == '/')) return std::nullopt;
  }
  if (end >= line.size()) return std::nullopt;
  const std::string_view token = line.substr(0, end + 1);
  line.remove_prefix(end + 1);
  if (quote == '\'') return std::string(token.substr(1, token.size() - 2));
  const auto value = parse_json(token);
  return value && value->string() ? std::optional(*value->string()) : std::nullopt;
}

// A JSON string is a basic string of TOML as it stands, but for DEL, which JSON leaves as it is.
std::string basic_string(const std::string& text) {
  std::string out;
  for (const char c : to_json(Json(text))) out += c == '\x7f' ? std::string("\\u007f") : std::string(1, c);
  return out;
}

// One line: nothing, a comment, or a key and its string.
Result<void> read_line(std::string_view line, std::size_t number, Settings& out) {
  const auto wrong = [number](std::string_view why) {
    return fail(Code::kInvalid, fmt::format("The settings are wrong in line {}: {}", number, why));
  };
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (std::ranges::any_of(line, is_control)) return wrong("a control character");
  skip_blanks(line);
  if (line.empty() || line.front() == '#') return {};
  const std::string_view key = line.substr(0, line.find_first_of(" \t="));
  std::string* const place = key == "database" ? &out.database : key == "bucket" ? &out.bucket : nullptr;
  if (place == nullptr) return wrong(fmt::format("they know \"database\" and \"bucket\", not \"{}\"", printable(key)));
  if (!place->empty()) return wrong(fmt::format("\"{}\" is there twice", key));
  line.remove_prefix(key.size());
  skip_blanks(line);
  if (!line.starts_with('=')) return wrong(fmt::format("\"{}\" has no = after it", key));
  line.remove_prefix(1);
  skip_blanks(line);
  auto value = take_string(line);
  if (!value) return wrong(fmt::format("\"{}\" must be a text in quotes, in one line", key));
  if (value->find('\0') != std::string::npos) return wrong(fmt::format("\"{}\" has a zero byte", key));
  skip_blanks(line);
  if (!line.empty() && line.front() != '#') return wrong("it goes on after its text");
  *place = *std::move(value);
  return {};
}

}  // namespace

Result<Settings> parse_settings(std::string_view text) {
  if (text.size() > kFileBytesMax) return fail(Code::kInvalid, "The settings are too long");
  if (!is_utf8(text)) return fail(Code::kInvalid, "The settings are not UTF-8");
  Settings out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    TRY(read_line(line, number, out));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return out;
}

std::string to_toml(const Settings& settings) {
  std::string out;
  if (!settings.database.empty()) out += fmt::format("database = {}\n", basic_string(settings.database));
  if (!settings.bucket.empty()) out += fmt::format("bucket = {}\n", basic_string(settings.bucket));
  return out;
}

Result<Settings> read_settings(os::Disk& disk, const os::Path& data) {
  const auto bytes = os::read_file(disk, data / kFile, kFileBytesMax);
  if (!bytes && bytes.error().code() == Code::kNotFound) return Settings{};
  if (!bytes) return fail(bytes.error());
  auto settings = parse_settings(as_text(*bytes));
  if (!settings) return fail(*settings.error().problem, settings.error().message, (data / kFile).string());
  return settings;
}

Result<void> write_settings(os::Disk& disk, const os::Path& data, const Settings& settings) {
  return os::replace_file(disk, data / kFile, as_bytes(to_toml(settings)));
}

Result<os::Path> bucket_directory(const os::Path& data, const std::string& bucket) {
  if (bucket.empty()) return data;
  const std::string_view rest = std::string_view(bucket).substr(std::min(kFileScheme.size(), bucket.size()));
  if (!bucket.starts_with(kFileScheme) || !rest.starts_with('/') ||
      rest.find_first_of("?#%") != std::string_view::npos) {
    return fail(
        Code::kUnsupported,
        "A bucket is a directory, written file:///absolute/path without ?, # or %; other kinds are not there yet");
  }
  return os::Path(rest).lexically_normal();
}

}  // namespace lapel::door
