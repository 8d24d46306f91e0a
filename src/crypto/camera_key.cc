// SPDX-License-Identifier: Apache-2.0
#include "crypto/camera_key.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "base/check.h"
#include "crypto/openssl.h"
#include "crypto/sha256.h"

namespace lapel::crypto {
namespace {

constexpr int kStrengthLevel = 2;  // OpenSSL's name for 112 bits

using Roots = openssl::Owned<X509_STORE, X509_STORE_free>;
using Check = openssl::Owned<X509_STORE_CTX, X509_STORE_CTX_free>;

const EVP_MD* digest_of(HashKind kind) {
  switch (kind) {
    case HashKind::kSha256:
      return EVP_sha256();
    case HashKind::kSha384:
      return EVP_sha384();
    case HashKind::kSha512:
      return EVP_sha512();
  }
  CHECK(false);
}

std::optional<std::string> kind_of(EVP_PKEY* key) {
  if (EVP_PKEY_base_id(key) == EVP_PKEY_RSA) {
    const int bits = EVP_PKEY_bits(key);
    if (bits < kCameraRsaBitsMin || bits > kCameraRsaBitsMax) return std::nullopt;
    return fmt::format("RSA {}", bits);
  }
  if (EVP_PKEY_base_id(key) == EVP_PKEY_ED25519) return "Ed25519";
  if (EVP_PKEY_base_id(key) != EVP_PKEY_EC) return std::nullopt;
  std::array<char, 32> group{};
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1) return std::nullopt;
  const std::string_view name = group.data();
  if (name == "prime256v1") return "EC P-256";
  if (name == "secp384r1") return "EC P-384";
  if (name == "secp521r1") return "EC P-521";
  return std::nullopt;
}

std::string text_in(BIO* memory) {
  char* text = nullptr;
  const long bytes = BIO_get_mem_data(memory, &text);
  return {text, static_cast<std::size_t>(std::max(0L, bytes))};
}

// Whatever a name holds, as printable ASCII.
std::string subject_of(X509* certificate) {
  const openssl::Source out(BIO_new(BIO_s_mem()));
  CHECK(out != nullptr);
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  std::string text = text_in(out.get()).substr(0, kSubjectCharactersMax);
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

}  // namespace

// ---- hashes ----

struct Hash::State {
  const EVP_MD* digest;
  openssl::DigestContext context{EVP_MD_CTX_new()};
};

Hash::Hash(HashKind kind) : state_(std::make_unique<State>()) {
  state_->digest = digest_of(kind);
  CHECK(state_->context != nullptr && EVP_DigestInit_ex(state_->context.get(), state_->digest, nullptr) == 1);
}
Hash::Hash(Hash&&) noexcept = default;
Hash& Hash::operator=(Hash&&) noexcept = default;
Hash::~Hash() = default;

void Hash::update(ByteView bytes) {
  CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Bytes Hash::finish() {
  Bytes out(kHashBytesMax);
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(state_->context.get(), out.data(), &size) == 1);
  CHECK(EVP_DigestInit_ex(state_->context.get(), state_->digest, nullptr) == 1);
  out.resize(size);
  return out;
}

Bytes hash_of(HashKind kind, ByteView bytes) {
  Hash hash(kind);
  hash.update(bytes);
  return hash.finish();
}

std::string_view hash_name(HashKind kind) {
  switch (kind) {
    case HashKind::kSha256:
      return "sha256";
    case HashKind::kSha384:
      return "sha384";
    case HashKind::kSha512:
      return "sha512";
  }
  CHECK(false);
}

std::size_t hash_bytes(HashKind kind) {
  return static_cast<std::size_t>(EVP_MD_get_size(digest_of(kind)));
}

// ---- keys ----

struct CameraKey::Impl {
  openssl::Key key;
  std::string pem, kind;
  Digest sha256{};
};

CameraKey::CameraKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CameraKey::CameraKey(CameraKey&&) noexcept = default;
CameraKey& CameraKey::operator=(CameraKey&&) noexcept = default;
CameraKey::~CameraKey() = default;

const std::string& CameraKey::pem() const {
  return impl_->pem;
}
const Digest& CameraKey::sha256() const {
  return impl_->sha256;
}
const std::string& CameraKey::kind() const {
  return impl_->kind;
}

// Makes keys and chains of what was read.
class ChainReader {
 public:
  static std::optional<CameraKey> key_of(openssl::Key key) {
    if (key == nullptr) return std::nullopt;
    auto kind = kind_of(key.get());
    if (!kind) return std::nullopt;
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key.get(), &der);
    if (size <= 0) return std::nullopt;
    const Digest sha256 = crypto::sha256(ByteView(der, static_cast<std::size_t>(size)));
    OPENSSL_free(der);
    const openssl::Source out(BIO_new(BIO_s_mem()));
    if (out == nullptr || PEM_write_bio_PUBKEY(out.get(), key.get()) != 1) return std::nullopt;
    std::string pem = text_in(out.get());
    if (pem.size() > kCameraKeyPemBytesMax) return std::nullopt;
    return CameraKey(
        std::make_unique<CameraKey::Impl>(CameraKey::Impl{std::move(key), std::move(pem), *std::move(kind), sha256}));
  }

