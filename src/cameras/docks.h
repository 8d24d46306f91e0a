// SPDX-License-Identifier: Apache-2.0
#pragma once
// Docks as the server knows them: enrolled by a code, asking with short tokens, revoked at once.
//
// Owns: the table dock_codes, the tokens of docks, and the events dock.enrolled and dock.revoked.
// Promises: a code serves one key, once, within kCodeLifeUs; only its hash is kept. Nobody becomes a dock
//   without a leaf that binds name and key, sealed with the row. A token is given only for a signature by the
//   dock's key over a nonce of this server that has not served before. A revoked dock is refused from the
//   next request on, whatever it holds.
// Fails with: kUnauthenticated with a sentence (code, nonce, signature, token; a dock unknown or revoked),
//   kConflict (name or key taken), kNotFound (no such agency or dock), kLimited (too many tokens at once).
// Threads: any; calls block.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "cameras/minter.h"
#include "crypto/ed25519.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "os/worker.h"
#include "roster/asker.h"
#include "roster/roster.h"

namespace lapel::cameras {

inline constexpr std::int64_t kCodeLifeUs = 15LL * 60 * 1'000'000;
inline constexpr std::int64_t kNonceLifeUs = 60LL * 1'000'000;
inline constexpr std::int64_t kTokenLifeUs = 15LL * 60 * 1'000'000;
// Codes of one agency that wait to be used.
inline constexpr std::int64_t kCodesWaitingMax = 1'000;
// Nonces that have served and are remembered until they expire. Unused ones cost nothing: minter.h.
inline constexpr std::size_t kNoncesUsedMax = 10'000;

class Docks {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit Docks(Parts parts);

  // ---- on the server's console ----

  // The code's text, shown once.
  Result<std::string> create_code(std::string_view agency, const std::string& name);
  Result<std::vector<roster::Dock>> list(std::string_view agency);
  Result<void> revoke(std::string_view agency, std::string_view name);

  // ---- by the dock ----

  struct Enrollment {
    std::string code;
    crypto::PublicKey key{};
    crypto::Signature signature{};  // of protocol::enroll_message
  };
  struct Enrolled {
    DockId dock;
    std::string name, agency, origin, vkey;
    AgencyId of;
  };
  // The same key with the same code gets the same answer again while the code lives, so that an answer lost on
  // the way costs no code.
  Result<Enrolled> enroll(const Enrollment& enrollment);

  Result<std::string> nonce(const DockId& dock);
  struct Token {
    std::string text;
    Timestamp expires_at;
  };
  Result<Token> token(const DockId& dock, const std::string& nonce, const crypto::Signature& signature);

  // Docks by their tokens; every other request is `otherwise`'s.
  roster::Asker asker(roster::Asker otherwise);

 private:
  Result<access::Actor> actor_of_token(std::string_view token);
  Result<roster::Dock> standing_dock(const DockId& dock);
  // A nonce serves once.
  Result<void> use_nonce(const DockId& dock, const std::string& nonce);

  const Parts parts_;
  const Minter minter_;
  os::Mutex mutex_;
  std::map<std::string, Timestamp> used_ LAPEL_GUARDED_BY(mutex_);  // nonces that have served, until they expire
};

}  // namespace lapel::cameras
