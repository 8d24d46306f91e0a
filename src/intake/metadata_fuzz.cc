// SPDX-License-Identifier: Apache-2.0
// Upload-Metadata of any tus client: what is accepted is text within its limits.
#include "base/check.h"
#include "base/limits.h"
#include "intake/metadata.h"

namespace {

void check_text(const std::string& text) {
  CHECK(lapel::is_utf8(text) && text.size() <= lapel::limits::kFieldBytesMax && text.find('\0') == text.npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto metadata = lapel::intake::parse_metadata(lapel::as_text({data, size}));
  if (!metadata) {
    CHECK(!metadata.error().message.empty());
    return 0;
  }
  CHECK(size <= lapel::limits::kUploadMetadataBytesMax);
  const auto& description = metadata->description;
  check_text(description.filename);
  check_text(description.filetype);
  for (const auto& field : {description.device, description.wearer, description.incident, description.category}) {
    if (field) check_text(*field);
  }
  for (const auto& [key, value] : description.more) {
    CHECK(value.string());
    check_text(*value.string());
  }
  if (description.recorded_at) CHECK(!lapel::ledger_time(*description.recorded_at).empty());
  if (metadata->dock_statement) CHECK(lapel::is_canonical_value(*metadata->dock_statement));
  return 0;
}
