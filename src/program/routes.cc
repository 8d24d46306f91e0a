// SPDX-License-Identifier: Apache-2.0
#include "program/routes.h"

#include <functional>
#include <sstream>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"
#include "program/council.h"
#include "program/forecast.h"
#include "program/kinds.h"
#include "program/papers.h"

namespace lapel::program {
namespace {

using http::answer;
using http::Request;
using http::Response;
using http::text_query;

Result<Query> read_query(const Request& request) {
  Query out;
  if (const auto text = text_query(request, "as_of")) {
    out.as_of = parse_day(*text);
    if (!out.as_of) return fail(Code::kInvalid, "\"as_of\" must be a day such as 2022-11-29");
  }
  if (const auto text = text_query(request, "by")) {
    if (text != "recorded_on" && text != "ledger") return fail(Code::kInvalid, "\"by\" must be recorded_on or ledger");
    if (text == "ledger") out.follows = Follows::kLedger;
  }
  if (const auto text = text_query(request, "embargoed")) {
    if (text != "left_out" && text != "included") {
      return fail(Code::kInvalid, "\"embargoed\" must be left_out or included");
    }
    if (text == "included") out.embargoed = Embargoed::kIncluded;
  }
  if (const auto text = text_query(request, "privileged")) {
    if (text != "left_out" && text != "included") {
      return fail(Code::kInvalid, "\"privileged\" must be left_out or included");
    }
    if (text == "included") out.privileged = Privileged::kIncluded;
  }
  out.contract = text_query(request, "contract").value_or("");
  return out;
}

Result<Response> status(const Request& request, Programs& room, const access::Actor& actor) {
  return answer(200, TRY(room.status(actor, TRY(read_query(request)))));
}
Result<Response> costs(const Request& request, Programs& room, const access::Actor& actor) {
  return answer(200, TRY(room.costs(actor, TRY(read_query(request)))));
}
Result<Response> told_measures(const Request& request, Programs& room, const access::Actor& actor) {
  return answer(200, TRY(room.measures(actor, TRY(read_query(request)))));
}

// The form that is asked for: none of them is JSON.
Result<std::optional<Paper>> paper_query(const Request& request) {
  const auto text = text_query(request, "format");
  if (!text || text == "json") return std::optional<Paper>();
  const auto paper = parse_paper(*text);
  if (!paper) return fail(Code::kInvalid, "\"format\" must be json, html, pdf or csv");
  return paper;
}

// A file that no browser runs as a page of this server's.
Response file(std::string bytes, std::string_view type, const std::string& name) {
  return Response::text(200, std::move(bytes), std::string(type))
      .with("Cache-Control", "no-store")
      .with("Content-Security-Policy", "sandbox; default-src 'none'")
      .with("X-Content-Type-Options", "nosniff")
      .with("Content-Disposition", fmt::format("attachment; filename=\"{}\"", name));
}
Response file(std::string bytes, Paper paper, const std::string& name) {
  return file(std::move(bytes), paper_type(paper), fmt::format("{}.{}", name, paper_name(paper)));
}

// What is privileged is on no paper, whoever asks: paper is handed on.
Result<Query> read_paper_query(const Request& request) {
  Query query = TRY(read_query(request));
  if (query.privileged == Privileged::kIncluded) {
    return fail(Code::kInvalid, "What is privileged is in no file that is handed out: ask for it as JSON");
  }
  return query;
}

// "grant,contract": a page asks for what it shows.
Result<KindNames> read_kinds(const Request& request) {
  KindNames out;
  std::istringstream parts(text_query(request, "kinds").value_or(""));
  for (std::string name; std::getline(parts, name, ',');) {
    if (!is_kind(name)) return fail(Code::kInvalid, "\"kinds\" must be kinds of subjects with commas between them");
    out.emplace(name);
  }
  return out;
}

Result<Response> report(const Request& request, Programs& room, const access::Actor& actor) {
  const auto paper = TRY(paper_query(request));
  const KindNames kinds = TRY(read_kinds(request));
  if (!paper) {
    Query query = TRY(read_query(request));
    query.kinds = kinds;
    return answer(200, TRY(room.report(actor, query)));
  }
  if (!kinds.empty()) return fail(Code::kInvalid, "A report on paper has all kinds: leave \"kinds\" out");
  const Json::Object made = TRY(room.report(actor, TRY(read_paper_query(request))));
  Cover cover = TRY(room.cover(actor, made, "Report on the program"));
  return file(TRY(make_paper(*paper, council_document(Json(made), std::move(cover)))), *paper, "report");
}

Result<Response> list_profiles(const Request&, Programs& room, const access::Actor& actor) {
  return http::page_of(TRY(room.profiles(actor)), [](const Profile& each) {
    return Json::Object{
        {"profile", each.slug}, {"title", each.title}, {"statute", each.statute}, {"address", each.address}};
  });
}

Result<std::optional<Day>> day_query(const Request& request, std::string_view name) {
  const auto text = text_query(request, name);
  if (!text) return std::optional<Day>();
  const auto day = parse_day(*text);
  if (!day) return fail(Code::kInvalid, fmt::format("\"{}\" must be a day such as 2022-11-29", name));
  return day;
}

Result<Response> by_profile(const Request& request, Programs& room, const access::Actor& actor) {
  const auto paper = TRY(paper_query(request));
  const Query query = TRY(read_paper_query(request));
  std::optional<Day> from = TRY(day_query(request, "from")), until = TRY(day_query(request, "until"));
  if (const auto year = text_query(request, "year")) {
    if (from || until) return fail(Code::kInvalid, "Say a year, or the first and the last day");
    from = parse_day(fmt::format("{}-01-01", *year));
    until = parse_day(fmt::format("{}-12-31", *year));
    if (!from || !until) return fail(Code::kInvalid, "\"year\" must be a year such as 2024");
  }
  if (!from || !until) return fail(Code::kInvalid, "Say of which \"year\", or \"from\" and \"until\" which day");
  const std::string& slug = http::param(request, "profile");
  const Json::Object made = TRY(room.profile_report(actor, query, slug, *from, *until));
  if (!paper) return answer(200, made);
  const auto title = made.find("title");
  Cover cover =
      TRY(room.cover(actor, made, title != made.end() && title->second.string() ? *title->second.string() : slug));
  return file(TRY(make_paper(*paper, profile_document(Json(made), std::move(cover)))), *paper, slug);
}

Result<Response> evidence_of_grant(const Request& request, Programs& room, const access::Actor& actor) {
  const std::string& grant = http::param(request, "grant");
  const Query query = TRY(read_paper_query(request));
  const auto text = text_query(request, "format");
  if (text && text != "zip" && text != "json") return fail(Code::kInvalid, "\"format\" must be zip or json");
  if (text == "json") return answer(200, TRY(room.grant_evidence(actor, query, grant)));
  return file(TRY(room.grant_pack(actor, query, grant)), "application/zip", "grant.zip");
}

Result<Response> bargaining(const Request& request, Programs& room, const access::Actor& actor) {
  return answer(200, TRY(room.bargaining(actor, TRY(read_query(request)))));
}

Result<std::optional<Month>> month_query(const Request& request, std::string_view name) {
  const auto text = text_query(request, name);
  if (!text) return std::optional<Month>();
  const auto month = parse_month(*text);
  if (!month) return fail(Code::kInvalid, fmt::format("\"{}\" must be a month such as 2022-12", name));
  return month;
}

Result<Response> volumes(const Request& request, Programs& room, const access::Actor& actor) {
  return answer(
      200,
      volumes_json(TRY(room.volumes(actor, TRY(month_query(request, "from")), TRY(month_query(request, "until"))))));
}

Result<Response> metering(const Request& request, Programs& room, const access::Actor& actor) {
  const auto month = TRY(month_query(request, "month"));
  if (!month) return fail(Code::kInvalid, "\"month\" must say which, such as 2022-12");
  return answer(200, TRY(room.metering(actor, TRY(read_query(request)), *month)));
}

// Of the volumes that are given, or of those measured here.
Result<Response> forecast_of(const Request& request, Programs& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(200, forecast_json(TRY(room.forecast(actor, body.find("volumes"), body.find("what_if")))));
}

Result<Response> statements(const Request& request, Programs& room, const access::Actor& actor) {
  Programs::Page page = TRY(room.statements(actor, TRY(read_query(request)), text_query(request, "cursor").value_or(""),
                                            TRY(http::limit_query(request))));
  return http::page(std::move(page.items), page.next.value_or(""));
}

Json::Object imported_json(const Imported& done) {
  return {{"import", done.import.empty() ? Json() : Json(done.import)},
          {"added", static_cast<std::int64_t>(done.added)},
          {"already", static_cast<std::int64_t>(done.already)}};
}

Result<Response> import(const Request& request, Programs& room, const access::Actor& actor) {
  const Imported done = TRY(room.import(actor, TRY(http::json_body(request))));
  return answer(done.added > 0 ? 201 : 200, imported_json(done));
}

Result<Response> gates(const Request& request, Programs& room, const access::Actor& actor) {
  return answer(200, TRY(room.gates(actor, TRY(read_query(request)))));
}

Result<std::optional<Day>> day_member(const Json& body, const char* name) {
  const auto text = TRY(http::text_member(body, name));
  const auto day = text ? parse_day(*text) : std::nullopt;
  if (text && !day) return fail(Code::kInvalid, fmt::format("\"{}\" must be a day such as 2022-11-29", name));
  return day;
}

Result<Response> begin(const Request& request, Programs& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const std::string phase = TRY(http::required_text(body, "phase"));
  return answer(201, imported_json(TRY(room.begin(actor, phase, TRY(day_member(body, "on"))))));
}

Result<Response> waive(const Request& request, Programs& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const std::string gate = TRY(http::required_text(body, "gate")), reason = TRY(http::required_text(body, "reason"));
  return answer(201, imported_json(TRY(room.waive(actor, gate, reason, TRY(day_member(body, "until"))))));
}

Json::Object publication_json(const Publication& publication) {
  Json::Array superseded;
  for (const Superseded& each : publication.superseded) {
    superseded.emplace_back(Json::Object{{"subject", each.subject},
                                         {"field", each.field},
                                         {"statement", each.statement},
                                         {"by", each.by},
                                         {"status", status_name(each.status)}});
  }
  const bool is_superseded = !superseded.empty();
  Json::Object papers;
  for (const Paper paper : kPapers) {
    const auto found = publication.papers.find(paper);
    papers.emplace(std::string(paper_name(paper)), found == publication.papers.end() ? Json() : Json(found->second));
  }
  return {
      {"draft", http::text_or_null(publication.draft)},
      {"papers", std::move(papers)},
      {"id", publication.id},
      {"title", publication.title},
      {"as_of", day_text(publication.as_of)},
      {"published_at", ledger_time(publication.published_at)},
      {"published_by", Json::Object{{"id", publication.published_by.text()}, {"name", publication.published_by_name}}},
      {"sha256", publication.sha256},
      {"is_superseded", is_superseded},
      {"superseded", std::move(superseded)}};
}

Result<Response> list_publications(const Request&, Publications& room, const access::Actor& actor) {
  return http::page_of(TRY(room.list(actor)), [](const Publication& each) { return publication_json(each); });
}

Result<Response> show_publication(const Request& request, Publications& room, const access::Actor& actor) {
  const auto marked = text_query(request, "marked");
  if (marked && marked != "superseded") return fail(Code::kInvalid, "\"marked\" must be superseded");
  if (const auto paper = TRY(paper_query(request))) {
    return file(TRY(room.paper(actor, http::id_param(request), *paper,
                               marked ? Publications::Marked::kSuperseded : Publications::Marked::kNo)),
                *paper, marked ? "report-superseded" : "report");
  }
  const Publication shown = TRY(room.show(actor, http::id_param(request)));
  Json::Object out = publication_json(shown);
  out.emplace("content", shown.content);
  return answer(200, std::move(out));
}

Result<Response> publish(const Request& request, Publications& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const auto as_of = TRY(day_member(body, "as_of"));
  return answer(201, publication_json(TRY(room.publish(actor, TRY(http::required_text(body, "title")), as_of))));
}

Result<Response> publish_draft(const Request& request, Publications& room, const access::Actor& actor) {
  return answer(201, publication_json(TRY(room.publish_draft(actor, http::id_param(request)))));
}

Json::Object draft_json(const Draft& draft, const access::Actor& actor) {
  Json::Array reviews;
  for (const DraftReview& each : draft.reviews) {
    Json by, at;
    if (each.decision) {
      by = Json::Object{{"id", each.by.text()}, {"name", each.by_name}};
      at = ledger_time(each.at);
    }
    reviews.emplace_back(Json::Object{{"reviewer", each.reviewer},
                                      {"title", each.title},
                                      {"decision", each.decision ? Json(decision_name(*each.decision)) : Json()},
                                      {"reason", http::text_or_null(each.reason)},
                                      {"by", std::move(by)},
                                      {"decided_at", std::move(at)},
                                      {"may_decide", each.may_decide}});
  }
  const bool may_publish =
      draft.state == DraftState::kMayBePublished && decide_program(actor, access::Action::kStateProgram).is_allowed();
  return {{"id", draft.id},
          {"title", draft.title},
          {"as_of", day_text(draft.as_of)},
          {"drafted_at", ledger_time(draft.drafted_at)},
          {"drafted_by", Json::Object{{"id", draft.drafted_by.text()}, {"name", draft.drafted_by_name}}},
          {"sha256", draft.sha256},
          {"state", draft_state_name(draft.state)},
          {"under_embargo", Json::Array(draft.hidden.begin(), draft.hidden.end())},
          {"reviews", std::move(reviews)},
          {"publication", http::text_or_null(draft.publication)},
          {"may_publish", may_publish}};
}

Result<Response> list_drafts(const Request&, Drafts& room, const access::Actor& actor) {
  return http::page_of(TRY(room.list(actor)), [&](const Draft& each) { return draft_json(each, actor); });
}

Result<Response> show_draft(const Request& request, Drafts& room, const access::Actor& actor) {
  const auto paper = TRY(paper_query(request));
  if (paper) {
    return file(TRY(room.paper(actor, http::id_param(request), *paper)), *paper, "draft");
  }
  const Draft shown = TRY(room.show(actor, http::id_param(request)));
  Json::Object out = draft_json(shown, actor);
  out.emplace("content", http::text_or_null(shown.content));
  return answer(200, std::move(out));
}

Result<Response> draft_report(const Request& request, Drafts& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const auto as_of = TRY(day_member(body, "as_of"));
  return answer(201, draft_json(TRY(room.draft(actor, TRY(http::required_text(body, "title")), as_of)), actor));
}

Result<Response> review_draft(const Request& request, Drafts& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const auto decision = parse_decision(TRY(http::required_text(body, "decision")));
  if (!decision) return fail(Code::kInvalid, "\"decision\" must be approved or refused");
  // Whoever may not decide is told that before anything else.
  const std::string reason = TRY(http::text_member(body, "reason")).value_or("");
  return answer(201, draft_json(TRY(room.review(actor, http::id_param(request), *decision, reason)), actor));
}

}  // namespace

void register_routes(http::Router& router, Programs& room, Drafts& drafts, Publications& publications,
                     roster::Asker asker, roster::Asker fresh) {
  const auto add_draft = roster::asked_routes(router, asker, std::ref(drafts));
  add_draft("GET", "/api/v1/program/drafts", list_drafts);
  add_draft("POST", "/api/v1/program/drafts", draft_report);
  add_draft("GET", "/api/v1/program/drafts/{id}", show_draft);
  add_draft("POST", "/api/v1/program/drafts/{id}/reviews", review_draft);
  const auto add_publication = roster::asked_routes(router, asker, std::ref(publications));
  add_publication("GET", "/api/v1/program/publications", list_publications);
  add_publication("POST", "/api/v1/program/publications", publish);
  add_publication("GET", "/api/v1/program/publications/{id}", show_publication);
  const auto add_fresh = roster::asked_routes(router, std::move(fresh), std::ref(room));
  add_fresh("POST", "/api/v1/program/waivers", waive);
  add_publication("POST", "/api/v1/program/drafts/{id}/publication", publish_draft);
  const auto add = roster::asked_routes(router, std::move(asker), std::ref(room));
  add("GET", "/api/v1/program/measures", told_measures);
  add("GET", "/api/v1/program/profiles", list_profiles);
  add("GET", "/api/v1/program/profiles/{profile}/report", by_profile);
  add("GET", "/api/v1/program/grants/{grant}/pack", evidence_of_grant);
  add("GET", "/api/v1/program/status", status);
  add("GET", "/api/v1/program/costs", costs);
  add("GET", "/api/v1/program/report", report);
  add("GET", "/api/v1/program/bargaining", bargaining);
  add("GET", "/api/v1/program/gates", gates);
  add("POST", "/api/v1/program/phases", begin);
  add("GET", "/api/v1/program/metering", metering);
  add("GET", "/api/v1/program/volumes", volumes);
  add("POST", "/api/v1/program/forecast", forecast_of);
  add("GET", "/api/v1/program/statements", statements);
  add("POST", "/api/v1/program/statements", import);
}

}  // namespace lapel::program
