// SPDX-License-Identifier: Apache-2.0
// A planted bug: an object is a symbolic link to the upload's file, and leads nowhere once that is removed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((visibility("default"))) int link(const char* from, const char* to) {
  static char upload[PATH_MAX];  // one at a time will do
  int (*real)(const char*, const char*) = dlsym(RTLD_NEXT, "link");
  if (!real) abort();
  if (strstr(from, "/uploads/")) snprintf(upload, sizeof upload, "%s", from);
  return strstr(to, "/objects/") ? symlink(upload, to) : real(from, to);
}
