// SPDX-License-Identifier: Apache-2.0
// Telemetry of one format (LAPEL_FUZZ_TELEMETRY) in any bytes: what is made of it is a track that the server's strict reader takes,
// the same each time, and one that can be told in every form. Built once for each format; of CAMM, which has no files, the
// input is packets, each behind a byte that says how long it is.
#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "mediaworker/telemetry.h"
#include "protocol/track.h"

namespace {

using namespace lapel;
using mediaworker::TelemetryReader;
using protocol::Track;

constexpr std::size_t kBytesMax = 256 * 1024;

Track read_packets(TelemetryReader& reader, ByteView bytes) {
  for (std::int64_t packet = 0; !bytes.empty(); ++packet) {
    const std::size_t size = std::min<std::size_t>(bytes[0], bytes.size() - 1);
    reader.take(bytes.subspan(1, size), {.at_us = packet * 1'001'000, .duration_us = packet % 3 * 500'500});
    bytes = bytes.subspan(1 + size);
  }
  return reader.finish();
}

Track read(ByteView file) {
  constexpr std::string_view kFormat = LAPEL_FUZZ_TELEMETRY;
  if (kFormat == "gpmf") return mediaworker::read_gpmf_file(file);
  if (kFormat == "gpx") return mediaworker::read_gpx(file);
  if (kFormat == "nmea") return mediaworker::read_nmea(file);
  if (kFormat == "srt") return mediaworker::read_srt(file);
  if (kFormat == "axis_gnss") return mediaworker::read_axis_gnss(file);
  CHECK(kFormat == "camm");
  // With the time that a file was made, and without.
  const bool is_dated = !file.empty() && (file[0] & 1) != 0;
  const auto reader =
      mediaworker::camm_reader(is_dated ? std::optional(Timestamp{1'741'935'600'000'000}) : std::nullopt);
  return read_packets(*reader, file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kBytesMax) return 0;
  const ByteView file(data, size);
  mediaworker::sniff_telemetry(file.first(std::min<std::size_t>(size, 4096)));
  const Track track = read(file);
  const std::string text = protocol::to_text(track);
  const auto again = protocol::parse_track(text);
  CHECK(again && protocol::to_text(*again) == text);
  CHECK(protocol::to_text(read(file)) == text);
  CHECK(!protocol::sentence_of(track).empty());
  if (track.points.size() < 100)
    CHECK(parse_json(protocol::to_track_json(track)) && parse_json(protocol::to_geojson(track)));
  return 0;
}
