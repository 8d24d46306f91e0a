// SPDX-License-Identifier: Apache-2.0
#pragma once
// A sign-in on its way through an identity provider: what the browser that began it keeps until it comes back.
//
// Owns: the cookie of the return, and its key. Nothing is stored until somebody comes back.
// Promises: the cookie is sealed: nobody reads or makes one elsewhere. It holds for kFlowLifeUs, for the browser that
//   began and for what began there, and its state counts once, on whichever server it arrives. It is SameSite=Lax, because it has to come
//   along when the provider sends the browser back; the session's own cookie stays Strict.
//   Whoever begins or comes back too often without success waits, by where they come from (attempts.h); passwords are
//   counted apart.
// Fails with: problems::kProviderAnswer, saying what is wrong; kLimited, with the seconds to wait.
// Threads: any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "db/db.h"
#include "http/server.h"
#include "signin/attempts.h"
#include "signin/id_token.h"

namespace lapel::signin {

inline constexpr std::int64_t kFlowLifeUs = 10LL * 60 * 1'000'000;
inline constexpr std::size_t kFlowBytesMax = 3'072;  // of the cookie's value; browsers keep 4,096 of a whole one

struct ProviderFlow {
  AgencyId agency;
  std::string version;         // Provider::version
  std::string state, nonce;    // base64url of 256 random bits each
  std::string verifier;        // RFC 7636
  std::string return_address;  // redirect_uri
  Timestamp begun;
  IdTokenQuestion::SignIn sign_in = IdTokenQuestion::SignIn::kAny;
  std::string session;  // of kAnew: whose session it is for, as the catalog knows it

  std::string challenge() const;  // S256 of the verifier
};

// With state, nonce and verifier of its own.
ProviderFlow new_flow(const AgencyId& agency, const std::string& version, Timestamp now);

class ProviderFlows {
 public:
  ProviderFlows(db::Database& database, const Clock& clock) : database_(database), clock_(clock), attempts_(clock) {}

  // Counts an attempt of this client; given back where it was right, or the provider was not there to say so.
  Result<void> count(std::string_view client);
  void give_back(std::string_view client) { attempts_.give_back(client); }

  Result<std::string> seal(const ProviderFlow& flow);
  // That of the request's cookie, where it answers `state` and its time is not over.
  Result<ProviderFlow> open(const http::Request& request, std::string_view state);
  // Uses it up.
  Result<void> use(const ProviderFlow& flow);

 private:
  db::Database& database_;
  const Clock& clock_;
  Attempts attempts_;
};

// The Set-Cookie of a flow; of none, when `value` is empty.
std::string flow_cookie(const http::Request& request, const std::string& value);
std::optional<std::string> flow_cookie_of(const http::Request& request);

}  // namespace lapel::signin
