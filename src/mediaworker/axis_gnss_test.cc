// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/telemetry.h"
#include "mediaworker/telemetry_for_tests.h"

namespace lapel::mediaworker {
namespace {

using protocol::Track;
using protocol::TrackRemark;

Track read(std::string_view text) {
  return read_axis_gnss(as_bytes(text));
}
const std::string kExample = "AxisCommunications+body-worn-integration-api/README-excerpts/gnss_trail.json";

TEST(AxisGnss, ReadsTheTrailOfARecording) {
  const Track track = read(telemetry_data(kExample));
  ASSERT_EQ(track.points.size(), 5U);
  expect_place(track.points[0], 55.718409, 13.221184);  // in Lund, and not in the Arabian Sea
  EXPECT_EQ(track.points[0].at_ms, 64'000);
  EXPECT_EQ(track.points[0].time->us, us_of("2022-08-23T11:48:10Z"));
  expect_place(track.points[4], 55.718951, 13.221725);
  EXPECT_EQ(track.points[4].at_ms, 113'000);
  EXPECT_TRUE(track.remarks.empty());
}

TEST(AxisGnss, KeepsTheEntriesOfAFileThatBreaksOff) {
  const std::string whole = telemetry_data(kExample);
  const Track track = read(std::string_view(whole).substr(0, 400));
  EXPECT_EQ(track.points.size(), 2U);
  EXPECT_TRUE(protocol::has_remark(track, TrackRemark::kBreaksOff));
}

TEST(AxisGnss, LeavesOutWhatIsNoPlace) {
  const auto entries = [](std::string_view places) { return "{\"CoordinateEntries\":[" + std::string(places) + "]}"; };
  const Track track = read(entries(
      "{\"LocationWKT\":\"POINT(1 "
      "2)\"},{\"LocationWKT\":\"POINT(1,2)\"},{\"LocationWKT\":\"POINT(1)\"},{\"LocationWKT\":\"POINT(1 2 3 4)\"},"
      "{\"LocationWKT\":\"POINT(1 91)\"},{\"LocationWKT\":\"POINT EMPTY\"},{\"LocationWKT\":7},{},17,"
      "{\"LocationWKT\":\"POINT Z (1 2 30.5)\",\"SecondsFromStart\":1.25,\"Timestamp\":\"never\"}"));
  ASSERT_EQ(track.points.size(), 2U);
  EXPECT_EQ(track.records_damaged, 8);
  EXPECT_EQ(track.points[0], (protocol::TrackPoint{.latitude = 2, .longitude = 1}));
  EXPECT_EQ(track.points[1], (protocol::TrackPoint{.at_ms = 1'250, .latitude = 2, .longitude = 1, .altitude_m = 30.5}));
}

TEST(AxisGnss, IsNoneOfOtherJson) {
  for (const std::string_view text : {"{}", "[]", "7", "", "{\"CoordinateEntries\":7}", "{\"CoordinateEntries\":[]}"})
    EXPECT_FALSE(has_records(read(text))) << text;
}

}  // namespace
}  // namespace lapel::mediaworker
