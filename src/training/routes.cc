// SPDX-License-Identifier: Apache-2.0
#include "training/routes.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/csv.h"
#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"
#include "training/version.h"

namespace lapel::training {
namespace {

using access::Actor;
using http::answer;
using http::id_param;
using http::Request;
using http::Response;
using http::text_query;

constexpr JsonLimits kFileBody = {2 * kCsvBytesMax, 4};         // what is escaped in JSON takes more room
constexpr JsonLimits kVersionBody = {2 * kVersionBytesMax, 6};  // likewise
constexpr std::int64_t kQuestionTimeoutMs = 5 * 60 * 1'000;

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

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t out = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && stop == text.data() + text.size() && out >= 1 ? std::optional(out) : std::nullopt;
}

// A version that is no number is answered as one that nobody knows.
Result<std::int64_t> number_param(const Request& request) {
  const auto number = number_of(http::param(request, "number"));
  if (!number) return fail(Code::kNotFound, "No such version", http::param(request, "number"));
  return *number;
}

// From a time on, or from the first moment of a day.
Result<std::optional<Timestamp>> effective_member(const Json& body) {
  const auto text = TRY(http::text_member(body, "effective"));
  if (!text) return std::optional<Timestamp>();
  if (const auto day = parse_day(*text)) {
    if (day->number < 0) return fail(Code::kInvalid, "\"effective\" must not be before 1970");
    return std::optional(Timestamp{day->number * 86'400'000'000});
  }
  return std::optional(TRY(http::parse_time(*text, "effective")));
}

// ---- policies ----

Result<Response> list_policies(const Request&, const Room& room, const Actor& actor) {
  return http::page(TRY(room.policies.list(actor)));
}

Result<Response> add_policy(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  Policies::New wanted;
  wanted.slug = TRY(http::required_text(body, "slug"));
  wanted.title = TRY(http::required_text(body, "title"));
  wanted.is_required = TRY(http::flag_member(body, "required")).value_or(false);
  wanted.unit = TRY(optional_text(body, "unit"));
  return answer(201, TRY(room.policies.add(actor, wanted)));
}

Result<Response> show_policy(const Request& request, const Room& room, const Actor& actor) {
  return answer(200, TRY(room.policies.show(actor, id_param(request))));
}

Result<Response> issue(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request, kVersionBody));
  Policies::Issue wanted;
  Json::Object file;
  for (const std::string_view name : {"clauses", "check"}) {
    if (const Json* value = body.find(name); value && !value->is_null()) file.emplace(name, *value);
  }
  wanted.file = Json(std::move(file));
  wanted.effective = TRY(effective_member(body));
  wanted.note = TRY(optional_text(body, "note"));
  return answer(201, TRY(room.policies.issue(actor, id_param(request), wanted)));
}

Result<Response> version_in_force(const Request& request, const Room& room, const Actor& actor) {
  return answer(200, TRY(room.policies.version(actor, id_param(request), std::nullopt)));
}

Result<Response> show_version(const Request& request, const Room& room, const Actor& actor) {
  return answer(200, TRY(room.policies.version(actor, id_param(request), TRY(number_param(request)))));
}

Result<Response> changes(const Request& request, const Room& room, const Actor& actor) {
  const auto text = text_query(request, "since");
  const auto since = text ? number_of(*text) : std::nullopt;
  if (text && !since) return fail(Code::kInvalid, "\"since\" must be a version's number");
  const std::int64_t number = TRY(number_param(request));
  return answer(200, TRY(room.policies.changes(actor, id_param(request), number, since)));
}

Result<Response> checklist(const Request&, const Room& room, const Actor& actor) {
  return answer(200, TRY(room.policies.checklist(actor)));
}

// Choices by their numbers: 1 is the first.
Result<std::vector<std::int64_t>> answers_of(const Json& body) {
  std::vector<std::int64_t> out;
  const Json* value = body.find("answers");
  if (!value || value->is_null()) return out;
  if (!value->array() || value->array()->size() > kQuestionsMax)
    return fail(Code::kInvalid, "\"answers\" must be a list of the numbers of choices");
  for (const Json& each : *value->array()) {
    if (!each.integer()) return fail(Code::kInvalid, "\"answers\" must be a list of the numbers of choices");
    out.push_back(*each.integer() - 1);
  }
  return out;
}

Response not_yet(const std::vector<std::int64_t>& wrong, Json question) {
  return answer(200, {{"acknowledged_at", Json()},
                      {"wrong", Json::Array(wrong.begin(), wrong.end())},
                      {"question", std::move(question)}});
}

Result<Response> acknowledge(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const std::int64_t number = TRY(number_param(request));
  const std::vector<std::int64_t> answers = TRY(answers_of(body));
  const std::string proof = TRY(optional_text(body, "proof"));
  if (!proof.empty() && proof != "passkey" && proof != "second_factor")
    return fail(Code::kInvalid, "\"proof\" must be passkey or second_factor");
  const Policies::Ready ready = TRY(room.policies.judge(actor, id_param(request), number, answers));
  if (!ready.wrong.empty()) return not_yet(ready.wrong, Json());
  const std::string challenge = challenge_of(ready.statement);
  std::optional<PasskeyProof> signature;
  if (const Json* passkey = body.find("passkey"); passkey && !passkey->is_null()) {
    signature = TRY(room.prover.check(request, actor, *passkey, challenge));
  } else if (proof != "second_factor") {
    if (const auto question = TRY(room.prover.ask(request, actor.person))) {
      Json::Array allowed;
      for (const std::string& id : question->credentials)
        allowed.emplace_back(Json::Object{{"type", "public-key"}, {"id", id}});
      return not_yet({}, Json(Json::Object{{"challenge", challenge},
                                           {"rpId", question->rp_id},
                                           {"allowCredentials", std::move(allowed)},
                                           {"userVerification", "required"},
                                           {"timeout", kQuestionTimeoutMs}}));
    }
  }
  if (!signature) TRY(room.fresh(request));
  const Json::Object done = TRY(room.policies.acknowledge(actor, id_param(request), number, answers, signature));
  return answer(201, {{"acknowledged_at", done.at("acknowledged_at")}, {"wrong", Json::Array()}, {"question", Json()}});
}

Result<Response> require_first(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  Policies::Requiring wanted;
  wanted.policy = TRY(optional_text(body, "policy"));
  wanted.course = TRY(optional_text(body, "course"));
  const auto is_required = TRY(http::flag_member(body, "required"));
  if (!is_required) return fail(Code::kInvalid, "\"required\" must be true or false");
  wanted.is_required = *is_required;
  wanted.unit = TRY(optional_text(body, "unit"));
  wanted.reason = TRY(http::required_text(body, "reason"));
  return answer(200, TRY(room.policies.require_first(actor, wanted)));
}

// ---- courses ----

Result<Response> list_courses(const Request&, const Room& room, const Actor& actor) {
  return http::page(TRY(room.courses.list(actor)));
}

Result<Response> add_course(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  Courses::New wanted;
  wanted.slug = TRY(http::required_text(body, "slug"));
  wanted.title = TRY(http::required_text(body, "title"));
  wanted.valid_days = TRY(number_member(body, "valid_days"));
  wanted.valid_months = TRY(number_member(body, "valid_months"));
  wanted.renews = TRY(optional_text(body, "renews"));
  wanted.is_required = TRY(http::flag_member(body, "required")).value_or(false);
  wanted.unit = TRY(optional_text(body, "unit"));
  return answer(201, TRY(room.courses.add(actor, wanted)));
}

Result<Response> list_sessions(const Request&, const Room& room, const Actor& actor) {
  return http::page(TRY(room.courses.list_sessions(actor)));
}

Result<Response> plan(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  Courses::Plan wanted;
  wanted.course = TRY(http::required_text(body, "course"));
  wanted.on = TRY(day_member(body, "on"));
  wanted.place = TRY(optional_text(body, "place"));
  wanted.trainer = TRY(optional_text(body, "trainer"));
  return answer(201, TRY(room.courses.plan(actor, wanted)));
}

Result<Response> show_session(const Request& request, const Room& room, const Actor& actor) {
  return answer(200, TRY(room.courses.show_session(actor, id_param(request))));
}

Result<Response> cancel(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(200, TRY(room.courses.cancel(actor, id_param(request), TRY(http::required_text(body, "reason")))));
}

Result<Response> scan(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(200, TRY(room.courses.scan(actor, id_param(request), TRY(http::required_text(body, "code")))));
}

Result<Response> withdraw(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request));
  TRY(room.courses.withdraw(actor, id_param(request), TRY(http::required_text(body, "reason"))));
  return Response::empty(204);
}

