// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/nmea.h"

#include <array>
#include <cmath>
#include <utility>

#include "mediaworker/numbers.h"

namespace lapel::mediaworker {
namespace {

using protocol::TrackPoint;

constexpr std::size_t kFieldsMax = 24;
constexpr std::size_t kSentenceBytesMax = 160;  // the standard has 82; receivers with many digits have more
constexpr std::size_t kUndatedMax = 100'000;    // a day of one a second without a date, and then none is waited for
constexpr double kKnotMS = 1852.0 / 3600;

constexpr std::array<std::string_view, 3> kTypes = {"RMC", "GGA", "ZDA"};
constexpr std::string_view kMagellan = "PMGNTRK";  // Magellan's own, in its logs of a track

bool is_talker(char c) {
  return c >= 'A' && c <= 'Z';
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

// hhmmss[.sss]
std::optional<std::int64_t> us_of_day(std::string_view text) {
  const auto hour = digits(text, 0, 2), minute = digits(text, 2, 2);
  const auto second = text.size() >= 6 ? decimal(text.substr(4)) : std::nullopt;
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second < 0 || *second >= 60) return std::nullopt;
  return (*hour * 60 + *minute) * 60'000'000 + std::llround(*second * 1e6);
}

// ddmmyy; who has two digits of a year began in 1980.
std::optional<std::int64_t> day_of(std::string_view text) {
  const auto day = digits(text, 0, 2), month = digits(text, 2, 2), year = digits(text, 4, 2);
  if (text.size() != 6 || !day || !month || !year) return std::nullopt;
  const auto time = civil_time(*year >= 80 ? 1900 + *year : 2000 + *year, *month, *day, 0);
  return time ? std::optional(time->us / kDayUs) : std::nullopt;
}

// dddmm.mmm and a letter. Nothing where that is no angle.
std::optional<double> angle(std::string_view text, std::string_view letter, char positive, char negative) {
  const auto value = decimal(text);
  if (!value || *value < 0 || letter.size() != 1 || (letter[0] != positive && letter[0] != negative))
    return std::nullopt;
  const double whole_degrees = std::floor(*value / 100);
  const double minutes = *value - whole_degrees * 100;
  if (minutes >= 60) return std::nullopt;
  return (letter[0] == negative ? -1 : 1) * (whole_degrees + minutes / 60);
}

// Latitude, its letter, longitude, its letter.
bool read_place(std::span<const std::string_view> fields, TrackPoint& point) {
  const auto latitude = angle(fields[0], fields[1], 'N', 'S');
  const auto longitude = angle(fields[2], fields[3], 'E', 'W');
  if (!latitude || !longitude || *latitude < -90 || *latitude > 90 || *longitude < -180 || *longitude > 180)
    return false;
  point.latitude = *latitude;
  point.longitude = *longitude;
  return true;
}

}  // namespace

void NmeaReader::take(std::string_view text, const Shown& shown) {
  while (const auto line = take_line(text)) {
    // A sentence is found by its name, since some write it without the $, and others write a time of their own in front.
    for (std::size_t at = 0; (at = line->find(',', at)) != std::string_view::npos;) {
      const std::string_view before = line->substr(0, at);
      std::size_t name = 0;
      if (before.ends_with(kMagellan)) name = kMagellan.size();
      for (const std::string_view type : kTypes) {
        if (before.size() >= 5 && before.ends_with(type) && is_talker(before[at - 5]) && is_talker(before[at - 4]))
          name = 5;
      }
      at = name == 0 ? at + 1 : take_sentence(*line, at - name, shown);
    }
  }
}

std::size_t NmeaReader::take_sentence(std::string_view line, std::size_t at, const Shown& shown) {
  const std::string_view text = line.substr(at, kSentenceBytesMax);
  const std::size_t behind_name = at + text.find(',') + 1;
  const std::size_t star = text.find('*');
  const bool has_sum = star != std::string_view::npos;
  // Where sums are written a sentence without one has lost its end.
  if (has_right_sum_ && !has_sum) {
    collector_.add_damaged();
    return behind_name;
  }
  const std::string_view body = text.substr(0, star);
  if (has_sum) {
    int sum = 0;
    for (const char c : body) sum ^= static_cast<unsigned char>(c);
    const auto high = star + 2 < text.size() ? hex_digit(text[star + 1]) : std::nullopt;
    const auto low = star + 2 < text.size() ? hex_digit(text[star + 2]) : std::nullopt;
    const bool is_right = high && low && *high * 16 + *low == sum;
    has_right_sum_ = has_right_sum_ || is_right;
    has_wrong_sum_ = has_wrong_sum_ || !is_right;
    if (!is_right && sums_ == Sums::kChecked) {
      collector_.add_damaged();
      return behind_name;  // another may have begun within it
    }
  }
  std::vector<std::string_view> fields;
  for (std::string_view rest = body; fields.size() < kFieldsMax;) {
    const std::size_t comma = rest.find(',');
    fields.push_back(trimmed(rest.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  const std::string_view name = fields.front();
  if (!read(name == kMagellan ? name : name.substr(2), std::span(fields).subspan(1), shown)) collector_.add_damaged();
  return at + body.size();
}

bool NmeaReader::read(std::string_view type, std::span<const std::string_view> fields, const Shown& shown) {
  if (type == "RMC") return read_rmc(fields, shown);
  if (type == "GGA") return read_gga(fields, shown);
  if (type == "ZDA") return read_zda(fields);
  return read_magellan(fields, shown);
}

// time, status, latitude, N/S, longitude, E/W, knots, course, date, variation, E/W, mode (from 2.3 on), …
bool NmeaReader::read_rmc(std::span<const std::string_view> fields, const Shown& shown) {
  if (fields.size() < 9) return false;
  // Modes: no fix; and dead reckoning, a place put in by hand, a simulation, which nobody has received.
  const std::string_view mode = fields.size() > 11 ? fields[11] : std::string_view();
  const bool is_refused = fields[1] != "A" || mode == "N" || mode == "E" || mode == "M" || mode == "S";
  const auto time = us_of_day(fields[0]);
  if (!time) {
    // Before its first fix a receiver may know no time either.
    if (is_refused && fields[0].empty()) collector_.add_without_fix();
    return is_refused && fields[0].empty();
  }
  const auto day = day_of(fields[8]);
  TrackPoint place;
  const bool has_place = !is_refused && read_place(fields.subspan(2), place);
  if (!is_refused && !has_place) return false;
  Epoch& epoch = epoch_at(*time, shown);
  if (day) epoch.day = day;
  epoch.is_refused = epoch.is_refused || is_refused;
  if (!has_place) return true;
  epoch.has_position = true;
  epoch.point.latitude = place.latitude;
  epoch.point.longitude = place.longitude;
  if (const auto knots = decimal(fields[6])) epoch.point.speed_m_s = *knots * kKnotMS;
  if (const auto course = decimal(fields[7])) epoch.point.course_deg = course;
  return true;
}

// time, latitude, N/S, longitude, E/W, quality, satellites, HDOP, altitude, M, …
bool NmeaReader::read_gga(std::span<const std::string_view> fields, const Shown& shown) {
  if (fields.size() < 10) return false;
  const auto quality = whole(fields[5]);
  // From 6 on as the modes of RMC. At 0 another talker of the same moment may still have a fix.
  const bool is_refused = !quality || *quality == 0 || *quality > 5;
  const auto time = us_of_day(fields[0]);
  if (!time) {
    if (is_refused && fields[0].empty()) collector_.add_without_fix();
    return is_refused && fields[0].empty();
  }
  TrackPoint place;
  const bool has_place = !is_refused && read_place(fields.subspan(1), place);
  if (!is_refused && !has_place) return false;
  Epoch& epoch = epoch_at(*time, shown);
  epoch.is_refused = epoch.is_refused || (quality && *quality > 5);
  if (!has_place) return true;
  if (!epoch.has_position) {
    epoch.has_position = true;
    epoch.point.latitude = place.latitude;
    epoch.point.longitude = place.longitude;
  }
  if (fields[9] == "M") epoch.point.altitude_m = decimal(fields[8]);
  epoch.point.dop = decimal(fields[7]);
  return true;
}

// time, day, month, year, …
bool NmeaReader::read_zda(std::span<const std::string_view> fields) {
  if (fields.size() < 4) return false;
  const auto time = us_of_day(fields[0]);
  const auto day = whole(fields[1]), month = whole(fields[2]), year = whole(fields[3]);
  if (!time || !day || !month || !year) return fields[1].empty();
  const auto date = civil_time(*year, *month, *day, 0);
  if (!date) return false;
  if (epoch_ && epoch_->us_of_day == *time && !epoch_->day) epoch_->day = date->us / kDayUs;
  return true;
}

// latitude, N/S, longitude, E/W, altitude, M, time, status, name, date
bool NmeaReader::read_magellan(std::span<const std::string_view> fields, const Shown& shown) {
  if (fields.size() < 10) return false;
  const auto time = us_of_day(fields[6]);
  TrackPoint place;
  if (!time || !read_place(fields, place)) return false;
  Epoch& epoch = epoch_at(*time, shown);
  epoch.day = day_of(fields[9]);
  epoch.is_refused = fields[7] != "A";
  epoch.has_position = true;
  epoch.point.latitude = place.latitude;
  epoch.point.longitude = place.longitude;
  if (fields[5] == "M") epoch.point.altitude_m = decimal(fields[4]);
  return true;
}

NmeaReader::Epoch& NmeaReader::epoch_at(std::int64_t us_of_day, const Shown& shown) {
  if (!epoch_ || epoch_->us_of_day != us_of_day) {
    end_epoch();
    epoch_ = Epoch{.us_of_day = us_of_day, .day = {}, .point = {.at_ms = shown.at_ms()}};
  }
  return *epoch_;
}

// A sentence without a date is of the day of the one before it, or of the next where the clock has gone back by half a day.
void NmeaReader::end_epoch() {
  if (!epoch_) return;
  Epoch epoch = *std::exchange(epoch_, std::nullopt);
  if (!epoch.day && day_) {
    const bool is_over_midnight = us_of_day_ - epoch.us_of_day > kDayUs / 2;
    epoch.day = *day_ + (is_over_midnight ? 1 : 0);
  }
  if (!epoch.day && undated_.size() < kUndatedMax) {
    undated_.push_back(epoch);
    return;
  }
  if (epoch.day && !undated_.empty()) {
    // Backward from the first date, in the same way.
    std::int64_t day = *epoch.day;
    std::int64_t later = epoch.us_of_day;
    for (std::size_t i = undated_.size(); i-- > 0;) {
      if (undated_[i].us_of_day - later > kDayUs / 2) --day;
      later = undated_[i].us_of_day;
      undated_[i].day = day;
    }
  }
  for (const Epoch& earlier : undated_) settle(earlier);
  undated_.clear();
  settle(epoch);
  if (epoch.day) {
    day_ = epoch.day;
    us_of_day_ = epoch.us_of_day;
  }
}

void NmeaReader::settle(const Epoch& epoch) {
  if (epoch.is_refused || !epoch.has_position) return collector_.add_without_fix();
  TrackPoint point = epoch.point;
  if (epoch.day) point.time = Timestamp{*epoch.day * kDayUs + epoch.us_of_day};
  collector_.add(point);
}

protocol::Track NmeaReader::finish() {
  end_epoch();
  for (const Epoch& epoch : undated_) settle(epoch);
  undated_.clear();
  return collector_.finish();
}

void NmeaText::take(std::string_view text, const Shown& shown) {
  strict_.take(text, shown);
  lenient_.take(text, shown);
}

protocol::Track NmeaText::finish() {
  if (strict_.has_right_sum() || !strict_.has_wrong_sum()) return strict_.finish();
  protocol::Track track = lenient_.finish();
  protocol::add_remark(track, protocol::TrackRemark::kSumsWrong);
  return track;
}

protocol::Track read_nmea(ByteView file) {
  NmeaText text;
  text.take(as_text(file));
  return text.finish();
}

}  // namespace lapel::mediaworker
