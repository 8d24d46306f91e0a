// SPDX-License-Identifier: Apache-2.0
#include "cameras/minter.h"

#include <gtest/gtest.h>

#include "crypto/random.h"

namespace lapel::cameras {
namespace {

TEST(Minter, KnowsWhatItGaveOutAndNothingElse) {
  ManualClock clock(Timestamp{1'000'000});
  const Minter minter(clock), another(clock);
  const auto whose = crypto::new_id<DockId>();
  const std::string text = minter.mint("token", whose, Timestamp{5'000'000});
  EXPECT_NE(text, minter.mint("token", whose, Timestamp{5'000'000})) << "no two are the same";
  const auto read = minter.read("token", text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->whose, SubjectId(whose));
  EXPECT_EQ(read->expires_at.us, 5'000'000);
  EXPECT_FALSE(minter.read("nonce", text)) << "for another use";
  EXPECT_FALSE(another.read("token", text)) << "by another secret";
  EXPECT_FALSE(minter.read("token", text.substr(2)));
  EXPECT_FALSE(minter.read("token", std::string(text.size(), 'z')));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(minter.read("token", changed)) << i;
  }
  clock.set(Timestamp{5'000'000});
  EXPECT_FALSE(minter.read("token", text)) << "at its end it counts no more";
}

}  // namespace
}  // namespace lapel::cameras
