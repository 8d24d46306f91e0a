// SPDX-License-Identifier: Apache-2.0
#pragma once
// Alerts on unusual reading, for those who look after the reader.
//
// Owns: how alerts are read and settled, and the event alert.acknowledged in its reader's chain; Watch makes them.
// Promises: whoever an alert is about is told nothing of it, neither by a list nor by an answer to its id. Of the recordings
//   looked at, only those are named that the asker is shown anyway, and of a look at another nothing but that it was. It is
//   settled once, with a reason, by somebody else.
// Fails with: kNotFound, problems::kRule, kConflict (settled already), kInvalid.
// Threads: any; calls block.

#include <optional>
#include <string>
#include <vector>

#include "audit/acts.h"
#include "base/clock.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "oversight/bursts.h"
#include "oversight/pages.h"
#include "roster/roster.h"

namespace lapel::oversight {

inline constexpr std::int64_t kLooksShownMax = 200;

struct Alert {
  std::string id;
  PersonId person;
  std::string name;  // of the person, today
  Place from, until;
  Timestamp at;
  std::int64_t recordings = 0;
  struct Settled {
    Timestamp at;
    PersonId by;
    std::string name, reason;
  };
  std::optional<Settled> settled;
  bool may_settle = false;  // the asker
};
struct AlertLook {
  Timestamp at;
  std::string act;
  // Of a recording that the asker is shown; else that there was a look is told, and nothing of it.
  std::optional<std::string> tie, purpose, case_number;
  std::optional<RecordingId> recording;
};

class Alerts {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    evidence::Vault& vault;
    const Clock& clock;
  };
  explicit Alerts(Parts parts) : parts_(parts) {}

  // Those that nobody has settled first, then the newest.
  Result<Page<Alert>> list(const access::Actor& actor, const PageQuery& query);
  struct Shown {
    Alert alert;
    std::vector<AlertLook> looks;  // from its first to where it has gone on, at most kLooksShownMax
  };
  Result<Shown> show(const access::Actor& actor, const std::string& id);
  Result<Alert> settle(const access::Actor& actor, const std::string& id, const std::string& reason);

 private:
  Result<Alert> find(const access::Actor& actor, const std::string& id);
  Result<Page<Alert>> read(db::Transaction& tx, const access::Actor& actor, const std::optional<std::string>& id,
                           const PageQuery& query);
  const Parts parts_;
};

}  // namespace lapel::oversight
