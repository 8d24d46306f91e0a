// SPDX-License-Identifier: Apache-2.0
// Tokens made by OpenSSL here, read by the room: the signature's kind, the key, and what a token has to say. Every lie that is told
// over HTTP is in test/server/bad_tokens.py.
#include "signin/id_token.h"

#include <memory>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/problems.h"
#include "signin/provider_documents.h"

namespace lapel::signin {
namespace {

const Timestamp kNow{1'700'000'000'000'000};
constexpr const char* kIssuer = "https://login.example/realm";

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

// A provider's key pair on an Ed25519 or P-256 or RSA basis, and tokens signed by it.
class Signer {
 public:
  enum class Kind { kEd25519, kRsa };
  explicit Signer(Kind kind, std::string id = "k")
      : kind_(kind),
        id_(std::move(id)),
        key_(kind == Kind::kRsa ? EVP_RSA_gen(2048) : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")) {}

  std::string algorithm() const { return kind_ == Kind::kRsa ? "RS256" : "EdDSA"; }
  Json jwk() const {
    if (kind_ == Kind::kRsa) {
      BIGNUM* n = nullptr;
      EVP_PKEY_get_bn_param(key_.get(), "n", &n);
      Bytes bytes(static_cast<std::size_t>(BN_num_bytes(n)));
      BN_bn2bin(n, bytes.data());
      BN_free(n);
      return Json::Object{{"kty", "RSA"}, {"kid", id_}, {"n", base64url(bytes)}, {"e", "AQAB"}};
    }
    Bytes x(32);
    std::size_t size = x.size();
    EVP_PKEY_get_raw_public_key(key_.get(), x.data(), &size);
    return Json::Object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"kid", id_}, {"x", base64url(x)}};
  }
  std::string sign(const Json& header, const Json& claims) const {
    const std::string text = base64url(as_bytes(to_json(header))) + "." + base64url(as_bytes(to_json(claims)));
    Bytes signature(1024);
    std::size_t size = signature.size();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, kind_ == Kind::kRsa ? EVP_sha256() : nullptr, nullptr, key_.get());
    const ByteView message = as_bytes(text);
    EXPECT_EQ(EVP_DigestSign(context, signature.data(), &size, message.data(), message.size()), 1);
    EVP_MD_CTX_free(context);
    signature.resize(size);
    return text + "." + base64url(signature);
  }
  std::string token(const Json& claims) const { return sign(Json::Object{{"alg", algorithm()}, {"kid", id_}}, claims); }

