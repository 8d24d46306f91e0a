// SPDX-License-Identifier: Apache-2.0
#include "approvals/routes.h"

#include <functional>
#include <utility>

#include <fmt/format.h>

#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"

namespace lapel::approvals {
namespace {

using http::answer;
using http::id_or_null;
using http::id_param;
using http::or_null;
using http::Request;
using http::Response;
using http::text_or_null;
using http::time_or_null;

Json::Object to_members(const evidence::HeldItem& held) {
  return {{"id", held.hold.id.text()},
          {"matter", held.hold.matter},
          {"reason", held.hold.reason},
          {"recording", id_or_null(held.hold.recording)},
          {"incident", or_null(held.hold.incident)},
          {"covers", held.covers},
          {"placed_by", held.hold.placed_by.text()},
          {"placed_by_name", held.placed_by},
          {"placed_at", ledger_time(held.hold.placed_at)},
          {"released_at", time_or_null(held.hold.released_at)},
          {"proposal", id_or_null(held.proposal)}};
}

// In words, for whoever sees nothing else.
std::string text_of(const Proposed& proposed) {
  const evidence::Target& target = proposed.target;
  if (!target.held) {
    return fmt::format("Lift the restriction{} of recording {}",
                       target.restriction ? fmt::format(" ({})", access::restriction_name(*target.restriction)) : "",
                       proposed.proposal.item);
  }
  const roster::Hold& hold = target.held->hold;
  return hold.recording ? fmt::format("Release the hold for {} on recording {}", hold.matter, hold.recording->text())
                        : fmt::format("Release the hold for {} on everything of incident {}", hold.matter,
                                      hold.incident.value_or(""));
}

Json::Object to_members(const Proposed& proposed) {
  const roster::Proposal& proposal = proposed.proposal;
  const std::optional<evidence::HeldItem>& held = proposed.target.held;
  return {{"id", proposal.id.text()},
          {"act", two_person_act_name(proposal.act)},
          {"text", text_of(proposed)},
          {"hold", held ? Json(proposal.item) : Json()},
          {"matter", held ? Json(held->hold.matter) : Json()},
          {"recording", id_or_null(proposed.target.recording)},
          {"incident", held ? or_null(held->hold.incident) : Json()},
          {"covers", held && !held->hold.released_at ? Json(held->covers) : Json()},
          {"reason", proposal.reason},
          {"proposer", proposal.proposer.text()},
          {"proposer_name", proposed.proposer},
          {"proposed_at", ledger_time(proposal.proposed_at)},
          {"expires_at", ledger_time(proposal.expires_at)},
          {"state", proposal_state_name(proposal.state)},
          {"decider", id_or_null(proposal.decider)},
          {"decider_name", text_or_null(proposed.decider)},
          {"decided_at", time_or_null(proposal.decided_at)},
          {"decision_reason", text_or_null(proposal.decision_reason)},
          {"may_decide", proposed.may_decide},
          {"is_own", proposed.target.item.is_proposed_by_actor}};
}

template <typename T>
Response page_of(const Page<T>& page) {
  return http::page_of(page, [](const T& item) { return to_members(item); });
}

Result<Response> place(const Request& request, const Room& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  evidence::Holds::NewHold wanted;
  wanted.matter = TRY(http::required_text(body, "matter"));
  wanted.reason = TRY(http::required_text(body, "reason"));
  wanted.incident = TRY(http::text_member(body, "incident"));
  if (const auto text = TRY(http::text_member(body, "recording"))) {
    wanted.recording = RecordingId::parse(*text);
    if (!wanted.recording) return fail(Code::kInvalid, "\"recording\" must be a recording's id");
  }
  return answer(201, to_members(TRY(room.holds.place(actor, wanted))));
}

Result<Response> holds(const Request& request, const Room& room, const access::Actor& actor) {
  return page_of(TRY(room.holds.list(actor, TRY(http::page_query(request)))));
}

Result<Response> propose(const Request& request, const Room& room, const access::Actor& actor,
                         roster::TwoPersonAct act) {
  const Json body = TRY(http::json_body(request));
  return answer(
      201,
      to_members(TRY(room.approvals.propose(actor, act, id_param(request), TRY(http::required_text(body, "reason"))))));
}

Result<Response> proposals(const Request& request, const Room& room, const access::Actor& actor) {
  std::optional<roster::ProposalState> state;
  for (const auto& [name, text] : request.query) {
    if (name != "state") continue;
    state = roster::parse_proposal_state(text);
    if (!state) return fail(Code::kInvalid, "\"state\" must be one of " + roster::all_proposal_state_names());
  }
  return page_of(TRY(room.approvals.list(actor, state, TRY(http::page_query(request)))));
}

Result<ProposalId> proposal_id(const Request& request) {
  return id_param<ProposalId>(request, "proposal");
}

Result<Response> proposal(const Request& request, const Room& room, const access::Actor& actor) {
  return answer(200, to_members(TRY(room.approvals.show(actor, TRY(proposal_id(request))))));
}

Result<Response> decide(const Request& request, const Room& room, const access::Actor& actor,
                        roster::ProposalState outcome) {
  const Json body = TRY(http::json_body(request));
  return answer(200, to_members(TRY(room.approvals.decide(actor, TRY(proposal_id(request)), outcome,
                                                          TRY(http::required_text(body, "reason"))))));
}

}  // namespace

void register_routes(http::Router& router, const Room& room) {
  const auto add = roster::asked_routes(router, room.asker, room);
  const auto add_fresh = roster::asked_routes(router, room.fresh, room);
  const auto proposing = [](roster::TwoPersonAct act) {
    return [act](const Request& request, const Room& in, const access::Actor& actor) {
      return propose(request, in, actor, act);
    };
  };
  const auto deciding = [](roster::ProposalState outcome) {
    return [outcome](const Request& request, const Room& in, const access::Actor& actor) {
      return decide(request, in, actor, outcome);
    };
  };
  add("POST", "/api/v1/holds", place);
  add("GET", "/api/v1/holds", holds);
  add_fresh("POST", "/api/v1/holds/{id}/release", proposing(roster::TwoPersonAct::kHoldRelease));
  add_fresh("POST", "/api/v1/recordings/{id}/unrestrict", proposing(roster::TwoPersonAct::kLiftRestriction));
  add("GET", "/api/v1/proposals", proposals);
  add("GET", "/api/v1/proposals/{id}", proposal);
  add_fresh("POST", "/api/v1/proposals/{id}/approve", deciding(roster::ProposalState::kApproved));
  add_fresh("POST", "/api/v1/proposals/{id}/refuse", deciding(roster::ProposalState::kRefused));
  add("POST", "/api/v1/proposals/{id}/withdraw", deciding(roster::ProposalState::kWithdrawn));
}

}  // namespace lapel::approvals
