// SPDX-License-Identifier: Apache-2.0
// A planted bug: acknowledged before it is durable. Every sync says at once that it is done, and is done by another
// thread a fifth of a second later.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static void* later(void* fd) {
  const struct timespec fifth = {0, 200 * 1000 * 1000};
  int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
  if (!real) abort();
  nanosleep(&fifth, NULL);
  (void)real((int)(intptr_t)fd);  // closed by now, maybe: then a later sync of the same file does it, or none
  return NULL;
}

static int postpone(int fd) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, later, (void*)(intptr_t)fd) != 0) abort();
  pthread_detach(thread);
  return 0;
}

__attribute__((visibility("default"))) int fsync(int fd) {
  return postpone(fd);
}
__attribute__((visibility("default"))) int fdatasync(int fd) {
  return postpone(fd);
}
