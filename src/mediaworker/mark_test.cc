// SPDX-License-Identifier: Apache-2.0
// What the marks of renditions look like, as far as numbers tell.
#include "mediaworker/mark.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "mediaworker/lettering.h"

namespace lapel::mediaworker {
namespace {

// A picture of one gray, its planes with room around them that nobody may write to.
class Picture {
 public:
  Picture(int width, int height, std::uint8_t gray) : width_(width), height_(height) {
    for (std::size_t plane = 0; plane < 3; ++plane) {
      stride_[plane] = (plane == 0 ? width : width / 2) + 2 * kGuard;
      const int rows = (plane == 0 ? height : height / 2) + 2 * kGuard;
      bytes_[plane].assign(static_cast<std::size_t>(rows) * static_cast<std::size_t>(stride_[plane]), kGuarded);
      for (int y = 0; y < (plane == 0 ? height : height / 2); ++y) {
        std::fill_n(at(plane, 0, y), plane == 0 ? width : width / 2, plane == 0 ? gray : std::uint8_t{128});
      }
    }
  }
  Planes planes() { return {{at(0, 0, 0), at(1, 0, 0), at(2, 0, 0)}, stride_}; }
  std::uint8_t luma(int x, int y) { return *at(0, x, y); }
  bool is_unharmed_around() {
    for (std::size_t plane = 0; plane < 3; ++plane) {
      const int width = plane == 0 ? width_ : width_ / 2, height = plane == 0 ? height_ : height_ / 2;
      for (int y = -kGuard; y < height + kGuard; ++y) {
        for (int x = -kGuard; x < width + kGuard; ++x) {
          const bool is_inside = x >= 0 && x < width && y >= 0 && y < height;
          if (!is_inside && *at(plane, x, y) != kGuarded) return false;
        }
      }
    }
    return true;
  }
  int changed(std::uint8_t gray) {
    int count = 0;
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) count += luma(x, y) != gray ? 1 : 0;
    }
    return count;
  }

 private:
  static constexpr int kGuard = 8;
  static constexpr std::uint8_t kGuarded = 0xa7;
  std::uint8_t* at(std::size_t plane, int x, int y) {
    return bytes_[plane].data() + std::ptrdiff_t{y + kGuard} * stride_[plane] + x + kGuard;
  }
  const int width_, height_;
  std::array<int, 3> stride_{};
  std::array<std::vector<std::uint8_t>, 3> bytes_;
};

const std::vector<std::string> kLines = {"Jane Doe", "jane.doe@example.org", "share 4711"};

TEST(Lettering, EveryPrintableCharacterHasAShapeOfItsOwn) {
  std::map<std::vector<std::uint8_t>, char> shapes;
  for (char c = ' '; c <= '~'; ++c) {
    const Lettering drawn = draw_letters({letters_of(std::string(1, c))}, 1.0);
    ASSERT_EQ(drawn.width, kCellWidth);
    ASSERT_EQ(drawn.height, kCellHeight);
    const auto [there, is_new] = shapes.emplace(drawn.ink, c);
    EXPECT_TRUE(is_new) << c << " looks like " << there->second;
    EXPECT_EQ(std::count(drawn.ink.begin(), drawn.ink.end(), 0) == kCellWidth * kCellHeight, c == ' ') << c;
    // The rim is around the ink, and wider.
    for (std::size_t i = 0; i < drawn.ink.size(); ++i) EXPECT_GE(drawn.rim[i], drawn.ink[i]) << c;
    EXPECT_TRUE(c == ' ' || drawn.rim != drawn.ink) << c;
  }
}

TEST(Lettering, AccentsAreLeftOutAndWhatHasNoLetterIsABox) {
  EXPECT_EQ(letters_of("Łódź Ünïçø Škoda žluťoučký"), letters_of("Lodz Unico Skoda zlutoucky"));
  const Letters box = letters_of("名");
  ASSERT_EQ(box.size(), 1U);
  for (const std::string text : {"Я", "\u202e", "\x7f", "\x01", "\xff", "\xc3", "\xf0\x9f\x98\x80"}) {
    const Letters letters = letters_of(text);
    ASSERT_FALSE(letters.empty());
    for (const std::uint8_t letter : letters) EXPECT_EQ(letter, box[0]) << text;
  }
  const Lettering drawn = draw_letters({box}, 1.0);
  EXPECT_GT(std::count_if(drawn.ink.begin(), drawn.ink.end(), [](std::uint8_t ink) { return ink > 128; }), 20);
}

