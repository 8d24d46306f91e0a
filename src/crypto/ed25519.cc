// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include <openssl/evp.h>
#include <sodium.h>

#include "base/check.h"
#include "crypto/openssl.h"

namespace lapel::crypto {
namespace {

// OpenSSL verifies under any encoding of any point. Under one of small order a signature can be made by anybody, for every
// message at once; an encoding that is not the shortest of its point is a second key for the same secret.
bool is_honest_encoding(const PublicKey& key) {
  // y of the points of order 1, 2, 4 and 8; the sign of x is the last bit.
  static constexpr std::uint8_t kOrderEight[2][32] = {
      {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
       0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
      {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
       0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}};
  PublicKey y = key;
  y[31] &= 0x7f;
  const bool is_high =
      y[31] == 0x7f && std::all_of(y.begin() + 1, y.begin() + 31, [](auto byte) { return byte == 0xff; });
  if (is_high && y[0] >= 0xec) return false;  // p - 1, of order two, and all from p up
  if (y[0] <= 1 && std::all_of(y.begin() + 1, y.end(), [](auto byte) { return byte == 0; })) return false;
  return std::none_of(std::begin(kOrderEight), std::end(kOrderEight),
                      [&](const auto& point) { return std::equal(y.begin(), y.end(), std::begin(point)); });
}

}  // namespace

bool is_public_key(const PublicKey& key) {
  return is_honest_encoding(key) && crypto_core_ed25519_is_valid_point(key.data()) == 1;
}

SigningKey SigningKey::from_seed(const ByteArray<32>& seed) {
  SigningKey out;
  out.seed_ = seed;
  const openssl::Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  CHECK(key != nullptr);
  std::size_t length = out.public_key_.size();
  CHECK(EVP_PKEY_get_raw_public_key(key.get(), out.public_key_.data(), &length) == 1 && length == 32);
  return out;
}

Signature SigningKey::sign(ByteView message) const {
  const openssl::Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
  const openssl::DigestContext ctx(EVP_MD_CTX_new());
  CHECK(key && ctx && EVP_DigestSignInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  Signature out;
  std::size_t length = out.size();
  CHECK(EVP_DigestSign(ctx.get(), out.data(), &length, message.data(), message.size()) == 1 && length == out.size());
  // A fault while signing would publish something nobody can rely on, or leak the key: check before it leaves.
  CHECK(verify(public_key_, message, out));
  return out;
}

bool verify(const PublicKey& public_key, ByteView message, const Signature& signature) {
  if (!is_honest_encoding(public_key)) return false;
  const openssl::Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  const openssl::DigestContext ctx(EVP_MD_CTX_new());
  if (!key || !ctx || EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace lapel::crypto
