// SPDX-License-Identifier: Apache-2.0
#include "approvals/routes.h"

#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "http/json_body.h"
#include "http/page_query.h"

namespace lapel::approvals {
namespace {

using http::Request;
using http::Response;

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
template <typename AnyId>
Json id_or_null(const std::optional<AnyId>& id) {
  return id ? Json(id->text()) : Json();
}
Json time_or_null(const std::optional<Timestamp>& time) {
  return time ? Json(ledger_time(*time)) : Json();
}
Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Response answer(int status, Json::Object fields) {
  return Response::json(status, to_json(Json(std::move(fields)))).with("Cache-Control", "no-store");
}
std::string id_param(const Request& request) {
  const auto it = request.params.find("id");
  CHECK(it != request.params.end());
  return it->second;
}

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
          {"covers", held ? Json(held->covers) : Json()},
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
  Json::Array out;
  for (const T& item : page.items) out.emplace_back(to_members(item));
  return answer(200, http::page_members(std::move(out), page.next));
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
  const auto id = ProposalId::parse(id_param(request));
  if (!id) return fail(Code::kNotFound, "No such proposal", id_param(request));
  return *id;
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
  const auto add = [&](std::string_view method, std::string_view pattern, const roster::Asker& asker, auto handler) {
    router.add(method, pattern, [room, asker, handler](const Request& request) -> Result<Response> {
      return handler(request, room, TRY(asker(request)));
    });
  };
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
  add("POST", "/api/v1/holds", room.asker, place);
  add("GET", "/api/v1/holds", room.asker, holds);
  add("POST", "/api/v1/holds/{id}/release", room.fresh, proposing(roster::TwoPersonAct::kHoldRelease));
  add("POST", "/api/v1/recordings/{id}/unrestrict", room.fresh, proposing(roster::TwoPersonAct::kLiftRestriction));
  add("GET", "/api/v1/proposals", room.asker, proposals);
  add("GET", "/api/v1/proposals/{id}", room.asker, proposal);
  add("POST", "/api/v1/proposals/{id}/approve", room.fresh, deciding(roster::ProposalState::kApproved));
  add("POST", "/api/v1/proposals/{id}/refuse", room.fresh, deciding(roster::ProposalState::kRefused));
  add("POST", "/api/v1/proposals/{id}/withdraw", room.asker, deciding(roster::ProposalState::kWithdrawn));
}

}  // namespace lapel::approvals
