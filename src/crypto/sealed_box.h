// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sealing to a public key: whoever seals cannot open again, only whoever has the secret can. X25519, HKDF-SHA256 and
// AES-256-GCM, by OpenSSL.
//
// Owns: the layout of a sealed text, "ephemeral public key (32) ‖ aead.h's (nonce ‖ ciphertext ‖ tag)".
// Promises: the key of each text is its own: HKDF-SHA256 without salt of the X25519 secret, with `use` ‖ ephemeral ‖ recipient
//   as info. A text opens only with its recipient's secret, for its use and its associated data.
// Fails with: std::nullopt where a public key is no point that keeps a secret, or a text does not open.
// Threads: pure functions.

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "crypto/aead.h"

namespace lapel::crypto {

using X25519Secret = ByteArray<32>;
using X25519Public = ByteArray<32>;
inline constexpr std::size_t kSealedBoxOverheadBytes = 32 + kAeadOverheadBytes;

X25519Public x25519_public(const X25519Secret& secret);

// `use` says what the text is for, and ends with a line's end.
std::optional<Bytes> seal_to(const X25519Public& recipient, std::string_view use, ByteView associated, ByteView plain);
std::optional<Bytes> open_sealed(const X25519Secret& secret, std::string_view use, ByteView associated,
                                 ByteView sealed);

}  // namespace lapel::crypto
