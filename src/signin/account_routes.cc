// SPDX-License-Identifier: Apache-2.0
#include "signin/account_routes.h"

#include <utility>

#include <fmt/format.h>
#include <qrencode.h>

#include "base/problems.h"
#include "crypto/password.h"
#include "http/answers.h"
#include "http/cookie.h"
#include "http/json_body.h"
#include "http/params.h"
#include "roster/roster.h"
#include "signin/passkey_json.h"
#include "signin/record.h"
#include "signin/rules.h"
#include "signin/signin.h"

namespace lapel::signin {
namespace {

using http::answer;
using http::id_param;
using http::Request;
using http::Response;
using http::time_or_null;

// Rows of '0' and '1': the page draws it, so that no image of a secret stands in any cache.
Result<Json::Array> qr_code(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_M),
                                                             &QRcode_free);
  if (code == nullptr) return fail(Code::kInternal, "The QR code could not be made");
  Json::Array rows;
  for (int y = 0; y < code->width; ++y) {
    std::string row;
    for (int x = 0; x < code->width; ++x) row += (code->data[y * code->width + x] & 1) != 0 ? '1' : '0';
    rows.emplace_back(std::move(row));
  }
  return rows;
}

// What changes how somebody signs in: by who has just said who they are. Who has nothing but the password yet, and has to enroll a
// factor, gave it when the session began.
Result<Asking> fresh_session(const Request& request, const Room& room) {
  Asking asking = TRY(asking_session(request, room));
  const Timestamp now = room.clock.now();
  const Needs needs = asking.session.needs;
  if (needs != Needs::kNothing && needs != Needs::kEnrollment)
    return fail(problems::kSignInUnfinished, "Finish signing in first");
  const bool is_fresh = needs == Needs::kEnrollment
                            ? asking.session.verified_at && now - *asking.session.verified_at < kUnfinishedLifeUs
                            : asking.session.is_fresh(now);
  if (!is_fresh) {
    return fail(problems::kFreshFactor, asking.session.has_factor ? "Show your second factor again first"
                                        : asking.session.is_by_provider
                                            ? "Sign in at your agency's provider again first"
                                            : "Give your password again first");
  }
  return asking;
}

// Managed people show what they have where they are managed: no password here, and a factor only where the provider vouches for none.
Result<void> require_own(const Room& room, const Asking& asking, std::string_view what) {
  bool is_managed = false;
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    is_managed = TRY(ManagedPeople::is_managed(tx, asking.by.person));
    return {};
  }));
  if (!is_managed) return {};
  return fail(problems::kDenied,
              fmt::format("This account signs in through the agency's identity provider: it has no {} here", what));
}

Result<Asking> enrolling_session(const Request& request, const Room& room) {
  Asking asking = TRY(fresh_session(request, room));
  const auto provider = TRY(room.providers.find(asking.session.actor.agency));
  if (provider && provider->mfa.kind != MfaRule::Kind::kNone) TRY(require_own(room, asking, "second factor"));
  return asking;
}

Json::Array to_json_records(const std::vector<AccountRecord>& records, db::Transaction& tx, const AgencyId& agency) {
  Json::Array out;
  for (const AccountRecord& record : records) {
    Json actor;
    if (record.is_console) {
      actor = "server console";
    } else if (record.actor && *record.actor != record.person) {
      const auto name = roster::name_of(tx, agency, *record.actor);
      actor = name && *name ? Json(**name) : Json(record.actor->text());
    }
    out.emplace_back(Json::Object{{"at", ledger_time(record.at)},
                                  {"event", account_event_name(record.event)},
                                  {"by", std::move(actor)},
                                  {"client", record.client},
                                  {"detail", record.detail}});
  }
  return out;
}

Result<Json::Object> state_of(const Room& room, const PersonId& person) {
  Json::Object out;
  Json::Array factors;
  for (const Factor& factor : TRY(room.factors.list(person))) {
    factors.emplace_back(Json::Object{{"id", factor.id.text()},
                                      {"kind", factor_kind_name(factor.kind)},
                                      {"name", factor.name},
                                      {"created_at", ledger_time(factor.created_at)},
                                      {"used_at", time_or_null(factor.used_at)}});
  }
  out.emplace("factors", std::move(factors));
  out.emplace("recovery_codes_left", TRY(room.factors.recovery_codes_left(person)));
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    const roster::Person known = TRY(roster::person(tx, person));
    out.insert_or_assign("locked_at", time_or_null(TRY(Locks::locked_at(tx, known.login))));
    const db::Rows rows =
        TRY(tx.query("SELECT changed_us FROM passwords WHERE person = :person LIMIT 1", {{"person", person.text()}}));
    const auto changed_us = rows.empty() ? std::nullopt : rows[0].maybe_integer("changed_us");
    out.insert_or_assign("password_changed_at", changed_us ? Json(ledger_time({*changed_us})) : Json());
    out.insert_or_assign("second_factor", second_factor_name(TRY(sign_in_rules(tx, known.agency)).second_factor));
    out.insert_or_assign("events", to_json_records(TRY(account_records(tx, person)), tx, known.agency));
    return {};
  }));
  return out;
}

