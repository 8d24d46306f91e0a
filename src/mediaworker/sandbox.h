// SPDX-License-Identifier: Apache-2.0
#pragma once
// The sandbox around every parser of foreign files: entered once, after the libraries are loaded and before
// the first byte from outside is read, and never left.
//
// Owns: identity, resource limits, the Landlock domain and the seccomp filter of this process.
// Promises: after success, whoever started the program, this process
//   - has no capability, no root identity and no way to gain either (no_new_privs);
//   - can read kMediaInput by offset and kMediaRequest, can write kMediaResult, kMediaOutput and the standard
//     streams, for a rendition kMediaOutput by offset too, and can do nothing to any other descriptor;
//   - opens, names, makes, maps executable, signals, traces, starts and connects nothing: a try is refused
//   where
//     libraries try harmlessly, and ends the process everywhere else;
//   - is bounded in memory, processor time, output and descriptors (protocol/media.h).
//   Each layer is tried after it is in place; one that does not hold is a failure. There is no lesser mode.
// Fails with: kUnavailable, naming the layer that could not be had. The process must then end: it may be half
// inside. Threads: call it while the process has one thread.

#include "base/result.h"

namespace lapel::mediaworker {

// What will be done inside: a rendition needs more time and room than a look, and reads and writes its output by offset.
enum class Errand { kLook, kRendition };

struct Sandbox {
  int landlock_abi = 0;
};
Result<Sandbox> enter_sandbox(Errand errand = Errand::kLook);

}  // namespace lapel::mediaworker
