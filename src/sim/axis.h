// SPDX-License-Identifier: Apache-2.0
#pragma once
// A body-worn system of cameras that are not there: it makes the calls of the Axis content destination API to a server, by a connection
// file, and tells what it was answered.
//
// Owns: the order of the calls, and what is sent.
// Promises: everything that is sent follows from the seed. A call that is cut, or whose answer is lost, is made again from its
//   beginning, as a body-worn system does. What it tells of as delivered was answered by 201.
// Fails with: kInvalid (a connection file that is none), kUnavailable (the server is not there, or refuses for as long as it was
//   asked), kInternal (an answer that the API does not have).
// Threads: run_axis() uses as many as it is told.

#include <cstdint>
#include <functional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace lapel::sim {

struct AxisOptions {
  std::string connection_file;
  std::int64_t recordings = 1;        // 1..1,000,000
  std::int64_t clips = 2;             // of each recording, 1..100
  std::int64_t clip_bytes = 256'000;  // of each clip, where there is no file; 1..2^31
  std::string clip_file;            // sent as every clip, with a few bytes behind it that make it another; empty: noise
  std::int64_t cameras = 4;         // and as many users; 1..1,000
  std::int64_t cut_percent = 0;     // of the calls are cut off midway first, 0..90
  std::int64_t repeat_percent = 0;  // are made again although they were answered, 0..90
  std::int64_t senders = 1;         // recordings under way at once, 1..64
  std::uint64_t seed = 1;
  std::string system_id;  // as an earlier run was; empty: by the seed
};

// `say` gets a line for each object that was delivered, {"container","name","sha256","bytes","calls"}, and for each recording,
// {"container","complete":true}. Never two at once.
Result<void> run_axis(const AxisOptions& options, const std::function<void(const Json&)>& say);

}  // namespace lapel::sim