Result<Response> import(const Request& request, const Room& room, const Actor& actor) {
  const Json body = TRY(http::json_body(request, kFileBody));
  const std::string* csv = body.find_string("csv");
  if (!csv) return fail(Code::kInvalid, "\"csv\" must be the text of the file");
  const Courses::Imported done = TRY(room.courses.import(actor, *csv));
  return answer(done.added > 0 ? 201 : 200, {{"added", static_cast<std::int64_t>(done.added)},
                                             {"already", static_cast<std::int64_t>(done.already)},
                                             {"sessions", static_cast<std::int64_t>(done.sessions)}});
}

// ---- who lacks what ----

Result<Response> overview(const Request& request, const Room& room, const Actor& actor) {
  return answer(200, TRY(room.training.overview(actor, TRY(day_query(request, "as_of")))));
}

Result<Response> person(const Request& request, const Room& room, const Actor& actor) {
  return answer(200, TRY(room.training.person(actor, id_param(request))));
}

Result<Response> recording(const Request& request, const Room& room, const Actor& actor) {
  return answer(200, TRY(room.training.recording(actor, TRY(id_param<RecordingId>(request, "recording")))));
}

}  // namespace

void register_routes(http::Router& router, const Room& room, roster::Asker asker) {
  const auto add = roster::asked_routes(router, std::move(asker), room);
  add("GET", "/api/v1/policies", list_policies);
  add("POST", "/api/v1/policies", add_policy);
  add("GET", "/api/v1/policies/{id}", show_policy);
  add("GET", "/api/v1/policies/{id}/in-force", version_in_force);
  add("POST", "/api/v1/policies/{id}/versions", issue);
  add("GET", "/api/v1/policies/{id}/versions/{number}", show_version);
  add("GET", "/api/v1/policies/{id}/versions/{number}/changes", changes);
  add("POST", "/api/v1/policies/{id}/versions/{number}/acknowledgements", acknowledge);
  add("GET", "/api/v1/training", overview);
  add("PUT", "/api/v1/training/requirements", require_first);
  add("GET", "/api/v1/training/checklist", checklist);
  add("GET", "/api/v1/training/people/{id}", person);
  add("GET", "/api/v1/training/recordings/{id}", recording);
  add("GET", "/api/v1/training/courses", list_courses);
  add("POST", "/api/v1/training/courses", add_course);
  add("GET", "/api/v1/training/sessions", list_sessions);
  add("POST", "/api/v1/training/sessions", plan);
  add("GET", "/api/v1/training/sessions/{id}", show_session);
  add("POST", "/api/v1/training/sessions/{id}/cancel", cancel);
  add("POST", "/api/v1/training/sessions/{id}/attendances", scan);
  add("POST", "/api/v1/training/attendances/{id}/withdraw", withdraw);
  add("POST", "/api/v1/training/import", import);
}

}  // namespace lapel::training
