// SPDX-License-Identifier: Apache-2.0
#include "signin/webauthn.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/problems.h"
#include "signin/authenticator_for_tests.h"

namespace lapel::signin {
namespace {

const PasskeyQuestion kQuestion{base64url(as_bytes("a challenge of 24 bytes.")), "https://lapel.example:8443",
                                "lapel.example"};
constexpr PasskeyAlgorithm kEach[] = {PasskeyAlgorithm::kEs256, PasskeyAlgorithm::kEdDsa, PasskeyAlgorithm::kRs256};

Bytes bytes_of(const std::string& text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}
std::string replaced(const Bytes& bytes, const std::string& from, const std::string& to) {
  std::string text(as_text(bytes));
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << text;
  return text.replace(at, from.size(), to);
}

// What is wrong about client data, whoever signed it.
std::vector<std::pair<std::string, std::function<Bytes(const Bytes&)>>> bad_client_data() {
  const auto swap = [](const std::string& from, const std::string& to) {
    return [from, to](const Bytes& data) { return bytes_of(replaced(data, from, to)); };
  };
  return {
      {"empty", [](const Bytes&) { return Bytes(); }},
      {"no JSON", [](const Bytes&) { return bytes_of("type=webauthn.get"); }},
      {"an array", [](const Bytes& data) { return bytes_of("[" + std::string(as_text(data)) + "]"); }},
      {"cut short", [](const Bytes& data) { return Bytes(data.begin(), data.end() - 1); }},
      {"something behind", [](const Bytes& data) { return bytes_of(std::string(as_text(data)) + "{}"); }},
      {"too long",
       [](const Bytes& data) {
         return bytes_of(replaced(data, "{", "{\"pad\":\"" + std::string(kClientDataBytesMax, 'x') + "\","));
       }},
      {"too deep", [](const Bytes& data) { return bytes_of(replaced(data, "{", R"({"deep":[[[[[[]]]]]],)")); }},
      {"another type", swap("webauthn.", "payment.")},
      {"a type in capitals", swap("webauthn.", "WebAuthn.")},
      {"no type", swap("\"type\"", "\"typ\"")},
      {"a type twice", swap("{\"type\"", R"({"type":"webauthn.get","type")")},
      {"another challenge", swap(kQuestion.challenge, base64url(as_bytes("another challenge 24 b.")))},
      {"an empty challenge", swap(kQuestion.challenge, "")},
      {"a padded challenge", swap(kQuestion.challenge, kQuestion.challenge + "=")},
      {"half the challenge", swap(kQuestion.challenge, kQuestion.challenge.substr(0, 16))},
      {"no challenge", swap("\"challenge\"", "\"challenges\"")},
      {"a challenge that is a number", swap("\"" + kQuestion.challenge + "\"", "7")},
      {"another host", swap("lapel.example:", "lapel.exampie:")},
      {"a host below", swap("//lapel", "//evil.lapel")},
      {"a host beside", swap("lapel.example", "lapel.example.evil.net")},
      {"plain HTTP", swap("https:", "http:")},
      {"another port", swap(":8443", ":443")},
      {"no port", swap(":8443", "")},
      {"a path behind the origin", swap(":8443", ":8443/")},
      {"the origin null", swap("\"" + kQuestion.origin + "\"", "null")},
      {"an Android app", swap(kQuestion.origin, "android:apk-key-hash:AAAA")},
      {"in another site's frame", swap("\"crossOrigin\":false", "\"crossOrigin\":true")},
      {"a frame that is a word", swap("\"crossOrigin\":false", "\"crossOrigin\":\"false\"")},
      {"a top origin", swap("\"crossOrigin\":false", "\"topOrigin\":\"https://evil.example\"")},
  };
}

// What is wrong about the first 37 bytes of authenticator data.
std::vector<std::pair<std::string, std::function<void(Bytes&)>>> bad_head() {
  return {
      {"nothing", [](Bytes& data) { data.clear(); }},
      {"36 bytes", [](Bytes& data) { data.resize(36); }},
      {"another party", [](Bytes& data) { data[0] ^= 1; }},
      {"another party at its end", [](Bytes& data) { data[31] ^= 0x80; }},
      {"the party of the origin",
       [](Bytes& data) {
         const Digest other = crypto::sha256(as_bytes(kQuestion.origin));
         std::copy(other.begin(), other.end(), data.begin());
       }},
      {"the party above",
       [](Bytes& data) {
         const Digest other = crypto::sha256(as_bytes("example"));
         std::copy(other.begin(), other.end(), data.begin());
       }},
      {"nobody present", [](Bytes& data) { data[32] &= 0xfe; }},
      {"nobody verified", [](Bytes& data) { data[32] &= 0xfb; }},
      {"no flags", [](Bytes& data) { data[32] = 0; }},
      {"too long", [](Bytes& data) { data.resize(kAuthenticatorDataBytesMax + 1); }},
  };
}

class Webauthn : public testing::TestWithParam<PasskeyAlgorithm> {};

TEST_P(Webauthn, WhatWasCreatedSignsIn) {
  const Authenticator own(GetParam());
  const auto passkey = check_created(kQuestion, own.create(kQuestion));
  ASSERT_TRUE(passkey) << passkey.error().text();
  EXPECT_EQ(passkey->algorithm, GetParam());
  EXPECT_EQ(passkey->credential_id, own.id());
  const auto counter = check_presented(kQuestion, *passkey, own.present(kQuestion, 7));
  ASSERT_TRUE(counter) << counter.error().text();
  EXPECT_EQ(*counter, 7u);
}

// Each of these is signed anew by the right key: what refuses it is not the signature.
TEST_P(Webauthn, RightlySignedAnswersToOtherQuestionsAreRefused) {
  const Authenticator own(GetParam());
  const PasskeyPresented right = own.present(kQuestion);
  const PasskeyCreated created = own.create(kQuestion);
  const Passkey passkey = *check_created(kQuestion, created);
  ASSERT_TRUE(check_presented(kQuestion, passkey, right));
  const auto refused = [](const auto& result, const std::string& name) {
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().problem, &problems::kSecondFactor) << name;
  };
  for (const auto& [name, change] : bad_client_data()) {
    refused(check_presented(kQuestion, passkey, own.sign(change(right.client_data), right.authenticator_data)), name);
    refused(check_created(kQuestion, {change(created.client_data), created.authenticator_data}), name + ", created");
  }
  for (const auto& [name, change] : bad_head()) {
    PasskeyPresented presented = right;
    change(presented.authenticator_data);
    refused(check_presented(kQuestion, passkey, own.sign(presented.client_data, presented.authenticator_data)), name);
    PasskeyCreated other = created;
    change(other.authenticator_data);
    refused(check_created(kQuestion, other), name + ", created");
  }
  refused(check_presented(kQuestion, passkey, own.sign(created.client_data, right.authenticator_data)),
          "a creation as a presentation");
  refused(check_created(kQuestion, {right.client_data, created.authenticator_data}), "a presentation as a creation");
}

TEST_P(Webauthn, ADifferentBitAnywhereIsRefused) {
  const Authenticator own(GetParam());
  const Passkey passkey = *check_created(kQuestion, own.create(kQuestion));
  const PasskeyPresented right = own.present(kQuestion);
  std::size_t tried = 0;
  for (Bytes PasskeyPresented::*part :
       {&PasskeyPresented::client_data, &PasskeyPresented::authenticator_data, &PasskeyPresented::signature}) {
    for (std::size_t i = 0; i < (right.*part).size(); ++i) {
      PasskeyPresented other = right;
      (other.*part)[i] ^= 1;
      EXPECT_FALSE(check_presented(kQuestion, passkey, other)) << "byte " << i;
      ++tried;
    }
  }
  EXPECT_GT(tried, 200u);
}

TEST_P(Webauthn, OtherSignaturesAreRefused) {
  const Authenticator own(GetParam());
  const Passkey passkey = *check_created(kQuestion, own.create(kQuestion));
  const PasskeyPresented right = own.present(kQuestion);
  const auto with = [&](Bytes signature) {
    PasskeyPresented other = right;
    other.signature = std::move(signature);
    return check_presented(kQuestion, passkey, other).has_value();
  };
  EXPECT_FALSE(with({}));
  EXPECT_FALSE(with(Bytes(64, 0)));
  EXPECT_FALSE(with(Bytes(kPasskeySignatureBytesMax + 1, 1)));
  EXPECT_FALSE(with(Bytes(right.signature.begin(), right.signature.end() - 1)));
  Bytes longer = right.signature;
  longer.push_back(0);
  EXPECT_FALSE(with(longer));
  // r = s = 0, which a check of ECDSA without ranges takes for anything.
  EXPECT_FALSE(with({0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00}));
  EXPECT_FALSE(with(Authenticator(GetParam()).present(kQuestion).signature)) << "another key of the same kind";
  for (const PasskeyAlgorithm other : kEach) {
    if (other == GetParam()) continue;
    EXPECT_FALSE(with(Authenticator(other).present(kQuestion).signature));
  }
}

TEST_P(Webauthn, AKeyOfAnotherKindThanItsNumberIsRefused) {
  const Authenticator own(GetParam());
  const Passkey passkey = *check_created(kQuestion, own.create(kQuestion));
  for (const PasskeyAlgorithm other : kEach) {
    if (other == GetParam()) continue;
    Passkey confused = passkey;
    confused.algorithm = other;
    EXPECT_FALSE(check_presented(kQuestion, confused, own.present(kQuestion)));
  }
  for (const std::int64_t other : {0, -1, -37, -65535, 7, 1'000'000}) {
    Passkey confused = passkey;
    confused.algorithm = static_cast<PasskeyAlgorithm>(other);
    EXPECT_FALSE(check_presented(kQuestion, confused, own.present(kQuestion)));
  }
  Passkey shortened = passkey;
  shortened.public_key.pop_back();
  EXPECT_FALSE(check_presented(kQuestion, shortened, own.present(kQuestion)));
}

TEST_P(Webauthn, ACreationWithoutAKeyOfItsKindIsRefused) {
  const Authenticator own(GetParam());
  const PasskeyCreated right = own.create(kQuestion);
  const std::size_t key_at = right.authenticator_data.size() - own.cose_key().size();
  const auto is_taken = [&](const std::function<void(Bytes&)>& change) {
    PasskeyCreated other = right;
    change(other.authenticator_data);
    return check_created(kQuestion, other).has_value();
  };
  ASSERT_TRUE(is_taken([](Bytes&) {}));
  EXPECT_FALSE(is_taken([](Bytes& data) { data[32] &= 0xbf; })) << "no credential by its flags";
  EXPECT_FALSE(is_taken([&](Bytes& data) { data.resize(key_at); })) << "no key";
  EXPECT_FALSE(is_taken([&](Bytes& data) { data[key_at] = 0xa0; })) << "an empty key";
  EXPECT_FALSE(is_taken([](Bytes& data) { data[53] = 0xff; })) << "an id longer than what there is";
  EXPECT_FALSE(is_taken([](Bytes& data) { data[53] = data[54] = 0; })) << "no id";
  for (std::size_t i = key_at; i < right.authenticator_data.size(); ++i) {
    EXPECT_FALSE(is_taken([&](Bytes& data) { data.resize(i); })) << "cut at " << i;
  }
  // Kind, algorithm and curve stand in the first bytes of the key.
  for (std::size_t i = key_at; i < key_at + 5; ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      EXPECT_FALSE(is_taken([&](Bytes& data) { data[i] ^= static_cast<std::uint8_t>(1 << bit); }))
          << i - key_at << " " << bit;
    }
  }
}

