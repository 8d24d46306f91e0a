// SPDX-License-Identifier: Apache-2.0
// A planted bug: whoever asks how many inodes are left hears that all are.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/statvfs.h>

__attribute__((visibility("default"))) int statvfs(const char* path, struct statvfs* status) {
  int (*real)(const char*, struct statvfs*) = dlsym(RTLD_NEXT, "statvfs");
  if (!real) abort();
  const int result = real(path, status);
  if (result == 0) status->f_ffree = status->f_favail = status->f_files;
  return result;
}
__attribute__((visibility("default"))) int statvfs64(const char* path, struct statvfs64* status) {
  int (*real)(const char*, struct statvfs64*) = dlsym(RTLD_NEXT, "statvfs64");
  if (!real) abort();
  const int result = real(path, status);
  if (result == 0) status->f_ffree = status->f_favail = status->f_files;
  return result;
}
