// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/demuxer.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

namespace lapel::mediaworker {
namespace {

using protocol::MediaFinding;

// Decoders by FFmpeg's names: what cameras, phones and older in-car systems record. A decoder that is not
// listed is not run, neither by us nor by the demuxer while it looks at streams.
constexpr std::array kDecoders = {
    "h264",      "hevc",      "mpeg4",     "mpeg2video",    "mpeg1video",  "h263",     "mjpeg",     "prores",
    "vp8",       "vp9",       "libdav1d",  "cinepak",       "rawvideo",    "png",      "aac",       "mp3float",
    "mp3",       "ac3",       "amrnb",     "amrwb",         "opus",        "vorbis",   "flac",      "alac",
    "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_u8",        "pcm_f32le",   "pcm_alaw", "pcm_mulaw", "pcm_s32le",
    "pcm_s24be", "pcm_s8",    "adpcm_ms",  "adpcm_ima_wav", "adpcm_ima_qt"};

constexpr int kInputBufferBytes = 64 * 1024;

const AVCodec* listed_decoder(AVCodecID id) {
  for (const char* name : kDecoders) {
    const AVCodec* codec = avcodec_find_decoder_by_name(name);
    if (codec != nullptr && codec->id == id) return codec;
  }
  return nullptr;
}

// Every reference to another file: playlists, data references, external tracks. The answer is no.
int refuse_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

}  // namespace

Input::Input(const Source& source) : source_(source) {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kInputBufferBytes));
  context_ = avio_alloc_context(buffer, kInputBufferBytes, 0, this, &Input::read, nullptr, &Input::seek);
}

Input::~Input() {
  if (context_ != nullptr) av_freep(&context_->buffer);
  avio_context_free(&context_);
}

std::size_t Input::read_at(std::uint64_t offset, std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        pread(source_.descriptor, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes_read_ += static_cast<std::int64_t>(done);
  return done;
}

int Input::read(void* self, std::uint8_t* buffer, int bytes) {
  auto& input = *static_cast<Input*>(self);
  const std::size_t got =
      input.read_at(static_cast<std::uint64_t>(input.at_), {buffer, static_cast<std::size_t>(bytes)});
  input.at_ += static_cast<std::int64_t>(got);
  return got == 0 ? AVERROR_EOF : static_cast<int>(got);
}

std::int64_t Input::seek(void* self, std::int64_t offset, int whence) {
  auto& input = *static_cast<Input*>(self);
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return input.source_.bytes;
    case SEEK_SET:
      break;
    case SEEK_CUR:
      offset += input.at_;
      break;
    case SEEK_END:
      offset += input.source_.bytes;
      break;
    default:
      return AVERROR(EINVAL);
  }
  if (offset < 0) return AVERROR(EINVAL);
  return input.at_ = offset;
}

Orientation orientation_of(const AVStream* stream) {
  std::size_t bytes = 0;
  const std::uint8_t* data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
  return orientation_of_matrix({data, bytes});
}

bool is_cover(const AVStream* stream) {
  return (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
}

std::optional<MediaFinding> Demuxer::open(const Container& container, const Outline& outline, Edits edits) {
  AVFormatContext* format = avformat_alloc_context();
  const AVInputFormat* demuxer = av_find_input_format(std::string(container.demuxer).c_str());
  if (format == nullptr || input_.context() == nullptr) return MediaFinding::kTooMuchMemory;
  format->pb = input_.context();
  format->flags |= AVFMT_FLAG_CUSTOM_IO;
  format->io_open = &refuse_open;
  format->max_streams = static_cast<int>(protocol::kMediaStreamsMax);
  // av_strdup, because the context frees them.
  format->format_whitelist = av_strdup(std::string(container.demuxer).c_str());
  format->protocol_whitelist = av_strdup("");
  format->codec_whitelist = av_strdup(fmt::format("{}", fmt::join(kDecoders, ",")).c_str());
  AVDictionary* options = nullptr;
  if (container.boxes && edits == Edits::kShifted) av_dict_set(&options, "advanced_editlist", "0", 0);
  int opened = avformat_open_input(&format, nullptr, demuxer, &options);  // frees it when it fails
  av_dict_free(&options);
  if (opened >= 0) {
    format_.reset(format);
    // Its failure says only that some stream stayed unclear: packets will tell.
    if (avformat_find_stream_info(format_.get(), nullptr) == AVERROR(ENOMEM)) opened = AVERROR(ENOMEM);
  }
  if (opened == AVERROR(ENOMEM)) return MediaFinding::kTooMuchMemory;
  if (container.boxes && outline.index_missing && (opened < 0 || format_->nb_streams == 0)) {
    return MediaFinding::kIndexMissing;
  }
  if (opened < 0) return MediaFinding::kIndexDamaged;
  return std::nullopt;
}

CodecPtr Demuxer::decoder_for(const AVStream* stream) {
  const AVCodecParameters* parameters = stream->codecpar;
  const AVCodec* codec = listed_decoder(parameters->codec_id);
  if (codec == nullptr || std::int64_t{parameters->width} * parameters->height > kFramePixelsMax) return nullptr;
  CodecPtr decoder(avcodec_alloc_context3(codec));
  if (!decoder || avcodec_parameters_to_context(decoder.get(), parameters) < 0) return nullptr;
  decoder->thread_count = 1;  // the sandbox has no second thread
  decoder->pkt_timebase = stream->time_base;
  decoder->max_pixels = kFramePixelsMax;
  return avcodec_open2(decoder.get(), codec, nullptr) == 0 ? std::move(decoder) : nullptr;
}

void add(protocol::MediaResult& result, MediaFinding finding) {
  const auto at = std::lower_bound(result.findings.begin(), result.findings.end(), finding);
  if (at == result.findings.end() || *at != finding) result.findings.insert(at, finding);
}

}  // namespace lapel::mediaworker