std::string name_of_algorithm(const testing::TestParamInfo<PasskeyAlgorithm>& tested) {
  return tested.param == PasskeyAlgorithm::kEs256   ? "Es256"
         : tested.param == PasskeyAlgorithm::kEdDsa ? "EdDsa"
                                                    : "Rs256";
}
INSTANTIATE_TEST_SUITE_P(Algorithms, Webauthn, testing::ValuesIn(kEach), name_of_algorithm);

TEST(WebauthnCounter, OneThatDoesNotGrowIsACopy) {
  const Authenticator own(PasskeyAlgorithm::kEs256);
  Passkey passkey = *check_created(kQuestion, own.create(kQuestion, 3));
  EXPECT_EQ(passkey.counter, 3u);
  EXPECT_FALSE(check_presented(kQuestion, passkey, own.present(kQuestion, 0)));
  EXPECT_FALSE(check_presented(kQuestion, passkey, own.present(kQuestion, 2)));
  EXPECT_FALSE(check_presented(kQuestion, passkey, own.present(kQuestion, 3)));
  EXPECT_TRUE(check_presented(kQuestion, passkey, own.present(kQuestion, 4)));
  passkey.counter = 0;
  EXPECT_TRUE(check_presented(kQuestion, passkey, own.present(kQuestion, 0))) << "one that does not count";
}

