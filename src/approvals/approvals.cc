// SPDX-License-Identifier: Apache-2.0
#include "approvals/approvals.h"

#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "roster/roster.h"

namespace lapel::approvals {
namespace {

using access::Action;
using roster::ProposalState;
using roster::TwoPersonAct;

Result<void> require(const access::Actor& actor, Action action) {
  access::Item item;
  item.agency = actor.agency;
  return access::require(access::decide(actor, action, item), "page");
}

Result<void> check_reason(const std::string& text) {
  if (!text.empty() && text.size() <= limits::kFieldBytesMax && !has_control_characters(text)) return {};
  return fail(Code::kInvalid,
              fmt::format("A reason must have 1 to {} bytes without control characters", limits::kFieldBytesMax));
}

bool is_undone(const evidence::Target& target) {
  return target.held ? !target.held->hold.released_at : target.restriction.has_value();
}

// Whoever may decide it sees it, though nothing of what it is about; others who may know of that see it too.
bool may_see(const access::Actor& actor, const roster::Proposal& proposal, const evidence::Target& target) {
  access::Item item = target.item;
  item.is_proposed_by_actor = false;
  const access::Decision decision = access::decide(actor, deciding(proposal.act), item);
  return decision.is_allowed() || proposal.proposer == actor.person ||
         (decision.may_know() && (!target.held || target.held->is_known));
}

}  // namespace

Result<Proposed> Approvals::propose(const access::Actor& actor, TwoPersonAct act, const std::string& item,
                                    const std::string& reason) {
  // Of a hold, whoever may end none learns of none; of a recording, its own rules say who may know.
  if (act == TwoPersonAct::kHoldRelease) TRY(require(actor, proposing(act)));
  TRY(check_reason(reason));
  roster::Proposal made;
  made.id = crypto::new_id<ProposalId>();
  made.agency = actor.agency;
  made.act = act;
  made.item = item;
  made.reason = reason;
  made.proposer = actor.person;
  made.expires_at = {(parts_.clock.now().us + roster::kProposalLifeUs) / 10'000 * 10'000};  // as the ledger tells it
  evidence::Target target;
  const auto look = [&](db::Transaction& tx) -> Result<access::Decision> {
    target = TRY(parts_.holds.target(tx, actor, act, item));
    if (target.held && !target.held->is_known) return fail(Code::kNotFound, "No such hold", item);
    access::Decision decision = access::decide(actor, proposing(act), target.item);
    if (!decision.is_allowed() || is_undone(target)) return decision;
    return fail(Code::kConflict,
                target.held ? "This hold has been released already" : "This recording is not restricted", item);
  };
  access::Decision decision;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    decision = TRY(look(tx));
    if (decision.is_allowed()) made.revision = TRY(evidence::Holds::revision(tx, target));
    return {};
  }));
  const std::string_view noun = target.held ? "hold" : "recording";
  if (decision.answer == access::Answer::kRefuse) {
    TRY(deny(actor, target,
             {{"action", access::action_name(proposing(act))},
              {"what", two_person_act_name(act)},
              {"item", item},
              {"rule", decision.rule}}));
  }
  TRY(access::require(decision, noun, item));
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back({target.chain,
                               "proposal.made",
                               {{"proposal", made.id.text()},
                                {"what", two_person_act_name(act)},
                                {"item", item},
                                {"revision", made.revision},
                                {"reason", reason},
                                {"expires", ledger_time(made.expires_at)}},
                               false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
    TRY(access::require(TRY(look(tx)), noun, item));
    if (TRY(evidence::Holds::revision(tx, target)) != made.revision)
      return fail(Code::kConflict, "What this is about was changed meanwhile: look at it again", item);
    made.proposed_at = sealed[0].at;
    return roster::add_proposal(tx, made);
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return show(actor, made.id);
}

// As a view that is refused by a rule: that it was wanted is on record. What somebody may not know of is for the trace.
Result<void> Approvals::deny(const access::Actor& actor, const evidence::Target& target, Json::Object fields) const {
  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back({target.chain, "proposal.denied", std::move(fields), false});
  return parts_.ledgers.seal_refusal(actor.agency, std::move(submission));
}

Result<Proposed> Approvals::read(db::Transaction& tx, const access::Actor& actor, roster::Proposal proposal) const {
  const auto unknown = [id = proposal.id] { return fail(Code::kNotFound, "No such proposal", id.text()); };
  Proposed out;
  out.proposal = std::move(proposal);
  auto target = parts_.holds.target(tx, actor, out.proposal.act, out.proposal.item);
  if (!target && target.error().code() == Code::kNotFound) return unknown();
  out.target = TRY(std::move(target));
  if (!may_see(actor, out.proposal, out.target)) return unknown();
  if (out.target.held) TRY(evidence::Holds::count(tx, *out.target.held));
  out.target.item.is_proposed_by_actor = out.proposal.proposer == actor.person;
  out.may_decide = out.proposal.state == ProposalState::kOpen &&
                   access::decide(actor, deciding(out.proposal.act), out.target.item).is_allowed();
  out.proposer = TRY(roster::name_of(tx, actor.agency, out.proposal.proposer)).value_or("");
  if (out.proposal.decider) {
    out.decider = TRY(roster::name_of(tx, actor.agency, *out.proposal.decider)).value_or("");
  }
  return out;
}

Result<Page<Proposed>> Approvals::list(const access::Actor& actor, const std::optional<ProposalState>& state,
                                       const PageQuery& query) {
  TRY(require(actor, Action::kSeeProposals));
  const Timestamp now = parts_.clock.now();
  Page<Proposed> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.items.clear();
    out.next = TRY(fill_page<roster::Proposal>(
        query,
        [&](const std::optional<ListPlace>& after) { return roster::proposals(tx, actor.agency, state, now, after); },
        [](const roster::Proposal& each) { return roster::place_of(each); },
        [&](roster::Proposal each, bool is_full) -> Result<bool> {
          auto proposed = read(tx, actor, std::move(each));
          if (!proposed && proposed.error().code() == Code::kNotFound) return false;
          if (!proposed) return fail(std::move(proposed).error());
          if (!is_full) out.items.push_back(*std::move(proposed));
          return true;
        }));
    return {};
  }));
  return out;
}

