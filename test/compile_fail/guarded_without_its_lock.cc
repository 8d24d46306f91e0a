// SPDX-License-Identifier: Apache-2.0
// expected: requires holding mutex 'mutex_'
// What a mutex guards is reached only under it.
// compiler: clang++-14 -Wthread-safety
#include "os/worker.h"

namespace lapel::os {
class Counter {
 public:
  int next() {
#ifdef WRONG
    return ++count_;
#else
    const MutexLock lock(mutex_);
    return ++count_;
#endif
  }

 private:
  Mutex mutex_;
  int count_ LAPEL_GUARDED_BY(mutex_) = 0;
};
int count() {
  Counter counter;
  return counter.next();
}
}  // namespace lapel::os
