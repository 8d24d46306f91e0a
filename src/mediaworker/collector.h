// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every reader of telemetry gives its points to: a track within its bounds, whatever the file holds.
//
// Owns: the counts of what is left out, the thinning of what is too long.
// Promises: finish() gives a track that can be written (protocol/track.h). A point that is no place is a damaged record; a
//   number beside a place that cannot be is left out of it. What is kept of a long track is evenly spread over all of it.
// Fails with: nothing.
// Threads: one.

#include <cstdint>
#include <optional>
#include <utility>

#include "protocol/track.h"

namespace lapel::mediaworker {

class Collector {
 public:
  explicit Collector(protocol::TrackSource source) { track_.source = source; }

  void add(protocol::TrackPoint point);
  void add_damaged(std::int64_t count = 1) { track_.records_damaged += count; }
  void add_without_fix(std::int64_t count = 1) { track_.records_without_fix += count; }
  void add_remark(protocol::TrackRemark remark) { protocol::add_remark(track_, remark); }
  // Something of the kind that is looked for was there, be it a record without a position.
  bool has_records() const { return !track_.points.empty() || track_.records_without_fix > 0; }
  protocol::Track finish() { return std::move(track_); }

 private:
  protocol::Track track_;
  std::int64_t seen_ = 0;
};

}  // namespace lapel::mediaworker
