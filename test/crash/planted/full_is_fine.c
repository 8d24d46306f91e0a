// SPDX-License-Identifier: Apache-2.0
// A planted bug: an upload's write for which the disk has no room is taken for one that was done.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_upload(int fd) {
  char name[64], path[4096];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(name, path, sizeof path - 1);
  path[n < 0 ? 0 : n] = 0;
  return strstr(path, "/uploads/") != NULL;
}

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  ssize_t (*real)(int, const void*, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
  if (!real) abort();
  const ssize_t n = real(fd, data, bytes, offset);
  return n < 0 && errno == ENOSPC && is_upload(fd) ? (ssize_t)bytes : n;
}
__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return pwrite64(fd, data, bytes, offset);
}
