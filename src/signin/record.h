// SPDX-License-Identifier: Apache-2.0
#pragma once
// What happened to an account: who signed in how, from where, what was enrolled, locked, released, reset, and by whom.
//
// Owns: the table signin_events. It is no part of the ledger, which holds what concerns evidence.
// Promises: written in the same transaction as what it tells of. Nothing is ever changed; kEventsKeptUs after it was
//   written, a row may go.
// Fails with: what the database fails with.
// Threads: any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/db.h"

namespace lapel::signin {

// CJIS Security Policy AU-11: at least a year.
inline constexpr std::int64_t kEventsKeptUs = 400LL * 24 * 3'600 * 1'000'000;
inline constexpr std::int64_t kEventsShownMax = 50;
inline constexpr std::int64_t kFailuresShownMax = 20;  // besides
// How long administrators are shown what was done at the console.
inline constexpr std::int64_t kConsoleShownUs = 30LL * 24 * 3'600 * 1'000'000;

enum class AccountEvent {
  kSignedIn,
  kPasswordShown,  // right, with the second factor still to come
  kFailed,
  kLocked,
  kUnlocked,
  kSignedOut,
  kFactorAdded,
  kFactorRemoved,
  kFactorsReset,
  kRecoveryCodesMade,
  kRecoveryCodeUsed,
  kPasswordChanged,
  kBannerAccepted,
  kSetUp,
  kLinked,  // to an account at the identity provider
  kUnlinked,
  kInvited,    // given a link by which they choose a password
  kDisabled,   // nobody had used the account for as long as the agency has it
  kActivated,  // at the console
};
std::string_view account_event_name(AccountEvent event);
std::optional<AccountEvent> parse_account_event(std::string_view name);

struct AccountRecord {
  Timestamp at;
  AccountEvent event = AccountEvent::kSignedIn;
  PersonId person;                               // whose account
  std::optional<PersonId> actor = std::nullopt;  // who did it; nullopt: nobody who is known, or the person themselves
  bool is_console = false;                       // at the server's own console
  std::string client = {};                       // address, empty at the console
  std::string detail = {};                       // "passkey", "authenticator app", a factor's name
};

Result<void> note(db::Transaction& tx, const AccountRecord& record);
// The latest of one person, newest first.
Result<std::vector<AccountRecord>> account_records(db::Transaction& tx, const PersonId& person);
// Break-glass at the console since then, whoever's account it was, newest first.
Result<std::vector<AccountRecord>> console_records(db::Transaction& tx, const AgencyId& agency, Timestamp since);

}  // namespace lapel::signin
