// SPDX-License-Identifier: Apache-2.0
#pragma once
// The keys by which cameras sign what they film, the certificates that name them, and the hashes that they sign: by OpenSSL.
//
// Owns: key and hash.
// Promises: a key is RSA of kCameraRsaBitsMin to kCameraRsaBitsMax bits, of the curves P-256, P-384 and P-521, or Ed25519, and nothing
//   else. A signature counts over a digest that was made here, under the padding that the caller names: what is signed cannot
//   choose. A chain is vouched for only where each of its certificates, up to a root that the caller trusts, counted at the
//   moment that the caller names, was made by one that may make others, and no link is weaker than 112 bits.
// Fails with: std::nullopt for a text that is no such key or chain.
// Threads: one object by one thread at a time.

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/ed25519.h"

namespace lapel::crypto {

inline constexpr int kCameraRsaBitsMin = 2'048;
inline constexpr int kCameraRsaBitsMax = 8'192;
inline constexpr std::size_t kCameraKeyPemBytesMax = 2'048;
inline constexpr std::size_t kChainCertificatesMax = 8;
inline constexpr std::size_t kChainPemBytesMax = 32 * 1024;
inline constexpr std::size_t kSubjectCharactersMax = 128;

enum class HashKind { kSha256, kSha384, kSha512 };
std::string_view hash_name(HashKind kind);  // "sha256", …
std::size_t hash_bytes(HashKind kind);
inline constexpr std::size_t kHashBytesMax = 64;

class Hash {
 public:
  explicit Hash(HashKind kind);
  Hash(Hash&&) noexcept;
  Hash& operator=(Hash&&) noexcept;
  ~Hash();
  void update(ByteView bytes);
  // Ends it; begun anew by the next update.
  Bytes finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};
Bytes hash_of(HashKind kind, ByteView bytes);

enum class RsaPadding { kPkcs1, kPss };

class CameraKey {
 public:
  // One public key in PEM.
  static std::optional<CameraKey> read(std::string_view pem);
  static CameraKey of(const PublicKey& ed25519);
  CameraKey(CameraKey&&) noexcept;
  CameraKey& operator=(CameraKey&&) noexcept;
  ~CameraKey();

  const std::string& pem() const;   // as we write it
  const Digest& sha256() const;     // of its DER (SubjectPublicKeyInfo): its fingerprint
  const std::string& kind() const;  // "EC P-256", "RSA 2048", "Ed25519"
  // Ed25519 signs messages and no digests of them.
  bool signs_digests() const;
  // Over a digest of this kind.
  bool verifies(HashKind kind, ByteView digest, ByteView signature, RsaPadding padding) const;

 private:
  friend class ChainReader;
  struct Impl;
  explicit CameraKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct CameraChain {
  CameraKey key;                      // of the first certificate
  std::vector<std::string> subjects;  // the first certificate's own first; printable ASCII
  std::optional<Digest> vouched_by;   // the root's fingerprint
};
// Certificates in PEM, whoever signs first, each made by the next. `roots` are PEM, of one certificate each.
std::optional<CameraChain> read_camera_chain(std::string_view pem, std::span<const std::string> roots, Timestamp at);

}  // namespace lapel::crypto
