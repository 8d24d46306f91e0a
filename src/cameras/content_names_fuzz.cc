// SPDX-License-Identifier: Apache-2.0
// What a body-worn system sends: a container's name, an object's, and the heads of a request, one "name: value" a line.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cameras/content_names.h"
#include "http/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::cameras;
  std::string_view rest = lapel::as_text({data, size});
  const auto line = [&] {
    const std::size_t end = rest.find('\n');
    const std::string_view out = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return out;
  };
  const std::string_view container = line(), object = line();
  if (const auto name = parse_container_name(container)) {
    const bool is_recording = name->kind == ContainerKind::kRecording;
    CHECK(is_recording == (name->triggered_at.has_value() && !name->user.empty() && !name->device.empty()));
  }
  lapel::http::Request request;
  while (!rest.empty()) {
    const std::string_view header = line();
    const std::size_t colon = header.find(": ");
    if (colon == std::string_view::npos) continue;
    request.headers.emplace_back(header.substr(0, colon), header.substr(colon + 2));
  }
  const auto metadata = parse_content_metadata(request, kObjectMetadata);
  if (!metadata) return 0;
  for (const auto& [key, value] : *metadata) {
    // What is told is what was sent.
    const auto again = lapel::http::percent_decode(metadata_value(value), lapel::http::Plus::kLiteral);
    CHECK(again && *again == value);
    CHECK(metadata_header(kObjectMetadata, key).size() == kObjectMetadata.size() + key.size());
    (void)content_time(*metadata, key);
  }
  if (check_object_name(object)) (void)content_kind(object, *metadata);
  return 0;
}
