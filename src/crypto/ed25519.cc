// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.h"

#include <memory>

#include <openssl/evp.h>

#include "base/check.h"

namespace lapel::crypto {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* ctx) const { EVP_MD_CTX_free(ctx); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

}  // namespace

SigningKey SigningKey::from_seed(const ByteArray<32>& seed) {
  SigningKey out;
  out.seed_ = seed;
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  CHECK(key != nullptr);
  std::size_t length = out.public_key_.size();
  CHECK(EVP_PKEY_get_raw_public_key(key.get(), out.public_key_.data(), &length) == 1 && length == 32);
  return out;
}

Signature SigningKey::sign(ByteView message) const {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
  const Context ctx(EVP_MD_CTX_new());
  CHECK(key && ctx && EVP_DigestSignInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  Signature out;
  std::size_t length = out.size();
  CHECK(EVP_DigestSign(ctx.get(), out.data(), &length, message.data(), message.size()) == 1 && length == out.size());
  // A fault while signing would publish something nobody can rely on, or leak the key: check before it leaves.
  CHECK(verify(public_key_, message, out));
  return out;
}

bool verify(const PublicKey& public_key, ByteView message, const Signature& signature) {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  const Context ctx(EVP_MD_CTX_new());
  if (!key || !ctx || EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace lapel::crypto
