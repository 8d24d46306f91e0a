// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/collector.h"

#include <limits>

#include <gtest/gtest.h>

namespace lapel::mediaworker {
namespace {

using protocol::kTrackPointsMax;
using protocol::Track;
using protocol::TrackSource;

TEST(Collector, KeepsWhatFitsAsItIs) {
  Collector collector(TrackSource::kNmea);
  for (std::size_t i = 0; i < kTrackPointsMax; ++i) collector.add({.at_ms = static_cast<std::int64_t>(i)});
  const Track track = collector.finish();
  EXPECT_EQ(track.points.size(), kTrackPointsMax);
  EXPECT_EQ(track.every, 1);
}

TEST(Collector, ThinsEvenlyFromTheFirstPointToTheEnd) {
  for (const std::size_t count :
       {kTrackPointsMax + 1, 2 * kTrackPointsMax, 2 * kTrackPointsMax + 1, 5 * kTrackPointsMax + 7}) {
    Collector collector(TrackSource::kGpmf);
    for (std::size_t i = 0; i < count; ++i) collector.add({.at_ms = static_cast<std::int64_t>(i)});
    const Track track = collector.finish();
    ASSERT_LE(track.points.size(), kTrackPointsMax) << count;
    EXPECT_EQ(track.points.size(),
              (count + static_cast<std::size_t>(track.every) - 1) / static_cast<std::size_t>(track.every))
        << count;
    for (std::size_t i = 0; i < track.points.size(); ++i)
      ASSERT_EQ(track.points[i].at_ms, static_cast<std::int64_t>(i) * track.every) << count;
    EXPECT_TRUE(protocol::parse_track(protocol::to_text(track))) << count;
  }
}

TEST(Collector, CountsNoPlaceAsDamageAndLeavesOutWhatCannotBeBesideOne) {
  constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
  Collector collector(TrackSource::kCamm);
  collector.add({.latitude = 91});
  collector.add({.longitude = kNoNumber});
  EXPECT_FALSE(collector.has_records());
  collector.add({.time = Timestamp{-5},
                 .latitude = 1,
                 .longitude = 2,
                 .altitude_m = 1e9,
                 .speed_m_s = -1,
                 .course_deg = kNoNumber,
                 .dop = 99});
  const Track track = collector.finish();
  EXPECT_EQ(track.records_damaged, 2);
  ASSERT_EQ(track.points.size(), 1U);
  EXPECT_EQ(track.points[0], (protocol::TrackPoint{.latitude = 1, .longitude = 2, .dop = 99}));
}

TEST(Collector, TurnsACourseIntoOneOfTheCircle) {
  Collector collector(TrackSource::kCamm);
  for (const double course : {-90.0, 360.0, 359.9996, 725.0}) collector.add({.course_deg = course});
  const Track track = collector.finish();
  EXPECT_EQ(track.points[0].course_deg, 270);
  EXPECT_EQ(track.points[1].course_deg, 0);
  EXPECT_EQ(track.points[2].course_deg, 0);
  EXPECT_EQ(track.points[3].course_deg, 5);
}

}  // namespace
}  // namespace lapel::mediaworker
