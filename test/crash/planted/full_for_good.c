// SPDX-License-Identifier: Apache-2.0
// A planted bug: once there was no room, there never is again.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  static atomic_int was_full;
  ssize_t (*real)(int, const void*, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
  if (!real) abort();
  if (atomic_load(&was_full)) {
    errno = ENOSPC;
    return -1;
  }
  const ssize_t n = real(fd, data, bytes, offset);
  if (n < 0 && errno == ENOSPC) atomic_store(&was_full, 1);
  return n;
}
__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return pwrite64(fd, data, bytes, offset);
}
