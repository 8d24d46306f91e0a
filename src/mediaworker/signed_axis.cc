// SPDX-License-Identifier: Apache-2.0
// Axis Signed Video: a byte of flags, then fields of a tag, a length of one or two bytes, and a value that begins with its own
// version.
#include <fmt/format.h>

#include "mediaworker/signing_message.h"

namespace lapel::mediaworker {
namespace {

using protocol::UncheckedReason;

enum Tag : std::uint8_t {
  kGeneral = 1,
  kPublicKey = 2,
  kProduct = 3,
  kUnitHashes = 4,
  kSignature = 5,
  kArbitrary = 6,
  kHashKind = 7,
  kAxis = 129,
};

// Flags.
constexpr std::uint8_t kAsItStands = 0x80;  // signed with the bytes that keep start codes apart
constexpr std::uint8_t kKeyOnly = 0x40;     // a "golden" message: brings the key once
constexpr std::uint8_t kSinceV2 = 0x30;     // groups are linked by hashes: since version 2

constexpr std::size_t length_bytes(std::uint8_t tag) {
  return tag == kGeneral || tag == kHashKind ? 1 : 2;
}

bool read_general(FieldReader& value, std::uint64_t version, SigningMessage& out) {
  if (version < 1 || version > 4) return false;
  SignedGroup group;
  group.number = static_cast<std::uint32_t>(value.number(4));
  group.units = static_cast<std::uint16_t>(value.number(2));
  const auto major = value.number(1), minor = value.number(1), patch = value.number(1);
  out.version = fmt::format("v{}.{}.{}", major, minor, patch);
  if (version < 3) {  // without hashes: the form before version 2
    out.unreadable = UncheckedReason::kOldForm;
    value.rest();
    return true;
  }
  const std::uint64_t flags = value.number(1);
  group.is_part = (flags & 2) != 0;
  if ((flags & 1) != 0) {
    group.from = group.to = Timestamp{static_cast<std::int64_t>(value.number(8))};
    if (version >= 4) group.to = Timestamp{static_cast<std::int64_t>(value.number(8))};
  }
  const std::size_t bytes = value.left() / 2;
  const ByteView before = value.take(bytes), hash = value.take(bytes);
  if (bytes == 0 || bytes > crypto::kHashBytesMax) return false;
  group.before.assign(before.begin(), before.end());
  group.hash.assign(hash.begin(), hash.end());
  out.group = std::move(group);
  return true;
}

bool read_product(FieldReader& value, SigningMessage& out) {
  protocol::SignatureProduct product;
  product.hardware = value.text();
  product.firmware = value.text();
  product.serial = value.text();
  product.maker = value.text();
  value.text();  // an address
  out.product = std::move(product);
  return true;
}

// False where it is of a form that is not known.
bool read_field(std::uint8_t tag, ByteView bytes, SigningMessage& out) {
  FieldReader value(bytes);
  const std::uint64_t version = value.number(1);
  bool is_known = false;
  switch (tag) {
    case kGeneral:
      is_known = read_general(value, version, out);
      break;
    case kPublicKey:
      is_known = version == 1 || version == 2;
      if (version == 1) value.number(1);  // of what kind, which the key itself says
      out.key_pem = as_text(value.rest());
      break;
    case kProduct:
      is_known = (version == 1 || version == 2) && read_product(value, out);
      break;
    case kUnitHashes: {
      is_known = version == 1;
      const ByteView hashes = value.rest();
      out.unit_hashes.assign(hashes.begin(), hashes.end());
      break;
    }
    case kSignature: {
      is_known = version == 1 || version == 2;
      value.number(version == 1 ? 2 : 1);  // how the signer fared, and once of what kind the hash is
      const ByteView signature = value.take(value.number(2));
      out.signature = Bytes(signature.begin(), signature.end());
      value.rest();  // filled up to the longest signature of its kind
      break;
    }
    case kArbitrary:
      is_known = version == 1;
      value.rest();
      break;
    case kHashKind:
      out.hash = hash_of_oid(value.take(value.number(1)));
      is_known = version == 1 && out.hash.has_value();
      break;
    case kAxis: {
      is_known = version == 1;
      const ByteView attestation = value.take(value.number(1));
      out.is_attested = !attestation.empty();
      out.chain_pem = as_text(value.rest());
      break;
    }
    default:
      return false;
  }
  return is_known && !value.is_short() && value.left() == 0;
}

}  // namespace

SigningMessage read_axis_message(const UserData& data) {
  constexpr MessageForm kForm = {
      protocol::SignatureScheme::kAxisSignedVideo, kKeyOnly, kAsItStands, kSignature, length_bytes, read_field};
  auto [message, flags] = read_form(data, kForm);
  // Of the older form nothing is understood, whatever its fields seem to be.
  if ((flags & kKeyOnly) == 0 && (flags & kSinceV2) != kSinceV2) message.unreadable = UncheckedReason::kOldForm;
  return std::move(message);
}

}  // namespace lapel::mediaworker
