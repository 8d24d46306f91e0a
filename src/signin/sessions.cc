// SPDX-License-Identifier: Apache-2.0
#include "signin/sessions.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/problems.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "http/cookie.h"
#include "roster/roles.h"
#include "roster/roster.h"
#include "signin/record.h"
#include "signin/rules.h"
#include "signin/signin.h"

namespace lapel::signin {
namespace {

constexpr std::string_view kCookie = "lapel-session";

Error wrong() {
  return {
      &problems::kSignIn,
      fmt::format("The login or the password is wrong, or the account is locked. After {} failures in {} minutes an "
                  "administrator has to release it",
                  kFailuresMax, kLockWindowUs / 60'000'000),
      {}};
}

bool changes_nothing(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

Error unfinished(Needs needs) {
  switch (needs) {
    case Needs::kEnrollment:
      return {
          &problems::kSignInUnfinished, "Your agency requires a second factor: enroll a passkey or an app first", {}};
    case Needs::kBanner:
      return {&problems::kSignInUnfinished, "Accept the notice of use first", {}};
    default:
      return {&problems::kSignInUnfinished, "Present your second factor first", {}};
  }
}

// Seconds since the person did something, where the request tells it; nullopt where it tells nothing of a person.
std::optional<std::int64_t> idle_of(const http::Request& request) {
  if (const std::string* text = request.header(kIdleHeader)) {
    const auto seconds = parse_decimal(*text);
    if (seconds && *seconds <= kSessionIdleUs / 1'000'000) return static_cast<std::int64_t>(*seconds);
    return std::nullopt;
  }
  return changes_nothing(request.method) ? std::nullopt : std::optional<std::int64_t>(0);
}

}  // namespace

std::string_view needs_name(Needs needs) {
  switch (needs) {
    case Needs::kFactor:
      return "factor";
    case Needs::kEnrollment:
      return "enrollment";
    case Needs::kBanner:
      return "banner";
    case Needs::kNothing:
      break;
  }
  return "";
}

std::optional<std::string> session_key_of(const http::Request& request) {
  const std::string header = request.header_list("cookie");
  const auto secret = parse_hex_array<32>(http::cookie_value(request, header, kCookie));
  return secret ? std::optional(hex(crypto::sha256(*secret))) : std::nullopt;
}

std::string session_cookie(const http::Request& request, const std::string& value, std::int64_t life_s) {
  return http::set_cookie(request, kCookie, value, life_s);
}

class Sessions::Turn {
 public:
  explicit Turn(Sessions& sessions) : sessions_(sessions) {}
  ~Turn() { sessions_.give_turn_back(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Sessions& sessions_;
};

Result<void> Sessions::take_turn() {
  const os::MutexLock lock(mutex_);
  if (running_ >= kHashesAtOnceMax) {
    if (waiting_ >= kHashesWaitingMax) return fail(Code::kUnavailable, "Many people sign in at this moment; try again");
    ++waiting_;
    while (running_ >= kHashesAtOnceMax) freed_.wait(mutex_);
    --waiting_;
  }
  ++running_;
  return {};
}

void Sessions::give_turn_back() {
  const os::MutexLock lock(mutex_);
  --running_;
  freed_.notify_one();
}

Sessions::Sessions(Parts parts)
    : parts_(parts), nobody_(crypto::hash_password(hex(crypto::random_bytes<32>()))), attempts_(parts.clock) {}

Result<PersonId> Sessions::check_password(const std::string& login, const std::string& password,
                                          const std::string& client) {
  if (login.empty() || login.find('\0') != std::string::npos || password.size() > kPasswordBytesMax)
    return fail(wrong());
  if (const auto wait_us = attempts_.begin(client)) {
    const std::int64_t wait_s = (*wait_us + 999'999) / 1'000'000;
    const std::int64_t wait_min = (wait_s + 59) / 60;
    return fail(Error{&problems::kLimited,
                      fmt::format("Too many failed sign-ins; the next may be tried in {} {}", wait_min,
                                  wait_min == 1 ? "minute" : "minutes"),
                      {},
                      wait_s});
  }
  // Whoever is managed has no password that counts, and is told what everybody is who gives a wrong one.
  // A locked login costs the same work, and is told nothing by its answer: nobody learns here whether a password is right.
  const bool may_try = TRY(parts_.locks.begin(login));
  std::optional<PersonId> person;
  std::string hash = nobody_;
  bool has_factor = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(tx.query(
        "SELECT p.id AS id, w.hash AS hash, CASE WHEN EXISTS (SELECT 1 FROM factors f WHERE f.person = p.id AND "
        "f.is_confirmed = 1) THEN 1 ELSE 0 END AS has_factor FROM people p JOIN passwords w ON w.person = p.id WHERE "
        "p.login = :login AND p.active_until_us IS NULL AND NOT EXISTS (SELECT 1 FROM managed_people m WHERE m.person "
        "= "
        "p.id) LIMIT 1",
        {{"login", login}}));
    if (rows.empty()) return {};
    person = PersonId::parse(rows[0].text("id"));
    hash = rows[0].text("hash");
    has_factor = rows[0].integer("has_factor") == 1;
    return {};
  }));
  bool is_right = false;
  {
    const Result<void> turn = take_turn();
    if (!turn) {
      // Nothing was tried.
      attempts_.give_back(client);
      if (may_try) TRY(parts_.locks.give_back(login));
      return fail(turn.error());
    }
    const Turn held(*this);
    is_right = crypto::password_matches(hash, password);
  }
  if (may_try && is_right && person) {
    // Before the second factor is shown, a right password takes back its own count alone: wrong codes stay counted, or whoever has
    // the password could go on guessing.
    if (has_factor) {
      TRY(parts_.locks.give_back(login));
      attempts_.give_back(client);
      return *person;
    }
    if (TRY(parts_.locks.succeed(login))) {
      attempts_.give_back(client);
      return *person;
    }
  }
  const Timestamp now = parts_.clock.now();
  TRY(parts_.locks.fail_attempt(login, [&](db::Transaction& tx, bool is_locked_now) -> Result<void> {
    if (!person) return {};
    TRY(note(tx, {.at = now,
                  .event = AccountEvent::kFailed,
                  .person = *person,
                  .client = client,
                  .detail = may_try ? "password" : "locked"}));
    // It follows from the failure.
    if (!is_locked_now) return {};
    return note(tx, {.at = now + 1, .event = AccountEvent::kLocked, .person = *person, .client = client});
  }));
  return fail(wrong());
}

Result<std::string> Sessions::hash(const std::string& password) {
  TRY(take_turn());
  const Turn held(*this);
  return crypto::hash_password(password);
}

Result<Sessions::Opened> Sessions::open(const PersonId& person, Proof proof) {
  Opened out;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    out = TRY(insert(tx, {person, proof, {}, {}, {}}));
    return {};
  }));
  return out;
}

