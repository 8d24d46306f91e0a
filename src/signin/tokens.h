// SPDX-License-Identifier: Apache-2.0
#pragma once
// Service credentials: tokens by which a program acts for a person.
//
// Owns: the table tokens (its steps are in signin.cc); the events token.made and token.revoked, in the chain of whom it acts for.
// Promises: a token reads "lapel_<id>_<secret>", 128 bits of id and 256 of secret, of which only the hash is kept. It ends
//   at the time that it was made with, when it is revoked, or with its person's deactivation, for good and at its next
//   request. Of its use only the day is kept, written once a day. Made and revoked it is sealed together with its row, but
//   for the secret, of which no event tells anything; rows from before that say so (is_sealed).
// Fails with: kUnauthenticated, always with the same words, whatever was wrong; kInvalid (an end that no token has),
//   kConflict (its person is deactivated), kNotFound.
// Threads: any.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "roster/asker.h"
#include "roster/roster.h"

namespace lapel::signin {

inline constexpr std::int64_t kTokenLifeDays = 90;      // where nothing else is said
inline constexpr std::int64_t kTokenLifeDaysMax = 366;  // a year, whatever year it is
inline constexpr std::int64_t kTokensListedMax = 10'000;

// The end of a token made now, as people say it: a number of days, or an RFC 3339 time; kTokenLifeDays when empty.
Result<Timestamp> parse_token_end(std::string_view text, Timestamp now);

struct NewToken {
  std::string login;                // whom it acts for
  std::set<access::Action> scopes;  // what it may do; everything its person may when empty
  Timestamp expires_at;             // after now, by at most kTokenLifeDaysMax
};
struct MadeToken {
  TokenId id;
  std::string text;      // shown once
  std::string kept;      // what the catalog knows of its secret
  Timestamp expires_at;  // as the ledger tells it
};
Result<MadeToken> make_token(const NewToken& wanted, Timestamp now);
// Its row, beside the event that says the same.
Result<void> add_token(db::Transaction& tx, const MadeToken& made, const NewToken& wanted, Timestamp at);

enum class TokenState { kStands, kExpired, kRevoked, kDeactivated };
std::string_view token_state_name(TokenState state);

struct Token {
  TokenId id;
  std::string login;
  std::optional<std::set<access::Action>> scopes;  // nullopt: everything its person may
  Timestamp created_at, expires_at;
  std::optional<Timestamp> used_on;  // the first moment of the day, UTC
  std::optional<Timestamp> revoked_at;
  TokenState state = TokenState::kStands;
};
// Of everybody, or of one login; the newest first, at most kTokensListedMax.
Result<std::vector<Token>> list_tokens(db::Database& database, const std::optional<std::string>& login, Timestamp now);
// Those of an agency that are good for something, by person, the oldest first.
Result<void> tokens_that_stand(db::Transaction& tx, const AgencyId& agency, Timestamp now,
                               const std::function<void(const PersonId&, Token)>& each);
// From the next request on it is nobody's.
Result<void> revoke_token(db::Transaction& tx, const TokenId& id, Timestamp at);

// At the server's console: row and event, sealed.
class Tokens {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit Tokens(Parts parts) : parts_(parts) {}

  Result<MadeToken> create(const NewToken& wanted);
  Result<void> revoke(const TokenId& id);

 private:
  // By the console of the person's agency.
  Result<void> commit(const roster::Person& person, std::string type, Json::Object fields, ledger::RowsStep rows);
  const Parts parts_;
};

// By the Authorization header.
roster::Asker asker(db::Database& database, const Clock& clock);

}  // namespace lapel::signin
