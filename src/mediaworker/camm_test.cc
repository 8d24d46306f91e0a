// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <utility>
#include <vector>

#include "mediaworker/telemetry.h"
#include "mediaworker/telemetry_for_tests.h"

namespace lapel::mediaworker {
namespace {

using protocol::Track;

std::string little(std::uint64_t value, std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string f64(double value) {
  return little(std::bit_cast<std::uint64_t>(value), 8);
}
std::string f32(float value) {
  return little(std::bit_cast<std::uint32_t>(value), 4);
}
std::string head(std::uint64_t type) {
  return little(0, 2) + little(type, 2);
}
std::string gps(double seconds, std::uint64_t fix, float east = 3, float north = -4) {
  return head(6) + f64(seconds) + little(fix, 4) + f64(37.793585) + f64(-122.461396) + f32(94.75F) + f32(2.5F) +
         f32(4) + f32(east) + f32(north) + f32(0.1F) + f32(0.3F);
}
Track read(const std::vector<std::string>& packets, std::optional<Timestamp> created = {}) {
  const auto reader = camm_reader(created);
  std::int64_t at_us = 0;
  for (const std::string& packet : packets)
    reader->take(as_bytes(packet), {.at_us = std::exchange(at_us, at_us + 1'000'000)});
  return reader->finish();
}
constexpr double kGpsSeconds = 1'425'970'818;  // 2025-03-14T07:00:00Z: 18 leap seconds ahead of UTC
constexpr double kUnixSeconds = 1'741'935'600;

TEST(Camm, ReadsPlaceSpeedAndCourse) {
  const Track track = read({gps(kGpsSeconds, 3), gps(kGpsSeconds + 1, 0), gps(kGpsSeconds + 2, 2, 0, 0)});
  ASSERT_EQ(track.points.size(), 2U);
  EXPECT_EQ(track.records_without_fix, 1);
  const auto& first = track.points[0];
  expect_place(first, 37.793585, -122.461396);
  EXPECT_EQ(first.at_ms, 0);
  EXPECT_EQ(first.time->us, us_of("2025-03-14T07:00:00Z"));
  EXPECT_EQ(first.altitude_m, 94.75);
  EXPECT_EQ(first.accuracy_m, 2.5);
  EXPECT_EQ(first.speed_m_s, 5);
  EXPECT_NEAR(*first.course_deg, 143.130, 0.001);  // 3 east, 4 south
  EXPECT_EQ(track.points[1].at_ms, 2'000);
  EXPECT_EQ(track.points[1].speed_m_s, 0);
  EXPECT_FALSE(track.points[1].course_deg);
}

TEST(Camm, TellsTheTwoEpochsApartByWhenTheFileWasMade) {
  const Timestamp made{us_of("2025-03-14T07:05:00Z")};
  EXPECT_EQ(read({gps(kGpsSeconds, 3)}, made).points.at(0).time->us, made.us - 300'000'000);
  EXPECT_EQ(read({gps(kUnixSeconds, 3)}, made).points.at(0).time->us, made.us - 300'000'000);
  // Not said: as the specification has it, and what has not been yet is not believed of a clock in 1970.
  EXPECT_EQ(read({gps(kUnixSeconds, 3)}).points.at(0).time->us, us_of("2035-03-19T06:59:42Z"));
  EXPECT_FALSE(read({gps(0, 3)}).points.at(0).time);
}

TEST(Camm, CountsLeapSecondsOfTheDay) {
  EXPECT_EQ(read({gps(1'167'264'016, 3)}).points.at(0).time->us, us_of("2017-01-01T00:00:00Z") - 1'000'000);
  EXPECT_EQ(read({gps(1'167'264'018, 3)}).points.at(0).time->us, us_of("2017-01-01T00:00:00Z"));
}

TEST(Camm, TakesTheShortRecordsWhereThereAreNoOthers) {
  const std::string place = head(5) + f64(1.5) + f64(-2.5) + f64(30);
  const Track only = read({place, head(3) + f32(1) + f32(2) + f32(3)});
  ASSERT_EQ(only.points.size(), 1U);
  EXPECT_EQ(only.points[0], (protocol::TrackPoint{.at_ms = 0, .latitude = 1.5, .longitude = -2.5, .altitude_m = 30}));
  EXPECT_EQ(read({place, gps(kGpsSeconds, 3)}).points.at(0).latitude, 37.793585);
}

TEST(Camm, CountsRecordsThatAreCutOff) {
  const std::string whole = gps(kGpsSeconds, 3);
  const Track track = read({whole, whole.substr(0, whole.size() - 1)});
  EXPECT_EQ(track.points.size(), 1U);
  EXPECT_EQ(track.records_damaged, 1);
  EXPECT_EQ(read({"abc", head(5) + f64(1.5)}).records_damaged, 2);
}

}  // namespace
}  // namespace lapel::mediaworker
