// SPDX-License-Identifier: Apache-2.0
#include "protocol/dock.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/sha256.h"

namespace lapel::protocol {
namespace {

// RFC 4648's, in lower case: without 0, 1, 8 and 9, which are read as letters.
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kGroup = 5;
constexpr std::size_t kSecretBytes = 16;
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kCheckBytes = 2;
// 400 bits: 80 characters without a rest.
constexpr std::size_t kCodeBytes = kSecretBytes + kDigestBytes + kCheckBytes;
constexpr std::size_t kCharacters = kCodeBytes * 8 / 5;
static_assert(kCodeBytes * 8 % 5 == 0 && kCharacters % kGroup == 0);

// Enough to catch a wrong letter; it keeps no secret and guards against nobody.
ByteArray<kCheckBytes> check_bytes(ByteView body) {
  const Digest digest = crypto::sha256({as_bytes("lapel-dock-code/1\n"), body});
  return {digest[0], digest[1]};
}

}  // namespace

std::string EnrollmentCode::text() const {
  Bytes bytes(secret.begin(), secret.end());
  bytes.insert(bytes.end(), ledger_key.begin(), ledger_key.end());
  const auto check = check_bytes(bytes);
  bytes.insert(bytes.end(), check.begin(), check.end());
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t written = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8 | byte) & 0xFFFF;
    held += 8;
    for (; held >= 5; held -= 5) {
      if (written > 0 && written % kGroup == 0) out.push_back('-');
      out.push_back(kAlphabet[bits >> (held - 5) & 31]);
      ++written;
    }
  }
  CHECK(held == 0 && written == kCharacters);
  return out;
}

std::optional<EnrollmentCode> EnrollmentCode::parse(std::string_view text) {
  if (text.size() > kCodeTextBytesMax) return std::nullopt;
  Bytes bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    const std::size_t value = kAlphabet.find(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 5 | static_cast<std::uint32_t>(value)) & 0xFFFF;
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> held));
    }
  }
  if (bytes.size() != kCodeBytes || held != 0) return std::nullopt;
  const ByteView body = ByteView(bytes).first(kSecretBytes + kDigestBytes);
  const auto check = check_bytes(body);
  if (!std::equal(check.begin(), check.end(), bytes.end() - kCheckBytes)) return std::nullopt;
  return EnrollmentCode{*to_array<kSecretBytes>(body.first(kSecretBytes)),
                        *to_array<kDigestBytes>(body.subspan(kSecretBytes))};
}

Digest ledger_key_digest(std::string_view vkey) {
  return crypto::sha256(as_bytes(vkey));
}

std::string enroll_message(const EnrollmentCode& code) {
  return fmt::format("lapel-dock-enroll/1\n{}\n{}", hex(code.ledger_key), hex(crypto::sha256(code.secret)));
}

std::string token_message(std::string_view origin, std::string_view nonce) {
  return fmt::format("lapel-dock-token/1\n{}\n{}", origin, nonce);
}

Bytes spool_wrap_associated(const DockId& dock, const ByteArray<16>& file) {
  Bytes out(kSpoolWrapUse.begin(), kSpoolWrapUse.end());
  out.insert(out.end(), dock.bytes().begin(), dock.bytes().end());
  out.insert(out.end(), file.begin(), file.end());
  return out;
}

}  // namespace lapel::protocol
