// SPDX-License-Identifier: Apache-2.0
#include "roster/proposals.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"

namespace lapel::roster {
namespace {

struct ActRow {
  TwoPersonAct act;
  std::string_view name;
  access::Action proposing, deciding;
};
constexpr std::array<ActRow, 2> kActs = {{
    {TwoPersonAct::kHoldRelease, "hold_release", access::Action::kProposeHoldRelease,
     access::Action::kDecideHoldRelease},
    {TwoPersonAct::kLiftRestriction, "lift_restriction", access::Action::kRestrict, access::Action::kLiftRestriction},
}};

const ActRow& row_of(TwoPersonAct act) {
  for (const ActRow& row : kActs) {
    if (row.act == act) return row;
  }
  CHECK(false);
}

constexpr std::array<std::pair<ProposalState, std::string_view>, 5> kStates = {{
    {ProposalState::kOpen, "open"},
    {ProposalState::kApproved, "approved"},
    {ProposalState::kRefused, "refused"},
    {ProposalState::kWithdrawn, "withdrawn"},
    {ProposalState::kExpired, "expired"},
}};

// holds: released_us and released_by are of the approved proposal, both or neither.
// proposals: an open one whose expires_us has come counts as expired; no row says so.
constexpr db::Migration kSteps[] = {
    {1, "holds and proposals", R"sql(
CREATE TABLE proposals (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  act TEXT NOT NULL CHECK (act IN ('hold_release', 'lift_restriction')),
  item TEXT NOT NULL,
  revision BIGINT NOT NULL,
  reason TEXT NOT NULL,
  proposer TEXT NOT NULL REFERENCES people (id),
  proposed_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused', 'withdrawn')),
  decider TEXT REFERENCES people (id),
  decided_us BIGINT,
  decision_reason TEXT,
  CHECK ((state = 'open' AND decider IS NULL AND decided_us IS NULL) OR
    (state <> 'open' AND decider IS NOT NULL AND decided_us IS NOT NULL)),
  CHECK ((state = 'withdrawn' AND decider = proposer) OR (state IN ('approved', 'refused') AND decider <> proposer) OR
    state = 'open')
);
CREATE INDEX proposals_by_time ON proposals (agency, proposed_us, id);
CREATE INDEX proposals_by_item ON proposals (item, act);
CREATE TABLE holds (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  matter TEXT NOT NULL,
  reason TEXT NOT NULL,
  recording TEXT REFERENCES recordings (id),
  incident TEXT,
  placed_by TEXT NOT NULL REFERENCES people (id),
  placed_us BIGINT NOT NULL,
  released_us BIGINT,
  released_by TEXT REFERENCES proposals (id),
  CHECK ((recording IS NULL AND incident IS NOT NULL) OR (recording IS NOT NULL AND incident IS NULL)),
  CHECK ((released_us IS NULL AND released_by IS NULL) OR (released_us IS NOT NULL AND released_by IS NOT NULL))
);
CREATE INDEX holds_by_recording ON holds (agency, recording);
CREATE INDEX holds_by_incident ON holds (agency, incident);
CREATE INDEX holds_by_time ON holds (agency, placed_us, id);
)sql"},
};

constexpr std::string_view kColumns =
    "id, agency, act, item, revision, reason, proposer, proposed_us, expires_us, state, decider, decided_us, "
    "decision_reason";

Result<Proposal> read_proposal(const db::Row& row, Timestamp now) {
  const auto id = ProposalId::parse(row.text("id"));
  const auto agency = AgencyId::parse(row.text("agency"));
  const auto act = parse_two_person_act(row.text("act"));
  const auto proposer = PersonId::parse(row.text("proposer"));
  auto state = parse_proposal_state(row.text("state"));
  const auto decider = row.maybe_text("decider");
  const auto decider_id = decider ? PersonId::parse(*decider) : std::nullopt;
  if (!id || !agency || !act || !proposer || !state || decider.has_value() != decider_id.has_value()) {
    return fail(Code::kCorrupt, "A proposal in the catalog is damaged", row.text("id"));
  }
  const Timestamp expires_at{row.integer("expires_us")};
  if (*state == ProposalState::kOpen && now >= expires_at) state = ProposalState::kExpired;
  const auto decided = row.maybe_integer("decided_us");
  return Proposal{*id,
                  *agency,
                  *act,
                  row.text("item"),
                  row.integer("revision"),
                  row.text("reason"),
                  *proposer,
                  Timestamp{row.integer("proposed_us")},
                  expires_at,
                  *state,
                  decider_id,
                  decided ? std::optional(Timestamp{*decided}) : std::nullopt,
                  row.maybe_text("decision_reason").value_or("")};
}

}  // namespace

std::string_view two_person_act_name(TwoPersonAct act) {
  return row_of(act).name;
}
std::optional<TwoPersonAct> parse_two_person_act(std::string_view name) {
  for (const ActRow& row : kActs) {
    if (row.name == name) return row.act;
  }
  return std::nullopt;
}
access::Action proposing(TwoPersonAct act) {
  return row_of(act).proposing;
}
access::Action deciding(TwoPersonAct act) {
  return row_of(act).deciding;
}

std::string_view proposal_state_name(ProposalState state) {
  for (const auto& [known, name] : kStates) {
    if (known == state) return name;
  }
  CHECK(false);
}
std::optional<ProposalState> parse_proposal_state(std::string_view name) {
  for (const auto& [state, known] : kStates) {
    if (known == name) return state;
  }
  return std::nullopt;
}
std::string all_proposal_state_names() {
  std::string out;
  for (const auto& [state, name] : kStates) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

Result<void> add_proposal(db::Transaction& tx, const Proposal& proposal) {
  const db::Rows open =
      TRY(tx.query("SELECT id FROM proposals WHERE item = :item AND act = :act AND agency = :agency AND state = 'open' "
                   "AND expires_us > :now LIMIT 1",
                   {{"item", proposal.item},
                    {"act", two_person_act_name(proposal.act)},
                    {"agency", proposal.agency.text()},
                    {"now", proposal.proposed_at.us}}));
  if (!open.empty()) {
    return fail(Code::kConflict, "This has been proposed already, and waits to be decided", open[0].text("id"));
  }
  TRY(tx.run(
      "INSERT INTO proposals (id, agency, act, item, revision, reason, proposer, proposed_us, expires_us, state) "
      "VALUES (:id, :agency, :act, :item, :revision, :reason, :proposer, :proposed, :expires, 'open')",
      {{"id", proposal.id.text()},
       {"agency", proposal.agency.text()},
       {"act", two_person_act_name(proposal.act)},
       {"item", proposal.item},
       {"revision", proposal.revision},
       {"reason", proposal.reason},
       {"proposer", proposal.proposer.text()},
       {"proposed", proposal.proposed_at.us},
       {"expires", proposal.expires_at.us}}));
  return {};
}

Result<Proposal> proposal(db::Transaction& tx, const AgencyId& agency, const ProposalId& id, Timestamp now) {
  const db::Rows rows =
      TRY(tx.query(fmt::format("SELECT {} FROM proposals WHERE id = :id AND agency = :agency", kColumns),
                   {{"id", id.text()}, {"agency", agency.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "No such proposal", id.text());
  return read_proposal(rows[0], now);
}

Result<std::vector<Proposal>> proposals(db::Transaction& tx, const AgencyId& agency,
                                        const std::optional<ProposalState>& state, Timestamp now,
                                        const std::optional<ListPlace>& after) {
  std::string sql = fmt::format("SELECT {} FROM proposals WHERE agency = :agency", kColumns);
  db::Params params = {{"agency", agency.text()}, {"limit", limits::kPageItemsMax}};
  if (state) {
    const bool is_expired = *state == ProposalState::kExpired;
    sql += " AND state = :state";
    params.emplace_back("state", proposal_state_name(is_expired ? ProposalState::kOpen : *state));
    if (is_expired || *state == ProposalState::kOpen) {
      sql += is_expired ? " AND expires_us <= :now" : " AND expires_us > :now";
      params.emplace_back("now", now.us);
    }
  }
  if (after) {
    sql += " AND (proposed_us < :after_us OR (proposed_us = :after_us AND id > :after_id))";
    params.emplace_back("after_us", after->us);
    params.emplace_back("after_id", after->id);
  }
  std::vector<Proposal> out;
  for (const db::Row& row : TRY(tx.query(sql + " ORDER BY proposed_us DESC, id LIMIT :limit", params))) {
    out.push_back(TRY(read_proposal(row, now)));
  }
  return out;
}

ListPlace place_of(const Proposal& proposal) {
  return {0, proposal.proposed_at.us, proposal.id.text()};
}

Result<void> decide_proposal(db::Transaction& tx, const ProposalId& id, const Outcome& outcome) {
  CHECK(outcome.state != ProposalState::kOpen && outcome.state != ProposalState::kExpired);
  const bool is_withdrawn = outcome.state == ProposalState::kWithdrawn;
  // Whoever is second finds it no longer open.
  const std::int64_t changed = TRY(tx.run(
      fmt::format("UPDATE proposals SET state = :state, decider = :decider, decided_us = :now, decision_reason = "
                  ":reason WHERE id = :id AND state = 'open' AND expires_us > :now AND proposer {} :decider",
                  is_withdrawn ? "=" : "<>"),
      {{"state", proposal_state_name(outcome.state)},
       {"decider", outcome.decider.text()},
       {"now", outcome.at.us},
       {"reason", outcome.reason},
       {"id", id.text()}}));
  if (changed == 1) return {};
  const db::Rows rows =
      TRY(tx.query("SELECT proposer, state, expires_us FROM proposals WHERE id = :id", {{"id", id.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "No such proposal", id.text());
  if ((rows[0].text("proposer") == outcome.decider.text()) != is_withdrawn) {
    return fail(problems::kTwoPeople, is_withdrawn ? "A proposal is withdrawn by whoever made it"
                                                   : "two people: nobody decides what they have proposed");
  }
  if (rows[0].text("state") == "open") return fail(Code::kConflict, "This proposal has expired", id.text());
  return fail(Code::kConflict, fmt::format("This proposal is {} already", rows[0].text("state")), id.text());
}

std::span<const db::Migration> holds_schema() {
  return kSteps;
}

}  // namespace lapel::roster
