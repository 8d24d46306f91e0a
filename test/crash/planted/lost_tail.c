// SPDX-License-Identifier: Apache-2.0
// A planted bug: the first write to an upload's file loses its last 4,096 bytes and says that all is well.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
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

static ssize_t lossy(const char* name, int fd, const void* data, size_t bytes, off64_t offset) {
  static atomic_int is_done;
  ssize_t (*real)(int, const void*, size_t, off64_t) = dlsym(RTLD_NEXT, name);
  if (!real) abort();
  if (bytes <= 4096 || !is_upload(fd) || atomic_exchange(&is_done, 1)) return real(fd, data, bytes, offset);
  return real(fd, data, bytes - 4096, offset) == (ssize_t)bytes - 4096 ? (ssize_t)bytes : -1;
}

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  return lossy("pwrite64", fd, data, bytes, offset);
}
__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return lossy("pwrite", fd, data, bytes, offset);
}
