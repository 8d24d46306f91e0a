// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/footage.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "crypto/camera_key.h"
#include "mediaworker/canvas.h"
#include "mediaworker/capture.h"
#include "mediaworker/container.h"
#include "mediaworker/demuxer.h"
#include "mediaworker/rendition.h"
#include "mediaworker/signature.h"
#include "mediaworker/telemetry.h"

namespace lapel::mediaworker {
namespace {

using protocol::MediaFinding;
using protocol::MediaPicture;
using protocol::MediaRequest;
using protocol::MediaResult;
using protocol::MediaStream;
using protocol::StreamKind;

constexpr std::int64_t kPacketsMax = 20'000'000;  // counted; ten hours at 60 frames and 50 pieces of sound is 4 million
// How much is decoded for the verdict: all of a short clip, else its beginning and windows spread over its
// bytes. Video costs its pixels and sound one a packet.
struct Sample {
  std::int64_t first_window;
  std::int64_t later_window;
};
constexpr std::int64_t kFullHdPixels = 1920 * 1080;
constexpr Sample kVideoSample{300 * kFullHdPixels, 24 * kFullHdPixels};
constexpr Sample kAudioSample{2000, 100};
constexpr std::int64_t kLaterWindows = 16;
constexpr int kPacketsBeforeKeyMax = 300;  // a stream that never marks a key frame is then tried from where it is

constexpr int kPicturePacketsMax = 4000;                         // read for one picture after seeking
constexpr std::int64_t kPicturePixelsMax = 250 * kFullHdPixels;  // decoded for one picture
constexpr double kTellingDeviation = 12;  // of brightness, 0 to 255: under it a poster shows a pocket or a wall

std::optional<std::int64_t> to_ms(std::int64_t ticks, AVRational base) {
  if (ticks == AV_NOPTS_VALUE || ticks < 0 || base.num <= 0 || base.den <= 0) return std::nullopt;
  const std::int64_t ms = av_rescale_q(ticks, base, {1, 1000});
  return ms >= 0 && ms <= protocol::kMediaDurationMsMax ? std::optional(ms) : std::nullopt;
}

// A codec's name in the letters that an answer has room for: FFmpeg has "acelp.kelvin".
std::string word_of(std::string_view name) {
  std::string out(name.substr(0, 32));
  for (char& c : out) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!is_plain) c = '_';
  }
  return out;
}

