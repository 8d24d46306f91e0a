// SPDX-License-Identifier: Apache-2.0
// Names of tiles and bundles of entries, as a log's mirror would hand them over.
#include "base/check.h"
#include "proof/tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::proof;
  if (size == 0) return 0;
  const auto text = lapel::as_text({data, size});
  if (const auto tile = parse_tile_path(text)) CHECK(tile_path(*tile) == text);
  if (const auto tile = parse_tile(text, 1 + data[0] % 4)) {
    CHECK(size == 32 * tile->size() && lapel::as_text(tile->front()) == text.substr(0, 32));
  }
  // The first byte is how many entries are asked for.
  const auto bundle = text.substr(1);
  if (const auto entries = parse_bundle(bundle, data[0])) {
    CHECK(entries->size() == data[0]);
    CHECK(format_bundle(*entries) == bundle);
  }
  return 0;
}
