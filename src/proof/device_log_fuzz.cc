// SPDX-License-Identifier: Apache-2.0
// Logs come from whoever shows one: a refusal in words, or lines by the very key.
#include "base/check.h"
#include "proof/capture_for_tests.h"
#include "proof/device_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::proof;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const DeviceLogVerdict verdict = verify_device_log({{"state.log", text}}, camera_key().public_key());
  CHECK(verdict.holds() == verdict.where.empty());
  CHECK(!verdict.holds() || verdict.entries > 0);
  CHECK(!device_log_words(verdict).empty());
  return 0;
}
