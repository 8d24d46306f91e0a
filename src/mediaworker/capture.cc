// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/capture.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>

#include "crypto/camera_key.h"
#include "proof/capture.h"

namespace lapel::mediaworker {
namespace {

using Standing = proof::CaptureVerdict::Standing;
using protocol::MediaSignature;
using protocol::SignatureGapKind;

constexpr std::size_t kPieceBytes = 1 << 20;
constexpr std::size_t kBoxBytesMin = 8;
constexpr std::size_t kLongBoxBytesMin = 16;

std::uint64_t number_in(ByteView bytes) {
  std::uint64_t out = 0;
  for (const std::uint8_t byte : bytes) out = out << 8 | byte;
  return out;
}

std::string printable(std::string text) {
  text.resize(std::min(text.size(), protocol::kSignatureTextMax));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

proof::CaptureVerdict verdict_on(Input& input) {
  proof::CaptureVerifier verifier(std::nullopt);
  Bytes piece(kPieceBytes);
  for (std::uint64_t at = 0;;) {
    const std::size_t some = input.read_at(at, piece);
    if (some == 0) return verifier.finish();
    verifier.feed(ByteView(piece).first(some));
    at += some;
  }
}

// The pictures of the file, by where they stand in it: before its last signature that holds, or behind.
void count_pictures(Demuxer& demuxer, std::uint64_t signed_bytes, bool is_breach, MediaSignature& out) {
  const PacketPtr packet(av_packet_alloc());
  std::int64_t covered_to_ms = 0;
  while (packet && av_read_frame(demuxer.get(), packet.get()) >= 0) {
    const AVStream* stream = demuxer->streams[packet->stream_index];
    const AVCodecParameters* parameters = stream->codecpar;
    out.has_sound = out.has_sound || parameters->codec_type == AVMEDIA_TYPE_AUDIO;
    if (parameters->codec_type == AVMEDIA_TYPE_VIDEO && !is_cover(stream)) {
      const std::int64_t begun = stream->start_time != AV_NOPTS_VALUE ? stream->start_time : 0;
      const std::int64_t shown = packet->pts != AV_NOPTS_VALUE ? av_sat_sub64(packet->pts, begun) : 0;
      const std::int64_t end = av_sat_add64(shown, std::max<std::int64_t>(packet->duration, 0));
      const std::int64_t end_ms =
          std::clamp<std::int64_t>(av_rescale_q(end, stream->time_base, {1, 1000}), 0, protocol::kMediaDurationMsMax);
      const bool is_covered = packet->pos >= 0 && static_cast<std::uint64_t>(packet->pos) < signed_bytes;
      ++out.pictures;
      ++(is_covered ? out.pictures_valid : is_breach ? out.pictures_altered : out.pictures_uncovered);
      if (is_covered) covered_to_ms = std::max(covered_to_ms, end_ms);
      out.duration_ms = std::max(out.duration_ms, end_ms);
    }
    av_packet_unref(packet.get());
  }
  out.covered_to_ms = covered_to_ms;
  const std::int64_t others = out.pictures_altered + out.pictures_uncovered;
  if (others == 0) return;
  out.gaps.push_back({is_breach ? SignatureGapKind::kAltered : SignatureGapKind::kUncovered, covered_to_ms,
                      std::max(covered_to_ms, out.duration_ms), others});
}

}  // namespace

bool has_capture(Input& input) {
  const auto file_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(input.bytes(), 0));
  std::uint64_t at = 0;
  for (int boxes = 0; boxes < kCaptureBoxesMax && at < file_bytes; ++boxes) {
    std::array<std::uint8_t, proof::kCaptureHeaderBytes> room{};
    const ByteView header = ByteView(room).first(input.read_at(at, room));
    if (header.size() < kLongBoxBytesMin) return false;
    if (proof::is_capture_header(header)) return true;
    const std::uint64_t told = number_in(header.first(4));
    const std::uint64_t length = told == 1 ? number_in(header.subspan(8, 8)) : told;
    if (length < kBoxBytesMin || length > file_bytes - at) return false;
    at += length;
  }
  return false;
}

MediaSignature check_capture(const Source& source, const Container& container, const Outline& outline) {
  Demuxer demuxer(source);
  const proof::CaptureVerdict verdict = verdict_on(demuxer.input());
  MediaSignature out;
  out.scheme = protocol::SignatureScheme::kLapelCamera;
  out.version = "1";
  out.hash = crypto::hash_name(crypto::HashKind::kSha256);
  const bool is_breach = verdict.standing == Standing::kBreach;
  out.signatures = static_cast<std::int64_t>(verdict.boxes) + (is_breach ? 1 : 0);
  out.groups_valid = static_cast<std::int64_t>(verdict.boxes);
  out.groups_altered = is_breach ? 1 : 0;
  out.breach = printable(verdict.breach);
  out.is_cut_off = verdict.standing == Standing::kCut || verdict.standing == Standing::kInPart;
  if (verdict.head) {
    const crypto::CameraKey key = crypto::CameraKey::of(verdict.head->key);
    out.key = protocol::SignatureKey{key.sha256(), key.kind(), key.pem()};
    out.product = protocol::SignatureProduct{"lapel-camera", "", printable(verdict.head->serial), ""};
    // What came before activation was signed at it.
    out.from =
        verdict.first_at + -static_cast<std::int64_t>(std::min(verdict.head->pre_event_ms, verdict.media_ms)) * 1000;
    out.to = verdict.last_at;
  }
  if (verdict.standing == Standing::kInPart) out.units_hidden = 1;
  if (!demuxer.open(container, outline, Demuxer::Edits::kShifted)) {
    count_pictures(demuxer, verdict.signed_bytes, is_breach, out);
  }
  return out;
}

}  // namespace lapel::mediaworker
