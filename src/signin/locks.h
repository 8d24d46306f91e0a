// SPDX-License-Identifier: Apache-2.0
#pragma once
// Locks: five wrong passwords or codes within any fifteen minutes, and the login waits for an administrator.
//
// Owns: the table signin_failures. A login is kept there as its SHA-256, whether or not anybody has it, so that the two
//   cost as many commits and look alike; with it when each of the last tries was.
// Promises: an attempt is counted, durably, before anything is compared: many at once pass no limit together, on one server
//   or on several. A locked login stays locked until it is released; signing in by passkey, and sessions that are open, are
//   not touched by it, so that nobody can keep a colleague away from work.
// Fails with: what the database fails with.
// Threads: any.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "db/db.h"

namespace lapel::signin {

// CJIS Security Policy AC-7.
inline constexpr std::int64_t kFailuresMax = 5;
inline constexpr std::int64_t kLockWindowUs = 15LL * 60 * 1'000'000;

class Locks {
 public:
  struct Parts {
    db::Database& database;
    const Clock& clock;
  };
  explicit Locks(Parts parts) : parts_(parts) {}

  // Counts an attempt. False: it is not made, for the login is locked, or five are being made.
  Result<bool> begin(std::string_view login);
  // The attempt was wrong, or was not made. `also` runs in the same transaction, and is told whether this one locked the login of
  // somebody who exists. One row is written whoever's the login is: how long it takes tells nothing either.
  using Also = std::function<Result<void>(db::Transaction&, bool is_locked_now)>;
  Result<void> fail_attempt(std::string_view login, const Also& also);
  // It was right, and whoever made it has shown all that they have to: what was wrong before is forgotten. False where the
  // login was locked meanwhile: then it does not count.
  Result<bool> succeed(std::string_view login);
  // It was not made after all.
  Result<void> give_back(std::string_view login);

  // Since when; nullopt where it is not.
  static Result<std::optional<Timestamp>> locked_at(db::Transaction& tx, std::string_view login);
  static Result<void> release(db::Transaction& tx, std::string_view login);

 private:
  const Parts parts_;
};

}  // namespace lapel::signin
