// SPDX-License-Identifier: Apache-2.0
#include "disclosure/routes.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/problems.h"
#include "http/answers.h"
#include "http/cookie.h"
#include "http/json_body.h"
#include "http/params.h"
#include "http/range.h"

namespace lapel::disclosure {
namespace {

using http::answer;
using http::or_null;
using http::param;
using http::Request;
using http::Response;
using http::time_or_null;
using sharing::Share;
using sharing::ShareKind;
using sharing::Shares;

Result<ShareId> share_param(const Request& request) {
  return http::id_param<ShareId>(request, "share");
}

Result<std::size_t> item_param(const Request& request) {
  const auto n = parse_decimal(param(request, "n"));
  if (!n || *n >= limits::kShareRecordingsMax) return fail(Code::kNotFound, "This share has no such recording");
  return static_cast<std::size_t>(*n);
}

// ---- by the agency ----

// Of the copy that is watched, where there is one: whether it is ready, and else why not.
Json copy_of(const Share::Item& item) {
  if (!item.copy) return {};
  return Json::Object{{"ready", item.copy->is_ready},
                      {"final", item.copy->is_final},
                      {"reason", item.copy->is_ready ? Json() : Json(item.copy->reason)}};
}

Json::Object to_members(const Share& share) {
  const bool is_discovery = share.terms.kind == ShareKind::kDiscovery;
  Json::Array items;
  for (const Share::Item& item : share.items) {
    // That it is one of so many, and whether it was fetched, is of the share; all else is of a recording that is none to whoever asks.
    const auto shown = [&](Json value) { return item.is_hidden ? Json() : std::move(value); };
    items.emplace_back(Json::Object{{"recording", shown(item.recording.text())},
                                    {"filename", shown(item.filename)},
                                    {"bytes", shown(item.bytes)},
                                    {"sha256", shown(hex(item.sha256))},
                                    {"downloaded_at", time_or_null(item.downloaded_at)},
                                    {"copy", shown(copy_of(item))}});
  }
  return {{"id", share.id.text()},
          {"kind", sharing::share_kind_name(share.terms.kind)},
          {"recipient", share.terms.recipient},
          {"organization", or_null(share.terms.organization)},
          {"purpose", access::purpose_name(share.terms.basis.purpose)},
          {"case", or_null(share.terms.basis.case_number)},
          {"warrant", or_null(share.terms.basis.warrant)},
          {"order", or_null(share.terms.order)},
          {"made_at", ledger_time(share.made_at)},
          {"made_by", share.maker_name},
          {"ends_at", time_or_null(share.terms.ends_at)},
          {"views_max", or_null(share.terms.views_max)},
          {"views_used", is_discovery ? Json() : Json(share.views_used)},
          {"prepared_at", time_or_null(share.prepared_at)},
          {"failed_at", time_or_null(share.failed_at)},
          {"reason", share.reason.empty() ? Json() : Json(share.reason)},
          {"revoked_at", time_or_null(share.revoked_at)},
          {"opened_at", time_or_null(share.opened_at)},
          {"accepted_at", time_or_null(share.accepted_at)},
          {"received_at", time_or_null(share.received_at)},
          {"code_failed_at", time_or_null(share.code_failed_at)},
          {"items", std::move(items)}};
}

Result<sharing::ShareTerms> read_terms(const Json& body) {
  sharing::ShareTerms terms;
  const std::string kind = TRY(http::required_text(body, "kind"));
  const auto known = sharing::parse_share_kind(kind);
  if (!known) return fail(Code::kInvalid, "\"kind\" must be view, download or discovery");
  terms.kind = *known;
  terms.recipient = TRY(http::required_text(body, "recipient"));
  terms.organization = TRY(http::text_member(body, "organization"));
  const auto purpose = access::parse_purpose(TRY(http::required_text(body, "purpose")));
  if (!purpose) return fail(Code::kInvalid, fmt::format("\"purpose\" must be one of {}", access::all_purpose_names()));
  terms.basis.purpose = *purpose;
  terms.basis.case_number = TRY(http::text_member(body, "case"));
  terms.basis.warrant = TRY(http::text_member(body, "warrant"));
  terms.ends_at = TRY(http::time_member(body, "ends_at"));
  if (const Json* cap = body.find("views_max"); cap != nullptr && !cap->is_null()) {
    const std::int64_t* number = body.find_integer("views_max");
    if (number == nullptr) return fail(Code::kInvalid, "\"views_max\" must be a whole number, or null for no cap");
    terms.views_max = *number;
  }
  if (const Json* order = body.find("order"); order != nullptr && !order->is_null()) {
    if (order->string() == nullptr) return fail(Code::kInvalid, "\"order\" must be the text of the protective order");
    if (!order->string()->empty()) terms.order = *order->string();
  }
  const Json* recordings = body.find("recordings");
  if (recordings == nullptr || recordings->array() == nullptr) {
    return fail(Code::kInvalid, "\"recordings\" must be a list of ids");
  }
  for (const Json& each : *recordings->array()) {
    const auto id = each.string() ? RecordingId::parse(*each.string()) : std::nullopt;
    if (!id) return fail(Code::kNotFound, "No such recording");
    terms.recordings.push_back(*id);
  }
  return terms;
}

Json::Object to_members(const Recipients::EntryCode& code) {
  return {{"code", code.text}, {"ends_at", ledger_time(code.ends_at)}};
}

Result<Response> make(const Request& request, const Room& room, const access::Actor& actor) {
  const sharing::ShareTerms terms = TRY(read_terms(TRY(http::json_body(request))));
  const Recipients::Made made = TRY(room.recipients.make(actor, terms));
  // After the sign, so that no log or proxy on the way of the link is told it.
  const std::string here = fmt::format("{}://{}", request.is_secure ? "https" : "http", request.host);
  return answer(
      201, {{"share", to_members(made.share.share)},
            {"link", fmt::format("{}/shared#{}", room.public_url.empty() ? here : room.public_url, made.share.secret)},
            {"code", to_members(made.code)}});
}

Result<Response> list(const Request& request, const Room& room, const access::Actor& actor) {
  std::optional<RecordingId> recording;
  if (const auto it = request.query.find("recording"); it != request.query.end()) {
    recording = RecordingId::parse(it->second);
    if (!recording) return fail(Code::kNotFound, "No such recording", it->second);
  }
  return http::page_of(TRY(room.shares.list(actor, recording, TRY(http::page_query(request)))),
                       [](const Share& share) { return to_members(share); });
}

Result<Response> show(const Request& request, const Room& room, const access::Actor& actor) {
  return answer(200, to_members(TRY(room.shares.show(actor, TRY(share_param(request))))));
}

Result<Response> revoke(const Request& request, const Room& room, const access::Actor& actor) {
  const ShareId id = TRY(share_param(request));
  const Json body = TRY(http::json_body(request));
  return answer(200, to_members(TRY(room.shares.revoke(actor, id, TRY(http::required_text(body, "reason"))))));
}

Result<Response> give_code(const Request& request, const Room& room, const access::Actor& actor) {
  return answer(201, to_members(TRY(room.recipients.give_code(actor, TRY(share_param(request))))));
}

// ---- by the recipient ----

Response describe(const Shares::Receiving& receiving) {
  const Share& share = receiving.share;
  Json::Array items;
  for (std::size_t n = 0; n < share.items.size(); ++n) {
    const Share::Item& item = share.items[n];
    items.emplace_back(Json::Object{{"n", n},
                                    {"filename", item.filename},
                                    {"bytes", item.bytes},
                                    {"sha256", hex(item.sha256)},
                                    {"recorded_at", time_or_null(item.recorded_at)},
                                    {"duration_ms", or_null(item.duration_ms)},
                                    {"copy", copy_of(item)}});
  }
  const auto left = share.terms.views_max ? std::optional(*share.terms.views_max - share.views_used) : std::nullopt;
  return answer(200, {{"share", share.id.text()},
                      {"kind", sharing::share_kind_name(share.terms.kind)},
                      {"recipient", share.terms.recipient},
                      {"organization", or_null(share.terms.organization)},
                      {"agency_name", receiving.agency_name},
                      {"agency_slug", receiving.actor.agency_slug},
                      {"from", share.maker_name},
                      {"purpose", access::purpose_name(share.terms.basis.purpose)},
                      {"case", or_null(share.terms.basis.case_number)},
                      {"made_at", ledger_time(share.made_at)},
                      {"ends_at", time_or_null(share.terms.ends_at)},
                      {"views_left", or_null(left)},
                      {"prepared_at", time_or_null(share.prepared_at)},
                      {"order", or_null(share.terms.order)},
                      {"accepted_at", time_or_null(share.accepted_at)},
                      {"received_at", time_or_null(share.received_at)},
                      {"items", std::move(items)}});
}

bool is_bytes(const Request& request) {
  return request.route.ends_with("/content");
}

Result<Shares::Receiving> receiving(const Request& request, const Room& room) {
  Shares::Receiving out = TRY(room.recipients.find(request));
  request.is_untraced = request.is_untraced || out.share.terms.kind == ShareKind::kDiscovery;
  if (!request.is_untraced) request.asked = {out.actor.subject().text(), out.actor.agency.text()};
  if (!is_bytes(request)) TRY(room.pace.take(out.actor.subject().text()));
  return out;
}

// A browser has one cookie, and perhaps two tabs: what is done is done to the share that was looked at.
Result<void> require_same(const Shares::Receiving& of, const std::optional<std::string>& share) {
  if (!share) return fail(Code::kInvalid, "\"share\" must be the id of the share that this is about");
  if (*share == of.share.id.text()) return {};
  return fail(Code::kConflict, "This browser has opened another share meanwhile: open the link of this one again");
}
Result<Shares::Receiving> receiving_as_said(const Request& request, const Room& room) {
  Shares::Receiving out = TRY(receiving(request, room));
  TRY(require_same(out, TRY(http::text_member(TRY(http::json_body(request)), "share"))));
  return out;
}

Result<Response> enter(const Request& request, const Room& room) {
  const Json body = TRY(http::json_body(request));
  const Recipients::Entered entered = TRY(
      room.recipients.enter(request, TRY(http::required_text(body, "link")), TRY(http::required_text(body, "code"))));
  return answer(201, {{"share", entered.share.text()}})
      .with("Set-Cookie", recipient_cookie(request, entered.cookie, entered.life_us / 1'000'000));
}

Result<Response> received(const Request& request, const Room& room) {
  return describe(TRY(receiving(request, room)));
}

Result<Response> leave(const Request& request, const Room& room) {
  const auto of = room.recipients.find(request);
  request.is_untraced = of && of->share.terms.kind == ShareKind::kDiscovery;
  TRY(room.recipients.end(request));
  return std::move(
      Response::empty(204).with("Set-Cookie", recipient_cookie(request, "", 0)).with("Clear-Site-Data", "\"cache\""));
}

Result<Response> accept_order(const Request& request, const Room& room) {
  TRY(room.shares.accept_order(TRY(receiving_as_said(request, room))));
  return describe(TRY(receiving(request, room)));
}

Result<Response> confirm_receipt(const Request& request, const Room& room) {
  TRY(room.shares.confirm_receipt(TRY(receiving_as_said(request, room))));
  return describe(TRY(receiving(request, room)));
}

Result<Response> open_view(const Request& request, const Room& room) {
  const Shares::Receiving of = TRY(receiving_as_said(request, room));
  const std::size_t n = TRY(item_param(request));
  const std::string use = TRY(http::required_text(TRY(http::json_body(request)), "use"));
  if (use != "watch" && use != "download") return fail(Code::kInvalid, "\"use\" must be watch or download");
  const bool is_download = use == "download";
  const auto view = TRY(room.shares.open_view(of, n, is_download ? Shares::Use::kDownload : Shares::Use::kWatch));
  return answer(201, {{"content", view ? fmt::format("/api/v1/received/views/{}/content", view->text())
                                       : fmt::format("/api/v1/received/items/{}/content?share={}{}", n,
                                                     of.share.id.text(), is_download ? "&download=1" : "")}});
}

// RFC 8187: the name as it was, which no header can carry by itself.
std::string attachment(std::string_view filename) {
  std::string name;
  for (const char c : filename) {
    const bool is_plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
    name += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return fmt::format("attachment; filename*=UTF-8''{}", name.empty() ? "recording" : name);
}

Result<Response> serve(const Request& request, const Room& room, const Shares::Receiving& of,
                       const Shares::Content& content) {
  Response response =
      TRY(http::serve_representation(request, {content.file, content.bytes, http::safe_type(content.filetype),
                                               fmt::format("\"{}\"", hex(content.sha256))}));
  response.with("Cache-Control", "private, no-store");
  response.with("Content-Security-Policy", "default-src 'none'; media-src 'self'; sandbox");
  if (content.use == Shares::Use::kDownload) response.with("Content-Disposition", attachment(content.filename));
  response.goes_on = http::as_long_as(
      [&shares = room.shares, of, recording = content.recording] { return shares.goes_on(of, recording); });
  return response;
}

Result<Response> view_content(const Request& request, const Room& room) {
  const Shares::Receiving of = TRY(receiving(request, room));
  const auto view = ShareViewId::parse(param(request, "view"));
  if (!view) return fail(Code::kNotFound, "No such view, or its time is over");
  return serve(request, room, of, TRY(room.shares.content(of, *view)));
}

std::optional<std::string> share_query(const Request& request) {
  const auto it = request.query.find("share");
  return it == request.query.end() ? std::nullopt : std::optional(it->second);
}

Result<Response> item_content(const Request& request, const Room& room) {
  request.is_untraced = true;  // whoever's it turns out to be: nothing but discovery is asked for here
  const Shares::Receiving of = TRY(receiving(request, room));
  TRY(require_same(of, share_query(request)));
  const auto use = request.query.contains("download") ? Shares::Use::kDownload : Shares::Use::kWatch;
  return serve(request, room, of, TRY(room.shares.discovery_content(of, TRY(item_param(request)), use)));
}

Result<Response> item_receipt(const Request& request, const Room& room) {
  const Shares::Receiving of = TRY(receiving(request, room));
  TRY(require_same(of, share_query(request)));
  const std::size_t n = TRY(item_param(request));
  return Response::text(200, TRY(room.shares.receipt(of, n)))
      .with("Cache-Control", "no-store")
      .with("Content-Disposition",
            fmt::format("attachment; filename=\"{}.tlog-proof\"", of.share.items[n].recording.text()));
}

}  // namespace

void register_routes(http::Router& router, const Room& room, roster::Asker asker) {
  const auto staff = roster::asked_routes(router, std::move(asker), room);
  staff("POST", "/api/v1/shares", make);
  staff("GET", "/api/v1/shares", list);
  staff("GET", "/api/v1/shares/{id}", show);
  staff("POST", "/api/v1/shares/{id}/revoke", revoke);
  staff("POST", "/api/v1/shares/{id}/codes", give_code);

  const auto recipient = [&](std::string_view method, std::string_view pattern, auto handler) {
    router.add(method, pattern, [room, handler](const Request& request) -> Result<Response> {
      if (request.method != "GET" && request.method != "HEAD") TRY(http::require_own_site(request));
      return handler(request, room);
    });
  };
  recipient("POST", "/api/v1/received/session", enter);
  recipient("DELETE", "/api/v1/received/session", leave);
  recipient("GET", "/api/v1/received", received);
  recipient("POST", "/api/v1/received/order", accept_order);
  recipient("POST", "/api/v1/received/receipt", confirm_receipt);
  recipient("POST", "/api/v1/received/items/{n}/views", open_view);
  recipient("GET", "/api/v1/received/items/{n}/content", item_content);
  recipient("GET", "/api/v1/received/items/{n}/receipt", item_receipt);
  recipient("GET", "/api/v1/received/views/{view}/content", view_content);
}

}  // namespace lapel::disclosure
