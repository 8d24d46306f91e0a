// SPDX-License-Identifier: Apache-2.0
// GPX 1.0 and 1.1. Points of tracks (trkpt) are taken; where there are none, those of routes (rtept), else marked places (wpt), and the
// track says so. In a point: ele, time, hdop, fix, and speed and course, which 1.0 has and 1.1 keeps in extensions.
// A document type is refused before anything of it is read, and with it every entity but XML's own five.
#include <array>
#include <string>
#include <utility>

#include "mediaworker/collector.h"
#include "mediaworker/numbers.h"
#include "mediaworker/telemetry.h"
#include "xml/reader.h"

namespace lapel::mediaworker {
namespace {

using protocol::TrackPoint;
using protocol::TrackRemark;

constexpr std::size_t kTextBytesMax = 64;  // of one number or time

enum class Kind { kTrack, kRoute, kMark };
constexpr std::array<std::pair<std::string_view, Kind>, 3> kPoints = {
    {{"trkpt", Kind::kTrack}, {"rtept", Kind::kRoute}, {"wpt", Kind::kMark}}};

// xsd:dateTime. Who leaves the zone out means UTC, which GPX says its times are in.
std::optional<Timestamp> time_of(std::string_view text) {
  if (const auto time = parse_rfc3339(text)) return time;
  return parse_rfc3339(std::string(text) + "Z");
}

class GpxReader final : public xml::Handler {
 public:
  protocol::Track read(std::string_view text) {
    xml::Reader reader(*this);
    const bool is_sound = reader.take(text) && reader.finish();
    Collector& chosen = choose();
    if (!is_sound) chosen.add_remark(TrackRemark::kBreaksOff);
    return chosen.finish();
  }

 private:
  Result<void> text(std::string_view more) override {
    if (text_.size() <= kTextBytesMax) text_ += more.substr(0, kTextBytesMax + 1);
    return {};
  }

  Result<void> begin(std::string_view name, const std::vector<xml::Attribute>& attributes) override {
    text_.clear();
    for (const auto& [element, kind] : kPoints) {
      if (name != element) continue;
      kind_ = kind;
      point_ = TrackPoint{};
      is_refused_ = false;
      std::optional<double> latitude, longitude;
      for (const xml::Attribute& attribute : attributes) {
        if (attribute.name == "lat") latitude = decimal(trimmed(attribute.value));
        if (attribute.name == "lon") longitude = decimal(trimmed(attribute.value));
      }
      is_place_ = latitude && longitude;
      if (is_place_) {
        point_.latitude = *latitude;
        point_.longitude = *longitude;
      }
    }
    return {};
  }

  Result<void> end(std::string_view name) override {
    const std::string_view text = text_.size() > kTextBytesMax ? std::string_view() : std::string_view(text_);
    if (kind_) {
      for (const auto& [element, kind] : kPoints) {
        if (name != element || kind != *kind_) continue;
        end_point();
        return {};
      }
      const std::string_view value = xml::spaceless(text);
      if (name == "ele") point_.altitude_m = decimal(value);
      if (name == "time") point_.time = time_of(value);
      if (name == "hdop") point_.dop = decimal(value);
      if (name == "speed") point_.speed_m_s = decimal(value);
      if (name == "course") point_.course_deg = decimal(value);
      if (name == "fix" && value == "none") is_refused_ = true;
    }
    text_.clear();
    return {};
  }

  void end_point() {
    text_.clear();
    Collector& collector = collectors_[static_cast<std::size_t>(*kind_)];
    kind_.reset();
    if (is_refused_) return collector.add_without_fix();
    if (!is_place_) return collector.add_damaged();
    collector.add(point_);
  }

  // Of tracks, routes and marks the first that has records.
  Collector& choose() {
    for (Collector& collector : collectors_) {
      if (!collector.has_records()) continue;
      if (&collector != &collectors_[0]) collector.add_remark(TrackRemark::kPlanned);
      return collector;
    }
    return collectors_[0];
  }

  std::array<Collector, 3> collectors_ = {Collector(protocol::TrackSource::kGpx),
                                          Collector(protocol::TrackSource::kGpx),
                                          Collector(protocol::TrackSource::kGpx)};
  std::optional<Kind> kind_;  // of the point that is open
  TrackPoint point_;
  bool is_place_ = false;
  bool is_refused_ = false;
  std::string text_;  // of the element that is open; longer than a number or a time is none of either
};

}  // namespace

protocol::Track read_gpx(ByteView file) {
  return GpxReader().read(as_text(file));
}

}  // namespace lapel::mediaworker
