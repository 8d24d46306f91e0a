// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/srt.h"

#include "mediaworker/telemetry_for_tests.h"

namespace lapel::mediaworker {
namespace {

using protocol::Track;
using protocol::TrackRemark;

Track read(std::string_view text) {
  return read_srt(as_bytes(text));
}
Track read_data(const std::string& name) {
  return read(telemetry_data("JuanIrache+DJI_SRT_Parser/samples/" + name));
}

// Counts and moments as dji_srt_parser 2.1 reads them; places as they stand in the files, since that one smooths them.
TEST(Srt, ReadsWordsInBrackets) {
  const Track track = read_data("air2s.srt");
  EXPECT_EQ(track.source, protocol::TrackSource::kDjiSrt);
  ASSERT_EQ(track.points.size(), 17U);
  expect_place(track.points[0], 41.424724, 2.234156);
  EXPECT_EQ(track.points[0].altitude_m, 117);
  EXPECT_EQ(track.points[0].at_ms, 0);
  EXPECT_EQ(track.points[0].time->us, us_of("2022-08-07T13:40:40.774808Z"));  // of a clock in Spain, so the track says:
  EXPECT_TRUE(protocol::has_remark(track, TrackRemark::kZoneUnknown));
  EXPECT_EQ(track.points[16].at_ms, 533);
  expect_place(track.points[16], 41.42473, 2.234102);
}

TEST(Srt, ReadsParenthesesWithLongitudeFirst) {
  const Track track = read_data("mavic_pro.SRT");
  ASSERT_EQ(track.points.size(), 468U);
  expect_place(track.points[0], -20.2533, 149.0251);
  EXPECT_EQ(track.points[0].at_ms, 1'000);
  EXPECT_FALSE(track.points[0].altitude_m);  // 16 are satellites, and a barometer tells the height over the start
  EXPECT_EQ(track.points[467].at_ms, 468'000);
}

TEST(Srt, ReadsParenthesesWithLatitudeFirstWhereTheAltitudeHasItsUnit) {
  const Track track = read_data("matrice_300.srt");
  ASSERT_EQ(track.points.size(), 381U);
  expect_place(track.points[0], 36.6146, -6.1120);  // in Spain, and not in the middle of Tanzania
  EXPECT_EQ(track.points[0].altitude_m, 0);
  EXPECT_EQ(track.points[380].at_ms, 380'000);
}

TEST(Srt, ReadsTheSpeedOfAPhantom) {
  const Track track = read_data("p4_rtk.SRT");
  ASSERT_EQ(track.points.size(), 55U);
  expect_place(track.points[1], -34.237911, -58.851740);
  EXPECT_EQ(track.points[1].speed_m_s, 2.88);
  EXPECT_FALSE(track.points[1].time);
  EXPECT_TRUE(track.remarks.empty());
}

TEST(Srt, CountsWhatIsCutOff) {
  const Track track = read_data("broken_incomplete2.SRT");
  ASSERT_EQ(track.points.size(), 4U);
  EXPECT_EQ(track.records_damaged, 2);
  expect_place(track.points[0], -34.869950, -57.823395);  // spelled "longtitude"
}

TEST(Srt, PrefersTheAltitudeOverTheSea) {
  const Track track = read(
      "1\n00:00:00,000 --> 00:00:00,016\n<font>2023-01-02 03:04:05.678\n"
      "[latitude: 1.5] [longitude: -2.5] [rel_alt: 1.300 abs_alt: 120.400]\n\n");
  ASSERT_EQ(track.points.size(), 1U);
  EXPECT_EQ(track.points[0].altitude_m, 120.4);
  EXPECT_EQ(track.points[0].time->us, us_of("2023-01-02T03:04:05.678Z"));
}

TEST(Srt, TakesZeroAndZeroForNoFix) {
  const Track track = read("1\n00:00:00,000 --> 00:00:01,000\nGPS(0.0000,0.0000,0) BAROMETER:1.9\n");
  EXPECT_TRUE(track.points.empty());
  EXPECT_EQ(track.records_without_fix, 1);
}

TEST(Srt, PassesByWordsThatAreSpoken) {
  const Track track = read("1\n00:00:00,000 --> 00:00:01,000\nMy latitude is that I have GPS (and more).\n\n");
  EXPECT_FALSE(has_records(track));
}

TEST(Srt, CountsMomentsThatAreNone) {
  const Track track =
      read("1\n00:00:00,000 --> 00:00:01,000\nGPS(1.0,2.0,3)\n\n2\nxx:00:01,000 --> 00:00:02,000\nGPS(1.0,2.0,3)\n\n");
  EXPECT_EQ(track.points.size(), 1U);
  EXPECT_EQ(track.records_damaged, 1);
}

TEST(Srt, ReadsSentencesOfAReceiver) {
  const Track track =
      read("1\n00:00:02,000 --> 00:00:03,000\n$GPRMC,120000,A,5000.0000,N,03000.0000,E,5.0,90.0,141123,,,A*4D\n\n");
  EXPECT_EQ(track.source, protocol::TrackSource::kNmea);
  ASSERT_EQ(track.points.size(), 1U);
  EXPECT_EQ(track.points[0].at_ms, 2'000);
}

}  // namespace
}  // namespace lapel::mediaworker
