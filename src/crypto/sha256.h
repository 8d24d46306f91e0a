// SPDX-License-Identifier: Apache-2.0
#pragma once
// SHA-256, HMAC-SHA-256, and SHA-256 that can be put down and taken up again.
//
// Owns: nothing.
// Promises: FIPS 180-4 and RFC 2104, by OpenSSL. A Midstate taken after n bytes and restored continues to the same
//   digest as one pass.
// Fails with: std::nullopt for a text that is no midstate.
// Threads: one Sha256 by one thread at a time.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace lapel::crypto {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256(const Sha256& other);
  Sha256& operator=(const Sha256& other);

  void update(ByteView bytes);
  // Ends the hash; the object may only be destroyed or assigned to afterwards.
  Digest finish();

  std::uint64_t bytes() const;  // hashed so far
  // Text of the state: "1:<bytes>:<hex of eight words>:<hex of the unfinished block>". Kept beside an upload's offset.
  std::string midstate() const;
  static std::optional<Sha256> restore(std::string_view midstate);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(ByteView bytes);
// SHA-256 of the concatenation.
Digest sha256(std::initializer_list<ByteView> parts);
Digest hmac_sha256(ByteView key, ByteView message);

// SHA-1, only for the tus checksum extension: never for evidence.
class Sha1 {
 public:
  Sha1();
  ~Sha1();
  void update(ByteView bytes);
  ByteArray<20> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// MD5, only for the ETag by which a client of an object store sees that its bytes arrived: never for evidence.
class Md5 {
 public:
  Md5();
  ~Md5();
  void update(ByteView bytes);
  ByteArray<16> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Takes the same time wherever the first difference stands.
bool equal_constant_time(ByteView a, ByteView b);

}  // namespace lapel::crypto