Result<Proposed> Approvals::show(const access::Actor& actor, const ProposalId& id) {
  TRY(require(actor, Action::kSeeProposals));
  std::optional<Proposed> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(read(tx, actor, TRY(roster::proposal(tx, actor.agency, id, parts_.clock.now()))));
    return {};
  }));
  return *std::move(out);
}

Result<Proposed> Approvals::decide(const access::Actor& actor, const ProposalId& id, ProposalState outcome,
                                   const std::string& reason) {
  const Proposed decided = TRY(show(actor, id));
  TRY(check_reason(reason));
  const bool is_withdrawn = outcome == ProposalState::kWithdrawn;
  // A credential that may propose nothing takes no proposal back either.
  const Action action = is_withdrawn ? proposing(decided.proposal.act) : deciding(decided.proposal.act);
  const bool is_one = (decided.proposal.proposer == actor.person) != is_withdrawn;
  const auto decision = is_one
                            ? access::Decision{access::Answer::kRefuse,
                                               is_withdrawn ? "two people: a proposal is withdrawn by whoever made it"
                                                            : "two people: nobody decides what they have proposed"}
                            : access::decide(actor, action, decided.target.item);
  if (decision.answer == access::Answer::kRefuse) {
    TRY(deny(actor, decided.target,
             {{"action", access::action_name(action)},
              {"proposal", id.text()},
              {"reason", reason},
              {"rule", decision.rule}}));
  }
  if (is_one) return fail(problems::kTwoPeople, std::string(decision.rule));
  TRY(access::require(decision, "proposal", id.text()));

  ledger::Submission submission;
  submission.actor = actor.subject();
  submission.events.push_back({decided.target.chain,
                               fmt::format("proposal.{}", proposal_state_name(outcome)),
                               {{"proposal", id.text()}, {"reason", reason}},
                               false});
  const bool is_approved = outcome == ProposalState::kApproved;
  if (is_approved) {
    for (ledger::Draft& draft : evidence::Holds::effect(decided.target, decided.proposal))
      submission.events.push_back(std::move(draft));
  }
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
    const roster::Outcome done{outcome, actor.person, sealed[0].at, reason};
    // First, so that whoever comes second hears of the first.
    TRY(roster::decide_proposal(tx, id, done));
    return is_approved ? carry_out(tx, actor.person, decided, done) : Result<void>();
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return show(actor, id);
}

// In the transaction of the approval. Roles and clearances may have gone since either of them was asked.
Result<void> Approvals::carry_out(db::Transaction& tx, const PersonId& decider, const Proposed& decided,
                                  const roster::Outcome& outcome) const {
  const roster::Proposal& proposal = decided.proposal;
  bool is_compared = false;
  const auto standing = [&](const PersonId& person, Action action) -> Result<access::Decision> {
    const auto actor = roster::actor(tx, person);
    if (!actor) return access::Decision{access::Answer::kRefuse, "deactivated"};
    const evidence::Target now = TRY(parts_.holds.target(tx, *actor, proposal.act, proposal.item));
    // Whoever looks, it is the same.
    if (!is_compared && TRY(evidence::Holds::revision(tx, now)) != proposal.revision) {
      return fail(Code::kConflict,
                  now.held
                      ? "The hold covers other recordings than when its release was proposed: it takes another proposal"
                      : "The recording was changed since this was proposed: it takes another proposal",
                  proposal.item);
    }
    is_compared = true;
    return access::decide(*actor, action, now.item);
  };
  TRY(access::require(TRY(standing(decider, deciding(proposal.act))), "proposal", proposal.id.text()));
  const access::Decision proposed = TRY(standing(proposal.proposer, proposing(proposal.act)));
  if (!proposed.is_allowed()) {
    return fail(Code::kConflict,
                fmt::format("Whoever proposed this may no longer do so ({}): it takes another proposal", proposed.rule),
                proposal.id.text());
  }
  return evidence::Holds::carry_out(tx, decided.target, proposal, outcome.at);
}

}  // namespace lapel::approvals
