// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a camera puts into its footage to sign it: one message of Axis Signed Video or of ONVIF Media Signing, taken apart
// (docs/formats/signed_video.md).
//
// Owns: the members of both kinds of message, as they are called here.
// Promises: any bytes give a message, which says why where it cannot be read. Texts are printable ASCII and bounded. Nothing is
//   believed yet: signature and key stand in it as they came.
// Fails with: nothing.
// Threads: pure functions.

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "crypto/camera_key.h"
#include "mediaworker/sei.h"
#include "protocol/signature.h"

namespace lapel::mediaworker {

inline constexpr Uuid kAxisSignedVideo = {0x53, 0x69, 0x67, 0x6e, 0x65, 0x64, 0x20, 0x56,
                                          0x69, 0x64, 0x65, 0x6f, 0x2e, 0x2e, 0x2e, 0x30};
inline constexpr Uuid kOnvifMediaSigning = {0x00, 0x5b, 0xc9, 0x3f, 0x2d, 0x71, 0x5e, 0x95,
                                            0xad, 0xa4, 0x79, 0x6f, 0x90, 0x87, 0x7a, 0x6f};
inline constexpr Uuid kSigningNames[] = {kAxisSignedVideo, kOnvifMediaSigning};

// Of one run of units, from a picture that needs no other up to the next or to as many as are signed at once.
struct SignedGroup {
  std::uint32_t number = 0;       // one more than the group's before it
  std::uint16_t units = 0;        // in it
  bool is_part = false;           // it ends with its number of units, and not with the next picture that needs no other
  std::optional<Timestamp> from;  // by the camera's clock
  std::optional<Timestamp> to;
  Bytes before;  // hash of the first unit of the group before; zeros for the first of all
  Bytes hash;    // of the hashes of its units
};

struct SigningMessage {
  protocol::SignatureScheme scheme = protocol::SignatureScheme::kNone;
  // Set where it cannot be checked.
  std::optional<protocol::UncheckedReason> unreadable;
  std::string version;                   // of the program that signed
  std::optional<crypto::HashKind> hash;  // said only now and then
  std::optional<SignedGroup> group;      // a message that brings nothing but the key has none
  Bytes unit_hashes;                     // of each unit of the group, one behind the other; may be left out
  std::optional<Bytes> signature;        // without one, a later message signs for this one
  Bytes document;                        // what is signed; of a message without a signature all of it
  std::string key_pem;                   // empty: said before, or never
  std::string chain_pem;                 // of certificates, whoever signs first
  bool is_attested = false;              // the key is vouched for by a chip, which is not checked here
  std::optional<protocol::SignatureProduct> product;
};

// A message of user data by one of kSigningNames.
SigningMessage read_axis_message(const UserData& data);
SigningMessage read_onvif_message(const UserData& data);
inline SigningMessage read_signing_message(const UserData& data) {
  return data.uuid == kAxisSignedVideo ? read_axis_message(data) : read_onvif_message(data);
}

// ---- for both readers ----

// Numbers big-endian, one behind the other; whatever is asked for beyond the end is zero, and is_short() says so.
class FieldReader {
 public:
  explicit FieldReader(ByteView bytes) : left_(bytes) {}

  std::uint64_t number(std::size_t bytes) {
    std::uint64_t out = 0;
    for (const std::uint8_t byte : take(bytes)) out = out << 8 | byte;
    return out;
  }
  ByteView take(std::size_t bytes) {
    if (bytes > left_.size()) {
      is_short_ = true;
      left_ = {};
      return {};
    }
    const ByteView out = left_.first(bytes);
    left_ = left_.subspan(bytes);
    return out;
  }
  // A length of one byte, and as much text.
  std::string text();
  ByteView rest() { return take(left_.size()); }
  std::size_t left() const { return left_.size(); }
  bool is_short() const { return is_short_; }

 private:
  ByteView left_;
  bool is_short_ = false;
};

// By the DER of an object identifier of a hash.
std::optional<crypto::HashKind> hash_of_oid(ByteView der);

// How a scheme writes its fields: what their flags mean, and how one is read.
struct MessageForm {
  protocol::SignatureScheme scheme;
  std::uint8_t key_only;      // flag: brings the key once, and is of no group
  std::uint8_t as_it_stands;  // flag: signed with the bytes that keep start codes apart
  std::uint8_t signature;     // tag of the field behind which nothing is signed, nor read
  std::size_t (*length_bytes)(std::uint8_t tag);
  bool (*read_field)(std::uint8_t tag, ByteView bytes, SigningMessage& out);
};
struct FormRead {
  SigningMessage message;
  std::uint8_t flags;
};
FormRead read_form(const UserData& data, const MessageForm& form);

}  // namespace lapel::mediaworker
