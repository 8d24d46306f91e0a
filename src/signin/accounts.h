// SPDX-License-Identifier: Apache-2.0
#pragma once
// By what each person of an agency can sign in, and when they last did: for whoever reviews who has access.
//
// Owns: nothing.
// Promises: no secret and no address; of a token's and a person's last use, the day is all that a reviewer needs.
// Fails with: kCorrupt, and what the database fails with.
// Threads: one transaction.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/db.h"
#include "signin/tokens.h"

namespace lapel::signin {

struct AccountFacts {
  std::optional<Timestamp> signed_in_at;  // at a browser, within the time that such records are kept
  std::set<std::string> factors;          // kinds of those that are confirmed
  std::vector<Token> tokens;              // that stand
  bool is_disabled = false;               // for not being used (idle_accounts.h), and nobody has activated them since
};
Result<std::map<PersonId, AccountFacts>> account_facts(db::Transaction& tx, const AgencyId& agency, Timestamp now);

}  // namespace lapel::signin
