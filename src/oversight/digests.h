// SPDX-License-Identifier: Apache-2.0
#pragma once
// What people looked at in a week, for whoever answers for them, to be read and signed.
//
// Owns: the tables digests and digest_weeks, and the events digest.made and digest.signed in its reader's chain.
// Promises: each week that has ended, by the clock and by the newest event of the ledger, is made once for each reader, and
//   kept as it was made: its event has its SHA-256. Whoever was active in it, or looked at something, is in the digest of each
//   supervisor of a unit that they belonged to in that week; who belonged to none, in that of each supervisor without units;
//   and whoever is in no supervisor's, in that of command. A look whose time is of a week that was made before is in the next
//   one. Nobody reads or signs about themselves, nor is told whether something about them is left out. A digest names no
//   recording.
// Fails with: kNotFound, problems::kRule, kConflict (signed already), kInvalid.
// Threads: any; calls block.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "oversight/pages.h"
#include "oversight/weeks.h"
#include "roster/roster.h"

namespace lapel::oversight {

// Command is shown what nobody has signed this long after its week.
inline constexpr std::int64_t kOverdueUs = 7 * kDayUs;
// A server that was away makes up for so many weeks.
inline constexpr std::int64_t kWeeksBehindMax = 8;

// Break-glass at the server's own console, as the room that keeps it tells it.
struct ConsoleAct {
  Timestamp at;
  std::string event;
  PersonId person;
};
using ConsoleActs =
    std::function<Result<std::vector<ConsoleAct>>(db::Transaction&, const AgencyId&, Timestamp from, Timestamp to)>;

struct Digest {
  std::string id;
  PersonId reader;
  std::string reader_name;
  Timestamp from, to;
  std::optional<std::string> sha256;  // for whom it was made: to others it would tell whether something is left out
  std::optional<Timestamp> signed_at;
  std::string note;
  bool is_overdue = false;
  bool may_sign = false;  // the asker
};

class Digests {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    ConsoleActs console_acts;
  };
  explicit Digests(Parts parts) : parts_(std::move(parts)) {}

  // Those of every week that has ended and has none yet. How many were made.
  Result<std::size_t> make(const roster::Agency& agency);

  // What the actor has to sign, what others have, what is signed; of each the newest week first.
  Result<Page<Digest>> list(const access::Actor& actor, const PageQuery& query);
  struct Shown {
    Digest digest;
    Json
        content;  // as it was made, without what is about the asker: docs/operating/oversight.md says what stands in it
    std::vector<std::pair<std::string, std::string>> names;  // of the people in it, today
  };
  Result<Shown> show(const access::Actor& actor, const std::string& id);
  Result<Digest> sign(const access::Actor& actor, const std::string& id, const std::string& note);

 private:
  Result<void> make_week(const roster::Agency& agency, Timestamp from, std::size_t& made);
  Result<Page<Digest>> read(db::Transaction& tx, const access::Actor& actor, const std::optional<std::string>& id,
                            const PageQuery& query, std::vector<std::string>* contents);
  const Parts parts_;
};

}  // namespace lapel::oversight
