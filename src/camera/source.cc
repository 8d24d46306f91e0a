// SPDX-License-Identifier: Apache-2.0
#include "camera/source.h"

#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/format.h>

namespace lapel::camera {
namespace {

using Taken = Source::Taken;

constexpr int kSizeMax = 4'096;
constexpr int kUsualWidth = 1'280, kUsualHeight = 720;
constexpr std::size_t kFramesHeldMax = 256;  // decoded and not yet taken
constexpr int kErrorsInARowMax = 50;         // packets that do not decode

struct Place {
  std::string format;  // of FFmpeg; empty: told from the file
  std::string url;
};

// One demuxer with a decoder for what is wanted of it.
class Input {
 public:
  Result<void> open(const Place& place, AVDictionary* given, bool wants_pictures, bool wants_sound) {
    AVDictionary* options = given;
    url_ = place.url;
    const AVInputFormat* format = nullptr;
    if (!place.format.empty()) {
      format = av_find_input_format(place.format.c_str());
      if (format == nullptr) {
        av_dict_free(&options);
        return fail(Code::kUnsupported, "This build of FFmpeg has no such source", place.format);
      }
    }
    AVFormatContext* context = nullptr;
    const int opened = avformat_open_input(&context, place.url.c_str(), format, &options);
    av_dict_free(&options);
    if (opened < 0) return av_failure("The source cannot be opened", url_, opened);
    context_.reset(context);
    if (const int found = avformat_find_stream_info(context, nullptr); found < 0) {
      return av_failure("The source says nothing of what it has", url_, found);
    }
    packet_.reset(av_packet_alloc());
    if (wants_pictures) {
      pictures_ = TRY(decoder(AVMEDIA_TYPE_VIDEO, picture_stream_));
      if (!pictures_) return fail(Code::kInvalid, "The source has no picture that can be decoded", url_);
    }
    if (wants_sound) {
      sound_ = TRY(decoder(AVMEDIA_TYPE_AUDIO, sound_stream_));
      if (!sound_) return fail(Code::kInvalid, "The source has no sound that can be decoded", url_);
    }
    return {};
  }
  void set_live() { context_->flags |= AVFMT_FLAG_NONBLOCK; }

  const AVCodecContext* pictures() const { return pictures_.get(); }
  const AVCodecContext* sound() const { return sound_.get(); }

  // One packet and what it decodes to. False: a device has nothing yet.
  Result<bool> read(std::deque<Taken>& pictures, std::deque<Taken>& sounds) {
    const int got = av_read_frame(context_.get(), packet_.get());
    if (got == AVERROR(EAGAIN)) return false;
    if (got == AVERROR_EOF) return begin_again();
    if (got < 0) return av_failure("The source does not answer any more", url_, got);
    bool is_good = true;
    if (packet_->stream_index == picture_stream_) {
      is_good = decode(*pictures_, picture_stream_, Taken::Kind::kPicture, pictures);
    } else if (packet_->stream_index == sound_stream_) {
      is_good = decode(*sound_, sound_stream_, Taken::Kind::kSound, sounds);
    }
    av_packet_unref(packet_.get());
    errors_ = is_good ? 0 : errors_ + 1;
    if (errors_ > kErrorsInARowMax) {
      return fail(Code::kUnavailable, "The source gives nothing that can be decoded any more", url_);
    }
    return true;
  }

 private:
  Result<CodecPtr> decoder(AVMediaType type, int& stream) {
    const AVCodec* codec = nullptr;
    const int found = av_find_best_stream(context_.get(), type, -1, -1, &codec, 0);
    if (found < 0 || codec == nullptr) return CodecPtr();
    CodecPtr context(avcodec_alloc_context3(codec));
    if (!context || avcodec_parameters_to_context(context.get(), context_->streams[found]->codecpar) < 0) {
      return CodecPtr();
    }
    context->thread_count = 1;
    if (const int opened = avcodec_open2(context.get(), codec, nullptr); opened < 0) {
      return av_failure("The source cannot be decoded", url_, opened);
    }
    stream = found;
    return context;
  }

  bool decode(AVCodecContext& decoder, int index, Taken::Kind kind, std::deque<Taken>& out) {
    if (avcodec_send_packet(&decoder, packet_.get()) < 0) return false;
    for (;;) {
      Taken taken;
      taken.frame.reset(av_frame_alloc());
      if (!taken.frame || avcodec_receive_frame(&decoder, taken.frame.get()) < 0) return true;
      if (out.size() >= kFramesHeldMax) continue;
      const AVStream* stream = context_->streams[index];
      const std::int64_t pts = taken.frame->best_effort_timestamp;
      taken.us = pts == AV_NOPTS_VALUE ? end_us_ : av_rescale_q(pts, stream->time_base, kMicroseconds) + offset_us_;
      if (first_us_ == kNoTime) first_us_ = taken.us;
      taken.us -= first_us_;
      taken.kind = kind;
      const std::int64_t lasts =
          kind == Taken::Kind::kSound && taken.frame->sample_rate > 0
              ? av_rescale(taken.frame->nb_samples, 1'000'000, taken.frame->sample_rate)
              : av_rescale_q(std::max<std::int64_t>(taken.frame->pkt_duration, 0), stream->time_base, kMicroseconds);
      end_us_ = std::max(end_us_, taken.us + first_us_ + lasts);
      out.push_back(std::move(taken));
    }
  }

