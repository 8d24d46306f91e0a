// SPDX-License-Identifier: Apache-2.0
// Settings that are understood are written so that they read back as they were, and name one directory or none.
#include "base/bytes.h"
#include "base/check.h"
#include "base/json.h"
#include "lapel/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const auto settings = door::parse_settings(as_text({data, size}));
  if (!settings) return 0;
  for (const std::string& text : {settings->database, settings->bucket}) {
    CHECK(is_utf8(text) && text.find('\0') == std::string::npos);
  }
  const auto again = door::parse_settings(door::to_toml(*settings));
  CHECK(again && *again == *settings);
  if (const auto directory = door::bucket_directory("/data", settings->bucket)) {
    CHECK(directory->is_absolute() && *directory == directory->lexically_normal());
  }
  return 0;
}
