// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/telemetry.h"
#include "mediaworker/telemetry_for_tests.h"

namespace lapel::mediaworker {
namespace {

using protocol::Track;
using protocol::TrackRemark;

Track read(std::string_view text) {
  return read_gpx(as_bytes(text));
}
Track read_data(const std::string& name) {
  return read(telemetry_data("tkrajina+gpxpy/test_files/" + name));
}

// Numbers of the files as gpxpy 1.6.2 reads them.
TEST(Gpx, ReadsATrack) {
  const Track track = read_data("cerknicko-jezero.gpx");
  ASSERT_EQ(track.points.size(), 296U);
  expect_place(track.points[0], 45.772175035, 14.357659249);
  EXPECT_EQ(track.points[0].altitude_m, 542.320923);
  EXPECT_EQ(track.points[0].time->us, us_of("2010-08-05T14:23:59Z"));
  expect_place(track.points[295], 45.790873384, 14.304442042);
  EXPECT_EQ(track.points[295].time->us, us_of("2010-08-05T16:23:49Z"));
  EXPECT_TRUE(track.remarks.empty());
}

// Drawn at 30 km/h, which is 8.333 m/s.
TEST(Gpx, HasTheSpeedThatItWasDrawnAt) {
  const Track track = read(telemetry_data("mapillary+mapillary_tools/tests/data/gpx/sf_30km_h.gpx"));
  ASSERT_EQ(track.points.size(), 49U);
  const double seconds = static_cast<double>(*track.points.back().time - *track.points.front().time) / 1e6;
  EXPECT_NEAR(protocol::length_m(track) / seconds, 30 / 3.6, 0.02);
}

TEST(Gpx, ReadsEveryFieldOfBothVersions) {
  for (const std::string name : {"gpx1.0_with_all_fields.gpx", "gpx1.1_with_all_fields.gpx"}) {
    const Track track = read_data(name);
    ASSERT_EQ(track.points.size(), 1U) << name;
    expect_place(track.points[0], 10.1, -20.2);
    EXPECT_EQ(track.points[0].altitude_m, 11.1) << name;
    EXPECT_EQ(track.points[0].dop, 101) << name;
    EXPECT_EQ(track.points[0].time->us, us_of("2013-01-01T12:00:04Z")) << name;  // no zone is UTC
  }
}

TEST(Gpx, ReadsTimesWithAZoneAndParts) {
  const Track track = read_data("track-with-less-sec-time.gpx");
  ASSERT_EQ(track.points.size(), 2U);
  EXPECT_EQ(track.points[1].time->us, us_of("2015-12-11T14:43:13.994Z"));
  EXPECT_EQ(read_data("track-with-small-floats.gpx").points[0].latitude, 0.000091697);
}

TEST(Gpx, SaysThatARouteIsNoTrack) {
  const Track route = read_data("route.gpx");
  EXPECT_EQ(route.points.size(), 55U);
  EXPECT_TRUE(protocol::has_remark(route, TrackRemark::kPlanned));
  const Track mark = read_data("unicode_with_bom.gpx");
  ASSERT_EQ(mark.points.size(), 1U);
  expect_place(mark.points[0], 43.309634, 3.515386);
  EXPECT_TRUE(protocol::has_remark(mark, TrackRemark::kPlanned));
}

TEST(Gpx, ReadsSpeedAndCourseWhereverTheyStand) {
  const Track track = read(
      "<gpx xmlns:t='x'><trk><trkseg><trkpt lat='1' lon='2'><speed>3.5</speed><course>90</course></trkpt>"
      "<trkpt lat='1' lon='2'><extensions><t:TrackPointExtension><t:speed> 4.5 </t:speed><t:course>91</t:course>"
      "</t:TrackPointExtension></extensions></trkpt></trkseg></trk></gpx>");
  ASSERT_EQ(track.points.size(), 2U);
  EXPECT_EQ(track.points[0].speed_m_s, 3.5);
  EXPECT_EQ(track.points[0].course_deg, 90);
  EXPECT_EQ(track.points[1].speed_m_s, 4.5);
  EXPECT_EQ(track.points[1].course_deg, 91);
}

TEST(Gpx, KeepsWhatComesBeforeItBreaksOff) {
  const std::string whole = telemetry_data("tkrajina+gpxpy/test_files/cerknicko-jezero.gpx");
  const Track track = read(std::string_view(whole).substr(0, whole.size() / 2));
  EXPECT_GT(track.points.size(), 100U);
  EXPECT_LT(track.points.size(), 200U);
  EXPECT_TRUE(protocol::has_remark(track, TrackRemark::kBreaksOff));
}

TEST(Gpx, LeavesOutPointsThatAreNoPlace) {
  const Track track = read(
      "<gpx><trk><trkseg><trkpt lat='91' lon='2'/><trkpt lat='1'/><trkpt lat='1e1' lon='2'/><trkpt lat='1' "
      "lon='2'><fix>none</fix></trkpt>"
      "<trkpt lat='1' lon='2'><time>yesterday</time><ele>high</ele></trkpt></trkseg></trk></gpx>");
  EXPECT_EQ(track.records_damaged, 3);
  EXPECT_EQ(track.records_without_fix, 1);
  ASSERT_EQ(track.points.size(), 1U);
  EXPECT_FALSE(track.points[0].time);
  EXPECT_FALSE(track.points[0].altitude_m);
}

TEST(Gpx, OpensNoDocumentTypeAndNoEntity) {
  const std::string point = "<gpx><trk><trkseg><trkpt lat='1' lon='2'/></trkseg></trk></gpx>";
  const Track bombed = read("<!DOCTYPE gpx [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>" + point);
  EXPECT_TRUE(bombed.points.empty());
  EXPECT_TRUE(read("<!DOCTYPE gpx SYSTEM 'file:///etc/passwd'>" + point).points.empty());
  EXPECT_TRUE(read("<gpx><trk><trkseg>&a;<trkpt lat='1' lon='2'/></trkseg></trk></gpx>").points.empty());
}

TEST(Gpx, GoesNoDeeperThanTracksDo) {
  std::string deep = "<gpx>";
  for (int i = 0; i < 100; ++i) deep += "<a>";
  EXPECT_TRUE(read(deep + "<trkpt lat='1' lon='2'/>").points.empty());
}

}  // namespace
}  // namespace lapel::mediaworker
