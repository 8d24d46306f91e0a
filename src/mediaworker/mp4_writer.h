// SPDX-License-Identifier: Apache-2.0
#pragma once
// The MP4 while it is written, by offset: its index comes in front at the end, for which what stands there is read again. For the
// files of this folder.
//
// Owns: the muxer and its buffers. Not the file.
// Promises: what the muxer asks of its own output it gets; nothing else is opened.
// Fails with: false; error() is the errno of the first write or read that failed.
// Threads: one.

#include <cstdint>
#include <memory>

#include "mediaworker/demuxer.h"

namespace lapel::mediaworker {

class Writer {
 public:
  explicit Writer(int descriptor) : descriptor_(descriptor) {}
  ~Writer() {
    if (format_) format_->pb = nullptr;
    release(context_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  bool open();

  AVStream* add(const AVCodecContext* encoder);

  bool begin();
  // Takes the packet's content.
  bool write(AVPacket* packet) { return av_interleaved_write_frame(format_.get(), packet) >= 0 && error_ == 0; }
  bool end();

  int error() const { return error_; }  // errno of the first write or read that failed
  std::int64_t bytes() const { return bytes_; }

 private:
  struct Cursor {
    Writer* writer;
    std::int64_t at = 0;
  };

  AVIOContext* connect(int is_for_writing);
  static void release(AVIOContext* context);

  // What the muxer opens to read its own output; nothing else is asked for, and nothing else is given.
  static int open_again(AVFormatContext* format, AVIOContext** out, const char*, int flags, AVDictionary**);
  static int close_again(AVFormatContext*, AVIOContext* context);

  static int read(void* self, std::uint8_t* buffer, int bytes);
  static int put(void* self, std::uint8_t* buffer, int bytes);
  static std::int64_t seek(void* self, std::int64_t offset, int whence);
  int failed();

  const int descriptor_;
  struct FreeFormat {
    void operator()(AVFormatContext* format) const { avformat_free_context(format); }
  };
  std::unique_ptr<AVFormatContext, FreeFormat> format_;
  AVIOContext* context_ = nullptr;
  std::int64_t bytes_ = 0;
  int error_ = 0;
};

}  // namespace lapel::mediaworker
