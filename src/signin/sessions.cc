// SPDX-License-Identifier: Apache-2.0
#include "signin/sessions.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/problems.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "roster/roles.h"
#include "roster/roster.h"
#include "signin/signin.h"

namespace lapel::signin {
namespace {

constexpr std::size_t kCookieBytes = 64;  // hex of 256 bits

std::string cookie_name(const http::Request& request) {
  return request.is_secure ? "__Host-lapel-session" : "lapel-session";
}

// The cookie's value where it has the right form, else empty. RFC 6265: pairs separated by "; ".
std::string_view cookie_of(const std::string& header, std::string_view name) {
  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find(';', at), header.size());
    std::string_view pair = std::string_view(header).substr(at, end - at);
    at = end + 1;
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.size() == name.size() + 1 + kCookieBytes && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

Error wrong() {
  return {&problems::kSignIn, "The login or the password is wrong", {}};
}

bool changes_nothing(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

}  // namespace

std::optional<std::string> session_key_of(const http::Request& request) {
  const std::string header = request.header_list("cookie");
  const auto secret = parse_hex_array<32>(cookie_of(header, cookie_name(request)));
  return secret ? std::optional(hex(crypto::sha256(*secret))) : std::nullopt;
}

std::string session_cookie(const http::Request& request, const std::string& value, std::int64_t life_s) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", cookie_name(request), value, life_s,
                     request.is_secure ? "; Secure" : "");
}

Result<void> require_own_site(const http::Request& request) {
  const auto refused = [](std::string_view why) {
    return fail(problems::kDenied, fmt::format("This request does not come from Lapel's own pages: {}", why));
  };
  const std::string* guard = request.header(kGuardHeader);
  if (guard == nullptr || *guard != "1") return refused("the header X-Lapel: 1 is missing");
  if (const std::string* site = request.header("sec-fetch-site");
      site != nullptr && *site != "same-origin" && *site != "none") {
    return refused("the browser says that another site sent it");
  }
  if (const std::string* origin = request.header("origin")) {
    if (*origin != fmt::format("{}://{}", request.is_secure ? "https" : "http", request.host)) {
      return refused("its origin is another address");
    }
  }
  return {};
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
  if (const auto wait_us = attempts_.begin(login, client)) {
    const std::int64_t wait_s = (*wait_us + 999'999) / 1'000'000;
    const std::int64_t wait_min = (wait_s + 59) / 60;
    return fail(Error{&problems::kLimited,
                      fmt::format("Too many failed sign-ins; the next may be tried in {} {}", wait_min,
                                  wait_min == 1 ? "minute" : "minutes"),
                      {},
                      wait_s});
  }
  std::optional<PersonId> person;
  std::string hash = nobody_;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(tx.query(
        "SELECT p.id AS id, w.hash AS hash FROM people p JOIN passwords w ON w.person = p.id WHERE p.login = :login "
        "AND p.active_until_us IS NULL",
        {{"login", login}}));
    if (rows.empty()) return {};
    person = PersonId::parse(rows[0].text("id"));
    hash = rows[0].text("hash");
    return {};
  }));
  bool is_right = false;
  {
    const Result<void> turn = take_turn();
    if (!turn) {
      // Nothing was tried.
      attempts_.give_back(login, client);
      return fail(turn.error());
    }
    const Turn held(*this);
    is_right = crypto::password_matches(hash, password);
  }
  if (!is_right || !person) return fail(wrong());
  attempts_.forgive(login, client);
  return *person;
}

Result<Sessions::Opened> Sessions::open(const PersonId& person) {
  const auto secret = crypto::random_bytes<32>();
  const Timestamp now = parts_.clock.now();
  const Timestamp ends_at = now + kSessionLifeUs;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("DELETE FROM sessions WHERE ends_us <= :now OR seen_us <= :idle",
               {{"now", now.us}, {"idle", now.us - kSessionIdleUs}}));
    TRY(
        tx.run("DELETE FROM sessions WHERE person = :person AND id_sha256 NOT IN (SELECT id_sha256 FROM sessions WHERE "
               "person = :person "
               "ORDER BY seen_us DESC, id_sha256 LIMIT :kept)",
               {{"person", person.text()}, {"kept", kSessionsOfPersonMax - 1}}));
    TRY(tx.run(
        "INSERT INTO sessions (id_sha256, person, started_us, seen_us, ends_us) VALUES (:id, :person, :now, :now, "
        ":ends)",
        {{"id", hex(crypto::sha256(secret))}, {"person", person.text()}, {"now", now.us}, {"ends", ends_at.us}}));
    return {};
  }));
  return Opened{hex(secret), ends_at};
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
  std::optional<Session> found;
  bool is_stale = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(
        tx.query(fmt::format("SELECT s.person AS person, s.seen_us AS seen_us, s.ends_us AS ends_us FROM sessions s "
                             "JOIN people p ON p.id = s.person WHERE s.id_sha256 = :id AND {}",
                             roster::active_since_condition("s.started_us")),
                 {{"id", *key}}));
    if (rows.empty()) return {};
    const std::int64_t seen_us = rows[0].integer("seen_us");
    const std::int64_t ends_us = rows[0].integer("ends_us");
    const auto person = PersonId::parse(rows[0].text("person"));
    if (!person) return fail(Code::kCorrupt, "A session is damaged");
    if (now.us >= ends_us || now.us - seen_us >= kSessionIdleUs) return {};
    is_stale = now.us - seen_us >= kSessionTouchUs;
    found = Session{TRY(roster::actor(tx, *person)), {ends_us}};
    return {};
  }));
  if (found && is_stale) {
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run("UPDATE sessions SET seen_us = :now WHERE id_sha256 = :id AND seen_us < :now",
                 {{"now", now.us}, {"id", *key}}));
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
    if (!changes_nothing(request.method)) TRY(require_own_site(request));
    return std::move(session->actor);
  };
}

}  // namespace lapel::signin
