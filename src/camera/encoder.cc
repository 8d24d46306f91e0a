// SPDX-License-Identifier: Apache-2.0
#include "camera/encoder.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace lapel::camera {
namespace {

constexpr int kSoundBits = 96'000;
// A microphone may be late by this much before what is missing is filled with silence.
constexpr std::int64_t kLateUs = 200'000;
constexpr std::int64_t kSilenceUsMax = 3'600LL * 1'000'000;

Result<void> drain(AVCodecContext& context, AVPacket& packet, const TakePacket& sink) {
  for (;;) {
    const int got = avcodec_receive_packet(&context, &packet);
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return {};
    if (got < 0) return av_failure("The encoder gives nothing any more", context.codec->name, got);
    av_packet_rescale_ts(&packet, context.time_base, kMicroseconds);
    auto taken = sink(packet);
    av_packet_unref(&packet);
    TRY(std::move(taken));
  }
}

}  // namespace

Result<PictureEncoder> PictureEncoder::open(const PictureEncoding& encoding) {
  const bool is_h265 = encoding.codec == "h265";
  const char* name = is_h265 ? "libx265" : "libx264";
  const AVCodec* codec = avcodec_find_encoder_by_name(name);
  if (codec == nullptr) return fail(Code::kUnsupported, "This build of FFmpeg has no such encoder", name);
  PictureEncoder out;
  out.context_.reset(avcodec_alloc_context3(codec));
  out.packet_.reset(av_packet_alloc());
  AVCodecContext& context = *out.context_;
  context.width = encoding.width;
  context.height = encoding.height;
  context.pix_fmt = AV_PIX_FMT_YUV420P;
  context.time_base = kMicroseconds;
  context.framerate = {encoding.rate, 1};
  context.bit_rate = std::int64_t{encoding.kbit_s} * 1000;
  context.gop_size = encoding.rate * 4;  // the key pictures are asked for; this only bounds it
  context.max_b_frames = 0;
  context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "preset", is_h265 ? "ultrafast" : "veryfast", 0);
  av_dict_set(&options, "tune", "zerolatency", 0);
  av_dict_set(&options, "forced-idr", "1", 0);
  if (is_h265) av_dict_set(&options, "x265-params", "log-level=none:open-gop=0", 0);
  const int opened = avcodec_open2(&context, codec, &options);
  av_dict_free(&options);
  if (opened < 0) return av_failure("The encoder of pictures cannot be opened", name, opened);
  return out;
}

Result<void> PictureEncoder::take(AVFrame& frame, std::int64_t us, const TakePacket& sink) {
  frame.pts = std::max(us, last_us_ + 1);
  // Half a picture early rather than most of one late.
  const std::int64_t half_us = 500'000 * context_->framerate.den / std::max(context_->framerate.num, 1);
  const bool is_key = wants_key_ || frame.pts - last_key_us_ >= kFragmentUs - half_us;
  frame.pict_type = is_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  if (is_key) last_key_us_ = frame.pts;
  wants_key_ = false;
  last_us_ = frame.pts;
  if (const int sent = avcodec_send_frame(context_.get(), &frame); sent < 0) {
    return av_failure("The encoder refuses a picture", context_->codec->name, sent);
  }
  return drain(*context_, *packet_, sink);
}

Result<SoundEncoder> SoundEncoder::open() {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  if (codec == nullptr) return fail(Code::kUnsupported, "This build of FFmpeg has no encoder for AAC");
  SoundEncoder out;
  out.context_.reset(avcodec_alloc_context3(codec));
  out.packet_.reset(av_packet_alloc());
  out.fifo_.reset(av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, 1, kSampleRate));
  AVCodecContext& context = *out.context_;
  context.sample_fmt = AV_SAMPLE_FMT_FLTP;
  context.sample_rate = kSampleRate;
  context.ch_layout = AV_CHANNEL_LAYOUT_MONO;
  context.bit_rate = kSoundBits;
  context.time_base = {1, kSampleRate};
  context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (const int opened = avcodec_open2(&context, codec, nullptr); opened < 0) {
    return av_failure("The encoder of sound cannot be opened", codec->name, opened);
  }
  return out;
}

Result<void> SoundEncoder::take(const AVFrame& frame, std::int64_t us, Hearing hearing, const TakePacket& sink) {
  const std::int64_t due = av_rescale(std::min(us - begin_us_, kSilenceUsMax), kSampleRate, 1'000'000);
  static constexpr std::array<float, kSoundFrameSamples> kSilence{};
  if (due - given_ > av_rescale(kLateUs, kSampleRate, 1'000'000)) {
    while (given_ < due) {
      const auto some = static_cast<int>(std::min<std::int64_t>(due - given_, kSoundFrameSamples));
      TRY(give(kSilence.data(), some, sink));
    }
  }
  if (hearing == Hearing::kOn) return give(reinterpret_cast<const float*>(frame.data[0]), frame.nb_samples, sink);
  for (int left = frame.nb_samples; left > 0;) {
    const int some = std::min(left, kSoundFrameSamples);
    TRY(give(kSilence.data(), some, sink));
    left -= some;
  }
  return {};
}

Result<void> SoundEncoder::give(const float* samples, int count, const TakePacket& sink) {
  void* planes[1] = {const_cast<float*>(samples)};
  if (av_audio_fifo_write(fifo_.get(), planes, count) != count) return fail(Code::kInternal, "No memory for sound");
  given_ += count;
  while (av_audio_fifo_size(fifo_.get()) >= kSoundFrameSamples) {
    FramePtr frame(av_frame_alloc());
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->sample_rate = kSampleRate;
    frame->ch_layout = AV_CHANNEL_LAYOUT_MONO;
    frame->nb_samples = kSoundFrameSamples;
    if (av_frame_get_buffer(frame.get(), 0) < 0 ||
        av_audio_fifo_read(fifo_.get(), reinterpret_cast<void**>(frame->data), kSoundFrameSamples) !=
            kSoundFrameSamples) {
      return fail(Code::kInternal, "No memory for sound");
    }
    frame->pts = encoded_;
    encoded_ += kSoundFrameSamples;
    TRY(encode(frame.get(), sink));
  }
  return {};
}

Result<void> SoundEncoder::end(const TakePacket& sink) {
  return encode(nullptr, sink);
}

Result<void> SoundEncoder::encode(AVFrame* frame, const TakePacket& sink) {
  if (const int sent = avcodec_send_frame(context_.get(), frame); sent < 0) {
    return av_failure("The encoder refuses sound", context_->codec->name, sent);
  }
  return drain(*context_, *packet_, [&](AVPacket& packet) -> Result<void> {
    // The encoder's lead, before the first sample that it was given, is no sound of the recording.
    if (packet.pts < 0) return {};
    packet.pts += begin_us_;
    packet.dts = packet.pts;
    return sink(packet);
  });
}

}  // namespace lapel::camera
