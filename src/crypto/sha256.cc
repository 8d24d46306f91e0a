// SPDX-License-Identifier: Apache-2.0
// OpenSSL 3's EVP cannot save a SHA-256 midstate; SHA256_CTX can. It is deprecated, so it is named in this file only.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace lapel::crypto {

struct Sha256::State {
  SHA256_CTX ctx;
  std::uint64_t bytes = 0;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  CHECK(SHA256_Init(&state_->ctx) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::Sha256(const Sha256& other) : state_(std::make_unique<State>(*other.state_)) {}
Sha256& Sha256::operator=(const Sha256& other) {
  if (this != &other) state_ = std::make_unique<State>(*other.state_);
  return *this;
}

void Sha256::update(ByteView bytes) {
  CHECK(SHA256_Update(&state_->ctx, bytes.data(), bytes.size()) == 1);
  state_->bytes += bytes.size();
}

Digest Sha256::finish() {
  Digest out;
  CHECK(SHA256_Final(out.data(), &state_->ctx) == 1);
  return out;
}

std::uint64_t Sha256::bytes() const {
  return state_->bytes;
}

std::string Sha256::midstate() const {
  const SHA256_CTX& ctx = state_->ctx;
  std::string words;
  for (const auto word : ctx.h) words += fmt::format("{:08x}", word);
  const auto* block = reinterpret_cast<const std::uint8_t*>(ctx.data);
  return fmt::format("1:{}:{}:{}", state_->bytes, words, hex({block, ctx.num}));
}

std::optional<Sha256> Sha256::restore(std::string_view midstate) {
  if (!midstate.starts_with("1:")) return std::nullopt;
  midstate.remove_prefix(2);
  const std::size_t first = midstate.find(':');
  const std::size_t second = midstate.rfind(':');
  if (first == std::string_view::npos || first == second) return std::nullopt;
  const auto count = parse_decimal(midstate.substr(0, first));
  const auto words = parse_hex_array<32>(midstate.substr(first + 1, second - first - 1));
  const auto block = parse_hex(midstate.substr(second + 1));
  if (!count || !words || !block || block->size() != *count % SHA256_CBLOCK) return std::nullopt;

  Sha256 out;
  SHA256_CTX& ctx = out.state_->ctx;
  for (std::size_t i = 0; i < 8; ++i) {
    ctx.h[i] = static_cast<SHA_LONG>((*words)[4 * i]) << 24 | static_cast<SHA_LONG>((*words)[4 * i + 1]) << 16 |
               static_cast<SHA_LONG>((*words)[4 * i + 2]) << 8 | (*words)[4 * i + 3];
  }
  const std::uint64_t bits = *count * 8;
  ctx.Nl = static_cast<SHA_LONG>(bits);
  ctx.Nh = static_cast<SHA_LONG>(bits >> 32);
  ctx.num = static_cast<unsigned>(block->size());
  std::copy(block->begin(), block->end(), reinterpret_cast<std::uint8_t*>(ctx.data));
  out.state_->bytes = *count;
  return out;
}

Digest sha256(ByteView bytes) {
  Digest out;
  SHA256(bytes.data(), bytes.size(), out.data());
  return out;
}

Digest sha256(std::initializer_list<ByteView> parts) {
  SHA256_CTX ctx;
  SHA256_Init(&ctx);
  for (const ByteView part : parts) SHA256_Update(&ctx, part.data(), part.size());
  Digest out;
  SHA256_Final(out.data(), &ctx);
  return out;
}

Digest hmac_sha256(ByteView key, ByteView message) {
  Digest out;
  unsigned length = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(), message.size(), out.data(),
             &length));
  CHECK(length == out.size());
  return out;
}

struct Sha1::State {
  SHA_CTX ctx;
};
Sha1::Sha1() : state_(std::make_unique<State>()) {
  CHECK(SHA1_Init(&state_->ctx) == 1);
}
Sha1::~Sha1() = default;
void Sha1::update(ByteView bytes) {
  CHECK(SHA1_Update(&state_->ctx, bytes.data(), bytes.size()) == 1);
}
ByteArray<20> Sha1::finish() {
  ByteArray<20> out;
  CHECK(SHA1_Final(out.data(), &state_->ctx) == 1);
  return out;
}

struct Md5::State {
  MD5_CTX ctx;
};
Md5::Md5() : state_(std::make_unique<State>()) {
  CHECK(MD5_Init(&state_->ctx) == 1);
}
Md5::~Md5() = default;
void Md5::update(ByteView bytes) {
  CHECK(MD5_Update(&state_->ctx, bytes.data(), bytes.size()) == 1);
}
ByteArray<16> Md5::finish() {
  ByteArray<16> out;
  CHECK(MD5_Final(out.data(), &state_->ctx) == 1);
  return out;
}

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace lapel::crypto