  Result<bool> begin_again() {
    if (end_us_ == start_us_ ||
        av_seek_frame(context_.get(), -1, std::max<std::int64_t>(context_->start_time, 0), AVSEEK_FLAG_BACKWARD) < 0) {
      return fail(Code::kUnavailable, "The source has ended, and cannot begin again", url_);
    }
    if (pictures_) avcodec_flush_buffers(pictures_.get());
    if (sound_) avcodec_flush_buffers(sound_.get());
    offset_us_ = end_us_ - std::max<std::int64_t>(context_->start_time, 0);
    start_us_ = end_us_;
    return true;
  }

  static constexpr std::int64_t kNoTime = INT64_MIN;
  std::string url_;
  InputPtr context_;
  PacketPtr packet_;
  CodecPtr pictures_, sound_;
  int picture_stream_ = -1, sound_stream_ = -1, errors_ = 0;
  std::int64_t first_us_ = kNoTime, offset_us_ = 0, end_us_ = 0, start_us_ = -1;
};

AVDictionary* options_of(std::initializer_list<std::pair<const char*, std::string>> pairs) {
  AVDictionary* out = nullptr;
  for (const auto& [name, value] : pairs) av_dict_set(&out, name, value.c_str(), 0);
  return out;
}

}  // namespace

struct Source::State {
  State(const Clock& given_clock, SourceOptions given) : clock(given_clock), options(std::move(given)) {}

  const Clock& clock;
  SourceOptions options;
  Input pictures, sounds;
  bool has_own_sounds = false;  // `sounds` is open
  bool has_sound = false, is_device = false;
  std::int64_t began_us = 0;
  std::deque<Taken> picture_queue, sound_queue;
  ScalePtr scale;
  ResamplePtr resample;
  int resampled_rate = 0, resampled_format = -1;
  AVChannelLayout resampled_layout{};
  std::int64_t last_us = 0;