Result<Response> show_account(const Request& request, const Room& room) {
  const Asking asking = TRY(asking_session(request, room));
  if (asking.session.needs != Needs::kNothing && asking.session.needs != Needs::kEnrollment)
    return fail(problems::kSignInUnfinished, "Finish signing in first");
  Json::Object out = TRY(state_of(room, asking.by.person));
  Json::Array sessions;
  for (const Sessions::Listed& each : TRY(room.sessions.list(asking.by.person, request))) {
    sessions.emplace_back(Json::Object{{"started_at", ledger_time(each.started_at)},
                                       {"seen_at", ledger_time(each.seen_at)},
                                       {"ends_at", ledger_time(each.ends_at)},
                                       {"current", each.is_this}});
  }
  out.emplace("sessions", std::move(sessions));
  out.emplace("login", asking.by.login);
  const auto place = passkey_place(request);
  out.emplace("passkeys_unavailable", place ? Json() : Json(place.error().message));
  return answer(200, std::move(out));
}

Result<Response> begin_totp(const Request& request, const Room& room) {
  const Asking asking = TRY(enrolling_session(request, room));
  const TotpSecret secret = TRY(room.factors.begin_totp(asking.by.person));
  std::string agency;
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    const AgencyId id = TRY(roster::person(tx, asking.by.person)).agency;
    agency = TRY(roster::agency(tx, id)).name;
    return {};
  }));
  const std::string uri = totp_uri(secret, "Lapel " + agency, asking.by.login);
  const Json::Array qr = TRY(qr_code(uri));
  return answer(200, {{"secret", base32(secret)}, {"uri", uri}, {"qr", qr}});
}

// After a factor was added: a session that waited for it goes on, under another cookie; who has no recovery codes yet gets them.
Result<Response> added(const Request& request, const Room& room, const Asking& asking) {
  Json::Object out;
  Json::Array codes;
  if (TRY(room.factors.recovery_codes_left(asking.by.person)) == 0) {
    for (std::string& code : TRY(room.factors.make_recovery_codes(asking.by))) codes.emplace_back(std::move(code));
  }
  out.emplace("recovery_codes", std::move(codes));
  Response response = answer(201, std::move(out));
  // Also where none was required: from now on this session would be one that has not shown its factor.
  const Sessions::Opened session = TRY(room.sessions.promote(request));
  response.with("Set-Cookie", session_cookie(request, session.cookie, kSessionLifeUs / 1'000'000));
  // Whoever else is signed in as this person has shown no second factor, and is asked for one.
  return response;
}

Result<Response> confirm_totp(const Request& request, const Room& room) {
  const Asking asking = TRY(enrolling_session(request, room));
  const Json body = TRY(http::json_body(request));
  TRY(room.factors.confirm_totp(asking.by, TRY(http::text_member(body, "name")).value_or(""),
                                TRY(http::required_text(body, "code"))));
  return added(request, room, asking);
}