  static std::vector<openssl::Certificate> certificates(std::string_view pem) {
    std::vector<openssl::Certificate> out;
    const openssl::Source source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    while (source != nullptr && out.size() <= kChainCertificatesMax) {
      openssl::Certificate one(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
      if (one == nullptr) break;
      out.push_back(std::move(one));
    }
    ERR_clear_error();
    return out;
  }

  static std::optional<Digest> vouched_by(const std::vector<openssl::Certificate>& chain,
                                          std::span<const std::string> roots, Timestamp at) {
    const Roots store(X509_STORE_new());
    CHECK(store != nullptr);
    for (const std::string& pem : roots) {
      for (const openssl::Certificate& root : certificates(pem)) X509_STORE_add_cert(store.get(), root.get());
    }
    STACK_OF(X509)* others = sk_X509_new_null();
    CHECK(others != nullptr);
    for (const openssl::Certificate& one : chain) sk_X509_push(others, one.get());
    const Check check(X509_STORE_CTX_new());
    CHECK(check != nullptr);
    std::optional<Digest> out;
    if (X509_STORE_CTX_init(check.get(), store.get(), chain[0].get(), others) == 1) {
      X509_VERIFY_PARAM* terms = X509_STORE_CTX_get0_param(check.get());
      X509_VERIFY_PARAM_set_time(terms, at.us / 1'000'000);
      X509_VERIFY_PARAM_set_auth_level(terms, kStrengthLevel);
      if (X509_verify_cert(check.get()) == 1) {
        STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(check.get());
        Digest sha256{};
        unsigned size = 0;
        X509* root = sk_X509_value(path, sk_X509_num(path) - 1);
        if (X509_digest(root, EVP_sha256(), sha256.data(), &size) == 1 && size == sha256.size()) out = sha256;
      }
    }
    sk_X509_free(others);
    ERR_clear_error();
    return out;
  }
};

std::optional<CameraKey> CameraKey::read(std::string_view pem) {
  if (pem.size() > kCameraKeyPemBytesMax) return std::nullopt;
  const openssl::Source source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (source == nullptr) return std::nullopt;
  openssl::Key key(PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return ChainReader::key_of(std::move(key));
}

CameraKey CameraKey::of(const PublicKey& ed25519) {
  auto out = ChainReader::key_of(
      openssl::Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, ed25519.data(), ed25519.size())));
  CHECK(out.has_value());
  return *std::move(out);
}

bool CameraKey::signs_digests() const {
  return EVP_PKEY_base_id(impl_->key.get()) != EVP_PKEY_ED25519;
}

bool CameraKey::verifies(HashKind kind, ByteView digest, ByteView signature, RsaPadding padding) const {
  const openssl::KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, impl_->key.get(), nullptr));
  CHECK(context != nullptr);
  bool is_ready = EVP_PKEY_verify_init(context.get()) == 1;
  if (is_ready && EVP_PKEY_base_id(impl_->key.get()) == EVP_PKEY_RSA) {
    const int chosen = padding == RsaPadding::kPss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    is_ready = EVP_PKEY_CTX_set_rsa_padding(context.get(), chosen) == 1 &&
               EVP_PKEY_CTX_set_signature_md(context.get(), digest_of(kind)) == 1;
  }
  const bool is_right =
      is_ready && EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(), digest.size()) == 1;
  ERR_clear_error();
  return is_right;
}

// ---- chains ----

std::optional<CameraChain> read_camera_chain(std::string_view pem, std::span<const std::string> roots, Timestamp at) {
  if (pem.size() > kChainPemBytesMax) return std::nullopt;
  const std::vector<openssl::Certificate> chain = ChainReader::certificates(pem);
  if (chain.empty() || chain.size() > kChainCertificatesMax) return std::nullopt;
  auto key = ChainReader::key_of(openssl::Key(X509_get_pubkey(chain[0].get())));
  if (!key) return std::nullopt;
  CameraChain out{*std::move(key), {}, ChainReader::vouched_by(chain, roots, at)};
  for (const openssl::Certificate& one : chain) out.subjects.push_back(subject_of(one.get()));
  return out;
}

}  // namespace lapel::crypto
