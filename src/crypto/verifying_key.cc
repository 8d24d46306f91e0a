// SPDX-License-Identifier: Apache-2.0
#include "crypto/verifying_key.h"

#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/check.h"
#include "crypto/openssl.h"

namespace lapel::crypto {
namespace {

constexpr std::size_t kCoordinateBytes = 32;
constexpr int kSaltBytes = 32;  // of PS256: as many as the hash has (RFC 7518 3.5)

using Number = openssl::Owned<BIGNUM, BN_free>;
using Builder = openssl::Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = openssl::Owned<OSSL_PARAM, OSSL_PARAM_free>;
using EcdsaSignature = openssl::Owned<ECDSA_SIG, ECDSA_SIG_free>;

Number number(ByteView bytes) {
  Number out(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  CHECK(out != nullptr);
  return out;
}

openssl::Key key_of(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const openssl::KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  CHECK(parameters != nullptr && context != nullptr);
  EVP_PKEY* made = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) return nullptr;
  openssl::Key key(made);
  // That the point is on the curve, that a modulus could be one.
  const openssl::KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
  return key;
}

}  // namespace

struct VerifyingKey::Impl {
  enum class Kind { kRsa, kP256, kEd25519 };
  Kind kind = Kind::kRsa;
  openssl::Key key;
};

VerifyingKey::VerifyingKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VerifyingKey::VerifyingKey(VerifyingKey&&) noexcept = default;
VerifyingKey& VerifyingKey::operator=(VerifyingKey&&) noexcept = default;
VerifyingKey::~VerifyingKey() = default;

std::optional<VerifyingKey> VerifyingKey::rsa(ByteView modulus, ByteView exponent) {
  if (modulus.empty() || modulus[0] == 0 || modulus.size() > kRsaBitsMax / 8) return std::nullopt;
  if (exponent.empty() || exponent[0] == 0 || exponent.size() > kRsaExponentBytesMax) return std::nullopt;
  const Number n = number(modulus);
  const Number e = number(exponent);
  if (BN_num_bits(n.get()) < kRsaBitsMin || !BN_is_odd(n.get())) return std::nullopt;
  if (!BN_is_odd(e.get()) || BN_is_one(e.get())) return std::nullopt;
  const Builder builder(OSSL_PARAM_BLD_new());
  CHECK(builder != nullptr && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  openssl::Key key = key_of("RSA", builder.get());
  if (key == nullptr) return std::nullopt;
  return VerifyingKey(std::make_unique<Impl>(Impl{Impl::Kind::kRsa, std::move(key)}));
}

std::optional<VerifyingKey> VerifyingKey::p256(ByteView x, ByteView y) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return std::nullopt;
  Bytes point{0x04};
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const Builder builder(OSSL_PARAM_BLD_new());
  CHECK(builder != nullptr &&
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1);
  openssl::Key key = key_of("EC", builder.get());
  if (key == nullptr) return std::nullopt;
  return VerifyingKey(std::make_unique<Impl>(Impl{Impl::Kind::kP256, std::move(key)}));
}

std::optional<VerifyingKey> VerifyingKey::ed25519(ByteView x) {
  if (x.size() != kCoordinateBytes) return std::nullopt;
  openssl::Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x.data(), x.size()));
  if (key == nullptr) return std::nullopt;
  return VerifyingKey(std::make_unique<Impl>(Impl{Impl::Kind::kEd25519, std::move(key)}));
}

bool VerifyingKey::fits(Signing scheme) const {
  switch (scheme) {
    case Signing::kRsaPkcs1Sha256:
    case Signing::kRsaPssSha256:
      return impl_->kind == Impl::Kind::kRsa;
    case Signing::kEcdsaP256Sha256:
      return impl_->kind == Impl::Kind::kP256;
    case Signing::kEd25519:
      return impl_->kind == Impl::Kind::kEd25519;
  }
  CHECK(false);
}

bool VerifyingKey::verifies(Signing scheme, ByteView message, ByteView signature) const {
  if (!fits(scheme)) return false;
  Bytes given(signature.begin(), signature.end());
  if (scheme == Signing::kEcdsaP256Sha256) {
    if (signature.size() != 2 * kCoordinateBytes) return false;
    const EcdsaSignature pair(ECDSA_SIG_new());
    CHECK(pair != nullptr);
    Number r = number(signature.first(kCoordinateBytes));
    Number s = number(signature.subspan(kCoordinateBytes));
    CHECK(ECDSA_SIG_set0(pair.get(), r.release(), s.release()) == 1);
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    CHECK(size > 0);
    given.assign(der, der + size);
    OPENSSL_free(der);
  }
  const openssl::DigestContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  EVP_PKEY_CTX* options = nullptr;  // the context's own
  const EVP_MD* digest = scheme == Signing::kEd25519 ? nullptr : EVP_sha256();
  if (EVP_DigestVerifyInit(context.get(), &options, digest, nullptr, impl_->key.get()) != 1) return false;
  if (scheme == Signing::kRsaPkcs1Sha256) {
    if (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PADDING) != 1) return false;
  } else if (scheme == Signing::kRsaPssSha256) {
    if (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, kSaltBytes) != 1) {
      return false;
    }
  }
  return EVP_DigestVerify(context.get(), given.data(), given.size(), message.data(), message.size()) == 1;
}

ByteArray<64> sha512(ByteView bytes) {
  ByteArray<64> out;
  unsigned size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha512(), nullptr) == 1 && size == out.size());
  return out;
}

}  // namespace lapel::crypto
