// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who has access: everybody of an agency, by what right and with what credentials, to be gone through and signed.
//
// Owns: the table access_reviews and the event access.reviewed in the chain of whoever signs.
// Promises: what stands in it is what the asker may know: who is under investigation stands in none, cases and clearances not
//   in an administrator's. What is signed is the review as it stood for whoever signs, by its SHA-256.
// Fails with: problems::kRule, kConflict (changed since it was looked at), kInvalid.
// Threads: any; calls block.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "oversight/weeks.h"
#include "roster/assignments.h"
#include "roster/roster.h"

namespace lapel::oversight {

// Whoever was not here for so long is flagged.
inline constexpr std::int64_t kIdleUs = 90 * kDayUs;

// As the room of signing in tells it.
struct Credential {
  std::string id;
  std::optional<std::vector<std::string>> scopes;  // nullopt: everything that its person may
  Timestamp created_at, expires_at;
  std::optional<Timestamp> used_on;
};
struct Account {
  std::optional<Timestamp> signed_in_at;
  std::set<std::string> factors;
  std::vector<Credential> tokens;
  bool is_disabled = false;  // by the server, for not being used
};
using Accounts = std::function<Result<std::map<PersonId, Account>>(db::Transaction&, const AgencyId&)>;

struct Reviewed {
  roster::Person person;
  Timestamp roles_since;
  std::string roles_by, roles_reason;
  Account account;
  std::optional<Timestamp> last_day;  // the day on which they, or a token of theirs, were last here
  bool is_idle = false, was_never_here = false;
  std::vector<std::string> units, supervises;
  std::optional<std::vector<std::string>> scopes;  // nullopt: no scope was ever given, and that is the whole agency
  std::optional<std::vector<std::string>> cases, clearances;  // nullopt: not for the asker
};
struct Review {
  std::vector<Reviewed> people;  // by login
  std::string sha256;            // of what stands in it
  struct Signed {
    Timestamp at;
    std::string by, note;
    std::int64_t people = 0;
  };
  std::optional<Signed> last;
};

class AccessReview {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    Accounts accounts;
  };
  explicit AccessReview(Parts parts) : parts_(std::move(parts)) {}

  Result<Review> show(const access::Actor& actor);
  // `sha256` of the review that was looked at.
  Result<void> sign(const access::Actor& actor, const std::string& sha256, const std::string& note);

 private:
  const Parts parts_;
};

// As a table for a spreadsheet; no cell of it is taken for a formula.
std::string as_csv(const Review& review);

}  // namespace lapel::oversight
