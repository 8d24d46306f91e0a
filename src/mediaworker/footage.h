// SPDX-License-Identifier: Apache-2.0
#pragma once
// Footage: one foreign file, read by FFmpeg inside the sandbox.
//
// Owns: what is made of a demuxer (demuxer.h) in each job: findings, numbers, pictures; renditions are rendition.h's, tracks
//   telemetry.h's.
// Promises: the demuxer is the sniffed one, no protocol is allowed, no second file is opened, only listed
// codecs decode,
//   one thread. The same bytes give the same result on every machine: what is tried is bounded by packets and
//   pixels, not by time.
// Fails with: nothing while examining: what is wrong with the file is a finding. kInternal where the picture
// cannot be
//   written out.
// Threads: one.

#include <cstdint>
#include <limits>

#include "base/result.h"
#include "protocol/media.h"

namespace lapel::mediaworker {

// Whatever the libraries do only once, done before the sandbox: time zone, tables, log.
void prepare_libraries();

struct Source {
  int descriptor;
  std::int64_t bytes;
};
// How much of a rendition is made. A fuzzer has less patience than a person.
struct Bounds {
  std::int64_t pictures = std::numeric_limits<std::int64_t>::max();
  std::int64_t ms = protocol::kMediaRenditionMsMax;
};
// Does what is asked; a picture, a rendition or a track goes to `output`.
Result<protocol::MediaResult> run(const protocol::MediaRequest& request, const Source& source, int output,
                                  const Bounds& bounds = {});

}  // namespace lapel::mediaworker
