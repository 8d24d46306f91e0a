// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a body-worn system says in the calls of the Axis content destination API: the names of its containers and objects, and the
// metadata in the heads of its requests (docs/formats/content_destination.md).
//
// Owns: their grammar.
// Promises: a key is in lower case, as HTTP has it, without its prefix; a value is UTF-8 without control characters, decoded once. Keys and
//   values that nobody here knows are kept.
// Fails with: kInvalid, in a sentence that names what it is.
// Threads: pure functions.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/server.h"

namespace lapel::cameras {

inline constexpr std::size_t kContentNameBytesMax = 256;  // of a container or an object
inline constexpr std::size_t kContentKeysMax = 90;        // as Swift has it
inline constexpr std::size_t kContentKeyBytesMax = 128;
inline constexpr std::size_t kContentValueBytesMax = 256;
inline constexpr std::size_t kContentMetadataBytesMax = 4 * 1024;  // of all keys and values

inline constexpr std::string_view kContainerMetadata = "x-container-meta-";
inline constexpr std::string_view kObjectMetadata = "x-object-meta-";

using ContentMetadata = std::map<std::string, std::string, std::less<>>;
// An empty value is kept here: of a container it takes the key away.
Result<ContentMetadata> parse_content_metadata(const http::Request& request, std::string_view prefix);
// "X-Object-Meta-Starttime" and the value as URL-encoded UTF-8.
std::string metadata_header(std::string_view prefix, std::string_view key);
std::string metadata_value(std::string_view value);
// As rows keep it: an object of texts.
std::string stored_metadata(const ContentMetadata& metadata);
Result<ContentMetadata> read_stored_metadata(std::string_view text);  // kCorrupt
// Empty where there is none.
std::string value_of(const ContentMetadata& metadata, std::string_view key);

enum class ContainerKind { kSystem, kUsers, kDevices, kRecording, kRejected };
struct ContainerName {
  ContainerKind kind = ContainerKind::kRecording;
  // Of a recording: whose it is, the camera's serial, and when it was triggered; of what was rejected, neither.
  std::string user, device;
  std::optional<Timestamp> triggered_at;
};
std::string_view container_kind_name(ContainerKind kind);
// "<UserID>_<BWCSerialNumber>_<YYYYMMDDTHHMMSSZ>", or with "<YYYYMMDD>_<HHMMSS>" at its end as older systems have it.
Result<ContainerName> parse_container_name(std::string_view name);
Result<void> check_object_name(std::string_view name);

enum class ContentKind { kClip, kKey, kTrack, kBookmark };
// By its name, and by "filetype" where that says more.
ContentKind content_kind(std::string_view name, const ContentMetadata& metadata);

// `key` in seconds since 1970, also with a fraction; else `key` with "iso" at its end, RFC 3339; else `key` itself as that.
std::optional<Timestamp> content_time(const ContentMetadata& metadata, std::string_view key);

}  // namespace lapel::cameras
