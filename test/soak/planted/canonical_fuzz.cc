// SPDX-License-Identifier: Apache-2.0
// A bug planted for the fuzzers that crashes nothing: a decimal reader that takes a zero in front, held against its property.
// tools/soak.sh fuzz fails unless this is found.
#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/check.h"

namespace {

std::optional<std::uint64_t> careless_decimal(std::string_view text) {
  const auto first = std::min(text.find_first_not_of('0'), text.size() - 1);
  return lapel::parse_decimal(text.substr(first));  // planted
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = lapel::as_text({data, size});
  if (const auto number = careless_decimal(text)) CHECK(std::to_string(*number) == text);
  return 0;
}
