// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a camera's own numbers say: which of them did not arrive, and which came twice.
//
// Owns: nothing.
// Promises: a function of what arrived alone, in whatever order that was. After the counter's last number comes its first. A camera that
//   was reset begins a run of its own, and nothing is missing between two runs.
// Fails with: nothing.
// Threads: a pure function.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace lapel::cameras {

struct Counter {
  std::int64_t first = 0, last = 0;  // its numbers
  friend bool operator==(const Counter&, const Counter&) = default;
};

struct Counted {
  RecordingId recording;
  std::int64_t number = 0;
  Timestamp at;        // when the camera says, else when it came
  std::string sha256;  // the same bytes again are the same file
};

// A number farther back than this in order of time is none that comes late.
inline constexpr std::int64_t kStepsBackMax = 50;

struct Gap {
  std::int64_t first = 0, last = 0;  // missing; the first is larger where the counter began anew between them
  std::int64_t missing = 0;
  RecordingId before, after;
  friend auto operator<=>(const Gap&, const Gap&) = default;
};
// Another file has this number already.
struct Repeat {
  RecordingId recording, other;
  std::int64_t number = 0;
  friend auto operator<=>(const Repeat&, const Repeat&) = default;
};
struct Counts {
  std::vector<Gap> gaps;
  std::vector<Repeat> repeats;
};
Counts count(const Counter& counter, std::vector<Counted> files);

// The numbers of a gap, the first so many of them.
std::vector<std::int64_t> numbers_of(const Counter& counter, std::int64_t first, std::int64_t missing,
                                     std::size_t limit);

}  // namespace lapel::cameras
