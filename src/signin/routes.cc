// SPDX-License-Identifier: Apache-2.0
#include "signin/routes.h"

#include "base/json.h"
#include "roster/roster.h"

namespace lapel::signin {
namespace {

using http::Request;
using http::Response;

struct Who {
  roster::Person person;
  roster::Agency agency;
  access::Actor actor;
};

Result<Who> who_is(db::Database& database, const PersonId& id) {
  Who who;
  TRY(database.read([&](db::Transaction& tx) -> Result<void> {
    who.person = TRY(roster::person(tx, id));
    who.actor = TRY(roster::actor(tx, id));
    for (roster::Agency& agency : TRY(roster::agencies(tx))) {
      if (agency.id == who.person.agency) who.agency = std::move(agency);
    }
    return {};
  }));
  return who;
}

Response describe(const Who& who, Timestamp ends_at) {
  Json::Array roles, may;
  for (const access::Role role : who.actor.roles) roles.emplace_back(access::role_name(role));
  access::Item own_agency;
  own_agency.agency = who.actor.agency;
  // Those that need no recording; single ones have rules of their own.
  for (const access::Action action :
       {access::Action::kUpload, access::Action::kList, access::Action::kRegisterDevice, access::Action::kAssignDevice,
        access::Action::kSeeRoster, access::Action::kManagePeople, access::Action::kSeeCases,
        access::Action::kManageCases, access::Action::kRecordStatement, access::Action::kClear,
        access::Action::kInvestigate, access::Action::kSetRules}) {
    if (access::decide(who.actor, action, own_agency).is_allowed()) may.emplace_back(access::action_name(action));
  }
  return std::move(Response::json(200, to_json(Json(Json::Object{{"login", who.person.login},
                                                                 {"name", who.person.name},
                                                                 {"roles", std::move(roles)},
                                                                 {"may", std::move(may)},
                                                                 {"agency", who.agency.id.text()},
                                                                 {"agency_name", who.agency.name},
                                                                 {"agency_slug", who.agency.slug},
                                                                 {"ends_at", ledger_time(ends_at)}})))
                       .with("Cache-Control", "no-store"));
}

Result<Response> sign_in(const Request& request, Sessions& sessions, db::Database& database) {
  // Also before there is a session: otherwise another site could sign a browser in as somebody of its choice.
  TRY(require_own_site(request));
  const Json body = TRY(parse_json(request.body));
  const std::string* login = body.find_string("login");
  const std::string* password = body.find_string("password");
  if (login == nullptr || password == nullptr)
    return fail(Code::kInvalid, "The body must be a JSON object with login and password");
  const PersonId person = TRY(sessions.check_password(*login, *password, request.client));
  const Who who = TRY(who_is(database, person));
  // A browser that signs in anew leaves no session behind that only it knew.
  TRY(sessions.end(request));
  const Sessions::Opened opened = TRY(sessions.open(person));
  Response response = describe(who, opened.ends_at);
  response.with("Set-Cookie", session_cookie(request, opened.cookie, kSessionLifeUs / 1'000'000));
  return response;
}

Result<Response> show(const Request& request, Sessions& sessions, db::Database& database) {
  const auto session = TRY(sessions.find(request));
  if (!session) return std::move(Response::empty(204).with("Cache-Control", "no-store"));
  return describe(TRY(who_is(database, session->actor.person)), session->ends_at);
}

Result<Response> sign_out(const Request& request, Sessions& sessions) {
  TRY(require_own_site(request));
  TRY(sessions.end(request));
  return std::move(
      Response::empty(204).with("Set-Cookie", session_cookie(request, "", 0)).with("Clear-Site-Data", "\"cache\""));
}

}  // namespace

void register_routes(http::Router& router, Sessions& sessions, db::Database& database) {
  router.add("POST", "/api/v1/session", [&](const Request& request) { return sign_in(request, sessions, database); });
  router.add("GET", "/api/v1/session", [&](const Request& request) { return show(request, sessions, database); });
  router.add("DELETE", "/api/v1/session", [&](const Request& request) { return sign_out(request, sessions); });
}

}  // namespace lapel::signin
