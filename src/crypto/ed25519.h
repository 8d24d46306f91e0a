// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ed25519 (RFC 8032), by OpenSSL: S < L is required and the equation is cofactorless, as ledger.md asks.
//
// Owns: nothing.
// Promises: what sign() returns has been verified with the public key before it is returned.
// Fails with: false.
// Threads: values and pure functions.

#include "base/bytes.h"

namespace lapel::crypto {

using PublicKey = ByteArray<32>;
using Signature = ByteArray<64>;

class SigningKey {
 public:
  static SigningKey from_seed(const ByteArray<32>& seed);

  const PublicKey& public_key() const { return public_key_; }
  Signature sign(ByteView message) const;

 private:
  SigningKey() = default;
  ByteArray<32> seed_{};
  PublicKey public_key_{};
};

// A point that some secret has: canonical, on the curve, in the prime-order group and not its identity.
bool is_public_key(const PublicKey& key);

bool verify(const PublicKey& key, ByteView message, const Signature& signature);

}  // namespace lapel::crypto
