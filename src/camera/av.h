// SPDX-License-Identifier: Apache-2.0
#pragma once
// FFmpeg's types with their owners, for the files of this folder: the one header that has FFmpeg's.
//
// Owns: how each is freed.
// Promises: nothing more.
// Fails with: av_failure: kUnavailable in FFmpeg's words.
// Threads: one.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/imgutils.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include "base/result.h"

namespace lapel::camera {

template <auto release>
struct Release {
  template <typename T>
  void operator()(T* pointer) const {
    release(&pointer);
  }
};
struct FreeScale {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};
struct FreeFifo {
  void operator()(AVAudioFifo* fifo) const { av_audio_fifo_free(fifo); }
};
using FramePtr = std::unique_ptr<AVFrame, Release<av_frame_free>>;
using PacketPtr = std::unique_ptr<AVPacket, Release<av_packet_free>>;
using CodecPtr = std::unique_ptr<AVCodecContext, Release<avcodec_free_context>>;
using InputPtr = std::unique_ptr<AVFormatContext, Release<avformat_close_input>>;
using ScalePtr = std::unique_ptr<SwsContext, FreeScale>;
using ResamplePtr = std::unique_ptr<SwrContext, Release<swr_free>>;
using FifoPtr = std::unique_ptr<AVAudioFifo, FreeFifo>;

inline constexpr AVRational kMicroseconds = {1, 1'000'000};
inline constexpr int kSampleRate = 48'000;
inline constexpr int kSoundFrameSamples = 1'024;  // of AAC

[[nodiscard]] inline tl::unexpected<Error> av_failure(std::string sentence, std::string_view what, int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof(text));
  return fail(Code::kUnavailable, std::move(sentence), std::string(what) + ": " + text);
}

}  // namespace lapel::camera
