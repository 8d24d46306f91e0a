// SPDX-License-Identifier: Apache-2.0
#include "signin/routes.h"

#include <utility>

#include "base/json.h"
#include "base/problems.h"
#include "http/answers.h"
#include "http/cookie.h"
#include "http/json_body.h"
#include "roster/roster.h"
#include "signin/account_routes.h"
#include "signin/passkey_json.h"
#include "signin/provider_routes.h"
#include "signin/record.h"
#include "signin/rules.h"

namespace lapel::signin {
namespace {

using http::answer;
using http::Request;
using http::Response;

struct Who {
  roster::Person person;
  roster::Agency agency;
  access::Actor actor;
  SignInRules rules;
};

Result<Who> who_is(db::Database& database, const PersonId& id) {
  Who who;
  TRY(database.read([&](db::Transaction& tx) -> Result<void> {
    who.person = TRY(roster::person(tx, id));
    who.actor = TRY(roster::actor(tx, id));
    who.agency = TRY(roster::agency(tx, who.person.agency));
    who.rules = TRY(sign_in_rules(tx, who.agency.id));
    return {};
  }));
  return who;
}

Json::Array rights_of(const access::Actor& actor) {
  Json::Array may;
  access::Item own_agency;
  own_agency.agency = actor.agency;
  // Those that need no recording; single ones have rules of their own.
  for (const access::Action action :
       {access::Action::kUpload,         access::Action::kList,           access::Action::kRegisterDevice,
        access::Action::kAssignDevice,   access::Action::kSeeRoster,      access::Action::kManagePeople,
        access::Action::kSeeCases,       access::Action::kManageCases,    access::Action::kRecordStatement,
        access::Action::kClear,          access::Action::kInvestigate,    access::Action::kSetRules,
        access::Action::kSeeHolds,       access::Action::kPlaceHold,      access::Action::kProposeHoldRelease,
        access::Action::kSeeProposals,   access::Action::kManageAgencies, access::Action::kImport,
        access::Action::kSeeImports,     access::Action::kExplain,        access::Action::kSeeAlerts,
        access::Action::kSeeDigests,     access::Action::kReviewAccess,   access::Action::kSeeProgram,
        access::Action::kSeeEmbargoed,   access::Action::kSeeBargaining,  access::Action::kSeePrivileged,
        access::Action::kStateProgram,   access::Action::kSeeFleet,       access::Action::kManageFleet,
        access::Action::kManageStaffing, access::Action::kManageRotation, access::Action::kWaiveGate,
        access::Action::kAskFiles,       access::Action::kReadPolicies,   access::Action::kSeeTraining,
        access::Action::kManageTraining, access::Action::kReviewReport}) {
    if (access::decide(actor, action, own_agency).is_allowed()) may.emplace_back(access::action_name(action));
  }
  // What one has sent oneself, and whether there is a purpose for which one may send anything.
  access::Item own = own_agency;
  own.assigned_officer = actor.person;
  if (access::decide(actor, access::Action::kSeeFileRequests, own).is_allowed()) {
    may.emplace_back(access::action_name(access::Action::kSeeFileRequests));
  }
  if (access::decide(actor, access::Action::kSeeShares, own).is_allowed()) {
    may.emplace_back(access::action_name(access::Action::kSeeShares));
  }
  for (int purpose = 0; purpose <= static_cast<int>(access::Purpose::kOwnRecording); ++purpose) {
    const access::Basis basis{static_cast<access::Purpose>(purpose), true, true, false, std::nullopt};
    if (!access::decide(actor, access::Action::kShare, own_agency, basis).is_allowed()) continue;
    may.emplace_back(access::action_name(access::Action::kShare));
    break;
  }
  return may;
}

}  // namespace

// One that is not finished tells who it is of and what it needs, and no more.
Result<Response> describe(const Room& room, const Sessions::Session& session) {
  const Who who = TRY(who_is(room.database, session.actor.person));
  const bool is_finished = session.needs == Needs::kNothing;
  Json::Array roles, factors;
  if (is_finished) {
    for (const access::Role role : who.actor.roles) roles.emplace_back(access::role_name(role));
  }
  bool has_passkey = false, has_totp = false;
  for (const Factor& factor : TRY(room.factors.list(who.person.id))) {
    (factor.kind == FactorKind::kPasskey ? has_passkey : has_totp) = true;
  }
  if (has_passkey) factors.emplace_back("passkey");
  if (has_totp) factors.emplace_back("totp");
  if (TRY(room.factors.recovery_codes_left(who.person.id)) > 0) factors.emplace_back("recovery");
  std::optional<std::string> provider;
  if (session.is_by_provider) {
    TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
      provider = TRY(Providers::name_of(tx, who.agency.id));
      return {};
    }));
  }
  return answer(200, {{"login", who.person.login},
                      {"name", who.person.name},
                      {"roles", std::move(roles)},
                      {"may", is_finished ? rights_of(who.actor) : Json::Array()},
                      {"agency", who.agency.id.text()},
                      {"agency_name", who.agency.name},
                      {"agency_slug", who.agency.slug},
                      {"ends_at", ledger_time(session.ends_at)},
                      {"idle_seconds", kSessionIdleUs / 1'000'000},
                      {"needs", is_finished ? Json() : Json(needs_name(session.needs))},
                      {"factors", std::move(factors)},
                      {"provider", http::or_null(provider)},
                      {"banner", session.needs == Needs::kBanner ? Json(who.rules.banner) : Json()}});
}

