// SPDX-License-Identifier: Apache-2.0
#pragma once
// Positions in subtitles: what DJI's cameras write into them, in the dialects that are known.
//
// Owns: the dialects.
// Promises: one text gives one position at most; where some have one, one without is a damaged record. Its times are of a clock
//   without a zone, and the track says so.
// Fails with: nothing: what is damaged is counted.
// Threads: one.

#include <string_view>

#include "mediaworker/collector.h"
#include "mediaworker/telemetry.h"

namespace lapel::mediaworker {

class DjiReader {
 public:
  // One subtitle.
  void take(std::string_view text, const Shown& shown);
  void add_damaged() { collector_.add_damaged(); }
  bool has_records() const { return collector_.has_records(); }
  protocol::Track finish();

 private:
  Collector collector_{protocol::TrackSource::kDjiSrt};
  bool has_times_ = false;
  std::int64_t without_place_ = 0;
};

}  // namespace lapel::mediaworker