// 163 bytes that claim a map of billions made the library ask for gigabytes.
TEST(WebauthnKeys, WhatClaimsMoreThanThereIsIsRefusedBeforeAnythingIsTakenForIt) {
  const Authenticator own(PasskeyAlgorithm::kEs256);
  const PasskeyCreated right = own.create(kQuestion);
  const std::size_t key_at = right.authenticator_data.size() - own.cose_key().size();
  for (const Bytes& claim : {Bytes{0xbb, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0}, Bytes{0xba, 0xff, 0xff, 0xff, 0xff},
                             Bytes{0x9a, 0xff, 0xff, 0xff, 0xff}, Bytes{0x5b, 0, 0, 0, 1, 0, 0, 0, 0}, Bytes{0xbf},
                             Bytes{0xa1, 0x01, 0xa1, 0x01, 0xa1, 0x01, 0xa1, 0x01, 0xa1, 0x01, 0xa1, 0x01, 0x01},
                             Bytes{0xc0, 0xa0}, Bytes{0xa5}}) {
    PasskeyCreated other = right;
    other.authenticator_data.resize(key_at);
    append(other.authenticator_data, claim);
    EXPECT_FALSE(check_created(kQuestion, other)) << hex(claim);
    other = right;
    other.authenticator_data[32] |= 0x80;
    append(other.authenticator_data, claim);
    EXPECT_FALSE(check_created(kQuestion, other)) << hex(claim);
  }
  PasskeyCreated longer = right;
  longer.authenticator_data.push_back(0);
  EXPECT_FALSE(check_created(kQuestion, longer)) << "something behind the key";
}

// Chromium asks authenticators to protect what signs in alone, and they say that they do.
TEST(WebauthnKeys, AnExtensionBehindTheKeyIsRead) {
  const Authenticator own(PasskeyAlgorithm::kEs256);
  PasskeyCreated created = own.create(kQuestion);
  created.authenticator_data[32] |= 0x80;
  append(created.authenticator_data, Bytes{0xa1, 0x6b});
  append(created.authenticator_data, as_bytes("credProtect"));
  created.authenticator_data.push_back(0x02);
  EXPECT_TRUE(check_created(kQuestion, created));
}

TEST(WebauthnKeys, APointThatIsNotOnTheCurveIsNoKey) {
  const Authenticator own(PasskeyAlgorithm::kEs256);
  PasskeyCreated created = own.create(kQuestion);
  created.authenticator_data.back() ^= 1;  // the last byte of y
  EXPECT_FALSE(check_created(kQuestion, created));
}

}  // namespace
}  // namespace lapel::signin
