// SPDX-License-Identifier: Apache-2.0
// The strict reader accepts exactly what canonical() writes; the general one reads all of that and what it wrote itself.
#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/json.h"

namespace {

// Boost 1.81 reads a real to within a digit of its last place, so these need not come back the same.
bool has_real(const lapel::Json& value) {
  if (const auto* array = value.array()) return std::any_of(array->begin(), array->end(), has_real);
  if (const auto* object = value.object()) {
    return std::any_of(object->begin(), object->end(), [](const auto& member) { return has_real(member.second); });
  }
  return value.real() != nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = lapel::as_text({data, size});
  const auto general = lapel::parse_json(text);
  if (const auto strict = lapel::parse_canonical(text)) {
    CHECK(lapel::is_canonical_value(*strict));
    CHECK(lapel::canonical(*strict) == text);
    CHECK(general && *general == *strict);
  }
  if (general) {
    CHECK(lapel::is_utf8(text));
    const std::string written = lapel::to_json(*general);
    const auto again = lapel::parse_json(written, {.bytes_max = written.size()});
    CHECK(again && (*again == *general || has_real(*general)));
    if (lapel::is_canonical_value(*general)) CHECK(lapel::parse_canonical(lapel::canonical(*general)) == *general);
  }
  return 0;
}
