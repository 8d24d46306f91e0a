// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sessions: a person at a browser, by a cookie.
//
// Owns: the table sessions, and how many passwords are hashed at once.
// Promises: a cookie carries 256 random bits, of which only the hash is kept. A session ends kSessionIdleUs after its
//   last request, kSessionLifeUs after its start, with its person's deactivation, or when it is ended. A wrong login and
//   a wrong password get the same words after the same work. A cookie alone changes nothing: see asker().
// Fails with: kUnauthenticated (kSignIn for a wrong login or password), kDenied (a forged request), kLimited (too many
//   failures; the sentence says how long), kUnavailable (too many sign-ins at this moment).
// Threads: any; calls block.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "db/db.h"
#include "os/worker.h"
#include "roster/asker.h"
#include "signin/attempts.h"

namespace lapel::signin {

// A shift car's screen, left alone.
inline constexpr std::int64_t kSessionIdleUs = 30LL * 60 * 1'000'000;
// A long shift. Then the password is asked for again, whatever was going on.
inline constexpr std::int64_t kSessionLifeUs = 12LL * 3'600 * 1'000'000;
// A session's last request is written down no more often than this.
inline constexpr std::int64_t kSessionTouchUs = 60LL * 1'000'000;
// Of one person; a further one ends the oldest.
inline constexpr std::int64_t kSessionsOfPersonMax = 20;
// Each hash takes 64 MiB (crypto/password.h).
inline constexpr int kHashesAtOnceMax = 2;
inline constexpr int kHashesWaitingMax = 6;

// A cookie that changes something must come with this header: a form of another site cannot send one.
inline constexpr std::string_view kGuardHeader = "x-lapel";

class Sessions {
 public:
  struct Parts {
    db::Database& database;
    const Clock& clock;
  };
  explicit Sessions(Parts parts);

  // Whose login and password these are. A second factor will stand between this and open().
  Result<PersonId> check_password(const std::string& login, const std::string& password, const std::string& client);

  struct Opened {
    std::string cookie;  // the value, shown to nobody but the browser
    Timestamp ends_at;   // at the latest
  };
  Result<Opened> open(const PersonId& person);
  // Ends it; a session that is none has ended already.
  Result<void> end(const http::Request& request);

  struct Session {
    access::Actor actor;
    Timestamp ends_at;
  };
  // The session of the request's cookie; nullopt when there is none that stands.
  Result<std::optional<Session>> find(const http::Request& request);

  // By the cookie where there is no Authorization header; every other request is `otherwise`'s. With a cookie, a method
  // that may change something needs the guard header and, where the browser tells it, the same origin.
  roster::Asker asker(roster::Asker otherwise);

 private:
  // One of kHashesAtOnceMax turns at hashing.
  class Turn;
  Result<void> take_turn();
  void give_turn_back();

  const Parts parts_;
  const std::string nobody_;  // a hash that no password has
  Attempts attempts_;
  os::Mutex mutex_;
  os::Condition freed_;
  int running_ LAPEL_GUARDED_BY(mutex_) = 0;
  int waiting_ LAPEL_GUARDED_BY(mutex_) = 0;
};

// Over TLS the name starts with __Host-, which a browser takes only from this very host, with Secure.
std::string session_cookie(const http::Request& request, const std::string& value, std::int64_t life_s);

// What the catalog knows the session of a request's cookie by: the SHA-256 of its secret, in hex. nullopt where no cookie
// has the form of one.
std::optional<std::string> session_key_of(const http::Request& request);

// Refuses what another site may have made a browser send.
Result<void> require_own_site(const http::Request& request);

}  // namespace lapel::signin
