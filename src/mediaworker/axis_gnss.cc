// SPDX-License-Identifier: Apache-2.0
// The positions that Axis' body-worn systems hand over beside a recording, as JSON:
//   {"CoordinateEntries":[{"LocationWKT":"POINT(13.221184 55.718409)","SecondsFromStart":64.0,"Timestamp":"2022-08-23T11:48:10Z"},…]}
// In the point longitude stands first, and a height may follow latitude. Described at
// github.com/AxisCommunications/body-worn-integration-api.
#include <array>
#include <cmath>

#include "base/json.h"
#include "mediaworker/collector.h"
#include "mediaworker/numbers.h"
#include "mediaworker/telemetry.h"

namespace lapel::mediaworker {
namespace {

using protocol::TrackPoint;
using protocol::TrackRemark;

constexpr std::size_t kJsonBytesMax = std::size_t{16} << 20;  // read whole: a day of one a second has ten
constexpr std::string_view kEntries = "\"CoordinateEntries\"";

// POINT(x y), POINT (x y), POINT Z (x y z); nothing where it is none.
std::optional<TrackPoint> point_of(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with("POINT")) return std::nullopt;
  text = trimmed(text.substr(5));
  if (text.starts_with('Z')) text = trimmed(text.substr(1));
  if (!text.starts_with('(') || !text.ends_with(')')) return std::nullopt;
  text = trimmed(text.substr(1, text.size() - 2));
  std::array<std::optional<double>, 3> numbers;
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    const std::size_t end = text.find(' ');
    if (count == numbers.size()) return std::nullopt;
    numbers[count] = decimal(text.substr(0, end));
    if (!numbers[count]) return std::nullopt;
    text = end == std::string_view::npos ? std::string_view() : trimmed(text.substr(end));
  }
  if (count < 2) return std::nullopt;
  return TrackPoint{.latitude = *numbers[1], .longitude = *numbers[0], .altitude_m = numbers[2]};
}

std::optional<std::int64_t> milliseconds_of(const Json* seconds) {
  double value = 0;
  if (seconds == nullptr) return std::nullopt;
  if (const std::int64_t* whole_seconds = seconds->integer()) {
    value = static_cast<double>(*whole_seconds);
  } else if (const double* real = seconds->real()) {
    value = *real;
  } else {
    return std::nullopt;
  }
  constexpr double kSecondsMax = protocol::kTrackMsMax / 1'000.0;
  return std::abs(value) <= kSecondsMax ? std::optional<std::int64_t>(std::llround(value * 1'000)) : std::nullopt;
}

void add_entry(const Json& entry, Collector& collector) {
  const std::string* place = entry.find_string("LocationWKT");
  auto point = place != nullptr ? point_of(*place) : std::nullopt;
  if (!point) return collector.add_damaged();
  point->at_ms = milliseconds_of(entry.find("SecondsFromStart"));
  if (const std::string* time = entry.find_string("Timestamp")) point->time = parse_rfc3339(*time);
  collector.add(*point);
}

// Of what is no JSON as a whole, the entries that are: they hold no objects of their own.
void salvage(std::string_view text, Collector& collector) {
  collector.add_remark(TrackRemark::kBreaksOff);
  const std::size_t begin = text.find(kEntries);
  if (begin == std::string_view::npos) return;
  text.remove_prefix(begin);
  for (std::size_t open = 0; (open = text.find('{')) != std::string_view::npos;) {
    text.remove_prefix(open);
    const std::size_t close = text.find('}');
    // The one that is cut off is told of by the remark.
    if (close == std::string_view::npos) return;
    const auto entry = parse_json(text.substr(0, close + 1));
    if (entry) {
      add_entry(*entry, collector);
    } else {
      collector.add_damaged();
    }
    text.remove_prefix(close + 1);
  }
}

}  // namespace

protocol::Track read_axis_gnss(ByteView file) {
  Collector collector(protocol::TrackSource::kAxisGnss);
  const std::string_view text = as_text(file);
  const auto whole_file = parse_json(text, {.bytes_max = kJsonBytesMax});
  const Json* entries = whole_file ? whole_file->find("CoordinateEntries") : nullptr;
  if (whole_file && entries != nullptr && entries->array() != nullptr) {
    for (const Json& entry : *entries->array()) add_entry(entry, collector);
  } else if (!whole_file) {
    salvage(text, collector);
  }
  return collector.finish();
}

}  // namespace lapel::mediaworker
