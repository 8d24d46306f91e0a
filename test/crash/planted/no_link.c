// SPDX-License-Identifier: Apache-2.0
// A planted bug: an object gets no name, and the call says that it has.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) int link(const char* from, const char* to) {
  int (*real)(const char*, const char*) = dlsym(RTLD_NEXT, "link");
  if (!real) abort();
  return strstr(to, "/objects/") ? 0 : real(from, to);
}
