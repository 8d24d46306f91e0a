// SPDX-License-Identifier: Apache-2.0
#pragma once
// What lapel-dock says while it works: for a person at a terminal, a log, or a program.
//
// Owns: the words and the JSON lines (docs/formats/dock.md).
// Promises: JSON lines go to standard output, talk to standard error. No foreign text reaches a terminal raw.
//   Progress is said at most once a second on a terminal and once in ten elsewhere.
// Fails with: nothing.
// Threads: any.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "os/worker.h"

namespace lapel::dock {

enum class Voice { kTerminal, kLines, kJson };

struct Progress {
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_left = 0;
  std::size_t files_left = 0;
};

class Report {
 public:
  Report(Voice voice, const Clock& clock) : voice_(voice), clock_(clock), last_us_(clock.monotonic_us()) {}

  // `words` for people; `event` and `fields` for programs.
  void say(std::string_view event, const std::string& words, Json::Object fields);
  // Says it when it is time.
  void progress(const Progress& progress);

 private:
  const Voice voice_;
  const Clock& clock_;
  os::Mutex mutex_;
  std::int64_t last_us_ LAPEL_GUARDED_BY(mutex_);
  std::uint64_t last_sent_ LAPEL_GUARDED_BY(mutex_) = 0;
  bool has_open_line_ LAPEL_GUARDED_BY(mutex_) = false;
};

}  // namespace lapel::dock
