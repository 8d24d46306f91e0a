// SPDX-License-Identifier: Apache-2.0
#include "os/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

namespace lapel::os {
namespace {

std::int64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

tl::unexpected<Error> system_failure(int error, std::string message, std::string_view subject, std::string_view call) {
  const Code code = error == ENOENT                                                            ? Code::kNotFound
                    : error == EACCES || error == EPERM || error == ENOEXEC                    ? Code::kDenied
                    : error == EAGAIN || error == EMFILE || error == ENFILE || error == ENOMEM ? Code::kUnavailable
                                                                                               : Code::kInternal;
  return fail(code, std::move(message), fmt::format("{}: {}: {}", subject, call, std::strerror(error)));
}

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

// poll() on one descriptor until `deadline`; false when the time ran out.
bool await_readable(int descriptor, std::int64_t deadline_ms) {
  for (;;) {
    const std::int64_t left = std::max<std::int64_t>(0, deadline_ms - monotonic_ms());
    pollfd entry{descriptor, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left, 1 << 30)));
    if (ready > 0) return true;
    if (ready == 0 && monotonic_ms() >= deadline_ms) return false;
    CHECK(ready >= 0 || errno == EINTR);
  }
}

class RealChild final : public Child {
 public:
  RealChild(pid_t pid, Descriptor pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  ~RealChild() override {
    if (exit_) return;
    kill();
    reap();
  }

  Result<std::optional<Exit>> wait_for_ms(std::int64_t timeout_ms) override {
    if (!exit_ && await_readable(pidfd_.number(), monotonic_ms() + timeout_ms)) reap();
    return exit_;
  }

  // By pidfd, so that a reused process id can never be hit.
  void kill() override {
    if (!exit_) syscall(SYS_pidfd_send_signal, pidfd_.number(), SIGKILL, nullptr, 0);
  }

 private:
  void reap() {
    siginfo_t info{};
    int result;
    do {
      result = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
    } while (result < 0 && errno == EINTR);
    CHECK(result == 0);  // nobody else may reap our children: that would be a bug of the program
    exit_ = info.si_code == CLD_EXITED ? Exit{info.si_status, 0} : Exit{0, info.si_status};
  }

  pid_t pid_;
  Descriptor pidfd_;
  std::optional<Exit> exit_;
};

// What the child needs between fork and exec, made ready before the fork: afterwards only async-signal-safe
// calls are allowed, because another thread may have held the allocator's lock.
struct ChildPlan {
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<int> sources;  // all numbered above every target, so that no dup2 overwrites one still needed
  int status = -1;
  const char* program = nullptr;
  ProcessLimits limits;
  int niceness = 0;
  pid_t parent = 0;
};

// Where a child failed before its exec, sent through the status pipe.
struct ChildFailure {
  int error;
  char call[16];
};

[[noreturn]] void report_and_exit(int status, const char* call) {
  ChildFailure failure{errno, {}};
  for (std::size_t i = 0; i + 1 < sizeof failure.call && call[i] != '\0'; ++i) failure.call[i] = call[i];
  [[maybe_unused]] const ssize_t written = ::write(status, &failure, sizeof failure);
  _exit(127);
}

bool lower_limit(int resource, std::uint64_t soft, std::uint64_t hard) {
  if (soft == 0) return true;
  rlimit limit{};
  // The C library's wrapper, not its type name for the resource, differs between glibc in C and C++.
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return false;
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, hard);
  limit.rlim_cur = std::min<rlim_t>({limit.rlim_cur, limit.rlim_max, soft});
  return setrlimit(static_cast<__rlimit_resource_t>(resource), &limit) == 0;
}

[[noreturn]] void run_child(const ChildPlan& plan) {
  // A handler of the server must not run here, and a disposition of "ignore" would survive the exec.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  if (setsid() < 0) report_and_exit(plan.status, "setsid");
  if (chdir("/") != 0) report_and_exit(plan.status, "chdir");
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) report_and_exit(plan.status, "prctl");
  if (getppid() != plan.parent) _exit(127);  // the parent died before the line above: nobody waits for us

  const int count = static_cast<int>(plan.sources.size());
  if (dup3(plan.status, count, O_CLOEXEC) < 0) report_and_exit(plan.status, "dup3");
  for (int target = 0; target < count; ++target) {
    if (dup2(plan.sources[static_cast<std::size_t>(target)], target) < 0) report_and_exit(count, "dup2");
  }
  if (syscall(SYS_close_range, static_cast<unsigned>(count + 1), ~0U, 0U) != 0) report_and_exit(count, "close_range");

  if (!lower_limit(RLIMIT_CPU, plan.limits.cpu_seconds, plan.limits.cpu_seconds + 1) ||
      !lower_limit(RLIMIT_AS, plan.limits.address_space_bytes, plan.limits.address_space_bytes) ||
      !lower_limit(RLIMIT_FSIZE, plan.limits.file_bytes, plan.limits.file_bytes)) {
    report_and_exit(count, "setrlimit");
  }
  if (plan.niceness > 0) {
    errno = 0;  // -1 is a niceness too
    if (nice(plan.niceness) == -1 && errno != 0) report_and_exit(count, "nice");
  }
  execve(plan.program, plan.argv.data(), plan.envp.data());
  report_and_exit(count, "execve");
}

