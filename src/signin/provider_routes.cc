// SPDX-License-Identifier: Apache-2.0
#include "signin/provider_routes.h"

#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/problems.h"
#include "http/answers.h"
#include "http/cookie.h"
#include "http/json_body.h"
#include "roster/roster.h"
#include "signin/account_routes.h"
#include "signin/record.h"

namespace lapel::signin {
namespace {

using http::answer;
using http::Request;
using http::Response;
using SignIn = IdTokenQuestion::SignIn;

constexpr std::string_view kReturnPath = "/sign-in/return";
constexpr std::string_view kHow = "identity provider";
constexpr std::size_t kCodeBytesMax = 4'096;

// The agency of a sign-in page: the only one, or the one that is named.
struct Place {
  std::optional<roster::Agency> agency;
  std::optional<std::string> provider;
  bool asks_agency = false;  // there are several, and somebody among them has a provider
};

Result<Place> place_of(const Room& room, const std::string& slug) {
  Place out;
  TRY(room.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    std::vector<roster::Agency> all = TRY(roster::agencies(tx));
    const bool are_several = all.size() > 1;
    for (roster::Agency& each : all) {
      if (!are_several || each.slug == slug) out.agency = std::move(each);
    }
    if (out.agency) out.provider = TRY(Providers::name_of(tx, out.agency->id));
    out.asks_agency = are_several && TRY(Providers::has_any(tx));
    return {};
  }));
  return out;
}

Result<Response> show(const Request& request, const Room& room) {
  const auto at = request.query.find("agency");
  const Place place = TRY(place_of(room, at == request.query.end() ? std::string() : at->second));
  return answer(200, {{"name", http::or_null(place.provider)}, {"asks_agency", place.asks_agency}});
}

std::string authorization_address(const Provider& provider, const Discovery& discovery, const ProviderFlow& flow) {
  std::string scopes = "openid";
  for (const std::string& scope : provider.scopes) {
    if (scope != "openid") scopes += ' ' + scope;
  }
  std::string out = discovery.authorization;
  out += out.find('?') == std::string::npos ? '?' : '&';
  out += fmt::format(
      "response_type=code&client_id={}&redirect_uri={}&scope={}&state={}&nonce={}&code_challenge={}&"
      "code_challenge_method=S256",
      form_encoded(provider.client_id), form_encoded(flow.return_address), form_encoded(scopes),
      form_encoded(flow.state), form_encoded(flow.nonce), form_encoded(flow.challenge()));
  if (provider.mfa.kind == MfaRule::Kind::kAcr) {
    std::string values;
    for (const std::string& value : provider.mfa.values) values += (values.empty() ? "" : " ") + value;
    out += "&acr_values=" + form_encoded(values);
  }
  // A provider that remembers people for longer than a session lasts here asks them again.
  out += flow.sign_in == SignIn::kAnew ? std::string("&max_age=0&prompt=login")
                                       : fmt::format("&max_age={}", kSessionLifeUs / 1'000'000);
  return out;
}

Result<Response> begin(const Request& request, const Room& room) {
  TRY(http::require_own_site(request));
  const Json body = TRY(http::json_body(request));
  const bool is_anew = TRY(http::flag_member(body, "anew")).value_or(false);
  const Timestamp now = room.clock.now();
  std::optional<Provider> provider;
  std::string session;
  if (is_anew) {
    const Asking asking = TRY(asking_session(request, room));
    if (!asking.session.is_by_provider)
      return fail(Code::kConflict, "This session was not opened through an identity provider; show your own factor");
    provider = TRY(room.providers.find(asking.session.actor.agency));
    session = session_key_of(request).value_or("");
  } else {
    const Place place = TRY(place_of(room, TRY(http::text_member(body, "agency")).value_or("")));
    if (place.agency && place.provider) provider = TRY(room.providers.find(place.agency->id));
  }
  if (!provider) return fail(Code::kNotFound, "No agency of that name signs in through an identity provider here");
  const Discovery discovery = TRY(room.provider_client.discovery(*provider));
  ProviderFlow flow = new_flow(provider->agency, provider->version, now);
  flow.return_address = fmt::format("{}://{}{}", request.is_secure ? "https" : "http", request.host, kReturnPath);
  flow.sign_in = is_anew ? SignIn::kAnew : SignIn::kAny;
  flow.session = session;
  return std::move(answer(200, {{"location", authorization_address(*provider, discovery, flow)}})
                       .with("Set-Cookie", flow_cookie(request, TRY(room.flows.seal(flow)))));
}

// What came back, as far as it can be judged without asking the provider anything.
struct Returned {
  ProviderFlow flow;
  Provider provider;
  std::string code;
};

