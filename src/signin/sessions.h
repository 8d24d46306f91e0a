// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sessions: a person at a browser, by a cookie.
//
// Owns: the table sessions, and how many passwords are hashed at once.
// Promises: a cookie carries 256 random bits, of which only the hash is kept. A session ends kSessionIdleUs after its
//   person last did something, kSessionLifeUs after its start, with its person's deactivation, or when it is ended. A wrong
//   login, a wrong password and a locked login get the same words after the same work. Until a session needs nothing more
//   (Needs), it opens nothing but the routes that give it that; with its second factor it gets another cookie. A cookie
//   alone changes nothing: see asker().
// Fails with: kUnauthenticated (kSignIn for a wrong login or password, kSignInUnfinished, kFreshFactor, kNoFactor), kDenied (a
//   forged request), kLimited (too many failures; the sentence says how long), kUnavailable (too many sign-ins at this moment).
// Threads: any; calls block.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/db.h"
#include "os/worker.h"
#include "roster/asker.h"
#include "signin/attempts.h"
#include "signin/locks.h"

namespace lapel::signin {

// A shift car's screen, left alone.
inline constexpr std::int64_t kSessionIdleUs = 30LL * 60 * 1'000'000;
// A long shift. Then the password is asked for again, whatever was going on.
inline constexpr std::int64_t kSessionLifeUs = 12LL * 3'600 * 1'000'000;
// When its person last did something is written down no more often than this.
inline constexpr std::int64_t kSessionTouchUs = 60LL * 1'000'000;
// Password given, and the second factor still to come.
inline constexpr std::int64_t kUnfinishedLifeUs = 15LL * 60 * 1'000'000;
// How long it counts that somebody has said again who they are.
inline constexpr std::int64_t kFreshUs = 5LL * 60 * 1'000'000;
// Of one person; a further one ends the oldest.
inline constexpr std::int64_t kSessionsOfPersonMax = 20;
// Each hash takes 64 MiB (crypto/password.h).
inline constexpr int kHashesAtOnceMax = 2;
inline constexpr int kHashesWaitingMax = 6;

// Seconds since the browser's person last touched a key or a pointer. Of a request without it, only one that may change
// something counts as something done: a player that fetches ranges is nobody at the screen.
inline constexpr std::string_view kIdleHeader = "x-lapel-idle";

// What a session still needs before it opens anything, in this order.
enum class Needs { kNothing, kFactor, kEnrollment, kBanner };
std::string_view needs_name(Needs needs);
// What was shown for it.
enum class Proof { kPassword, kFactor };
// By an identity provider: whether it says that it asked for more than a password, and when it asked.
struct ProviderProof {
  Proof proof = Proof::kPassword;
  std::optional<Timestamp> asked_at;
};

class Sessions {
 public:
  struct Parts {
    db::Database& database;
    const Clock& clock;
    Locks& locks;
  };
  explicit Sessions(Parts parts);

  // Whose login and password these are.
  Result<PersonId> check_password(const std::string& login, const std::string& password, const std::string& client);

  // The hash of a new password, in one of the same turns.
  Result<std::string> hash(const std::string& password);

  struct Opened {
    std::string cookie;  // the value, shown to nobody but the browser
    Timestamp ends_at;   // at the latest
  };
  Result<Opened> open(const PersonId& person, Proof proof);
  // Nothing more is asked of whose provider has shown a second factor.
  Result<Opened> open(const PersonId& person, const ProviderProof& proof);
  // A request that comes with what was opened.
  static http::Request next(const http::Request& request, const Opened& opened);
  // The request's session has shown its second factor: it goes on under another cookie, and has proved itself now.
  Result<Opened> promote(const http::Request& request);
  // The same where it had shown one before: nothing but the time changes.
  Result<void> refresh(const http::Request& request);
  Result<void> accept_banner(const http::Request& request);
  // Ends it; a session that is none has ended already.
  Result<void> end(const http::Request& request);

  struct Session {
    access::Actor actor;
    Timestamp ends_at;
    Needs needs = Needs::kNothing;
    bool has_factor = false;               // whether its person has one enrolled
    bool has_shown_factor = false;         // here, or as its provider says there
    bool is_by_provider = false;           // opened through the agency's identity provider
    std::optional<Timestamp> verified_at;  // when a factor was last shown; of who has none, the password

    bool is_fresh(Timestamp now) const {
      return needs == Needs::kNothing && verified_at && now - *verified_at < kFreshUs;
    }
  };
  // The session of the request's cookie; nullopt when there is none that stands.
  Result<std::optional<Session>> find(const http::Request& request);

  // Ends all of a person's but the request's own.
  Result<void> end_others(const PersonId& person, const http::Request& request);
  static Result<void> end_all(db::Transaction& tx, const PersonId& person);

  struct Listed {
    Timestamp started_at, seen_at, ends_at;
    bool is_this = false;
  };
  Result<std::vector<Listed>> list(const PersonId& person, const http::Request& request);

  // By the cookie where there is no Authorization header; every other request is `otherwise`'s. With a cookie, a method
  // that may change something needs the guard header and, where the browser tells it, the same origin.
  roster::Asker asker(roster::Asker otherwise);
  // For what two people do: of those that `asker` lets in, a person at a browser who has shown a second factor within kFreshUs, also
  // where the agency lets people in without one (kNoFactor). A program's token is refused, whoever it acts for.
  roster::Asker fresh_asker(roster::Asker asker);

 private:
  struct New {
    PersonId person;
    Proof proof = Proof::kPassword;
    std::optional<std::int64_t> accepted_us, provider_us, verified_us;  // verified: now, when left out
  };
  Result<Opened> insert(db::Transaction& tx, const New& wanted);
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

std::string session_cookie(const http::Request& request, const std::string& value, std::int64_t life_s);

// What the catalog knows the session of a request's cookie by: the SHA-256 of its secret, in hex. nullopt where no cookie
// has the form of one.
std::optional<std::string> session_key_of(const http::Request& request);
}  // namespace lapel::signin
