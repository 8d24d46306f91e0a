// SPDX-License-Identifier: Apache-2.0
#include "protocol/track.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"

namespace lapel::protocol {
namespace {

constexpr int kDegreeDigits = 9;  // a tenth of a millimeter
constexpr int kOtherDigits = 3;
constexpr std::int64_t kEveryMax = std::int64_t{1} << 40;
constexpr std::string_view kNone = "-";

struct SourceRow {
  TrackSource value;
  std::string_view name;
  std::string_view words;
};
constexpr std::array kSources = {
    SourceRow{TrackSource::kGpmf, "gpmf", "GoPro telemetry (GPMF)"},
    SourceRow{TrackSource::kCamm, "camm", "camera motion metadata (CAMM)"},
    SourceRow{TrackSource::kNmea, "nmea", "sentences of a receiver (NMEA 0183)"},
    SourceRow{TrackSource::kGpx, "gpx", "a GPX file"},
    SourceRow{TrackSource::kDjiSrt, "dji_srt", "the subtitles of a DJI camera"},
    SourceRow{TrackSource::kAxisGnss, "axis_gnss", "the positions of an Axis body-worn camera"},
};

struct RemarkRow {
  TrackRemark value;
  std::string_view name;
  std::string_view sentence;
};
constexpr std::array kRemarks = {
    RemarkRow{TrackRemark::kBreaksOff, "breaks_off",
              "The telemetry breaks off in the middle; what comes before is here."},
    RemarkRow{TrackRemark::kReadInPart, "read_in_part", "There is more telemetry than is read of one file."},
    RemarkRow{TrackRemark::kSumsWrong, "sums_wrong",
              "Not one of its check sums is right: it was changed after it was written, or a device wrote it that gets "
              "them wrong."},
    RemarkRow{TrackRemark::kZoneUnknown, "zone_unknown",
              "Its times are those of a clock whose time zone is not known; they are given as they stand there."},
    RemarkRow{TrackRemark::kPlanned, "planned",
              "These are places of a route or marks that somebody set, and not where anybody has been recorded."},
};

template <typename Table, typename Enum>
const auto& row_in(const Table& table, Enum value) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.value == value; });
  CHECK(row != table.end());
  return *row;
}
template <typename Table>
auto find_name(const Table& table, std::string_view name) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.name == name; });
  return row == table.end() ? std::nullopt : std::optional(row->value);
}

bool is_within(double value, double low, double high) {
  return value >= low && value <= high;  // false of what is no number
}
bool is_within(const std::optional<double>& value, double low, double high) {
  return !value || is_within(*value, low, high);
}

// The shortest of the decimals with at most so many digits behind the point: one number has one text.
std::string decimal(double value, int digits) {
  std::string text = fmt::format("{:.{}f}", value, digits);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}
