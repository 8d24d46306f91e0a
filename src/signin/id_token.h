// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an ID token has to say before anybody is signed in by it (OpenID Connect Core 1.0, 3.1.3.7).
//
// Owns: nothing.
// Promises: a token counts that was made for this client, by this issuer, for this very question, not before the question
//   was put, and that stands now. Where multi-factor is asked for it says so; where a new sign-in is asked for it was one.
//   A claim of another type than its own is refused and never taken for absent.
// Fails with: problems::kProviderAnswer, saying what is wrong.
// Threads: values and pure functions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "signin/jose.h"
#include "signin/provider_settings.h"

namespace lapel::signin {

// How far apart the clocks of server and provider may be.
inline constexpr std::int64_t kProviderLeewayUs = 60LL * 1'000'000;
inline constexpr std::size_t kSubjectBytesMax = 255;  // OpenID Connect Core 2, and in bytes
inline constexpr std::size_t kGroupsMax = 1'000;

struct IdTokenQuestion {
  const Provider& provider;
  std::string nonce;
  std::optional<std::string> access_token;  // what came beside it
  Timestamp begun;                          // when the question was put
  Timestamp now;
  enum class SignIn { kAny, kAnew };
  SignIn sign_in = SignIn::kAny;
};

struct Identity {
  std::string subject;
  std::optional<std::string> external_id;  // as Provider::external_id_claim says
  std::optional<std::string> login, name;  // told, never proof of anything
  std::optional<std::vector<std::string>> groups;
  std::optional<Timestamp> authenticated_at;
  bool has_mfa = false;  // it says so, and the provider's rule asks for it
};

// `token` after its signature was found good.
Result<Identity> check_id_token(const Jws& token, const IdTokenQuestion& question);

}  // namespace lapel::signin
