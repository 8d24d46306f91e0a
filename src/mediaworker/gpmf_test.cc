// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <initializer_list>

#include "mediaworker/telemetry.h"
#include "mediaworker/telemetry_for_tests.h"

namespace lapel::mediaworker {
namespace {

using protocol::Track;
using protocol::TrackRemark;

std::string samples(const std::string& name) {
  return telemetry_data("JuanIrache+gopro-telemetry/samples/" + name);
}
Track read(std::string_view bytes) {
  return read_gpmf_file(as_bytes(bytes));
}

// One item: key, type, bytes of an element, how many are in `data`.
std::string item(std::string_view key, char type, std::size_t element_bytes, const std::string& data) {
  std::string out(key);
  out += type;
  out += static_cast<char>(element_bytes);
  const std::size_t count = element_bytes == 0 ? data.size() : data.size() / element_bytes;
  out += static_cast<char>(count >> 8);
  out += static_cast<char>(count);
  out += data;
  out.append((4 - data.size() % 4) % 4, '\0');
  return out;
}
std::string nested(std::string_view key, const std::string& data) {
  return item(key, '\0', 1, data);
}
std::string numbers(std::size_t bytes, std::initializer_list<std::int64_t> values) {
  std::string out;
  for (const std::int64_t value : values) {
    for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
  return out;
}
std::string gps5(const std::string& rows, int fix = 3) {
  return nested("DEVC",
                nested("STRM", item("GPSF", 'L', 4, numbers(4, {fix})) + item("GPSU", 'U', 16, "230102030405.678") +
                                   item("GPSP", 'S', 2, numbers(2, {150})) +
                                   item("SCAL", 'l', 4, numbers(4, {10'000'000, 10'000'000, 1000, 1000, 100})) +
                                   item("GPS5", 'l', 20, rows)));
}
const std::string kRow = numbers(4, {423'425'835, -87'526'142, 58'512, 173, 12});

// Numbers of the payloads as gopro-telemetry 1.2 (npm) reads them.
TEST(Gpmf, ReadsAPayloadOfACamera) {
  const Track track = read(samples("hero5.raw"));
  EXPECT_EQ(track.source, protocol::TrackSource::kGpmf);
  ASSERT_EQ(track.points.size(), 18U);
  expect_place(track.points[0], 33.1264969, -117.3273542);
  EXPECT_EQ(track.points[0].altitude_m, -20.184);
  EXPECT_EQ(track.points[0].speed_m_s, 0.167);
  EXPECT_EQ(track.points[0].dop, 6.06);
  EXPECT_EQ(track.points[0].time->us, us_of("2017-04-17T17:31:03Z"));
  EXPECT_EQ(track.points[1].time->us / 1'000, us_of("2017-04-17T17:31:03.055Z") / 1'000);
  EXPECT_EQ(track.points[17].time->us / 1'000, us_of("2017-04-17T17:31:03.945Z") / 1'000);
  expect_place(track.points[17], 33.1264973, -117.3273579);
  EXPECT_FALSE(track.points[0].at_ms);  // no footage is here to be aligned with
}

TEST(Gpmf, SpreadsEachPayloadUpToTheNext) {
  const Track track = read(samples("hero7.raw"));
  ASSERT_EQ(track.points.size(), 308U);
  EXPECT_EQ(track.points[0].time->us, us_of("2019-01-03T16:33:34.094Z"));
  EXPECT_EQ(track.points[1].time->us, us_of("2019-01-03T16:33:34.149Z"));
  EXPECT_EQ(track.points[17].time->us, us_of("2019-01-03T16:33:35.029Z"));
  EXPECT_EQ(track.points[18].time->us, us_of("2019-01-03T16:33:35.084Z"));
  expect_place(track.points[18], 42.3425824, -8.7526159);
  expect_place(track.points[307], 42.3423429, -8.752681);
  EXPECT_EQ(track.points[307].dop, 1.87);
}

TEST(Gpmf, MakesNoPointsWithoutAFix) {
  const Track track = read(samples("hero6.raw"));
  EXPECT_TRUE(track.points.empty());
  EXPECT_EQ(track.records_without_fix, 17);
  EXPECT_EQ(read(gps5(kRow + kRow, 0)).records_without_fix, 2);
  EXPECT_EQ(read(gps5(kRow, 2)).points.size(), 1U);  // flat, and still a place
}

TEST(Gpmf, ReadsTheDroneThatKnowsItsOwnTime) {
  const Track track = read(samples("karma.raw"));
  ASSERT_EQ(track.points.size(), 4U);
  expect_place(track.points[0], 33.125368, -117.3310641);
  EXPECT_EQ(track.points[0].altitude_m, 15.445);
  EXPECT_EQ(track.points[0].speed_m_s, 0.59);
  EXPECT_EQ(track.points[0].course_deg, 334.35);
  EXPECT_EQ(track.points[0].accuracy_m, 0.25);
  // Its stream SYST: on for 146.544283 s at 19:27:58 UTC; the point is of 145.911705 s. ExifTool 12.57 counts in the same way.
  EXPECT_EQ(track.points[0].time->us, us_of("2017-04-17T19:27:57.367422Z"));
  expect_place(track.points[3], 33.1253765, -117.3310702);
}

TEST(Gpmf, ReadsTheStreamOfNewerCameras) {
  const auto row = [](int fix) {
    return numbers(4, {515'000'000, -1'000'000, 12'345, 2'500, 260, 8'401, 45'296'789}) + numbers(2, {125, fix});
  };
  const std::string scales = numbers(4, {10'000'000, 10'000'000, 1000, 1000, 100, 1, 1000, 100, 1});
  const std::string newer = nested("STRM", item("TYPE", 'c', 1, "lllllllSS") + item("SCAL", 'l', 4, scales) +
                                               item("GPS9", '?', 32, row(3) + row(0)));
  const std::string older = nested("STRM", item("GPS5", 'l', 20, kRow));
  const Track track = read(nested("DEVC", older + newer));
  ASSERT_EQ(track.points.size(), 1U);
  EXPECT_EQ(track.records_without_fix, 1);
  expect_place(track.points[0], 51.5, -0.1);
  EXPECT_EQ(track.points[0].altitude_m, 12.345);
  EXPECT_EQ(track.points[0].speed_m_s, 2.5);
  EXPECT_EQ(track.points[0].dop, 1.25);
  // 8,401 days after the first of 2000 is the first of 2023; 45,296.789 s are 12:34:56.789.
  EXPECT_EQ(track.points[0].time->us, us_of("2023-01-01T12:34:56.789Z"));
}

TEST(Gpmf, AlignsPointsWithTheFootage) {
  const auto reader = gpmf_reader();
  reader->take(as_bytes(gps5(kRow + kRow + kRow + kRow)), {.at_us = 10'000'000, .duration_us = 2'000'000});
  const Track track = reader->finish();
  ASSERT_EQ(track.points.size(), 4U);
  EXPECT_EQ(track.points[0].at_ms, 10'000);
  EXPECT_EQ(track.points[3].at_ms, 11'500);
  EXPECT_EQ(track.points[3].time->us, us_of("2023-01-02T03:04:07.178Z"));
}

TEST(Gpmf, KeepsWhatComesBeforeItBreaksOff) {
  const std::string whole = samples("hero7.raw");
  const Track track = read(std::string_view(whole).substr(0, whole.size() / 2));
  EXPECT_GT(track.points.size(), 100U);
  EXPECT_LT(track.points.size(), 200U);
  EXPECT_TRUE(protocol::has_remark(track, TrackRemark::kBreaksOff));
  EXPECT_EQ(track.records_damaged, 1);
}

TEST(Gpmf, LeavesOutTablesThatCannotBeRead) {
  const auto damaged = [](const std::string& items) {
    const Track track = read(nested("DEVC", nested("STRM", items)));
    EXPECT_TRUE(track.points.empty());
    return track.records_damaged;
  };
  const std::string scale = item("SCAL", 'l', 4, numbers(4, {10'000'000, 10'000'000, 1000, 1000, 100}));
  EXPECT_EQ(damaged(scale + item("GPS5", 'l', 16, kRow.substr(0, 16))), 1);  // four columns
  EXPECT_EQ(damaged(scale + item("GPS5", 'l', 18, kRow.substr(0, 18))), 1);  // four and a half
  EXPECT_EQ(damaged(scale + item("GPS5", 'c', 20, kRow)), 1);                // a text
  EXPECT_EQ(damaged(scale + item("GPS5", '?', 20, kRow)), 1);                // of types that nobody names
  EXPECT_EQ(damaged(item("TYPE", 'c', 1, "lllls") + scale + item("GPS5", '?', 20, kRow)), 1);  // of others
  EXPECT_EQ(damaged(item("SCAL", 'l', 4, numbers(4, {1, 1, 1})) + item("GPS5", 'l', 20, kRow)), 1);
  EXPECT_EQ(damaged(item("SCAL", 'l', 4, numbers(4, {0})) + item("GPS5", 'l', 20, kRow)), 1);  // divided by nothing
  EXPECT_EQ(damaged(item("SCAL", 'l', 4, numbers(4, {1})) + item("GPS5", 'l', 20, kRow)),
            1);  // 423,425,835 degrees north
  EXPECT_EQ(damaged(item("GPS5", 'l', 0, "")), 1);
}

TEST(Gpmf, IsNotWhatIsNoPayload) {
  EXPECT_FALSE(has_records(read("")));
  EXPECT_FALSE(has_records(read("DEVC")));
  EXPECT_FALSE(has_records(read(nested("DEVC", ""))));
  EXPECT_FALSE(has_records(read(nested("DEVC", nested("STRM", item("ACCL", 's', 6, numbers(2, {1, 2, 3})))))));
  EXPECT_FALSE(
      protocol::has_remark(read(nested("DEVC", "") + std::string(7, '\0')), TrackRemark::kBreaksOff));  // filled up
}

}  // namespace
}  // namespace lapel::mediaworker
