// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/canvas.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace lapel::mediaworker {
namespace {

Orientation of(std::int32_t a, std::int32_t b, std::int32_t c, std::int32_t d) {
  const std::array<std::int32_t, 9> matrix = {a, b, 0, c, d, 0, 0, 0, 1 << 30};
  return orientation_of_matrix({reinterpret_cast<const std::uint8_t*>(matrix.data()), sizeof matrix});
}

// Pixels as letters, row by row.
Canvas canvas(int width, const std::string& letters) {
  Canvas out = Canvas::sized(width, static_cast<int>(letters.size()) / width);
  for (std::size_t i = 0; i < letters.size(); ++i) out.rgb[3 * i] = static_cast<std::uint8_t>(letters[i]);
  return out;
}
std::string letters(const Canvas& canvas) {
  std::string out;
  for (int y = 0; y < canvas.height; ++y) {
    for (int x = 0; x < canvas.width; ++x) out.push_back(static_cast<char>(*canvas.pixel(x, y)));
    out.push_back('/');
  }
  return out;
}

TEST(Orientation, IsReadFromQuarterTurns) {
  constexpr std::int32_t k1 = 1 << 16;
  EXPECT_EQ(of(k1, 0, 0, k1), (Orientation{0, false}));
  EXPECT_EQ(of(0, k1, -k1, 0), (Orientation{90, false}));
  EXPECT_EQ(of(-k1, 0, 0, -k1), (Orientation{180, false}));
  EXPECT_EQ(of(0, -k1, k1, 0), (Orientation{270, false}));
  EXPECT_EQ(of(-k1, 0, 0, k1), (Orientation{0, true}));
  EXPECT_EQ(of(k1, 0, 0, -k1), (Orientation{180, true}));
  EXPECT_EQ(of(0, k1, k1, 0), (Orientation{270, true}));
}

TEST(Orientation, NonsenseIsUpright) {
  EXPECT_EQ(of(0, 0, 0, 0), Orientation{});
  EXPECT_EQ(of(46341, 46341, -46341, 46341), Orientation{});  // an eighth of a turn
  EXPECT_EQ(of(INT32_MIN, INT32_MAX, 1, INT32_MIN), Orientation{});
  EXPECT_EQ(of(1, 0, 1, 0), Orientation{});
  EXPECT_EQ(orientation_of_matrix({}), Orientation{});
  const std::array<std::uint8_t, 35> cut{1, 0, 0, 0};
  EXPECT_EQ(orientation_of_matrix(cut), Orientation{});
}

TEST(Canvas, IsTurnedClockwiseAfterTheFlip) {
  const Canvas picture = canvas(3, "abcdef");
  EXPECT_EQ(letters(oriented(picture, {0, false})), "abc/def/");
  EXPECT_EQ(letters(oriented(picture, {90, false})), "da/eb/fc/");
  EXPECT_EQ(letters(oriented(picture, {180, false})), "fed/cba/");
  EXPECT_EQ(letters(oriented(picture, {270, false})), "cf/be/ad/");
  EXPECT_EQ(letters(oriented(picture, {0, true})), "cba/fed/");
  EXPECT_EQ(letters(oriented(picture, {90, true})), "fc/eb/da/");
  EXPECT_EQ(letters(oriented(picture, {180, true})), "def/abc/");
  EXPECT_EQ(letters(oriented(picture, {270, true})), "ad/be/cf/");
}

TEST(Canvas, DeviationTellsAWallFromAScene) {
  EXPECT_EQ(deviation(Canvas{}), 0);
  EXPECT_EQ(deviation(Canvas::sized(4, 4)), 0);
  Canvas half = Canvas::sized(2, 1);
  half.rgb = {0, 0, 0, 255, 255, 255};
  EXPECT_DOUBLE_EQ(deviation(half), 127.5);
}

TEST(Canvas, PicturesOfAnotherSizeAreCutOrPadded) {
  const std::array pictures = {canvas(2, "abcd"), canvas(3, "efghijklm"), canvas(1, "n")};
  const std::string row = letters(side_by_side(pictures));
  EXPECT_EQ(row, std::string("abefn\0/cdhi\0\0/", 14));
}

}  // namespace
}  // namespace lapel::mediaworker
