// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/tracks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace lapel::mediaworker {
namespace {

constexpr const char* kPreset = "veryfast";
constexpr const char* kQuality = "26";
constexpr std::int64_t kFrameUs = kUs / 30;    // no more frames than that
constexpr std::int64_t kFrameEarlyUs = 5'000;  // cameras are not exact

constexpr int kRateMin = 4'000;
constexpr int kRateMax = 400'000;
constexpr std::int64_t kChannelBits = 64'000;
constexpr std::int64_t kBitsASampleMax = 3;  // a slow rate has no room for more
constexpr std::int64_t kDriftPart = 40;      // of a second: sound this far from its time is put right

}  // namespace

bool is_sound(const AVFrame* frame) {
  return frame->sample_rate >= kRateMin && frame->sample_rate <= kRateMax && frame->ch_layout.nb_channels > 0 &&
         frame->nb_samples > 0;
}

bool Track::open(CodecPtr encoder, const AVCodec* codec, AVDictionary* options) {
  encoder_ = std::move(encoder);
  encoder_->thread_count = 1;  // the sandbox has no second thread
  encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
  AVDictionary* left = options;
  const int opened = avcodec_open2(encoder_.get(), codec, &left);
  av_dict_free(&left);
  if (!packet_ || opened < 0) return false;
  stream_ = writer_.add(encoder_.get());
  return stream_ != nullptr;
}

bool Track::encode(const AVFrame* frame, std::int64_t last_duration) {
  if (avcodec_send_frame(encoder_.get(), frame) < 0) return false;
  while (true) {
    const int got = avcodec_receive_packet(encoder_.get(), packet_.get());
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return true;
    if (got < 0) return false;
    // Only the last one's counts: the others end where the next begins.
    if (packet_->duration <= 0) packet_->duration = last_duration;
    packet_->stream_index = stream_->index;
    av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
    if (!writer_.write(packet_.get())) return false;
  }
}
bool Pictures::open(const Colors& colors) {
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  CodecPtr encoder(avcodec_alloc_context3(codec));
  if (codec == nullptr || !encoder || !easel_.open()) return false;
  encoder->width = size_.width;
  encoder->height = size_.height;
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->time_base = kMilliseconds;
  encoder->framerate = {30, 1};
  encoder->sample_aspect_ratio = {1, 1};
  encoder->color_range = AVCOL_RANGE_MPEG;
  encoder->colorspace = colors.space;
  encoder->color_primaries = colors.primaries;
  encoder->color_trc = colors.transfer;
  encoder->max_b_frames = 0;  // pictures leave in the order they came: nothing has to be put right with an edit list
  AVDictionary* options = nullptr;
  av_dict_set(&options, "preset", kPreset, 0);
  av_dict_set(&options, "crf", kQuality, 0);
  av_dict_set(&options, "forced-idr", "1", 0);
  return track_.open(std::move(encoder), codec, options);
}

bool Pictures::take(const AVFrame* frame, const Display& display, std::int64_t us) {
  if (count_ > 0 && us + kFrameEarlyUs < due_us_) return true;
  if (!easel_.put(frame, display)) {
    ++refused_;
    return true;
  }
  due_us_ = count_ == 0 ? us + kFrameUs : std::max(due_us_ + kFrameUs, us);
  return put(us / 1000);
}

bool Pictures::black(std::int64_t ms) {
  if (av_frame_make_writable(easel_.canvas()) < 0) return false;
  easel_.clear();
  return put(ms);
}

bool Pictures::end(std::int64_t last_ms) {
  last_duration_ms_ = std::max<std::int64_t>(last_ms, 1);
  return track_.encode(nullptr, last_duration_ms_);
}

bool Pictures::put(std::int64_t ms) {
  // The first stands from the beginning, whenever it came.
  if (count_ == 0) ms = 0;
  if (count_ > 0 && ms <= last_ms_) return true;
  AVFrame* canvas = easel_.canvas();
  mark_.draw({{canvas->data[0], canvas->data[1], canvas->data[2]},
              {canvas->linesize[0], canvas->linesize[1], canvas->linesize[2]}},
             ms);
  const bool is_key = count_ == 0 || ms - key_ms_ >= kKeyFrameMs;
  if (is_key) key_ms_ = ms;
  canvas->pict_type = is_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  canvas->pts = ms;
  last_ms_ = ms;
  ++count_;
  return track_.encode(canvas, kLastFrameMs);
}
bool Sound::open() {
  const AVCodec* codec = avcodec_find_encoder_by_name("aac");
  CodecPtr encoder(avcodec_alloc_context3(codec));
  frame_.reset(av_frame_alloc());
  if (codec == nullptr || !encoder || !frame_) return false;
  encoder->sample_rate = rate_;
  encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
  av_channel_layout_default(&encoder->ch_layout, channels_);
  encoder->bit_rate = std::min(kChannelBits, kBitsASampleMax * rate_) * channels_;
  encoder->time_base = {1, rate_};
  if (!track_.open(std::move(encoder), codec, nullptr)) return false;
  frame_->format = AV_SAMPLE_FMT_FLTP;
  frame_->sample_rate = rate_;
  frame_->nb_samples = track_.encoder()->frame_size;
  return frame_->nb_samples > 0 && av_channel_layout_copy(&frame_->ch_layout, &track_.encoder()->ch_layout) >= 0 &&
         av_frame_get_buffer(frame_.get(), 0) >= 0;
}