  Result<FramePtr> normal_picture(const AVFrame& frame) {
    FramePtr out(av_frame_alloc());
    out->format = AV_PIX_FMT_YUV420P;
    out->width = options.width;
    out->height = options.height;
    scale.reset(sws_getCachedContext(scale.release(), frame.width, frame.height,
                                     static_cast<AVPixelFormat>(frame.format), out->width, out->height,
                                     AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
    if (!scale || av_frame_get_buffer(out.get(), 0) < 0 || sws_scale_frame(scale.get(), out.get(), &frame) < 0) {
      return fail(Code::kUnavailable, "A picture of the source cannot be brought to the size of the recording");
    }
    return out;
  }

  Result<FramePtr> normal_sound(const AVFrame& frame) {
    if (!resample || resampled_rate != frame.sample_rate || resampled_format != frame.format ||
        av_channel_layout_compare(&resampled_layout, &frame.ch_layout) != 0) {
      SwrContext* context = nullptr;
      AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
      AVChannelLayout given = frame.ch_layout;  // not changed, though it has to be writable
      if (swr_alloc_set_opts2(&context, &mono, AV_SAMPLE_FMT_FLTP, kSampleRate, &given,
                              static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr) < 0 ||
          swr_init(context) < 0) {
        swr_free(&context);
        return fail(Code::kUnavailable, "The sound of the source cannot be brought to the form of the recording");
      }
      resample.reset(context);
      resampled_rate = frame.sample_rate;
      resampled_format = frame.format;
      av_channel_layout_copy(&resampled_layout, &frame.ch_layout);
    }
    FramePtr out(av_frame_alloc());
    out->format = AV_SAMPLE_FMT_FLTP;
    out->sample_rate = kSampleRate;
    out->ch_layout = AV_CHANNEL_LAYOUT_MONO;
    if (swr_convert_frame(resample.get(), out.get(), &frame) < 0) {
      return fail(Code::kUnavailable, "The sound of the source cannot be brought to the form of the recording");
    }
    return out;
  }

  // Reads until the queue has something, or a device has nothing.
  Result<bool> fill(Input& input, const std::deque<Taken>& queue) {
    while (queue.empty()) {
      if (!TRY(input.read(picture_queue, sound_queue))) return false;
    }
    return true;
  }

  Result<Taken> lose_sound(const Error& error) {
    has_sound = false;
    sound_queue.clear();
    return Taken{Taken::Kind::kSoundLost, nullptr, last_us, error.text()};
  }
};

Source::Source(std::unique_ptr<State> state) : state_(std::move(state)) {}
Source::~Source() = default;

Result<std::unique_ptr<Source>> Source::open(const SourceOptions& options, const Clock& clock) {
  avdevice_register_all();
  av_log_set_level(AV_LOG_QUIET);
  auto state = std::make_unique<State>(clock, options);
  SourceOptions& chosen = state->options;
  const bool is_file = options.video.starts_with("file:");
  const bool is_v4l2 = options.video.starts_with("v4l2:");
  const bool is_alsa = options.audio.starts_with("alsa:");
  if (!is_file && (chosen.width == 0 || chosen.height == 0)) {
    chosen.width = kUsualWidth;
    chosen.height = kUsualHeight;
  }
  const std::string size = fmt::format("{}x{}", chosen.width, chosen.height);
  const bool shares_file = options.audio == "file";
  if (shares_file && !is_file) return fail(Code::kInvalid, "--audio file needs a --video file:PATH");
  if (is_alsa && !is_v4l2) return fail(Code::kInvalid, "--audio alsa:DEVICE goes with --video v4l2:DEVICE");
  if (is_v4l2 && !is_alsa && options.audio != "none") {
    return fail(Code::kInvalid, "--video v4l2:DEVICE goes with --audio alsa:DEVICE or none");
  }
  if (is_file) {
    TRY(state->pictures.open({"", options.video.substr(5)}, nullptr, true, shares_file));
  } else if (is_v4l2) {
    TRY(state->pictures.open({"video4linux2", options.video.substr(5)},
                             options_of({{"video_size", size}, {"framerate", std::to_string(options.rate)}}), true,
                             false));
  } else if (options.video == "test") {
    TRY(state->pictures.open({"lavfi", fmt::format("testsrc2=size={}:rate={}", size, options.rate)}, nullptr, true,
                             false));
  } else {
    return fail(Code::kInvalid, "--video is test, file:PATH or v4l2:DEVICE", options.video);
  }
  if (options.audio == "test") {
    TRY(state->sounds.open({"lavfi", fmt::format("sine=frequency=440:beep_factor=4:sample_rate={}", kSampleRate)},
                           nullptr, false, true));
    state->has_own_sounds = true;
  } else if (is_alsa) {
    TRY(state->sounds.open({"alsa", options.audio.substr(5)},
                           options_of({{"sample_rate", std::to_string(kSampleRate)}, {"channels", "1"}}), false, true));
    state->has_own_sounds = true;
  } else if (!shares_file && options.audio != "none") {
    return fail(Code::kInvalid, "--audio is test, file, alsa:DEVICE or none", options.audio);
  }
  if (chosen.width == 0 || chosen.height == 0) {
    chosen.width = state->pictures.pictures()->width & ~1;
    chosen.height = state->pictures.pictures()->height & ~1;
  }
  if (chosen.width < 16 || chosen.height < 16 || chosen.width > kSizeMax || chosen.height > kSizeMax ||
      chosen.width % 2 != 0 || chosen.height % 2 != 0) {
    return fail(Code::kInvalid, "A picture has 16 to 4096 pixels a side, an even number", size);
  }
  state->has_sound = shares_file || state->has_own_sounds;
  state->is_device = is_v4l2 || is_alsa;
  if (is_v4l2) state->pictures.set_live();
  if (is_alsa) state->sounds.set_live();
  state->began_us = clock.monotonic_us();
  return std::unique_ptr<Source>(new Source(std::move(state)));
}

Result<Source::Taken> Source::next() {
  State& state = *state_;
  // Of a device, whichever has something: what it gives is of now. Else whichever is behind.
  if (state.has_sound) {
    auto filled = state.has_own_sounds ? state.fill(state.sounds, state.sound_queue) : Result<bool>(true);
    if (!filled) return state.lose_sound(filled.error());
  }
  const bool has_picture = TRY(state.fill(state.pictures, state.picture_queue));
  const bool has_sound = !state.sound_queue.empty();
  if (!has_picture && !has_sound) return Taken{};
  const bool is_sound = has_sound && (!has_picture || state.sound_queue.front().us <= state.picture_queue.front().us);
  std::deque<Taken>& queue = is_sound ? state.sound_queue : state.picture_queue;
  Taken taken = std::move(queue.front());
  queue.pop_front();
  if (state.is_device) taken.us = state.clock.monotonic_us() - state.began_us;
  taken.us = state.last_us = std::max(taken.us, state.last_us);
  taken.frame = TRY(is_sound ? state.normal_sound(*taken.frame) : state.normal_picture(*taken.frame));
  return taken;
}

bool Source::is_device() const {
  return state_->is_device;
}
bool Source::has_sound() const {
  return state_->has_sound;
}
int Source::width() const {
  return state_->options.width;
}
int Source::height() const {
  return state_->options.height;
}

}  // namespace lapel::camera
