// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/signature.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "mediaworker/capture.h"
#include "mediaworker/signed_stream.h"

namespace lapel::mediaworker {
namespace {

using protocol::MediaSignature;
using protocol::SignatureScheme;
using protocol::UncheckedReason;

std::optional<UnitCodec> unit_codec(const AVStream* stream) {
  switch (stream->codecpar->codec_id) {
    case AV_CODEC_ID_H264:
      return UnitCodec::kH264;
    case AV_CODEC_ID_HEVC:
      return UnitCodec::kH265;
    default:
      return std::nullopt;
  }
}

Framing framing_in(const AVStream* stream, UnitCodec codec) {
  const AVCodecParameters* parameters = stream->codecpar;
  const auto bytes = static_cast<std::size_t>(std::max(parameters->extradata_size, 0));
  return framing_of(codec, ByteView(parameters->extradata, bytes));
}

ByteView bytes_of(const AVPacket& packet) {
  return {packet.data, static_cast<std::size_t>(std::max(packet.size, 0))};
}

bool is_video(const AVStream* stream) {
  return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_cover(stream);
}

// A picture that goes with footage. What is called so and has the codec of footage is further video: players show it.
bool is_still(const AVStream* stream) {
  const AVCodecID codec = stream->codecpar->codec_id;
  return is_cover(stream) && (codec == AV_CODEC_ID_MJPEG || codec == AV_CODEC_ID_PNG || codec == AV_CODEC_ID_BMP ||
                              codec == AV_CODEC_ID_GIF || codec == AV_CODEC_ID_WEBP);
}

SignatureScheme scheme_in(ByteView bytes) {
  return bears_name(bytes, std::span(&kAxisSignedVideo, 1)) ? SignatureScheme::kAxisSignedVideo
                                                            : SignatureScheme::kOnvifMediaSigning;
}

// A unit's message by one of the names, even where it stands as nobody would write it.
std::optional<SigningMessage> message_in(UnitCodec codec, const Unit& unit) {
  if (unit.kind != UnitKind::kSei) return std::nullopt;
  if (const auto data = read_user_data(codec, unit, kSigningNames)) return read_signing_message(*data);
  if (!bears_name(unit.bytes, kSigningNames)) return std::nullopt;
  SigningMessage out;
  out.scheme = scheme_in(unit.bytes);
  out.unreadable = UncheckedReason::kUnknownForm;
  return out;
}

// What the first look finds: what to check with.
struct Found {
  int stream = -1;
  SignatureScheme scheme = SignatureScheme::kNone;
  std::optional<UncheckedReason> unchecked;
  crypto::HashKind hash = crypto::HashKind::kSha256;
  bool is_hash_said = false;
  std::optional<crypto::CameraKey> key;
  bool is_key_proven = false;  // it made the signature of the message that brought it
  std::string chain_pem, version;
  bool is_attested = false;
  std::optional<protocol::SignatureProduct> product;
  std::optional<Timestamp> at;
  bool has_other_video = false, has_sound = false;
};

bool is_proven(const SigningMessage& message, const crypto::CameraKey& key, crypto::HashKind hash) {
  if (!message.signature) return false;
  const auto padding =
      message.scheme == SignatureScheme::kAxisSignedVideo ? crypto::RsaPadding::kPkcs1 : crypto::RsaPadding::kPss;
  return key.verifies(hash, crypto::hash_of(hash, message.document), *message.signature, padding);
}

void learn(const SigningMessage& message, Found& found) {
  if (message.unreadable) {
    if (!found.unchecked) found.unchecked = message.unreadable;
    return;
  }
  if (message.hash && !found.is_hash_said) {
    found.hash = *message.hash;
    found.is_hash_said = true;
  }
  if (found.version.empty()) found.version = message.version;
  if (!found.at && message.group) found.at = message.group->from;
  if (found.is_key_proven || (message.key_pem.empty() && message.chain_pem.empty())) return;
  std::optional<crypto::CameraKey> key;
  if (!message.key_pem.empty()) {
    key = crypto::CameraKey::read(message.key_pem);
  } else if (auto chain = crypto::read_camera_chain(message.chain_pem, {}, Timestamp{});
             chain && !message.is_attested) {
    key = std::move(chain->key);
  }
  if (!key || !key->signs_digests()) {
    if (!found.unchecked) found.unchecked = UncheckedReason::kUnknownKey;
    return;
  }
  const bool is_proven_now = is_proven(message, *key, message.hash.value_or(found.hash));
  if (found.key && !is_proven_now) return;
  found.key = std::move(key);
  found.is_key_proven = is_proven_now;
  found.chain_pem = message.chain_pem;
  found.is_attested = message.is_attested;
  if (message.product) found.product = message.product;
}

// Up to the first message that brings a key and is signed by it; to the end where there is none.
Found look(Demuxer& demuxer, AVPacket* packet) {
  Found found;
  while (!found.is_key_proven && av_read_frame(demuxer.get(), packet) >= 0) {
    const AVStream* stream = demuxer->streams[packet->stream_index];
    const auto codec = unit_codec(stream);
    const bool is_asked = is_video(stream) && (found.stream < 0 || found.stream == packet->stream_index);
    if (is_asked && codec) {
      for_each_unit(*codec, framing_in(stream, *codec), bytes_of(*packet), [&](const Unit& unit) {
        const auto message = message_in(*codec, unit);
        if (!message) return;
        if (found.stream < 0) {
          found.stream = packet->stream_index;
          found.scheme = message->scheme;
        }
        if (message->scheme == found.scheme) learn(*message, found);
      });
    } else if (is_asked && stream->codecpar->codec_id == AV_CODEC_ID_AV1 &&
               bears_name(bytes_of(*packet), kSigningNames)) {
      found.stream = packet->stream_index;
      found.scheme = scheme_in(bytes_of(*packet));
      found.unchecked = UncheckedReason::kCodec;
      av_packet_unref(packet);
      break;
    }
    av_packet_unref(packet);
  }
  for (unsigned i = 0; i < demuxer->nb_streams; ++i) {
    const AVStream* stream = demuxer->streams[i];
    const bool is_shown = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_still(stream);
    if (is_shown && static_cast<int>(i) != found.stream) found.has_other_video = true;
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) found.has_sound = true;
  }
  return found;
}

// When the pictures of a stream are shown, from its beginning on; by counting where a packet does not say.
class Times {
 public:
  explicit Times(const AVStream* stream) : stream_(stream) {
    const AVRational rate = stream->avg_frame_rate;
    if (rate.num > 0 && rate.den > 0) frame_ms_ = std::max<std::int64_t>(1, std::int64_t{1000} * rate.den / rate.num);
  }
  UnitTime of(const AVPacket& packet) {
    const std::int64_t shown = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    std::int64_t from_ms = next_ms_, length_ms = frame_ms_;
    if (shown != AV_NOPTS_VALUE) {
      const std::int64_t begun = stream_->start_time != AV_NOPTS_VALUE ? stream_->start_time : 0;
      from_ms = av_rescale_q(av_sat_sub64(shown, begun), stream_->time_base, {1, 1000});
      if (packet.duration > 0) length_ms = av_rescale_q(packet.duration, stream_->time_base, {1, 1000});
    }
    from_ms = std::clamp<std::int64_t>(from_ms, 0, protocol::kMediaDurationMsMax);
    const std::int64_t to_ms =
        std::clamp<std::int64_t>(av_sat_add64(from_ms, length_ms), from_ms, protocol::kMediaDurationMsMax);
    next_ms_ = to_ms;
    end_ms_ = std::max(end_ms_, to_ms);
    return {from_ms, to_ms};
  }
  std::int64_t end_ms() const { return end_ms_; }

