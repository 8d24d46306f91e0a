// SPDX-License-Identifier: Apache-2.0
// expected: cannot convert 'tl::unexpected<lapel::Error>' to 'int' in return
// TRY returns the error, so whoever uses it has to be able to fail.
#include "base/result.h"

namespace lapel {
Result<int> count();

#ifdef WRONG
int twice() {
#else
Result<int> twice() {
#endif
  return 2 * TRY(count());
}
}  // namespace lapel
