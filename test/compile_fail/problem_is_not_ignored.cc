// SPDX-License-Identifier: Apache-2.0
// expected: ignoring return value of 'tl::unexpected<lapel::Error> lapel::fail(
// A fail() without return would be a success.
#include "base/result.h"

namespace lapel {
Result<void> check(int value) {
#ifdef WRONG
  if (value < 0) fail(Code::kInvalid, "below zero");
#else
  if (value < 0) return fail(Code::kInvalid, "below zero");
#endif
  return {};
}
}  // namespace lapel
