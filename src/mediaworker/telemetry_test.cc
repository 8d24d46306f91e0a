// SPDX-License-Identifier: Apache-2.0
// Which files are telemetry, and which streams of footage carry some.
#include "mediaworker/telemetry.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mediaworker/demuxer.h"
#include "mediaworker/telemetry_for_tests.h"

namespace lapel::mediaworker {
namespace {

using namespace std::string_literals;
using protocol::Track;

std::string sniffed(std::string_view head) {
  const TelemetryFile* kind = sniff_telemetry(as_bytes(head));
  return kind ? std::string(kind->name) : "";
}

TEST(Sniff, KnowsTelemetryByItsFirstBytes) {
  EXPECT_EQ(sniffed("DEVC\0\1\0\x10"s), "gpmf");
  EXPECT_EQ(sniffed("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<gpx>"), "gpx");
  EXPECT_EQ(sniffed(" {\"CoordinateEntries\":[]}"), "axis_gnss");
  EXPECT_EQ(sniffed("\r\n1\r\n00:00:00,000 --> 00:00:01,000\r\n"), "srt");
  EXPECT_EQ(sniffed("# a log\n$GPRMC,120000,A,5000.0000,N,03000.0000,E,5.0,90.0,141123,,,A*4D\n"), "nmea");
  EXPECT_EQ(sniffed("$GPRMC,120000,V,,,,,,,141123,,,N"), "nmea");
}

TEST(Sniff, KnowsNoOtherTelemetry) {
  for (const std::string& head : {""s, "\0"s, "DEVC"s, "<?xml version=\"1.0\"?><MPD>"s, "{\"a\":1}"s, "[]"s, "1\n2\n"s,
                                  "#EXTM3U\n1.ts\n"s, "ffconcat version 1.0\n"s, "$GPGSV,3,1,12,17,72,207,32*4D\n"s,
                                  "$GPRMC,\n"s, "Gary was here, and nothing else."s}) {
    EXPECT_EQ(sniffed(head), "") << head;
  }
}

// A file of test/data as the job has it.
struct Opened {
  explicit Opened(const std::string& name)
      : descriptor(open((LAPEL_SOURCE_DIR "/test/data/" + name).c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    EXPECT_EQ(fstat(descriptor, &status), 0) << name;
    demuxer = std::make_unique<Demuxer>(Source{descriptor, status.st_size});
    EXPECT_FALSE(demuxer->open({"mp4", "mov", false, true}, {}, Demuxer::Edits::kShifted)) << name;
  }
  ~Opened() { close(descriptor); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  int descriptor;
  std::unique_ptr<Demuxer> demuxer;
};

// Sample times as ExifTool 12.57 has them (-ee -G3): payloads at 0, 1.001, 2.002, 3.003, … s, of four rows and once of three.
TEST(ReadTrack, ReadsGpmfOutOfAnMp4) {
  Opened file("telemetry/gopro+gpmf-parser/samples/karma_small.mp4");
  EXPECT_TRUE(may_have_track(*file.demuxer));
  const Track track = read_track(*file.demuxer, {}).value();
  ASSERT_EQ(track.points.size(), 47U);
  EXPECT_EQ(track.points[0].at_ms, 0);
  EXPECT_EQ(track.points[1].at_ms, 250);
  EXPECT_EQ(track.points[4].at_ms, 1'001);
  EXPECT_EQ(track.points[8].at_ms, 2'002);
  EXPECT_EQ(track.points[11].at_ms, 3'003);
  expect_place(track.points[4], 33.125381, -117.3310731);
}

// Written by mapillary_tools 0.14.7, which reads the same points back out of it.
TEST(ReadTrack, ReadsCammThatBeginsLaterThanThePicture) {
  Opened file("telemetry/mapillary+mapillary_tools/camm6.mp4");
  const Track track = read_track(*file.demuxer, Timestamp{us_of("2025-03-14T07:00:00Z")}).value();
  ASSERT_EQ(track.points.size(), 5U);
  EXPECT_EQ(track.records_without_fix, 1);
  EXPECT_EQ(track.points[0].at_ms, 500);
  EXPECT_EQ(track.points[0].time->us, us_of("2025-03-14T07:00:00Z"));
  expect_place(track.points[0], 37.793585, -122.461396);
  EXPECT_EQ(track.points[0].accuracy_m, 2.5);
  EXPECT_EQ(track.points[4].at_ms, 10'359);
  EXPECT_EQ(track.points[4].time->us, us_of("2025-03-14T07:00:09.863Z"));
  expect_place(track.points[4], 37.794298, -122.461599);
}

TEST(ReadTrack, ReadsShortCamm) {
  Opened file("telemetry/mapillary+mapillary_tools/camm5.mp4");
  const Track track = read_track(*file.demuxer, {}).value();
  ASSERT_EQ(track.points.size(), 6U);
  EXPECT_EQ(track.points[1].at_ms, 2'494);
  EXPECT_EQ(track.points[1].altitude_m, 93);
  EXPECT_FALSE(track.points[1].time);
}

TEST(ReadTrack, HasNothingOfFootageWithoutTelemetry) {
  Opened file("video/Zulko+moviepy/media/chaplin.mp4");
  EXPECT_FALSE(may_have_track(*file.demuxer));
  EXPECT_FALSE(read_track(*file.demuxer, {}));
}

}  // namespace
}  // namespace lapel::mediaworker
