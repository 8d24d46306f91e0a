// SPDX-License-Identifier: Apache-2.0
#include "invitations/routes.h"

#include <utility>

#include <fmt/format.h>

#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"

namespace lapel::invitations {
namespace {

using http::answer;
using http::or_null;
using http::Request;
using http::Response;
using http::time_or_null;
using Known = FileRequests::Known;

Result<FileRequestId> request_param(const Request& request) {
  return http::id_param<FileRequestId>(request, "file request");
}

Json::Object to_members(const intake::UnderWay& upload) {
  return {{"upload", upload.id.text()},
          {"state", intake::state_name(upload.state)},
          {"filename", upload.filename},
          {"bytes", upload.bytes},
          {"offset", upload.offset},
          {"sha256", or_null(upload.sha256)},
          {"reason", http::text_or_null(upload.reason)}};
}

Json::Array under_way(const Known& known) {
  Json::Array out;
  for (const intake::UnderWay& upload : known.under_way) out.emplace_back(to_members(upload));
  return out;
}

Json::Object terms_of(const roster::FileRequest& request) {
  return {{"id", request.id.text()},
          {"name", request.name},
          {"incident", request.incident},
          {"words", request.words},
          {"made_at", ledger_time(request.made_at)},
          {"ends_at", ledger_time(request.ends_at)},
          {"files_max", request.files_max},
          {"bytes_max", request.bytes_max}};
}

Json::Object to_members(const Known& known) {
  const roster::FileRequest& request = known.request;
  Json::Object out = terms_of(request);
  out.emplace("contact", or_null(request.contact));
  out.emplace("wants_code", request.wants_code);
  out.emplace("code_dead", known.is_code_dead);
  out.emplace("made_by", known.maker_name);
  out.emplace("opened_at", time_or_null(request.opened_at));
  out.emplace("revoked_at", time_or_null(request.revoked_at));
  out.emplace("revoke_reason", http::text_or_null(request.revoke_reason));
  out.emplace("files_used", known.used.files);
  out.emplace("bytes_used", known.used.bytes);
  return out;
}

Response described(const Known& known) {
  Json::Object out = to_members(known);
  Json::Array files;
  for (const FileRequests::Arrived& file : known.files) {
    files.emplace_back(Json::Object{{"recording", file.recording.text()},
                                    {"filename", file.filename},
                                    {"bytes", file.bytes},
                                    {"sha256", file.sha256},
                                    {"received_at", ledger_time(file.received_at)},
                                    {"state", file.state},
                                    {"verdict", or_null(file.verdict)},
                                    {"sentence", or_null(file.sentence)}});
  }
  out.emplace("files", std::move(files));
  out.emplace("under_way", under_way(known));
  return answer(200, std::move(out));
}

// ---- by the agency ----

Result<std::optional<std::int64_t>> number_member(const Json& body, std::string_view name) {
  const Json* value = body.find(name);
  if (!value || value->is_null()) return std::optional<std::int64_t>();
  const std::int64_t* number = body.find_integer(name);
  if (!number) return fail(Code::kInvalid, fmt::format("\"{}\" must be a whole number", name));
  return std::optional(*number);
}

Result<Response> make(const Request& request, const Room& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  Terms terms;
  terms.name = TRY(http::required_text(body, "name"));
  terms.contact = TRY(http::text_member(body, "contact"));
  terms.incident = TRY(http::required_text(body, "incident"));
  const std::string* words = body.find_string("words");  // may be longer than a field
  if (!words) return fail(Code::kInvalid, "\"words\" must be the text of what is asked for");
  terms.words = *words;
  terms.ends_at = TRY(http::time_member(body, "ends_at"));
  terms.files_max = TRY(number_member(body, "files_max"));
  terms.bytes_max = TRY(number_member(body, "bytes_max"));
  terms.wants_code = TRY(http::flag_member(body, "code")).value_or(false);
  const FileRequests::Made made = TRY(room.requests.make(actor, terms));
  // After the sign, so that no log or proxy on the way of the link is told it.
  const std::string here = fmt::format("{}://{}", request.is_secure ? "https" : "http", request.host);
  const Known known = TRY(room.requests.show(actor, made.request.id));
  return answer(201,
                {{"file_request", to_members(known)},
                 {"link", fmt::format("{}/send#{}", room.public_url.empty() ? here : room.public_url, made.secret)},
                 {"code", or_null(made.code)}});
}

Result<Response> list(const Request& request, const Room& room, const access::Actor& actor) {
  return http::page_of(TRY(room.requests.list(actor, TRY(http::page_query(request)))),
                       [](const Known& known) { return to_members(known); });
}

Result<Response> show(const Request& request, const Room& room, const access::Actor& actor) {
  return described(TRY(room.requests.show(actor, TRY(request_param(request)))));
}

Result<Response> revoke(const Request& request, const Room& room, const access::Actor& actor) {
  const FileRequestId id = TRY(request_param(request));
  const Json body = TRY(http::json_body(request));
  return described(TRY(room.requests.revoke(actor, id, TRY(http::required_text(body, "reason")))));
}

Result<Response> give_code(const Request& request, const Room& room, const access::Actor& actor) {
  const std::string code = TRY(room.requests.give_code(actor, TRY(request_param(request))));
  return answer(201, {{"code", code}});
}

Result<Response> accept(const Request& request, const Room& room, const access::Actor& actor) {
  const RecordingId id = TRY(http::id_param<RecordingId>(request, "recording"));
  const Json body = TRY(http::json_body(request));
  const evidence::Recording accepted = TRY(room.vault.accept(actor, id, TRY(http::required_text(body, "reason"))));
  return answer(200, {{"id", accepted.id.text()}, {"state", access::state_name(accepted.state)}});
}

// ---- by whoever was asked ----

Result<Response> enter(const Request& request, const Room& room) {
  const Json body = TRY(http::json_body(request));
  const FileRequests::Entered entered = TRY(room.requests.enter(request.client, TRY(http::required_text(body, "link")),
                                                                TRY(http::text_member(body, "code")).value_or("")));
  request.asked = {entered.request.text(), entered.agency.text()};
  return answer(201, {{"token", entered.token}, {"ends_at", ledger_time(entered.ends_at)}});
}

Result<Response> mine(const Request&, const Room& room, const access::Actor& actor) {
  const Known known = TRY(room.requests.own(actor));
  Json::Object out = terms_of(known.request);
  out.emplace("agency_name", known.agency_name);
  out.emplace("agency_slug", known.agency_slug);
  out.emplace("made_by", known.maker_name);
  out.emplace("files_used", known.used.files);
  out.emplace("bytes_used", known.used.bytes);
  Json::Array files;
  for (const FileRequests::Arrived& file : known.files) {
    files.emplace_back(
        Json::Object{{"recording", file.recording.text()},
                     {"filename", file.filename},
                     {"bytes", file.bytes},
                     {"sha256", file.sha256},
                     {"received_at", ledger_time(file.received_at)},
                     {"receipt", file.leaf_index < known.published_size
                                     ? Json(fmt::format("/api/v1/recordings/{}/receipt", file.recording.text()))
                                     : Json()}});
  }
  out.emplace("files", std::move(files));
  out.emplace("under_way", under_way(known));
  return answer(200, std::move(out));
}

}  // namespace

void register_routes(http::Router& router, const Room& room, roster::Asker asker) {
  const auto add = roster::asked_routes(router, std::move(asker), room);
  add("POST", "/api/v1/file-requests", make);
  add("GET", "/api/v1/file-requests", list);
  add("GET", "/api/v1/file-requests/{id}", show);
  add("POST", "/api/v1/file-requests/{id}/revoke", revoke);
  add("POST", "/api/v1/file-requests/{id}/codes", give_code);
  add("POST", "/api/v1/recordings/{id}/accept", accept);
  add("GET", "/api/v1/file-requests/mine", mine);
  router.add("POST", "/api/v1/file-requests/session", [room](const Request& request) { return enter(request, room); });
}

}  // namespace lapel::invitations
