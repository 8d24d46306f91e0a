// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/rendition.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "mediaworker/demuxer.h"
#include "mediaworker/tracks.h"

namespace lapel::mediaworker {
namespace {

using protocol::MediaFinding;

constexpr AVRational kMicroseconds = {1, 1'000'000};

constexpr std::int64_t kStillMs = 1'000;

constexpr int kBlackWidth = 640;  // where there is sound alone
constexpr int kBlackHeight = 360;
constexpr std::int64_t kBlackMs = 1'000;

constexpr std::array kRates = {8'000, 11'025, 12'000, 16'000, 22'050, 24'000, 32'000, 44'100, 48'000};
constexpr int kOtherRate = 48'000;

bool is_damaged(const AVFrame* frame) {
  return (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame->decode_error_flags != 0;
}

// What there is to be rendered, found by decoding until the first picture and the first sound.
struct Plan {
  int picture_stream = -1, sound_stream = -1;
  Size size;
  Colors colors;
  int rate = 0, channels = 0;
  std::int64_t start_us = 0;  // of the time line: the earlier of the two
  bool has_picture = false, has_sound = false;
  bool has_streams = false, has_decoders = false, is_too_large = false;
};

// Decodes what it is given, and hands on each frame.
template <typename Take>
bool decode(AVCodecContext* decoder, AVPacket* packet, AVFrame* frame, Take&& take) {
  bool is_good = avcodec_send_packet(decoder, packet) >= 0;
  while (true) {
    const int got = avcodec_receive_frame(decoder, frame);
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return is_good;
    if (got < 0) return false;
    if (is_damaged(frame)) is_good = false;
    take(frame);
    av_frame_unref(frame);
  }
}

std::optional<std::int64_t> time_us(const AVFrame* frame, const AVStream* stream) {
  if (frame->best_effort_timestamp == AV_NOPTS_VALUE || stream->time_base.num <= 0 || stream->time_base.den <= 0)
    return std::nullopt;
  return av_rescale_q(frame->best_effort_timestamp, stream->time_base, kMicroseconds);
}

Plan look_ahead(Demuxer& demuxer, AVPacket* packet, AVFrame* frame) {
  Plan plan;
  CodecPtr pictures, sounds;
  for (unsigned i = 0; i < demuxer->nb_streams; ++i) {
    AVStream* stream = demuxer->streams[i];
    const AVCodecParameters* parameters = stream->codecpar;
    const bool is_picture = parameters->codec_type == AVMEDIA_TYPE_VIDEO && !is_cover(stream);
    const bool is_sound = parameters->codec_type == AVMEDIA_TYPE_AUDIO;
    if (!is_picture && !is_sound) continue;
    plan.has_streams = true;
    plan.is_too_large =
        plan.is_too_large || (is_picture && std::int64_t{parameters->width} * parameters->height > kFramePixelsMax);
    int& chosen = is_picture ? plan.picture_stream : plan.sound_stream;
    if (chosen >= 0) continue;
    CodecPtr decoder = demuxer.decoder_for(stream);
    if (!decoder) continue;
    plan.has_decoders = true;
    chosen = static_cast<int>(i);
    (is_picture ? pictures : sounds) = std::move(decoder);
  }
  std::optional<std::int64_t> first_picture, first_sound;
  const auto take_picture = [&](AVFrame* got) {
    if (plan.has_picture || got->width <= 0 || got->height <= 0) return;
    AVStream* stream = demuxer->streams[plan.picture_stream];
    plan.has_picture = true;
    plan.size = size_of(display_of(demuxer.get(), stream, got));
    const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(got->format));
    const bool is_rgb = format != nullptr && (format->flags & AV_PIX_FMT_FLAG_RGB) != 0;
    plan.colors.space = is_rgb ? AVCOL_SPC_SMPTE170M : got->colorspace;
    plan.colors.primaries = got->color_primaries;
    plan.colors.transfer = got->color_trc;
    first_picture = time_us(got, stream);
  };
  const auto take_sound = [&](AVFrame* got) {
    if (plan.has_sound || !is_sound(got)) return;
    plan.has_sound = true;
    plan.channels = std::min(got->ch_layout.nb_channels, 2);
    plan.rate =
        std::find(kRates.begin(), kRates.end(), got->sample_rate) != kRates.end() ? got->sample_rate : kOtherRate;
    first_sound = time_us(got, demuxer->streams[plan.sound_stream]);
  };
  while ((pictures && !plan.has_picture) || (sounds && !plan.has_sound)) {
    const bool is_over = av_read_frame(demuxer.get(), packet) < 0;
    if (pictures && !plan.has_picture && (is_over || packet->stream_index == plan.picture_stream))
      decode(pictures.get(), is_over ? nullptr : packet, frame, take_picture);
    if (sounds && !plan.has_sound && (is_over || packet->stream_index == plan.sound_stream))
      decode(sounds.get(), is_over ? nullptr : packet, frame, take_sound);
    av_packet_unref(packet);
    if (is_over) break;
  }
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  const std::int64_t start = std::min(first_picture.value_or(kNever), first_sound.value_or(kNever));
  plan.start_us = start == kNever ? 0 : start;
  return plan;
}

// The second reading, from which everything is made.
class Rendering {
 public:
  Rendering(Demuxer& demuxer, const Plan& plan, const Bounds& bounds, Writer& writer,
            std::span<const std::string> lines)
      : demuxer_(demuxer),
        plan_(plan),
        bounds_(bounds),
        writer_(writer),
        pictures_(writer, plan.has_picture ? plan.size : Size{kBlackWidth, kBlackHeight}, lines) {
    if (plan.has_sound) sound_.emplace(writer, plan.rate, plan.channels);
  }

  bool open() {
    packet_.reset(av_packet_alloc());
    frame_.reset(av_frame_alloc());
    if (plan_.has_picture) picture_decoder_ = demuxer_.decoder_for(stream(plan_.picture_stream));
    if (plan_.has_sound) sound_decoder_ = demuxer_.decoder_for(stream(plan_.sound_stream));
    if (!packet_ || !frame_ || (plan_.has_picture && !picture_decoder_) || (plan_.has_sound && !sound_decoder_))
      return false;
    return pictures_.open(plan_.colors) && (!sound_ || sound_->open()) && writer_.begin();
  }

  // False when encoder or output failed.
  bool run(bool is_still) {
    int ended = 0;
    while (is_well_ && pictures_.count() < bounds_.pictures &&
           (ended = av_read_frame(demuxer_.get(), packet_.get())) >= 0) {
      take(packet_.get());
      av_packet_unref(packet_.get());
    }
    if (picture_decoder_) decode_pictures(nullptr);
    if (sound_decoder_) decode_sound(nullptr);
    is_cut_ = ended < 0 && ended != AVERROR_EOF;
    const std::int64_t rest =
        plan_.has_picture ? last_frame_ms_ : sound_->duration_ms() - pictures_.duration_ms() + kLastFrameMs;
    if (!plan_.has_picture && pictures_.count() == 0) is_well_ = is_well_ && pictures_.black(0);
    return is_well_ && (!sound_ || sound_->end()) && pictures_.end(is_still ? kStillMs : rest) && writer_.end();
  }

  bool is_cut() const { return is_cut_; }
  bool has_failures() const { return failures_ > 0 || pictures_.refused() > 0 || (sound_ && sound_->refused() > 0); }
  std::int64_t count() const { return pictures_.count(); }
  std::int64_t duration_ms() const { return std::max(pictures_.duration_ms(), sound_ ? sound_->duration_ms() : 0); }

 private:
  AVStream* stream(int index) { return demuxer_->streams[static_cast<unsigned>(index)]; }

  void take(AVPacket* packet) {
    if (picture_decoder_ && packet->stream_index == plan_.picture_stream) decode_pictures(packet);
    if (sound_decoder_ && packet->stream_index == plan_.sound_stream) decode_sound(packet);
  }

  void decode_pictures(AVPacket* packet) {
    AVStream* from = stream(plan_.picture_stream);
    const bool is_good = decode(picture_decoder_.get(), packet, frame_.get(), [&](AVFrame* frame) {
      if (!is_well_) return;
      const auto at = time_us(frame, from);
      // Without a time of its own: a frame after the last.
      const std::int64_t us = at ? av_sat_sub64(*at, plan_.start_us) : last_us_ + frame_us(from);
      if (us > bounds_.ms * 1000) return;
      last_us_ = us;
      const std::int64_t stands =
          av_rescale_q(std::max<std::int64_t>(frame->pkt_duration, 0), from->time_base, kMilliseconds);
      last_frame_ms_ = stands > 0 && stands <= kKeyFrameMs ? stands : kLastFrameMs;
      is_well_ = pictures_.take(frame, display_of(demuxer_.get(), from, frame), std::max<std::int64_t>(us, 0));
    });
    if (!is_good) ++failures_;
  }
  static std::int64_t frame_us(const AVStream* from) {
    const AVRational rate = from->avg_frame_rate;
    return rate.num > 0 && rate.den > 0 ? av_rescale(kUs, rate.den, rate.num) : kUs / 25;
  }

  void decode_sound(AVPacket* packet) {
    const AVStream* from = stream(plan_.sound_stream);
    const bool is_good = decode(sound_decoder_.get(), packet, frame_.get(), [&](AVFrame* frame) {
      if (!is_well_) return;
      auto at = time_us(frame, from);
      if (at) at = av_sat_sub64(*at, plan_.start_us);
      is_well_ = sound_->take(frame, at, bounds_.ms);
      while (is_well_ && !plan_.has_picture && next_black_ms_ <= sound_->duration_ms()) {
        is_well_ = pictures_.black(next_black_ms_);
        next_black_ms_ += kBlackMs;
      }
    });
    if (!is_good) ++failures_;
  }

  Demuxer& demuxer_;
  const Plan& plan_;
  const Bounds& bounds_;
  Writer& writer_;
  Pictures pictures_;
  std::optional<Sound> sound_;
  CodecPtr picture_decoder_, sound_decoder_;
  PacketPtr packet_;
  FramePtr frame_;
  bool is_well_ = true, is_cut_ = false;
  std::int64_t failures_ = 0, last_us_ = 0, last_frame_ms_ = kLastFrameMs, next_black_ms_ = 0;
};

// Why there is neither picture nor sound.
MediaFinding why_nothing(const Plan& plan) {
  if (!plan.has_streams) return MediaFinding::kNoStreams;
  if (plan.is_too_large) return MediaFinding::kFramesTooLarge;
  return plan.has_decoders ? MediaFinding::kNothingDecodes : MediaFinding::kCodecUnknown;
}

}  // namespace

Result<void> render(const protocol::MediaRequest& request, const Source& source, const Container& container,
                    const Outline& outline, const Bounds& bounds, int output, protocol::MediaResult& result) {
  const auto give_up = [&](MediaFinding finding) -> Result<void> {
    add(result, finding);
    return {};
  };
  Plan plan;
  {
    Demuxer first(source);
    if (const auto reason = first.open(container, outline)) return give_up(*reason);
    const PacketPtr packet(av_packet_alloc());
    const FramePtr frame(av_frame_alloc());
    if (!packet || !frame) return give_up(MediaFinding::kTooMuchMemory);
    plan = look_ahead(first, packet.get(), frame.get());
    result.bytes_read += first.input().bytes_read();
  }
  if (!plan.has_picture && !plan.has_sound) return give_up(why_nothing(plan));

  Demuxer demuxer(source);
  if (const auto reason = demuxer.open(container, outline)) return give_up(*reason);
  Writer writer(output);
  if (!writer.open()) return give_up(MediaFinding::kTooMuchMemory);
  Rendering rendering(demuxer, plan, bounds, writer, request.watermark);
  const bool is_made = rendering.open() && rendering.run(container.still);
  result.bytes_read += demuxer.input().bytes_read();
  if (writer.error() != 0) {
    return fail(Code::kInternal, "The rendition could not be written.", std::strerror(writer.error()));
  }
  // The encoders refuse nothing that was measured for them: what is left is memory.
  if (!is_made) return give_up(MediaFinding::kTooMuchMemory);
  // All of it stood later than a rendition reaches, or no frame could be drawn.
  if (rendering.count() == 0) return give_up(MediaFinding::kNothingDecodes);
  if (rendering.is_cut()) add(result, MediaFinding::kReadStopped);
  if (rendering.has_failures()) add(result, MediaFinding::kFramesFailed);
  if (!plan.has_picture) add(result, MediaFinding::kNoPicture);
  const Size size = plan.has_picture ? plan.size : Size{kBlackWidth, kBlackHeight};
  result.rendition =
      protocol::MediaRendition{size.width, size.height, writer.bytes(), rendering.duration_ms(), rendering.count()};
  return {};
}

}  // namespace lapel::mediaworker
