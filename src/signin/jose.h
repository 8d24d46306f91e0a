// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signed tokens of an identity provider (RFC 7515, 7517, 7519): as much of JOSE as an ID token needs, and no more.
//
// Owns: nothing.
// Promises: a token is three parts of strict base64url, its header and claims JSON objects without a member twice. The
//   signature is RS256, PS256, ES256 or EdDSA by a key of that kind out of the provider's own set: a header that brings or
//   names a key of its own, or asks for an extension, is refused, as are "none", HMAC and encrypted tokens. A key that is
//   for another use or algorithm, or private, or symmetric, is none.
// Fails with: problems::kProviderAnswer, saying what is wrong.
// Threads: values and pure functions.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "crypto/verifying_key.h"

namespace lapel::signin {

inline constexpr std::size_t kJwtBytesMax = 32 * 1024;  // some hundred groups
inline constexpr std::size_t kJwtPartsDepthMax = 8;
inline constexpr std::size_t kKeySetBytesMax = 64 * 1024;
inline constexpr std::size_t kKeysMax = 64;  // of one provider
inline constexpr std::size_t kKeyIdBytesMax = 512;

// What this provider's answer is refused for; the sentence is for whoever signs in, and for whoever set the provider up.
tl::unexpected<Error> refused_provider(std::string why);

struct Jws {
  crypto::Signing algorithm = crypto::Signing::kRsaPkcs1Sha256;
  std::optional<std::string> key_id;
  Json claims;
  Bytes signature;
  std::string signed_part;  // header and claims as they were sent
};
Result<Jws> parse_jws(std::string_view compact);

class KeySet {
 public:
  static Result<KeySet> parse(std::string_view json);
  std::size_t size() const { return keys_.size(); }
  // The one key that a token names, or the only one of its kind where it names none. nullptr: no such key here.
  // kProviderAnswer where several could be meant.
  Result<const crypto::VerifyingKey*> find(const Jws& token) const;

 private:
  struct Key {
    std::optional<std::string> id;
    std::optional<crypto::Signing> only;
    crypto::VerifyingKey key;
  };
  std::vector<Key> keys_;
};

Result<void> check_signature(const Jws& token, const crypto::VerifyingKey& key);

}  // namespace lapel::signin
