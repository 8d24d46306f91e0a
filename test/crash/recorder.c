// SPDX-License-Identifier: Apache-2.0
// Preloaded into `lapel serve` by the crash tests: numbers every call that leaves a durable effect or tells
// somebody of one, writes each down, and at one of them kills the process or fails.
//
// strace can inject too, but counts each thread's calls apart, and which thread of a pool takes a job differs
// from run to run: "the 17th fdatasync" is then no place in the upload. Here the numbers are the process's. A
// test compares what is written down with strace's own list, so that no call goes past.
//
//   RECORDER_LOG    the file to append to (required)
//   RECORDER_FAULT  before:N  SIGKILL instead of call N
//                   after:N   SIGKILL when call N has returned
//                   torn:N    SIGKILL when half the bytes of call N are written; as after:N when it is no
//                   write
//                   error:N:E call N fails with errno E and is not done; a write has written its first half
//                   read:N:E  read N fails with errno E
//   RECORDER_READS  a folder: reads of files below it are numbered for themselves and written to the log's name and
//                   ".reads", since a read leaves no effect and there are many
//
// Which call a fault met is written to the log's name and ".met" before anything comes of it, so that a test knows
// whether it was the one that it meant: threads take turns as the machine lets them.
//
// An answer is written down before it is sent, everything else when it is done: what a client knows stands in
// the log. Numbers begin with the first connection that the server accepts; what comes before has number 0.
// One call happens at a time, so that the order of the log is the order of the effects. A record is a line
//   number name errno descriptor offset bytes path [-> path]
// and, for a write to a file, its bytes and a line feed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
#define REAL(name) ((__typeof__(&name))next(#name))

enum Fault { kNone, kBefore, kAfter, kTorn, kError, kReadError };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1, met_fd = -1, reads_fd = -1;
static const char* reads_under;
static enum Fault fault = kNone;
static unsigned long fault_at;
static int fault_errno;
static int is_counting;
static unsigned long calls, reads;

static void* next(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static int open_log(const char* end) {
  char path[PATH_MAX];
  const char* begin = getenv("RECORDER_LOG");
  if (!begin || snprintf(path, sizeof path, "%s%s", begin, end) >= (int)sizeof path) abort();
  const int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) abort();
  return fd;
}

__attribute__((constructor)) static void begin(void) {
  log_fd = open_log("");
  reads_under = getenv("RECORDER_READS");
  if (reads_under) reads_fd = open_log(".reads");
  const char* text = getenv("RECORDER_FAULT");
  if (!text) return;
  if (sscanf(text, "before:%lu", &fault_at) == 1) fault = kBefore;
  if (sscanf(text, "after:%lu", &fault_at) == 1) fault = kAfter;
  if (sscanf(text, "torn:%lu", &fault_at) == 1) fault = kTorn;
  if (sscanf(text, "error:%lu:%d", &fault_at, &fault_errno) == 2) fault = kError;
  if (sscanf(text, "read:%lu:%d", &fault_at, &fault_errno) == 2 && reads_under) fault = kReadError;
  if (fault == kNone) abort();
  met_fd = open_log(".met");
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

struct Call {
  const char* name;
  int fd;
  long long offset;
  const void* data;  // of a write to a file
  char path[PATH_MAX * 2 + 8];
  int is_hit;
};

static void path_of_fd(int fd, char* out) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(name, out, PATH_MAX - 1);
  out[n < 0 ? 0 : n] = 0;
}

static void write_to(int to, unsigned long number, const struct Call* call, int error_number, size_t bytes,
                     const void* data) {
  char line[sizeof call->path + 200];
  const int n = snprintf(line, sizeof line, "%lu %s %d %d %lld %zu %s\n", is_counting ? number : 0, call->name,
                         error_number, call->fd, call->offset, bytes, call->path);
  struct iovec parts[3] = {{line, (size_t)n}, {(void*)data, data ? bytes : 0}, {"\n", data ? 1 : 0}};
  const size_t all = parts[0].iov_len + parts[1].iov_len + parts[2].iov_len;
  if (REAL(writev)(to, parts, 3) != (ssize_t)all) abort();
}
static void write_down(const struct Call* call, int error_number, size_t bytes) {
  write_to(log_fd, calls, call, error_number, bytes, call->data);
}

