// SPDX-License-Identifier: Apache-2.0
// Preloaded into the server by bad_input_test.py: a disk as the server would find it elsewhere. What is asked of the kernel
// goes there first; only the answer is changed, for paths that begin with the prefix given.
//
//   FALSE_TYPE    <hex>:<prefix>  statfs tells of another filesystem, by its magic number
//   FALSE_FREE    <bytes>         statvfs tells of so many bytes free, everywhere
//   FALSE_FULL    <prefix>        while a file <prefix>.full stands, writes to files below fail with ENOSPC
//   FALSE_MUTE    <prefix>        the same for write(2), to files whose path begins so: stderr, where it is a file
//   FALSE_RENAME  <prefix>        renames fail with EXDEV
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
#define REAL(name) ((__typeof__(&name))next(#name))

static void* next(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static int is_below(const char* path, const char* prefix) { return prefix && strncmp(path, prefix, strlen(prefix)) == 0; }

// The magic number to tell for this path, or 0.
static unsigned long false_type(const char* path) {
  const char* told = getenv("FALSE_TYPE");
  if (!told) return 0;
  const char* colon = strchr(told, ':');
  return colon && is_below(path, colon + 1) ? strtoul(told, NULL, 16) : 0;
}

PUBLIC int statfs(const char* path, struct statfs* out) {
  const int result = REAL(statfs)(path, out);
  const unsigned long type = false_type(path);
  if (result == 0 && type) out->f_type = (long)type;
  return result;
}
PUBLIC int statfs64(const char* path, struct statfs64* out) {
  const int result = REAL(statfs64)(path, out);
  const unsigned long type = false_type(path);
  if (result == 0 && type) out->f_type = (long)type;
  return result;
}

PUBLIC int statvfs(const char* path, struct statvfs* out) {
  const int result = REAL(statvfs)(path, out);
  const char* bytes = getenv("FALSE_FREE");
  if (result == 0 && bytes) {
    out->f_frsize = 1;
    out->f_bavail = strtoull(bytes, NULL, 10);
  }
  return result;
}
PUBLIC int statvfs64(const char* path, struct statvfs64* out) {
  const int result = REAL(statvfs64)(path, out);
  const char* bytes = getenv("FALSE_FREE");
  if (result == 0 && bytes) {
    out->f_frsize = 1;
    out->f_bavail = strtoull(bytes, NULL, 10);
  }
  return result;
}

static int is_full(int fd, const char* what) {
  const char* prefix = getenv(what);
  if (!prefix) return 0;
  char name[64], path[PATH_MAX], flag[PATH_MAX + 8];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(name, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  snprintf(flag, sizeof flag, "%s.full", prefix);
  return is_below(path, prefix) && access(flag, F_OK) == 0;
}
PUBLIC ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  if (!is_full(fd, "FALSE_FULL")) return REAL(pwrite)(fd, bytes, count, offset);
  errno = ENOSPC;
  return -1;
}
PUBLIC ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  if (!is_full(fd, "FALSE_FULL")) return REAL(pwrite64)(fd, bytes, count, offset);
  errno = ENOSPC;
  return -1;
}
PUBLIC ssize_t write(int fd, const void* bytes, size_t count) {
  if (fd != STDERR_FILENO || !is_full(fd, "FALSE_MUTE")) return REAL(write)(fd, bytes, count);
  errno = ENOSPC;
  return -1;
}

PUBLIC int rename(const char* from, const char* to) {
  if (!is_below(to, getenv("FALSE_RENAME"))) return REAL(rename)(from, to);
  errno = EXDEV;
  return -1;
}
