// SPDX-License-Identifier: Apache-2.0
#include "protocol/track.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"

namespace lapel::protocol {
namespace {

// The worked example of docs/formats/track.md.
Track example() {
  Track track{.source = TrackSource::kGpmf, .records_damaged = 1, .records_without_fix = 12};
  track.remarks = {TrackRemark::kBreaksOff};
  track.points.push_back({.at_ms = 0,
                          .time = Timestamp{1'471'454'300'000'000},
                          .latitude = 33.1265157,
                          .longitude = -117.3271687,
                          .altitude_m = -20.184,
                          .speed_m_s = 0.167,
                          .dop = 6.06});
  track.points.push_back({.at_ms = 55, .latitude = 33.1265141, .longitude = -117.3271642, .course_deg = 359.5});
  return track;
}
constexpr std::string_view kExample =
    "lapel-track 1\nsource gpmf\ndamaged 1\nwithout_fix 12\nevery 1\nremarks breaks_off\npoints 2\n"
    "0 1471454300000000 33.1265157 -117.3271687 -20.184 0.167 - - 6.06\n"
    "55 - 33.1265141 -117.3271642 - - 359.5 - -\n";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kExample);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(TrackText, IsReadAsItIsWritten) {
  EXPECT_EQ(to_text(example()), kExample);
  EXPECT_EQ(parse_track(kExample).value(), example());
  const Track nothing{.source = TrackSource::kAxisGnss};
  EXPECT_EQ(parse_track(to_text(nothing)).value(), nothing);
}

TEST(TrackText, RoundsToWhatItKeeps) {
  Track track{.source = TrackSource::kCamm};
  track.points.push_back({.latitude = 1.0 / 3, .longitude = -0.0, .altitude_m = -0.0004});
  EXPECT_TRUE(to_text(track).ends_with("\n- - 0.333333333 0 0 - - - -\n"));
  // What was rounded once is not rounded again.
  const std::string text = to_text(track);
  EXPECT_EQ(to_text(parse_track(text).value()), text);
}

TEST(TrackText, RefusesWhatIsNotTheOneSpelling) {
  for (const auto& text : {
           std::string(),
           std::string(kExample.substr(0, kExample.size() - 1)),  // its last line is not whole
           std::string(kExample) + "\n",
           std::string(kExample) + "55 - 33 -117 - - - - -\n",  // more than it says
           with("points 2", "points 3"),
           with("points 2", "points 36001"),
           with("points 2", "points -1"),
           with("lapel-track 1", "lapel-track 2"),
           with("source gpmf", "source gps"),
           with("damaged 1", "damaged -1"),
           with("damaged 1", "damaged 01"),
           with("every 1", "every 3"),
           with("every 1", "every 0"),
           with("remarks breaks_off", "remarks hello"),
           with("remarks breaks_off", "remarks breaks_off breaks_off"),
           with("remarks breaks_off", "remarks planned breaks_off"),
           with("33.1265157", "90.1"),
           with("33.1265157", "nan"),
           with("33.1265157", "inf"),
           with("33.1265157", "-"),
           with("33.1265157", "33.12651570"),
           with("33.1265157", "+33.1265157"),
           with("33.1265157", "3.31265157e1"),
           with("-117.3271687", "-180.1"),
           with("-20.184", "-100000.1"),
           with("-20.184", "-20.1841"),
           with("0.167", "-0.1"),
           with("0.167", "12001"),
           with("359.5", "360.5"),
           with("6.06", "6.06 "),
           with("6.06", "6.06 -"),
           with(" - 6.06", " 6.06"),
           with("1471454300000000", "-1"),
           with("1471454300000000", "253402300800000000"),
           with("55 ", "055 "),
           with("55 ", "316224000001 "),
       }) {
    EXPECT_FALSE(parse_track(text)) << text;
  }
  EXPECT_TRUE(parse_track(with("55 ", "-55 ")));  // a receiver may be on before the camera is
}

TEST(TrackText, HoldsAsManyPointsAsItMay) {
  Track track{.source = TrackSource::kGpx, .every = 4};
  const TrackPoint widest{.at_ms = -kTrackMsMax,
                          .time = Timestamp{253'402'300'799'999'999},
                          .latitude = -89.123456789,
                          .longitude = -179.123456789,
                          .altitude_m = -99'999.999,
                          .speed_m_s = 11'999.999,
                          .course_deg = 359.999,
                          .accuracy_m = 999'999.999,
                          .dop = 999.999};
  track.points.assign(kTrackPointsMax, widest);
  const std::string text = to_text(track);
  EXPECT_LE(text.size(), kTrackTextBytesMax);
  EXPECT_EQ(parse_track(text).value().points.size(), kTrackPointsMax);
}

TEST(TrackPointBounds, RefuseWhatIsNoPlace) {
  EXPECT_TRUE(is_track_point({.latitude = -90, .longitude = 180}));
  EXPECT_FALSE(is_track_point({.latitude = 90.0001}));
  EXPECT_FALSE(is_track_point({.latitude = std::numeric_limits<double>::quiet_NaN()}));
  EXPECT_FALSE(is_track_point({.longitude = std::numeric_limits<double>::infinity()}));
  EXPECT_FALSE(is_track_point({.speed_m_s = std::numeric_limits<double>::quiet_NaN()}));
  EXPECT_FALSE(is_track_point({.time = Timestamp{-1}}));
}

TEST(TrackSentence, SaysWhatIsMissing) {
  EXPECT_EQ(sentence_of(example()),
            "2 positions from GoPro telemetry (GPMF). 12 records were made while the receiver had no position. 1 "
            "record is damaged "
            "and left out. The telemetry breaks off in the middle; what comes before is here.");
  EXPECT_EQ(sentence_of({.source = TrackSource::kNmea, .records_without_fix = 1'234}),
            "No position in sentences of a receiver (NMEA 0183). 1,234 records were made while the receiver had no "
            "position.");
  Track untimed{.source = TrackSource::kGpx, .points = {{}, {}}};
  EXPECT_EQ(sentence_of(untimed), "2 positions from a GPX file. It says nothing of when.");
  untimed.points[0].at_ms = 0;
  EXPECT_EQ(sentence_of(untimed), "2 positions from a GPX file. 1 of them is without a time.");
}

TEST(TrackLength, IsThatOfTheGreatCircles) {
  // A degree of a meridian of the sphere of 6,371,008.8 m.
  Track track{.points = {{.latitude = 10, .longitude = 20}, {.latitude = 11, .longitude = 20}}};
  EXPECT_NEAR(length_m(track), 111'195.08, 0.01);
  // Across 180 degrees it goes the short way.
  track.points = {{.longitude = 179.5}, {.longitude = -179.5}};
  EXPECT_NEAR(length_m(track), 111'195.08, 0.01);
  EXPECT_EQ(length_m({}), 0);
}

TEST(TrackForms, AreJsonWithEveryNumber) {
  const Json json = parse_json(to_track_json(example())).value();
  const Json& first = json.find("points")->array()->at(0);
  EXPECT_EQ(*first.find("latitude")->real(), 33.1265157);
  EXPECT_EQ(*first.find_string("time"), "2016-08-17T17:18:20.000Z");
  EXPECT_EQ(*first.find_integer("at_ms"), 0);
  EXPECT_TRUE(json.find("points")->array()->at(1).find("time")->is_null());
  EXPECT_EQ(*json.find("remarks")->array()->at(0).string(), "breaks_off");
}

TEST(TrackForms, AreALineForMaps) {
  const Json feature = parse_json(to_geojson(example())).value();
  EXPECT_EQ(*feature.find_string("type"), "Feature");
  const Json& line = *feature.find("geometry");
  EXPECT_EQ(*line.find_string("type"), "LineString");
  const Json& first = line.find("coordinates")->array()->at(0);
  ASSERT_EQ(first.array()->size(), 3U);
  EXPECT_EQ(*first.array()->at(0).real(), -117.3271687);  // east first
  EXPECT_EQ(*first.array()->at(1).real(), 33.1265157);
  EXPECT_EQ(*first.array()->at(2).real(), -20.184);
  const Json& properties = *feature.find("properties");
  EXPECT_EQ(*properties.find("coordTimes")->array()->at(0).string(), "2016-08-17T17:18:20.000Z");
  EXPECT_TRUE(properties.find("coordTimes")->array()->at(1).is_null());
  EXPECT_EQ(*properties.find("offsets_ms")->array()->at(1).integer(), 55);
  EXPECT_EQ(properties.find("accuracies_m"), nullptr);

  Track track{.points = {{.latitude = 1, .longitude = 2}}};
  EXPECT_EQ(*parse_json(to_geojson(track)).value().find("geometry")->find_string("type"), "Point");
  track.points.clear();
  EXPECT_TRUE(parse_json(to_geojson(track)).value().find("geometry")->is_null());
}

TEST(TrackForms, AreGpx) {
  const std::string gpx = to_gpx(example());
  EXPECT_NE(
      gpx.find("<trkpt lat=\"33.1265157\" lon=\"-117.3271687\"><ele>-20.184</ele><time>2016-08-17T17:18:20.000Z</time>"
               "<cmt>0 s from the start</cmt><hdop>6.06</hdop><extensions><tpx:TrackPointExtension>"
               "<tpx:speed>0.167</tpx:speed></tpx:TrackPointExtension></extensions></trkpt>"),
      std::string::npos)
      << gpx;
}

TEST(TrackForms, GiveNoTimeOfUnknownZoneAsUtc) {
  Track track = example();
  track.remarks = {TrackRemark::kZoneUnknown};
  EXPECT_EQ(to_gpx(track).find("<time>"), std::string::npos);
  EXPECT_NE(to_gpx(track).find("2016-08-17T17:18:20.000 by a clock of unknown zone"), std::string::npos);
  EXPECT_NE(to_geojson(track).find("\"2016-08-17T17:18:20.000\""), std::string::npos);
  EXPECT_EQ(to_track_json(track).find("000Z"), std::string::npos);
}

}  // namespace
}  // namespace lapel::protocol
