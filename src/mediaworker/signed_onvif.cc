// SPDX-License-Identifier: Apache-2.0
// ONVIF Media Signing: a byte of flags, then fields of a tag, a length of two bytes, and a value that begins with its own version.
#include <fmt/format.h>

#include "mediaworker/signing_message.h"

namespace lapel::mediaworker {
namespace {

using protocol::UncheckedReason;

enum Tag : std::uint8_t {
  kGeneral = 1,
  kUnitHashes = 2,
  kSignature = 3,
  kHashKind = 4,
  kVendor = 5,
  kCertificates = 6,
  kArbitrary = 7,
};

constexpr std::uint8_t kKeyOnly = 0x80;     // a "certificate" message: brings the key once
constexpr std::uint8_t kAsItStands = 0x40;  // signed with the bytes that keep start codes apart

// Times count tenths of a microsecond from 1601.
Timestamp time_of(std::uint64_t tenths) {
  constexpr std::int64_t kFrom1601Us = 11'644'473'600'000'000;
  return Timestamp{static_cast<std::int64_t>(tenths / 10) - kFrom1601Us};
}

bool read_general(FieldReader& value, std::uint64_t version, SigningMessage& out) {
  if (version < 1 || version > 2) return false;
  SignedGroup group;
  const auto year = value.number(1), month = value.number(1), patch = value.number(1);
  out.version = fmt::format("r{}.{}.{}", year, month, patch);
  group.is_part = value.number(1) != 0;
  group.from = group.to = time_of(value.number(8));
  if (version >= 2) group.to = time_of(value.number(8));
  group.number = static_cast<std::uint32_t>(value.number(4));
  group.units = static_cast<std::uint16_t>(value.number(2));
  const std::size_t bytes = value.left() / 2;
  const ByteView hash = value.take(bytes), before = value.take(bytes);
  if (bytes == 0 || bytes > crypto::kHashBytesMax) return false;
  group.hash.assign(hash.begin(), hash.end());
  group.before.assign(before.begin(), before.end());
  out.group = std::move(group);
  return true;
}

std::size_t length_bytes(std::uint8_t) {
  return 2;
}

bool read_field(std::uint8_t tag, ByteView bytes, SigningMessage& out) {
  FieldReader value(bytes);
  const std::uint64_t version = value.number(1);
  bool is_known = version == 1;
  switch (tag) {
    case kGeneral:
      is_known = read_general(value, version, out);
      break;
    case kUnitHashes: {
      const ByteView hashes = value.rest();
      out.unit_hashes.assign(hashes.begin(), hashes.end());
      break;
    }
    case kSignature: {
      const ByteView signature = value.take(value.number(2));
      out.signature = Bytes(signature.begin(), signature.end());
      value.rest();  // filled up to the longest signature of its kind
      break;
    }
    case kHashKind:
      out.hash = hash_of_oid(value.take(value.number(1)));
      value.take(value.number(1));  // of the signature, which the key itself says
      value.number(2);              // bits of an RSA key, likewise
      is_known = is_known && out.hash.has_value();
      break;
    case kVendor: {
      protocol::SignatureProduct product;
      product.firmware = value.text();
      product.serial = value.text();
      product.maker = value.text();
      out.product = std::move(product);
      break;
    }
    case kCertificates:
      value.number(1);  // whether its user gave it the key
      out.chain_pem = as_text(value.rest());
      break;
    case kArbitrary:
      value.rest();
      break;
    default:
      return false;
  }
  return is_known && !value.is_short() && value.left() == 0;
}

}  // namespace

SigningMessage read_onvif_message(const UserData& data) {
  constexpr MessageForm kForm = {
      protocol::SignatureScheme::kOnvifMediaSigning, kKeyOnly, kAsItStands, kSignature, length_bytes, read_field};
  return read_form(data, kForm).message;
}

}  // namespace lapel::mediaworker
