// SPDX-License-Identifier: Apache-2.0
#pragma once
// Packets to the bytes of a fragmented MP4, fragment by fragment, in memory.
//
// Owns: FFmpeg's muxer.
// Promises: fragments end where cut() says and nowhere else, and each can be played with what stands before it.
//   Times of the file are those of the packets: a track may begin late.
// Fails with: kInternal where the muxer refuses.
// Threads: one.

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "camera/av.h"

namespace lapel::camera {

class Muxer {
 public:
  // `sound` may be null: there is none then.
  static Result<std::unique_ptr<Muxer>> open(const AVCodecContext& pictures, const AVCodecContext* sound);
  ~Muxer();
  Muxer(const Muxer&) = delete;
  Muxer& operator=(const Muxer&) = delete;

  enum class Track { kPictures = 0, kSound = 1 };
  // Times in microseconds; the packet stays the caller's.
  Result<void> add(const AVPacket& packet, Track track, std::int64_t us, std::int64_t lasts_us);
  // The bytes since the last call: at first those that begin the file too. Empty where no packet came.
  Result<Bytes> cut();

 private:
  Muxer() = default;
  static int put(void* self, std::uint8_t* buffer, int bytes);
  struct FreeOutput {
    void operator()(AVFormatContext* format) const;
  };

  std::unique_ptr<AVFormatContext, FreeOutput> format_;
  PacketPtr packet_;
  Bytes bytes_;
  bool has_packets_ = false;
};

}  // namespace lapel::camera
