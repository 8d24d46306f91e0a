// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is known of the signature that a camera put into its footage (docs/formats/signed_video.md): the media worker finds it out,
// the server keeps it as the derived item `signature` and words it.
//
// Owns: the model, its text with a strict reader, the verdict and the sentences.
// Promises: a text that parses is within every bound named here, and its verdict follows from its numbers. Texts that the signer
//   wrote are printable ASCII. The sentences say what a verdict does not show.
// Fails with: kInvalid for a text that is none.
// Threads: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace lapel::protocol {

inline constexpr std::size_t kSignatureTextMax = 128;  // of a serial and the like
inline constexpr std::size_t kSignatureKeyPemBytesMax = 2'048;
inline constexpr std::size_t kSignatureChainMax = 8;
inline constexpr std::size_t kSignatureGapsMax = 50;
inline constexpr std::size_t kSignatureTextBytesMax = 32 * 1024;  // of the whole
inline constexpr std::size_t kSignatureRootsMax = 8;              // certificates that the worker is given
inline constexpr std::size_t kSignatureRootBytesMax = 3 * 1024;   // each, as PEM

enum class SignatureScheme { kNone, kAxisSignedVideo, kOnvifMediaSigning, kLapelCamera };
enum class SignatureVerdict { kUnsigned, kSignedButUnchecked, kAltered, kVerifiedWithGaps, kVerified };
enum class UncheckedReason {
  kOldForm,      // Axis Signed Video before version 2
  kUnknownForm,  // of a later version, or damaged
  kNoKey,        // the file does not bring the key
  kUnknownKey,   // of a kind that is not checked, or weak
  kTooShort,     // no run of pictures is in the file together with its signature
  kCodec,        // AV1
};
enum class SignatureGapKind {
  kAltered,     // pictures that are not what was signed
  kOutOfOrder,  // as signed, in another place
  kMissing,     // signed, and not in the file
  kUncovered,   // in the file, and no signature for it
  kRestarted,   // the camera began to sign anew
  kHidden,      // pieces of pictures of a kind that the scheme never signs
};

struct SignatureGap {
  SignatureGapKind kind = SignatureGapKind::kAltered;
  std::int64_t from_ms = 0, to_ms = 0;  // in the footage
  std::int64_t pictures = 0;            // in the file, of these

  friend bool operator==(const SignatureGap&, const SignatureGap&) = default;
};

// As the signer wrote it: true where the key is that of an honest camera.
struct SignatureProduct {
  std::string hardware, firmware, serial, maker;

  friend bool operator==(const SignatureProduct&, const SignatureProduct&) = default;
};

struct SignatureKey {
  Digest sha256{};  // of its DER (SubjectPublicKeyInfo)
  std::string kind, pem;

  friend bool operator==(const SignatureKey&, const SignatureKey&) = default;
};

struct MediaSignature {
  SignatureScheme scheme = SignatureScheme::kNone;
  std::optional<UncheckedReason> unchecked;
  std::string version, hash;  // of the signing program; "sha256", …
  std::optional<SignatureKey> key;
  std::vector<std::string> chain;    // subjects of certificates, the signer's own first
  std::optional<Digest> vouched_by;  // the root among those that the worker was given
  bool is_attested = false;          // by a chip, which nobody checks here
  std::optional<SignatureProduct> product;

  std::int64_t pictures = 0;            // in the file: the sum of the next five
  std::int64_t pictures_valid = 0;      // as signed
  std::int64_t pictures_altered = 0;    // not as signed
  std::int64_t pictures_uncovered = 0;  // without a signature, between those that have one, or for too long
  std::int64_t pictures_at_start = 0;   // before the first that a signature in the file covers
  std::int64_t pictures_at_end = 0;     // behind the last: the camera signs when the next run begins
  std::int64_t units_missing = 0;       // signed, and not in the file
  std::int64_t groups_missing = 0;      // runs of pictures whose signature is not in the file, nor they themselves
  std::int64_t groups_valid = 0;
  std::int64_t groups_altered = 0;
  std::int64_t order_breaks = 0;
  std::int64_t restarts = 0;
  std::int64_t units_hidden = 0;  // kinds that are never signed, or bytes in no unit
  std::int64_t signatures = 0;
  std::int64_t signatures_wrong = 0;  // that the key did not make
  bool is_key_changed = false;        // another key turned up on the way
  bool has_other_video = false;       // further video in the file, which nothing was asked of
  bool has_sound = false;             // covered by kLapelCamera alone
  bool is_cut_off = false;            // kLapelCamera: the camera's own end is missing
  std::string breach;                 // kLapelCamera: what does not hold, in words

  std::optional<Timestamp> from, to;                    // by the camera's clock, as signed
  std::int64_t covered_from_ms = 0, covered_to_ms = 0;  // in the footage
  std::int64_t duration_ms = 0;
  std::vector<SignatureGap> gaps;  // in the order of the footage
  std::int64_t gaps_left_out = 0;

  friend bool operator==(const MediaSignature&, const MediaSignature&) = default;
};

SignatureVerdict verdict_of(const MediaSignature& signature);
std::string_view verdict_name(SignatureVerdict verdict);
std::string_view scheme_name(SignatureScheme scheme);
std::string_view gap_name(SignatureGapKind kind);
// What a person has to know of it, in a few sentences: what was checked, what came of it, what it does not cover. Says nothing of
// whether the key is known.
std::string sentence_of(const MediaSignature& signature);

Json to_json_value(const MediaSignature& signature);
Result<MediaSignature> parse_signature_value(const Json& value);
std::string to_text(const MediaSignature& signature);
Result<MediaSignature> parse_signature(std::string_view text);

}  // namespace lapel::protocol
