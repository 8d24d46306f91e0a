// SPDX-License-Identifier: Apache-2.0
// What is in them, as openssl x509 and openssl pkey say.
#include "crypto/certificate.h"

#include <string>

#include <gtest/gtest.h>

namespace lapel::crypto {
namespace {

const std::string kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIUZ+Gdp437W/eV7vZHwg4EN2O5Ly4wCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFbGFwZWwwHhcNMjYxMTMwMDAxNjA2WhcNMzYxMTI3MDAxNjA2
WjAQMQ4wDAYDVQQDDAVsYXBlbDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGYI
8y2a5dg0ORZ5RL/pqi3Go8XAEr4MCMeIXzSYIzbL/GDKOCW0fwXbGbcYzvoCKrW6
+Wo0oSwozolqrptXTcCjUzBRMB0GA1UdDgQWBBRDyoPN4QHS5/LIgu/7EkFfhyGh
vDAfBgNVHSMEGDAWgBRDyoPN4QHS5/LIgu/7EkFfhyGhvDAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQDh7+RalMwgMnlxjjMULksS+wf6VRnbaeUh
JqB5Twvt5gIhAOLpn2YbFXPV5F1ZU5DtbHF/xBLBrGg5oHEFSey0MKjl
-----END CERTIFICATE-----
)";
const std::string kPublicKey = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxLubwlNYXOJ38RdrWZ7L
8dJrm4+MQMkv6hfAbvZDi40SOlboPMAb3+/hs03UCR5++dcFUl8/dND6imLEDm5s
tNE9a5NHllL8ybaBFfZRk+9hwTvU/Umns43IOV91A7w/xrmvbh4LmyvyNLESejbI
vkse1tp3RlXyA1XHgAQsEXtpjNfOnDXy3QzYhqHmWCHJZL7SztXwbgCPVTZW4uQ6
c4tHNUWb1VjT3XU0UEXOiCuJUOvP/4ETgiFUWQ4xqUz/K7UoJefzFNrM8XaDFFPc
mJm0TUmWPXliE56IB09Peu4Ukd7YqoQYn6uiGUpOsDQj00QgWAEyHZD6FxIeGY2O
ZQIDAQAB
-----END PUBLIC KEY-----
)";
const std::string kPrivateKey = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";

TEST(Certificate, IsReadAloneOrInAChain) {
  const auto one = read_certificates(kCertificate);
  ASSERT_TRUE(one && one->size() == 1);
  EXPECT_EQ(hex((*one)[0].sha256), "9fd7d166fbd5a40a986a3df06bf46ded9d6e0a3c111aa441f6785fc5e9ab18d7");
  EXPECT_EQ(ledger_time((*one)[0].until), "2036-11-27T00:16:06.00Z");
  EXPECT_EQ((*one)[0].pem, kCertificate);
  const auto chain = read_certificates("words before\n" + kCertificate + "words between\n" + kCertificate);
  ASSERT_TRUE(chain && chain->size() == 2);
  EXPECT_EQ((*chain)[1].pem, kCertificate) << "words beside it are left out";
}

TEST(Certificate, NothingIsHandedOnWithIt) {
  EXPECT_FALSE(read_certificates(kCertificate + kPrivateKey));
  EXPECT_FALSE(read_certificates(kPrivateKey + kCertificate));
  EXPECT_FALSE(read_certificates(kPublicKey));
  EXPECT_FALSE(read_certificates(""));
  EXPECT_FALSE(read_certificates("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"));
}

TEST(RsaPublicKey, IsOneKeyAndNothingElse) {
  const auto key = read_rsa_public_key(kPublicKey);
  ASSERT_TRUE(key);
  EXPECT_EQ(hex(key->sha256), "9e390cbb10a2246523c3208fb428fb29e104aa69024cfb7ebc0d8ec90b97e7e9");
  EXPECT_EQ(key->bits, 2048);
  EXPECT_FALSE(read_rsa_public_key(kPublicKey + kPublicKey));
  EXPECT_FALSE(read_rsa_public_key(kPublicKey + kPrivateKey));
  EXPECT_FALSE(read_rsa_public_key(kCertificate));
  EXPECT_FALSE(read_rsa_public_key("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"));
}

}  // namespace
}  // namespace lapel::crypto
