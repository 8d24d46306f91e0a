// SPDX-License-Identifier: Apache-2.0
// Text of strangers: what is shown on a terminal is UTF-8 that steers nothing, and folding twice is folding once.
#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/json.h"
#include "base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = lapel::as_text({data, size});
  const std::string shown = lapel::printable(text);
  CHECK(lapel::is_utf8(shown));
  CHECK(std::none_of(shown.begin(), shown.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  CHECK(shown.find("\u202e") == shown.npos && shown.find("\u0085") == shown.npos);
  const std::string folded = lapel::fold(text);
  CHECK(lapel::fold(folded) == folded);
  CHECK(lapel::is_utf8(text) == lapel::is_utf8(folded));
  return 0;
}
