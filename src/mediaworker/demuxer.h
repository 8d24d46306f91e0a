// SPDX-License-Identifier: Apache-2.0
#pragma once
// Demuxer: one foreign file, opened as the container it was found to be, and nothing else. For the files of this folder;
// it is the one header that has FFmpeg's.
//
// Owns: FFmpeg's contexts, the one input, the list of decoders.
// Promises: the demuxer is the sniffed one, no protocol is allowed, no second file is opened, only listed codecs decode, each
//   on this thread.
// Fails with: nothing: why a file cannot be opened is a finding.
// Threads: one.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include "mediaworker/canvas.h"
#include "mediaworker/container.h"
#include "mediaworker/footage.h"
#include "protocol/media.h"

namespace lapel::mediaworker {

inline constexpr std::int64_t kFramePixelsMax = std::int64_t{16}
                                                << 20;  // 5.3K frames; more does not fit the memory limit
inline constexpr std::size_t kAllocationBytesMax = std::size_t{256} << 20;

template <auto release>
struct Release {
  template <typename T>
  void operator()(T* pointer) const {
    release(&pointer);
  }
};
using FramePtr = std::unique_ptr<AVFrame, Release<av_frame_free>>;
using PacketPtr = std::unique_ptr<AVPacket, Release<av_packet_free>>;
using CodecPtr = std::unique_ptr<AVCodecContext, Release<avcodec_free_context>>;
using FormatPtr = std::unique_ptr<AVFormatContext, Release<avformat_close_input>>;
using ScalePtr = std::unique_ptr<SwsContext, decltype(&sws_freeContext)>;
using ResamplePtr = std::unique_ptr<SwrContext, Release<swr_free>>;

// The one input. FFmpeg's own protocols are never asked: it reads through two functions of this.
class Input {
 public:
  explicit Input(const Source& source);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  AVIOContext* context() { return context_; }
  std::int64_t bytes_read() const { return bytes_read_; }
  std::int64_t bytes() const { return source_.bytes; }
  std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> out);

 private:
  static int read(void* self, std::uint8_t* buffer, int bytes);
  static std::int64_t seek(void* self, std::int64_t offset, int whence);

  Source source_;
  AVIOContext* context_ = nullptr;
  std::int64_t at_ = 0;
  std::int64_t bytes_read_ = 0;
};

Orientation orientation_of(const AVStream* stream);
// A picture of the whole file, such as an album's, and no footage.
bool is_cover(const AVStream* stream);

// An opened container.
class Demuxer {
 public:
  explicit Demuxer(const Source& source) : input_(source) {}

  Input& input() { return input_; }
  AVFormatContext* operator->() { return format_.get(); }
  AVFormatContext* get() { return format_.get(); }

  // How far the edits of an MP4 are followed. FFmpeg's full way leaves packets out, and all of a track whose only edit is a pause
  // before it, as tools write it for telemetry that begins late.
  enum class Edits { kFollowed, kShifted };
  // Nothing, or why it cannot be opened.
  std::optional<protocol::MediaFinding> open(const Container& container, const Outline& outline,
                                             Edits edits = Edits::kFollowed);
  // Null where the codec is not listed or the frames are too large.
  CodecPtr decoder_for(const AVStream* stream);

 private:
  Input input_;
  FormatPtr format_;
};

// In its place among the result's findings, once.
void add(protocol::MediaResult& result, protocol::MediaFinding finding);

}  // namespace lapel::mediaworker