// Locks; ended by leave(). Returns 1 when the call is to fail without being done.
static int enter(struct Call* call) {
  pthread_mutex_lock(&mutex);
  if (is_counting) ++calls;
  call->is_hit = is_counting && fault != kNone && fault != kReadError && calls == fault_at;
  if (call->is_hit) write_to(met_fd, calls, call, 0, 0, NULL);
  if (call->is_hit && fault == kBefore) die();
  return call->is_hit && fault == kError;
}

static void leave(const struct Call* call, int error_number) {
  if (call->is_hit && (fault == kAfter || fault == kTorn)) die();
  pthread_mutex_unlock(&mutex);
  errno = error_number;
}

// For calls that are all or nothing.
#define PASS(call, expression)                          \
  do {                                                  \
    if (enter(&(call))) {                               \
      write_down(&(call), fault_errno, 0);              \
      leave(&(call), fault_errno);                      \
      return -1;                                        \
    }                                                   \
    const __typeof__(expression) result = (expression); \
    const int error_number = result < 0 ? errno : 0;    \
    write_down(&(call), error_number, 0);               \
    leave(&(call), error_number);                       \
    return result;                                      \
  } while (0)
#define ANSWER(fd, expression)                          \
  do {                                                  \
    struct Call call = call_on("send", fd, 0);          \
    (void)enter(&call);                                 \
    write_down(&call, 0, 0);                            \
    const __typeof__(expression) result = (expression); \
    leave(&call, result < 0 ? errno : 0);               \
    return result;                                      \
  } while (0)

enum Kind { kIgnored, kFile, kSocket };
static enum Kind kind_of(int fd) {
  struct stat status;
  if (fd <= 2 || fd == log_fd || fstat(fd, &status) != 0) return kIgnored;
  if (S_ISSOCK(status.st_mode)) return kSocket;
  return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? kFile : kIgnored;
}

static struct Call call_on(const char* name, int fd, long long offset) {
  struct Call call = {.name = name, .fd = fd, .offset = offset};
  path_of_fd(fd, call.path);
  return call;
}
static struct Call call_about(const char* name, const char* path, const char* other) {
  struct Call call = {.name = name, .fd = -1};
  snprintf(call.path, sizeof call.path, other ? "%s -> %s" : "%s", path, other);
  return call;
}

// ---- writes to files ----

static ssize_t write_file(int fd, const void* data, size_t bytes, off64_t offset) {
  struct Call call = call_on("write", fd, offset);
  call.data = data;
  const int fails = enter(&call);
  const size_t want = fails || (call.is_hit && fault == kTorn) ? bytes / 2 / 512 * 512 : bytes;
  const ssize_t n = want == 0 && bytes > 0 ? 0 : REAL(pwrite64)(fd, data, want, offset);
  const int error_number = fails ? fault_errno : n < 0 ? errno : 0;
  write_down(&call, error_number, n > 0 ? (size_t)n : 0);
  leave(&call, error_number);
  return fails ? -1 : n;
}

PUBLIC ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  return kind_of(fd) == kFile ? write_file(fd, data, bytes, offset) : REAL(pwrite64)(fd, data, bytes, offset);
}
PUBLIC ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return pwrite64(fd, data, bytes, offset);
}

PUBLIC ssize_t write(int fd, const void* data, size_t bytes) {
  switch (kind_of(fd)) {
    case kIgnored:
      return REAL(write)(fd, data, bytes);
    case kSocket:
      ANSWER(fd, REAL(write)(fd, data, bytes));
    case kFile:
      break;
  }
  const off64_t offset = lseek64(fd, 0, SEEK_CUR);
  const ssize_t n = write_file(fd, data, bytes, offset);
  if (n > 0) lseek64(fd, offset + n, SEEK_SET);
  return n;
}

// ---- reads of files ----

// Done under the lock and with a number, or beside all that where nobody asked for reads.
#define READ(fd, offset, expression)                                                       \
  do {                                                                                     \
    struct Call call;                                                                      \
    if (!is_watched(fd, offset, &call)) return (expression);                               \
    pthread_mutex_lock(&mutex);                                                            \
    if (is_counting) ++reads;                                                              \
    const int fails = is_counting && fault == kReadError && reads == fault_at;             \
    if (fails) write_to(met_fd, reads, &call, 0, 0, NULL);                                 \
    const ssize_t result = fails ? -1 : (expression);                                      \
    const int error_number = fails ? fault_errno : result < 0 ? errno : 0;                 \
    write_to(reads_fd, reads, &call, error_number, result > 0 ? (size_t)result : 0, NULL); \
    pthread_mutex_unlock(&mutex);                                                          \
    errno = error_number;                                                                  \
    return result;                                                                         \
  } while (0)

