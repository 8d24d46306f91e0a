// SPDX-License-Identifier: Apache-2.0
#pragma once
// Footage that a camera signs fragment by fragment while it records (docs/formats/camera_signature.md): both sides.
//
// Owns: the signature box; the chain of hashes; what follows from a file, in words.
// Promises: no I/O, no media library, memory for one box. A file verifies as whole only where every byte of it is
//   signed and the camera said that this is the end. What the signer returns has been verified.
// Fails with: a breach, told with its place in the file.
// Threads: one signer or verifier by one thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"

namespace lapel::proof {

inline constexpr std::string_view kCaptureDomain = "lapel-camera/1\n";
inline constexpr std::size_t kCapturePayloadBytesMax = 4'096;
inline constexpr std::size_t kCaptureTextBytesMax = 200;  // serial, reason of an end, place

// What a camera knows of its clock, and of its sound: the words of the format.
inline constexpr std::string_view kClockNtp = "ntp", kClockGnss = "gnss", kClockNone = "none",
                                  kClockSimulated = "simulated";
inline constexpr std::string_view kSoundOn = "on", kSoundMuted = "muted", kSoundOff = "off", kSoundLost = "lost";
bool is_camera_clock(std::string_view word);

// What a signature box begins with: its length, "uuid", and the user type of ours.
inline constexpr std::size_t kCaptureHeaderBytes = 24;
bool is_capture_header(ByteView header);

struct CaptureHead {
  std::string serial;
  crypto::PublicKey key{};
  ByteArray<16> recording{};
  std::string video;  // "h264", "h265"
  std::string audio;  // "aac", "none"
  std::uint64_t pre_event_ms = 0;
};

// What is said of one fragment beside its bytes.
struct CaptureFacts {
  Timestamp at;
  std::string clock{kClockNone};
  std::uint64_t media_ms = 0;  // where it ends on the time line of the file
  std::string sound{kSoundOff};
  std::string fix;  // "LATITUDE,LONGITUDE", or empty
  std::string end;  // why the recording ended; empty where it goes on
};

class CaptureSigner {
 public:
  // The head's key becomes that of `key`.
  CaptureSigner(const crypto::SigningKey& key, CaptureHead head);

  // The box that follows `covered`, all bytes since the box before.
  Bytes sign(ByteView covered, const CaptureFacts& facts);
  std::uint64_t count() const { return count_; }
  const Digest& last() const { return last_; }  // of the payload of the last box

 private:
  crypto::SigningKey key_;
  CaptureHead head_;
  std::uint64_t count_ = 0;
  Digest last_{};
};

struct CaptureVerdict {
  enum class Standing {
    kWhole,     // all of it is signed, and the camera said that it ends here
    kCut,       // all of it is signed, and the end is missing
    kInPart,    // bytes after the last signature are not signed
    kUnsigned,  // there is no signature box
    kBreach,
  };
  Standing standing = Standing::kUnsigned;
  std::string breach;  // a sentence without its stop
  std::uint64_t breach_at = 0;

  // Of what was verified before a breach.
  std::optional<CaptureHead> head;
  std::uint64_t boxes = 0;
  std::uint64_t signed_bytes = 0;  // from the beginning of the file, with the last signature box
  std::uint64_t bytes = 0;
  Timestamp first_at, last_at;
  std::uint64_t media_ms = 0;
  bool went_back = false;                                    // the camera's clock
  std::map<std::string, std::uint64_t, std::less<>> clocks;  // fragments by clock
  std::map<std::string, std::uint64_t, std::less<>> sounds;  // milliseconds by sound
  std::string end;
  Digest last{};
};

// Several sentences without their stops: what was verified, or where it does not hold.
std::vector<std::string> capture_words(const CaptureVerdict& verdict);
std::string_view capture_standing_name(CaptureVerdict::Standing standing);

class CaptureVerifier {
 public:
  // Without a key, by the one that the file names: then whose it is, is for the caller to know.
  explicit CaptureVerifier(std::optional<crypto::PublicKey> trusted) : trusted_(trusted) {}

  void feed(ByteView bytes);
  // No bytes follow. Once.
  CaptureVerdict finish();

 private:
  void take_header();
  void take_signature();
  bool refuse(std::string breach);
  bool check(const Json& json, ByteView payload);

  std::optional<crypto::PublicKey> trusted_;
  CaptureVerdict verdict_;
  crypto::Sha256 covered_;
  std::uint64_t covered_bytes_ = 0;
  Bytes held_;                // of a header or a payload that is not complete
  std::size_t wanted_ = 8;    // bytes of it
  std::uint64_t skip_ = 0;    // bytes of a box that are only hashed
  bool is_payload_ = false;   // what is held is one
  bool is_rest_ = false;      // no more boxes can be told apart
  std::uint64_t box_at_ = 0;  // where the present box begins
  bool is_refused_ = false;
};

}  // namespace lapel::proof
