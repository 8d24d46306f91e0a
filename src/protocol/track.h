// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a camera was while it recorded: one model for every kind of telemetry, and its one text (docs/formats/track.md).
//
// Owns: the limits, the text that the media worker writes and the server keeps, and what is made of it for people: sentences,
//   JSON, GeoJSON (RFC 7946), GPX 1.1.
// Promises: parse_track accepts exactly the bytes that to_text writes, so a track that came from a worker is within every bound
//   named here and its numbers are finite. Units are SI and degrees of WGS 84. A point is a place where the receiver had a fix.
// Fails with: kInvalid (text that is no track).
// Threads: values and pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace lapel::protocol {

inline constexpr int kTrackVersion = 1;
// Ten hours of one point a second. Who has more keeps every second one, every fourth, … (Track::every).
inline constexpr std::size_t kTrackPointsMax = 36'000;
inline constexpr std::size_t kTrackTextBytesMax = std::size_t{4} << 20;
// From the start of the footage, before it or after: as long as footage may be (kMediaDurationMsMax).
inline constexpr std::int64_t kTrackMsMax = std::int64_t{10} * 366 * 86'400'000;
inline constexpr double kTrackAltitudeMMax = 100'000;  // up or down
inline constexpr double kTrackSpeedMax = 12'000;       // meters a second: what is in orbit has 8,000
inline constexpr double kTrackAccuracyMMax = 1'000'000;
inline constexpr double kTrackDopMax = 1'000;

struct TrackPoint {
  std::optional<std::int64_t> at_ms = {};  // since the start of the footage; none where nothing ties the point to it
  std::optional<Timestamp> time = {};      // UTC, unless the track says that its zone is unknown
  double latitude = 0;                     // degrees, north is positive: -90 to 90
  double longitude = 0;                    // degrees, east is positive: -180 to 180
  std::optional<double> altitude_m = {};   // above the sea or the ellipsoid, as the source has it: most do not say
  std::optional<double> speed_m_s = {};    // over the ground
  std::optional<double> course_deg = {};   // over the ground, clockwise from true north: 0 to 360
  std::optional<double> accuracy_m = {};   // horizontal, as the receiver estimates it
  std::optional<double> dop = {};          // dilution of precision: without unit, small is good

  friend bool operator==(const TrackPoint&, const TrackPoint&) = default;
};
// Within the ranges above, every number finite.
bool is_track_point(const TrackPoint& point);

enum class TrackSource { kGpmf, kCamm, kNmea, kGpx, kDjiSrt, kAxisGnss };

// What is to be known of a track besides its numbers.
enum class TrackRemark {
  kBreaksOff,    // the source ends within a record, or cannot be read any further
  kReadInPart,   // the source is longer than what is read of one
  kSumsWrong,    // not one record has the check sum that is written in it: taken as they are
  kZoneUnknown,  // the times are of a clock that does not say how far it is from UTC
  kPlanned,      // points of a route or marked places: nobody need have been there
};

struct Track {
  TrackSource source = TrackSource::kGpx;
  std::vector<TrackPoint> points = {};  // as they follow each other in the source; at most kTrackPointsMax
  std::int64_t records_damaged = 0;     // not readable, or their sum is wrong, or the numbers are of no place: left out
  std::int64_t records_without_fix = 0;   // the receiver said that it had no position: left out
  std::int64_t every = 1;                 // of the points of the source each so many-th is here: a power of two
  std::vector<TrackRemark> remarks = {};  // ascending, each once

  friend bool operator==(const Track&, const Track&) = default;
};

std::string_view track_source_name(TrackSource source);
std::string_view track_remark_name(TrackRemark remark);
bool has_remark(const Track& track, TrackRemark remark);
void add_remark(Track& track, TrackRemark remark);  // in its place among the others, once
// One to a few plain sentences: what it is made of, how many points, what is missing.
std::string sentence_of(const Track& track);
// Meters along the points, on a sphere: good to half a percent.
double length_m(const Track& track);

// CHECKs the bounds: who makes a track keeps to them. Numbers are rounded: degrees to 1e-9, the others to a thousandth.
std::string to_text(const Track& track);
Result<Track> parse_track(std::string_view text);

// For programs: an object with every member of the track, its points an array of objects, what is not known of one null.
std::string to_track_json(const Track& track);
// One Feature: a LineString, a Point where there is only one, null where there is none. Times are in `coordTimes`, as
// elsewhere; further members of `properties` are arrays as long as it.
std::string to_geojson(const Track& track);
// One track of one segment. A time of unknown zone is a comment, since GPX has UTC only.
std::string to_gpx(const Track& track);

}  // namespace lapel::protocol
