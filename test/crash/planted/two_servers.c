// SPDX-License-Identifier: Apache-2.0
// Lets two servers onto one data directory, as a shared disk would: the lock that keeps the second out is granted to both,
// and every other one is the kernel's.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

__attribute__((visibility("default"))) int flock(int descriptor, int operation) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length >= 5 && memcmp(path + length - 5, "/lock", 5) == 0) return 0;
  int (*real)(int, int);
  *(void **)&real = dlsym(RTLD_NEXT, "flock");
  return real(descriptor, operation);
}
