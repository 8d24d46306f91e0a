// SPDX-License-Identifier: Apache-2.0
// expected: use of deleted function
// A lock that two hold is none.
#include "os/disk.h"

namespace lapel::os {
Result<FileLock> hold(File& file) {
  FileLock lock = TRY(FileLock::acquire(file));
#ifdef WRONG
  FileLock second = lock;
#else
  FileLock second = std::move(lock);
#endif
  return second;
}
}  // namespace lapel::os
