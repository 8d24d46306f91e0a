// SPDX-License-Identifier: Apache-2.0
// A planted bug: once there was no room, no inode or no quota, there never is again.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
#define REAL(name) ((__typeof__(&name))next(#name))

static atomic_int refused_with;

static void* next(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static int is_refused(void) {
  const int error_number = atomic_load(&refused_with);
  if (error_number) errno = error_number;
  return error_number != 0;
}

static long heard(long result) {
  if (result < 0 && (errno == ENOSPC || errno == EDQUOT)) atomic_store(&refused_with, errno);
  return result;
}

PUBLIC ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  return is_refused() ? -1 : heard(REAL(pwrite64)(fd, data, bytes, offset));
}
PUBLIC ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return pwrite64(fd, data, bytes, offset);
}
PUBLIC int mkdir(const char* path, mode_t mode) {
  return is_refused() ? -1 : (int)heard(REAL(mkdir)(path, mode));
}

static int opened(const char* path, int flags, mode_t mode) {
  struct stat status;
  const int makes_one = (flags & O_CREAT) && lstat(path, &status) != 0;
  return makes_one && is_refused() ? -1 : (int)heard(REAL(open64)(path, flags, mode));
}
PUBLIC int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode);
}
PUBLIC int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode);
}
