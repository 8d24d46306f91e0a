// SPDX-License-Identifier: Apache-2.0
// The units of a stream, the messages in them, and what a camera's signature makes of all of it: any bytes are some units, each
// picture is counted once, and nothing is called sound that no key has signed.
#include <optional>

#include "base/check.h"
#include "mediaworker/sei.h"
#include "mediaworker/signed_stream.h"
#include "mediaworker/signing_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::mediaworker;
  if (size < 1) return 0;
  const auto codec = (data[0] & 1) == 0 ? UnitCodec::kH264 : UnitCodec::kH265;
  const Framing framing{static_cast<std::size_t>(data[0] >> 1 & 3)};
  const lapel::ByteView packet(data + 1, size - 1);
  std::optional<SignedStream> axis, onvif;
  for (auto* stream : {&axis, &onvif}) {
    stream->emplace(SignedStream::Terms{stream == &axis ? lapel::protocol::SignatureScheme::kAxisSignedVideo
                                                        : lapel::protocol::SignatureScheme::kOnvifMediaSigning,
                                        lapel::crypto::HashKind::kSha256, nullptr});
  }
  std::size_t in_units = 0;
  std::int64_t pictures = 0, at_ms = 0;
  const Left left = for_each_unit(codec, framing, packet, [&](const Unit& unit) {
    CHECK(!unit.bytes.empty() && unit.bytes.back() != 0);
    in_units += unit.bytes.size();
    const UnitTime time{at_ms, at_ms + 40};
    at_ms += unit.is_first_slice ? 40 : 0;
    if (const auto message = read_user_data(codec, unit, kSigningNames)) {
      CHECK(message->at <= message->end && message->end <= message->unescaped.size());
      CHECK(message->raw_end(message->unescaped.size()) <= message->raw.size());
      CHECK(bears_name(message->unescaped, kSigningNames));
      const SigningMessage read = read_signing_message(*message);
      CHECK(read.document.size() <= message->raw.size());
      axis->take(read, time);
      onvif->take(read, time);
      return;
    }
    const bool is_covered = unit.kind == UnitKind::kIntra || unit.kind == UnitKind::kInter;
    pictures += is_covered && unit.is_first_slice ? 1 : 0;
    axis->take(unit, time);
    onvif->take(unit, time);
  });
  CHECK(in_units <= packet.size() && left.bytes <= packet.size());
  for (auto* stream : {&axis, &onvif}) {
    const auto found = (*stream)->finish();
    CHECK(found.pictures == pictures);
    CHECK(found.pictures_valid + found.pictures_altered + found.pictures_uncovered + found.pictures_at_start +
              found.pictures_at_end ==
          pictures);
    CHECK(found.gaps.size() <= lapel::protocol::kSignatureGapsMax);
    // Without a key nothing was signed, whatever the messages say.
    const auto verdict = verdict_of(found);
    CHECK(found.pictures_valid == 0 && verdict != lapel::protocol::SignatureVerdict::kVerified &&
          verdict != lapel::protocol::SignatureVerdict::kVerifiedWithGaps);
    CHECK(!sentence_of(found).empty());
    const auto read = lapel::protocol::parse_signature(to_text(found));
    CHECK(read && *read == found);
  }
  return 0;
}
