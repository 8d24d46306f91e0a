// SPDX-License-Identifier: Apache-2.0
#include "fleet/routes.h"

#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/csv.h"
#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"

namespace lapel::fleet {
namespace {

using access::Actor;
using http::answer;
using http::id_param;
using http::Request;
using http::Response;
using http::text_query;

constexpr JsonLimits kFileBody = {2 * kCsvBytesMax, 4};  // what is escaped in JSON takes more room

Result<std::optional<Day>> day_query(const Request& request, std::string_view name) {
  const auto text = text_query(request, name);
  const auto day = text ? parse_day(*text) : std::nullopt;
  if (text && !day) return fail(Code::kInvalid, fmt::format("\"{}\" must be a day such as 2022-12-02", name));
  return day;
}

Result<std::optional<Day>> day_member(const Json& body, std::string_view name) {
  const auto text = TRY(http::text_member(body, name));
  const auto day = text ? parse_day(*text) : std::nullopt;
  if (text && !day) return fail(Code::kInvalid, fmt::format("\"{}\" must be a day such as 2022-12-02", name));
  return day;
}

Result<std::optional<std::int64_t>> number_member(const Json& body, std::string_view name) {
  const Json* value = body.find(name);
  if (!value || value->is_null()) return std::optional<std::int64_t>();
  if (value->integer()) return std::optional(*value->integer());
  return fail(Code::kInvalid, fmt::format("\"{}\" must be a whole number", name));
}

Result<std::string> optional_text(const Json& body, std::string_view name) {
  return TRY(http::text_member(body, name)).value_or("");
}

// ---- staffing ----

Result<Response> staffing(const Request& request, Staffing& room, const Actor& actor) {
  return answer(200, TRY(room.report(actor, TRY(day_query(request, "as_of")))));
}

Result<Response> import(const Request& request, Staffing& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request, kFileBody));
  const std::string* csv = body.find_string("csv");
  if (!csv) return fail(Code::kInvalid, "\"csv\" must be the text of the file");
  const Staffing::Imported done = TRY(room.import(actor, *csv, TRY(optional_text(body, "zone"))));
  return answer(done.added > 0 ? 201 : 200, {{"added", static_cast<std::int64_t>(done.added)},
                                             {"already", static_cast<std::int64_t>(done.already)}});
}

Result<Response> set_mode(const Request& request, Staffing& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(
      200, TRY(room.set_mode(actor, TRY(http::required_text(body, "mode")), TRY(http::required_text(body, "reason")))));
}

// ---- cameras ----

Result<Response> list_cameras(const Request&, Fleet& room, const Actor& actor) {
  return http::page(TRY(room.list(actor)));
}

Result<Response> show_camera(const Request& request, Fleet& room, const Actor& actor) {
  return answer(200, TRY(room.show(actor, id_param(request))));
}

Result<Response> docks(const Request&, Fleet& room, const Actor& actor) {
  return http::page(TRY(room.docks(actor)));
}

Result<Response> report(const Request& request, Fleet& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  Fleet::Report report;
  report.firmware = TRY(optional_text(body, "firmware"));
  report.drift_ms = TRY(number_member(body, "clock_drift_ms"));
  report.battery = TRY(number_member(body, "battery_percent"));
  report.measured_at = TRY(http::time_member(body, "measured_at"));
  return answer(201, TRY(room.report(actor, id_param(request), report)));
}

Result<Response> set_state(const Request& request, Fleet& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const std::string state = TRY(http::required_text(body, "state"));
  const std::string use = TRY(optional_text(body, "use"));
  return answer(200,
                TRY(room.set_state(actor, id_param(request), state, use, TRY(http::required_text(body, "reason")))));
}

Result<Response> found_fault(const Request& request, Fleet& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(201, TRY(room.found_fault(actor, id_param(request), TRY(http::required_text(body, "what")))));
}

Result<Response> fixed_fault(const Request& request, Fleet& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(200, TRY(room.fixed_fault(actor, id_param(request), TRY(http::required_text(body, "fix")))));
}

Result<Response> begin_run(const Request& request, Fleet& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(201, TRY(room.begin_run(actor, TRY(http::required_text(body, "mode")))));
}

Result<Response> scan(const Request& request, Fleet& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const std::string code = TRY(http::required_text(body, "code"));
  const std::string officer = TRY(optional_text(body, "officer"));
  return answer(200, TRY(room.scan(actor, id_param(request), code, officer, TRY(optional_text(body, "place")))));
}

Result<Response> end_run(const Request& request, Fleet& room, const Actor& actor) {
  return answer(200, TRY(room.end_run(actor, id_param(request))));
}

// ---- rotation ----

Result<Response> rotation(const Request& request, Rotation& room, const Actor& actor) {
  return answer(200, TRY(room.status(actor, TRY(day_query(request, "as_of")))));
}

