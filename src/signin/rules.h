// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an agency asks of whoever signs in.
//
// Owns: the table signin_rules.
// Promises: what is set holds for the next request of every session, those that are open included.
// Fails with: kInvalid (a banner of no possible length, or with control characters; days beyond
//   their bounds), and what the database fails with.
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "db/db.h"
#include "ledger/ledger.h"

namespace lapel::signin {

inline constexpr std::size_t kBannerBytesMax = 4'096;

// After how many days nobody signs in any more with an account that nobody has used (CJIS Security Policy AC-2(3)). There is no
// word for never; the longest is well within the time that records of accounts are kept (record.h).
inline constexpr std::int64_t kIdleDays = 90, kIdleDaysMin = 30, kIdleDaysMax = 365;

enum class SecondFactor { kRequired, kOptional };

struct SignInRules {
  SecondFactor second_factor = SecondFactor::kRequired;
  // The notice of use, which everybody accepts each time they sign in (CJIS Security Policy AC-8); empty: none.
  std::string banner;
  std::int64_t idle_days = kIdleDays;

  friend bool operator==(const SignInRules&, const SignInRules&) = default;
};

Result<SignInRules> sign_in_rules(db::Transaction& tx, const AgencyId& agency);
Result<void> set_sign_in_rules(db::Transaction& tx, const AgencyId& agency, const SignInRules& rules);

// What is changed, as an event says it (rule.changed, in the chain of the server's console): of the notice, the SHA-256 of its words.
std::vector<ledger::Draft> rule_changes(const SubjectId& console, const SignInRules& old, const SignInRules& rules);

std::string_view second_factor_name(SecondFactor rule);

}  // namespace lapel::signin
