// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures to H.264 or H.265, sound to AAC, each packet out as soon as its frame is in.
//
// Owns: FFmpeg's encoders.
// Promises: no picture refers to one before a key picture, none waits for one after it; a key picture at least
//   every second and where one is asked for. The encoder of sound sees no sample but those that it is given.
// Fails with: kUnavailable where an encoder is missing or refuses.
// Threads: one, whatever FFmpeg does inside.

#include <cstdint>
#include <functional>
#include <string>

#include "camera/av.h"

namespace lapel::camera {

inline constexpr std::int64_t kFragmentUs = 1'000'000;  // from key picture to key picture, at most a picture more

// Gets each packet, of which it may keep a reference. Times are microseconds.
using TakePacket = std::function<Result<void>(AVPacket&)>;

struct PictureEncoding {
  std::string codec = "h264";  // h264 | h265
  int width = 0, height = 0;
  int rate = 30;
  int kbit_s = 4'000;
};

class PictureEncoder {
 public:
  static Result<PictureEncoder> open(const PictureEncoding& encoding);

  // The next picture begins a fragment.
  void ask_for_key() { wants_key_ = true; }
  Result<void> take(AVFrame& frame, std::int64_t us, const TakePacket& sink);
  const AVCodecContext& context() const { return *context_; }

 private:
  CodecPtr context_;
  PacketPtr packet_;
  bool wants_key_ = true;
  std::int64_t last_key_us_ = 0, last_us_ = -1;
};

class SoundEncoder {
 public:
  static Result<SoundEncoder> open();
  // Where its first sample stands on the time line: before the first take().
  void begin_at(std::int64_t us) { begin_us_ = us; }

  // Mono, float, 48 kHz. What is missing before `us` is silence, as are muted samples.
  enum class Hearing { kOn, kMuted };
  Result<void> take(const AVFrame& frame, std::int64_t us, Hearing hearing, const TakePacket& sink);
  // All that was given comes out.
  Result<void> end(const TakePacket& sink);
  const AVCodecContext& context() const { return *context_; }

 private:
  Result<void> give(const float* samples, int count, const TakePacket& sink);
  Result<void> encode(AVFrame* frame, const TakePacket& sink);

  CodecPtr context_;
  PacketPtr packet_;
  FifoPtr fifo_;
  std::int64_t begin_us_ = 0;
  std::int64_t given_ = 0, encoded_ = 0;  // samples
};

}  // namespace lapel::camera
