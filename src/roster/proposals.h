// SPDX-License-Identifier: Apache-2.0
#pragma once
// What takes two people: proposed by one, decided by another.
//
// Owns: the table proposals.
// Promises: a proposal is decided once, whoever is at it at the same moment, and by somebody else than who made it; one
//   that nobody decides expires kProposalLifeUs after it was made. Of one item there is one open proposal to do one thing.
//   These rows are written inside the sequencer's transaction, beside the events that say the same.
// Fails with: kConflict (open already, decided, expired), problems::kTwoPeople, kNotFound, kCorrupt.
// Threads: any; each call runs in the caller's transaction.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/paging.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::roster {

// What is proposed. Disposition, redaction, keys and shorter retentions join these with their rooms.
enum class TwoPersonAct {
  kHoldRelease,      // item: a hold's id
  kLiftRestriction,  // item: a recording's id
};
std::string_view two_person_act_name(TwoPersonAct act);
std::optional<TwoPersonAct> parse_two_person_act(std::string_view name);
// What somebody must be allowed to do in order to propose it, and to decide it.
access::Action proposing(TwoPersonAct act);
access::Action deciding(TwoPersonAct act);

enum class ProposalState { kOpen, kApproved, kRefused, kWithdrawn, kExpired };
std::string_view proposal_state_name(ProposalState state);
std::optional<ProposalState> parse_proposal_state(std::string_view name);
std::string all_proposal_state_names();

// Nobody decides in a hurry, and what nobody decides is nobody's wish any more.
inline constexpr std::int64_t kProposalLifeUs = 30LL * 86'400 * 1'000'000;

struct Proposal {
  ProposalId id;
  AgencyId agency;
  TwoPersonAct act = TwoPersonAct::kHoldRelease;
  std::string item;
  std::int64_t revision = 0;  // of the item as it was proposed about: it is decided about that and no other
  std::string reason;
  PersonId proposer;
  Timestamp proposed_at, expires_at;
  ProposalState state = ProposalState::kOpen;  // as of the time it was asked for
  std::optional<PersonId> decider;             // who withdrew it is its proposer
  std::optional<Timestamp> decided_at;
  std::string decision_reason;
};

Result<void> add_proposal(db::Transaction& tx, const Proposal& proposal);
Result<Proposal> proposal(db::Transaction& tx, const AgencyId& agency, const ProposalId& id, Timestamp now);
// The newest first; those after a place, at most limits::kPageItemsMax.
Result<std::vector<Proposal>> proposals(db::Transaction& tx, const AgencyId& agency,
                                        const std::optional<ProposalState>& state, Timestamp now,
                                        const std::optional<ListPlace>& after);
ListPlace place_of(const Proposal& proposal);

struct Outcome {
  ProposalState state = ProposalState::kApproved;
  PersonId decider;
  Timestamp at;
  std::string reason;
};
Result<void> decide_proposal(db::Transaction& tx, const ProposalId& id, const Outcome& outcome);

// The steps of this table and of those of holds.h, which come after the tables that they name.
std::span<const db::Migration> holds_schema();

}  // namespace lapel::roster
