// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "crypto/sealed_box.h"
#include "crypto/sha256.h"

namespace lapel::crypto {
namespace {

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(hex(sha256(as_bytes(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256({as_bytes("a"), as_bytes("bc")})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231 case 2
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Sha256, MidstateContinuesAtEveryLength) {
  Bytes data(300);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 7);
  const Digest whole = sha256(data);
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    Sha256 first;
    first.update(ByteView(data).first(cut));
    auto second = Sha256::restore(first.midstate());
    ASSERT_TRUE(second) << cut;
    EXPECT_EQ(second->bytes(), cut);
    second->update(ByteView(data).subspan(cut));
    EXPECT_EQ(second->finish(), whole) << cut;
  }
}

TEST(Sha256, RefusesWhatIsNoMidstate) {
  Sha256 hash;
  hash.update(as_bytes("abc"));
  const std::string good = hash.midstate();
  ASSERT_TRUE(Sha256::restore(good));
  for (const std::string& bad : {std::string(), std::string("1:"), "2" + good.substr(1), good + "00",
                                 good.substr(0, 20), "1:4" + good.substr(3), std::string("1:::")}) {
    EXPECT_FALSE(Sha256::restore(bad)) << bad;
  }
}

// Under such a key one signature holds for every message: R is the base point, S is 1, and the key adds nothing.
TEST(Ed25519, AKeyOfSmallOrderSignsNothing) {
  Signature signature;
  signature.fill(0x66);
  signature[0] = 0x58;
  std::fill(signature.begin() + 32, signature.end(), 0);
  signature[32] = 1;
  PublicKey identity{};
  identity[0] = 1;
  PublicKey spelled_otherwise;  // y = p + 1, the same point
  spelled_otherwise.fill(0xff);
  spelled_otherwise[0] = 0xee;
  spelled_otherwise[31] = 0x7f;
  for (const PublicKey& key : {identity, spelled_otherwise}) {
    EXPECT_FALSE(verify(key, as_bytes("any message"), signature));
    EXPECT_FALSE(is_public_key(key));
  }
}

TEST(Ed25519, OnlyWhatASecretCanHaveIsAKey) {
  ByteArray<32> seed{};
  for (int i = 0; i < 64; ++i) {
    seed[0] = static_cast<std::uint8_t>(i);
    EXPECT_TRUE(is_public_key(SigningKey::from_seed(seed).public_key()));
  }
  PublicKey none{};
  none[0] = 2;  // y = 2 is no point of the curve
  EXPECT_FALSE(is_public_key(none));
}

TEST(Ed25519, Rfc8032Vector2AndRefusals) {
  const auto seed = *parse_hex_array<32>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const SigningKey key = SigningKey::from_seed(seed);
  EXPECT_EQ(hex(key.public_key()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const ByteArray<1> message{0x72};
  Signature signature = key.sign(message);
  EXPECT_EQ(hex(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(verify(key.public_key(), message, signature));
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Signature bad = signature;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(verify(key.public_key(), message, bad)) << bit;
  }
  // S + L encodes the same scalar; RFC 8032 requires S < L.
  const auto order = *parse_hex_array<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  Signature malleable = signature;
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned sum = malleable[32 + i] + order[i] + carry;
    malleable[32 + i] = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
  }
  EXPECT_FALSE(verify(key.public_key(), message, malleable));
}

TEST(Aead, OpensOnlyWhatWasSealed) {
  const auto key = random_bytes<32>();
  const Bytes sealed = aead_seal(key, as_bytes("name"), as_bytes("secret"));
  EXPECT_EQ(sealed.size(), 6 + kAeadOverheadBytes);
  EXPECT_EQ(as_text(*aead_open(key, as_bytes("name"), sealed)), "secret");
  EXPECT_FALSE(aead_open(key, as_bytes("other"), sealed));
  EXPECT_FALSE(aead_open(random_bytes<32>(), as_bytes("name"), sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes bad = sealed;
    bad[i] ^= 1;
    EXPECT_FALSE(aead_open(key, as_bytes("name"), bad)) << i;
  }
  EXPECT_FALSE(aead_open(key, as_bytes("name"), ByteView(sealed).first(20)));
}

// Worked out by another implementation (Python's cryptography): docs/formats/dock.md has the same example.
TEST(SealedBox, OpensWhatAnotherImplementationSealed) {
  constexpr std::string_view kUse = "lapel-spool-wrap/1\n";
  X25519Secret secret;
  secret.fill(0x11);
  EXPECT_EQ(hex(x25519_public(secret)), "7b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13");
  Bytes associated(kUse.begin(), kUse.end());
  for (std::uint8_t i = 0; i < 32; ++i) associated.push_back(i);
  const Bytes sealed = *parse_hex(
      "0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20000000000000000000000000d15824d1926cbf9979f2552d"
      "81f211d70818713b7f8ad7d841ab13a1a0813cde892443262e19248154e1a8c160ad1c78");
  const auto opened = open_sealed(secret, kUse, associated, sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, Bytes(32, 0x33));
}

TEST(SealedBox, OpensOnlyWithTheSecretForItsUse) {
  const X25519Secret secret = random_bytes<32>();
  const Bytes sealed = *seal_to(x25519_public(secret), "use/1\n", as_bytes("name"), as_bytes("a key"));
  EXPECT_EQ(sealed.size(), 5 + kSealedBoxOverheadBytes);
  EXPECT_EQ(as_text(*open_sealed(secret, "use/1\n", as_bytes("name"), sealed)), "a key");
  EXPECT_NE(sealed, *seal_to(x25519_public(secret), "use/1\n", as_bytes("name"), as_bytes("a key")));
  EXPECT_FALSE(open_sealed(secret, "use/2\n", as_bytes("name"), sealed));
  EXPECT_FALSE(open_sealed(secret, "use/1\n", as_bytes("other"), sealed));
  EXPECT_FALSE(open_sealed(random_bytes<32>(), "use/1\n", as_bytes("name"), sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    // The top bit of a public key says nothing (RFC 7748), but it is in what the key is derived from.
    Bytes bad = sealed;
    bad[i] ^= 0x80;
    EXPECT_FALSE(open_sealed(secret, "use/1\n", as_bytes("name"), bad)) << i;
  }
  EXPECT_FALSE(open_sealed(secret, "use/1\n", as_bytes("name"), ByteView(sealed).first(59)));
  // A point of small order would make a key that everybody knows.
  EXPECT_FALSE(seal_to(X25519Public{}, "use/1\n", {}, as_bytes("a key")));
  EXPECT_FALSE(seal_to(X25519Public{1}, "use/1\n", {}, as_bytes("a key")));
}

TEST(Password, MatchesOnlyItself) {
  const std::string hash = hash_password("correct horse");
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(password_matches(hash, "correct horse"));
  EXPECT_FALSE(password_matches(hash, "correct horse "));
}

}  // namespace
}  // namespace lapel::crypto