 private:
  const AVStream* stream_;
  std::int64_t frame_ms_ = 40, next_ms_ = 0, end_ms_ = 0;
};

// Pictures of the stream as a player that keeps to the file's edits shows them: what they hide is not among them, and what they
// repeat is there twice.
std::int64_t pictures_shown(Demuxer& demuxer, AVPacket* packet, int wanted) {
  std::int64_t shown = 0;
  while (av_read_frame(demuxer.get(), packet) >= 0) {
    if (packet->stream_index == wanted && (packet->flags & AV_PKT_FLAG_DISCARD) == 0) ++shown;
    av_packet_unref(packet);
  }
  return shown;
}

MediaSignature check(Demuxer& demuxer, AVPacket* packet, const Found& found, std::int64_t& packets) {
  const AVStream* stream = demuxer->streams[found.stream];
  const UnitCodec codec = unit_codec(stream).value_or(UnitCodec::kH264);
  for (unsigned i = 0; i < demuxer->nb_streams; ++i) {
    if (static_cast<int>(i) != found.stream) demuxer->streams[i]->discard = AVDISCARD_ALL;
  }
  SignedStream signed_stream({found.scheme, found.hash, found.key ? &*found.key : nullptr});
  Times times(stream);
  while (av_read_frame(demuxer.get(), packet) >= 0) {
    if (packet->stream_index == found.stream) {
      const UnitTime time = times.of(*packet);
      const Left left = for_each_unit(codec, framing_in(stream, codec), bytes_of(*packet), [&](const Unit& unit) {
        if (const auto message = message_in(codec, unit)) {
          signed_stream.take(*message, time);
        } else {
          signed_stream.take(unit, time);
        }
      });
      if (left.bytes > 0) signed_stream.take_stray(time);
      ++packets;
    }
    av_packet_unref(packet);
  }
  MediaSignature out = signed_stream.finish();
  out.duration_ms = times.end_ms();
  return out;
}

// The file tells players to leave out, or to show again, so many pictures.
void add_edits(MediaSignature& out, std::int64_t pictures) {
  out.units_hidden += pictures;
  if (out.gaps.size() >= protocol::kSignatureGapsMax) {
    ++out.gaps_left_out;
    return;
  }
  out.gaps.insert(out.gaps.begin(), {protocol::SignatureGapKind::kHidden, 0, out.duration_ms, pictures});
}

}  // namespace