TEST(Mark, StandsWholeAtLeastTwiceAndMoves) {
  for (const auto& [width, height] : {std::pair(1280, 720), std::pair(720, 1280), std::pair(640, 360),
                                      std::pair(320, 180), std::pair(176, 144), std::pair(1280, 300)}) {
    const Mark mark(kLines, width, height);
    std::vector<std::pair<int, int>> before;
    for (std::int64_t ms = 0; ms < 2 * kMarkPlaces * kMarkStayMs; ms += kMarkStayMs) {
      const auto places = mark.places(ms);
      EXPECT_GE(places.size(), 2U) << width;
      std::vector<std::pair<int, int>> now;
      for (const auto& place : places) {
        now.emplace_back(place.x, place.y);
        EXPECT_GE(place.x, 0);
        EXPECT_GE(place.y, 0);
        EXPECT_LE(place.x + mark.width(), width);
        EXPECT_LE(place.y + mark.height(), height);
        EXPECT_EQ(place.x % 2 + place.y % 2, 0);
      }
      EXPECT_NE(now, before) << width << " at " << ms;
      before = now;
    }
    EXPECT_EQ(mark.places(0).front().x, mark.places(kMarkStayMs - 1).front().x);
  }
}

TEST(Mark, IsLightWithADarkRimOnAnyGround) {
  for (const std::uint8_t ground :
       {std::uint8_t{16}, std::uint8_t{90}, std::uint8_t{126}, std::uint8_t{180}, std::uint8_t{235}}) {
    Picture picture(640, 360, ground);
    const Mark mark(kLines, 640, 360);
    mark.draw(picture.planes(), 0);
    const auto place = mark.places(0).front();
    int lightest = 0, darkest = 255;
    for (int y = place.y; y < place.y + mark.height(); ++y) {
      for (int x = place.x; x < place.x + mark.width(); ++x) {
        lightest = std::max<int>(lightest, picture.luma(x, y));
        darkest = std::min<int>(darkest, picture.luma(x, y));
      }
    }
    EXPECT_GT(lightest - darkest, 90) << int{ground};
    EXPECT_TRUE(picture.is_unharmed_around());
    // What is not marked is as it was.
    EXPECT_LT(picture.changed(ground), 640 * 360 / 5);
  }
}

TEST(Mark, NoPictureIsTooSmallAndNoTextTooLong) {
  const std::string longest(60, 'W');
  for (const int width : {2, 16, 18, 64, 128, 1280}) {
    for (const int height : {2, 16, 18, 64, 128, 1280}) {
      Picture picture(width, height, 126);
      const Mark mark(std::vector<std::string>{longest, longest, longest}, width, height);
      for (std::int64_t ms = 0; ms < kMarkPlaces * kMarkStayMs; ms += kMarkStayMs) mark.draw(picture.planes(), ms);
      EXPECT_TRUE(picture.is_unharmed_around()) << width << " x " << height;
      EXPECT_GT(picture.changed(126), 0) << width << " x " << height;
    }
  }
}

TEST(Mark, IsTheTextsOwn) {
  const auto drawn = [](const std::vector<std::string>& lines) {
    auto picture = std::make_unique<Picture>(640, 360, std::uint8_t{126});
    Mark(lines, 640, 360).draw(picture->planes(), 0);
    std::vector<std::uint8_t> out;
    for (int y = 0; y < 360; ++y) {
      for (int x = 0; x < 640; ++x) out.push_back(picture->luma(x, y));
    }
    return out;
  };
  EXPECT_EQ(drawn({"share 4711"}), drawn({"share 4711"}));
  EXPECT_NE(drawn({"share 4711"}), drawn({"share 4712"}));
}

}  // namespace
}  // namespace lapel::mediaworker