class RealProcess final : public Process {
 public:
  Result<std::unique_ptr<Child>> spawn(const SpawnOptions& options) override {
    const std::string program = options.program.string();
    CHECK(program.find('/') != std::string::npos);
    CHECK(options.descriptors.size() <= kSpawnDescriptorsMax);
    const auto refuse = [&](int error, std::string_view call) {
      return system_failure(error, "A program could not be started.", program, call);
    };

    ChildPlan plan;
    plan.program = program.c_str();
    plan.limits = options.limits;
    plan.niceness = options.niceness;
    CHECK(plan.niceness >= 0);
    plan.parent = getpid();
    std::vector<std::string> arguments = options.arguments;
    arguments.insert(arguments.begin(), program);
    std::vector<std::string> environment = options.environment;
    for (std::string& text : arguments) plan.argv.push_back(text.data());
    for (std::string& text : environment) plan.envp.push_back(text.data());
    plan.argv.push_back(nullptr);
    plan.envp.push_back(nullptr);

    const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (null.number() < 0) return refuse(errno, "open /dev/null");
    // A program without its standard streams would take the next file it opens for one.
    std::vector<int> sources = options.descriptors;
    sources.resize(std::max<std::size_t>(sources.size(), 3), kNoDescriptor);
    const int floor = static_cast<int>(sources.size()) + 1;
    std::vector<Descriptor> raised;
    for (const int source : sources) {
      raised.emplace_back(fcntl(source == kNoDescriptor ? null.number() : source, F_DUPFD_CLOEXEC, floor));
      if (raised.back().number() < 0) return refuse(errno, "fcntl");
      plan.sources.push_back(raised.back().number());
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return refuse(errno, "pipe2");
    Descriptor status_reader(ends[0]);
    Descriptor status_low(ends[1]);
    Descriptor status_writer(fcntl(ends[1], F_DUPFD_CLOEXEC, floor));
    if (status_writer.number() < 0) return refuse(errno, "fcntl");
    status_low.close();
    plan.status = status_writer.number();

    // fork and not vfork: page tables cost little beside the work the child is started for, and sanitizers
    // and signal handlers stay out of a shared stack. Signals wait until the child has reset its handlers.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0) run_child(plan);
    const int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return refuse(fork_error, "fork");
    status_writer.close();

    Descriptor pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    CHECK(pidfd.number() >= 0 || errno == EMFILE || errno == ENFILE || errno == ENOMEM);
    if (pidfd.number() < 0) {
      const int error = errno;
      ::kill(pid, SIGKILL);  // not reaped yet, so the id is still this child's
      while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
      return refuse(error, "pidfd_open");
    }
    auto child = std::make_unique<RealChild>(pid, std::move(pidfd));

    ChildFailure failure{};
    ssize_t got;
    do {
      got = ::read(status_reader.number(), &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    if (got == 0) return child;  // closed by the exec
    if (got != static_cast<ssize_t>(sizeof failure)) return refuse(EIO, "read");
    return refuse(failure.error, failure.call);
  }
};

}  // namespace

std::unique_ptr<Process> real_process() {
  return std::make_unique<RealProcess>();
}

Result<Pipe> Pipe::open() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_failure(errno, "No pipe could be made.", "pipe", "pipe2");
  return Pipe(ends[0], ends[1]);
}

Pipe::~Pipe() {
  close_read_end();
  close_write_end();
}

Pipe::Pipe(Pipe&& other) noexcept : ends_{std::exchange(other.ends_[0], -1), std::exchange(other.ends_[1], -1)} {}

void Pipe::close_read_end() {
  if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
}

void Pipe::close_write_end() {
  if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
}

Result<void> Pipe::write(ByteView bytes) {
  CHECK(bytes.size() <= kPipeWriteMax);
  // What is longer than a page fits where the kernel gives the pipe as much room, which it may refuse a busy user.
  const int room = fcntl(ends_[1], F_GETPIPE_SZ);
  if (room < static_cast<int>(bytes.size()) && fcntl(ends_[1], F_SETPIPE_SZ, static_cast<int>(kPipeWriteMax)) < 0)
    return system_failure(errno, "A pipe could not be made large enough.", "pipe", "F_SETPIPE_SZ");
  ssize_t written;
  do {
    written = ::write(ends_[1], bytes.data(), bytes.size());  // into an empty pipe with room: all of it
  } while (written < 0 && errno == EINTR);
  if (written < 0) return system_failure(errno, "A pipe could not be written.", "pipe", "write");
  if (static_cast<std::size_t>(written) != bytes.size())
    return system_failure(EPIPE, "A pipe could not be written.", "pipe", "write");
  return {};
}

Result<std::string> Pipe::read_all(std::size_t bytes_max, std::int64_t timeout_ms) {
  const std::int64_t deadline_ms = monotonic_ms() + timeout_ms;
  std::string out;
  std::array<char, 4096> buffer;
  for (;;) {
    if (!await_readable(ends_[0], deadline_ms)) {
      return fail(Code::kUnavailable, fmt::format("No answer within {} ms.", timeout_ms), "pipe");
    }
    const ssize_t got = ::read(ends_[0], buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(errno, "A pipe could not be read.", "pipe", "read");
    if (got == 0) return out;
    if (out.size() + static_cast<std::size_t>(got) > bytes_max) {
      return fail(Code::kTooLarge, fmt::format("An answer of more than {} bytes.", bytes_max), "pipe");
    }
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace lapel::os