Result<Sessions::Opened> Sessions::open(const PersonId& person, const ProviderProof& proof) {
  Opened out;
  const Timestamp now = parts_.clock.now();
  // A provider may have asked hours ago, on another site; one that does not say when has not asked now.
  const std::int64_t verified_us = proof.asked_at ? std::min(proof.asked_at->us, now.us) : 0;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    out = TRY(insert(tx, {person, proof.proof, {}, now.us, verified_us}));
    return {};
  }));
  return out;
}

Result<Sessions::Opened> Sessions::insert(db::Transaction& tx, const New& wanted) {
  const PersonId& person = wanted.person;
  const Proof proof = wanted.proof;
  const auto secret = crypto::random_bytes<32>();
  const Timestamp now = parts_.clock.now();
  TRY(tx.run("DELETE FROM sessions WHERE ends_us <= :now OR seen_us <= :idle",
             {{"now", now.us}, {"idle", now.us - kSessionIdleUs}}));
  // Those without a second factor go first: whoever has no more than the password signs nobody out.
  TRY(tx.run(
      "DELETE FROM sessions WHERE person = :person AND id_sha256 NOT IN (SELECT id_sha256 FROM sessions WHERE "
      "person = :person ORDER BY CASE WHEN factor_us IS NULL THEN 1 ELSE 0 END, seen_us DESC, id_sha256 LIMIT :kept)",
      {{"person", person.text()}, {"kept", kSessionsOfPersonMax - 1}}));
  // What is needed is asked of the rows again at each request; here it decides how long there is time for it.
  const bool may_be_unfinished =
      proof == Proof::kPassword &&
      (TRY(sign_in_rules(tx, TRY(roster::person(tx, person)).agency)).second_factor == SecondFactor::kRequired ||
       !TRY(tx.query("SELECT id FROM factors WHERE person = :person AND is_confirmed = 1 LIMIT 1",
                     {{"person", person.text()}}))
            .empty());
  const Timestamp ends_at = now + (may_be_unfinished ? kUnfinishedLifeUs : kSessionLifeUs);
  TRY(
      tx.run("INSERT INTO sessions (id_sha256, person, started_us, seen_us, ends_us, factor_us, verified_us, "
             "accepted_us, provider_us) VALUES "
             "(:id, :person, :now, :now, :ends, CAST(:factor AS BIGINT), :verified, CAST(:accepted AS BIGINT), "
             "CAST(:provider AS BIGINT))",
             {{"id", hex(crypto::sha256(secret))},
              {"person", person.text()},
              {"now", now.us},
              {"ends", ends_at.us},
              {"factor", proof == Proof::kFactor ? std::optional(now.us) : std::nullopt},
              {"verified", wanted.verified_us.value_or(now.us)},
              {"accepted", wanted.accepted_us},
              {"provider", wanted.provider_us}}));
  return Opened{hex(secret), ends_at};
}

