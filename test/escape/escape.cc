// SPDX-License-Identifier: Apache-2.0
// A stand-in for an exploit: enters the media worker's own sandbox and then tries to get out, one attempt a
// process.
//
//   media_escape attempts DIR   each attempt inside the sandbox
//   media_escape rendition DIR  each attempt inside the sandbox of a rendition
//   media_escape control DIR    those that any user may do, outside it: they must succeed, or the list proves
//   nothing media_escape without landlock|seccomp PROGRAM…
//                               runs a program on a kernel that seems to lack the one or the other
//
// It is started with a worker's descriptors, and writes "NAME EXPECTED OUTCOME" lines to its standard output.
// DIR is writable by anyone and holds a file "canary". Arguments are such that an attempt would succeed, or
// do no harm, if it were let through to the kernel.
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mediaworker/sandbox.h"
#include "protocol/media.h"

namespace {

using lapel::protocol::kMediaInput;
using lapel::protocol::kMediaOutput;
using lapel::protocol::kMediaRequest;
using lapel::protocol::kMediaResult;

std::string canary;
std::string fresh;
pid_t parent = 0;
std::array<char, 256> room{};

template <typename... Arguments>
long call(long number, Arguments... arguments) {
  return syscall(number, arguments...);
}

enum class Expect {
  kKilled,   // SIGSYS
  kRefused,  // EPERM from the filter, for what libraries try innocently
  kDenied,   // another error, from the descriptor's own mode or from a limit
  kLimited,  // SIGXFSZ, SIGXCPU or SIGKILL
};

struct Attempt {
  const char* name;
  Expect expect;
  long (*act)();
  bool control = false;       // succeeds for anybody outside the sandbox
  bool in_rendition = false;  // and inside that of a rendition, which works on its output so
};

const std::uint64_t kOneRight = 0x1;
const sockaddr_un kAbstract{AF_UNIX, "\0lapel"};

long burn_processor() {
  volatile std::uint64_t count = 0;
  for (;;) {
    const std::uint64_t next = count + 1;
    count = next;
  }
}

#if !defined(LAPEL_SANITIZED_ADDRESS)
long fill_memory() {
  constexpr std::size_t kBlock = std::size_t{64} << 20;
  for (int blocks = 0; blocks < 64; ++blocks) {  // 4 GiB
    void* block = mmap(nullptr, kBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return -1;
    std::memset(block, 1, 4096);
  }
  return 0;
}
#endif

long fill_output() {
  const std::vector<char> block(1 << 20, 'x');
  for (int blocks = 0; blocks < 64; ++blocks) {
    if (write(kMediaOutput, block.data(), block.size()) < 0) return -1;
  }
  return 0;
}

long fork_and_leave(long number) {
  const long pid = number == SYS_fork ? call(SYS_fork) : call(number, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  return pid;
}

#if defined(__x86_64__)
// The 32-bit door to the same kernel, where numbers mean other calls: 5 is open.
long open_by_int80() {
  long result = 5;
  char* low =
      static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
  std::memcpy(low, "/", sizeof "/");
  asm volatile("int $0x80" : "+a"(result) : "b"(low), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  if (result < 0) errno = static_cast<int>(-result);
  return result < 0 ? -1 : result;
}
#endif

#define CALL(...) [] { return call(__VA_ARGS__); }
constexpr bool kControl = true;
constexpr bool kInRendition = true;
// clang-format off: a table

const std::vector<Attempt>& attempts() {
  using enum Expect;
  static const std::vector<Attempt> kAttempts = {
      // Names.
      {"open", kRefused, CALL(SYS_open, canary.c_str(), O_RDONLY), kControl},
      {"open-write", kRefused, CALL(SYS_open, canary.c_str(), O_RDWR), kControl},
      {"open-create", kRefused, CALL(SYS_open, fresh.c_str(), O_RDWR | O_CREAT, 0600), kControl},
      {"openat", kRefused, CALL(SYS_openat, AT_FDCWD, canary.c_str(), O_RDONLY), kControl},
      {"openat-proc-self", kRefused, CALL(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY)},
      {"openat-proc-root", kRefused, CALL(SYS_openat, AT_FDCWD, "/proc/1/root", O_RDONLY)},
      {"openat-reopen-input", kRefused, CALL(SYS_openat, AT_FDCWD, "/proc/self/fd/3", O_RDWR)},
      {"openat-tmpfile", kRefused, CALL(SYS_openat, AT_FDCWD, "/tmp", O_RDWR | O_TMPFILE, 0600)},
      {"openat-beside-input", kRefused, CALL(SYS_openat, kMediaInput, "..", O_RDONLY)},
      {"openat2", kKilled,
       [] {
         std::array<std::uint64_t, 3> how{};
         return call(SYS_openat2, AT_FDCWD, canary.c_str(), how.data(), sizeof how);
       },
       kControl},
      {"creat", kKilled, CALL(SYS_creat, fresh.c_str(), 0600), kControl},
      {"access", kRefused, CALL(SYS_access, canary.c_str(), F_OK), kControl},
      {"faccessat2", kKilled, CALL(SYS_faccessat2, AT_FDCWD, canary.c_str(), F_OK, 0), kControl},
      {"stat", kRefused, CALL(SYS_stat, canary.c_str(), room.data()), kControl},
      {"newfstatat", kRefused, CALL(SYS_newfstatat, AT_FDCWD, canary.c_str(), room.data(), 0), kControl},
      {"statx", kKilled, CALL(SYS_statx, AT_FDCWD, canary.c_str(), 0, 1, room.data()), kControl},
      {"statfs", kKilled, CALL(SYS_statfs, "/", room.data()), kControl},
      {"readlink", kRefused, CALL(SYS_readlink, "/proc/self/exe", room.data(), room.size())},
      {"readlinkat", kKilled, CALL(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", room.data(), room.size())},
      {"getcwd", kKilled, CALL(SYS_getcwd, room.data(), room.size()), kControl},
      {"getdents64", kKilled, CALL(SYS_getdents64, kMediaInput, room.data(), room.size())},
      {"chdir", kKilled, CALL(SYS_chdir, "/"), kControl},
      {"fchdir", kKilled, CALL(SYS_fchdir, kMediaInput)},
      {"chroot", kKilled, CALL(SYS_chroot, "/")},
      {"pivot_root", kKilled, CALL(SYS_pivot_root, "/nowhere", "/nowhere")},
      {"mount", kKilled, CALL(SYS_mount, "none", "/nowhere", "tmpfs", 0, nullptr)},
      {"umount2", kKilled, CALL(SYS_umount2, "/nowhere", 0)},
      {"open_tree", kKilled, CALL(SYS_open_tree, AT_FDCWD, "/", 0)},
      {"fsopen", kKilled, CALL(SYS_fsopen, "tmpfs", 0)},
      {"move_mount", kKilled, CALL(SYS_move_mount, -1, "", -1, "", 0)},
      {"mkdir", kKilled, CALL(SYS_mkdir, fresh.c_str(), 0700), kControl},
      {"mkdirat", kKilled, CALL(SYS_mkdirat, AT_FDCWD, fresh.c_str(), 0700), kControl},
      {"rmdir", kKilled, CALL(SYS_rmdir, fresh.c_str())},
      {"mknod-fifo", kKilled, CALL(SYS_mknod, fresh.c_str(), S_IFIFO | 0600, 0), kControl},
      {"mknodat", kKilled, CALL(SYS_mknodat, AT_FDCWD, fresh.c_str(), S_IFIFO | 0600, 0), kControl},
      {"link", kKilled, CALL(SYS_link, canary.c_str(), fresh.c_str())},
      {"linkat-input", kKilled, CALL(SYS_linkat, kMediaInput, "", AT_FDCWD, fresh.c_str(), AT_EMPTY_PATH)},
      {"symlink", kKilled, CALL(SYS_symlink, "/", fresh.c_str()), kControl},
      {"symlinkat", kKilled, CALL(SYS_symlinkat, "/", AT_FDCWD, fresh.c_str()), kControl},
      {"rename", kKilled, CALL(SYS_rename, canary.c_str(), fresh.c_str())},
      {"renameat2", kKilled, CALL(SYS_renameat2, AT_FDCWD, canary.c_str(), AT_FDCWD, fresh.c_str(), 0)},
      {"unlink", kKilled, CALL(SYS_unlink, canary.c_str())},
      {"unlinkat", kKilled, CALL(SYS_unlinkat, AT_FDCWD, canary.c_str(), 0)},
      {"chmod", kKilled, CALL(SYS_chmod, canary.c_str(), 0777)},
      {"fchmod-input", kKilled, CALL(SYS_fchmod, kMediaInput, 0777)},
      {"fchmodat", kKilled, CALL(SYS_fchmodat, AT_FDCWD, canary.c_str(), 0777)},
      {"chown", kKilled, CALL(SYS_chown, canary.c_str(), 1, 1)},
      {"fchown", kKilled, CALL(SYS_fchown, kMediaInput, 1, 1)},
      {"truncate", kKilled, CALL(SYS_truncate, canary.c_str(), 0)},
      {"utimensat", kKilled, CALL(SYS_utimensat, AT_FDCWD, canary.c_str(), nullptr, 0)},
      {"setxattr", kKilled, CALL(SYS_setxattr, canary.c_str(), "user.x", "y", 1, 0)},
      {"fsetxattr-input", kKilled, CALL(SYS_fsetxattr, kMediaInput, "user.x", "y", 1, 0)},
      {"getxattr", kKilled, CALL(SYS_getxattr, canary.c_str(), "user.x", room.data(), room.size())},
      {"name_to_handle_at", kKilled, CALL(SYS_name_to_handle_at, AT_FDCWD, "/", room.data(), room.data(), 0)},
      {"open_by_handle_at", kKilled, CALL(SYS_open_by_handle_at, kMediaInput, room.data(), O_RDONLY)},
      {"inotify_init1", kKilled, CALL(SYS_inotify_init1, 0), kControl},
      {"inotify_add_watch", kKilled, CALL(SYS_inotify_add_watch, kMediaInput, "/", 1)},
      {"fanotify_init", kKilled, CALL(SYS_fanotify_init, 0, 0)},
      {"quotactl", kKilled, CALL(SYS_quotactl, 0, nullptr, 0, nullptr)},
      {"swapon", kKilled, CALL(SYS_swapon, "/nowhere", 0)},
      {"acct", kKilled, CALL(SYS_acct, "/nowhere/nothing")},
      // Descriptors it has.
      {"write-input", kKilled, CALL(SYS_write, kMediaInput, "x", 1)},
      {"pwrite-input", kKilled, CALL(SYS_pwrite64, kMediaInput, "x", 1, 0)},
      {"pwrite-output", kKilled, CALL(SYS_pwrite64, kMediaOutput, "x", 1, 0), kControl, kInRendition},
      {"pwrite-result", kKilled, CALL(SYS_pwrite64, kMediaResult, "x", 1, 0)},
      {"writev-output", kKilled,
       [] {
         const iovec part{room.data(), 1};
         return call(SYS_writev, kMediaOutput, &part, 1);
       },
       kControl},
      {"write-request", kKilled, CALL(SYS_write, kMediaRequest, "x", 1)},
      {"read-input-by-position", kKilled, CALL(SYS_read, kMediaInput, room.data(), 1), kControl},
      {"pread-output", kKilled, CALL(SYS_pread64, kMediaOutput, room.data(), 1, 0), kControl, kInRendition},
      {"pread-result", kKilled, CALL(SYS_pread64, kMediaResult, room.data(), 1, 0)},
      {"read-standard-input", kKilled, CALL(SYS_read, STDIN_FILENO, room.data(), 1), kControl},
      {"lseek-input", kKilled, CALL(SYS_lseek, kMediaInput, 0, SEEK_SET), kControl},
      {"ftruncate-output", kKilled, CALL(SYS_ftruncate, kMediaOutput, 1 << 30), kControl},
      {"fallocate-output", kKilled, CALL(SYS_fallocate, kMediaOutput, 0, 0, 4096), kControl},
      {"mmap-input-shared-writable", kDenied,
       CALL(SYS_mmap, nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, kMediaInput, 0)},
      {"sendfile", kKilled, CALL(SYS_sendfile, kMediaOutput, kMediaInput, nullptr, 1), kControl},
      {"splice", kKilled, CALL(SYS_splice, kMediaInput, nullptr, kMediaResult, nullptr, 1, 0), kControl},
      {"tee", kKilled, CALL(SYS_tee, kMediaRequest, kMediaResult, 1, 0)},
      {"copy_file_range", kKilled,
       CALL(SYS_copy_file_range, kMediaInput, nullptr, kMediaOutput, nullptr, 1, 0)},
      {"dup", kKilled, CALL(SYS_dup, kMediaInput), kControl},
      {"dup2-over-result", kKilled, CALL(SYS_dup2, kMediaInput, kMediaResult), kControl},
      {"dup3", kKilled, CALL(SYS_dup3, kMediaInput, 40, 0), kControl},
      {"fcntl-setfl", kKilled, CALL(SYS_fcntl, kMediaInput, F_SETFL, O_APPEND), kControl},
      {"fcntl-dupfd", kKilled, CALL(SYS_fcntl, kMediaInput, F_DUPFD, 10), kControl},
      {"flock-input", kKilled, CALL(SYS_flock, kMediaInput, 1), kControl},
      {"close_range", kKilled, CALL(SYS_close_range, 40, 50, 0), kControl},
      {"ioctl-tiocsti", kRefused, CALL(SYS_ioctl, STDIN_FILENO, 0x5412, "x")},
      {"ioctl-ficlone", kRefused, CALL(SYS_ioctl, kMediaOutput, 0x40049409, kMediaInput)},
      {"poll", kKilled, CALL(SYS_poll, nullptr, 0, 0), kControl},
      {"epoll_create1", kKilled, CALL(SYS_epoll_create1, 0), kControl},
      {"eventfd2", kKilled, CALL(SYS_eventfd2, 0, 0), kControl},
      {"timerfd_create", kKilled, CALL(SYS_timerfd_create, 0, 0), kControl},
#if !defined(LAPEL_SANITIZED_ADDRESS)
      {"pipe2", kKilled, CALL(SYS_pipe2, room.data(), 0), kControl},
#endif
      {"io_uring_setup", kKilled, CALL(SYS_io_uring_setup, 1, room.data())},
      {"io_setup", kKilled,
       [] {
         unsigned long context = 0;
         return call(SYS_io_setup, 1, &context);
       }},
      // Network.
      {"socket-inet", kKilled, CALL(SYS_socket, AF_INET, SOCK_STREAM, 0), kControl},
      {"socket-inet6", kKilled, CALL(SYS_socket, AF_INET6, SOCK_DGRAM, 0)},
      {"socket-unix", kKilled, CALL(SYS_socket, AF_UNIX, SOCK_STREAM, 0), kControl},
      {"socket-netlink", kKilled, CALL(SYS_socket, AF_NETLINK, SOCK_RAW, 0), kControl},
      {"socket-raw", kKilled, CALL(SYS_socket, AF_INET, SOCK_RAW, 1)},
      {"socketpair", kKilled, CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, room.data()), kControl},
      {"connect", kKilled, CALL(SYS_connect, kMediaResult, &kAbstract, sizeof kAbstract)},
      {"bind", kKilled, CALL(SYS_bind, kMediaResult, &kAbstract, sizeof kAbstract)},
      {"listen", kKilled, CALL(SYS_listen, kMediaResult, 1)},
      {"accept4", kKilled, CALL(SYS_accept4, kMediaResult, nullptr, nullptr, 0)},
      {"sendto", kKilled, CALL(SYS_sendto, kMediaResult, "x", 1, 0, nullptr, 0)},
      {"sendmsg", kKilled, CALL(SYS_sendmsg, kMediaResult, room.data(), 0)},
      {"recvfrom", kKilled, CALL(SYS_recvfrom, kMediaResult, room.data(), 1, 0, nullptr, nullptr)},
      // Processes.
      {"fork", kKilled, [] { return fork_and_leave(SYS_fork); }, kControl},
      {"vfork", kKilled, CALL(SYS_vfork)},
      {"clone", kKilled, [] { return fork_and_leave(SYS_clone); }, kControl},
      {"clone-thread", kKilled,
       CALL(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, nullptr, nullptr, nullptr,
            0)},
      {"clone3", kKilled, CALL(SYS_clone3, room.data(), 64)},
      {"execve", kKilled, CALL(SYS_execve, "/bin/true", nullptr, nullptr), kControl},
      {"execveat-input", kKilled, CALL(SYS_execveat, kMediaInput, "", nullptr, nullptr, AT_EMPTY_PATH)},
      {"memfd_create", kKilled, CALL(SYS_memfd_create, "code", 0), kControl},
      {"ptrace-traceme", kKilled, CALL(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)},
      {"ptrace-parent", kKilled, CALL(SYS_ptrace, PTRACE_SEIZE, parent, 0, 0)},
      {"process_vm_readv", kKilled, CALL(SYS_process_vm_readv, parent, room.data(), 0, room.data(), 0, 0)},
      {"process_vm_writev", kKilled, CALL(SYS_process_vm_writev, parent, room.data(), 0, room.data(), 0, 0)},
      {"kill-parent", kKilled, CALL(SYS_kill, parent, 0), kControl},
      {"kill-everyone", kKilled, CALL(SYS_kill, -1, 0)},
      {"tkill", kKilled, CALL(SYS_tkill, parent, 0), kControl},
      {"tgkill", kKilled, CALL(SYS_tgkill, parent, parent, 0), kControl},
      {"rt_sigqueueinfo", kKilled, CALL(SYS_rt_sigqueueinfo, parent, 0, room.data())},
      {"pidfd_open", kKilled, CALL(SYS_pidfd_open, parent, 0), kControl},
      {"pidfd_getfd", kKilled, CALL(SYS_pidfd_getfd, kMediaInput, 0, 0)},
      {"pidfd_send_signal", kKilled, CALL(SYS_pidfd_send_signal, kMediaInput, 0, nullptr, 0)},
      {"wait4", kKilled, CALL(SYS_wait4, -1, nullptr, WNOHANG, nullptr)},
      {"setsid", kKilled, CALL(SYS_setsid), kControl},
      {"setpgid", kKilled, CALL(SYS_setpgid, 0, 0), kControl},
      {"rt_sigaction", kKilled, CALL(SYS_rt_sigaction, SIGXCPU, nullptr, nullptr, 8), kControl},
      // Out of the sandbox, or up.
      {"prctl-dumpable", kKilled, CALL(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0), kControl},
      {"prctl-pdeathsig", kKilled, CALL(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0), kControl},
      {"prctl-seccomp", kKilled, CALL(SYS_prctl, PR_SET_SECCOMP, 2, room.data(), 0, 0)},
      {"prctl-no-new-privs", kKilled, CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)},
      {"seccomp", kKilled, CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, room.data())},
      {"landlock", kKilled, CALL(SYS_landlock_create_ruleset, &kOneRight, 8, 0), kControl},
      {"setuid", kKilled, CALL(SYS_setuid, 0)},
      {"setresuid", kKilled, CALL(SYS_setresuid, 0, 0, 0)},
      {"setgid", kKilled, CALL(SYS_setgid, 0)},
      {"setgroups", kKilled, CALL(SYS_setgroups, 0, nullptr)},
      {"setfsuid", kKilled, CALL(SYS_setfsuid, 0), kControl},
      {"capset", kKilled, CALL(SYS_capset, room.data(), room.data())},
      {"prlimit64", kKilled, CALL(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, room.data()), kControl},
      {"setrlimit", kKilled, CALL(SYS_setrlimit, RLIMIT_CORE, room.data()), kControl},
      {"setpriority", kKilled, CALL(SYS_setpriority, PRIO_PROCESS, 0, 5), kControl},
      {"sched_setscheduler", kKilled, CALL(SYS_sched_setscheduler, 0, SCHED_OTHER, room.data()), kControl},
      {"personality", kKilled, CALL(SYS_personality, 0xffffffff), kControl},
      {"unshare-user", kKilled, CALL(SYS_unshare, CLONE_NEWUSER)},
      {"unshare-files", kKilled, CALL(SYS_unshare, CLONE_FILES), kControl},
      {"setns", kKilled, CALL(SYS_setns, kMediaInput, 0)},
      // The kernel.
      {"bpf", kKilled, CALL(SYS_bpf, 0, room.data(), 64)},
      {"perf_event_open", kKilled, CALL(SYS_perf_event_open, room.data(), 0, -1, -1, 0)},
      {"userfaultfd", kKilled, CALL(SYS_userfaultfd, 1)},
      {"keyctl", kKilled, CALL(SYS_keyctl, 0, -3, 0)},
      {"add_key", kKilled, CALL(SYS_add_key, "user", "x", "y", 1, -2)},
      {"request_key", kKilled, CALL(SYS_request_key, "user", "x", nullptr, -2)},
      {"init_module", kKilled, CALL(SYS_init_module, room.data(), 0, "")},
      {"finit_module", kKilled, CALL(SYS_finit_module, kMediaInput, "", 0)},
      {"delete_module", kKilled, CALL(SYS_delete_module, "no_such_module", O_NONBLOCK)},
      {"kexec_load", kKilled, CALL(SYS_kexec_load, 0, 17, nullptr, 0)},
      {"reboot", kKilled, CALL(SYS_reboot, 0, 0, 0, nullptr)},
      {"syslog", kKilled, CALL(SYS_syslog, 10, nullptr, 0)},
      {"sethostname", kKilled, CALL(SYS_sethostname, room.data(), -1)},
      {"clock_settime", kKilled, CALL(SYS_clock_settime, -1, room.data())},
      {"adjtimex", kKilled, CALL(SYS_adjtimex, room.data()), kControl},
      {"uname", kKilled,
       [] {
         std::array<char, 512> names;
         return call(SYS_uname, names.data());
       },
       kControl},
      {"sysinfo", kKilled, CALL(SYS_sysinfo, room.data()), kControl},
      {"shmget", kKilled, CALL(SYS_shmget, 0, 4096, 0)},
      {"msgget", kKilled, CALL(SYS_msgget, 0, 0)},
      {"semget", kKilled, CALL(SYS_semget, 0, 0, 0)},
      {"mq_open", kKilled, CALL(SYS_mq_open, "lapel", O_RDONLY, 0, nullptr)},
      {"nanosleep", kKilled, CALL(SYS_nanosleep, room.data(), nullptr), kControl},
      // Memory that becomes code.
      {"mmap-executable", kKilled,
       CALL(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), kControl},
      {"mmap-input-executable", kKilled,
       CALL(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, kMediaInput, 0)},
      {"mprotect-executable", kKilled,
       [] {
         void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return call(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
       },
       kControl},
      {"pkey_mprotect", kKilled, CALL(SYS_pkey_mprotect, nullptr, 0, PROT_READ, -1)},
      {"mlockall", kKilled, CALL(SYS_mlockall, 1)},
#if defined(__x86_64__)
      // Other doors to the same kernel.
      {"x32-open", kKilled, CALL(0x40000000L | SYS_open, canary.c_str(), O_RDONLY)},
      {"int80-open", kKilled, open_by_int80},
      {"iopl", kKilled, CALL(SYS_iopl, 3)},
      {"ioperm", kKilled, CALL(SYS_ioperm, 0x80, 1, 1)},
      {"modify_ldt", kKilled, CALL(SYS_modify_ldt, 0, room.data(), 0)},
#endif
      {"no-such-call", kKilled, CALL(1000000L)},
      // More than its share.
      {"output-beyond-cap", kLimited, fill_output, kControl},
      {"processor-beyond-limit", kLimited, burn_processor},
#if !defined(LAPEL_SANITIZED_ADDRESS)
      {"memory-beyond-limit", kDenied, fill_memory, kControl},
      {"memory-at-once", kDenied,
       CALL(SYS_mmap, nullptr, std::size_t{2} << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
       kControl},
#endif
  };
  return kAttempts;
}
// clang-format on

const char* name_of(Expect expect) {
  switch (expect) {
    case Expect::kKilled:
      return "killed";
    case Expect::kRefused:
      return "refused";
    case Expect::kDenied:
      return "denied";
    case Expect::kLimited:
      return "limited";
  }
  return "?";
}

enum Code { kSucceeded = 40, kRefusedByFilter = 41, kFailed = 42, kNoSandbox = 43 };

enum class Where { kOutside, kInside, kInsideOfRendition };

[[noreturn]] void act(const Attempt& attempt, Where where) {
  if (attempt.act == burn_processor) {
    // The sandbox must keep a limit tighter than its own, or this takes two minutes.
    const rlimit limit{1, 2};
    setrlimit(RLIMIT_CPU, &limit);
  }
  using lapel::mediaworker::Errand;
  const Errand errand = where == Where::kInsideOfRendition ? Errand::kRendition : Errand::kLook;
  if (errand == Errand::kRendition && attempt.act == fill_output) {
    // Likewise of room: it would be eight gigabytes.
    const rlimit limit{lapel::protocol::kMediaOutputBytesMax, lapel::protocol::kMediaOutputBytesMax};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  if (where != Where::kOutside && !lapel::mediaworker::enter_sandbox(errand)) _exit(kNoSandbox);
  errno = 0;
  const long result = attempt.act();
  if (result >= 0) _exit(kSucceeded);
  _exit(errno == EPERM ? kRefusedByFilter : kFailed);
}

std::string outcome_of(int status) {
  if (WIFEXITED(status)) {
    switch (WEXITSTATUS(status)) {
      case 0:  // an exec that was let through
      case kSucceeded:
        return "succeeded";
      case kRefusedByFilter:
        return "refused";
      case kFailed:
        return "denied";
      case kNoSandbox:
        return "no-sandbox";
      default:
        return "exit-" + std::to_string(WEXITSTATUS(status));
    }
  }
  switch (WTERMSIG(status)) {
    case SIGSYS:
      return "killed";
    case SIGXCPU:
    case SIGXFSZ:
    case SIGKILL:
      return "limited";
    default:
      return "signal-" + std::to_string(WTERMSIG(status));
  }
}

int run_attempts(Where where) {
  const bool inside = where != Where::kOutside;
  parent = getpid();
  for (const Attempt& attempt : attempts()) {
    if (!inside && !attempt.control) continue;
    const pid_t child = fork();
    if (child == 0) act(attempt, where);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return 1;
    const bool is_let = !inside || (where == Where::kInsideOfRendition && attempt.in_rendition);
    const std::string line = std::string(attempt.name) + " " + (is_let ? "succeeded" : name_of(attempt.expect)) + " " +
                             outcome_of(status) + "\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return 1;
    struct stat made {};
    if (lstat(fresh.c_str(), &made) == 0) {
      if (inside) return 1;
      remove(fresh.c_str());
    }
  }
  return 0;
}

int run_without(std::string_view layer, char** program) {
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return 1;
  int added = -1;
  if (layer == "landlock") {
    added = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0);
  } else if (layer == "seccomp") {
    const scmp_arg_cmp set_seccomp{0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0};
    added = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0) |
            seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &set_seccomp);
  }
  if (added != 0 || seccomp_load(filter) != 0) return 1;
  std::array<char*, 1> nothing{};
  execve(program[0], program, nothing.data());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 2 ? argv[1] : "";
  if (mode == "without" && argc > 3) return run_without(argv[2], argv + 3);
  if (mode != "attempts" && mode != "rendition" && mode != "control") return 2;
  canary = std::string(argv[2]) + "/canary";
  fresh = std::string(argv[2]) + "/fresh";
  return run_attempts(mode == "attempts"    ? Where::kInside
                      : mode == "rendition" ? Where::kInsideOfRendition
                                            : Where::kOutside);
}
