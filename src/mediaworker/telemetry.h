// SPDX-License-Identifier: Apache-2.0
#pragma once
// Telemetry: the readers of each format that says where a camera was, and who picks among them. The formats are described
// in docs/formats/track.md.
//
// Owns: which files are telemetry and nothing else, and which streams of footage carry some.
// Promises: any bytes give some track or none, in time and memory bounded by their number. What is damaged is left out and
//   counted, what is sound before it and after it is kept. Nothing is guessed: a point is where its source says that it had a fix.
// Fails with: nothing.
// Threads: one.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "protocol/track.h"

namespace lapel::mediaworker {

class Demuxer;

// A file that is telemetry and nothing else is read whole, up to here: two days of sentences of a receiver.
inline constexpr std::size_t kTelemetryFileBytesMax = std::size_t{64} << 20;

// ---- a file ----

struct TelemetryFile {
  std::string_view name;  // in results
  protocol::Track (*read)(ByteView file);
};
// What a file that starts with `head` may be; whether it is shows in its records. Null where it is no telemetry.
const TelemetryFile* sniff_telemetry(ByteView head);
// A position, or a record that says that there was none. Damage alone is no sign of what a file was meant to be.
inline bool has_records(const protocol::Track& track) {
  return !track.points.empty() || track.records_without_fix > 0;
}

protocol::Track read_gpx(ByteView file);        // GPX 1.0 and 1.1
protocol::Track read_nmea(ByteView file);       // a log, whatever stands between its sentences
protocol::Track read_srt(ByteView file);        // subtitles of DJI's cameras, or of others with sentences in them
protocol::Track read_axis_gnss(ByteView file);  // what Axis' body-worn systems hand over beside a recording
protocol::Track read_gpmf_file(ByteView file);  // payloads one behind the other, as tools cut them out of an MP4

// ---- streams of footage ----

// When a packet is shown, from the start of the footage.
struct Shown {
  std::optional<std::int64_t> at_us = {};
  std::optional<std::int64_t> duration_us = {};

  std::optional<std::int64_t> at_ms() const { return at_us ? std::optional(*at_us / 1'000) : std::nullopt; }
};

class TelemetryReader {
 public:
  virtual ~TelemetryReader() = default;
  virtual void take(ByteView packet, const Shown& shown) = 0;
  virtual protocol::Track finish() = 0;
};

std::unique_ptr<TelemetryReader> gpmf_reader();
// `created` decides between the two epochs that cameras count from (camm.cc).
std::unique_ptr<TelemetryReader> camm_reader(std::optional<Timestamp> created);
// Text with DJI's words or with sentences of a receiver in it, one subtitle a packet.
std::unique_ptr<TelemetryReader> text_reader();

// Whether a stream of the footage may carry positions: asked of every recording, so it reads nothing.
bool may_have_track(Demuxer& demuxer);
// Of the streams that may, the first that does; nothing when none does.
std::optional<protocol::Track> read_track(Demuxer& demuxer, std::optional<Timestamp> created);

}  // namespace lapel::mediaworker
