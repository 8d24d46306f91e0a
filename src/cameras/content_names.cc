// SPDX-License-Identifier: Apache-2.0
#include "cameras/content_names.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "http/message.h"

namespace lapel::cameras {
namespace {

constexpr std::size_t kStampBytes = 16;     // 20221202T061207Z
constexpr std::size_t kOldStampBytes = 15;  // 20221202_061207
constexpr std::int64_t kSecondsMax = kLedgerTimeEndUs / 1'000'000;

bool is_plain(std::string_view text) {
  return is_utf8(text) && !has_control_characters(text) && text.find('\x7f') == std::string_view::npos;
}

// Whether it is digits but for these characters at these places.
bool is_stamp(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (shape[i] == '0' ? (text[i] < '0' || text[i] > '9') : text[i] != shape[i]) return false;
  }
  return true;
}

std::optional<Timestamp> stamp_time(std::string_view text) {
  if (!is_stamp(text, "00000000T000000Z") && !is_stamp(text, "00000000_000000")) return std::nullopt;
  const auto at = [&](std::size_t from, std::size_t count) { return text.substr(from, count); };
  return parse_rfc3339(fmt::format("{}-{}-{}T{}:{}:{}Z", at(0, 4), at(4, 2), at(6, 2), at(9, 2), at(11, 2), at(13, 2)));
}

std::optional<Timestamp> seconds_time(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  if (error != std::errc() || end != whole.data() + whole.size() || seconds < 0 || seconds >= kSecondsMax)
    return std::nullopt;
  std::int64_t us = 0;
  if (point != std::string_view::npos) {
    std::string_view fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.size() > 9) return std::nullopt;
    std::int64_t unit_us = 100'000;
    for (const char digit : fraction) {
      if (digit < '0' || digit > '9') return std::nullopt;
      us += (digit - '0') * unit_us;
      unit_us /= 10;
    }
  }
  return Timestamp{seconds * 1'000'000 + us};
}

}  // namespace

Result<ContentMetadata> parse_content_metadata(const http::Request& request, std::string_view prefix) {
  ContentMetadata out;
  std::size_t bytes = 0;
  for (const auto& [name, sent] : request.headers) {
    if (!name.starts_with(prefix)) continue;
    const std::string key = name.substr(prefix.size());
    if (key.empty() || key.size() > kContentKeyBytesMax) {
      return fail(Code::kInvalid, fmt::format("A key of metadata must have 1 to {} bytes, and \"{}\" has not",
                                              kContentKeyBytesMax, name));
    }
    const auto value = http::percent_decode(sent, http::Plus::kLiteral);
    if (!value || !is_plain(*value) || value->size() > kContentValueBytesMax) {
      return fail(Code::kInvalid, fmt::format("The value of \"{}\" must be URL-encoded UTF-8 of at most {} bytes "
                                              "without control characters",
                                              key, kContentValueBytesMax));
    }
    bytes += key.size() + value->size();
    if (!out.emplace(key, *value).second) return fail(Code::kInvalid, fmt::format("\"{}\" is there twice", key));
    if (out.size() > kContentKeysMax || bytes > kContentMetadataBytesMax) {
      return fail(Code::kInvalid, fmt::format("Metadata may have at most {} keys and {} bytes", kContentKeysMax,
                                              kContentMetadataBytesMax));
    }
  }
  return out;
}

std::string metadata_header(std::string_view prefix, std::string_view key) {
  std::string out = fmt::format("{}{}", prefix, key);
  bool is_first = true;
  for (char& c : out) {
    if (is_first) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    is_first = c == '-';
  }
  return out;
}

std::string metadata_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool is_kept =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-._~:").find(c) != std::string_view::npos;
    if (is_kept) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string stored_metadata(const ContentMetadata& metadata) {
  Json::Object out;
  for (const auto& [key, value] : metadata) out.emplace(key, value);
  return to_json(Json(std::move(out)));
}

Result<ContentMetadata> read_stored_metadata(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->object()) return fail(Code::kCorrupt, "What a camera system has said is damaged");
  ContentMetadata out;
  for (const auto& [key, value] : *parsed->object()) {
    if (!value.string()) return fail(Code::kCorrupt, "What a camera system has said is damaged", key);
    out.emplace(key, *value.string());
  }
  return out;
}

std::string value_of(const ContentMetadata& metadata, std::string_view key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

std::string_view container_kind_name(ContainerKind kind) {
  switch (kind) {
    case ContainerKind::kSystem:
      return "system";
    case ContainerKind::kUsers:
      return "users";
    case ContainerKind::kDevices:
      return "devices";
    case ContainerKind::kRecording:
      return "recording";
    case ContainerKind::kRejected:
      return "rejected";
  }
  CHECK(false);
}

Result<ContainerName> parse_container_name(std::string_view name) {
  const auto refuse = [&] {
    return fail(Code::kInvalid,
                "A container is System, Users, Devices, RejectedContent_… or "
                "<UserID>_<BWCSerialNumber>_<YYYYMMDDTHHMMSSZ>, and this is none of them",
                std::string(name));
  };
  if (name.empty() || name.size() > kContentNameBytesMax || !is_plain(name) || name.find('/') != std::string_view::npos)
    return refuse();
  if (name == "System") return ContainerName{ContainerKind::kSystem, {}, {}, {}};
  if (name == "Users") return ContainerName{ContainerKind::kUsers, {}, {}, {}};
  if (name == "Devices") return ContainerName{ContainerKind::kDevices, {}, {}, {}};
  if (name.starts_with("RejectedContent_")) return ContainerName{ContainerKind::kRejected, {}, {}, {}};
  for (const std::size_t stamp_bytes : {kStampBytes, kOldStampBytes}) {
    if (name.size() <= stamp_bytes + 1 || name[name.size() - stamp_bytes - 1] != '_') continue;
    const auto time = stamp_time(name.substr(name.size() - stamp_bytes));
    if (!time) continue;
    const std::string_view rest = name.substr(0, name.size() - stamp_bytes - 1);
    const std::size_t border = rest.rfind('_');
    if (border == std::string_view::npos || border == 0 || border + 1 == rest.size()) return refuse();
    return ContainerName{ContainerKind::kRecording, std::string(rest.substr(0, border)),
                         std::string(rest.substr(border + 1)), time};
  }
  return refuse();
}

Result<void> check_object_name(std::string_view name) {
  if (!name.empty() && name.size() <= kContentNameBytesMax && is_plain(name) &&
      name.find('/') == std::string_view::npos)
    return {};
  return fail(Code::kInvalid, fmt::format("An object's name must be 1 to {} bytes of UTF-8 without \"/\" or control "
                                          "characters",
                                          kContentNameBytesMax));
}

ContentKind content_kind(std::string_view name, const ContentMetadata& metadata) {
  const std::string type = value_of(metadata, "filetype");
  if (name.starts_with("bookmark_")) return ContentKind::kBookmark;
  if (name.ends_with(".key") || type == "key") return ContentKind::kKey;
  if (name.ends_with(".json") || type == "json") return ContentKind::kTrack;
  return ContentKind::kClip;
}

std::optional<Timestamp> content_time(const ContentMetadata& metadata, std::string_view key) {
  const std::string plain = value_of(metadata, key);
  if (const auto time = seconds_time(plain)) return time;
  const std::string iso = value_of(metadata, fmt::format("{}iso", key));
  if (const auto time = parse_rfc3339(iso)) return time;
  return parse_rfc3339(plain);
}

}  // namespace lapel::cameras