 private:
  Kind kind_;
  std::string id_;
  std::unique_ptr<EVP_PKEY, FreeKey> key_;
};

KeySet key_set(const Json::Array& keys) {
  auto out = KeySet::parse(to_json(Json(Json::Object{{"keys", keys}})));
  EXPECT_TRUE(out) << out.error().text();
  return out ? *std::move(out) : KeySet();
}

Json::Object good_claims() {
  return {{"iss", kIssuer},
          {"aud", "lapel"},
          {"sub", "s-1"},
          {"nonce", "n"},
          {"exp", kNow.seconds() + 300},
          {"iat", kNow.seconds()},
          {"amr", Json::Array{"pwd", "mfa"}},
          {"groups", Json::Array{"Officers"}},
          {"preferred_username", "doe"}};
}

Provider provider() {
  Provider out;
  out.name = "Ashfield ID";
  out.issuer = kIssuer;
  out.client_id = "lapel";
  out.mapping = {{"Officers", access::Role::kOfficer}, {"Chiefs", access::Role::kAdministrator}};
  return out;
}

Result<Identity> judge(const Json::Object& claims, IdTokenQuestion::SignIn sign_in = IdTokenQuestion::SignIn::kAny) {
  static const Provider kProvider = provider();
  Jws token;
  token.claims = claims;
  return check_id_token(
      token,
      {.provider = kProvider, .nonce = "n", .access_token = "at", .begun = kNow, .now = kNow, .sign_in = sign_in});
}

Result<void> verify(const std::string& text, const KeySet& keys) {
  const Jws token = TRY(parse_jws(text));
  const crypto::VerifyingKey* key = TRY(keys.find(token));
  if (key == nullptr) return fail(problems::kProviderAnswer, "no key");
  return check_signature(token, *key);
}

TEST(IdToken, AGoodOneSaysWhoItIs) {
  for (const auto kind : {Signer::Kind::kEd25519, Signer::Kind::kRsa}) {
    const Signer signer(kind);
    const auto verified = verify(signer.token(good_claims()), key_set({signer.jwk()}));
    EXPECT_TRUE(verified) << verified.error().text();
  }
  const auto identity = judge(good_claims());
  ASSERT_TRUE(identity) << identity.error().text();
  EXPECT_EQ(identity->subject, "s-1");
  EXPECT_EQ(identity->external_id, "s-1");
  EXPECT_EQ(identity->login, "doe");
  EXPECT_TRUE(identity->has_mfa);
  EXPECT_EQ(provider().roles_of(*identity->groups), std::set{access::Role::kOfficer});
  EXPECT_TRUE(provider().roles_of({"administrator", "chiefs", ""}).empty());
}

TEST(IdToken, OneKeyIsNotTakenForAnother) {
  const Signer rsa(Signer::Kind::kRsa, "a"), ed(Signer::Kind::kEd25519, "b"), stranger(Signer::Kind::kEd25519, "b");
  const KeySet both = key_set({rsa.jwk(), ed.jwk()});
  EXPECT_TRUE(verify(rsa.token(good_claims()), both));
  EXPECT_TRUE(verify(ed.token(good_claims()), both));
  EXPECT_FALSE(verify(stranger.token(good_claims()), both));
  // The name of one, the signature of another.
  EXPECT_FALSE(verify(ed.sign(Json::Object{{"alg", "EdDSA"}, {"kid", "a"}}, good_claims()), both));
  EXPECT_FALSE(verify(ed.sign(Json::Object{{"alg", "RS256"}, {"kid", "a"}}, good_claims()), both));
  EXPECT_FALSE(verify(rsa.sign(Json::Object{{"alg", "PS256"}, {"kid", "a"}}, good_claims()), both));
  // Without a name: the only one of its kind, and none where there are two.
  EXPECT_TRUE(verify(ed.sign(Json::Object{{"alg", "EdDSA"}}, good_claims()), both));
  EXPECT_FALSE(verify(ed.sign(Json::Object{{"alg", "EdDSA"}}, good_claims()),
                      key_set({ed.jwk(), Signer(Signer::Kind::kEd25519, "c").jwk()})));
}

TEST(IdToken, NoByteOfItCanBeChanged) {
  const Signer signer(Signer::Kind::kEd25519);
  const KeySet keys = key_set({signer.jwk()});
  const std::string good = signer.token(good_claims());
  ASSERT_TRUE(verify(good, keys));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify(bad, keys)) << at;
    EXPECT_FALSE(verify(good.substr(0, at), keys)) << at;
  }
  EXPECT_FALSE(verify(good + "A", keys));
}