std::string degrees(double value) {
  return decimal(value, kDegreeDigits);
}
std::string number(double value) {
  return decimal(value, kOtherDigits);
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}
std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Years 1970 to 9999, to the millisecond.
std::string date_and_time(Timestamp time) {
  const std::chrono::sys_time<std::chrono::milliseconds> point{std::chrono::milliseconds(time.us / 1'000)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}
std::string time_text(const Track& track, Timestamp time) {
  return date_and_time(time) + (has_remark(track, TrackRemark::kZoneUnknown) ? "" : "Z");
}

// What stands before the first line break, taken off the text; nothing when there is no whole line.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}
// The rest of a line that begins with `key` and a space.
std::optional<std::string_view> take_header(std::string_view& text, std::string_view key) {
  const auto line = take_line(text);
  if (!line || !line->starts_with(key) || line->size() <= key.size() || (*line)[key.size()] != ' ') return std::nullopt;
  return line->substr(key.size() + 1);
}

// The words of one point, one after the other; the first that is wrong makes all of it wrong.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  std::string_view next() {
    const std::size_t end = rest_.find(' ');
    const std::string_view word = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    return word;
  }
  double real() {
    const auto value = parse_number(next());
    is_sound_ = is_sound_ && value;
    return value.value_or(0);
  }
  std::optional<double> real_if_any() {
    const std::string_view word = next();
    if (word == kNone) return std::nullopt;
    const auto value = parse_number(word);
    is_sound_ = is_sound_ && value;
    return value;
  }
  std::optional<std::int64_t> integer_if_any() {
    const std::string_view word = next();
    if (word == kNone) return std::nullopt;
    const auto value = parse_integer(word);
    is_sound_ = is_sound_ && value;
    return value;
  }
  bool is_sound() const { return is_sound_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_sound_ = true;
};

void append(std::string& out, const TrackPoint& point) {
  const auto integer_or_none = [](const auto& value) { return value ? std::to_string(*value) : std::string(kNone); };
  const auto number_or_none = [](const auto& value) { return value ? number(*value) : std::string(kNone); };
  const std::optional<std::int64_t> time = point.time ? std::optional(point.time->us) : std::nullopt;
  fmt::format_to(std::back_inserter(out), "{} {} {} {} {} {} {} {} {}\n", integer_or_none(point.at_ms),
                 integer_or_none(time), degrees(point.latitude), degrees(point.longitude),
                 number_or_none(point.altitude_m), number_or_none(point.speed_m_s), number_or_none(point.course_deg),
                 number_or_none(point.accuracy_m), number_or_none(point.dop));
}

std::optional<TrackPoint> parse_point(std::string_view line) {
  Words words(line);
  TrackPoint point;
  point.at_ms = words.integer_if_any();
  if (const auto us = words.integer_if_any()) point.time = Timestamp{*us};
  point.latitude = words.real();
  point.longitude = words.real();
  point.altitude_m = words.real_if_any();
  point.speed_m_s = words.real_if_any();
  point.course_deg = words.real_if_any();
  point.accuracy_m = words.real_if_any();
  point.dop = words.real_if_any();
  if (!words.is_sound() || !is_track_point(point)) return std::nullopt;
  return point;
}

// Nothing where it is no track, or not as to_text would write it but for that: the caller asks that.
std::optional<Track> read(std::string_view text) {
  Track track;
  const auto version = take_header(text, "lapel-track");
  const auto source = take_header(text, "source");
  const auto damaged = take_header(text, "damaged");
  const auto without_fix = take_header(text, "without_fix");
  const auto every = take_header(text, "every");
  const auto remarks = take_header(text, "remarks");
  const auto count = take_header(text, "points");
  if (!version || *version != std::to_string(kTrackVersion) || !source || !damaged || !without_fix || !every ||
      !remarks || !count)
    return std::nullopt;
  const auto kind = find_name(kSources, *source);
  const auto points = parse_integer(*count);
  const auto records_damaged = parse_integer(*damaged);
  const auto records_without_fix = parse_integer(*without_fix);
  const auto stride = parse_integer(*every);
  if (!kind || !points || !records_damaged || !records_without_fix || !stride) return std::nullopt;
  const bool is_power_of_two = *stride > 0 && (*stride & (*stride - 1)) == 0;
  if (*points < 0 || *points > static_cast<std::int64_t>(kTrackPointsMax) || *records_damaged < 0 ||
      *records_without_fix < 0 || !is_power_of_two || *stride > kEveryMax)
    return std::nullopt;
  track.source = *kind;
  track.records_damaged = *records_damaged;
  track.records_without_fix = *records_without_fix;
  track.every = *stride;
  for (Words words(*remarks); *remarks != kNone;) {
    const std::string_view word = words.next();
    if (word.empty()) break;
    const auto remark = find_name(kRemarks, word);
    if (!remark || (!track.remarks.empty() && *remark <= track.remarks.back())) return std::nullopt;
    track.remarks.push_back(*remark);
  }
  track.points.reserve(static_cast<std::size_t>(*points));
  for (std::int64_t i = 0; i < *points; ++i) {
    const auto line = take_line(text);
    const auto point = line ? parse_point(*line) : std::nullopt;
    if (!point) return std::nullopt;
    track.points.push_back(*point);
  }
  return text.empty() ? std::optional(std::move(track)) : std::nullopt;
}

// Digits in groups of three.
std::string counted(std::int64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

// `"name":[…]` with null for what a point lacks; nothing where every point lacks it.
template <typename Value>
void append_column(std::string& out, const Track& track, std::string_view name, const Value& value) {
  const bool has_any = std::any_of(track.points.begin(), track.points.end(),
                                   [&](const TrackPoint& point) { return value(point).has_value(); });
  if (!has_any) return;
  fmt::format_to(std::back_inserter(out), ",\"{}\":[", name);
  for (const TrackPoint& point : track.points) {
    if (&point != &track.points.front()) out += ',';
    out += value(point).value_or("null");
  }
  out += ']';
}

std::optional<std::string> text_if(const std::optional<double>& value) {
  return value ? std::optional(number(*value)) : std::nullopt;
}

std::string position(const TrackPoint& point) {
  std::string out = fmt::format("[{},{}", degrees(point.longitude), degrees(point.latitude));
  if (point.altitude_m) out += "," + number(*point.altitude_m);
  return out + "]";
}

}  // namespace

bool is_track_point(const TrackPoint& point) {
  return is_within(point.latitude, -90, 90) && is_within(point.longitude, -180, 180) &&
         is_within(point.altitude_m, -kTrackAltitudeMMax, kTrackAltitudeMMax) &&
         is_within(point.speed_m_s, 0, kTrackSpeedMax) && is_within(point.course_deg, 0, 360) &&
         is_within(point.accuracy_m, 0, kTrackAccuracyMMax) && is_within(point.dop, 0, kTrackDopMax) &&
         (!point.at_ms || (*point.at_ms >= -kTrackMsMax && *point.at_ms <= kTrackMsMax)) &&
         (!point.time || (point.time->us >= 0 && point.time->us <= kLedgerTimeEndUs - 1));
}

std::string_view track_source_name(TrackSource source) {
  return row_in(kSources, source).name;
}
std::string_view track_remark_name(TrackRemark remark) {
  return row_in(kRemarks, remark).name;
}

bool has_remark(const Track& track, TrackRemark remark) {
  return std::find(track.remarks.begin(), track.remarks.end(), remark) != track.remarks.end();
}

void add_remark(Track& track, TrackRemark remark) {
  const auto at = std::lower_bound(track.remarks.begin(), track.remarks.end(), remark);
  if (at == track.remarks.end() || *at != remark) track.remarks.insert(at, remark);
}

std::string sentence_of(const Track& track) {
  const std::string_view words = row_in(kSources, track.source).words;
  const auto count = static_cast<std::int64_t>(track.points.size());
  std::string out = count == 0   ? fmt::format("No position in {}.", words)
                    : count == 1 ? fmt::format("One position from {}.", words)
                                 : fmt::format("{} positions from {}.", counted(count), words);
  if (track.every > 1) {
    out += track.every == 2 ? " Every second one is kept of those that are there."
                            : fmt::format(" One of every {} is kept of those that are there.", counted(track.every));
  }
  if (track.records_without_fix > 0) {
    out += fmt::format(" {} {} made while the receiver had no position.", counted(track.records_without_fix),
                       track.records_without_fix == 1 ? "record was" : "records were");
  }
  if (track.records_damaged > 0) {
    out += fmt::format(" {} {} damaged and left out.", counted(track.records_damaged),
                       track.records_damaged == 1 ? "record is" : "records are");
  }
  const auto untimed = std::count_if(track.points.begin(), track.points.end(),
                                     [](const TrackPoint& point) { return !point.time && !point.at_ms; });
  if (untimed == count && count > 0) {
    out += " It says nothing of when.";
  } else if (untimed > 0) {
    out += fmt::format(" {} of them {} without a time.", counted(untimed), untimed == 1 ? "is" : "are");
  }
  for (const TrackRemark remark : track.remarks)
    fmt::format_to(std::back_inserter(out), " {}", row_in(kRemarks, remark).sentence);
  return out;
}

double length_m(const Track& track) {
  constexpr double kEarthRadiusM = 6'371'008.8;
  constexpr double kRadians = std::numbers::pi / 180;
  double meters = 0;
  for (std::size_t i = 1; i < track.points.size(); ++i) {
    const TrackPoint& a = track.points[i - 1];
    const TrackPoint& b = track.points[i];
    const double up = std::sin((b.latitude - a.latitude) * kRadians / 2);
    const double across = std::sin((b.longitude - a.longitude) * kRadians / 2);
    const double h = up * up + std::cos(a.latitude * kRadians) * std::cos(b.latitude * kRadians) * across * across;
    meters += 2 * kEarthRadiusM * std::asin(std::min(1.0, std::sqrt(h)));
  }
  return meters;
}

std::string to_text(const Track& track) {
  CHECK(track.points.size() <= kTrackPointsMax && std::is_sorted(track.remarks.begin(), track.remarks.end()));
  std::string remarks;
  for (const TrackRemark remark : track.remarks)
    fmt::format_to(std::back_inserter(remarks), "{}{}", remarks.empty() ? "" : " ", track_remark_name(remark));
  std::string out =
      fmt::format("lapel-track {}\nsource {}\ndamaged {}\nwithout_fix {}\nevery {}\nremarks {}\npoints {}\n",
                  kTrackVersion, track_source_name(track.source), track.records_damaged, track.records_without_fix,
                  track.every, remarks.empty() ? kNone : remarks, track.points.size());
  for (const TrackPoint& point : track.points) {
    CHECK(is_track_point(point));
    append(out, point);
  }
  CHECK(out.size() <= kTrackTextBytesMax);
  return out;
}

Result<Track> parse_track(std::string_view text) {
  if (text.size() > kTrackTextBytesMax)
    return fail(Code::kTooLarge, "This track is too large.", std::to_string(text.size()));
  auto track = read(text);
  // One track has one text: a number spelled in another way was not written by us.
  if (!track || to_text(*track) != text) return fail(Code::kInvalid, "This is no track.", "track");
  return *std::move(track);
}

std::string to_track_json(const Track& track) {
  std::string out = fmt::format(
      "{{\"source\":\"{}\",\"sentence\":\"{}\",\"damaged\":{},\"without_fix\":{},\"every\":{},\"remarks\":[",
      track_source_name(track.source), sentence_of(track), track.records_damaged, track.records_without_fix,
      track.every);
  for (const TrackRemark remark : track.remarks)
    fmt::format_to(std::back_inserter(out), "{}\"{}\"", out.back() == '[' ? "" : ",", track_remark_name(remark));
  fmt::format_to(std::back_inserter(out), "],\"length_m\":{},\"points\":[", number(length_m(track)));
  for (const TrackPoint& point : track.points) {
    fmt::format_to(std::back_inserter(out), "{}{{\"latitude\":{},\"longitude\":{}", out.back() == '[' ? "" : ",",
                   degrees(point.latitude), degrees(point.longitude));
    const auto put = [&](std::string_view name, const std::optional<std::string>& value) {
      fmt::format_to(std::back_inserter(out), ",\"{}\":{}", name, value.value_or("null"));
    };
    put("at_ms", point.at_ms ? std::optional(std::to_string(*point.at_ms)) : std::nullopt);
    put("time", point.time ? std::optional("\"" + time_text(track, *point.time) + "\"") : std::nullopt);
    put("altitude_m", text_if(point.altitude_m));
    put("speed_m_s", text_if(point.speed_m_s));
    put("course_deg", text_if(point.course_deg));
    put("accuracy_m", text_if(point.accuracy_m));
    put("dop", text_if(point.dop));
    out += '}';
  }
  return out + "]}\n";
}

std::string to_geojson(const Track& track) {
  std::string geometry = "null";
  if (track.points.size() == 1) geometry = "{\"type\":\"Point\",\"coordinates\":" + position(track.points[0]) + "}";
  if (track.points.size() > 1) {
    geometry = "{\"type\":\"LineString\",\"coordinates\":[";
    for (const TrackPoint& point : track.points) {
      if (geometry.back() != '[') geometry += ',';
      geometry += position(point);
    }
    geometry += "]}";
  }
  std::string out =
      fmt::format("{{\"type\":\"Feature\",\"geometry\":{},\"properties\":{{\"source\":\"{}\",\"desc\":\"{}\"", geometry,
                  track_source_name(track.source), sentence_of(track));
  append_column(out, track, "coordTimes", [&](const TrackPoint& point) {
    return point.time ? std::optional("\"" + time_text(track, *point.time) + "\"") : std::nullopt;
  });
  append_column(out, track, "offsets_ms", [](const TrackPoint& point) {
    return point.at_ms ? std::optional(std::to_string(*point.at_ms)) : std::nullopt;
  });
  append_column(out, track, "speeds_m_s", [](const TrackPoint& point) { return text_if(point.speed_m_s); });
  append_column(out, track, "courses_deg", [](const TrackPoint& point) { return text_if(point.course_deg); });
  append_column(out, track, "accuracies_m", [](const TrackPoint& point) { return text_if(point.accuracy_m); });
  append_column(out, track, "dops", [](const TrackPoint& point) { return text_if(point.dop); });
  return out + "}}\n";
}

std::string to_gpx(const Track& track) {
  // Nothing that is written here has a character that XML would take for markup.
  const bool is_zone_known = !has_remark(track, TrackRemark::kZoneUnknown);
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<gpx version=\"1.1\" creator=\"Lapel\" xmlns=\"http://www.topografix.com/GPX/1/1\"\n"
      "     xmlns:tpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v2\">\n"
      "<trk><desc>{}</desc><src>{}</src><trkseg>\n",
      sentence_of(track), track_source_name(track.source));
  for (const TrackPoint& point : track.points) {
    // The same meridian; GPX ends before 180.
    const double longitude = point.longitude == 180 ? -180 : point.longitude;
    fmt::format_to(std::back_inserter(out), "<trkpt lat=\"{}\" lon=\"{}\">", degrees(point.latitude),
                   degrees(longitude));
    if (point.altitude_m) fmt::format_to(std::back_inserter(out), "<ele>{}</ele>", number(*point.altitude_m));
    if (point.time && is_zone_known)
      fmt::format_to(std::back_inserter(out), "<time>{}</time>", time_text(track, *point.time));
    std::string comment;
    if (point.at_ms) comment = fmt::format("{} s from the start", number(static_cast<double>(*point.at_ms) / 1'000));
    if (point.time && !is_zone_known)
      fmt::format_to(std::back_inserter(comment), "{}{} by a clock of unknown zone", comment.empty() ? "" : ", ",
                     time_text(track, *point.time));
    if (!comment.empty()) fmt::format_to(std::back_inserter(out), "<cmt>{}</cmt>", comment);
    if (point.dop) fmt::format_to(std::back_inserter(out), "<hdop>{}</hdop>", number(*point.dop));
    if (point.speed_m_s || point.course_deg) {
      out += "<extensions><tpx:TrackPointExtension>";
      if (point.speed_m_s)
        fmt::format_to(std::back_inserter(out), "<tpx:speed>{}</tpx:speed>", number(*point.speed_m_s));
      if (point.course_deg)
        fmt::format_to(std::back_inserter(out), "<tpx:course>{}</tpx:course>", number(*point.course_deg));
      out += "</tpx:TrackPointExtension></extensions>";
    }
    out += "</trkpt>\n";
  }
  return out + "</trkseg></trk></gpx>\n";
}

}  // namespace lapel::protocol
