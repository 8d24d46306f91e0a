// SPDX-License-Identifier: Apache-2.0
// What a camera says of itself: a serial that is taken is one line of plain text, and says the same when it is written again.
#include "base/bytes.h"
#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "dock/camera.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const auto serial = dock::parse_camera_file(as_text({data, size}));
  if (!serial) return 0;
  CHECK(!serial->empty() && serial->size() <= limits::kFieldBytesMax && is_utf8(*serial) &&
        !has_control_characters(*serial));
  const std::string written = to_json(Json(Json::Object{{"serial", *serial}}));
  CHECK(written.size() > dock::kCameraFileBytesMax || *dock::parse_camera_file(written) == *serial);
  return 0;
}
