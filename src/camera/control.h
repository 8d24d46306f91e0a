// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a camera is told what to do: lines on its standard input, on a socket in its directory, or in a script that
// says when.
//
// Owns: the socket and its connections.
// Promises: a command that is none is answered with a sentence and changes nothing. The socket can be reached by
//   the camera's user alone. Lines, connections and scripts are bounded.
// Fails with: kInvalid for what is no command, naming its line; kUnavailable where no camera listens.
// Threads: stop() from any; the rest by one.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/disk.h"

namespace lapel::camera {

inline constexpr std::size_t kCommandBytesMax = 1'100;
inline constexpr std::size_t kScriptLinesMax = 1'000'000;

struct Command {
  enum class What { kActivate, kDeactivate, kMute, kUnmute, kMark, kStatus, kStop };
  What what = What::kStatus;
  std::string text;  // of a marker
  int client = -1;   // who is answered; -1: nobody
};
// `activate`, `deactivate`, `mute`, `unmute`, `mark TEXT`, `status`, `stop`.
Result<Command> read_command(std::string_view line);

struct Timed {
  std::int64_t us = 0;
  Command command;
};
// Lines `SECONDS COMMAND`, in order of time; empty ones and those that begin with # say nothing.
Result<std::deque<Timed>> read_script(std::string_view text);

class Control {
 public:
  static Result<std::unique_ptr<Control>> open(const os::Path& directory);
  ~Control();

  // What was said, after at most so long; at once where something was, or `other` can be read.
  std::vector<Command> wait(std::int64_t us, int other);
  void answer(const Command& command, std::string_view line);
  // From a signal's thread: the next wait() has a kStop.
  void stop();

 private:
  struct State;
  explicit Control(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Says one line to the camera of that directory; its answer.
Result<std::string> tell(const os::Path& directory, std::string_view line);

}  // namespace lapel::camera
