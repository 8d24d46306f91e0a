// SPDX-License-Identifier: Apache-2.0
#pragma once
// The trace: what a server does, for whoever runs it. One JSON line an event on stderr (docs/operating/trace.md).
//
// Owns: the form of a line.
// Promises: a line is written whole, by one write(2), with the time in UTC to the hundredth of a second; one that would be
//   longer than kTraceLineBytesMax says so instead of its detail. It is diagnostics and never evidence: nothing is held up
//   or fails because it could not be written.
// Fails with: nothing.
// Threads: any.

#include <cstddef>
#include <string_view>

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

}  // namespace lapel
