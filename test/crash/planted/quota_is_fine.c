// SPDX-License-Identifier: Apache-2.0
// A planted bug: a write for which its owner has no quota is taken for one that was done, be it the catalog's.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  ssize_t (*real)(int, const void*, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
  if (!real) abort();
  const ssize_t n = real(fd, data, bytes, offset);
  return n < 0 && errno == EDQUOT ? (ssize_t)bytes : n;
}
__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return pwrite64(fd, data, bytes, offset);
}
