// SPDX-License-Identifier: Apache-2.0
// expected: ignoring returned value of type 'lapel::Result<void>'
// A failed sync that nobody looked at is a lost recording.
#include "base/result.h"

namespace lapel {
Result<void> sync();

void save() {
#ifdef WRONG
  sync();
#else
  if (!sync()) return;
#endif
}
}  // namespace lapel
