// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/collector.h"

#include <cmath>

namespace lapel::mediaworker {
namespace {

using protocol::kTrackPointsMax;
using protocol::TrackPoint;

// Left out where the point with nothing but its place and this is none.
template <typename Member>
void keep_if_sound(TrackPoint& point, Member member) {
  TrackPoint probe{.latitude = point.latitude, .longitude = point.longitude};
  probe.*member = point.*member;
  if (!protocol::is_track_point(probe)) point.*member = std::nullopt;
}

}  // namespace

void Collector::add(TrackPoint point) {
  if (!protocol::is_track_point({.latitude = point.latitude, .longitude = point.longitude})) return add_damaged();
  // As it is kept, so that what is just short of a whole turn is none.
  if (point.course_deg && std::isfinite(*point.course_deg)) {
    const double rounded = std::fmod(std::round(*point.course_deg * 1'000) / 1'000, 360);
    point.course_deg = rounded < 0 ? rounded + 360 : rounded;
  }
  keep_if_sound(point, &TrackPoint::at_ms);
  keep_if_sound(point, &TrackPoint::time);
  keep_if_sound(point, &TrackPoint::altitude_m);
  keep_if_sound(point, &TrackPoint::speed_m_s);
  keep_if_sound(point, &TrackPoint::course_deg);
  keep_if_sound(point, &TrackPoint::accuracy_m);
  keep_if_sound(point, &TrackPoint::dop);

  if (seen_++ % track_.every != 0) return;
  if (track_.points.size() == kTrackPointsMax) {
    // Each second one of those that are kept, from the first; and this one only if it is in step with them.
    for (std::size_t i = 0; i < kTrackPointsMax / 2; ++i) track_.points[i] = track_.points[2 * i];
    track_.points.resize(kTrackPointsMax / 2);
    track_.every *= 2;
    if ((seen_ - 1) % track_.every != 0) return;
  }
  track_.points.push_back(point);
}

}  // namespace lapel::mediaworker
