// SPDX-License-Identifier: Apache-2.0
// A planted bug: a sync that fails is taken for one that did not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

static int deaf(const char* name, int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, name);
  if (!real) abort();
  (void)real(fd);
  return 0;
}

__attribute__((visibility("default"))) int fsync(int fd) {
  return deaf("fsync", fd);
}
__attribute__((visibility("default"))) int fdatasync(int fd) {
  return deaf("fdatasync", fd);
}
