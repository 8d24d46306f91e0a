// SPDX-License-Identifier: Apache-2.0
// SubRip: a number, `hh:mm:ss,mmm --> hh:mm:ss,mmm`, lines of text, an empty line. DJI's dialects of that text:
//   [latitude: 41.424724] [longitude: 2.234156] [altitude: 117.0]    and `latitude :`, `longtitude :`, [rel_alt: 1.3 abs_alt: 120.4]
//   GPS(149.0251,-20.2533,16) BAROMETER:1.9                          longitude first; the third is a count of satellites
//   GPS (-58.851745, -34.237922, 15), … H 85.80m, H.S 2.88m/s
//   GPS(36.6146,-6.1120,0.0M) BAROMETER:0.3M                         latitude first: an altitude with its unit is the sign of it
// A barometer's height and H are over the place of take-off, and so no altitude. HOME is where it took off.
#include "mediaworker/srt.h"

#include <array>
#include <utility>

#include "mediaworker/nmea.h"
#include "mediaworker/numbers.h"

namespace lapel::mediaworker {
namespace {

using protocol::TrackPoint;
using protocol::TrackRemark;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kArrow = "-->";

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+';
}

// The number that text begins with, after spaces.
std::optional<double> leading_number(std::string_view text) {
  text = trimmed(text);
  std::size_t end = 0;
  while (end < text.size() && is_number_char(text[end])) ++end;
  return decimal(text.substr(0, end));
}

// What stands behind `name`, spaces and a colon; nothing where the name is not there as a word of its own.
std::optional<std::string_view> behind(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string_view::npos; at += name.size()) {
    const bool is_word = at == 0 || text[at - 1] == '[' || text[at - 1] == ' ' || text[at - 1] == '\n';
    // Spaces in front only: those at the end of a long text would be passed once for each name in it.
    const std::size_t colon = text.find_first_not_of(' ', at + name.size());
    if (is_word && colon != std::string_view::npos && text[colon] == ':') return text.substr(colon + 1);
  }
  return std::nullopt;
}

std::optional<double> number_behind(std::string_view text, std::string_view name) {
  const auto rest = behind(text, name);
  return rest ? leading_number(*rest) : std::nullopt;
}

enum class Found { kNothing, kDamaged, kPlace };

// [latitude: …] [longitude: …]
Found read_brackets(std::string_view text, TrackPoint& point) {
  const auto latitude_text = behind(text, "latitude");
  auto longitude_text = behind(text, "longitude");
  if (!longitude_text) longitude_text = behind(text, "longtitude");  // as some of them spell it
  if (!latitude_text && !longitude_text) return Found::kNothing;
  const auto latitude = latitude_text ? leading_number(*latitude_text) : std::nullopt;
  const auto longitude = longitude_text ? leading_number(*longitude_text) : std::nullopt;
  if (!latitude || !longitude) return Found::kDamaged;
  point.latitude = *latitude;
  point.longitude = *longitude;
  point.altitude_m = number_behind(text, "abs_alt");
  if (!point.altitude_m) point.altitude_m = number_behind(text, "altitude");
  return Found::kPlace;
}

// GPS(…,…,…)
Found read_parentheses(std::string_view text, TrackPoint& point) {
  std::size_t at = text.find("GPS");
  if (at == std::string_view::npos) return Found::kNothing;
  std::string_view rest = trimmed(text.substr(at + 3));
  if (!rest.starts_with('(')) return Found::kNothing;
  const std::size_t end = rest.find(')');
  if (end == std::string_view::npos) return Found::kDamaged;
  rest = rest.substr(1, end - 1);
  std::array<std::string_view, 3> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t comma = rest.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == parts.size())) return Found::kDamaged;
    parts[i] = trimmed(rest.substr(0, comma));
    if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
  }
  const bool is_latitude_first = parts[2].ends_with('M') || parts[2].ends_with('m');
  if (is_latitude_first) parts[2].remove_suffix(1);
  const auto first = decimal(parts[0]), second = decimal(parts[1]), third = decimal(parts[2]);
  if (!first || !second || !third) return Found::kDamaged;
  point.latitude = is_latitude_first ? *first : *second;
  point.longitude = is_latitude_first ? *second : *first;
  if (is_latitude_first) point.altitude_m = third;
  return Found::kPlace;
}

