// SPDX-License-Identifier: Apache-2.0
#pragma once
// Process: the one way to start another program, and the seam where a test scripts one.
//
// Owns: Process and Child, and the real ones.
// Promises: a child holds exactly the descriptors it was given, the environment it was given, default signal
//   dispositions, its own session and the root directory; it dies with the thread that started it. spawn()
//   returns after the exec, so a program that cannot be run is an error here and not an exit code. A Child
//   that is destroyed is killed and reaped.
// Fails with: kNotFound (no such program), kDenied (not executable), kUnavailable (no process or descriptor
//   to be had), kInternal otherwise; context is program, call and errno text.
// Threads: a Process from any thread. A Child from one thread at a time; the thread that spawned it must
//   outlive it.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/disk.h"

namespace lapel::os {

// Hard limits that hold from the exec on. Zero leaves the one inherited; none is ever raised.
struct ProcessLimits {
  std::uint64_t cpu_seconds = 0;          // SIGXCPU there, SIGKILL one second later
  std::uint64_t address_space_bytes = 0;  // of virtual memory
  std::uint64_t file_bytes = 0;           // SIGXFSZ past it
};

struct SpawnOptions {
  Path program;                               // with a slash in it: PATH is never searched
  std::vector<std::string> arguments = {};    // after the program's own name
  std::vector<std::string> environment = {};  // "NAME=value"
  // Entry i becomes descriptor i of the child; kNoDescriptor gives /dev/null, as do 0 to 2 where the list is
  // shorter. Nothing else is inherited. At most kSpawnDescriptorsMax.
  std::vector<int> descriptors = {};
  ProcessLimits limits = {};
  int niceness = 0;  // added to ours, 0 to 19: what it does may wait for everybody else
};
inline constexpr int kNoDescriptor = -1;
inline constexpr std::size_t kSpawnDescriptorsMax = 64;

struct Exit {
  int code = 0;
  int signal = 0;  // not zero: killed by it, and `code` means nothing

  friend bool operator==(const Exit&, const Exit&) = default;
};

class Child {
 public:
  virtual ~Child() = default;

  // How it ended, or nothing when it still runs after the timeout. Once ended, every call says the same.
  virtual Result<std::optional<Exit>> wait_for_ms(std::int64_t timeout_ms) = 0;
  // SIGKILL; without effect once it ended. wait_for_ms() still has to be called for the exit.
  virtual void kill() = 0;
};

class Process {
 public:
  virtual ~Process() = default;

  virtual Result<std::unique_ptr<Child>> spawn(const SpawnOptions& options) = 0;
};

// The kernel's.
std::unique_ptr<Process> real_process();

// A pipe whose ends close with it; neither end survives an exec unless it is handed to spawn().
class Pipe {
 public:
  static Result<Pipe> open();
  ~Pipe();
  Pipe(Pipe&& other) noexcept;
  Pipe& operator=(Pipe&&) = delete;

  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read_end();
  // The reader sees the end of the stream only when every copy is closed: ours included.
  void close_write_end();

  // Writes what fits an empty pipe (at most kPipeWriteMax), so that it cannot block.
  Result<void> write(ByteView bytes);
  // Reads to the end of the stream. kTooLarge past bytes_max, kUnavailable when the time runs out first.
  Result<std::string> read_all(std::size_t bytes_max, std::int64_t timeout_ms);

 private:
  Pipe(int read_end, int write_end) : ends_{read_end, write_end} {}
  int ends_[2];
};
inline constexpr std::size_t kPipeWriteMax = 32 * 1024;

}  // namespace lapel::os
