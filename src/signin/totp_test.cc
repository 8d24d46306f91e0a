// SPDX-License-Identifier: Apache-2.0
#include "signin/totp.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lapel::signin {
namespace {

constexpr TotpSecret secret_of_rfc() {
  TotpSecret out{};
  constexpr std::string_view kText = "12345678901234567890";
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(kText[i]);
  return out;
}
constexpr TotpSecret kSecret = secret_of_rfc();

Timestamp at(std::int64_t seconds) {
  return {seconds * 1'000'000};
}

// RFC 6238, appendix B, the SHA-1 column; six digits are the last six of its eight.
TEST(Totp, TheVectorsOfTheRfc) {
  const std::vector<std::pair<std::int64_t, std::string>> vectors = {{59, "287082"},
                                                                     {1'111'111'109, "081804"},
                                                                     {1'111'111'111, "050471"},
                                                                     {1'234'567'890, "005924"},
                                                                     {2'000'000'000, "279037"},
                                                                     {20'000'000'000, "353130"}};
  for (const auto& [seconds, code] : vectors)
    EXPECT_EQ(totp_step(kSecret, code, at(seconds), 0), seconds / 30) << seconds;
}

TEST(Totp, ACodeIsGoodForItsStepAndTheOneOnEachSide) {
  constexpr std::int64_t kStep = 1'111'111'111 / 30;
  for (std::int64_t step = kStep - 3; step <= kStep + 3; ++step) {
    const bool is_near = step >= kStep - 1 && step <= kStep + 1;
    EXPECT_EQ(totp_step(kSecret, "050471", at(step * 30), 0).has_value(), is_near) << step - kStep;
    EXPECT_EQ(totp_step(kSecret, "050471", at(step * 30 + 29), 0).has_value(), is_near) << step - kStep;
  }
}

TEST(Totp, AUsedStepAndThoseBeforeItMatchNoMore) {
  constexpr std::int64_t kStep = 1'111'111'111 / 30;
  EXPECT_TRUE(totp_step(kSecret, "050471", at(1'111'111'111), kStep - 1));
  EXPECT_FALSE(totp_step(kSecret, "050471", at(1'111'111'111), kStep));
  EXPECT_FALSE(totp_step(kSecret, "050471", at(1'111'111'111), kStep + 1));
}

TEST(Totp, WhatIsNoCodeIsRefused) {
  std::vector<std::string> bad = {
      "",       "0",      "05047",  "0504710", " 50471",   "050471 ",  "05 471",
      "-50471", "+50471", "0x0471", "05O471",  "050471\n", "００５０", std::string("05047\0", 6),
      "NaN   ", "1e5   ", "050472", "150471",  "960471",   "000000",   "999999",
      "287082"};
  for (std::size_t i = 0; i < 6; ++i) {
    std::string other = "050471";
    other[i] = other[i] == '9' ? '0' : static_cast<char>(other[i] + 1);
    bad.push_back(other);
  }
  for (const std::string& code : bad) EXPECT_FALSE(totp_step(kSecret, code, at(1'111'111'111), 0)) << code;
}

TEST(Totp, TheUriIsEscapedAndTheSecretReadsAsBase32) {
  EXPECT_EQ(base32(kSecret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  EXPECT_EQ(
      totp_uri(kSecret, "Lapel Ash&field", "d. hill?x=1"),
      "otpauth://totp/Lapel%20Ash%26field:d.%20hill%3Fx%3D1?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Lapel%20Ash%"
      "26field&algorithm=SHA1&digits=6&period=30");
}

}  // namespace
}  // namespace lapel::signin
