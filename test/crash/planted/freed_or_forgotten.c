// SPDX-License-Identifier: Apache-2.0
// Memory that is read after it was freed or, with -DFORGOTTEN, that nobody ever frees: what an address sanitizer is there to see. Built
// with it.
#include <stdlib.h>
#include <sys/file.h>

__attribute__((visibility("default"))) int flock(int descriptor, int operation) {
  (void)descriptor;
  (void)operation;
  volatile char* volatile block = malloc(64);
  if (!block) abort();
  block[0] = 0;
#ifndef FORGOTTEN
  free((void*)block);
#endif
  const int result = block[0];
  block = NULL;
  return result;
}
