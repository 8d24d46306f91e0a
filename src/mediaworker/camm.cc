// SPDX-License-Identifier: Apache-2.0
// CAMM, Google's camera motion metadata: a track of an MP4 whose samples are one record each, little-endian, two bytes of nothing,
// two of a type. Two types have positions:
//   5  latitude, longitude, altitude
//   6  time, fix, latitude, longitude, altitude, two accuracies, velocity to the east, the north and upward, its accuracy
// Where a camera writes both they are the same places, and 6 says more. Described at
// developers.google.com/streetview/publish/camm-spec.
#include <bit>
#include <cmath>
#include <numbers>

#include "mediaworker/collector.h"
#include "mediaworker/telemetry.h"

namespace lapel::mediaworker {
namespace {

using protocol::TrackPoint;

constexpr std::size_t kHeaderBytes = 4;
constexpr std::uint64_t kPosition = 5;
constexpr std::uint64_t kGps = 6;
constexpr std::size_t kPositionBytes = 3 * 8;
constexpr std::size_t kGpsBytes = 8 + 4 + 2 * 8 + 7 * 4;

// Fields one after the other; the caller has seen that there are as many.
class Fields {
 public:
  explicit Fields(ByteView bytes) : rest_(bytes) {}

  std::uint64_t integer(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | rest_[i];
    rest_ = rest_.subspan(bytes);
    return value;
  }
  double real64() { return std::bit_cast<double>(integer(8)); }
  double real32() { return std::bit_cast<float>(static_cast<std::uint32_t>(integer(4))); }

 private:
  ByteView rest_;
};

// Seconds of the GPS clock, which knows no leap seconds, to UTC. Nothing for what no camera with CAMM has seen.
std::optional<Timestamp> utc_of_gps(double seconds) {
  constexpr double kGpsEpochS = 315'964'800;  // 1980-01-06
  struct Leap {
    double from_s;  // of UTC
    double seconds;
  };
  constexpr Leap kLeaps[] = {{1'483'228'800, 18}, {1'435'708'800, 17}, {1'341'100'800, 16}};
  for (const Leap& leap : kLeaps) {
    const double utc = seconds + kGpsEpochS - leap.seconds;
    if (utc >= leap.from_s && utc < 1e11) return Timestamp{std::llround(utc * 1e6)};
  }
  return std::nullopt;
}

// The specification counts from 1980, yet there are cameras that count from 1970. Ten years lie between the two, so the one that
// is nearer to when the file says that it was made is meant; where it does not say, the specification's.
std::optional<Timestamp> utc_of(double seconds, std::optional<Timestamp> created) {
  if (!(seconds > 0) || seconds > 1e11) return std::nullopt;
  const auto specified = utc_of_gps(seconds);
  const Timestamp unix_time{std::llround(seconds * 1e6)};
  if (!created) return specified;
  if (!specified) return unix_time;
  return std::abs(unix_time - *created) < std::abs(*specified - *created) ? unix_time : *specified;
}

class CammReader final : public TelemetryReader {
 public:
  explicit CammReader(std::optional<Timestamp> created) : created_(created) {}

  void take(ByteView packet, const Shown& shown) override {
    if (packet.size() < kHeaderBytes) return positions_.add_damaged();
    Fields fields(packet);
    fields.integer(2);
    const std::uint64_t type = fields.integer(2);
    const std::size_t bytes = packet.size() - kHeaderBytes;
    if (type == kPosition) {
      if (bytes < kPositionBytes) return positions_.add_damaged();
      TrackPoint point{.at_ms = shown.at_ms()};
      point.latitude = fields.real64();
      point.longitude = fields.real64();
      point.altitude_m = fields.real64();
      positions_.add(point);
    } else if (type == kGps) {
      if (bytes < kGpsBytes) return gps_.add_damaged();
      take_gps(fields, shown);
    }
  }

  protocol::Track finish() override { return gps_.has_records() ? gps_.finish() : positions_.finish(); }

 private:
  void take_gps(Fields& fields, const Shown& shown) {
    TrackPoint point{.at_ms = shown.at_ms()};
    point.time = utc_of(fields.real64(), created_);
    if (fields.integer(4) == 0) return gps_.add_without_fix();
    point.latitude = fields.real64();
    point.longitude = fields.real64();
    point.altitude_m = fields.real32();
    point.accuracy_m = fields.real32();
    fields.real32();  // vertical accuracy
    const double east = fields.real32();
    const double north = fields.real32();
    point.speed_m_s = std::hypot(east, north);
    // Who stands still goes nowhere.
    if (*point.speed_m_s > 0) point.course_deg = std::atan2(east, north) * 180 / std::numbers::pi;
    gps_.add(point);
  }

  std::optional<Timestamp> created_;
  Collector positions_{protocol::TrackSource::kCamm};
  Collector gps_{protocol::TrackSource::kCamm};
};

}  // namespace

std::unique_ptr<TelemetryReader> camm_reader(std::optional<Timestamp> created) {
  return std::make_unique<CammReader>(created);
}

}  // namespace lapel::mediaworker
