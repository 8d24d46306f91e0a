// SPDX-License-Identifier: Apache-2.0
// A planted bug: nothing is ever made durable, neither files nor directories, and every call says that it was.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>

#define PUBLIC __attribute__((visibility("default")))

PUBLIC int fsync(int fd) {
  return fd < 0 ? -1 : 0;
}
PUBLIC int fdatasync(int fd) {
  return fd < 0 ? -1 : 0;
}
PUBLIC int syncfs(int fd) {
  return fd < 0 ? -1 : 0;
}
PUBLIC int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned int flags) {
  (void)offset, (void)bytes, (void)flags;
  return fd < 0 ? -1 : 0;
}
PUBLIC int msync(void* start, size_t bytes, int flags) {
  (void)start, (void)bytes, (void)flags;
  return 0;
}
PUBLIC void sync(void) {}
