// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/container.h"

#include <algorithm>
#include <array>

namespace lapel::mediaworker {
namespace {

constexpr Container kMp4{"mp4", "mov", false, true};
constexpr Container kMatroska{"matroska", "matroska"};
constexpr Container kMpegTs{"mpegts", "mpegts"};
constexpr Container kAvi{"avi", "avi"};
constexpr Container kWav{"wav", "wav"};
constexpr Container kMp3{"mp3", "mp3"};
constexpr Container kAac{"aac", "aac"};
constexpr Container kOgg{"ogg", "ogg"};
constexpr Container kFlac{"flac", "flac"};
constexpr Container kJpeg{"jpeg", "jpeg_pipe", true};
constexpr Container kPng{"png", "png_pipe", true};
constexpr Container kH264{"h264", "h264"};
constexpr Container kHevc{"hevc", "hevc"};

std::string_view tag_at(ByteView bytes, std::size_t offset) {
  return offset + 4 <= bytes.size() ? as_text(bytes.subspan(offset, 4)) : std::string_view{};
}
std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8) | byte;
  return value;
}
std::uint64_t little_endian_32(ByteView bytes) {
  return bytes[0] | std::uint64_t{bytes[1]} << 8 | std::uint64_t{bytes[2]} << 16 | std::uint64_t{bytes[3]} << 24;
}
bool starts_with(ByteView bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && as_text(bytes.first(magic.size())) == magic;
}

bool is_boxes(ByteView head) {
  static constexpr std::array<std::string_view, 10> kFirstBoxes = {"ftyp", "moov", "mdat", "free", "skip",
                                                                   "wide", "pnot", "styp", "moof", "sidx"};
  if (head.size() < 8) return false;
  const std::uint64_t size = big_endian(head.first(4));
  const bool sized = size == 0 || size == 1 || size >= 8;
  return sized && std::find(kFirstBoxes.begin(), kFirstBoxes.end(), tag_at(head, 4)) != kFirstBoxes.end();
}

// Five packets in step, or as many as a shorter file has, but two at least.
bool is_transport_stream(ByteView head) {
  struct Step {
    std::size_t first, packet;
  };
  for (const Step step : {Step{0, 188}, Step{4, 192}, Step{0, 204}}) {
    const std::size_t packets =
        std::min<std::size_t>(5, (head.size() - std::min(head.size(), step.first)) / step.packet);
    if (packets < 2) continue;
    bool in_step = true;
    for (std::size_t i = 0; i < packets; ++i) in_step = in_step && head[step.first + i * step.packet] == 0x47;
    if (in_step) return true;
  }
  return false;
}

// Length of the MPEG audio layer III frame, or of the ADTS frame, that starts here; 0 when none does.
std::size_t mp3_frame_bytes(ByteView at) {
  static constexpr std::array<int, 16> kKbitsV1 = {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0};
  static constexpr std::array<int, 16> kKbitsV2 = {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0};
  static constexpr std::array<int, 4> kHz = {44100, 48000, 32000, 0};
  if (at.size() < 4 || at[0] != 0xff || (at[1] & 0xe6) != 0xe2) return 0;  // sync, layer III
  const int version = at[1] >> 3 & 3;                                      // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const int hz = kHz[at[2] >> 2 & 3] / (version == 3 ? 1 : version == 2 ? 2 : 4);
  const int kbits = (version == 3 ? kKbitsV1 : kKbitsV2)[at[2] >> 4];
  if (version == 1 || hz == 0 || kbits == 0) return 0;
  const int bytes = (version == 3 ? 144 : 72) * kbits * 1000 / hz + (at[2] >> 1 & 1);
  return static_cast<std::size_t>(bytes);
}
std::size_t adts_frame_bytes(ByteView at) {
  if (at.size() < 6 || at[0] != 0xff || (at[1] & 0xf6) != 0xf0) return 0;
  const std::size_t bytes = (std::size_t{at[3]} & 3) << 11 | std::size_t{at[4]} << 3 | std::size_t{at[5]} >> 5;
  return bytes >= 7 ? bytes : 0;
}
// Two frames in a row: two bytes of sync alone turn up in anything.
bool is_frames(ByteView head, std::size_t (*frame_bytes)(ByteView)) {
  const std::size_t first = frame_bytes(head);
  return first > 0 && first < head.size() && frame_bytes(head.subspan(first)) > 0;
}

// Annex B: a start code, then a parameter set or a delimiter, as every encoder begins.
const Container* annex_b(ByteView head) {
  std::size_t zeros = 0;
  while (zeros < head.size() && zeros < 4 && head[zeros] == 0) ++zeros;
  if (zeros < 2 || zeros > 3 || head.size() < zeros + 3 || head[zeros] != 1) return nullptr;
  const std::uint8_t first = head[zeros + 1];
  const std::uint8_t second = head[zeros + 2];
  const int hevc_type = first >> 1 & 0x3f;
  if ((first & 0x81) == 0 && (second & 0xf8) == 0 && (second & 7) != 0 && (hevc_type == 32 || hevc_type == 35)) {
    return &kHevc;
  }
  const int h264_type = first & 0x1f;
  return (first & 0x80) == 0 && (h264_type == 7 || h264_type == 9) ? &kH264 : nullptr;
}