Result<Response> plan_of(const Request& request, Rotation& room, const Actor& actor) {
  return answer(200, TRY(room.plan(actor, TRY(day_query(request, "on")), text_query(request, "seed").value_or(""))));
}

Result<Response> participants(const Request&, Rotation& room, const Actor& actor) {
  return http::page(TRY(room.participants(actor)));
}

Result<Response> take_part(const Request& request, Rotation& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const std::string person = TRY(http::required_text(body, "person"));
  const std::string status = TRY(http::required_text(body, "status"));
  const auto on = TRY(day_member(body, "on"));
  return answer(201, TRY(room.take_part(actor, person, status, on, TRY(optional_text(body, "reason")))));
}

Result<Response> set_window(const Request& request, Rotation& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const auto least = TRY(number_member(body, "min_days"));
  const auto most = TRY(number_member(body, "max_days"));
  if (!least || !most) return fail(Code::kInvalid, "\"min_days\" and \"max_days\" must be whole numbers");
  const auto from = TRY(day_member(body, "from"));
  return answer(200, TRY(room.set_window(actor, {*least, *most}, from, TRY(http::required_text(body, "reason")))));
}

Result<Rotation::Giving> giving(const Json& body) {
  Rotation::Giving out;
  out.person = TRY(optional_text(body, "person"));
  out.on = TRY(day_member(body, "on"));
  out.at = TRY(http::time_member(body, "at"));
  out.camera = TRY(optional_text(body, "camera"));
  out.reason = TRY(optional_text(body, "reason"));
  return out;
}

Result<Response> issue(const Request& request, Rotation& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  TRY(http::required_text(body, "person"));
  const Rotation::Giving given = TRY(giving(body));
  return answer(201, TRY(room.issue(actor, id_param(request), given)));
}

Result<Response> swap(const Request& request, Rotation& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  TRY(http::required_text(body, "person"));
  const Rotation::Giving given = TRY(giving(body));
  return answer(201, TRY(room.swap(actor, id_param(request), given)));
}

Result<Response> vacate(const Request& request, Rotation& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  TRY(http::required_text(body, "reason"));
  const Rotation::Giving given = TRY(giving(body));
  return answer(200, TRY(room.vacate(actor, id_param(request), given)));
}

Result<Response> end_slot(const Request& request, Rotation& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const auto on = TRY(day_member(body, "on"));
  return answer(200, TRY(room.end_slot(actor, id_param(request), on, TRY(http::required_text(body, "reason")))));
}

}  // namespace

void register_routes(http::Router& router, Staffing& staffing_room, Fleet& fleet_room, Rotation& rotation_room,
                     roster::Asker asker) {
  const auto of_staffing = roster::asked_routes(router, asker, std::ref(staffing_room));
  of_staffing("GET", "/api/v1/staffing", staffing);
  of_staffing("POST", "/api/v1/staffing/import", import);
  of_staffing("PUT", "/api/v1/fleet/mode", set_mode);
  const auto of_fleet = roster::asked_routes(router, asker, std::ref(fleet_room));
  of_fleet("GET", "/api/v1/fleet/cameras", list_cameras);
  of_fleet("GET", "/api/v1/fleet/cameras/{id}", show_camera);
  of_fleet("POST", "/api/v1/fleet/cameras/{id}/reports", report);
  of_fleet("POST", "/api/v1/fleet/cameras/{id}/state", set_state);
  of_fleet("POST", "/api/v1/fleet/cameras/{id}/faults", found_fault);
  of_fleet("POST", "/api/v1/fleet/faults/{id}/fix", fixed_fault);
  of_fleet("GET", "/api/v1/fleet/docks", docks);
  of_fleet("POST", "/api/v1/fleet/runs", begin_run);
  of_fleet("POST", "/api/v1/fleet/runs/{id}/scans", scan);
  of_fleet("POST", "/api/v1/fleet/runs/{id}/end", end_run);
  const auto of_rotation = roster::asked_routes(router, std::move(asker), std::ref(rotation_room));
  of_rotation("GET", "/api/v1/rotation", rotation);
  of_rotation("GET", "/api/v1/rotation/plan", plan_of);
  of_rotation("PUT", "/api/v1/rotation/window", set_window);
  of_rotation("GET", "/api/v1/rotation/participants", participants);
  of_rotation("POST", "/api/v1/rotation/participants", take_part);
  of_rotation("POST", "/api/v1/rotation/slots/{id}/turns", issue);
  of_rotation("POST", "/api/v1/rotation/slots/{id}/end", end_slot);
  of_rotation("POST", "/api/v1/rotation/turns/{id}/swap", swap);
  of_rotation("POST", "/api/v1/rotation/turns/{id}/vacate", vacate);
}

}  // namespace lapel::fleet