static int is_watched(int fd, long long offset, struct Call* call) {
  if (reads_fd < 0 || fd == reads_fd || fd == met_fd || kind_of(fd) != kFile) return 0;
  *call = call_on("read", fd, offset);
  return strncmp(call->path, reads_under, strlen(reads_under)) == 0;
}

PUBLIC ssize_t pread64(int fd, void* data, size_t bytes, off64_t offset) {
  READ(fd, offset, REAL(pread64)(fd, data, bytes, offset));
}
PUBLIC ssize_t pread(int fd, void* data, size_t bytes, off_t offset) {
  return pread64(fd, data, bytes, offset);
}
PUBLIC ssize_t read(int fd, void* data, size_t bytes) {
  READ(fd, -1, REAL(read)(fd, data, bytes));
}

// ---- answers ----

PUBLIC ssize_t writev(int fd, const struct iovec* parts, int count) {
  const enum Kind kind = kind_of(fd);
  if (kind == kFile) abort();  // nothing in the server does this; it would go past the log
  if (kind == kIgnored) return REAL(writev)(fd, parts, count);
  ANSWER(fd, REAL(writev)(fd, parts, count));
}
PUBLIC ssize_t send(int fd, const void* data, size_t bytes, int flags) {
  ANSWER(fd, REAL(send)(fd, data, bytes, flags));
}
PUBLIC ssize_t sendto(int fd, const void* data, size_t bytes, int flags, const struct sockaddr* to, socklen_t length) {
  ANSWER(fd, REAL(sendto)(fd, data, bytes, flags, to, length));
}
PUBLIC ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  ANSWER(fd, REAL(sendmsg)(fd, message, flags));
}
PUBLIC ssize_t sendfile64(int to, int from, off64_t* offset, size_t bytes) {
  ANSWER(to, REAL(sendfile64)(to, from, offset, bytes));
}
PUBLIC ssize_t sendfile(int to, int from, off_t* offset, size_t bytes) {
  return sendfile64(to, from, offset, bytes);
}

static void start_counting(int accepted) {
  if (accepted < 0) return;
  pthread_mutex_lock(&mutex);
  is_counting = 1;
  pthread_mutex_unlock(&mutex);
}
PUBLIC int accept(int fd, struct sockaddr* address, socklen_t* length) {
  const int accepted = REAL(accept)(fd, address, length);
  start_counting(accepted);
  return accepted;
}
PUBLIC int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  const int accepted = REAL(accept4)(fd, address, length, flags);
  start_counting(accepted);
  return accepted;
}

// ---- files and names ----

PUBLIC int fsync(int fd) {
  struct Call call = call_on("sync", fd, 0);
  PASS(call, REAL(fsync)(fd));
}
PUBLIC int fdatasync(int fd) {
  struct Call call = call_on("sync", fd, 0);
  PASS(call, REAL(fdatasync)(fd));
}
PUBLIC int ftruncate64(int fd, off64_t bytes) {
  if (kind_of(fd) != kFile) return REAL(ftruncate64)(fd, bytes);
  struct Call call = call_on("truncate", fd, bytes);
  PASS(call, REAL(ftruncate64)(fd, bytes));
}
PUBLIC int ftruncate(int fd, off_t bytes) {
  return ftruncate64(fd, bytes);
}
PUBLIC int rename(const char* from, const char* to) {
  struct Call call = call_about("rename", from, to);
  PASS(call, REAL(rename)(from, to));
}
PUBLIC int link(const char* from, const char* to) {
  struct Call call = call_about("link", from, to);
  PASS(call, REAL(link)(from, to));
}
PUBLIC int unlink(const char* path) {
  struct Call call = call_about("unlink", path, NULL);
  PASS(call, REAL(unlink)(path));
}
PUBLIC int remove(const char* path) {
  struct Call call = call_about("unlink", path, NULL);
  PASS(call, REAL(remove)(path));
}
PUBLIC int mkdir(const char* path, mode_t mode) {
  struct Call call = call_about("mkdir", path, NULL);
  PASS(call, REAL(mkdir)(path, mode));
}

// An open is an effect when it makes a file.
static int opened(const char* path, int flags, mode_t mode) {
  struct stat status;
  if (!(flags & O_CREAT) || lstat(path, &status) == 0) return REAL(open64)(path, flags, mode);
  struct Call call = call_about("create", path, NULL);
  PASS(call, REAL(open64)(path, flags, mode));
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