Result<Returned> returned(const Request& request, const Room& room) {
  const Json body = TRY(http::json_body(request));
  const std::string state = TRY(http::required_text(body, "state"));
  Returned out;
  out.flow = TRY(room.flows.open(request, state));
  auto provider = TRY(room.providers.find(out.flow.agency));
  if (!provider || provider->version != out.flow.version)
    return refused_provider("what your agency says of it was changed meanwhile; begin again");
  out.provider = *std::move(provider);
  TRY(room.flows.use(out.flow));
  const auto issuer = TRY(http::text_member(body, "iss"));
  const bool names_issuer = TRY(room.provider_client.discovery(out.provider)).names_issuer;
  if (issuer ? *issuer != out.provider.issuer : names_issuer)
    return refused_provider("it comes from another provider than it was begun at");
  if (const auto error = TRY(http::text_member(body, "error"))) {
    return refused_provider(*error == "access_denied" ? "it was told there that you do not sign in"
                                                      : "the provider reports that it could not be done");
  }
  const Json* code = body.find("code");
  if (code == nullptr || code->string() == nullptr || code->string()->empty() ||
      code->string()->size() > kCodeBytesMax || code->string()->find('\0') != std::string::npos) {
    return refused_provider("it brings no code");
  }
  out.code = *code->string();
  return out;
}

Result<void> note_failure(const Room& room, const Request& request, const Provider& provider,
                          const Identity& identity) {
  const auto person = TRY(room.managed.linked(provider, identity.subject));
  if (!person) return {};
  request.asked.account = person->text();
  return room.database.write([&](db::Transaction& tx) {
    return note(tx, {.at = room.clock.now(),
                     .event = AccountEvent::kFailed,
                     .person = *person,
                     .client = request.client,
                     .detail = std::string(kHow)});
  });
}

// Whoever was signed in is asked anew; it is they who answer, and it counts where it is worth a second factor.
Result<Response> go_on(const Request& request, const Room& room, const Returned& came, const Identity& identity) {
  const Asking asking = TRY(asking_session(request, room));
  if (session_key_of(request).value_or("") != came.flow.session)
    return refused_provider("another session is open here than began it");
  const auto person = TRY(room.managed.linked(came.provider, identity.subject));
  if (person != asking.by.person) return refused_provider("somebody else signed in there than is signed in here");
  if (asking.session.has_factor && !identity.has_mfa)
    return refused_provider("your second factor is enrolled here; show that one");
  TRY(room.sessions.refresh(request));
  return describe(room, asking.session);
}

Result<Response> finish(const Request& request, const Room& room) {
  TRY(http::require_own_site(request));
  const Returned came = TRY(returned(request, room));
  const ProviderClient::Redeemed redeemed = TRY(room.provider_client.redeem(came.provider, came.flow, came.code));
  const Identity identity = TRY(check_id_token(redeemed.token, {.provider = came.provider,
                                                                .nonce = came.flow.nonce,
                                                                .access_token = redeemed.access_token,
                                                                .begun = came.flow.begun,
                                                                .now = room.clock.now(),
                                                                .sign_in = came.flow.sign_in}));
  if (came.flow.sign_in == SignIn::kAnew) {
    return std::move(TRY(go_on(request, room, came, identity)).with("Set-Cookie", flow_cookie(request, "")));
  }
  const auto person = room.managed.admit(came.provider, identity);
  if (!person) {
    TRY(note_failure(room, request, came.provider, identity));
    return fail(person.error());
  }
  // A browser that signs in anew leaves no session behind that only it knew.
  TRY(room.sessions.end(request));
  const Sessions::Opened session = TRY(room.sessions.open(
      *person, ProviderProof{identity.has_mfa ? Proof::kFactor : Proof::kPassword, identity.authenticated_at}));
  const auto found = TRY(room.sessions.find(Sessions::next(request, session)));
  const bool needs_factor = found && found->needs == Needs::kFactor;
  TRY(note_of(room, request, *person, needs_factor ? AccountEvent::kPasswordShown : AccountEvent::kSignedIn,
              std::string(kHow)));
  return std::move(TRY(opened(room, request, session)).with("Set-Cookie", flow_cookie(request, "")));
}

// So many that fail, of one client, and no more.
auto counted(Result<Response> (*handler)(const Request&, const Room&)) {
  return [handler](const Request& request, const Room& room) -> Result<Response> {
    TRY(room.flows.count(request.client));
    auto done = handler(request, room);
    if (done || done.error().code() == Code::kUnavailable) room.flows.give_back(request.client);
    return done;
  };
}

}  // namespace

void register_provider_routes(http::Router& router, const Room& room) {
  const auto add = [&](std::string_view method, std::string_view pattern, auto handler) {
    router.add(method, pattern, [room, handler](const Request& request) { return handler(request, room); });
  };
  add("GET", "/api/v1/session/provider", show);
  add("POST", "/api/v1/session/provider", counted(begin));
  add("POST", "/api/v1/session/provider/return", counted(finish));
}

}  // namespace lapel::signin
