// SPDX-License-Identifier: Apache-2.0
#include "camera/muxer.h"

#include <utility>

namespace lapel::camera {
namespace {

constexpr int kBufferBytes = 64 * 1024;

tl::unexpected<Error> refused(int code) {
  Error error = av_failure("The container of the recording cannot be written", "mp4", code).value();
  error.problem = &generic_problem(Code::kInternal);
  return fail(std::move(error));
}

}  // namespace

void Muxer::FreeOutput::operator()(AVFormatContext* format) const {
  if (format->pb != nullptr) {
    av_freep(&format->pb->buffer);
    avio_context_free(&format->pb);
  }
  avformat_free_context(format);
}

Muxer::~Muxer() {
  // Its memory is released by this, and no trailer is written: the fragments are all that there is.
  if (format_) {
    bytes_.clear();
    av_write_trailer(format_.get());
  }
}

int Muxer::put(void* self, std::uint8_t* buffer, int bytes) {
  Bytes& out = static_cast<Muxer*>(self)->bytes_;
  out.insert(out.end(), buffer, buffer + bytes);
  return bytes;
}

Result<std::unique_ptr<Muxer>> Muxer::open(const AVCodecContext& pictures, const AVCodecContext* sound) {
  auto out = std::unique_ptr<Muxer>(new Muxer());
  AVFormatContext* format = nullptr;
  if (const int made = avformat_alloc_output_context2(&format, nullptr, "mp4", nullptr); made < 0) return refused(made);
  out->format_.reset(format);
  out->packet_.reset(av_packet_alloc());
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
  format->pb = avio_alloc_context(buffer, kBufferBytes, 1, out.get(), nullptr, &Muxer::put, nullptr);
  format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  for (const AVCodecContext* encoder : {&pictures, sound}) {
    if (encoder == nullptr) continue;
    AVStream* stream = avformat_new_stream(format, nullptr);
    if (stream == nullptr) return refused(AVERROR(ENOMEM));
    if (const int copied = avcodec_parameters_from_context(stream->codecpar, encoder); copied < 0)
      return refused(copied);
    if (stream->codecpar->codec_id == AV_CODEC_ID_HEVC) stream->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
    stream->time_base = encoder->codec_type == AVMEDIA_TYPE_AUDIO ? AVRational{1, kSampleRate} : AVRational{1, 90'000};
  }
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "+empty_moov+default_base_moof+frag_custom+frag_discont+skip_trailer", 0);
  // Without it FFmpeg stretches the first sample of a track that begins late back to the beginning.
  av_dict_set(&options, "use_editlist", "1", 0);
  const int begun = avformat_write_header(format, &options);
  av_dict_free(&options);
  if (begun < 0) return refused(begun);
  avio_flush(format->pb);
  return out;
}

Result<void> Muxer::add(const AVPacket& packet, Track track, std::int64_t us, std::int64_t lasts_us) {
  if (const int referred = av_packet_ref(packet_.get(), &packet); referred < 0) return refused(referred);
  packet_->stream_index = static_cast<int>(track);
  packet_->pts = packet_->dts = us;
  packet_->duration = lasts_us;
  packet_->pos = -1;
  av_packet_rescale_ts(packet_.get(), kMicroseconds, format_->streams[static_cast<int>(track)]->time_base);
  const int written = av_write_frame(format_.get(), packet_.get());
  av_packet_unref(packet_.get());
  if (written < 0) return refused(written);
  has_packets_ = true;
  return {};
}

Result<Bytes> Muxer::cut() {
  if (!has_packets_) return Bytes();
  if (const int flushed = av_write_frame(format_.get(), nullptr); flushed < 0) return refused(flushed);
  avio_flush(format_->pb);
  has_packets_ = false;
  return std::exchange(bytes_, {});
}

}  // namespace lapel::camera
