// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signed footage in memory, for tests of its verifier: boxes with noise in place of pictures.
//
// Owns: nothing.
// Promises: the same calls make the same bytes.
// Fails with: nothing.
// Threads: pure functions.

#include <string>
#include <vector>

#include "proof/capture.h"

namespace lapel::proof {

inline crypto::SigningKey camera_key(std::uint8_t fill = 7) {
  ByteArray<32> seed;
  seed.fill(fill);
  return crypto::SigningKey::from_seed(seed);
}

inline Bytes test_box(std::string_view type, std::size_t bytes, std::uint8_t fill) {
  Bytes out(8 + bytes, fill);
  const auto length = big_endian_u64(8 + bytes);
  std::copy(length.begin() + 4, length.end(), out.begin());
  std::copy(type.begin(), type.end(), out.begin() + 4);
  return out;
}

inline Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

inline CaptureHead test_head() {
  return {"BC-7", {}, ByteArray<16>{1, 2, 3}, "h264", "aac", 2'000};
}

inline CaptureFacts test_facts(std::uint64_t n) {
  CaptureFacts facts;
  facts.at = {1'700'000'000'000'000 + static_cast<std::int64_t>(n) * 1'000'000};
  facts.clock = kClockNtp;
  facts.media_ms = 1000 * (n + 1);
  facts.sound = n < 2 ? kSoundOff : kSoundOn;
  return facts;
}

// Each piece as it stands in the file: what is signed, and its box. The last piece is the end, and covers nothing.
inline std::vector<Bytes> test_footage(std::uint64_t fragments, std::uint8_t key_fill = 7) {
  CaptureSigner signer(camera_key(key_fill), test_head());
  std::vector<Bytes> out;
  for (std::uint64_t n = 0; n < fragments; ++n) {
    const auto fill = static_cast<std::uint8_t>(n + 1);
    Bytes piece = joined({test_box("moof", 40, fill), test_box("mdat", 200 + n, fill)});
    if (n == 0) piece = joined({test_box("ftyp", 16, 0), test_box("moov", 60, 0), piece});
    CaptureFacts facts = test_facts(n);
    if (n == 1) facts.fix = "37.7749,-122.4194";
    out.push_back(joined({piece, signer.sign(piece, facts)}));
  }
  CaptureFacts end = test_facts(fragments - 1);
  end.end = "deactivated";
  out.push_back(signer.sign({}, end));
  return out;
}

inline Bytes joined(const std::vector<Bytes>& pieces) {
  Bytes out;
  for (const Bytes& piece : pieces) out.insert(out.end(), piece.begin(), piece.end());
  return out;
}

// `step`: how many bytes are fed at once.
inline CaptureVerdict verify_capture(ByteView file, std::size_t step = 1 << 20, std::uint8_t key_fill = 7) {
  CaptureVerifier verifier(camera_key(key_fill).public_key());
  for (std::size_t at = 0; at < file.size(); at += step) {
    verifier.feed(file.subspan(at, std::min(step, file.size() - at)));
  }
  return verifier.finish();
}

}  // namespace lapel::proof
