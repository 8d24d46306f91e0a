// SPDX-License-Identifier: Apache-2.0
// A count that every thread changes and no lock guards: what a thread sanitizer is there to see. Built with it.
#include <sys/file.h>

static long taken;

__attribute__((visibility("default"))) int flock(int descriptor, int operation) {
  (void)descriptor;
  if (operation != LOCK_UN) ++taken;
  return 0;
}
