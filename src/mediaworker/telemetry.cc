// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/telemetry.h"

#include <algorithm>
#include <array>
#include <map>

#include "mediaworker/demuxer.h"
#include "mediaworker/nmea.h"
#include "mediaworker/numbers.h"

namespace lapel::mediaworker {
namespace {

constexpr TelemetryFile kGpmf{"gpmf", &read_gpmf_file};
constexpr TelemetryFile kGpx{"gpx", &read_gpx};
constexpr TelemetryFile kAxisGnss{"axis_gnss", &read_axis_gnss};
constexpr TelemetryFile kSrt{"srt", &read_srt};
constexpr TelemetryFile kNmea{"nmea", &read_nmea};

constexpr std::int64_t kPacketsMax = 20'000'000;

constexpr std::uint32_t tag(const char (&name)[5]) {
  return MKTAG(name[0], name[1], name[2], name[3]);
}

std::string_view without_mark_and_space(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

bool is_text_subtitle(AVCodecID codec) {
  return codec == AV_CODEC_ID_MOV_TEXT || codec == AV_CODEC_ID_SUBRIP || codec == AV_CODEC_ID_TEXT;
}

// Null for a stream that has no positions in any way that is known here.
std::unique_ptr<TelemetryReader> reader_for(const AVStream* stream, std::optional<Timestamp> created) {
  const AVCodecParameters* parameters = stream->codecpar;
  if (parameters->codec_tag == tag("gpmd")) return gpmf_reader();
  if (parameters->codec_tag == tag("camm")) return camm_reader(created);
  if (parameters->codec_type == AVMEDIA_TYPE_SUBTITLE && is_text_subtitle(parameters->codec_id)) return text_reader();
  return nullptr;
}

// The text of a packet: in an MP4 its length goes before, and styles follow.
ByteView payload_of(const AVPacket& packet, const AVStream* stream) {
  const ByteView bytes(packet.data, static_cast<std::size_t>(std::max(packet.size, 0)));
  if (stream->codecpar->codec_id != AV_CODEC_ID_MOV_TEXT || bytes.size() < 2) return bytes;
  const std::size_t length = std::size_t{bytes[0]} << 8 | bytes[1];
  return bytes.subspan(2, std::min(length, bytes.size() - 2));
}

std::optional<std::int64_t> microseconds(std::int64_t ticks, AVRational base) {
  if (ticks == AV_NOPTS_VALUE || base.num <= 0 || base.den <= 0) return std::nullopt;
  const std::int64_t us = av_rescale_q(ticks, base, {1, 1'000'000});
  constexpr std::int64_t kUsMax = protocol::kTrackMsMax * 1'000;
  return us >= -kUsMax && us <= kUsMax ? std::optional(us) : std::nullopt;
}

// When the picture begins, which telemetry is told from; the sound where there is no picture.
std::int64_t footage_start_us(Demuxer& demuxer) {
  for (const AVMediaType type : {AVMEDIA_TYPE_VIDEO, AVMEDIA_TYPE_AUDIO}) {
    for (unsigned i = 0; i < demuxer->nb_streams; ++i) {
      const AVStream* stream = demuxer->streams[i];
      if (stream->codecpar->codec_type != type || is_cover(stream)) continue;
      return microseconds(stream->start_time, stream->time_base).value_or(0);
    }
  }
  return 0;
}

}  // namespace

const TelemetryFile* sniff_telemetry(ByteView head) {
  const std::string_view bytes = as_text(head);
  if (bytes.starts_with(std::string_view("DEVC\0", 5))) return &kGpmf;
  const std::string_view text = without_mark_and_space(bytes);
  if (text.starts_with('<')) return text.find("<gpx") != std::string_view::npos ? &kGpx : nullptr;
  if (text.starts_with('{')) return text.find("\"CoordinateEntries\"") != std::string_view::npos ? &kAxisGnss : nullptr;
  std::string_view lines = text;
  const auto first = take_line(lines), second = take_line(lines);
  if (first && second && whole(trimmed(*first)) && second->find("-->") != std::string_view::npos) return &kSrt;
  // Whatever stands between them, it is a log if one sentence of a position is whole.
  NmeaText nmea;
  nmea.take(text);
  return has_records(nmea.finish()) ? &kNmea : nullptr;
}

bool may_have_track(Demuxer& demuxer) {
  for (unsigned i = 0; i < demuxer->nb_streams; ++i) {
    if (reader_for(demuxer->streams[i], {})) return true;
  }
  return false;
}

std::optional<protocol::Track> read_track(Demuxer& demuxer, std::optional<Timestamp> created) {
  std::map<int, std::unique_ptr<TelemetryReader>> readers;
  for (unsigned i = 0; i < demuxer->nb_streams; ++i) {
    AVStream* stream = demuxer->streams[i];
    auto reader = reader_for(stream, created);
    // Of footage nothing is read but what may be telemetry.
    stream->discard = reader ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    if (reader) readers.emplace(static_cast<int>(i), std::move(reader));
  }
  const PacketPtr packet(av_packet_alloc());
  if (readers.empty() || !packet) return std::nullopt;
  const std::int64_t start_us = footage_start_us(demuxer);
  for (std::int64_t packets = 0; packets < kPacketsMax && av_read_frame(demuxer.get(), packet.get()) >= 0; ++packets) {
    const auto reader = readers.find(packet->stream_index);
    if (reader != readers.end()) {
      const AVStream* stream = demuxer->streams[packet->stream_index];
      Shown shown{.at_us = microseconds(packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts, stream->time_base)};
      if (shown.at_us) *shown.at_us -= start_us;
      if (packet->duration > 0) shown.duration_us = microseconds(packet->duration, stream->time_base);
      reader->second->take(payload_of(*packet, stream), shown);
    }
    av_packet_unref(packet.get());
  }
  std::optional<protocol::Track> found;
  for (auto& [index, reader] : readers) {
    protocol::Track track = reader->finish();
    // One without a place is better than nothing: it says that the camera had no fix.
    if (!track.points.empty()) return track;
    if (!found && has_records(track)) found = std::move(track);
  }
  return found;
}

}  // namespace lapel::mediaworker
