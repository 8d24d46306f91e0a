// SPDX-License-Identifier: Apache-2.0
#pragma once
// Legal holds, and the effect of what two people have approved: a hold released, a restriction lifted.
//
// Owns: the events hold.placed and hold.released, in the recording's chain, or for an incident in that of the server's
//   console; the table is roster's.
// Promises: what an actor may not know of is kNotFound. An effect happens to the item as it was proposed about, or not at all,
//   in the transaction of its approval: the room that asks two people seals its own events beside the drafts of these.
// Fails with: kInvalid, kNotFound, problems::kRule, kConflict (released already, the item changed).
// Threads: any; calls block.

#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/paging.h"
#include "evidence/locks.h"
#include "evidence/vault.h"
#include "ledger/ledgers.h"
#include "roster/holds.h"
#include "roster/proposals.h"

namespace lapel::evidence {

struct HeldItem {
  roster::Hold hold;
  std::string placed_by;               // as they are called today
  std::int64_t covers = 0;             // recordings, today, where they were counted; none once it is released
  bool is_known = true;                // the asker may know of the one recording that it names
  std::optional<ProposalId> proposal;  // open, to release it
};

// What a proposal is about, as it is now and as one actor stands to it.
struct Target {
  SubjectId chain;  // where its events stand
  std::optional<RecordingId> recording;
  std::optional<HeldItem> held;  // of a release
  std::optional<access::Restriction> restriction;
  std::vector<File> files;          // that have a restriction of their own, of the recording that it is lifted from
  access::Item item;                // as access decides about it
  std::int64_t files_revision = 0;  // of the recording that a restriction is lifted from
};

class Holds {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit Holds(Parts parts) : parts_(parts) {}

  struct NewHold {
    std::string matter, reason;
    std::optional<RecordingId> recording;  // one of the two
    std::optional<std::string> incident;
  };
  Result<HeldItem> place(const access::Actor& actor, const NewHold& wanted);
  // Those that stand first, the newest of each first.
  Result<Page<HeldItem>> list(const access::Actor& actor, const PageQuery& query);

  // kNotFound for an item that there is not; whether the actor may know of it is told, not decided. What a hold covers is not counted.
  Result<Target> target(db::Transaction& tx, const access::Actor& actor, roster::TwoPersonAct act,
                        const std::string& item) const;
  // How many recordings it covers, of one that stands.
  static Result<void> count(db::Transaction& tx, HeldItem& held);
  // Whether one of them is this officer's.
  static Result<bool> covers_own(db::Transaction& tx, const HoldId& hold, const PersonId& person);
  // Another whenever what two people look at is another: which recordings a hold covers, any of a recording's files.
  static Result<std::int64_t> revision(db::Transaction& tx, const Target& target);
  static std::vector<ledger::Draft> effect(const Target& target, const roster::Proposal& proposal);
  static Result<void> carry_out(db::Transaction& tx, const Target& target, const roster::Proposal& proposal,
                                Timestamp at);

 private:
  Result<HeldItem> read_hold(db::Transaction& tx, const access::Actor& actor, const HoldId& id) const;
  Result<std::vector<HeldItem>> read_holds(db::Transaction& tx, const access::Actor& actor,
                                           const std::string& condition, const db::Params& params) const;
  const Parts parts_;
};

}  // namespace lapel::evidence
