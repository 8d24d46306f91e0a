// SPDX-License-Identifier: Apache-2.0
#pragma once
// The trace: what a server does, for whoever runs it. One JSON line an event on stderr (docs/operating/trace.md).
//
// Owns: the form of a line.
// Promises: a line is written whole, by one write(2), with the time in UTC to the hundredth of a second; one that would be
//   longer than kTraceLineBytesMax says so instead of its detail. It is diagnostics and never evidence: nothing is held up
//   or fails because it could not be written. What could not is counted, and the first line that can be again is followed by one
//   that says how many were lost, and since when.
// Fails with: nothing.
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace lapel {

// What a pipe takes without mixing it with another writer's (PIPE_BUF).
inline constexpr std::size_t kTraceLineBytesMax = 4'096;

enum class TraceLevel { kInfo, kError };

// `module`: the folder whose code says it. The fields have no names of people, no tokens and no words of footage.
void trace(TraceLevel level, std::string_view module, Json::Object fields);

// Something went wrong that no request is answered with.
void trace_error(std::string_view module, std::string_view doing, const Error& error, Json::Object more = {});

// Lines that could not be written: a full disk, a pipe whose reader is gone.
struct TraceLoss {
  std::uint64_t total = 0;         // since the process began
  std::uint64_t lines = 0;         // of those, since then
  std::optional<Timestamp> since;  // of the first after which none could be written; nullopt: they are written
};
TraceLoss trace_loss();

}  // namespace lapel