TEST(IdToken, ClocksMayBeAMinuteApartAndNoMore) {
  const auto with = [](std::string_view name, std::int64_t seconds) {
    Json::Object claims = good_claims();
    claims.insert_or_assign(std::string(name), kNow.seconds() + seconds);
    return judge(claims).has_value();
  };
  EXPECT_TRUE(with("exp", -59));
  EXPECT_FALSE(with("exp", -60));
  EXPECT_TRUE(with("iat", 60));
  EXPECT_FALSE(with("iat", 61));
  EXPECT_TRUE(with("iat", -60));
  EXPECT_FALSE(with("iat", -61));
  EXPECT_TRUE(with("nbf", 60));
  EXPECT_FALSE(with("nbf", 61));
  EXPECT_TRUE(with("auth_time", 60));
  EXPECT_FALSE(with("auth_time", 61));
  EXPECT_TRUE(with("auth_time", -12 * 3'600 - 60));
  EXPECT_FALSE(with("auth_time", -12 * 3'600 - 61));
}

TEST(IdToken, ASignInThatIsAskedAnewWasOne) {
  const auto at = [](std::optional<std::int64_t> seconds) {
    Json::Object claims = good_claims();
    if (seconds) claims.emplace("auth_time", kNow.seconds() + *seconds);
    return judge(claims, IdTokenQuestion::SignIn::kAnew).has_value();
  };
  EXPECT_TRUE(at(0));
  EXPECT_TRUE(at(-60));
  EXPECT_FALSE(at(-61));
  EXPECT_FALSE(at(std::nullopt));
}

TEST(IdToken, TheAccessTokenIsTheOneThatCameWithIt) {
  Digest hash;
  unsigned size = 0;
  ASSERT_EQ(EVP_Digest("at", 2, hash.data(), &size, EVP_sha256(), nullptr), 1);
  Jws token;
  Json::Object claims = good_claims();
  claims.emplace("at_hash", base64url(ByteView(hash).first(hash.size() / 2)));
  token.claims = claims;
  const Provider own = provider();
  const auto asked = [&](std::optional<std::string> access) {
    return check_id_token(
               token,
               {.provider = own, .nonce = "n", .access_token = std::move(access), .begun = kNow, .now = kNow})
        .has_value();
  };
  EXPECT_TRUE(asked("at"));
  EXPECT_FALSE(asked("another"));
  EXPECT_FALSE(asked(std::nullopt));
}

TEST(ProviderDocuments, AddressesAreTakenApartOrRefused) {
  const auto good = parse_address("https://login.example:8443/a?b=c");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->origin, "https://login.example:8443");
  EXPECT_EQ(good->target, "/a?b=c");
  EXPECT_FALSE(good->is_loopback);
  EXPECT_TRUE(parse_address("http://[::1]:80/")->is_loopback);
  EXPECT_TRUE(parse_address("http://localhost")->is_loopback);
  EXPECT_EQ(parse_address("https://x?y")->target, "/?y");
  for (const char* bad : {"", "https://", "https:///x", "https://a b/", "https://u@x/", "https://x:0/", "https://x:/",
                          "https://x:1x/", "https://x/#f", "https://x\\y/", "HTTPS://x/", "ftp://x/", "//x/",
                          "https://[::1", "https://[]/", "https://[::1]x/"}) {
    EXPECT_FALSE(parse_address(bad)) << bad;
  }
}

TEST(ProviderDocuments, AnIssuerOutThereNeverNamesThisMachine) {
  const auto document = [](const std::string& token) {
    return to_json(Json(Json::Object{{"issuer", kIssuer},
                                     {"authorization_endpoint", "https://login.example/a"},
                                     {"token_endpoint", token},
                                     {"jwks_uri", "https://keys.example/k"}}));
  };
  EXPECT_TRUE(parse_discovery(document("https://login.example/t"), kIssuer));
  for (const char* bad :
       {"https://localhost/t", "https://127.0.0.1/t", "https://127.1/t", "https://2130706433/t", "https://0x7f000001/t",
        "https://0/t", "https://[::1]/t", "https://[fd00::1]/t", "https://10.0.0.1/t", "https://169.254.169.254/t",
        "https://x.localhost/t", "https://LOCALHOST./t", "http://login.example/t"}) {
    EXPECT_FALSE(parse_discovery(document(bad), kIssuer)) << bad;
  }
}

TEST(ProviderSettings, WhatSaysMultiFactorIsReadAsItIsWritten) {
  for (const auto& texts : {std::vector<std::string>{"none"}, {"amr=mfa"}, {"amr=mfa", "amr=hwk"}, {"acr=urn:x=y"}}) {
    const auto rule = parse_mfa_rule(texts);
    ASSERT_TRUE(rule);
    EXPECT_EQ(mfa_rule_texts(*rule), texts);
  }
  for (const auto& texts :
       {std::vector<std::string>{}, {"amr="}, {"amr"}, {"none", "amr=mfa"}, {"amr=mfa", "acr=x"}, {"mfa"}}) {
    EXPECT_FALSE(parse_mfa_rule(texts));
  }
}

}  // namespace
}  // namespace lapel::signin
