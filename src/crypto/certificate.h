// SPDX-License-Identifier: Apache-2.0
#pragma once
// Certificates and public keys as files bring them: PEM, looked at before they are handed on.
//
// Owns: nothing.
// Promises: what is read is certificates, or one key, and nothing beside them: no private key is ever handed on in a file with them.
// Fails with: std::nullopt for a text that is none.
// Threads: pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace lapel::crypto {

struct Certificate {
  std::string pem;
  Digest sha256{};  // of its DER: its fingerprint
  Timestamp until;  // the last moment at which it counts
};
// One, or a chain of them; never none.
std::optional<std::vector<Certificate>> read_certificates(std::string_view pem);

struct RsaPublicKey {
  Digest sha256{};  // of its DER (SubjectPublicKeyInfo)
  int bits = 0;
};
std::optional<RsaPublicKey> read_rsa_public_key(std::string_view pem);

}  // namespace lapel::crypto
