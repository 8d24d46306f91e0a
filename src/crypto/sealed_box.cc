// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_box.h"

#include <memory>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/check.h"
#include "crypto/openssl.h"
#include "crypto/random.h"

namespace lapel::crypto {
namespace {

openssl::Key secret_key(const X25519Secret& secret) {
  openssl::Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), secret.size()));
  CHECK(key != nullptr);
  return key;
}

// OpenSSL refuses the points of small order, with which every secret gives the same.
std::optional<ByteArray<32>> agreed(const X25519Secret& secret, const X25519Public& other) {
  const openssl::Key mine = secret_key(secret);
  const openssl::Key theirs(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, other.data(), other.size()));
  const openssl::KeyContext ctx(EVP_PKEY_CTX_new(mine.get(), nullptr));
  CHECK(ctx && EVP_PKEY_derive_init(ctx.get()) == 1);
  ByteArray<32> out;
  std::size_t length = out.size();
  if (!theirs || EVP_PKEY_derive_set_peer(ctx.get(), theirs.get()) != 1 ||
      EVP_PKEY_derive(ctx.get(), out.data(), &length) != 1 || length != out.size()) {
    return std::nullopt;
  }
  return out;
}

AeadKey text_key(ByteArray<32> agreed_secret, std::string_view use, const X25519Public& ephemeral,
                 const X25519Public& recipient) {
  Bytes info(use.begin(), use.end());
  info.insert(info.end(), ephemeral.begin(), ephemeral.end());
  info.insert(info.end(), recipient.begin(), recipient.end());
  const openssl::Derivation kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  CHECK(kdf != nullptr);
  const openssl::DerivationContext ctx(EVP_KDF_CTX_new(kdf.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, agreed_secret.data(), agreed_secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
  AeadKey out;
  CHECK(ctx && EVP_KDF_derive(ctx.get(), out.data(), out.size(), parameters) == 1);
  OPENSSL_cleanse(agreed_secret.data(), agreed_secret.size());
  return out;
}

}  // namespace

X25519Public x25519_public(const X25519Secret& secret) {
  X25519Public out;
  std::size_t length = out.size();
  CHECK(EVP_PKEY_get_raw_public_key(secret_key(secret).get(), out.data(), &length) == 1 && length == out.size());
  return out;
}

std::optional<Bytes> seal_to(const X25519Public& recipient, std::string_view use, ByteView associated, ByteView plain) {
  X25519Secret secret = random_bytes<32>();
  const X25519Public ephemeral = x25519_public(secret);
  const auto common = agreed(secret, recipient);
  OPENSSL_cleanse(secret.data(), secret.size());
  if (!common) return std::nullopt;
  const AeadKey key = text_key(*common, use, ephemeral, recipient);
  Bytes out(ephemeral.begin(), ephemeral.end());
  const Bytes sealed = aead_seal(key, associated, plain);
  out.insert(out.end(), sealed.begin(), sealed.end());
  return out;
}

std::optional<Bytes> open_sealed(const X25519Secret& secret, std::string_view use, ByteView associated,
                                 ByteView sealed) {
  if (sealed.size() < kSealedBoxOverheadBytes) return std::nullopt;
  const X25519Public ephemeral = *to_array<32>(sealed.first(32));
  const auto common = agreed(secret, ephemeral);
  if (!common) return std::nullopt;
  return aead_open(text_key(*common, use, ephemeral, x25519_public(secret)), associated, sealed.subspan(32));
}

}  // namespace lapel::crypto