Result<Response> ask_new_passkey(const Request& request, const Room& room) {
  const Asking asking = TRY(enrolling_session(request, room));
  const PasskeyPlace place = TRY(passkey_place(request));
  Json::Array excluded;
  for (const std::string& id : TRY(room.factors.passkey_ids(asking.by.person, place.rp_id))) {
    excluded.emplace_back(Json::Object{{"type", "public-key"}, {"id", id}});
  }
  Json::Array algorithms;
  for (const PasskeyAlgorithm algorithm :
       {PasskeyAlgorithm::kEs256, PasskeyAlgorithm::kEdDsa, PasskeyAlgorithm::kRs256}) {
    algorithms.emplace_back(Json::Object{{"type", "public-key"}, {"alg", static_cast<std::int64_t>(algorithm)}});
  }
  std::string name;
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    name = TRY(roster::person(tx, asking.by.person)).name;
    return {};
  }));
  const std::string challenge =
      TRY(room.challenges.make(Challenges::Purpose::kCreate, session_key_of(request).value_or("")));
  return answer(
      200,
      {{"challenge", challenge},
       {"rp", Json::Object{{"id", place.rp_id}, {"name", "Lapel"}}},
       {"user",
        Json::Object{{"id", base64url(asking.by.person.bytes())}, {"name", asking.by.login}, {"displayName", name}}},
       {"pubKeyCredParams", std::move(algorithms)},
       {"excludeCredentials", std::move(excluded)},
       {"authenticatorSelection",
        Json::Object{{"residentKey", "required"}, {"requireResidentKey", true}, {"userVerification", "required"}}},
       {"attestation", "none"},
       {"timeout", kChallengeLifeUs / 1'000}});
}

Result<Response> add_passkey(const Request& request, const Room& room) {
  const Asking asking = TRY(enrolling_session(request, room));
  const Json body = TRY(http::json_body(request));
  const PasskeyPlace place = TRY(passkey_place(request));
  const Json* credential = body.find("credential");
  if (credential == nullptr) return fail(Code::kInvalid, "\"credential\" must be what the browser made");
  const CreatedCredential created = TRY(read_created(*credential));
  TRY(room.challenges.check(Challenges::Purpose::kCreate, session_key_of(request).value_or(""), created.challenge));
  TRY(room.factors.add_passkey(asking.by, TRY(http::text_member(body, "name")).value_or(""),
                               {created.challenge, place.origin, place.rp_id}, created.answer));
  return added(request, room, asking);
}

Result<Response> remove_factor(const Request& request, const Room& room) {
  const Asking asking = TRY(fresh_session(request, room));
  const auto id = FactorId::parse(id_param(request));
  if (!id) return fail(Code::kNotFound, "You have no such factor", id_param(request));
  SecondFactor rule = SecondFactor::kRequired;
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    rule = TRY(sign_in_rules(tx, TRY(roster::person(tx, asking.by.person)).agency)).second_factor;
    return {};
  }));
  TRY(room.factors.remove(asking.by, *id,
                          rule == SecondFactor::kRequired ? Factors::Last::kStays : Factors::Last::kMayGo));
  // Whatever it has opened ends with it.
  TRY(room.sessions.end_others(asking.by.person, request));
  return Response::empty(204);
}

Result<Response> make_recovery_codes(const Request& request, const Room& room) {
  const Asking asking = TRY(fresh_session(request, room));
  if (!asking.session.has_factor)
    return fail(Code::kConflict, "Recovery codes stand in for a second factor; enroll one first");
  Json::Array codes;
  for (std::string& code : TRY(room.factors.make_recovery_codes(asking.by))) codes.emplace_back(std::move(code));
  return answer(201, {{"recovery_codes", std::move(codes)}});
}

Result<Response> change_password(const Request& request, const Room& room) {
  const Asking asking = TRY(fresh_session(request, room));
  TRY(require_own(room, asking, "password"));
  const Json body = TRY(http::json_body(request));
  const std::string password = TRY(http::required_text(body, "password"));
  TRY(check_new_password(password));
  const std::string hash = TRY(room.sessions.hash(password));
  const AccountRecord record{.at = room.clock.now(),
                             .event = AccountEvent::kPasswordChanged,
                             .person = asking.by.person,
                             .actor = asking.by.person,
                             .client = request.client};
  TRY(room.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(set_password(tx, asking.by.person, hash, record.at));
    return note(tx, record);
  }));
  TRY(room.sessions.end_others(asking.by.person, request));
  return Response::empty(204);
}

Result<Response> end_other_sessions(const Request& request, const Room& room) {
  const Asking asking = TRY(asking_session(request, room));
  if (asking.session.needs != Needs::kNothing) return fail(problems::kSignInUnfinished, "Finish signing in first");
  TRY(room.sessions.end_others(asking.by.person, request));
  return Response::empty(204);
}

// ---- an administrator, for others ----

// `person`: whom it concerns; nobody manages themselves.
Result<void> require_manager(const access::Actor& actor, const std::optional<PersonId>& person = std::nullopt) {
  access::Item item;
  item.agency = actor.agency;
  item.assigned_officer = person;
  return access::require(access::decide(actor, access::Action::kManagePeople, item), "page");
}

// Whose account, of the asker's agency.
Result<roster::Person> person_of(const Request& request, const Room& room, const access::Actor& actor) {
  const PersonId id = TRY(id_param<PersonId>(request, "person"));
  roster::Person person;
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    person = TRY(roster::person(tx, id));
    if (person.agency != actor.agency) return fail(Code::kNotFound, "No such person", id.text());
    return {};
  }));
  return person;
}