http::Request Sessions::next(const http::Request& request, const Opened& opened) {
  http::Request out;
  out.method = "GET";
  out.is_secure = request.is_secure;
  out.host = request.host;
  out.headers.emplace_back("cookie", http::cookie_name(request, kCookie) + "=" + opened.cookie);
  return out;
}

Result<Sessions::Opened> Sessions::promote(const http::Request& request) {
  const auto key = session_key_of(request);
  if (!key) return fail(unfinished(Needs::kFactor));
  Opened out;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(tx.query(
        "SELECT person, accepted_us, provider_us FROM sessions WHERE id_sha256 = :id LIMIT 1", {{"id", *key}}));
    const auto person = rows.empty() ? std::nullopt : PersonId::parse(rows[0].text("person"));
    if (!person) return fail(unfinished(Needs::kFactor));
    TRY(tx.run("DELETE FROM sessions WHERE id_sha256 = :id", {{"id", *key}}));
    out = TRY(insert(
        tx, {*person, Proof::kFactor, rows[0].maybe_integer("accepted_us"), rows[0].maybe_integer("provider_us"), {}}));
    return {};
  }));
  return out;
}

Result<void> Sessions::refresh(const http::Request& request) {
  const auto key = session_key_of(request);
  if (!key) return {};
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("UPDATE sessions SET verified_us = :now WHERE id_sha256 = :id",
               {{"now", parts_.clock.now().us}, {"id", *key}}));
    return {};
  });
}

Result<void> Sessions::accept_banner(const http::Request& request) {
  const auto key = session_key_of(request);
  if (!key) return {};
  const Timestamp now = parts_.clock.now();
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(tx.query("SELECT person FROM sessions WHERE id_sha256 = :id LIMIT 1", {{"id", *key}}));
    const auto person = rows.empty() ? std::nullopt : PersonId::parse(rows[0].text("person"));
    if (!person) return {};
    TRY(tx.run("UPDATE sessions SET accepted_us = :now WHERE id_sha256 = :id", {{"now", now.us}, {"id", *key}}));
    return note(tx, {.at = now,
                     .event = AccountEvent::kBannerAccepted,
                     .person = *person,
                     .actor = *person,
                     .client = request.client});
  });
}

Result<void> Sessions::end_others(const PersonId& person, const http::Request& request) {
  const std::string kept = session_key_of(request).value_or("");
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("DELETE FROM sessions WHERE person = :person AND id_sha256 <> :kept",
               {{"person", person.text()}, {"kept", kept}}));
    return {};
  });
}

Result<void> Sessions::end_all(db::Transaction& tx, const PersonId& person) {
  TRY(tx.run("DELETE FROM sessions WHERE person = :person", {{"person", person.text()}}));
  return {};
}

Result<std::vector<Sessions::Listed>> Sessions::list(const PersonId& person, const http::Request& request) {
  const std::string own = session_key_of(request).value_or("");
  const Timestamp now = parts_.clock.now();
  std::vector<Listed> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    for (const db::Row& row : TRY(tx.query("SELECT id_sha256, started_us, seen_us, ends_us FROM sessions WHERE person "
                                           "= :person AND ends_us > :now AND seen_us > "
                                           ":idle ORDER BY started_us DESC, id_sha256 LIMIT :limit",
                                           {{"person", person.text()},
                                            {"now", now.us},
                                            {"idle", now.us - kSessionIdleUs},
                                            {"limit", kSessionsOfPersonMax}}))) {
      out.push_back({{row.integer("started_us")},
                     {row.integer("seen_us")},
                     {row.integer("ends_us")},
                     row.text("id_sha256") == own});
    }
    return {};
  }));
  return out;
}

Result<void> Sessions::end(const http::Request& request) {
  const auto key = session_key_of(request);
  if (!key) return {};
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("DELETE FROM sessions WHERE id_sha256 = :id", {{"id", *key}}));
    return {};
  });
}

