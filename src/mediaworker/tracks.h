// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two tracks of a rendition: marked pictures, and sound. For the files of this folder.
//
// Owns: an encoder and a stream of the MP4 each.
// Promises: each picture has its mark and a time of its own, in order; sound is an unbroken row of samples.
// Fails with: false: the encoder or the output. A frame that cannot be used is counted, and left out.
// Threads: one.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "mediaworker/easel.h"
#include "mediaworker/mark.h"
#include "mediaworker/mp4_writer.h"

namespace lapel::mediaworker {

inline constexpr std::int64_t kUs = 1'000'000;
inline constexpr AVRational kMilliseconds = {1, 1'000};
inline constexpr std::int64_t kKeyFrameMs = 2'000;  // how far a player that seeks has to decode
inline constexpr std::int64_t kLastFrameMs = 33;    // where the footage does not say how long its last frame stands

// What the colors of the pictures mean.
struct Colors {
  AVColorSpace space = AVCOL_SPC_UNSPECIFIED;
  AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
  AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
};

bool is_sound(const AVFrame* frame);

// One encoder and its stream of the MP4.
class Track {
 public:
  explicit Track(Writer& writer) : writer_(writer), packet_(av_packet_alloc()) {}

  bool open(CodecPtr encoder, const AVCodec* codec, AVDictionary* options);
  AVCodecContext* encoder() { return encoder_.get(); }

  // A frame, or null for the end.
  bool encode(const AVFrame* frame, std::int64_t last_duration);

 private:
  Writer& writer_;
  PacketPtr packet_;
  CodecPtr encoder_;
  AVStream* stream_ = nullptr;
};

// The pictures of a rendition, each with its mark.
class Pictures {
 public:
  Pictures(Writer& writer, const Size& size, std::span<const std::string> lines)
      : track_(writer), easel_(size), mark_(lines, size.width, size.height), size_(size) {}

  bool open(const Colors& colors);

  // At a time since the start. True where the encoder and the output are well: a frame that comes too early or too soon after
  // the last is left out.
  bool take(const AVFrame* frame, const Display& display, std::int64_t us);
  bool black(std::int64_t ms);
  bool end(std::int64_t last_ms);

  std::int64_t count() const { return count_; }
  std::int64_t refused() const { return refused_; }
  std::int64_t duration_ms() const { return count_ == 0 ? 0 : last_ms_ + last_duration_ms_; }

 private:
  bool put(std::int64_t ms);

  Track track_;
  Easel easel_;
  const Mark mark_;
  const Size size_;
  std::int64_t count_ = 0, refused_ = 0;
  std::int64_t due_us_ = 0, last_ms_ = 0, key_ms_ = 0, last_duration_ms_ = kLastFrameMs;
};

// The sound of a rendition: an unbroken row of samples, with silence where the source has none.
class Sound {
 public:
  Sound(Writer& writer, int rate, int channels) : track_(writer), rate_(rate), channels_(channels) {}
  ~Sound() { av_channel_layout_uninit(&from_layout_); }
  Sound(const Sound&) = delete;
  Sound& operator=(const Sound&) = delete;

  bool open();

  // At a time since the start, or right after what came before.
  bool take(const AVFrame* frame, std::optional<std::int64_t> us, std::int64_t end_ms);
  bool end();

  std::int64_t duration_ms() const { return av_rescale(position_, 1000, rate_); }
  std::int64_t refused() const { return refused_; }

 private:
  float* plane(std::size_t channel) { return reinterpret_cast<float*>(frame_->data[channel]); }

  // One sample more stands in the frame.
  bool advance();
  bool silence(std::int64_t samples);

  // A resampler for what the frame is; another one when that changes on the way.
  bool prepare(const AVFrame* frame);

  Track track_;
  const int rate_, channels_;
  FramePtr frame_;
  ResamplePtr resampler_;
  int from_rate_ = 0, from_format_ = -1;
  AVChannelLayout from_layout_{};
  std::int64_t position_ = 0;  // samples so far, with those in the frame
  int filled_ = 0;             // samples in the frame
  std::int64_t refused_ = 0;
};

}  // namespace lapel::mediaworker
