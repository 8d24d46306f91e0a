// SPDX-License-Identifier: Apache-2.0
#include "cameras/minter.h"

#include "base/check.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

namespace lapel::cameras {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kMintedBytes = kIdBytes + 8 + kSaltBytes + 32;

}  // namespace

Minter::Minter(const Clock& clock) : clock_(clock), secret_(crypto::random_bytes<32>()) {}

// Whose it is, its end and the salt, in hex, and a MAC of them and of what it is for.
std::string Minter::sign(std::string_view use, const Minted& minted, ByteView salt) const {
  CHECK(salt.size() == kSaltBytes);
  Bytes bytes(minted.whose.bytes().begin(), minted.whose.bytes().end());
  const auto end = big_endian_u64(static_cast<std::uint64_t>(minted.expires_at.us));
  bytes.insert(bytes.end(), end.begin(), end.end());
  bytes.insert(bytes.end(), salt.begin(), salt.end());
  Bytes message(use.begin(), use.end());
  message.insert(message.end(), bytes.begin(), bytes.end());
  const Digest mac = crypto::hmac_sha256(secret_, message);
  bytes.insert(bytes.end(), mac.begin(), mac.end());
  return hex(bytes);
}

std::string Minter::mint(std::string_view use, const SubjectId& whose, Timestamp expires_at) const {
  return sign(use, {whose, expires_at}, crypto::random_bytes<kSaltBytes>());
}

std::optional<Minter::Minted> Minter::read(std::string_view use, std::string_view text) const {
  if (text.size() != 2 * kMintedBytes) return std::nullopt;
  const auto bytes = parse_hex(text);
  if (!bytes) return std::nullopt;
  const ByteView view = *bytes;
  std::uint64_t us = 0;
  for (const std::uint8_t byte : view.subspan(kIdBytes, 8)) us = us << 8 | byte;
  const Minted minted{SubjectId(*to_array<kIdBytes>(view.first(kIdBytes))), Timestamp{static_cast<std::int64_t>(us)}};
  const std::string ours = sign(use, minted, view.subspan(24, kSaltBytes));
  if (!crypto::equal_constant_time(as_bytes(ours), as_bytes(text))) return std::nullopt;
  if (minted.expires_at <= clock_.now()) return std::nullopt;
  return minted;
}

std::optional<SubjectId> Minter::claimed(std::string_view text) {
  return text.size() == 2 * kMintedBytes ? SubjectId::parse(text.substr(0, 2 * kIdBytes)) : std::nullopt;
}

}  // namespace lapel::cameras
