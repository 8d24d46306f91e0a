// SPDX-License-Identifier: Apache-2.0
// A decoder accepts exactly what its encoder writes.
#include "base/bytes.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const lapel::ByteView bytes(data, size);
  const auto text = lapel::as_text(bytes);
  if (const auto decoded = lapel::parse_hex(text)) CHECK(lapel::hex(*decoded) == text);
  if (const auto decoded = lapel::parse_base64(text)) CHECK(lapel::base64(*decoded) == text);
  if (const auto decoded = lapel::parse_base64url(text)) CHECK(lapel::base64url(*decoded) == text);
  if (const auto number = lapel::parse_decimal(text)) CHECK(std::to_string(*number) == text);
  const lapel::Bytes whole(bytes.begin(), bytes.end());
  CHECK(lapel::parse_hex(lapel::hex(bytes)) == whole);
  CHECK(lapel::parse_base64(lapel::base64(bytes)) == whole);
  CHECK(lapel::parse_base64url(lapel::base64url(bytes)) == whole);
  return 0;
}
