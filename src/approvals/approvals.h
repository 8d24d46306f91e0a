// SPDX-License-Identifier: Apache-2.0
#pragma once
// What takes two people: one proposes, another decides.
//
// Owns: the events proposal.made, proposal.approved, proposal.refused, proposal.withdrawn and proposal.denied, in the chain of what
//   they are about; the table is roster's, the effects are evidence's.
// Promises: one person never fills both sides, by whatever session. What is approved happens in the transaction that seals the
//   approval: both people must be allowed to do their half at that moment, and the item must be as it was proposed about.
//   Whoever may decide sees the proposal, and by it nothing else. What a rule refuses somebody who may know of the item is sealed
//   before it is answered. That the factor of who proposes or decides is fresh is for
//   the caller to have asked (signin::Sessions::fresh_asker).
// Fails with: kInvalid, kNotFound, problems::kRule, problems::kTwoPeople, kConflict (open already, decided, expired, changed).
// Threads: any; calls block.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/paging.h"
#include "db/db.h"
#include "evidence/holds.h"
#include "ledger/ledgers.h"
#include "roster/proposals.h"

namespace lapel::approvals {

struct Proposed {
  roster::Proposal proposal;
  evidence::Target target;
  std::string proposer, decider;  // as people are called today; the decider empty while there is none
  bool may_decide = false;        // the asker, as things stand
};

class Approvals {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    evidence::Holds& holds;
  };
  explicit Approvals(Parts parts) : parts_(parts) {}

  // `item`: the id of a hold, or of a restricted recording.
  Result<Proposed> propose(const access::Actor& actor, roster::TwoPersonAct act, const std::string& item,
                           const std::string& reason);
  // Those that the actor may know of, the newest first.
  Result<Page<Proposed>> list(const access::Actor& actor, const std::optional<roster::ProposalState>& state,
                              const PageQuery& query);
  Result<Proposed> show(const access::Actor& actor, const ProposalId& id);
  Result<Proposed> decide(const access::Actor& actor, const ProposalId& id, roster::ProposalState outcome,
                          const std::string& reason);

 private:
  Result<void> deny(const access::Actor& actor, const evidence::Target& target, Json::Object fields) const;
  Result<Proposed> read(db::Transaction& tx, const access::Actor& actor, roster::Proposal proposal) const;
  Result<void> carry_out(db::Transaction& tx, const PersonId& decider, const Proposed& decided,
                         const roster::Outcome& outcome) const;
  const Parts parts_;
};

}  // namespace lapel::approvals
