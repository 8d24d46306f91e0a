// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/rendition.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

#include "mediaworker/demuxer.h"
#include "mediaworker/mark.h"

namespace lapel::mediaworker {
namespace {

using protocol::MediaFinding;

constexpr std::int64_t kUs = 1'000'000;
constexpr AVRational kMicroseconds = {1, 1'000'000};
constexpr AVRational kMilliseconds = {1, 1'000};

constexpr const char* kPreset = "veryfast";
constexpr const char* kQuality = "26";
constexpr std::int64_t kKeyFrameMs = 2'000;    // how far a player that seeks has to decode
constexpr std::int64_t kFrameUs = kUs / 30;    // no more frames than that
constexpr std::int64_t kFrameEarlyUs = 5'000;  // cameras are not exact
constexpr std::int64_t kLastFrameMs = 33;      // where the footage does not say how long its last frame stands
constexpr std::int64_t kStillMs = 1'000;
constexpr int kEdgeMin = 16;

constexpr int kBlackWidth = 640;  // where there is sound alone
constexpr int kBlackHeight = 360;
constexpr std::int64_t kBlackMs = 1'000;

constexpr std::array kRates = {8'000, 11'025, 12'000, 16'000, 22'050, 24'000, 32'000, 44'100, 48'000};
constexpr int kOtherRate = 48'000;
constexpr int kRateMin = 4'000;
constexpr int kRateMax = 400'000;
constexpr std::int64_t kChannelBits = 64'000;
constexpr std::int64_t kBitsASampleMax = 3;  // a slow rate has no room for more
constexpr std::int64_t kDriftPart = 40;      // of a second: sound this far from its time is put right
constexpr int kOutputBufferBytes = 1 << 20;

// The MP4 while it is written, by offset: its index comes in front at the end, for which what stands there is read again.
class Writer {
 public:
  explicit Writer(int descriptor) : descriptor_(descriptor) {}
  ~Writer() {
    if (format_) format_->pb = nullptr;
    release(context_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  bool open() {
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

  AVStream* add(const AVCodecContext* encoder) {
    AVStream* stream = avformat_new_stream(format_.get(), nullptr);
    if (stream == nullptr || avcodec_parameters_from_context(stream->codecpar, encoder) < 0) return nullptr;
    stream->time_base = encoder->time_base;
    return stream;
  }

  bool begin() {
    AVDictionary* options = nullptr;
    av_dict_set(&options, "movflags", "+faststart", 0);
    const int written = avformat_write_header(format_.get(), &options);
    av_dict_free(&options);
    return written >= 0;
  }
  // Takes the packet's content.
  bool write(AVPacket* packet) { return av_interleaved_write_frame(format_.get(), packet) >= 0 && error_ == 0; }
  bool end() {
    if (av_write_trailer(format_.get()) < 0) return false;
    avio_flush(context_);
    return error_ == 0;
  }

  int error() const { return error_; }  // errno of the first write or read that failed
  std::int64_t bytes() const { return bytes_; }

 private:
  struct Cursor {
    Writer* writer;
    std::int64_t at = 0;
  };

  AVIOContext* connect(int is_for_writing) {
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
  static void release(AVIOContext* context) {
    if (context == nullptr) return;
    delete static_cast<Cursor*>(context->opaque);
    av_freep(&context->buffer);
    avio_context_free(&context);
  }

  // What the muxer opens to read its own output; nothing else is asked for, and nothing else is given.
  static int open_again(AVFormatContext* format, AVIOContext** out, const char*, int flags, AVDictionary**) {
    if (flags != AVIO_FLAG_READ) return AVERROR(EPERM);
    *out = static_cast<Writer*>(format->opaque)->connect(0);
    return *out != nullptr ? 0 : AVERROR(ENOMEM);
  }
  static int close_again(AVFormatContext*, AVIOContext* context) {
    release(context);
    return 0;
  }

  static int read(void* self, std::uint8_t* buffer, int bytes) {
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
  static int put(void* self, std::uint8_t* buffer, int bytes) {
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
  static std::int64_t seek(void* self, std::int64_t offset, int whence) {
    auto& cursor = *static_cast<Cursor*>(self);
    if ((whence & ~AVSEEK_FORCE) == AVSEEK_SIZE) return cursor.writer->bytes_;
    if ((whence & ~AVSEEK_FORCE) == SEEK_CUR) offset += cursor.at;
    if ((whence & ~AVSEEK_FORCE) == SEEK_END) offset += cursor.writer->bytes_;
    if (offset < 0) return AVERROR(EINVAL);
    return cursor.at = offset;
  }
  int failed() {
    if (error_ == 0) error_ = errno != 0 ? errno : EIO;
    return AVERROR(error_);
  }

  const int descriptor_;
  std::unique_ptr<AVFormatContext, decltype([](AVFormatContext* f) { avformat_free_context(f); })> format_;
  AVIOContext* context_ = nullptr;
  std::int64_t bytes_ = 0;
  int error_ = 0;
};

// How a frame stands when it is shown: with square pixels and upright.
struct Shown {
  double width = 0, height = 0;
  Orientation orientation;
};

Shown shown(AVFormatContext* format, AVStream* stream, AVFrame* frame) {
  const AVFrameSideData* turned = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
  Shown out;
  out.orientation = turned != nullptr ? orientation_of_matrix({turned->data, turned->size}) : orientation_of(stream);
  const AVRational ratio = av_guess_sample_aspect_ratio(format, stream, frame);
  const double stretch = ratio.num > 0 && ratio.den > 0 ? std::clamp(av_q2d(ratio), 0.1, 10.0) : 1.0;
  out.width = frame->width * stretch;
  out.height = frame->height;
  if (out.orientation.rotation % 180 != 0) std::swap(out.width, out.height);
  return out;
}

struct Size {
  int width = 0, height = 0;
};

int even(double value) {
  return std::max(2, static_cast<int>(std::lround(value / 2)) * 2);
}

Size size_of(const Shown& shown) {
  const double scale = std::min(1.0, protocol::kMediaRenditionEdgeMax / std::max(shown.width, shown.height));
  return {std::max(kEdgeMin, even(shown.width * scale)), std::max(kEdgeMin, even(shown.height * scale))};
}

bool is_damaged(const AVFrame* frame) {
  return (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame->decode_error_flags != 0;
}

// What there is to be rendered, found by decoding until the first picture and the first sound.
struct Plan {
  int picture_stream = -1, sound_stream = -1;
  Size size;
  AVColorSpace space = AVCOL_SPC_UNSPECIFIED;
  AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
  AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
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

bool is_sound(const AVFrame* frame) {
  return frame->sample_rate >= kRateMin && frame->sample_rate <= kRateMax && frame->ch_layout.nb_channels > 0 &&
         frame->nb_samples > 0;
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
    plan.size = size_of(shown(demuxer.get(), stream, got));
    const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(got->format));
    const bool is_rgb = format != nullptr && (format->flags & AV_PIX_FMT_FLAG_RGB) != 0;
    plan.space = is_rgb ? AVCOL_SPC_SMPTE170M : got->colorspace;
    plan.primaries = got->color_primaries;
    plan.transfer = got->color_trc;
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

// Frames of any size and format, made into pictures of the rendition's.
class Easel {
 public:
  explicit Easel(const Size& size) : size_(size), scaler_(nullptr, &sws_freeContext) {}

  bool open() {
    canvas_ = frame_of(size_);
    return canvas_ != nullptr;
  }
  AVFrame* canvas() { return canvas_.get(); }

  void clear() {
    for (std::size_t plane = 0; plane < 3; ++plane) {
      for (int y = 0; y < (plane == 0 ? size_.height : size_.height / 2); ++y) {
        std::memset(canvas_->data[plane] + std::ptrdiff_t{y} * canvas_->linesize[plane], plane == 0 ? 16 : 128,
                    static_cast<std::size_t>(plane == 0 ? size_.width : size_.width / 2));
      }
    }
  }

  bool put(const AVFrame* frame, const Shown& shown) {
    if (frame->width <= 0 || frame->height <= 0 || shown.width <= 0 || shown.height <= 0) return false;
    // The first frame's own size fills the canvas; another that comes later stands in its middle.
    const Size own = size_of(shown);
    Size inner = size_;
    if (own.width != size_.width || own.height != size_.height) {
      const double scale = std::min(size_.width / shown.width, size_.height / shown.height);
      inner = {std::min(size_.width, even(shown.width * scale)), std::min(size_.height, even(shown.height * scale))};
    }
    const bool is_on_its_side = shown.orientation.rotation % 180 != 0;
    const Size before = is_on_its_side ? Size{inner.height, inner.width} : inner;
    if (!scale(frame, before)) return false;
    if (av_frame_make_writable(canvas_.get()) < 0) return false;
    if (inner.width != size_.width || inner.height != size_.height) clear();
    turn(inner, before, shown.orientation);
    return true;
  }

 private:
  static FramePtr frame_of(const Size& size) {
    // swscale writes whole vectors past a row's end: rows are longer than the picture.
    constexpr int kPastTheEnd = 64;
    FramePtr frame(av_frame_alloc());
    if (!frame) return nullptr;
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = size.width + kPastTheEnd;
    frame->height = size.height + 2;
    if (av_frame_get_buffer(frame.get(), 64) < 0) return nullptr;
    frame->width = size.width;
    frame->height = size.height;
    return frame;
  }

  bool scale(const AVFrame* frame, const Size& size) {
    const auto format = static_cast<AVPixelFormat>(frame->format);
    if (sws_isSupportedInput(format) <= 0) return false;
    if (!scaled_ || scaled_->width != size.width || scaled_->height != size.height) scaled_ = frame_of(size);
    if (!scaled_) return false;
    const Source now{frame->width,       frame->height, format,     frame->colorspace,
                     frame->color_range, size.width,    size.height};
    if (!scaler_ || !(now == source_)) {
      source_ = now;
      scaler_.reset(sws_getContext(frame->width, frame->height, format, size.width, size.height, AV_PIX_FMT_YUV420P,
                                   SWS_BILINEAR, nullptr, nullptr, nullptr));
      if (!scaler_) return false;
      const int* matrix = sws_getCoefficients(frame->colorspace);
      const bool is_full = frame->color_range == AVCOL_RANGE_JPEG;
      // Of formats that have only one range it is refused, and what is set by itself is right.
      if (is_full) sws_setColorspaceDetails(scaler_.get(), matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16);
    }
    return sws_scale(scaler_.get(), frame->data, frame->linesize, 0, frame->height, scaled_->data, scaled_->linesize) ==
           size.height;
  }

  // The scaled picture into the middle of the canvas: flipped left to right, then turned clockwise.
  void turn(const Size& inner, const Size& before, const Orientation& orientation) {
    for (std::size_t plane = 0; plane < 3; ++plane) {
      const int part = plane == 0 ? 1 : 2;
      const int width = inner.width / part, height = inner.height / part;
      const int from_width = before.width / part, from_height = before.height / part;
      const int left = (size_.width - inner.width) / 4 * 2 / part, top = (size_.height - inner.height) / 4 * 2 / part;
      const std::ptrdiff_t stride = scaled_->linesize[plane];
      // Where (0, 0) comes from, and what a step to the right and one down are.
      int x = 0, y = 0;
      std::ptrdiff_t right_x = 1, right_y = 0, down_x = 0, down_y = 1;
      switch (orientation.rotation) {
        case 90:
          y = from_height - 1;
          right_x = 0, right_y = -1, down_x = 1, down_y = 0;
          break;
        case 180:
          x = from_width - 1, y = from_height - 1;
          right_x = -1, down_y = -1;
          break;
        case 270:
          x = from_width - 1;
          right_x = 0, right_y = 1, down_x = -1, down_y = 0;
          break;
        default:
          break;
      }
      if (orientation.mirrored) {
        x = from_width - 1 - x;
        right_x = -right_x;
        down_x = -down_x;
      }
      const std::uint8_t* from = scaled_->data[plane] + y * stride + x;
      const std::ptrdiff_t right = right_x + right_y * stride, down = down_x + down_y * stride;
      for (int row = 0; row < height; ++row) {
        std::uint8_t* out = canvas_->data[plane] + std::ptrdiff_t{top + row} * canvas_->linesize[plane] + left;
        const std::uint8_t* in = from + row * down;
        if (right == 1) {
          std::memcpy(out, in, static_cast<std::size_t>(width));
          continue;
        }
        for (int column = 0; column < width; ++column, in += right) out[column] = *in;
      }
    }
  }

  struct Source {
    int width, height;
    AVPixelFormat format;
    AVColorSpace space;
    AVColorRange range;
    int to_width, to_height;
    bool operator==(const Source&) const = default;
  };
  const Size size_;
  FramePtr canvas_, scaled_;
  ScalePtr scaler_;
  Source source_{};
};

// One encoder and its stream of the MP4.
class Track {
 public:
  explicit Track(Writer& writer) : writer_(writer), packet_(av_packet_alloc()) {}

  bool open(CodecPtr encoder, const AVCodec* codec, AVDictionary* options) {
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
  AVCodecContext* encoder() { return encoder_.get(); }

  // A frame, or null for the end.
  bool encode(const AVFrame* frame, std::int64_t last_duration) {
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

  bool open(const Plan& plan) {
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
    encoder->colorspace = plan.space;
    encoder->color_primaries = plan.primaries;
    encoder->color_trc = plan.transfer;
    encoder->max_b_frames = 0;  // pictures leave in the order they came: nothing has to be put right with an edit list
    AVDictionary* options = nullptr;
    av_dict_set(&options, "preset", kPreset, 0);
    av_dict_set(&options, "crf", kQuality, 0);
    av_dict_set(&options, "forced-idr", "1", 0);
    return track_.open(std::move(encoder), codec, options);
  }

  // At a time since the start. True where the encoder and the output are well: a frame that comes too early or too soon after
  // the last is left out.
  bool take(const AVFrame* frame, const Shown& shown, std::int64_t us) {
    if (count_ > 0 && us + kFrameEarlyUs < due_us_) return true;
    if (!easel_.put(frame, shown)) {
      ++refused_;
      return true;
    }
    due_us_ = count_ == 0 ? us + kFrameUs : std::max(due_us_ + kFrameUs, us);
    return put(us / 1000);
  }
  bool black(std::int64_t ms) {
    if (av_frame_make_writable(easel_.canvas()) < 0) return false;
    easel_.clear();
    return put(ms);
  }
  bool end(std::int64_t last_ms) {
    last_duration_ms_ = std::max<std::int64_t>(last_ms, 1);
    return track_.encode(nullptr, last_duration_ms_);
  }

  std::int64_t count() const { return count_; }
  std::int64_t refused() const { return refused_; }
  std::int64_t duration_ms() const { return count_ == 0 ? 0 : last_ms_ + last_duration_ms_; }

 private:
  bool put(std::int64_t ms) {
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

  bool open() {
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

  // At a time since the start, or right after what came before.
  bool take(const AVFrame* frame, std::optional<std::int64_t> us, std::int64_t end_ms) {
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
  bool end() {
    // A last piece that is not full is filled with silence.
    while (filled_ > 0) {
      for (std::size_t channel = 0; channel < static_cast<std::size_t>(channels_); ++channel)
        plane(channel)[filled_] = 0.0F;
      if (!advance()) return false;
    }
    return track_.encode(nullptr, track_.encoder()->frame_size);
  }

  std::int64_t duration_ms() const { return av_rescale(position_, 1000, rate_); }
  std::int64_t refused() const { return refused_; }

 private:
  float* plane(std::size_t channel) { return reinterpret_cast<float*>(frame_->data[channel]); }

  // One sample more stands in the frame.
  bool advance() {
    ++position_;
    if (++filled_ < frame_->nb_samples) return true;
    filled_ = 0;
    frame_->pts = position_ - frame_->nb_samples;
    return track_.encode(frame_.get(), frame_->nb_samples) && av_frame_make_writable(frame_.get()) >= 0;
  }
  bool silence(std::int64_t samples) {
    for (std::int64_t i = 0; i < samples; ++i) {
      for (std::size_t channel = 0; channel < static_cast<std::size_t>(channels_); ++channel)
        plane(channel)[filled_] = 0.0F;
      if (!advance()) return false;
    }
    return true;
  }

  // A resampler for what the frame is; another one when that changes on the way.
  bool prepare(const AVFrame* frame) {
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
    const int allocated =
        swr_alloc_set_opts2(&made, &track_.encoder()->ch_layout, AV_SAMPLE_FMT_FLTP, rate_, &from,
                            static_cast<AVSampleFormat>(frame->format), frame->sample_rate, 0, nullptr);
    av_channel_layout_uninit(&from);
    resampler_.reset(made);
    if (allocated < 0 || swr_init(made) < 0) resampler_.reset();
    return resampler_ != nullptr;
  }

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
    return pictures_.open(plan_) && (!sound_ || sound_->open()) && writer_.begin();
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
      is_well_ = pictures_.take(frame, shown(demuxer_.get(), from, frame), std::max<std::int64_t>(us, 0));
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
