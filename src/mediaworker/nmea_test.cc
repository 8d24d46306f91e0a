// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/nmea.h"

#include <fmt/format.h>

#include "mediaworker/telemetry_for_tests.h"

namespace lapel::mediaworker {
namespace {

using protocol::Track;
using protocol::TrackRemark;

std::string sentence(const std::string& body) {
  int sum = 0;
  for (const char c : body) sum ^= c;
  return fmt::format("${}*{:02X}\r\n", body, sum);
}
Track read(const std::string& text) {
  return read_nmea(as_bytes(text));
}

// Numbers of the logs as pynmea2 1.19.0 and GPSBabel 1.8.0 read them.
TEST(Nmea, ReadsAReceiversLog) {
  const Track track = read(telemetry_data("ntpsec+gpsd/test/daemon/neo-m8n.log"));
  ASSERT_EQ(track.points.size(), 23U);
  EXPECT_EQ(track.records_damaged, 0);
  const auto& first = track.points[0];
  expect_place(first, 44.0690105, -121.314246333333);
  EXPECT_EQ(first.time->us, us_of("2015-03-18T17:19:26Z"));
  EXPECT_EQ(first.altitude_m, 1147.2);
  EXPECT_NEAR(*first.speed_m_s, 0.06019, 1e-5);
  EXPECT_FALSE(first.course_deg);  // who stands still gives none
  EXPECT_EQ(first.dop, 0.91);
  EXPECT_FALSE(first.at_ms);
  const auto& last = track.points[22];
  expect_place(last, 44.0689836666667, -121.3142285);
  EXPECT_EQ(last.time->us, us_of("2015-03-18T17:19:48Z"));
  EXPECT_EQ(last.altitude_m, 1139.4);
}

TEST(Nmea, MakesNoPointsBeforeTheFirstFix) {
  const Track track = read(telemetry_data("ntpsec+gpsd/test/daemon/bn-9015.log"));
  ASSERT_EQ(track.points.size(), 6U);
  EXPECT_EQ(track.records_without_fix, 4);
  expect_place(track.points[0], 52.0141983333333, 4.36302);
  EXPECT_EQ(track.points[0].time->us, us_of("2010-06-12T17:10:02.972Z"));
}

TEST(Nmea, KeepsEveryDigitOfAPreciseReceiver) {
  const Track track = read(telemetry_data("ntpsec+gpsd/test/daemon/nmea-fuzzy-cases.log"));
  ASSERT_EQ(track.points.size(), 14U);
  expect_place(track.points[0], 41.5749702048333, -93.7505586408333);
  EXPECT_NEAR(*track.points[0].speed_m_s, 1.67297, 1e-5);
  EXPECT_NEAR(*track.points[0].course_deg, 92.308, 1e-9);
}

TEST(Nmea, TakesASentenceWithoutItsPartner) {
  // The first epoch has RMC alone, the last one GGA.
  const Track track = read(telemetry_data("ntpsec+gpsd/test/daemon/gps-360.log"));
  ASSERT_EQ(track.points.size(), 14U);
  EXPECT_FALSE(track.points[0].altitude_m);
  EXPECT_EQ(track.points[0].time->us, us_of("2006-07-28T02:16:12.949Z"));
  EXPECT_EQ(track.points[1].altitude_m, 572.4);
  EXPECT_EQ(track.points[13].time->us, us_of("2006-07-28T02:16:25.949Z"));
}

TEST(Nmea, LetsNoSentenceOfAWrongSumThrough) {
  const std::string good = sentence("GPRMC,120000,A,5000.0000,N,03000.0000,E,5.0,90.0,141123,,,A");
  const std::string wrong = "$GPRMC,120001,A,5000.0000,N,03000.0000,E,5.0,90.0,141123,,,A*00\r\n";
  const std::string cut = "$GPRMC,120002,A,5000.0000,N,03000.0000,E,5.0,90.0,141123,,,A\r\n";
  // One line break was lost, and with it the end of the first sentence.
  const std::string merged =
      "$GPRMC,120003,A,5000.0000,N,030" + sentence("GPRMC,120004,A,5100.0000,N,03000.0000,E,5.0,90.0,141123,,,A");
  const Track track = read(good + wrong + cut + merged);
  ASSERT_EQ(track.points.size(), 2U);
  EXPECT_EQ(track.records_damaged, 3);
  EXPECT_EQ(track.points[1].latitude, 51);
  EXPECT_TRUE(track.remarks.empty());
}

TEST(Nmea, SaysSoWhereNotOneSumIsRight) {
  const Track track =
      read("$GPRMC,120000,A,5000.0000,N,03000.0000,E,5.0,90.0,141123,,,A*00\n$GPRMC,120001,A,5000.0000,N,0300");
  ASSERT_EQ(track.points.size(), 1U);
  EXPECT_EQ(track.points[0].latitude, 50);
  EXPECT_TRUE(protocol::has_remark(track, TrackRemark::kSumsWrong));
}

TEST(Nmea, ReadsWhatHasNoSumsAtAll) {
  const Track track = read("$GPRMC,120000,A,5000.0000,N,03000.0000,E,5.0,90.0,141123,,,A\n");
  ASSERT_EQ(track.points.size(), 1U);
  EXPECT_TRUE(track.remarks.empty());
}

TEST(Nmea, GoesOverMidnightInBothDirections) {
  const std::string gga = ",5000.0000,N,03000.0000,E,1,08,1.0,10.0,M,0.0,M,,";
  const Track track = read(sentence("GPGGA,235958" + gga) + sentence("GPGGA,235959" + gga) +
                           sentence("GPRMC,000000,A,5000.0000,N,03000.0000,E,5.0,90.0,010124,,,A") +
                           sentence("GPGGA,235959" + gga) + sentence("GPGGA,000001" + gga));
  ASSERT_EQ(track.points.size(), 5U);
  EXPECT_EQ(track.points[0].time->us, us_of("2023-12-31T23:59:58Z"));
  EXPECT_EQ(track.points[1].time->us, us_of("2023-12-31T23:59:59Z"));
  EXPECT_EQ(track.points[2].time->us, us_of("2024-01-01T00:00:00Z"));
  EXPECT_EQ(track.points[3].time->us, us_of("2024-01-01T23:59:59Z"));  // a day later
  EXPECT_EQ(track.points[4].time->us, us_of("2024-01-02T00:00:01Z"));
}

TEST(Nmea, HasNoDayWhereNoSentenceHasOne) {
  const Track track = read(sentence("GPGGA,120000,5000.0000,N,03000.0000,E,1,08,1.0,10.0,M,0.0,M,,"));
  ASSERT_EQ(track.points.size(), 1U);
  EXPECT_FALSE(track.points[0].time);
}

TEST(Nmea, KnowsTheDayFromZda) {
  const Track track = read(sentence("GPGGA,120000,5000.0000,N,03000.0000,E,1,08,1.0,10.0,M,0.0,M,,") +
                           sentence("GPZDA,120000,14,11,2023,00,00"));
  ASSERT_EQ(track.points.size(), 1U);
  EXPECT_EQ(track.points[0].time->us, us_of("2023-11-14T12:00:00Z"));
}

TEST(Nmea, TakesNobodysGuessForAFix) {
  const std::string tail = ",5.0,90.0,141123,,,";
  for (const char mode : {'N', 'E', 'M', 'S'})
    EXPECT_TRUE(read(sentence("GPRMC,120000,A,5000.0000,N,03000.0000,E" + tail + mode)).points.empty()) << mode;
  for (const char mode : {'A', 'D', 'R', 'F', 'P'})
    EXPECT_EQ(read(sentence("GPRMC,120000,A,5000.0000,N,03000.0000,E" + tail + mode)).points.size(), 1U) << mode;
  EXPECT_EQ(read(sentence("GPGGA,120000,5000.0000,N,03000.0000,E,6,08,1.0,10.0,M,0.0,M,,")).records_without_fix, 1);
  // One talker has a fix and another has not.
  EXPECT_EQ(read(sentence("GPGGA,120000,5000.0000,N,03000.0000,E,1,08,1.0,10.0,M,0.0,M,,") +
                 sentence("GLGGA,120000,,,,,0,00,,,M,,M,,"))
                .points.size(),
            1U);
}

TEST(Nmea, RefusesAnglesThatAreNone) {
  for (const std::string place :
       {"9100.0000,N,03000.0000,E", "5060.0000,N,03000.0000,E", "5000.0000,E,03000.0000,N", "5000.0000,N,18100.0000,E",
        "-5000.0000,N,03000.0000,E", "5000.0000,,03000.0000,", "x,N,y,E"}) {
    const Track track = read(sentence("GPRMC,120000,A," + place + ",5.0,90.0,141123,,,A"));
    EXPECT_TRUE(track.points.empty()) << place;
    EXPECT_EQ(track.records_damaged, 1) << place;
  }
}

TEST(Nmea, FindsSentencesInADashcamsText) {
  // As Thinkware's subtitles have them: without the $, between other things.
  NmeaText text;
  text.take(
      "gsensori,4,512,-122,016,-03;GPRMC,041647.00,A,5000.00600,N,3000.00600,E,11.595,3.94,020626,,,A*6F\n;CAR,0,0,0,0."
      "0",
      {.at_us = 5'000'000});
  const Track track = text.finish();
  ASSERT_EQ(track.points.size(), 1U);
  expect_place(track.points[0], 50.0001, 30.0001);
  EXPECT_EQ(track.points[0].at_ms, 5'000);
  EXPECT_EQ(track.points[0].time->us, us_of("2026-06-02T04:16:47Z"));
  // As BlackVue's logs do: a time of their own in front.
  EXPECT_EQ(
      read("[1699970400400]" + sentence("GPRMC,120000,A,5000.0000,N,03000.0000,E,5.0,90.0,141123,,,A")).points.size(),
      1U);
}

TEST(Nmea, ReadsMagellansTrackLog) {
  const Track track = read("$PMGNTRK,4415.163,N,07631.126,W,00095,M,110833.53,A,,030409*68\r\n");
  ASSERT_EQ(track.points.size(), 1U);
  expect_place(track.points[0], 44.2527166666667, -76.5187666666667);
  EXPECT_EQ(track.points[0].altitude_m, 95);
  EXPECT_EQ(track.points[0].time->us, us_of("2009-04-03T11:08:33.53Z"));
}

}  // namespace
}  // namespace lapel::mediaworker