// Boxes of the file itself, without going into any. Bounded, since a box may be 8 bytes of a file of
// terabytes.
Outline box_outline(std::uint64_t file_bytes, const ReadAt& read_at) {
  constexpr int kBoxesMax = 100'000;
  Outline outline{.index_missing = true};
  std::uint64_t at = 0;
  for (int boxes = 0; boxes < kBoxesMax && at < file_bytes; ++boxes) {
    std::array<std::uint8_t, 16> header{};
    if (read_at(at, header) < 8) break;
    const ByteView bytes(header);
    std::uint64_t size = big_endian(bytes.first(4));
    std::uint64_t least = 8;
    if (size == 1) {
      size = big_endian(bytes.subspan(8));
      least = 16;
    } else if (size == 0) {
      size = file_bytes - at;
    }
    const bool complete = size >= least && size <= file_bytes - at;
    if (complete && tag_at(bytes, 4) == "moov") outline.index_missing = false;
    if (!complete) {
      outline.cut_short = size >= least;
      break;
    }
    at += size;
  }
  return outline;
}

Outline riff_outline(std::uint64_t file_bytes, const ReadAt& read_at) {
  std::array<std::uint8_t, 8> header{};
  if (read_at(0, header) < header.size()) return {.cut_short = true};
  const std::uint64_t size = little_endian_32(ByteView(header).subspan(4));
  // A recorder that lost power leaves 0 or all ones: then the size says nothing.
  return {.cut_short = size != 0xffffffff && size + 8 > file_bytes};
}

// An EBML number: its length is in the leading zeros of its first byte. All ones means "unknown".
struct EbmlNumber {
  std::size_t bytes = 0;
  std::uint64_t value = 0;
  bool unknown = false;
};
std::optional<EbmlNumber> ebml_number(ByteView at, bool keep_marker) {
  if (at.empty() || at[0] == 0) return std::nullopt;
  EbmlNumber number{.bytes = 1};
  for (std::uint8_t bit = 0x80; (at[0] & bit) == 0; bit >>= 1) ++number.bytes;
  if (at.size() < number.bytes) return std::nullopt;
  number.value = big_endian(at.first(number.bytes));
  const std::uint64_t mask = (std::uint64_t{1} << (7 * number.bytes)) - 1;
  number.unknown = (number.value & mask) == mask;
  if (!keep_marker) number.value &= mask;
  return number;
}

Outline matroska_outline(std::uint64_t file_bytes, const ReadAt& read_at) {
  constexpr std::uint64_t kSegment = 0x18538067;
  std::uint64_t at = 0;
  for (int element = 0; element < 2; ++element) {  // the EBML header, then the segment
    std::array<std::uint8_t, 12> header{};
    const ByteView bytes = ByteView(header).first(read_at(at, header));
    const auto id = ebml_number(bytes, true);
    const auto size = id ? ebml_number(bytes.subspan(id->bytes), false) : std::nullopt;
    if (!size) return {.cut_short = true};
    at += id->bytes + size->bytes;
    if (id->value == kSegment)
      return {.cut_short = !size->unknown && size->value > file_bytes - std::min(file_bytes, at)};
    if (size->unknown || size->value > file_bytes) return {.cut_short = true};
    at += size->value;
  }
  return {};
}

}  // namespace

const Container* sniff(ByteView head) {
  using namespace std::string_view_literals;
  if (is_boxes(head)) return &kMp4;
  if (starts_with(head, "\x1a\x45\xdf\xa3"sv)) return &kMatroska;
  if (starts_with(head, "RIFF"sv) && tag_at(head, 8) == "AVI ") return &kAvi;
  if (starts_with(head, "RIFF"sv) && tag_at(head, 8) == "WAVE") return &kWav;
  if (starts_with(head, "OggS"sv)) return &kOgg;
  if (starts_with(head, "fLaC"sv)) return &kFlac;
  if (starts_with(head, "\xff\xd8\xff"sv)) return &kJpeg;
  if (starts_with(head, "\x89PNG\r\n\x1a\n"sv)) return &kPng;
  if (starts_with(head, "ID3"sv) || is_frames(head, mp3_frame_bytes)) return &kMp3;
  if (is_frames(head, adts_frame_bytes)) return &kAac;
  if (is_transport_stream(head)) return &kMpegTs;
  return annex_b(head);
}

Outline read_outline(const Container& container, std::uint64_t file_bytes, const ReadAt& read_at) {
  if (container.boxes) return box_outline(file_bytes, read_at);
  if (container.name == kAvi.name || container.name == kWav.name) return riff_outline(file_bytes, read_at);
  if (container.name == kMatroska.name) return matroska_outline(file_bytes, read_at);
  return {};
}

}  // namespace lapel::mediaworker
