// SPDX-License-Identifier: Apache-2.0
// What a worker says is foreign: neither reader may crash, and what parses must read back as itself.
#include "base/bytes.h"
#include "base/check.h"
#include "protocol/media.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = lapel::as_text({data, size});
  if (const auto result = lapel::protocol::parse_media_result(text)) {
    CHECK(!lapel::protocol::sentence_of(*result).empty());
    CHECK(*lapel::protocol::parse_media_result(lapel::protocol::to_text(*result)) == *result);
  }
  if (const auto request = lapel::protocol::parse_media_request(text)) {
    CHECK(*lapel::protocol::parse_media_request(lapel::protocol::to_text(*request)) == *request);
  }
  return 0;
}
