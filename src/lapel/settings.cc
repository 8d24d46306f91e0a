// SPDX-License-Identifier: Apache-2.0
#include "lapel/settings.h"

#include <fmt/format.h>

#include "base/json.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace lapel::door {
namespace {

constexpr std::string_view kFile = "lapel.toml";
constexpr std::size_t kFileBytesMax = 64 * 1024;
constexpr std::string_view kFileScheme = "file://";

}  // namespace

Result<Settings> parse_settings(std::string_view text) {
  if (text.size() > kFileBytesMax) return fail(Code::kInvalid, "The settings are too long");
  if (!is_utf8(text)) return fail(Code::kInvalid, "The settings are not UTF-8");
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const auto& at = parsed.error().source().begin;
    return fail(Code::kInvalid, fmt::format("The settings are not TOML: line {}, column {}", at.line, at.column));
  }
  Settings out;
  for (const auto& [key, node] : parsed.table()) {
    std::string* const place = key.str() == "database" ? &out.database : key.str() == "bucket" ? &out.bucket : nullptr;
    if (place == nullptr) {
      return fail(Code::kInvalid, fmt::format("The settings know \"database\" and \"bucket\", not \"{}\"", key.str()));
    }
    const auto* value = node.as_string();
    if (value == nullptr) return fail(Code::kInvalid, fmt::format("\"{}\" in the settings must be a text", key.str()));
    *place = value->get();
    if (place->find('\0') != std::string::npos) {
      return fail(Code::kInvalid, fmt::format("\"{}\" in the settings has a zero byte", key.str()));
    }
  }
  return out;
}

// A JSON string is a basic string of TOML as it stands.
std::string to_toml(const Settings& settings) {
  std::string out;
  if (!settings.database.empty()) out += fmt::format("database = {}\n", to_json(Json(settings.database)));
  if (!settings.bucket.empty()) out += fmt::format("bucket = {}\n", to_json(Json(settings.bucket)));
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
