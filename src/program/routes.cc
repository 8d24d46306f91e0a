// SPDX-License-Identifier: Apache-2.0
#include "program/routes.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "http/json_body.h"

namespace lapel::program {
namespace {

using http::Request;
using http::Response;

Response answer(int status, Json::Object fields) {
  return Response::json(status, to_json(Json(std::move(fields)))).with("Cache-Control", "no-store");
}

std::string query_text(const Request& request, std::string_view name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

Result<Query> read_query(const Request& request) {
  Query out;
  if (const std::string text = query_text(request, "as_of"); !text.empty()) {
    out.as_of = parse_day(text);
    if (!out.as_of) return fail(Code::kInvalid, "\"as_of\" must be a day such as 2022-11-29");
  }
  if (const std::string text = query_text(request, "by"); !text.empty()) {
    if (text != "recorded_on" && text != "ledger") return fail(Code::kInvalid, "\"by\" must be recorded_on or ledger");
    if (text == "ledger") out.follows = Follows::kLedger;
  }
  if (const std::string text = query_text(request, "embargoed"); !text.empty()) {
    if (text != "left_out" && text != "included") {
      return fail(Code::kInvalid, "\"embargoed\" must be left_out or included");
    }
    if (text == "included") out.embargoed = Embargoed::kIncluded;
  }
  out.contract = query_text(request, "contract");
  return out;
}

Result<std::int64_t> read_limit(const Request& request) {
  const std::string text = query_text(request, "limit");
  if (text.empty()) return limits::kPageItemsDefault;
  std::int64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit < 1 || limit > limits::kPageItemsMax) {
    return fail(Code::kInvalid, fmt::format("\"limit\" must be 1 to {}", limits::kPageItemsMax));
  }
  return limit;
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

Result<Response> statements(const Request& request, Programs& room, const access::Actor& actor) {
  Programs::Page page =
      TRY(room.statements(actor, TRY(read_query(request)), query_text(request, "cursor"), TRY(read_limit(request))));
  return answer(200, {{"items", std::move(page.items)}, {"next", page.next ? Json(*page.next) : Json()}});
}

Result<Response> import(const Request& request, Programs& room, const access::Actor& actor) {
  const Imported done = TRY(room.import(actor, TRY(http::json_body(request))));
  return answer(done.added > 0 ? 201 : 200, {{"import", done.import.empty() ? Json() : Json(done.import)},
                                             {"added", static_cast<std::int64_t>(done.added)},
                                             {"already", static_cast<std::int64_t>(done.already)}});
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
  Json::Array items;
  for (const Publication& each : TRY(room.list(actor))) items.emplace_back(publication_json(each));
  return answer(200, {{"items", std::move(items)}, {"next", Json()}});
}

Result<Response> show_publication(const Request& request, Publications& room, const access::Actor& actor) {
  const auto id = request.params.find("id");
  CHECK(id != request.params.end());
  const Publication shown = TRY(room.show(actor, id->second));
  Json::Object out = publication_json(shown);
  out.emplace("content", shown.content);
  return answer(200, std::move(out));
}

Result<Response> publish(const Request& request, Publications& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const auto day = TRY(http::text_member(body, "as_of"));
  const auto as_of = day ? parse_day(*day) : std::nullopt;
  if (day && !as_of) return fail(Code::kInvalid, "\"as_of\" must be a day such as 2022-11-29");
  return answer(201, publication_json(TRY(room.publish(actor, TRY(http::required_text(body, "title")), as_of))));
}

}  // namespace

void register_routes(http::Router& router, Programs& room, Publications& publications, roster::Asker asker) {
  const auto add_publication = [&](std::string_view method, std::string_view pattern, auto handler) {
    router.add(method, pattern, [&publications, asker, handler](const Request& request) -> Result<Response> {
      return handler(request, publications, TRY(asker(request)));
    });
  };
  add_publication("GET", "/api/v1/program/publications", list_publications);
  add_publication("POST", "/api/v1/program/publications", publish);
  add_publication("GET", "/api/v1/program/publications/{id}", show_publication);
  const auto add = [&](std::string_view method, std::string_view pattern, auto handler) {
    router.add(method, pattern, [&room, asker, handler](const Request& request) -> Result<Response> {
      return handler(request, room, TRY(asker(request)));
    });
  };
  add("GET", "/api/v1/program/status", status);
  add("GET", "/api/v1/program/costs", costs);
  add("GET", "/api/v1/program/report", report);
  add("GET", "/api/v1/program/statements", statements);
  add("POST", "/api/v1/program/statements", import);
}

}  // namespace lapel::program
