// SPDX-License-Identifier: Apache-2.0
#include "intake/metadata.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/problems.h"

namespace lapel::intake {

// pairs = pair *("," pair);  pair = key [" " base64]
Result<Metadata> parse_metadata(std::string_view header) {
  const auto bad = [](std::string text) { return fail(problems::kTusMetadata, std::move(text)); };
  Metadata out;
  if (header.empty()) return out;
  if (header.size() > limits::kUploadMetadataBytesMax) {
    return bad(fmt::format("Upload-Metadata may have at most {} bytes", limits::kUploadMetadataBytesMax));
  }
  std::map<std::string, std::string, std::less<>> values;
  for (std::string_view rest = header;;) {
    const std::size_t comma = rest.find(',');
    std::string_view pair = rest.substr(0, comma);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    while (pair.ends_with(' ')) pair.remove_suffix(1);
    const std::size_t space = pair.find(' ');
    const std::string_view key = pair.substr(0, space);
    if (key.empty() || std::any_of(key.begin(), key.end(), [](char c) { return c <= ' ' || c > '~'; })) {
      return bad("Upload-Metadata has an empty key or one that is not ASCII");
    }
    std::optional<Bytes> value = Bytes();
    if (space != std::string_view::npos) value = parse_base64(pair.substr(space + 1));
    if (!value) return bad(fmt::format("The value of \"{}\" in Upload-Metadata is not base64", key));
    const std::string_view text = as_text(*value);
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos || text.size() > limits::kFieldBytesMax) {
      return bad(fmt::format("The value of \"{}\" must be UTF-8 text of at most {} bytes without a zero byte", key,
                             limits::kFieldBytesMax));
    }
    if (!values.emplace(key, text).second) return bad(fmt::format("Upload-Metadata names \"{}\" twice", key));
    if (values.size() > limits::kUploadMetadataKeysMax) return bad("Upload-Metadata has too many keys");
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  evidence::Description& description = out.description;
  for (auto& [key, value] : values) {
    if (key == "filename") {
      description.filename = value;
    } else if (key == "filetype") {
      description.filetype = value;
    } else if (key == "sha256") {
      std::string lowered = value;
      std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](unsigned char c) { return std::tolower(c); });
      out.sha256 = parse_hex_array<32>(lowered);
      if (!out.sha256) return bad("\"sha256\" in Upload-Metadata must be 64 hex digits");
    } else if (key == "dock") {
      out.dock_statement = parse_canonical(value);
      if (!out.dock_statement) return bad("\"dock\" in Upload-Metadata must be a dock statement in canonical JSON");
    } else if (key == "recorded_at") {
      if (value.empty()) continue;
      description.recorded_at = parse_rfc3339(value);
      if (!description.recorded_at) return bad("\"recorded_at\" in Upload-Metadata must be an RFC 3339 time");
    } else if (key == "device") {
      if (!value.empty()) description.device = value;
    } else if (key == "wearer") {
      if (!value.empty()) description.wearer = value;
    } else if (key == "incident") {
      if (!value.empty()) description.incident = value;
    } else if (key == "category") {
      if (!value.empty()) description.category = value;
    } else if (key == "group") {
      if (value.empty()) continue;
      description.group = RecordingId::parse(value);
      if (!description.group) return bad("\"group\" in Upload-Metadata must be a recording's id: 32 hex digits");
    } else {
      description.more.emplace(key, value);
    }
  }
  return out;
}

}  // namespace lapel::intake
