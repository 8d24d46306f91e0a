// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/mp4_writer.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

namespace lapel::mediaworker {
namespace {

constexpr int kOutputBufferBytes = 1 << 20;

}  // namespace

bool Writer::open() {
  AVFormatContext* format = nullptr;
  if (avformat_alloc_output_context2(&format, nullptr, "mp4", "rendition") < 0) return false;
  format_.reset(format);
  context_ = connect(1);
  if (context_ == nullptr) return false;
  format->pb = context_;
  format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  format->opaque = this;
  format->io_open = &Writer::open_again;
  format->io_close2 = &Writer::close_again;
  return true;
}

AVStream* Writer::add(const AVCodecContext* encoder) {
  AVStream* stream = avformat_new_stream(format_.get(), nullptr);
  if (stream == nullptr || avcodec_parameters_from_context(stream->codecpar, encoder) < 0) return nullptr;
  stream->time_base = encoder->time_base;
  return stream;
}

bool Writer::begin() {
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "+faststart", 0);
  const int written = avformat_write_header(format_.get(), &options);
  av_dict_free(&options);
  return written >= 0;
}

bool Writer::end() {
  if (av_write_trailer(format_.get()) < 0) return false;
  avio_flush(context_);
  return error_ == 0;
}

AVIOContext* Writer::connect(int is_for_writing) {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kOutputBufferBytes));
  auto cursor = std::make_unique<Cursor>(Cursor{this});
  AVIOContext* context = avio_alloc_context(buffer, kOutputBufferBytes, is_for_writing, cursor.get(), &Writer::read,
                                            &Writer::put, &Writer::seek);
  if (context == nullptr) {
    av_free(buffer);
    return nullptr;
  }
  (void)cursor.release();
  return context;
}

void Writer::release(AVIOContext* context) {
  if (context == nullptr) return;
  delete static_cast<Cursor*>(context->opaque);
  av_freep(&context->buffer);
  avio_context_free(&context);
}

int Writer::open_again(AVFormatContext* format, AVIOContext** out, const char*, int flags, AVDictionary**) {
  if (flags != AVIO_FLAG_READ) return AVERROR(EPERM);
  *out = static_cast<Writer*>(format->opaque)->connect(0);
  return *out != nullptr ? 0 : AVERROR(ENOMEM);
}

int Writer::close_again(AVFormatContext*, AVIOContext* context) {
  release(context);
  return 0;
}

int Writer::read(void* self, std::uint8_t* buffer, int bytes) {
  auto& cursor = *static_cast<Cursor*>(self);
  for (;;) {
    const ssize_t got =
        pread(cursor.writer->descriptor_, buffer, static_cast<std::size_t>(bytes), static_cast<off_t>(cursor.at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cursor.writer->failed();
    cursor.at += got;
    return got == 0 ? AVERROR_EOF : static_cast<int>(got);
  }
}

int Writer::put(void* self, std::uint8_t* buffer, int bytes) {
  auto& cursor = *static_cast<Cursor*>(self);
  for (int done = 0; done < bytes;) {
    const ssize_t written = pwrite(cursor.writer->descriptor_, buffer + done, static_cast<std::size_t>(bytes - done),
                                   static_cast<off_t>(cursor.at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return cursor.writer->failed();
    done += static_cast<int>(written);
    cursor.at += written;
  }
  cursor.writer->bytes_ = std::max(cursor.writer->bytes_, cursor.at);
  return bytes;
}

std::int64_t Writer::seek(void* self, std::int64_t offset, int whence) {
  auto& cursor = *static_cast<Cursor*>(self);
  if ((whence & ~AVSEEK_FORCE) == AVSEEK_SIZE) return cursor.writer->bytes_;
  if ((whence & ~AVSEEK_FORCE) == SEEK_CUR) offset += cursor.at;
  if ((whence & ~AVSEEK_FORCE) == SEEK_END) offset += cursor.writer->bytes_;
  if (offset < 0) return AVERROR(EINVAL);
  return cursor.at = offset;
}

int Writer::failed() {
  if (error_ == 0) error_ = errno != 0 ? errno : EIO;
  return AVERROR(error_);
}

}  // namespace lapel::mediaworker
