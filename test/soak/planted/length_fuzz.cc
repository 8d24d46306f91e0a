// SPDX-License-Identifier: Apache-2.0
// A bug planted for the fuzzers: a reader of bundles (each entry with its length in two bytes) that is off by one at the end.
// tools/soak.sh fuzz fails unless this is found.
#include <cstddef>
#include <cstdint>
#include <memory>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Of exactly this size, so that one byte too far is outside.
  const auto bytes = std::make_unique<std::uint8_t[]>(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = data[i];
  unsigned sum = 0;
  for (std::size_t at = 0; at + 2 <= size;) {
    const std::size_t length = static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
    at += 2;
    if (length > size - at + 1) break;  // planted: "+ 1"
    for (std::size_t i = 0; i < length; ++i) sum += bytes[at + i];
    at += length;
  }
  return sum == 0xffffffff ? 1 : 0;
}
