// SPDX-License-Identifier: Apache-2.0
#include "signin/id_token.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "signin/sessions.h"

namespace lapel::signin {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
// 9999-12-31: a time beyond it is none, and times a million would not overflow.
constexpr std::int64_t kSecondsMax = 253'402'300'799;

Result<std::optional<std::string>> text_claim(const Json& claims, std::string_view name) {
  const Json* value = claims.find(name);
  if (value == nullptr || value->is_null()) return std::optional<std::string>();
  if (value->string() == nullptr) return refused_provider(fmt::format("a token whose \"{}\" is no text", name));
  return std::optional(*value->string());
}

Result<std::string> required_text_claim(const Json& claims, std::string_view name) {
  auto value = TRY(text_claim(claims, name));
  if (!value) return refused_provider(fmt::format("a token without \"{}\"", name));
  return *std::move(value);
}

Result<std::optional<Timestamp>> time_claim(const Json& claims, std::string_view name) {
  const Json* value = claims.find(name);
  if (value == nullptr) return std::optional<Timestamp>();
  if (value->integer() == nullptr || *value->integer() < 0 || *value->integer() > kSecondsMax)
    return refused_provider(fmt::format("a token whose \"{}\" is no time in whole seconds", name));
  return std::optional(Timestamp{*value->integer() * kSecondUs});
}

Result<Timestamp> required_time_claim(const Json& claims, std::string_view name) {
  const auto value = TRY(time_claim(claims, name));
  if (!value) return refused_provider(fmt::format("a token without \"{}\"", name));
  return *value;
}

Result<std::optional<std::vector<std::string>>> texts_claim(const Json& claims, std::string_view name) {
  const Json* value = claims.find(name);
  if (value == nullptr || value->is_null()) return std::optional<std::vector<std::string>>();
  std::vector<std::string> out;
  if (value->array() == nullptr || value->array()->size() > kGroupsMax)
    return refused_provider(fmt::format("a token whose \"{}\" is no list of at most {} texts", name, kGroupsMax));
  for (const Json& each : *value->array()) {
    if (each.string() == nullptr)
      return refused_provider(fmt::format("a token whose \"{}\" is no list of at most {} texts", name, kGroupsMax));
    out.push_back(*each.string());
  }
  return std::optional(std::move(out));
}

Result<void> check_audience(const Json& claims, const std::string& client_id) {
  const Json* audience = claims.find("aud");
  const Json* only = audience;
  // Another audience beside this one could have sent it on.
  if (audience != nullptr && audience->array() != nullptr)
    only = audience->array()->size() == 1 ? audience->array()->data() : nullptr;
  if (only == nullptr || only->string() == nullptr || *only->string() != client_id)
    return refused_provider("a token for another client than this one, or not for it alone");
  const auto party = TRY(text_claim(claims, "azp"));
  if (party && *party != client_id) return refused_provider("a token that another client was given");
  return {};
}

// OpenID Connect Core 3.1.3.6: the left half of the hash that the token's algorithm uses.
Result<void> check_access_token(const Jws& token, const std::optional<std::string>& access_token) {
  const auto given = TRY(text_claim(token.claims, "at_hash"));
  if (!given) return {};
  if (!access_token) return refused_provider("a token of an access token that did not come with it");
  std::string expected;
  if (token.algorithm == crypto::Signing::kEd25519) {
    const auto hash = crypto::sha512(as_bytes(*access_token));
    expected = base64url(ByteView(hash).first(hash.size() / 2));
  } else {
    const Digest hash = crypto::sha256(as_bytes(*access_token));
    expected = base64url(ByteView(hash).first(hash.size() / 2));
  }
  if (*given != expected) return refused_provider("a token of another access token than came with it");
  return {};
}

Result<bool> says_mfa(const Json& claims, const MfaRule& rule) {
  // Read whatever the rule: a claim that is not what it should be makes a token that is none.
  const auto methods = TRY(texts_claim(claims, "amr"));
  const auto context = TRY(text_claim(claims, "acr"));
  const auto counts = [&](const std::string& value) {
    return std::ranges::find(rule.values, value) != rule.values.end();
  };
  switch (rule.kind) {
    case MfaRule::Kind::kNone:
      return false;
    case MfaRule::Kind::kAmr:
      if (methods && std::ranges::any_of(*methods, counts)) return true;
      break;
    case MfaRule::Kind::kAcr:
      if (context && counts(*context)) return true;
      break;
  }
  return refused_provider("it does not say that more than a password was shown, which your agency requires");
}

bool is_shown(const std::string& text) {
  return !text.empty() && text.size() <= limits::kFieldBytesMax && !has_control_characters(text);
}

}  // namespace

Result<Identity> check_id_token(const Jws& token, const IdTokenQuestion& question) {
  const Json& claims = token.claims;
  const Provider& provider = question.provider;
  if (TRY(required_text_claim(claims, "iss")) != provider.issuer) return refused_provider("a token of another issuer");
  TRY(check_audience(claims, provider.client_id));
  if (TRY(required_time_claim(claims, "exp")) + kProviderLeewayUs <= question.now)
    return refused_provider("a token whose time is over");
  const Timestamp issued = TRY(required_time_claim(claims, "iat"));
  if (issued > question.now + kProviderLeewayUs)
    return refused_provider("a token from the time to come; compare the clocks");
  if (issued + kProviderLeewayUs < question.begun) return refused_provider("a token from before this sign-in began");
  if (const auto begins = TRY(time_claim(claims, "nbf")); begins && *begins > question.now + kProviderLeewayUs)
    return refused_provider("a token that does not count yet; compare the clocks");
  const std::string nonce = TRY(required_text_claim(claims, "nonce"));
  if (!crypto::equal_constant_time(as_bytes(nonce), as_bytes(question.nonce)))
    return refused_provider("a token for another sign-in");
  TRY(check_access_token(token, question.access_token));

  Identity out;
  out.subject = TRY(required_text_claim(claims, "sub"));
  if (out.subject.empty() || out.subject.size() > kSubjectBytesMax || has_control_characters(out.subject))
    return refused_provider(fmt::format("a token whose \"sub\" has not 1 to {} bytes", kSubjectBytesMax));
  out.authenticated_at = TRY(time_claim(claims, "auth_time"));
  if (out.authenticated_at && *out.authenticated_at > question.now + kProviderLeewayUs)
    return refused_provider("a sign-in in the time to come; compare the clocks");
  // Of max_age, which every sign-in is asked with.
  if (out.authenticated_at && *out.authenticated_at + kSessionLifeUs + kProviderLeewayUs < question.begun)
    return refused_provider("the sign-in there is older than was asked for");
  if (question.sign_in == IdTokenQuestion::SignIn::kAnew) {
    if (!out.authenticated_at) return refused_provider("it does not say when the sign-in was, which was asked for");
    if (*out.authenticated_at + kProviderLeewayUs < question.begun)
      return refused_provider("it did not ask anew who this is");
  }
  out.has_mfa = TRY(says_mfa(claims, provider.mfa));
  out.groups = TRY(texts_claim(claims, provider.group_claim));
  out.external_id = TRY(text_claim(claims, provider.external_id_claim));
  out.login = TRY(text_claim(claims, "preferred_username"));
  out.name = TRY(text_claim(claims, "name"));
  if (out.login && !is_shown(*out.login)) out.login.reset();
  if (out.name && !is_shown(*out.name)) out.name.reset();
  return out;
}

}  // namespace lapel::signin
