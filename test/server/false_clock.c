// SPDX-License-Identifier: Apache-2.0
// A clock that a test moves: loaded before the C library (LD_PRELOAD), it adds what stands in the file FALSE_CLOCK, eight bytes of
// nanoseconds, to the time of day; or, where eight more are not 0, the time of day is those. The clock that never goes back is left alone, so that nothing that waits waits longer or less.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t* offset;
static int (*real)(clockid_t, struct timespec*);

__attribute__((constructor)) static void begin(void) {
  real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const char* path = getenv("FALSE_CLOCK");
  const int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* at = mmap(NULL, 2 * sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  if (at != MAP_FAILED) offset = at;
  close(file);
}

int clock_gettime(clockid_t which, struct timespec* out) {
  if (!real) begin();
  const int result = real(which, out);
  if (result != 0 || which != CLOCK_REALTIME || !offset) return result;
  const int64_t still = offset[1];
  const int64_t ns = still ? still : (int64_t)out->tv_sec * 1000000000 + out->tv_nsec + *offset;
  out->tv_sec = ns / 1000000000;
  out->tv_nsec = ns % 1000000000;
  return 0;
}
