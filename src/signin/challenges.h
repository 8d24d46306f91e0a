// SPDX-License-Identifier: Apache-2.0
#pragma once
// Challenges: what a passkey has to sign, made for one browser and one use.
//
// Owns: the tables signin_keys and used_challenges.
// Promises: a challenge is 16 random bytes and its end under a MAC: asking for one writes nothing, so nobody fills a disk by
//   asking. It is good for kChallengeLifeUs, for the purpose and the session it was made for, at any server of the
//   installation, and once: use() is a row in the catalog that a second use meets.
// Fails with: kUnauthenticated (kSecondFactor).
// Threads: any.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "db/db.h"

namespace lapel::signin {

inline constexpr std::int64_t kChallengeLifeUs = 5LL * 60 * 1'000'000;

class Challenges {
 public:
  struct Parts {
    db::Database& database;
    const Clock& clock;
  };
  explicit Challenges(Parts parts) : parts_(parts) {}

  enum class Purpose : std::uint8_t { kCreate = 1, kPresent = 2 };
  // `session`: what the catalog knows it by; empty where there is none yet.
  Result<std::string> make(Purpose purpose, std::string_view session);  // base64url
  Result<void> check(Purpose purpose, std::string_view session, std::string_view challenge);
  // With what the answer brings about, in one transaction.
  Result<void> use(db::Transaction& tx, std::string_view challenge);

 private:
  Result<ByteArray<32>> key();
  const Parts parts_;
};

// The installation's own secret of this name, made when it is first needed.
Result<ByteArray<32>> room_key(db::Database& database, std::string_view name);

}  // namespace lapel::signin
