// SPDX-License-Identifier: Apache-2.0
#pragma once
// AES-256-GCM, by OpenSSL.
//
// Owns: nothing.
// Promises: seal() output is nonce (12) ‖ ciphertext ‖ tag (16); the nonce is random, so at most 2^32 seals a key.
// Fails with: std::nullopt from open() when the key, the associated data or any byte differs.
// Threads: pure functions.

#include <optional>

#include "base/bytes.h"

namespace lapel::crypto {

using AeadKey = ByteArray<32>;
inline constexpr std::size_t kAeadOverheadBytes = 28;

Bytes aead_seal(const AeadKey& key, ByteView associated, ByteView plain);
std::optional<Bytes> aead_open(const AeadKey& key, ByteView associated, ByteView sealed);

}  // namespace lapel::crypto