Result<std::optional<Sessions::Session>> Sessions::find(const http::Request& request) {
  const auto key = session_key_of(request);
  if (!key) return std::optional<Session>();
  const Timestamp now = parts_.clock.now();
  const std::optional<std::int64_t> idle_s = idle_of(request);
  std::optional<Session> found;
  bool is_stale = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT s.person AS person, s.seen_us AS seen_us, s.ends_us AS ends_us, s.factor_us AS factor_us, "
                     "s.verified_us AS "
                     "verified_us, s.accepted_us AS accepted_us, s.provider_us AS provider_us, CASE WHEN EXISTS "
                     "(SELECT 1 FROM factors f WHERE "
                     "f.person = s.person AND "
                     "f.is_confirmed = 1) THEN 1 ELSE 0 END AS has_factor, p.agency AS agency FROM sessions s JOIN "
                     "people p ON p.id = s.person "
                     "WHERE s.id_sha256 = :id AND " +
                         roster::active_since_condition("s.started_us") + " LIMIT 1",
                     {{"id", *key}}));
    if (rows.empty()) return {};
    const std::int64_t seen_us = rows[0].integer("seen_us");
    const std::int64_t ends_us = rows[0].integer("ends_us");
    const auto person = PersonId::parse(rows[0].text("person"));
    const auto agency = AgencyId::parse(rows[0].text("agency"));
    if (!person || !agency) return fail(Code::kCorrupt, "A session is damaged");
    if (now.us >= ends_us || now.us - seen_us >= kSessionIdleUs) return {};
    is_stale = idle_s && now.us - *idle_s * 1'000'000 - seen_us >= kSessionTouchUs;
    const SignInRules rules = TRY(sign_in_rules(tx, *agency));
    Session session;
    session.actor = TRY(roster::actor(tx, *person));
    request.asked = {person->text(), agency->text(), key->substr(0, http::kCredentialCharacters)};
    session.ends_at = {ends_us};
    session.has_factor = rows[0].integer("has_factor") == 1;
    session.verified_at = Timestamp{rows[0].integer("verified_us")};
    session.is_by_provider = !rows[0].is_null("provider_us");
    session.has_shown_factor = !rows[0].is_null("factor_us");
    if (session.has_factor && !session.has_shown_factor) {
      session.needs = Needs::kFactor;
    } else if (!session.has_factor && rules.second_factor == SecondFactor::kRequired &&
               !(session.is_by_provider && session.has_shown_factor)) {
      session.needs = Needs::kEnrollment;
    } else if (!rules.banner.empty() && rows[0].is_null("accepted_us")) {
      session.needs = Needs::kBanner;
    }
    found = std::move(session);
    return {};
  }));
  if (found && is_stale) {
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run("UPDATE sessions SET seen_us = :seen WHERE id_sha256 = :id AND seen_us < :seen",
                 {{"seen", now.us - *idle_s * 1'000'000}, {"id", *key}}));
      return {};
    }));
  }
  return found;
}

roster::Asker Sessions::asker(roster::Asker otherwise) {
  return [this, otherwise = std::move(otherwise)](const http::Request& request) -> Result<access::Actor> {
    if (request.header("authorization") != nullptr) return otherwise(request);
    auto session = TRY(find(request));
    if (!session) return otherwise(request);
    if (!changes_nothing(request.method)) TRY(http::require_own_site(request));
    if (session->needs != Needs::kNothing) return fail(unfinished(session->needs));
    return std::move(session->actor);
  };
}

roster::Asker Sessions::fresh_asker(roster::Asker asker) {
  return [this, asker = std::move(asker)](const http::Request& request) -> Result<access::Actor> {
    TRY(asker(request));
    const auto session = request.header("authorization") != nullptr ? std::optional<Session>() : TRY(find(request));
    if (!session) {
      return fail(problems::kFreshFactor,
                  "This takes a person who is signed in and has just shown a second factor; no token can do it");
    }
    if (session->needs != Needs::kNothing) return fail(unfinished(session->needs));
    // The agency's rule is how people get in. What two of them do takes more than the password of each, whatever that rule is.
    if (!session->has_factor && !(session->is_by_provider && session->has_shown_factor)) {
      return fail(problems::kNoFactor,
                  "This takes a second factor, and you have none: enroll a passkey or an authenticator app under Your "
                  "account first");
    }
    if (session->is_fresh(parts_.clock.now())) return session->actor;
    return fail(problems::kFreshFactor, session->is_by_provider && !session->has_factor
                                            ? "Sign in at your agency's provider again first"
                                            : "Show your second factor again first");
  };
}

}  // namespace lapel::signin
