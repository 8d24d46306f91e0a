// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public keys of strangers, and the signatures that they make: RSA, ECDSA on P-256 and Ed25519, by OpenSSL.
//
// Owns: the key.
// Promises: a signature counts under the scheme that the caller names and only with a key of that scheme's kind: what is
//   signed cannot choose. RSA moduli have kRsaBitsMin to kRsaBitsMax bits. An ECDSA signature is the two numbers of 32 bytes
//   each (RFC 7518 3.4), never DER.
// Fails with: std::nullopt for numbers that are no such key.
// Threads: pure functions; one VerifyingKey by one thread at a time.

#include <memory>
#include <optional>

#include "base/bytes.h"

namespace lapel::crypto {

inline constexpr int kRsaBitsMin = 2'048;
inline constexpr int kRsaBitsMax = 8'192;
inline constexpr std::size_t kRsaExponentBytesMax = 8;

enum class Signing { kRsaPkcs1Sha256, kRsaPssSha256, kEcdsaP256Sha256, kEd25519 };

class VerifyingKey {
 public:
  // Numbers big-endian, without zeros in front.
  static std::optional<VerifyingKey> rsa(ByteView modulus, ByteView exponent);
  static std::optional<VerifyingKey> p256(ByteView x, ByteView y);
  static std::optional<VerifyingKey> ed25519(ByteView x);
  VerifyingKey(VerifyingKey&&) noexcept;
  VerifyingKey& operator=(VerifyingKey&&) noexcept;
  ~VerifyingKey();

  bool fits(Signing scheme) const;
  bool verifies(Signing scheme, ByteView message, ByteView signature) const;

 private:
  struct Impl;
  explicit VerifyingKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// SHA-512, where a scheme hashes with it (at_hash beside Ed25519).
ByteArray<64> sha512(ByteView bytes);

}  // namespace lapel::crypto
