// SPDX-License-Identifier: Apache-2.0
#include "ingest/pieces.h"

#include <gtest/gtest.h>

namespace lapel::ingest {
namespace {

intake::Upload at(std::uint64_t offset) {
  intake::Upload out;
  out.length = 1'000'000;
  out.offset = offset;
  return out;
}

TEST(Pieces, WhoSendsVeryManyVerySmallOnesWaits) {
  ManualClock clock(Timestamp{0});
  Pieces pieces(clock);
  for (std::int64_t i = 0; i < limits::kSmallPiecesAtOnce; ++i) ASSERT_EQ(pieces.delay_us("drip", 1, at(1)), 0) << i;
  EXPECT_EQ(pieces.delay_us("drip", 1, at(1)), 1'000'000 / limits::kSmallPiecesPerSecond);
  EXPECT_EQ(pieces.delay_us("other", 1, at(1)), 0) << "others do not";
}

TEST(Pieces, OthersAreNoneOfThem) {
  ManualClock clock(Timestamp{0});
  Pieces pieces(clock);
  while (pieces.delay_us("drip", 1, at(1)) == 0) {
  }
  EXPECT_EQ(pieces.delay_us("drip", limits::kSmallPieceBytes, at(limits::kSmallPieceBytes)), 0) << "large enough";
  EXPECT_EQ(pieces.delay_us("drip", 1, at(1'000'000)), 0) << "it ends its upload";
  EXPECT_GT(pieces.delay_us("drip", limits::kSmallPieceBytes - 1, at(2)), 0);
}

}  // namespace
}  // namespace lapel::ingest
