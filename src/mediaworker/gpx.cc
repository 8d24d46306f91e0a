// SPDX-License-Identifier: Apache-2.0
// GPX 1.0 and 1.1, through expat. Elements go by their local names, since files without the namespace and with another are
// common. Points of tracks (trkpt) are taken; where there are none, those of routes (rtept), else marked places (wpt), and the
// track says so. In a point: ele, time, hdop, fix, and speed and course, which 1.0 has and 1.1 keeps in extensions.
// A document type is refused before anything of it is read, and with it every entity but XML's own five.
#include <array>
#include <limits>
#include <string>
#include <utility>

#include <expat.h>

#include "mediaworker/collector.h"
#include "mediaworker/numbers.h"
#include "mediaworker/telemetry.h"

namespace lapel::mediaworker {
namespace {

using protocol::TrackPoint;
using protocol::TrackRemark;

constexpr std::size_t kDepthMax = 64;
constexpr std::size_t kTextBytesMax = 64;                                  // of one number or time
static_assert(kTelemetryFileBytesMax <= std::numeric_limits<int>::max());  // of one call of expat
constexpr char kNamespaceMark = '\n';

struct ParserRelease {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};
using ParserPtr = std::unique_ptr<XML_ParserStruct, ParserRelease>;

std::string_view local_name(const XML_Char* name) {
  const std::string_view whole_name(name);
  const std::size_t mark = whole_name.rfind(kNamespaceMark);
  const std::string_view local = mark == std::string_view::npos ? whole_name : whole_name.substr(mark + 1);
  // A prefix that was never declared is no error to a reader without namespaces, such as wrote some of these files.
  const std::size_t colon = local.rfind(':');
  return colon == std::string_view::npos ? local : local.substr(colon + 1);
}

enum class Kind { kTrack, kRoute, kMark };
constexpr std::array<std::pair<std::string_view, Kind>, 3> kPoints = {
    {{"trkpt", Kind::kTrack}, {"rtept", Kind::kRoute}, {"wpt", Kind::kMark}}};

// xsd:dateTime. Who leaves the zone out means UTC, which GPX says its times are in.
std::optional<Timestamp> time_of(std::string_view text) {
  if (const auto time = parse_rfc3339(text)) return time;
  return parse_rfc3339(std::string(text) + "Z");
}

class GpxReader {
 public:
  GpxReader() : parser_(XML_ParserCreateNS(nullptr, kNamespaceMark)) {}

  protocol::Track read(std::string_view text) {
    if (parser_ == nullptr) return choose().finish();
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &GpxReader::begin, &GpxReader::end);
    XML_SetCharacterDataHandler(parser_.get(), &GpxReader::characters);
    XML_SetStartDoctypeDeclHandler(parser_.get(), &GpxReader::doctype);
    // At once: a token that comes in pieces is read again with each of them.
    const bool is_sound =
        XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) == XML_STATUS_OK;
    Collector& chosen = choose();
    if (!is_sound) chosen.add_remark(TrackRemark::kBreaksOff);
    return chosen.finish();
  }

 private:
  static GpxReader& self(void* data) { return *static_cast<GpxReader*>(data); }

  static void begin(void* data, const XML_Char* name, const XML_Char** attributes) {
    self(data).begin(local_name(name), attributes);
  }
  static void end(void* data, const XML_Char* name) { self(data).end(local_name(name)); }
  static void characters(void* data, const XML_Char* text, int length) {
    GpxReader& reader = self(data);
    const std::string_view more(text, static_cast<std::size_t>(length));
    if (reader.text_.size() <= kTextBytesMax) reader.text_ += more.substr(0, kTextBytesMax + 1);
  }
  static void doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    XML_StopParser(self(data).parser_.get(), XML_FALSE);
  }

  void begin(std::string_view name, const XML_Char** attributes) {
    text_.clear();
    if (++depth_ > kDepthMax) {
      XML_StopParser(parser_.get(), XML_FALSE);
      return;
    }
    for (const auto& [element, kind] : kPoints) {
      if (name != element) continue;
      kind_ = kind;
      point_ = TrackPoint{};
      is_refused_ = false;
      std::optional<double> latitude, longitude;
      for (; attributes[0] != nullptr; attributes += 2) {
        if (local_name(attributes[0]) == "lat") latitude = decimal(trimmed(attributes[1]));
        if (local_name(attributes[0]) == "lon") longitude = decimal(trimmed(attributes[1]));
      }
      is_place_ = latitude && longitude;
      if (is_place_) {
        point_.latitude = *latitude;
        point_.longitude = *longitude;
      }
    }
  }

  void end(std::string_view name) {
    --depth_;
    const std::string_view text = text_.size() > kTextBytesMax ? std::string_view() : std::string_view(text_);
    if (kind_) {
      for (const auto& [element, kind] : kPoints) {
        if (name == element && kind == *kind_) return end_point();
      }
      const std::string_view value = spaceless(text);
      if (name == "ele") point_.altitude_m = decimal(value);
      if (name == "time") point_.time = time_of(value);
      if (name == "hdop") point_.dop = decimal(value);
      if (name == "speed") point_.speed_m_s = decimal(value);
      if (name == "course") point_.course_deg = decimal(value);
      if (name == "fix" && value == "none") is_refused_ = true;
    }
    text_.clear();
  }

  void end_point() {
    Collector& collector = collectors_[static_cast<std::size_t>(*kind_)];
    kind_.reset();
    if (is_refused_) return collector.add_without_fix();
    if (!is_place_) return collector.add_damaged();
    collector.add(point_);
  }

  static std::string_view spaceless(std::string_view text) {
    constexpr std::string_view kSpaces = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpaces);
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
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

  ParserPtr parser_;
  std::array<Collector, 3> collectors_ = {Collector(protocol::TrackSource::kGpx),
                                          Collector(protocol::TrackSource::kGpx),
                                          Collector(protocol::TrackSource::kGpx)};
  std::size_t depth_ = 0;
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
