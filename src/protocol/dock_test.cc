// SPDX-License-Identifier: Apache-2.0
#include "protocol/dock.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "crypto/random.h"

namespace lapel::protocol {
namespace {

EnrollmentCode sample() {
  EnrollmentCode code;
  for (std::size_t i = 0; i < code.secret.size(); ++i) code.secret[i] = static_cast<std::uint8_t>(i);
  code.ledger_key = ledger_key_digest("ledger.example/ashfield+addadd8e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
  return code;
}

// The worked example of docs/formats/dock.md.
TEST(EnrollmentCode, HasTheTextOfTheFormatPage) {
  EXPECT_EQ(sample().text(),
            "aaaqe-ayeau-daoca-jbifq-ydiob-6fc57-7iz5x-w5xaf-d4zmc-2ixbe-skyyy-zyerb-ct6yf-5rhth-2a47n-tkvc5");
}

TEST(EnrollmentCode, IsReadAsPeopleWriteIt) {
  const EnrollmentCode code = sample();
  std::string text = code.text();
  EXPECT_EQ(text.size(), 95u);
  EXPECT_EQ(EnrollmentCode::parse(text), code);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_EQ(EnrollmentCode::parse(text), code);
  std::replace(text.begin(), text.end(), '-', ' ');
  EXPECT_EQ(EnrollmentCode::parse(text), code);
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  EXPECT_EQ(EnrollmentCode::parse(text), code);
}

TEST(EnrollmentCode, RoundTripsWhateverTheBits) {
  for (int i = 0; i < 200; ++i) {
    const EnrollmentCode code{crypto::random_bytes<16>(), crypto::random_bytes<32>()};
    EXPECT_EQ(EnrollmentCode::parse(code.text()), code);
  }
}

TEST(EnrollmentCode, RefusesEverySingleWrongLetter) {
  const std::string text = sample().text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string wrong = text;
    if (wrong[i] == '-') continue;
    wrong[i] = wrong[i] == 'q' ? 'r' : 'q';
    EXPECT_FALSE(EnrollmentCode::parse(wrong)) << i;
  }
}

TEST(EnrollmentCode, RefusesWhatIsNoCode) {
  const std::string text = sample().text();
  for (const std::string& wrong :
       {std::string(), std::string("-"), text + "a", text.substr(1), text.substr(0, text.size() - 6), text + text,
        "0" + text.substr(1), "\n" + text, std::string(10'000, 'a'), std::string(80, 'a'), std::string(80, '\0')}) {
    EXPECT_FALSE(EnrollmentCode::parse(wrong)) << wrong;
  }
}

TEST(DockMessages, DifferInTheirFirstLine) {
  EXPECT_EQ(token_message("ledger.example/ashfield", "00ff"), "lapel-dock-token/1\nledger.example/ashfield\n00ff");
  EXPECT_TRUE(enroll_message(sample()).starts_with("lapel-dock-enroll/1\n"));
}

}  // namespace
}  // namespace lapel::protocol