// yyyy-mm-dd hh:mm:ss or yyyy.mm.dd hh:mm:ss, then ,mmm[,uuu] or .mmm or nothing.
std::optional<Timestamp> read_time(std::string_view text) {
  for (std::size_t at = 0; at + 19 <= text.size(); ++at) {
    const std::string_view part = text.substr(at);
    const char mark = part[4];
    if ((mark != '-' && mark != '.') || part[7] != mark || part[10] != ' ' || part[13] != ':' || part[16] != ':')
      continue;
    const auto year = digits(part, 0, 4), month = digits(part, 5, 2), day = digits(part, 8, 2);
    const auto hour = digits(part, 11, 2), minute = digits(part, 14, 2), second = digits(part, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) continue;
    std::int64_t us = ((*hour * 60 + *minute) * 60 + *second) * 1'000'000;
    const bool has_fraction = part.size() > 19 && (part[19] == ',' || part[19] == '.');
    const auto ms = has_fraction ? digits(part, 20, 3) : std::nullopt;
    if (ms) us += *ms * 1'000;
    if (ms && part.size() > 23 && part[23] == ',') us += digits(part, 24, 3).value_or(0);
    return civil_time(*year, *month, *day, us);
  }
  return std::nullopt;
}

// Meters a second behind "H.S ".
std::optional<double> read_speed(std::string_view text) {
  const std::size_t at = text.find("H.S ");
  return at == std::string_view::npos ? std::nullopt : leading_number(text.substr(at + 4));
}

// hh:mm:ss,mmm
std::optional<std::int64_t> read_moment(std::string_view text) {
  text = trimmed(text);
  const auto hours = digits(text, 0, 2), minutes = digits(text, 3, 2), seconds = digits(text, 6, 2);
  const auto milliseconds = digits(text, 9, 3);
  if (!hours || !minutes || !seconds || !milliseconds || text[2] != ':' || text[5] != ':' ||
      (text[8] != ',' && text[8] != '.'))
    return std::nullopt;
  return (((*hours * 60 + *minutes) * 60 + *seconds) * 1'000 + *milliseconds) * 1'000;
}

// Both kinds of text at once: whichever has records is what was meant.
class TextReader final : public TelemetryReader {
 public:
  void take(ByteView packet, const Shown& shown) override {
    const std::string_view text = as_text(packet);
    dji_.take(text, shown);
    nmea_.take(text, shown);
  }
  void add_damaged() { dji_.add_damaged(); }

  protocol::Track finish() override {
    if (dji_.has_records()) return dji_.finish();
    protocol::Track track = nmea_.finish();
    return has_records(track) ? track : dji_.finish();
  }

 private:
  DjiReader dji_;
  NmeaText nmea_;
};

}  // namespace

void DjiReader::take(std::string_view text, const Shown& shown) {
  TrackPoint point{.at_ms = shown.at_ms()};
  Found found = read_brackets(text, point);
  if (found == Found::kNothing) found = read_parentheses(text, point);
  if (found == Found::kNothing) {
    ++without_place_;
    return;
  }
  if (found == Found::kDamaged) return collector_.add_damaged();
  // What they write where they have no fix. No drone of theirs has been seen on that spot of the ocean.
  if (point.latitude == 0 && point.longitude == 0) return collector_.add_without_fix();
  point.time = read_time(text);
  point.speed_m_s = read_speed(text);
  has_times_ = has_times_ || point.time;
  collector_.add(point);
}

protocol::Track DjiReader::finish() {
  if (collector_.has_records()) collector_.add_damaged(without_place_);
  if (has_times_) collector_.add_remark(TrackRemark::kZoneUnknown);
  return collector_.finish();
}

std::unique_ptr<TelemetryReader> text_reader() {
  return std::make_unique<TextReader>();
}

protocol::Track read_srt(ByteView file) {
  std::string_view text = as_text(file);
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  TextReader reader;
  while (auto line = take_line(text)) {
    const std::size_t arrow = line->find(kArrow);
    if (arrow == std::string_view::npos) continue;
    const auto begin = read_moment(line->substr(0, arrow));
    const auto end = read_moment(line->substr(arrow + kArrow.size()));
    // Up to the next empty line.
    const std::string_view from_here = text;
    while (auto more = take_line(text)) {
      if (trimmed(*more).empty()) break;
    }
    if (!begin || !end) {
      reader.add_damaged();
      continue;
    }
    const std::string_view words = from_here.substr(0, from_here.size() - text.size());
    reader.take(as_bytes(words), {.at_us = begin, .duration_us = *end - *begin});
  }
  return reader.finish();
}

}  // namespace lapel::mediaworker