// Break-glass is on record, and seen by those whose work it went around.
Result<Response> show_console(const Request&, const Room& room, const access::Actor& actor) {
  TRY(require_manager(actor));
  const Timestamp since{room.clock.now().us - kConsoleShownUs};
  Json::Array items;
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    for (const AccountRecord& record : TRY(console_records(tx, actor.agency, since))) {
      const roster::Person person = TRY(roster::person(tx, record.person));
      items.emplace_back(Json::Object{{"at", ledger_time(record.at)},
                                      {"event", account_event_name(record.event)},
                                      {"person", record.person.text()},
                                      {"name", person.name}});
    }
    return {};
  }));
  return http::page(std::move(items));
}

Result<Response> show_sign_in(const Request& request, const Room& room, const access::Actor& actor) {
  TRY(require_manager(actor));
  const PersonId person = TRY(person_of(request, room, actor)).id;
  Json::Object out = TRY(state_of(room, person));
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    out.insert_or_assign("awaits_password", TRY(Setup::awaits_password(tx, person)));
    return {};
  }));
  return answer(200, std::move(out));
}

Result<Response> unlock(const Request& request, const Room& room) {
  const access::Actor actor = TRY(fresh_session(request, room)).session.actor;
  TRY(require_manager(actor));
  const roster::Person person = TRY(person_of(request, room, actor));
  TRY(require_manager(actor, person.id));
  const AccountRecord record{.at = room.clock.now(),
                             .event = AccountEvent::kUnlocked,
                             .person = person.id,
                             .actor = actor.person,
                             .client = request.client};
  TRY(room.database.write([&](db::Transaction& tx) -> Result<void> {
    if (!TRY(Locks::locked_at(tx, person.login))) return fail(Code::kConflict, "This account is not locked");
    TRY(Locks::release(tx, person.login));
    return note(tx, record);
  }));
  return Response::empty(204);
}

Result<Response> reset_factors(const Request& request, const Room& room) {
  const access::Actor actor = TRY(fresh_session(request, room)).session.actor;
  TRY(require_manager(actor));
  const roster::Person person = TRY(person_of(request, room, actor));
  TRY(require_manager(actor, person.id));
  const Json body = TRY(http::json_body(request));
  const std::string reason = TRY(http::required_text(body, "reason"));
  const AccountRecord record{.at = room.clock.now(),
                             .event = AccountEvent::kFactorsReset,
                             .person = person.id,
                             .actor = actor.person,
                             .client = request.client,
                             .detail = reason};
  TRY(room.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(Factors::reset(tx, person.id));
    TRY(Sessions::end_all(tx, person.id));
    return note(tx, record);
  }));
  return Response::empty(204);
}

}  // namespace

Result<Asking> asking_session(const Request& request, const Room& room) {
  auto session = TRY(room.sessions.find(request));
  if (!session) return fail(Error{&problems::kUnauthenticated, "Sign in first", {}});
  if (request.method != "GET" && request.method != "HEAD") TRY(http::require_own_site(request));
  Asking out{std::move(*session), {}};
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    const roster::Person person = TRY(roster::person(tx, out.session.actor.person));
    out.by = {person.id, person.login, request.client, session_key_of(request)};
    return {};
  }));
  return out;
}

void register_account_routes(http::Router& router, const Room& room, roster::Asker asker) {
  const auto own = [&](std::string_view method, std::string_view pattern, auto handler) {
    router.add(method, pattern, [room, handler](const Request& request) { return handler(request, room); });
  };
  own("GET", "/api/v1/account", show_account);
  own("POST", "/api/v1/account/totp", begin_totp);
  own("POST", "/api/v1/account/totp/confirm", confirm_totp);
  own("POST", "/api/v1/account/passkey-question", ask_new_passkey);
  own("POST", "/api/v1/account/passkeys", add_passkey);
  own("DELETE", "/api/v1/account/factors/{id}", remove_factor);
  own("POST", "/api/v1/account/recovery-codes", make_recovery_codes);
  own("POST", "/api/v1/account/password", change_password);
  own("DELETE", "/api/v1/account/other-sessions", end_other_sessions);
  const auto managing = roster::asked_routes(router, std::move(asker), room);
  managing("GET", "/api/v1/sign-in/console", show_console);
  managing("GET", "/api/v1/people/{id}/sign-in", show_sign_in);
  own("POST", "/api/v1/people/{id}/sign-in/unlock", unlock);
  own("POST", "/api/v1/people/{id}/sign-in/reset", reset_factors);
}

}  // namespace lapel::signin