bool Sound::take(const AVFrame* frame, std::optional<std::int64_t> us, std::int64_t end_ms) {
  if (!is_sound(frame) || !prepare(frame)) {
    ++refused_;
    return true;
  }
  const std::int64_t waiting = swr_get_delay(resampler_.get(), rate_);
  const int room = swr_get_out_samples(resampler_.get(), frame->nb_samples);
  if (room <= 0) return true;
  std::array<std::vector<float>, 2> samples;
  std::array<std::uint8_t*, 2> planes{};
  for (std::size_t channel = 0; channel < static_cast<std::size_t>(channels_); ++channel) {
    samples[channel].resize(static_cast<std::size_t>(room));
    planes[channel] = reinterpret_cast<std::uint8_t*>(samples[channel].data());
  }
  const int got = swr_convert(resampler_.get(), planes.data(), room,
                              const_cast<const std::uint8_t**>(frame->extended_data), frame->nb_samples);
  if (got < 0) {
    ++refused_;
    return true;
  }
  std::int64_t skip = 0;
  if (us) {
    const std::int64_t end = av_rescale(end_ms, rate_, 1000);
    const std::int64_t apart = std::min(av_rescale(*us, rate_, kUs), end) - waiting - position_;
    const std::int64_t bearable = position_ == 0 ? 0 : rate_ / kDriftPart;
    if (apart > bearable && !silence(apart)) return false;
    if (apart < -bearable) skip = std::min<std::int64_t>(-apart, got);
    if (position_ >= end) return true;
  }
  for (std::int64_t i = skip; i < got; ++i) {
    for (std::size_t channel = 0; channel < static_cast<std::size_t>(channels_); ++channel) {
      const float value = samples[channel][static_cast<std::size_t>(i)];
      plane(channel)[filled_] = std::isfinite(value) ? std::clamp(value, -1.0F, 1.0F) : 0.0F;
    }
    if (!advance()) return false;
  }
  return true;
}

bool Sound::end() {
  // A last piece that is not full is filled with silence.
  while (filled_ > 0) {
    for (std::size_t channel = 0; channel < static_cast<std::size_t>(channels_); ++channel)
      plane(channel)[filled_] = 0.0F;
    if (!advance()) return false;
  }
  return track_.encode(nullptr, track_.encoder()->frame_size);
}

bool Sound::advance() {
  ++position_;
  if (++filled_ < frame_->nb_samples) return true;
  filled_ = 0;
  frame_->pts = position_ - frame_->nb_samples;
  return track_.encode(frame_.get(), frame_->nb_samples) && av_frame_make_writable(frame_.get()) >= 0;
}

bool Sound::silence(std::int64_t samples) {
  for (std::int64_t i = 0; i < samples; ++i) {
    for (std::size_t channel = 0; channel < static_cast<std::size_t>(channels_); ++channel)
      plane(channel)[filled_] = 0.0F;
    if (!advance()) return false;
  }
  return true;
}

bool Sound::prepare(const AVFrame* frame) {
  const bool is_same = resampler_ && from_rate_ == frame->sample_rate && from_format_ == frame->format &&
                       av_channel_layout_compare(&from_layout_, &frame->ch_layout) == 0;
  if (is_same) return true;
  resampler_.reset();
  av_channel_layout_uninit(&from_layout_);
  if (av_channel_layout_copy(&from_layout_, &frame->ch_layout) < 0) return false;
  from_rate_ = frame->sample_rate;
  from_format_ = frame->format;
  AVChannelLayout from{};
  if (frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&from, frame->ch_layout.nb_channels);
  } else if (av_channel_layout_copy(&from, &frame->ch_layout) < 0) {
    return false;
  }
  SwrContext* made = nullptr;
  const int allocated = swr_alloc_set_opts2(&made, &track_.encoder()->ch_layout, AV_SAMPLE_FMT_FLTP, rate_, &from,
                                            static_cast<AVSampleFormat>(frame->format), frame->sample_rate, 0, nullptr);
  av_channel_layout_uninit(&from);
  resampler_.reset(made);
  if (allocated < 0 || swr_init(made) < 0) resampler_.reset();
  return resampler_ != nullptr;
}

}  // namespace lapel::mediaworker