Result<Response> opened(const Room& room, const Request& request, const Sessions::Opened& opened) {
  const auto session = TRY(room.sessions.find(Sessions::next(request, opened)));
  if (!session) return fail(problems::kSignIn, "The session ended at once; sign in again");
  Response response = TRY(describe(room, *session));
  response.with("Set-Cookie", session_cookie(request, opened.cookie, kSessionLifeUs / 1'000'000));
  return response;
}

Result<void> note_of(const Room& room, const Request& request, const PersonId& person, AccountEvent event,
                     std::string how) {
  const AccountRecord record{.at = room.clock.now(),
                             .event = event,
                             .person = person,
                             .actor = person,
                             .client = request.client,
                             .detail = std::move(how)};
  return room.database.write([&](db::Transaction& tx) { return note(tx, record); });
}

Result<void> require_local(const Room& room, const PersonId& person) {
  bool is_managed = false;
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    is_managed = TRY(ManagedPeople::is_managed(tx, person));
    return {};
  }));
  if (!is_managed) return {};
  return fail(problems::kSignIn, "This account signs in through the agency's identity provider");
}

namespace {

// For the trace: whose login was tried, where it is anybody's. It is looked up either way, so it takes as long.
void note_account(const Room& room, const Request& request, const std::string& login) {
  (void)room.database.read([&](db::Transaction& tx) -> Result<void> {
    const auto person = roster::person_by_login(tx, login);
    if (person) request.asked.account = person->id.text();
    return {};
  });
}

Result<Response> sign_in(const Request& request, const Room& room) {
  // Also before there is a session: otherwise another site could sign a browser in as somebody of its choice.
  TRY(http::require_own_site(request));
  const Json body = TRY(parse_json(request.body));
  const std::string* login = body.find_string("login");
  const std::string* password = body.find_string("password");
  if (login == nullptr || password == nullptr)
    return fail(Code::kInvalid, "The body must be a JSON object with login and password");
  const auto checked = room.sessions.check_password(*login, *password, request.client);
  if (!checked) {
    note_account(room, request, *login);
    return fail(checked.error());
  }
  const PersonId person = *checked;
  // A browser that signs in anew leaves no session behind that only it knew.
  TRY(room.sessions.end(request));
  const Sessions::Opened session = TRY(room.sessions.open(person, Proof::kPassword));
  // Signed in is who has shown a second factor, or needs none; that is told when it is so.
  const auto found = TRY(room.sessions.find(Sessions::next(request, session)));
  const bool needs_factor = found && found->needs == Needs::kFactor;
  TRY(note_of(room, request, person, needs_factor ? AccountEvent::kPasswordShown : AccountEvent::kSignedIn,
              "password"));
  return opened(room, request, session);
}

Result<Response> show(const Request& request, const Room& room) {
  const auto session = TRY(room.sessions.find(request));
  if (!session) return std::move(Response::empty(204).with("Cache-Control", "no-store"));
  return describe(room, *session);
}

Result<Response> sign_out(const Request& request, const Room& room) {
  TRY(http::require_own_site(request));
  const auto session = TRY(room.sessions.find(request));
  TRY(room.sessions.end(request));
  if (session) TRY(note_of(room, request, session->actor.person, AccountEvent::kSignedOut, ""));
  return std::move(
      Response::empty(204).with("Set-Cookie", session_cookie(request, "", 0)).with("Clear-Site-Data", "\"cache\""));
}

// The question to a passkey: of nobody yet where nobody is signed in, else of this person.
Result<Response> ask_passkey(const Request& request, const Room& room) {
  TRY(http::require_own_site(request));
  const PasskeyPlace place = TRY(passkey_place(request));
  const auto session = TRY(room.sessions.find(request));
  Json::Array allowed;
  if (session) {
    for (const std::string& id : TRY(room.factors.passkey_ids(session->actor.person, place.rp_id))) {
      allowed.emplace_back(Json::Object{{"type", "public-key"}, {"id", id}});
    }
  }
  const std::string bound = session ? session_key_of(request).value_or("") : "";
  const std::string challenge = TRY(room.challenges.make(Challenges::Purpose::kPresent, bound));
  return answer(200, {{"challenge", challenge},
                      {"rpId", place.rp_id},
                      {"allowCredentials", std::move(allowed)},
                      {"userVerification", "required"},
                      {"timeout", kChallengeLifeUs / 1'000}});
}

Result<PersonId> present_passkey(const Request& request, const Room& room, const Json& credential,
                                 const std::optional<By>& by) {
  const PasskeyPlace place = TRY(passkey_place(request));
  const PresentedCredential presented = TRY(read_presented(credential));
  const std::string bound = by ? session_key_of(request).value_or("") : "";
  TRY(room.challenges.check(Challenges::Purpose::kPresent, bound, presented.challenge));
  return room.factors.present_passkey(by, presented.id, {presented.challenge, place.origin, place.rp_id},
                                      presented.answer);
}

// A passkey is two factors: it signs in alone.
Result<Response> sign_in_by_passkey(const Request& request, const Room& room) {
  TRY(http::require_own_site(request));
  const Json body = TRY(http::json_body(request));
  const PersonId person = TRY(present_passkey(request, room, body, std::nullopt));
  TRY(require_local(room, person));
  TRY(room.sessions.end(request));
  const Sessions::Opened session = TRY(room.sessions.open(person, Proof::kFactor));
  TRY(note_of(room, request, person, AccountEvent::kSignedIn, "passkey"));
  return opened(room, request, session);
}

// The second factor of a session that waits for it, or again of one that had shown it.
Result<Response> show_factor(const Request& request, const Room& room) {
  const Asking asking = TRY(asking_session(request, room));
  const Json body = TRY(http::json_body(request));
  const auto totp = TRY(http::text_member(body, "totp"));
  const auto recovery = TRY(http::text_member(body, "recovery"));
  const auto password = TRY(http::text_member(body, "password"));
  const Json* passkey = body.find("passkey");
  const int given = (totp ? 1 : 0) + (recovery ? 1 : 0) + (password ? 1 : 0) + (passkey != nullptr ? 1 : 0);
  if (given != 1) return fail(Code::kInvalid, "The body must have one of totp, recovery, passkey and password");
  if (asking.session.needs == Needs::kEnrollment && !password)
    return fail(Code::kConflict, "There is no second factor yet; enroll one");
  std::string how;
  if (totp) {
    TRY(room.factors.present_totp(asking.by, *totp));
    how = "authenticator app";
  } else if (recovery) {
    TRY(room.factors.present_recovery_code(asking.by, *recovery));
    how = "recovery code";
  } else if (passkey != nullptr) {
    TRY(present_passkey(request, room, *passkey, asking.by));
    how = "passkey";
  } else {
    // Who has a second factor shows that one.
    if (asking.session.has_factor)
      return fail(Code::kInvalid, "Show your second factor; the password alone does not count");
    if (asking.session.is_by_provider)
      return fail(Code::kInvalid, "Sign in at your agency's provider again; a password of your own does not count");
    TRY(room.sessions.check_password(asking.by.login, *password, request.client));
  }
  if (asking.session.needs == Needs::kFactor) {
    const Sessions::Opened session = TRY(room.sessions.promote(request));
    TRY(note_of(room, request, asking.by.person, AccountEvent::kSignedIn, std::move(how)));
    return opened(room, request, session);
  }
  TRY(room.sessions.refresh(request));
  return describe(room, asking.session);
}

Result<Response> accept_banner(const Request& request, const Room& room) {
  const Asking asking = TRY(asking_session(request, room));
  if (asking.session.needs == Needs::kFactor || asking.session.needs == Needs::kEnrollment)
    return fail(Code::kConflict, "Finish signing in first");
  TRY(room.sessions.accept_banner(request));
  const auto session = TRY(room.sessions.find(request));
  if (!session) return fail(problems::kSignIn, "The session has ended; sign in again");
  return describe(room, *session);
}

Result<Response> show_setup(const Request&, const Room& room) {
  const bool is_open = TRY(room.setup.is_open());
  return answer(200, {{"open", is_open}});
}

Result<Response> set_up(const Request& request, const Room& room) {
  TRY(http::require_own_site(request));
  const Json body = TRY(http::json_body(request));
  const std::string secret = TRY(http::required_text(body, "secret"));
  const std::string login = TRY(http::required_text(body, "login"));
  const std::string name = TRY(http::text_member(body, "name")).value_or("");
  const std::string password = TRY(http::required_text(body, "password"));
  const PersonId person = TRY(room.setup.run(secret, {login, name, password}));
  TRY(room.sessions.end(request));
  const Sessions::Opened session = TRY(room.sessions.open(person, Proof::kPassword));
  const AccountRecord record{.at = room.clock.now(),
                             .event = AccountEvent::kSetUp,
                             .person = person,
                             .actor = person,
                             .client = request.client};
  TRY(room.database.write([&](db::Transaction& tx) { return note(tx, record); }));
  return opened(room, request, session);
}

}  // namespace

void register_routes(http::Router& router, const Room& room, roster::Asker asker) {
  const auto add = [&](std::string_view method, std::string_view pattern, auto handler) {
    router.add(method, pattern, [room, handler](const Request& request) { return handler(request, room); });
  };
  add("POST", "/api/v1/session", sign_in);
  add("GET", "/api/v1/session", show);
  add("DELETE", "/api/v1/session", sign_out);
  add("POST", "/api/v1/session/passkey-question", ask_passkey);
  add("POST", "/api/v1/session/passkey", sign_in_by_passkey);
  add("POST", "/api/v1/session/factor", show_factor);
  add("POST", "/api/v1/session/banner", accept_banner);
  add("GET", "/api/v1/setup", show_setup);
  add("POST", "/api/v1/setup", set_up);
  register_provider_routes(router, room);
  register_account_routes(router, room, std::move(asker));
}

}  // namespace lapel::signin