bool has_signing_message(const AVStream* stream, const AVPacket& packet) {
  if (!is_video(stream)) return false;
  const auto codec = unit_codec(stream);
  if (!codec) return stream->codecpar->codec_id == AV_CODEC_ID_AV1 && bears_name(bytes_of(packet), kSigningNames);
  bool has_one = false;
  for_each_unit(*codec, framing_in(stream, *codec), bytes_of(packet), [&](const Unit& unit) {
    has_one = has_one || (unit.kind == UnitKind::kSei && bears_name(unit.bytes, kSigningNames));
  });
  return has_one;
}

MediaSignature check_signature(const Source& source, const Container& container, const Outline& outline,
                               std::span<const std::string> roots) {
  if (Input input(source); container.boxes && has_capture(input)) return check_capture(source, container, outline);
  const PacketPtr packet(av_packet_alloc());
  Found found;
  {
    Demuxer demuxer(source);
    if (!packet || demuxer.open(container, outline, Demuxer::Edits::kShifted)) return {};
    found = look(demuxer, packet.get());
  }
  MediaSignature out;
  if (found.stream < 0) return out;
  const bool can_check = found.key.has_value() && found.unchecked != UncheckedReason::kCodec;
  Demuxer again(source);
  if (can_check && !again.open(container, outline, Demuxer::Edits::kShifted) &&
      std::cmp_less(found.stream, again->nb_streams)) {
    std::int64_t packets = 0;
    out = check(again, packet.get(), found, packets);
    Demuxer edited(source);
    if (container.boxes && !edited.open(container, outline, Demuxer::Edits::kFollowed) &&
        std::cmp_less(found.stream, edited->nb_streams)) {
      if (const auto shown = pictures_shown(edited, packet.get(), found.stream); shown != packets)
        add_edits(out, std::abs(shown - packets));
    }
  } else {
    out.unchecked = found.unchecked.value_or(UncheckedReason::kNoKey);
  }
  out.scheme = found.scheme;
  if (out.version.empty()) out.version = found.version;
  out.is_attested = found.is_attested;
  out.product = found.product;
  out.has_other_video = found.has_other_video;
  out.has_sound = found.has_sound;
  if (!found.key) return out;
  out.key = protocol::SignatureKey{found.key->sha256(), found.key->kind(), found.key->pem()};
  if (found.chain_pem.empty()) return out;
  const auto chain =
      crypto::read_camera_chain(found.chain_pem, roots, out.from.value_or(found.at.value_or(RealClock().now())));
  if (!chain) return out;
  out.chain = chain->subjects;
  // The chain vouches for its own first key; what a chip attested beside it is not looked into.
  if (chain->key.sha256() == found.key->sha256()) out.vouched_by = chain->vouched_by;
  return out;
}

}  // namespace lapel::mediaworker
