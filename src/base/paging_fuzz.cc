// SPDX-License-Identifier: Apache-2.0
// A cursor that is taken is written as it reads: a place has one cursor.
#include "base/bytes.h"
#include "base/check.h"
#include "base/paging.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = lapel::as_text({data, size});
  if (const auto place = lapel::parse_cursor(text)) CHECK(lapel::cursor_of(*place) == text);
  return 0;
}
