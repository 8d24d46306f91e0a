// SPDX-License-Identifier: Apache-2.0
// Range, as players and strangers send it: every part lies within the file.
#include "base/bytes.h"
#include "base/check.h"
#include "http/range.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = lapel::as_text({data, size});
  for (const std::uint64_t total : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{1} << 40}) {
    const auto ranges = lapel::http::parse_range(text, total);
    if (!ranges) continue;
    CHECK(ranges->size() <= lapel::http::kRangesMax);
    for (const auto& range : *ranges) {
      CHECK(range.bytes > 0 && range.offset < total && range.bytes <= total - range.offset);
    }
  }
  return 0;
}
