// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.h"

#include <memory>

#include <openssl/evp.h>

#include "base/check.h"
#include "crypto/openssl.h"
#include "crypto/random.h"

namespace lapel::crypto {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

}  // namespace

Bytes aead_seal(const AeadKey& key, ByteView associated, ByteView plain) {
  Bytes out(kNonceBytes + plain.size() + kTagBytes);
  fill_random(std::span(out).first(kNonceBytes));
  const openssl::CipherContext ctx(EVP_CIPHER_CTX_new());
  int length = 0;
  CHECK(ctx && EVP_EncryptInit_ex(ctx.get(), EVP_aes_256_gcm(), nullptr, key.data(), out.data()) == 1);
  CHECK(EVP_EncryptUpdate(ctx.get(), nullptr, &length, associated.data(), static_cast<int>(associated.size())) == 1);
  CHECK(EVP_EncryptUpdate(ctx.get(), out.data() + kNonceBytes, &length, plain.data(), static_cast<int>(plain.size())) ==
        1);
  CHECK(EVP_EncryptFinal_ex(ctx.get(), out.data() + kNonceBytes + length, &length) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, out.data() + kNonceBytes + plain.size()) == 1);
  return out;
}

std::optional<Bytes> aead_open(const AeadKey& key, ByteView associated, ByteView sealed) {
  if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
  const ByteView body = sealed.subspan(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  Bytes tag(sealed.end() - kTagBytes, sealed.end());
  Bytes out(body.size());
  const openssl::CipherContext ctx(EVP_CIPHER_CTX_new());
  int length = 0;
  if (!ctx || EVP_DecryptInit_ex(ctx.get(), EVP_aes_256_gcm(), nullptr, key.data(), sealed.data()) != 1 ||
      EVP_DecryptUpdate(ctx.get(), nullptr, &length, associated.data(), static_cast<int>(associated.size())) != 1 ||
      EVP_DecryptUpdate(ctx.get(), out.data(), &length, body.data(), static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(ctx.get(), out.data() + length, &length) != 1) {
    return std::nullopt;
  }
  return out;
}

}  // namespace lapel::crypto
