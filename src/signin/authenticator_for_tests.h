// SPDX-License-Identifier: Apache-2.0
#pragma once
// An authenticator in software: keys and answers as a browser hands them over, made without any of the code that checks them.
//
// Owns: its key, by OpenSSL.
// Promises: what it makes is right; a test makes it wrong.
// Fails with: an abort.
// Threads: one.

#include <memory>
#include <string>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/check.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "signin/webauthn.h"

namespace lapel::signin {

inline void append(Bytes& out, ByteView more) {
  out.insert(out.end(), more.begin(), more.end());
}

// CBOR of at most 65,535 bytes, as much as a COSE key needs.
inline Bytes cbor_head(std::uint8_t major, std::size_t n) {
  const auto kind = static_cast<std::uint8_t>(major << 5);
  if (n < 24) return {static_cast<std::uint8_t>(kind | n)};
  if (n < 256) return {static_cast<std::uint8_t>(kind | 24), static_cast<std::uint8_t>(n)};
  return {static_cast<std::uint8_t>(kind | 25), static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
}
inline Bytes cbor_integer(int value) {
  return value >= 0 ? cbor_head(0, static_cast<std::size_t>(value))
                    : cbor_head(1, static_cast<std::size_t>(-1 - value));
}
inline Bytes cbor_bytes(ByteView bytes) {
  Bytes out = cbor_head(2, bytes.size());
  append(out, bytes);
  return out;
}

class Authenticator {
 public:
  explicit Authenticator(PasskeyAlgorithm algorithm) : algorithm_(algorithm), id_(32) {
    crypto::fill_random(id_);
    switch (algorithm) {
      case PasskeyAlgorithm::kEs256:
        key_.reset(EVP_EC_gen("P-256"));
        break;
      case PasskeyAlgorithm::kEdDsa:
        key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
        break;
      case PasskeyAlgorithm::kRs256:
        key_.reset(EVP_RSA_gen(2048));
        break;
    }
    CHECK(key_ != nullptr);
  }

  const Bytes& id() const { return id_; }

  static Bytes client_data(std::string_view type, const PasskeyQuestion& question) {
    const std::string text = fmt::format(R"({{"type":"{}","challenge":"{}","origin":"{}","crossOrigin":false}})", type,
                                         question.challenge, question.origin);
    const ByteView bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
  }
  static Bytes head(const PasskeyQuestion& question, std::uint8_t flags, std::uint32_t counter) {
    const Digest rp = crypto::sha256(as_bytes(question.rp_id));
    Bytes out(rp.begin(), rp.end());
    out.push_back(flags);
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(counter >> shift));
    return out;
  }

  PasskeyCreated create(const PasskeyQuestion& question, std::uint32_t counter = 0) const {
    Bytes data = head(question, 0x45, counter);
    data.insert(data.end(), 16, 0);  // of no known make
    data.push_back(static_cast<std::uint8_t>(id_.size() >> 8));
    data.push_back(static_cast<std::uint8_t>(id_.size()));
    append(data, id_);
    append(data, cose_key());
    return {client_data("webauthn.create", question), std::move(data)};
  }
  PasskeyPresented present(const PasskeyQuestion& question, std::uint32_t counter = 1) const {
    return sign(client_data("webauthn.get", question), head(question, 0x05, counter));
  }
  PasskeyPresented sign(Bytes client, Bytes data) const {
    Bytes message = data;
    append(message, crypto::sha256(client));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    const EVP_MD* digest = algorithm_ == PasskeyAlgorithm::kEdDsa ? nullptr : EVP_sha256();
    CHECK(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1);
    std::size_t size = 0;
    CHECK(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1);
    Bytes signature(size);
    CHECK(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1);
    signature.resize(size);
    return {std::move(client), std::move(data), std::move(signature)};
  }

  Bytes cose_key() const {
    Bytes out;
    const auto pair = [&out](int name, const Bytes& value) {
      append(out, cbor_integer(name));
      append(out, value);
    };
    switch (algorithm_) {
      case PasskeyAlgorithm::kEs256:
        out = cbor_head(5, 5);
        pair(1, cbor_integer(2));
        pair(3, cbor_integer(-7));
        pair(-1, cbor_integer(1));
        pair(-2, cbor_bytes(number(OSSL_PKEY_PARAM_EC_PUB_X, 32)));
        pair(-3, cbor_bytes(number(OSSL_PKEY_PARAM_EC_PUB_Y, 32)));
        break;
      case PasskeyAlgorithm::kEdDsa: {
        Bytes x(32);
        std::size_t size = x.size();
        CHECK(EVP_PKEY_get_raw_public_key(key_.get(), x.data(), &size) == 1);
        out = cbor_head(5, 4);
        pair(1, cbor_integer(1));
        pair(3, cbor_integer(-8));
        pair(-1, cbor_integer(6));
        pair(-2, cbor_bytes(x));
        break;
      }
      case PasskeyAlgorithm::kRs256:
        out = cbor_head(5, 4);
        pair(1, cbor_integer(3));
        pair(3, cbor_integer(-257));
        pair(-1, cbor_bytes(number(OSSL_PKEY_PARAM_RSA_N, 256)));
        pair(-2, cbor_bytes(Bytes{1, 0, 1}));
        break;
    }
    return out;
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  Bytes number(const char* name, std::size_t bytes) const {
    BIGNUM* value = nullptr;
    CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &value) == 1);
    Bytes out(bytes);
    CHECK(BN_bn2binpad(value, out.data(), static_cast<int>(bytes)) == static_cast<int>(bytes));
    BN_free(value);
    return out;
  }

  PasskeyAlgorithm algorithm_;
  Bytes id_;
  std::unique_ptr<EVP_PKEY, Free> key_;
};

}  // namespace lapel::signin
