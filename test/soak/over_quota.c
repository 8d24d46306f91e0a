// SPDX-License-Identifier: Apache-2.0
// Preloaded into `lapel serve` where the kernel keeps no quota: while the file named by OVER_QUOTA exists, what would take
// up more of the disk fails with EDQUOT. As with a real quota, what is there can be written over, and a write that
// begins inside a file and goes beyond its end is done up to the end.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
#define REAL(name) ((__typeof__(&name))next(#name))

static void* next(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static int is_over(void) {
  const char* flag = getenv("OVER_QUOTA");
  struct stat status;
  if (!flag) abort();
  return stat(flag, &status) == 0;
}

static ssize_t refuse(void) {
  errno = EDQUOT;
  return -1;
}

PUBLIC ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || offset + (off64_t)bytes <= status.st_size || !is_over())
    return REAL(pwrite64)(fd, data, bytes, offset);
  if (offset >= status.st_size) return refuse();
  const size_t inside = (size_t)(status.st_size - offset) / 4096 * 4096;
  return inside == 0 ? refuse() : REAL(pwrite64)(fd, data, inside, offset);
}
PUBLIC ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return pwrite64(fd, data, bytes, offset);
}

PUBLIC int mkdir(const char* path, mode_t mode) {
  struct stat status;
  return stat(path, &status) == 0 || !is_over() ? REAL(mkdir)(path, mode) : (int)refuse();
}

static int opened(const char* path, int flags, mode_t mode) {
  struct stat status;
  const int makes_one = (flags & O_CREAT) && lstat(path, &status) != 0;
  return makes_one && is_over() ? (int)refuse() : REAL(open64)(path, flags, mode);
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
