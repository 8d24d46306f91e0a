// SPDX-License-Identifier: Apache-2.0
#include "signin/jose.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/problems.h"

namespace lapel::signin {
namespace {

using crypto::Signing;
using crypto::VerifyingKey;

constexpr std::array<std::pair<Signing, std::string_view>, 4> kAlgorithms{{
    {Signing::kRsaPkcs1Sha256, "RS256"},
    {Signing::kRsaPssSha256, "PS256"},
    {Signing::kEcdsaP256Sha256, "ES256"},
    {Signing::kEd25519, "EdDSA"},
}};

std::optional<Signing> parse_algorithm(std::string_view name) {
  for (const auto& [value, text] : kAlgorithms) {
    if (text == name) return value;
  }
  return std::nullopt;
}

bool is_token_type(std::string_view type) {
  return type == "JWT" || type == "jwt";
}

// A member that is a text, or is not there.
Result<std::optional<std::string>> text_of(const Json& object, std::string_view name, std::string_view what) {
  const Json* value = object.find(name);
  if (value == nullptr) return std::optional<std::string>();
  if (value->string() == nullptr || value->string()->size() > kKeyIdBytesMax)
    return refused_provider(fmt::format("{} has a \"{}\" that is no text", what, name));
  return std::optional(*value->string());
}

std::optional<Bytes> number_of(const Json& key, std::string_view name) {
  const std::string* text = key.find_string(name);
  return text == nullptr ? std::nullopt : parse_base64url(*text);
}

std::optional<VerifyingKey> verifying_key_of(const Json& key) {
  const std::string* type = key.find_string("kty");
  const std::string* curve = key.find_string("crv");
  if (type == nullptr) return std::nullopt;
  if (*type == "RSA") {
    const auto n = number_of(key, "n");
    const auto e = number_of(key, "e");
    return n && e ? VerifyingKey::rsa(*n, *e) : std::nullopt;
  }
  if (*type == "EC" && curve != nullptr && *curve == "P-256") {
    const auto x = number_of(key, "x");
    const auto y = number_of(key, "y");
    return x && y ? VerifyingKey::p256(*x, *y) : std::nullopt;
  }
  if (*type == "OKP" && curve != nullptr && *curve == "Ed25519") {
    const auto x = number_of(key, "x");
    return x ? VerifyingKey::ed25519(*x) : std::nullopt;
  }
  return std::nullopt;
}

// Whether a provider may mean it for signatures: what is for something else, or should be nobody's to see, is not.
bool is_for_signing(const Json& key) {
  for (const char* secret : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    if (key.find(secret) != nullptr) return false;
  }
  if (const Json* use = key.find("use")) {
    if (use->string() == nullptr || *use->string() != "sig") return false;
  }
  if (const Json* operations = key.find("key_ops")) {
    if (operations->array() == nullptr) return false;
    return std::ranges::any_of(*operations->array(), [](const Json& operation) {
      return operation.string() != nullptr && *operation.string() == "verify";
    });
  }
  return true;
}

}  // namespace

tl::unexpected<Error> refused_provider(std::string why) {
  return fail(
      Error{&problems::kProviderAnswer, fmt::format("The identity provider's answer was not accepted: {}", why), {}});
}

Result<Jws> parse_jws(std::string_view compact) {
  if (compact.size() > kJwtBytesMax)
    return refused_provider(fmt::format("a token of more than {} bytes", kJwtBytesMax));
  const auto parts = std::ranges::count(compact, '.');
  if (parts == 4) return refused_provider("an encrypted token");
  if (parts != 2) return refused_provider("a token that is not of three parts");
  const std::size_t first = compact.find('.');
  const std::size_t second = compact.find('.', first + 1);
  const auto header_bytes = parse_base64url(compact.substr(0, first));
  const auto claim_bytes = parse_base64url(compact.substr(first + 1, second - first - 1));
  auto signature = parse_base64url(compact.substr(second + 1));
  if (!header_bytes || !claim_bytes || !signature) return refused_provider("a token that is not base64url");
  const JsonLimits limits{.bytes_max = kJwtBytesMax, .depth_max = kJwtPartsDepthMax};
  const auto header = parse_json(as_text(*header_bytes), limits);
  if (!header || header->object() == nullptr) return refused_provider("a token whose header is no JSON object");
  // An extension that has to be understood is understood by nobody here; and no token brings the key that it is checked by.
  for (const char* name : {"crit", "jwk", "jku", "x5u", "x5c", "b64", "enc", "zip"}) {
    if (header->find(name) != nullptr) return refused_provider(fmt::format("a token with \"{}\" in its header", name));
  }
  Jws out;
  const std::string* algorithm = header->find_string("alg");
  if (algorithm == nullptr) return refused_provider("a token without an algorithm");
  const auto known = parse_algorithm(*algorithm);
  if (!known) return refused_provider("a token signed by an algorithm other than RS256, PS256, ES256 and EdDSA");
  out.algorithm = *known;
  const auto type = TRY(text_of(*header, "typ", "a token"));
  if (type && !is_token_type(*type)) return refused_provider("a token of another type");
  out.key_id = TRY(text_of(*header, "kid", "a token"));
  auto claims = parse_json(as_text(*claim_bytes), limits);
  if (!claims || claims->object() == nullptr) return refused_provider("a token whose claims are no JSON object");
  out.claims = *std::move(claims);
  out.signature = *std::move(signature);
  out.signed_part = std::string(compact.substr(0, second));
  return out;
}

Result<KeySet> KeySet::parse(std::string_view json) {
  const auto document = parse_json(json, {.bytes_max = kKeySetBytesMax, .depth_max = kJwtPartsDepthMax});
  const Json* keys = document ? document->find("keys") : nullptr;
  if (keys == nullptr || keys->array() == nullptr) return refused_provider("its keys are no JSON Web Key Set");
  if (keys->array()->size() > kKeysMax) return refused_provider(fmt::format("more than {} keys", kKeysMax));
  KeySet out;
  for (const Json& each : *keys->array()) {
    // A set may have keys of kinds that are not known here; they are none.
    if (each.object() == nullptr || !is_for_signing(each)) continue;
    std::optional<Signing> only;
    if (const Json* algorithm = each.find("alg")) {
      only = algorithm->string() == nullptr ? std::nullopt : parse_algorithm(*algorithm->string());
      if (!only) continue;
    }
    const auto id = text_of(each, "kid", "a key");
    if (!id) continue;
    auto key = verifying_key_of(each);
    if (!key || (only && !key->fits(*only))) continue;
    out.keys_.push_back({*id, only, *std::move(key)});
  }
  if (out.keys_.empty()) return refused_provider("none of its keys is for signatures that are accepted here");
  return out;
}

Result<const crypto::VerifyingKey*> KeySet::find(const Jws& token) const {
  const VerifyingKey* found = nullptr;
  for (const Key& each : keys_) {
    if (token.key_id && each.id != token.key_id) continue;
    if (!each.key.fits(token.algorithm) || (each.only && *each.only != token.algorithm)) continue;
    if (found != nullptr) return refused_provider("a token that two of its keys could have signed");
    found = &each.key;
  }
  return found;
}

Result<void> check_signature(const Jws& token, const crypto::VerifyingKey& key) {
  if (key.verifies(token.algorithm, as_bytes(token.signed_part), token.signature)) return {};
  return refused_provider("a token whose signature does not fit");
}

}  // namespace lapel::signin
