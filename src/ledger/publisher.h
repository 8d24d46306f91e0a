// SPDX-License-Identifier: Apache-2.0
#pragma once
// What happens at a beat: scheduled statements, padding, and a new published size.
//
// Owns: the table ledger_published and the columns last_beat, scheduled_s and tallied_to_us of `ledgers`.
// Promises: the growth between two published sizes is floor·4^k, so that outsiders learn sizes at beats and nothing else.
//   A beat is published once, whoever is first; missed beats are not made up. Scheduled statements go together in one
//   batch, ten beats after a period of terms.heads_s begins, or at the first beat after that. A calendar month (UTC) that
//   has ended is tallied once: its events by type, as the leaves before the tally's own have them.
// Fails with: what Log fails with; kConflict when the ledger kept growing under it.
// Threads: one at a time.

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "db/db.h"
#include "ledger/ledger.h"
#include "ledger/log.h"

namespace lapel::ledger {

class Publisher {
 public:
  struct Parts {
    std::string agency;  // its id, as the catalog has it
    Terms terms;
    ByteArray<32> pad_key;
    Log& log;
    db::Database& database;
    const Clock& clock;
  };
  explicit Publisher(Parts parts) : parts_(std::move(parts)) {}

  // The newest beat that has begun, in seconds since 1970.
  std::int64_t beat() const { return parts_.clock.now().seconds() / parts_.terms.beat_s * parts_.terms.beat_s; }
  Result<void> publish(std::int64_t beat);

 private:
  // What is due at a beat, and how the rows stand once it is sealed.
  struct Schedule {
    std::vector<std::string> entries;
    std::int64_t scheduled_s = 0;
    std::int64_t tallied_to_us = 0;
  };
  Result<std::optional<Schedule>> due(db::Transaction& tx, std::int64_t beat) const;
  Result<std::string> tally(db::Transaction& tx, Timestamp from, Timestamp to) const;
  std::uint64_t padded_size(std::uint64_t published, std::uint64_t size) const;
  Result<void> write_schedule(db::Transaction& tx, const Schedule& schedule) const;
  Result<void> write_publication(db::Transaction& tx, std::int64_t beat, const Edge& after) const;

  const Parts parts_;
};

// The start of the calendar month (UTC) that holds `time`, and of the one after.
Timestamp month_start(Timestamp time);
Timestamp next_month_start(Timestamp time);

}  // namespace lapel::ledger
