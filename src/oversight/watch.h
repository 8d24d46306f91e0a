// SPDX-License-Identifier: Apache-2.0
#pragma once
// Follows the ledger: who looked at what, and an alert where somebody browses.
//
// Owns: the tables watch_marks and watched_acts, the making of alerts, and the event alert.raised in its reader's chain.
// Promises: each look is judged once, in the ledger's order, whichever server does it and however often one is killed: the mark
//   moves in the transaction that keeps what was judged, and an alert's row and event are sealed with it. A burst has one
//   alert.
// Fails with: what the ledger and the database fail with; the next turn begins where this one stood.
// Threads: any; calls block.

#include <functional>

#include "audit/acts.h"
#include "base/clock.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "oversight/bursts.h"
#include "roster/roster.h"

namespace lapel::oversight {

inline constexpr std::int64_t kActsAtOnce = 500;
// A mark that nothing was found behind is written down after so many leaves.
inline constexpr std::int64_t kMarkLeaves = 1'000;

class Watch {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
  };
  explicit Watch(Parts parts) : parts_(parts) {}

  // Up to the newest leaf. How many alerts were raised.
  Result<std::size_t> follow(const roster::Agency& agency);

 private:
  struct Page;
  struct Raised;
  Result<Page> read_page(const AgencyId& agency);
  Result<std::vector<Look>> looks_of(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                                     const std::vector<audit::Act>& acts);
  Result<void> keep(db::Transaction& tx, const AgencyId& agency, const Page& page);
  const Parts parts_;
};

}  // namespace lapel::oversight
