// SPDX-License-Identifier: Apache-2.0
// A staffing file: read, and judged against an agency of which nothing is known.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "fleet/import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const fleet::Known known;
  (void)fleet::read_file(as_text(ByteView(data, size)), parse_zone("America/New_York"), known);
  return 0;
}
