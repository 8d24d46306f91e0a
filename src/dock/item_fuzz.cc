// SPDX-License-Identifier: Apache-2.0
// A dock's state of one file, read back after a power cut or from another's hands: what parses is written as it reads, and
// names of files survive their encoding.
#include "base/check.h"
#include "dock/item.h"
#include "proof/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const auto text = as_text({data, size});
  CHECK(dock::percent_decoded(dock::percent_encoded(text)) == text);
  if (const auto decoded = dock::percent_decoded(text))
    CHECK(dock::percent_decoded(dock::percent_encoded(*decoded)) == *decoded);
  const auto item = dock::Item::parse(text);
  if (!item) return 0;
  const std::string written = item->text();
  const auto again = dock::Item::parse(written);
  CHECK(again && again->text() == written);
  CHECK(again->file == item->file && again->path == item->path && again->sha256 == item->sha256);
  if (item->statement) CHECK(proof::verify_dock_statement(*item->statement) && !dock::upload_metadata(*item).empty());
  return 0;
}
