// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/sandbox.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "protocol/media.h"

namespace lapel::mediaworker {
namespace {

// A sanitizer's shadow memory is larger than any limit worth setting, and its checks need a few calls and
// descriptors more. Such a build is for developers and is never packaged.
#if defined(LAPEL_SANITIZED_ADDRESS) || defined(LAPEL_SANITIZED_THREAD)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr uid_t kNobody = 65534;
constexpr gid_t kNogroup = 65534;

tl::unexpected<Error> refuse(std::string_view what, int error) {
  return fail(Code::kUnavailable, fmt::format("no sandbox: {}", what), error != 0 ? std::strerror(error) : "");
}

// Root's powers go in every form: bounding set, inheritable and ambient sets, the kernel's special treatment
// of user 0, and user 0 itself. Whoever is not root has nothing of this to give up but capabilities granted
// by file or service.
Result<void> drop_identity() {
  const pid_t parent = getppid();
  const bool may_change_bounds = prctl(PR_CAPBSET_READ, CAP_SETPCAP) == 1 && geteuid() == 0;
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return refuse("ambient capabilities", errno);
  if (may_change_bounds) {
    constexpr int kBitsMax = 64;
    for (int capability = 0; capability < kBitsMax && prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
      if (prctl(PR_CAPBSET_DROP, capability) != 0) return refuse("capability bounding set", errno);
    }
    constexpr unsigned long kBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
                                    SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    if (prctl(PR_SET_SECUREBITS, kBits) != 0) return refuse("securebits", errno);
  }
  if (geteuid() == 0 || getuid() == 0) {
    if (setgroups(0, nullptr) != 0) return refuse("supplementary groups", errno);
    if (setresgid(kNogroup, kNogroup, kNogroup) != 0) return refuse("group", errno);
    if (setresuid(kNobody, kNobody, kNobody) != 0) return refuse("user", errno);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (syscall(SYS_capset, &header, sets.data()) != 0) return refuse("capabilities", errno);

  std::array<__user_cap_data_struct, 2> left{};
  if (syscall(SYS_capget, &header, left.data()) != 0) return refuse("capabilities", errno);
  for (const auto& set : left) {
    if ((set.effective | set.permitted | set.inheritable) != 0) return refuse("capabilities remain", 0);
  }
  if (getuid() == 0 || geteuid() == 0 || getgid() == 0 || getegid() == 0) return refuse("user or group 0 remains", 0);

  // No process of the same user may look in, and a change of user has cleared the signal that comes when the
  // parent ends.
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return refuse("dumpable", errno);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return refuse("parent-death signal", errno);
  if (getppid() != parent) return refuse("the parent is gone", 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refuse("no_new_privs", errno);
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return refuse("no_new_privs does not hold", 0);
  return {};
}

struct Limit {
  __rlimit_resource resource;
  std::uint64_t soft, hard;
  std::string_view name;
};

// Lowers, and never raises what a parent has set tighter.
Result<void> lower(const Limit& row) {
  rlimit limit{};
  if (getrlimit(row.resource, &limit) != 0) return refuse(row.name, errno);
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, row.hard);
  limit.rlim_cur = std::min<rlim_t>({limit.rlim_cur, limit.rlim_max, row.soft});
  if (setrlimit(row.resource, &limit) != 0) return refuse(row.name, errno);
  return {};
}

Result<void> lower_limits(Errand errand) {
  const bool is_rendition = errand == Errand::kRendition;
  const std::uint64_t seconds = is_rendition ? protocol::kMediaRenditionCpuSecondsMax : protocol::kMediaCpuSecondsMax;
  const std::uint64_t bytes = is_rendition ? protocol::kMediaRenditionBytesMax : protocol::kMediaOutputBytesMax;
  const std::array rows = {
      Limit{RLIMIT_CPU, seconds, seconds + 1, "processor time limit"},
      Limit{RLIMIT_FSIZE, bytes, bytes, "output limit"},
      Limit{RLIMIT_NPROC, 0, 0, "process limit"},
      Limit{RLIMIT_CORE, 0, 0, "core limit"},
      Limit{RLIMIT_MEMLOCK, 0, 0, "locked memory limit"},
      Limit{RLIMIT_MSGQUEUE, 0, 0, "message queue limit"},
      Limit{RLIMIT_SIGPENDING, 0, 0, "pending signal limit"},
      Limit{RLIMIT_AS, protocol::kMediaMemoryBytesMax, protocol::kMediaMemoryBytesMax, "memory limit"},
  };
  for (const Limit& row : rows) {
    if (!kSanitized || row.resource != RLIMIT_AS) TRY(lower(row));
  }
  return {};
}

// By raw system calls: Debian 12 has no library for them and its headers know less than its kernels. A
// ruleset that handles a right and holds no rule denies it everywhere.
Result<int> deny_by_landlock() {
  struct Ruleset {
    std::uint64_t filesystem, network, scope;
  };
  struct Generation {
    int abi;
    Ruleset rights;  // all that this ABI offers
    std::size_t bytes;
  };
  static constexpr std::array kGenerations = {
      Generation{6, {0xffff, 0x3, 0x3}, 24},  // + abstract sockets and signals to others
      Generation{5, {0xffff, 0x3, 0}, 16},    // + ioctl on devices
      Generation{4, {0x7fff, 0x3, 0}, 16},    // + TCP bind and connect
      Generation{3, {0x7fff, 0, 0}, 8},       // + truncate
      Generation{2, {0x3fff, 0, 0}, 8},       // + link and rename between directories
      Generation{1, {0x1fff, 0, 0}, 8},
  };
  constexpr unsigned kAskVersion = 1;
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  if (abi < 1) return refuse("the kernel has no Landlock", errno);
  const auto generation =
      std::find_if(kGenerations.begin(), kGenerations.end(), [&](const Generation& g) { return abi >= g.abi; });
  const long ruleset = syscall(SYS_landlock_create_ruleset, &generation->rights, generation->bytes, 0);
  if (ruleset < 0) return refuse("Landlock ruleset", errno);
  const long entered = syscall(SYS_landlock_restrict_self, ruleset, 0);
  const int error = errno;
  close(static_cast<int>(ruleset));
  if (entered != 0) return refuse("Landlock domain", error);

  const int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root >= 0 || errno != EACCES) return refuse("Landlock does not hold", 0);
  return static_cast<int>(abi);
}

// What a decoder needs once it is loaded: its descriptors, memory, time and the way out.
Result<void> filter_calls(Errand errand) {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release);
  if (!filter) return refuse("the kernel has no seccomp", 0);
  int error = 0;
  const auto note = [&](int result) {
    if (error == 0 && result < 0) error = -result;
  };
  const auto allow = [&](int call) { note(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0)); };
  // By the array form: the macros of seccomp.h that make an argument are C only.
  const auto allow_where = [&](int call, const scmp_arg_cmp& argument) {
    note(seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call, 1, &argument));
  };
  const auto allow_on = [&](int call, int descriptor) {
    allow_where(call, {0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(descriptor), 0});
  };
  note(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  note(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1));

  allow_on(SCMP_SYS(pread64), protocol::kMediaInput);
  allow_on(SCMP_SYS(read), protocol::kMediaRequest);
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO, protocol::kMediaResult, protocol::kMediaOutput}) {
    allow_on(SCMP_SYS(write), descriptor);
  }
  if (errand == Errand::kRendition) {
    // Its index comes in front of it at the end: what was written is read and moved.
    allow_on(SCMP_SYS(pwrite64), protocol::kMediaOutput);
    allow_on(SCMP_SYS(pread64), protocol::kMediaOutput);
  }
  // Memory, as long as nothing in it becomes code.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    allow_where(call, {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0});
  }
  for (const int call : {SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex),
                         SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
                         SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)}) {
    allow(call);
  }
  // What libraries try without harm, such as a table of character sets by name or the number of processors:
  // they are told no and go on.
  for (const int call : {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(stat), SCMP_SYS(newfstatat),
                         SCMP_SYS(readlink), SCMP_SYS(sched_getaffinity), SCMP_SYS(ioctl)}) {
    note(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0));
  }
  if (kSanitized) {
    for (const int call : {SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigprocmask),
                           SCMP_SYS(pipe2), SCMP_SYS(close)}) {
      allow(call);
    }
    // Whether memory can be read is tried by writing it into a pipe of its own.
    allow_where(SCMP_SYS(write), {0, SCMP_CMP_GT, protocol::kMediaOutput, 0});
  }
  if (error != 0) return refuse("seccomp rule", error);
  if (const int loaded = seccomp_load(filter.get()); loaded != 0) return refuse("seccomp", -loaded);

  errno = 0;
  const int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // EPERM is the filter's; Landlock, which would come second, says EACCES.
  if (root >= 0 || errno != EPERM) return refuse("seccomp does not hold", 0);
  return {};
}

}  // namespace

Result<Sandbox> enter_sandbox(Errand errand) {
  TRY(drop_identity());
  TRY(lower_limits(errand));
  Sandbox sandbox;
  sandbox.landlock_abi = TRY(deny_by_landlock());
  // Only now: a ruleset is a descriptor for a moment.
  if (!kSanitized) {
    TRY(lower({RLIMIT_NOFILE, protocol::kMediaDescriptorsMax, protocol::kMediaDescriptorsMax, "descriptors"}));
  }
  TRY(filter_calls(errand));
  return sandbox;
}

}  // namespace lapel::mediaworker
