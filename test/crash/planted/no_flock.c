// SPDX-License-Identifier: Apache-2.0
// Every lock on a file is given to everybody who asks. Two servers then serve one data directory, and each knows only its
// own writers.
#include <sys/file.h>

__attribute__((visibility("default"))) int flock(int descriptor, int operation) {
  (void)descriptor;
  (void)operation;
  return 0;
}
