// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files of test/data and their positions, for the tests of this folder.
//
// Owns: nothing.
// Promises: a place is compared to the last digit that a track keeps.
// Fails with: a failed expectation.
// Threads: one.

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "protocol/track.h"

namespace lapel::mediaworker {

inline std::string telemetry_data(const std::string& name) {
  const std::string path = LAPEL_SOURCE_DIR "/test/data/telemetry/" + name;
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::int64_t us_of(std::string_view rfc3339) {
  const auto time = parse_rfc3339(rfc3339);
  EXPECT_TRUE(time) << rfc3339;
  return time ? time->us : 0;
}

inline void expect_place(const protocol::TrackPoint& point, double latitude, double longitude) {
  EXPECT_NEAR(point.latitude, latitude, 5e-10);
  EXPECT_NEAR(point.longitude, longitude, 5e-10);
}

}  // namespace lapel::mediaworker