// One stream while its packets go by.
class Track {
 public:
  Track(Demuxer& demuxer, const Container& container, const AVStream* stream)
      : demuxer_(demuxer), stream_(stream), still_(container.still) {
    const AVCodecParameters* parameters = stream->codecpar;
    switch (parameters->codec_type) {
      case AVMEDIA_TYPE_VIDEO:
        out_.kind = is_cover(stream) ? StreamKind::kData : StreamKind::kVideo;
        break;
      case AVMEDIA_TYPE_AUDIO:
        out_.kind = StreamKind::kAudio;
        break;
      case AVMEDIA_TYPE_SUBTITLE:
        out_.kind = StreamKind::kSubtitle;
        break;
      default:
        out_.kind = StreamKind::kData;
    }
    const AVCodecDescriptor* codec = avcodec_descriptor_get(parameters->codec_id);
    out_.codec = codec != nullptr ? word_of(codec->name) : "unknown";
    if (out_.kind == StreamKind::kVideo) {
      if (stream->nb_frames > 0) out_.frames_declared = stream->nb_frames;  // of sound it may count samples
      out_.width = std::clamp(parameters->width, 0, 65'536);
      out_.height = std::clamp(parameters->height, 0, 65'536);
      const Orientation orientation = orientation_of(stream);
      out_.rotation = orientation.rotation;
      out_.mirrored = orientation.mirrored;
      if (stream->avg_frame_rate.num > 0 && stream->avg_frame_rate.den > 0) {
        out_.frame_rate_num = stream->avg_frame_rate.num;
        out_.frame_rate_den = stream->avg_frame_rate.den;
      }
    }
    if (out_.kind == StreamKind::kAudio) {
      out_.channels = std::clamp(parameters->ch_layout.nb_channels, 0, 1024);
      out_.sample_rate = std::max(parameters->sample_rate, 0);
    }
    if (judged()) {
      decoder_ = demuxer.decoder_for(stream);
      cost_ = out_.kind == StreamKind::kVideo ? std::max<std::int64_t>(256, std::int64_t{out_.width} * out_.height) : 1;
      sample_ = out_.kind == StreamKind::kVideo ? kVideoSample : kAudioSample;
      window_left_ = sample_.first_window;
      frame_.reset(av_frame_alloc());
    }
  }

  void take(AVPacket* packet) {
    ++packets_;
    if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0) cut_packet_ = true;
    if ((packet->flags & AV_PKT_FLAG_DISCARD) == 0) {
      ++out_.frames_counted;
      extend_time(*packet);
    }
    if (av_packet_get_side_data(packet, AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr) encrypted_ = true;
    if (decoder_ && !encrypted_) sample(packet);
  }

  void finish() {
    if (sampling_) close_window();
    // A stream without one key frame cannot be decoded from anywhere.
    if (decoder_ && !encrypted_ && out_.tried == 0) out_.tried = out_.frames_counted;
    if (out_.tried > 0 && good_ == 0) out_.failed = out_.tried;
    const bool timed = first_ != AV_NOPTS_VALUE && end_ > first_;
    if (timed) out_.duration_ms = to_ms(av_sat_sub64(end_, first_), stream_->time_base);
  }

  const MediaStream& out() const { return out_; }
  bool judged() const { return out_.kind == StreamKind::kVideo || out_.kind == StreamKind::kAudio; }
  bool decodable() const { return decoder_ != nullptr; }
  bool too_large() const {
    return out_.kind == StreamKind::kVideo && std::int64_t{out_.width} * out_.height > kFramePixelsMax;
  }
  bool encrypted() const {
    return encrypted_ || av_stream_get_side_data(stream_, AV_PKT_DATA_ENCRYPTION_INIT_INFO, nullptr) != nullptr;
  }
  bool cut_packet() const { return cut_packet_; }
  bool out_of_memory() const { return out_of_memory_; }
  std::int64_t good() const { return good_; }
  std::int64_t packets() const { return packets_; }
  const AVStream* stream() const { return stream_; }
  std::optional<std::int64_t> first_ms() const {
    return first_ == AV_NOPTS_VALUE ? std::nullopt : to_ms(std::max<std::int64_t>(first_, 0), stream_->time_base);
  }
  std::optional<std::int64_t> end_ms() const {
    return first_ == AV_NOPTS_VALUE ? std::nullopt : to_ms(std::max<std::int64_t>(end_, 0), stream_->time_base);
  }

 private:
  void extend_time(const AVPacket& packet) {
    const std::int64_t at = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    if (at == AV_NOPTS_VALUE) return;
    const std::int64_t end = av_sat_add64(at, std::max<std::int64_t>(packet.duration, 0));
    if (first_ == AV_NOPTS_VALUE) {
      first_ = at;
      end_ = end;
    }
    first_ = std::min(first_, at);
    end_ = std::max(end_, end);
  }

  void sample(AVPacket* packet) {
    const std::int64_t position = packet->pos >= 0 ? packet->pos : demuxer_.input().bytes_read();
    if (!sampling_) {
      const bool key = still_ || (packet->flags & AV_PKT_FLAG_KEY) != 0;
      const bool give_up_waiting = out_.tried == 0 && ++waited_ > kPacketsBeforeKeyMax;
      if (position < next_window_at_ || (!key && !give_up_waiting)) return;
      sampling_ = true;
      key_pts_ = packet->pts;
    }
    ++out_.tried;
    bool bad = false;
    const int sent = avcodec_send_packet(decoder_.get(), packet);
    if (sent == AVERROR(ENOMEM)) out_of_memory_ = true;
    if (sent < 0) bad = true;
    if (receive()) bad = true;
    if (bad) ++out_.failed;
    window_left_ -= cost_;
    if (window_left_ <= 0) {
      close_window();
      next_window_at_ = position + demuxer_.input().bytes() / kLaterWindows;
      window_left_ = sample_.later_window;
    }
  }

  // Takes out what is decoded; true when some of it is damaged.
  bool receive() {
    bool bad = false;
    for (;;) {
      const int got = avcodec_receive_frame(decoder_.get(), frame_.get());
      if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return bad;
      if (got == AVERROR(ENOMEM)) out_of_memory_ = true;
      if (got < 0) return true;
      // Pictures shown before the key frame where a window began lack what they refer to, through no fault of
      // theirs.
      const bool complete = frame_->pts == AV_NOPTS_VALUE || key_pts_ == AV_NOPTS_VALUE || frame_->pts >= key_pts_;
      const bool damaged = (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame_->decode_error_flags != 0;
      if (damaged && complete) bad = true;
      if (!damaged) ++good_;
      av_frame_unref(frame_.get());
    }
  }

  void close_window() {
    avcodec_send_packet(decoder_.get(), nullptr);
    if (receive()) out_.failed = std::min(out_.failed + 1, out_.tried);
    avcodec_flush_buffers(decoder_.get());
    sampling_ = false;
  }

  Demuxer& demuxer_;
  const AVStream* stream_;
  bool still_;
  MediaStream out_;
  CodecPtr decoder_;
  FramePtr frame_;
  Sample sample_{};
  std::int64_t cost_ = 1;
  std::int64_t window_left_ = 0;
  std::int64_t next_window_at_ = 0;
  std::int64_t key_pts_ = AV_NOPTS_VALUE;
  std::int64_t first_ = AV_NOPTS_VALUE;
  std::int64_t end_ = 0;
  std::int64_t packets_ = 0;
  std::int64_t good_ = 0;
  int waited_ = 0;
  bool sampling_ = false;
  bool encrypted_ = false;
  bool cut_packet_ = false;
  bool out_of_memory_ = false;
};

std::optional<Timestamp> creation_time(AVFormatContext* format) {
  // Apple's tag knows the zone; the other is UTC by the standard and local time by many a camera.
  for (const char* key : {"com.apple.quicktime.creationdate", "creation_time"}) {
    const AVDictionaryEntry* entry = av_dict_get(format->metadata, key, nullptr, 0);
    if (entry == nullptr) continue;
    std::string text = entry->value;
    // "+0200", as Apple writes it, becomes "+02:00".
    if (text.size() > 5 && (text[text.size() - 5] == '+' || text[text.size() - 5] == '-'))
      text.insert(text.size() - 2, ":");
    const auto time = parse_rfc3339(text);
    if (time && time->us >= 0) return time;
  }
  return std::nullopt;
}

// Packet by packet to the end: counts, measures, decodes the sample.
void examine(Demuxer& demuxer, const Container& container, const Outline& outline, MediaResult& result) {
  std::vector<std::unique_ptr<Track>> tracks;
  const PacketPtr packet(av_packet_alloc());
  if (!packet) return add(result, MediaFinding::kTooMuchMemory);
  const auto meet_new_streams = [&] {
    while (tracks.size() < demuxer->nb_streams && tracks.size() < protocol::kMediaStreamsMax) {
      tracks.push_back(std::make_unique<Track>(demuxer, container, demuxer->streams[tracks.size()]));
    }
  };
  meet_new_streams();
  std::int64_t packets = 0;
  int ended = 0;
  while (packets < kPacketsMax && (ended = av_read_frame(demuxer.get(), packet.get())) >= 0) {
    ++packets;
    meet_new_streams();
    const auto index = static_cast<std::size_t>(packet->stream_index);
    if (index < tracks.size()) {
      tracks[index]->take(packet.get());
      if (!result.may_be_signed) result.may_be_signed = has_signing_message(tracks[index]->stream(), *packet);
    }
    av_packet_unref(packet.get());
  }
  for (const auto& track : tracks) track->finish();
  if (!result.may_be_signed && container.boxes) result.may_be_signed = has_capture(demuxer.input());

  std::int64_t first_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t end_ms = 0;
  bool judged = false, decodable = false, good = false, encrypted = false, unknown_picture = false, too_large = false;
  bool early = false, memory = ended == AVERROR(ENOMEM);
  std::int64_t judged_packets = 0, tried = 0, failed = 0;
  for (const auto& track : tracks) {
    const MediaStream& out = track->out();
    result.streams.push_back(out);
    if (!track->judged()) continue;
    judged = true;
    decodable = decodable || track->decodable();
    encrypted = encrypted || track->encrypted();
    too_large = too_large || track->too_large();
    unknown_picture = unknown_picture || (out.kind == StreamKind::kVideo && !track->decodable());
    good = good || track->good() > 0;
    memory = memory || track->out_of_memory();
    judged_packets += track->packets();
    tried += out.tried;
    failed += out.failed;
    // An index of boxes lists every frame, so those that did not come are cut off.
    early = early || track->cut_packet() ||
            (container.boxes && track->packets() < avformat_index_get_entries_count(track->stream()));
    if (track->first_ms() && track->end_ms()) {
      first_ms = std::min(first_ms, *track->first_ms());
      end_ms = std::max(end_ms, *track->end_ms());
    }
  }
  if (!container.still && end_ms > first_ms) result.duration_ms = end_ms - first_ms;
  if (!container.still && demuxer->duration_estimation_method == AVFMT_DURATION_FROM_STREAM) {
    result.duration_declared_ms = to_ms(demuxer->duration, AVRational{1, AV_TIME_BASE});
  }

  if (!judged) return add(result, MediaFinding::kNoStreams);
  if (encrypted && !good) return add(result, MediaFinding::kEncrypted);
  if (judged_packets == 0) return add(result, MediaFinding::kNoPackets);
  if (too_large) return add(result, MediaFinding::kFramesTooLarge);
  if (unknown_picture || !decodable) return add(result, MediaFinding::kCodecUnknown);
  if (memory && !good) return add(result, MediaFinding::kTooMuchMemory);
  if (tried > 0 && !good) return add(result, MediaFinding::kNothingDecodes);
  if (early || (outline.cut_short && !container.boxes)) add(result, MediaFinding::kEndsEarly);
  if (ended < 0 && ended != AVERROR_EOF) add(result, MediaFinding::kReadStopped);
  if (failed > 0) add(result, MediaFinding::kFramesFailed);
  if (packets == kPacketsMax) add(result, MediaFinding::kNotCountedToEnd);
  if (result.duration_ms && result.duration_declared_ms && packets < kPacketsMax) {
    const std::int64_t apart = std::abs(*result.duration_ms - *result.duration_declared_ms);
    if (apart > std::max<std::int64_t>(1000, *result.duration_ms / 20)) add(result, MediaFinding::kHeaderLies);
  }
}

struct Box {
  int width_max = 0;
  int height_max = 0;
};

// Pictures of the best video stream at given times.
class PictureReader {
 public:
  explicit PictureReader(Demuxer& demuxer) : demuxer_(demuxer), packet_(av_packet_alloc()), frame_(av_frame_alloc()) {
    for (unsigned i = 0; i < demuxer->nb_streams; ++i) {
      AVStream* stream = demuxer->streams[i];
      if (stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO || is_cover(stream)) continue;
      decoder_ = demuxer.decoder_for(stream);
      if (!decoder_) continue;
      stream_ = stream;
      orientation_ = orientation_of(stream);
      break;
    }
    if (stream_ == nullptr) return;
    for (unsigned i = 0; i < demuxer->nb_streams; ++i) {
      if (demuxer->streams[i] != stream_) demuxer->streams[i]->discard = AVDISCARD_ALL;
    }
  }

  bool ready() const { return stream_ != nullptr && packet_ && frame_; }

  std::int64_t duration_ms() const {
    if (measured_ms_) return *measured_ms_;
    const auto declared = to_ms(demuxer_->duration, AVRational{1, AV_TIME_BASE});
    return declared.value_or(0);
  }
  // Where the header lies: by reading every packet. False when that was done before.
  bool measure() {
    if (measured_ms_) return false;
    seek(0);
    std::int64_t end = 0;
    for (std::int64_t packets = 0; packets < kPacketsMax && av_read_frame(demuxer_.get(), packet_.get()) >= 0;
         ++packets) {
      if (packet_->stream_index == stream_->index && packet_->pts != AV_NOPTS_VALUE) {
        end = std::max(end, av_sat_sub64(packet_->pts, start()));
      }
      av_packet_unref(packet_.get());
    }
    measured_ms_ = to_ms(end, stream_->time_base).value_or(0);
    return true;
  }

  struct Shot {
    Canvas canvas;
    std::int64_t ms = 0;
    bool reached = false;  // false: the footage ends before the time asked for, or nothing whole was found there
  };
  // The first undamaged picture at or after the time, scaled into the box and upright; else the best one
  // before it.
  std::optional<Shot> at(std::int64_t ms, const Box& box) {
    seek(ms);
    const std::int64_t target = av_sat_add64(start(), av_rescale_q(ms, {1, 1000}, stream_->time_base));
    const std::int64_t pixels = std::max<std::int64_t>(256, std::int64_t{decoder_->width} * decoder_->height);
    std::int64_t left = kPicturePixelsMax;
    std::optional<Shot> fallback;
    bool draining = false;
    for (int packets = 0; packets < kPicturePacketsMax && !draining; ++packets) {
      draining = left <= 0 || av_read_frame(demuxer_.get(), packet_.get()) < 0;
      const bool ours = !draining && packet_->stream_index == stream_->index;
      if (ours || draining) {
        avcodec_send_packet(decoder_.get(), draining ? nullptr : packet_.get());
        left -= pixels;
      }
      av_packet_unref(packet_.get());
      while (avcodec_receive_frame(decoder_.get(), frame_.get()) == 0) {
        const bool damaged = (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame_->decode_error_flags != 0;
        const bool reached = !damaged && (frame_->pts == AV_NOPTS_VALUE || frame_->pts >= target);
        auto canvas = reached || !fallback ? draw(box) : std::nullopt;
        const std::int64_t shown = frame_->pts == AV_NOPTS_VALUE ? target : frame_->pts;
        av_frame_unref(frame_.get());
        if (!canvas) continue;
        const std::int64_t since_start = std::max<std::int64_t>(0, av_sat_sub64(shown, start()));
        fallback = Shot{std::move(*canvas), to_ms(since_start, stream_->time_base).value_or(0), reached};
        if (reached) return fallback;
      }
    }
    return fallback;
  }

 private:
  std::int64_t start() const { return stream_->start_time != AV_NOPTS_VALUE ? stream_->start_time : 0; }

  void seek(std::int64_t ms) {
    const std::int64_t target = av_sat_add64(start(), av_rescale_q(ms, {1, 1000}, stream_->time_base));
    // Without an index the beginning is what can be had.
    if (av_seek_frame(demuxer_.get(), stream_->index, target, AVSEEK_FLAG_BACKWARD) < 0) {
      av_seek_frame(demuxer_.get(), stream_->index, start(), AVSEEK_FLAG_BACKWARD | AVSEEK_FLAG_ANY);
    }
    avcodec_flush_buffers(decoder_.get());
  }

  std::optional<Canvas> draw(const Box& box) {
    const AVFrameSideData* turned = av_frame_get_side_data(frame_.get(), AV_FRAME_DATA_DISPLAYMATRIX);
    const Orientation orientation =
        turned != nullptr ? orientation_of_matrix({turned->data, turned->size}) : orientation_;
    const AVRational ratio = av_guess_sample_aspect_ratio(demuxer_.get(), stream_, frame_.get());
    const double stretch = ratio.num > 0 && ratio.den > 0 ? std::clamp(av_q2d(ratio), 0.1, 10.0) : 1.0;
    const bool on_its_side = orientation.rotation % 180 != 0;
    const double wide = frame_->width * stretch;
    const double high = frame_->height;
    const double scale = std::min({1.0, (on_its_side ? box.height_max : box.width_max) / wide,
                                   (on_its_side ? box.width_max : box.height_max) / high});
    Canvas canvas = Canvas::sized(std::max(1, static_cast<int>(std::lround(wide * scale))),
                                  std::max(1, static_cast<int>(std::lround(high * scale))));
    const ScalePtr scaler(
        sws_getContext(frame_->width, frame_->height, static_cast<AVPixelFormat>(frame_->format), canvas.width,
                       canvas.height, AV_PIX_FMT_RGB24, SWS_AREA, nullptr, nullptr, nullptr),
        &sws_freeContext);
    if (!scaler) return std::nullopt;
    // swscale writes whole vectors past the row's end: give it rows of its own.
    std::array<std::uint8_t*, 4> planes{};
    std::array<int, 4> strides{};
    if (av_image_alloc(planes.data(), strides.data(), canvas.width + 64, canvas.height + 1, AV_PIX_FMT_RGB24, 64) < 0) {
      return std::nullopt;
    }
    const int rows =
        sws_scale(scaler.get(), frame_->data, frame_->linesize, 0, frame_->height, planes.data(), strides.data());
    for (int y = 0; y < canvas.height && rows == canvas.height; ++y) {
      std::memcpy(canvas.pixel(0, y), planes[0] + std::ptrdiff_t{y} * strides[0],
                  3 * static_cast<std::size_t>(canvas.width));
    }
    av_freep(&planes[0]);
    if (rows != canvas.height) return std::nullopt;
    return oriented(std::move(canvas), orientation);
  }

  Demuxer& demuxer_;
  PacketPtr packet_;
  FramePtr frame_;
  AVStream* stream_ = nullptr;
  CodecPtr decoder_;
  Orientation orientation_;
  std::optional<std::int64_t> measured_ms_;
};

Result<void> write_whole(ByteView bytes, int output) {
  while (!bytes.empty()) {
    const ssize_t written = write(output, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(Code::kInternal, "What was made could not be written.", std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

// Writes a JPEG; its bytes, or nothing when it cannot be encoded.
Result<std::optional<std::int64_t>> write_jpeg(const Canvas& canvas, int output) {
  constexpr int kQuality = 4;  // of 1 (best) to 31
  constexpr std::size_t kSwscaleReadsPast = 64;
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  const CodecPtr encoder(avcodec_alloc_context3(codec));
  const FramePtr frame(av_frame_alloc());
  const PacketPtr packet(av_packet_alloc());
  if (codec == nullptr || !encoder || !frame || !packet) return std::nullopt;
  encoder->width = frame->width = canvas.width;
  encoder->height = frame->height = canvas.height;
  encoder->pix_fmt = AV_PIX_FMT_YUVJ420P;
  frame->format = AV_PIX_FMT_YUVJ420P;
  encoder->time_base = {1, 25};
  encoder->thread_count = 1;
  encoder->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
  encoder->global_quality = frame->quality = kQuality * FF_QP2LAMBDA;
  const ScalePtr scaler(sws_getContext(canvas.width, canvas.height, AV_PIX_FMT_RGB24, canvas.width, canvas.height,
                                       AV_PIX_FMT_YUVJ420P, SWS_BILINEAR | SWS_ACCURATE_RND, nullptr, nullptr, nullptr),
                        &sws_freeContext);
  if (!scaler || avcodec_open2(encoder.get(), codec, nullptr) < 0 || av_frame_get_buffer(frame.get(), 64) < 0) {
    return std::nullopt;
  }
  // swscale reads whole vectors past the last row's end, and four planes of whatever it is given.
  Bytes pixels;
  pixels.reserve(canvas.rgb.size() + kSwscaleReadsPast);
  pixels.assign(canvas.rgb.begin(), canvas.rgb.end());
  pixels.resize(canvas.rgb.size() + kSwscaleReadsPast);
  const std::array<const std::uint8_t*, 4> planes = {pixels.data(), nullptr, nullptr, nullptr};
  const std::array<int, 4> strides = {3 * canvas.width, 0, 0, 0};
  if (sws_scale(scaler.get(), planes.data(), strides.data(), 0, canvas.height, frame->data, frame->linesize) !=
          canvas.height ||
      avcodec_send_frame(encoder.get(), frame.get()) < 0 || avcodec_send_frame(encoder.get(), nullptr) < 0 ||
      avcodec_receive_packet(encoder.get(), packet.get()) < 0) {
    return std::nullopt;
  }
  TRY(write_whole({packet->data, static_cast<std::size_t>(packet->size)}, output));
  return packet->size;
}

struct Drawing {
  Canvas canvas;
  std::vector<std::int64_t> times_ms;
};

std::optional<Drawing> draw_poster(PictureReader& reader, const MediaRequest& request) {
  const Box box{request.edge_px, request.edge_px};
  if (request.at_ms) {
    auto shot = reader.at(*request.at_ms, box);
    if (!shot) return std::nullopt;
    return Drawing{std::move(shot->canvas), {shot->ms}};
  }
  // A camera is often switched on in a pocket: the first picture with something on it, or the best of what
  // there is.
  std::optional<Drawing> best;
  double best_deviation = -1;
  for (const int percent : {10, 25, 50, 75, 0}) {
    const std::int64_t ms = reader.duration_ms() * percent / 100;
    auto shot = reader.at(ms, box);
    if (!shot) continue;
    const double seen = deviation(shot->canvas);
    if (seen > best_deviation) {
      best_deviation = seen;
      best = Drawing{std::move(shot->canvas), {shot->ms}};
    }
    if (seen >= kTellingDeviation) break;
  }
  return best;
}

std::optional<Drawing> draw_filmstrip(PictureReader& reader, const MediaRequest& request) {
  // Very wide or very narrow frames stay inside three heights.
  const Box box{std::min(3 * request.height_px, protocol::kMediaPosterEdgeMax), request.height_px};
  if (reader.duration_ms() == 0) reader.measure();
  for (;;) {
    std::vector<Canvas> pictures;
    Drawing strip;
    bool reached = true;
    for (int i = 0; i < request.frames; ++i) {
      auto shot = reader.at(reader.duration_ms() * (2 * i + 1) / (2 * request.frames), box);
      reached = reached && shot && shot->reached;
      if (!shot) continue;
      pictures.push_back(std::move(shot->canvas));
      strip.times_ms.push_back(shot->ms);
    }
    // The footage ended before the header said: once more, over what there is.
    if (!reached && reader.measure()) continue;
    if (pictures.empty()) return std::nullopt;
    strip.canvas = side_by_side(pictures);
    return strip;
  }
}

Result<void> draw(Demuxer& demuxer, const MediaRequest& request, int output, MediaResult& result) {
  PictureReader reader(demuxer);
  std::optional<Drawing> drawing;
  if (reader.ready()) {
    drawing =
        request.job == protocol::MediaJob::kPoster ? draw_poster(reader, request) : draw_filmstrip(reader, request);
  }
  const auto bytes = drawing ? TRY(write_jpeg(drawing->canvas, output)) : std::nullopt;
  if (!bytes) {
    add(result, MediaFinding::kNoPicture);
    return {};
  }
  result.picture = MediaPicture{drawing->canvas.width, drawing->canvas.height, *bytes, std::move(drawing->times_ms)};
  return {};
}

Result<void> write_track(const std::optional<protocol::Track>& track, int output, MediaResult& result) {
  if (!track) {
    add(result, MediaFinding::kNoTrack);
    return {};
  }
  const std::string text = protocol::to_text(*track);
  TRY(write_whole(as_bytes(text), output));
  result.track =
      protocol::MediaTrack{static_cast<std::int64_t>(text.size()), static_cast<std::int64_t>(track->points.size())};
  return {};
}

// A file that is telemetry and nothing else; false where it has no record of its kind.
Result<bool> read_positions(const TelemetryFile& kind, const MediaRequest& request, Input& input, int output,
                            MediaResult& result) {
  Bytes file(static_cast<std::size_t>(std::min<std::int64_t>(input.bytes(), kTelemetryFileBytesMax)));
  file.resize(input.read_at(0, file));
  protocol::Track track = kind.read(file);
  if (!has_records(track)) return false;
  if (std::cmp_less(file.size(), input.bytes())) {
    std::erase(track.remarks, protocol::TrackRemark::kBreaksOff);  // it is we who broke off
    protocol::add_remark(track, protocol::TrackRemark::kReadInPart);
  }
  result.container = kind.name;
  add(result, MediaFinding::kPositionsOnly);
  if (track.records_damaged > 0 || protocol::has_remark(track, protocol::TrackRemark::kBreaksOff)) {
    add(result, MediaFinding::kRecordsFailed);
  }
  if (protocol::has_remark(track, protocol::TrackRemark::kSumsWrong)) add(result, MediaFinding::kSumsWrong);
  result.may_have_track = request.job == protocol::MediaJob::kProbe;
  if (request.job == protocol::MediaJob::kTrack) TRY(write_track(track, output, result));
  return true;
}

}  // namespace

void prepare_libraries() {
  // Texts made of times must not look for a zone's file later.
  setenv("TZ", "UTC0", 1);
  tzset();
  av_log_set_callback([](void*, int, const char*, va_list) {});
  av_max_alloc(kAllocationBytesMax);
  // OpenSSL fetches what it hashes with when that is first asked for.
  for (const auto kind : {crypto::HashKind::kSha256, crypto::HashKind::kSha384, crypto::HashKind::kSha512})
    crypto::hash_of(kind, {});
}

Result<MediaResult> run(const MediaRequest& request, const Source& source, int output, const Bounds& bounds) {
  MediaResult result;
  result.file_bytes = source.bytes;
  Demuxer demuxer(source);
  std::array<std::uint8_t, kSniffBytes> head{};
  const ByteView start = ByteView(head).first(demuxer.input().read_at(0, head));
  const Container* container = sniff(start);
  if (container == nullptr) {
    const TelemetryFile* telemetry = sniff_telemetry(start);
    if (telemetry == nullptr || !TRY(read_positions(*telemetry, request, demuxer.input(), output, result))) {
      add(result, start.empty() ? MediaFinding::kEmpty : MediaFinding::kUnknownKind);
    }
    result.bytes_read = demuxer.input().bytes_read();
    return result;
  }
  result.container = container->name;
  const Outline outline = read_outline(
      *container, static_cast<std::uint64_t>(source.bytes),
      [&](std::uint64_t offset, std::span<std::uint8_t> out) { return demuxer.input().read_at(offset, out); });
  if (request.job == protocol::MediaJob::kRendition) {
    TRY(render(request, source, *container, outline, bounds, output, result));
  } else if (request.job == protocol::MediaJob::kSignature) {
    result.signature = check_signature(source, *container, outline, request.roots);
  } else if (const auto reason = demuxer.open(
                 *container, outline,
                 request.job == protocol::MediaJob::kTrack ? Demuxer::Edits::kShifted : Demuxer::Edits::kFollowed)) {
    add(result, *reason);
  } else {
    result.creation_time = creation_time(demuxer.get());
    if (request.job == protocol::MediaJob::kProbe) {
      examine(demuxer, *container, outline, result);
      result.may_have_track = may_have_track(demuxer);
    } else if (request.job == protocol::MediaJob::kTrack) {
      TRY(write_track(read_track(demuxer, result.creation_time), output, result));
    } else {
      TRY(draw(demuxer, request, output, result));
    }
  }
  result.bytes_read += demuxer.input().bytes_read();
  return result;
}

}  // namespace lapel::mediaworker
