// SPDX-License-Identifier: Apache-2.0
#include "program/routes.h"

#include <functional>
#include <utility>

#include <fmt/format.h>

#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"
#include "program/forecast.h"

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
Result<Response> report(const Request& request, Programs& room, const access::Actor& actor) {
  return answer(200, TRY(room.report(actor, TRY(read_query(request)))));
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
  return {
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

}  // namespace

void register_routes(http::Router& router, Programs& room, Publications& publications, roster::Asker asker,
                     roster::Asker fresh) {
  const auto add_publication = roster::asked_routes(router, asker, std::ref(publications));
  add_publication("GET", "/api/v1/program/publications", list_publications);
  add_publication("POST", "/api/v1/program/publications", publish);
  add_publication("GET", "/api/v1/program/publications/{id}", show_publication);
  const auto add_fresh = roster::asked_routes(router, std::move(fresh), std::ref(room));
  add_fresh("POST", "/api/v1/program/waivers", waive);
  const auto add = roster::asked_routes(router, std::move(asker), std::ref(room));
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
