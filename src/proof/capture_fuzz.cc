// SPDX-License-Identifier: Apache-2.0
// Footage comes from whoever shows some: it is read the same in whatever pieces, and under a key that nobody has
// given away nothing holds but what that key signed.
#include "base/check.h"
#include "proof/capture_for_tests.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::proof;
  const lapel::ByteView file(data, size);
  const CaptureVerdict whole = verify_capture(file);
  const CaptureVerdict pieces = verify_capture(file, 13);
  CHECK(whole.standing == pieces.standing && whole.breach == pieces.breach && whole.boxes == pieces.boxes);
  CHECK(whole.bytes == size && whole.signed_bytes <= size && (whole.boxes > 0) == whole.head.has_value());
  CHECK((whole.standing == CaptureVerdict::Standing::kBreach) == !whole.breach.empty());
  CHECK(!capture_words(whole).empty());
  if (whole.standing == CaptureVerdict::Standing::kInPart) {
    CHECK(verify_capture(file.first(whole.signed_bytes)).standing == CaptureVerdict::Standing::kCut);
  }
  return 0;
}
