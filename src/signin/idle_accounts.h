// SPDX-License-Identifier: Apache-2.0
#pragma once
// Accounts that nobody uses: who has not signed in for the agency's idle_days (rules.h), by password, passkey or provider, and no
// program for them, is deactivated (CJIS Security Policy AC-2(3)).
//
// Owns: a thread, and the events person.active by the server's console that it seals.
// Promises: looked for kIdleFirstUs after the start, so that a machine whose clock is wrong until it has asked others disables nobody, and
//   then every kIdleSweepUs, within kIdleTurnUs of that time. An account counts from its entry, and
//   from when it was last activated. Whoever uses it in that very moment keeps it: what is written was decided on what stands. Of the
//   administrators that are active, the one who was here last is left, however long ago, and the trace says so each time.
// Fails with: what the ledger and the database fail with; what fails in a turn is traced, and tried again after kIdleAgainUs.
// Threads: any; the turns begin with begin() and end with the object.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "os/worker.h"
#include "roster/roster.h"

namespace lapel::signin {

inline constexpr std::int64_t kIdleFirstUs = 3'600LL * 1'000'000;
inline constexpr std::int64_t kIdleSweepUs = 24LL * 3'600 * 1'000'000;
inline constexpr std::int64_t kIdleAgainUs = 60LL * 1'000'000;  // after what failed
inline constexpr std::int64_t kIdleTurnUs = 2LL * 1'000'000;

class IdleAccounts {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit IdleAccounts(Parts parts) : parts_(parts) {}

  void begin();
  // What is due, for every agency.
  Result<void> turn();

  // Of an agency's active people, as far as it is used for deciding.
  struct Use {
    PersonId person;
    bool is_administrator = false;
    std::optional<Timestamp>
        used_at;            // that somebody signed in with it, or a token was used; of tokens, the day is known
    Timestamp counts_from;  // the last of its use, entry and activation
  };
  static Result<std::vector<Use>> uses(db::Transaction& tx, const AgencyId& agency);

 private:
  Result<void> sweep(const roster::Agency& agency, Timestamp now);
  Result<void> disable(const roster::Agency& agency, const PersonId& person, std::int64_t days, Timestamp now);

  const Parts parts_;
  Timestamp due_{0};
  std::unique_ptr<os::PeriodicWorker> worker_;
};

}  // namespace lapel::signin
