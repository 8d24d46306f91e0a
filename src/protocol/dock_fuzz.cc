// SPDX-License-Identifier: Apache-2.0
// An enrollment code as people type it: however it was spaced, it is one code with one text.
#include "base/check.h"
#include "protocol/dock.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using lapel::protocol::EnrollmentCode;
  if (const auto code = EnrollmentCode::parse(lapel::as_text({data, size})))
    CHECK(EnrollmentCode::parse(code->text()) == code);
  return 0;
}
