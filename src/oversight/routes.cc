// SPDX-License-Identifier: Apache-2.0
#include "oversight/routes.h"

#include <functional>
#include <utility>

#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"

namespace lapel::oversight {
namespace {

using http::answer;
using http::id_or_null;
using http::id_param;
using http::or_null;
using http::page;
using http::page_of;
using http::Request;
using http::Response;
using http::text_or_null;
using http::time_or_null;

Json named(const PersonId& id, const std::string& name) {
  return Json::Object{{"id", id.text()}, {"name", name}};
}
Json texts(const std::vector<std::string>& values) {
  return Json::Array(values.begin(), values.end());
}

// ---- alerts ----

Json::Object to_members(const Alert& alert) {
  Json settled;
  if (alert.settled) {
    settled = Json::Object{{"at", ledger_time(alert.settled->at)},
                           {"by", named(alert.settled->by, alert.settled->name)},
                           {"reason", alert.settled->reason}};
  }
  return {{"id", alert.id},
          {"person", named(alert.person, alert.name)},
          {"from", ledger_time(alert.from.at)},
          {"at", ledger_time(alert.at)},
          {"until", ledger_time(alert.until.at)},
          {"recordings", alert.recordings},
          {"acknowledged", std::move(settled)},
          {"may_acknowledge", alert.may_settle}};
}

Result<Response> list_alerts(const Request& request, Oversight& room, const access::Actor& actor) {
  return page_of(TRY(room.alerts().list(actor, TRY(http::page_query(request)))),
                 [](const Alert& alert) { return to_members(alert); });
}

Result<Response> show_alert(const Request& request, Oversight& room, const access::Actor& actor) {
  const Alerts::Shown shown = TRY(room.alerts().show(actor, id_param(request)));
  Json::Array looks;
  for (const AlertLook& look : shown.looks) {
    looks.emplace_back(Json::Object{{"at", ledger_time(look.at)},
                                    {"act", look.act},
                                    {"tie", or_null(look.tie)},
                                    {"purpose", or_null(look.purpose)},
                                    {"case", or_null(look.case_number)},
                                    {"recording", id_or_null(look.recording)}});
  }
  Json::Object out = to_members(shown.alert);
  out.emplace("looks", std::move(looks));
  return answer(200, std::move(out));
}

Result<Response> acknowledge(const Request& request, Oversight& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(200, to_members(TRY(room.alerts().settle(actor, id_param(request),
                                                         TRY(http::text_member(body, "reason")).value_or("")))));
}

// ---- digests ----

Json::Object to_members(const Digest& digest) {
  return {{"id", digest.id},
          {"reader", named(digest.reader, digest.reader_name)},
          {"from", ledger_time(digest.from)},
          {"to", ledger_time(digest.to)},
          {"sha256", or_null(digest.sha256)},
          {"signed_at", time_or_null(digest.signed_at)},
          {"note", digest.note},
          {"overdue", digest.is_overdue},
          {"may_sign", digest.may_sign}};
}

Result<Response> list_digests(const Request& request, Oversight& room, const access::Actor& actor) {
  return page_of(TRY(room.digests().list(actor, TRY(http::page_query(request)))),
                 [](const Digest& digest) { return to_members(digest); });
}

Result<Response> show_digest(const Request& request, Oversight& room, const access::Actor& actor) {
  Digests::Shown shown = TRY(room.digests().show(actor, id_param(request)));
  Json::Array names;
  for (const auto& [id, name] : shown.names) names.emplace_back(Json::Object{{"id", id}, {"name", name}});
  Json::Object out = to_members(shown.digest);
  out.emplace("content", std::move(shown.content));
  out.emplace("names", std::move(names));
  return answer(200, std::move(out));
}

Result<Response> sign_digest(const Request& request, Oversight& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(200, to_members(TRY(room.digests().sign(actor, id_param(request),
                                                        TRY(http::text_member(body, "note")).value_or("")))));
}

Result<Response> unattributed(const Request&, Oversight& room, const access::Actor& actor) {
  return page_of(TRY(room.vault().unattributed_days(actor)), [](const evidence::UnattributedDay& day) {
    return Json::Object{{"day", ledger_time(day.day)}, {"open", day.open}};
  });
}

// ---- the review of access ----

Json to_json_value(const Reviewed& each) {
  Json::Array roles, tokens;
  for (const access::Role role : each.person.roles) roles.emplace_back(access::role_name(role));
  for (const Credential& token : each.account.tokens) {
    tokens.emplace_back(Json::Object{{"id", token.id},
                                     {"scopes", token.scopes ? texts(*token.scopes) : Json()},
                                     {"created_at", ledger_time(token.created_at)},
                                     {"expires_at", ledger_time(token.expires_at)},
                                     {"used_on", time_or_null(token.used_on)}});
  }
  return Json::Object{{"id", each.person.id.text()},
                      {"login", each.person.login},
                      {"name", each.person.name},
                      {"active", each.person.is_active},
                      {"roles", std::move(roles)},
                      {"roles_since", ledger_time(each.roles_since)},
                      {"roles_by", each.roles_by},
                      {"last_day", time_or_null(each.last_day)},
                      {"idle", each.is_idle},
                      {"never_here", each.was_never_here},
                      {"factors", Json::Array(each.account.factors.begin(), each.account.factors.end())},
                      {"tokens", std::move(tokens)},
                      {"units", texts(each.units)},
                      {"supervises", texts(each.supervises)},
                      {"scopes", each.scopes ? texts(*each.scopes) : Json()},
                      {"cases", each.cases ? texts(*each.cases) : Json()},
                      {"clearances", each.clearances ? texts(*each.clearances) : Json()}};
}

Result<Response> access_review(const Request& request, Oversight& room, const access::Actor& actor) {
  const auto format = request.query.find("format");
  const bool is_csv = format != request.query.end() && format->second == "csv";
  if (format != request.query.end() && !is_csv && format->second != "json") {
    return fail(Code::kInvalid, "\"format\" must be json or csv");
  }
  const Review review = TRY(room.review().show(actor));
  if (is_csv) {
    return Response::text(200, as_csv(review), "text/csv; charset=utf-8")
        .with("Cache-Control", "no-store")
        .with("Content-Disposition", "attachment; filename=\"access-review.csv\"");
  }
  Json::Array items;
  for (const Reviewed& each : review.people) items.push_back(to_json_value(each));
  Json last;
  if (review.last) {
    last = Json::Object{{"at", ledger_time(review.last->at)},
                        {"by", review.last->by},
                        {"note", review.last->note},
                        {"people", review.last->people}};
  }
  return answer(
      200,
      {{"items", std::move(items)}, {"next", Json()}, {"sha256", review.sha256}, {"last_signed", std::move(last)}});
}

Result<Response> sign_review(const Request& request, Oversight& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  TRY(room.review().sign(actor, TRY(http::required_text(body, "sha256")),
                         TRY(http::text_member(body, "note")).value_or("")));
  return Response::empty(204);
}

// ---- as another sees it ----

Json::Array rights_of(const access::Actor& other, const evidence::OthersRow& row) {
  constexpr access::Action kActions[] = {
      access::Action::kShow,     access::Action::kPoster,   access::Action::kReceipt,
      access::Action::kView,     access::Action::kExport,   access::Action::kChange,
      access::Action::kReassign, access::Action::kRestrict, access::Action::kReleaseOwn};
  Json::Array out;
  for (const access::Action action : kActions) {
    const bool has_purpose = action == access::Action::kView || action == access::Action::kExport;
    for (int number = 0; number <= (has_purpose ? static_cast<int>(access::Purpose::kOwnRecording) : 0); ++number) {
      access::Basis basis = row.basis;
      basis.purpose = static_cast<access::Purpose>(number);
      const access::Decision decision =
          access::decide(other, action, row.item, has_purpose ? std::optional(basis) : std::nullopt);
      out.emplace_back(Json::Object{{"action", access::action_name(action)},
                                    {"purpose", has_purpose ? Json(access::purpose_name(basis.purpose)) : Json()},
                                    {"answer", access::answer_name(decision.answer)},
                                    {"rule", decision.rule}});
    }
  }
  return out;
}

Result<Response> view_as(const Request& request, Oversight& room, const access::Actor& actor) {
  evidence::ListQuery query;
  query.limit = TRY(http::limit_query(request));
  query.cursor = http::text_query(request, "cursor").value_or("");
  const Oversight::Seen seen = TRY(room.view_as(actor, id_param(request), query));
  Json::Array items;
  for (const evidence::OthersRow& row : seen.page.items) {
    const evidence::Recording& recording = row.recording;
    const evidence::Description& description = recording.description;
    items.emplace_back(Json::Object{{"id", recording.id.text()},
                                    {"filename", description.filename},
                                    {"recorded_at", time_or_null(description.recorded_at)},
                                    {"received_at", ledger_time(recording.received_at)},
                                    {"incident", or_null(description.incident)},
                                    {"category", or_null(description.category)},
                                    {"state", access::state_name(recording.state)},
                                    {"rights", rights_of(seen.other, row)}});
  }
  return answer(200, {{"person", named(seen.person.id, seen.person.name)},
                      {"total", seen.page.total},
                      {"hidden", seen.page.hidden},
                      {"items", std::move(items)},
                      {"next", text_or_null(seen.page.next)}});
}

}  // namespace

void register_routes(http::Router& router, Oversight& room, roster::Asker asker) {
  const auto add = roster::asked_routes(router, std::move(asker), std::ref(room));
  add("GET", "/api/v1/alerts", list_alerts);
  add("GET", "/api/v1/alerts/{id}", show_alert);
  add("POST", "/api/v1/alerts/{id}/acknowledge", acknowledge);
  add("GET", "/api/v1/digests", list_digests);
  add("GET", "/api/v1/digests/{id}", show_digest);
  add("POST", "/api/v1/digests/{id}/sign", sign_digest);
  add("GET", "/api/v1/unattributed", unattributed);
  add("GET", "/api/v1/access-review", access_review);
  add("POST", "/api/v1/access-review/sign", sign_review);
  add("GET", "/api/v1/people/{id}/recordings", view_as);
}

}  // namespace lapel::oversight
