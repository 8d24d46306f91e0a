// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/lettering.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace lapel::mediaworker {
namespace {

// From ' ' to '~', then the box. A stroke is a line through points, each two digits: x from 0 to 8, and y from 0 (top of a
// capital) over 4 (top of a small letter) and c (where letters stand) to g (below it). A comma lifts the pen.
constexpr std::array<std::string_view, 96> kStrokes = {
    "",                                    // space
    "4048,4b4c",                           // !
    "3034,5054",                           // "
    "312b,615b,1474,1878",                 // #
    "7251311214365678795b3b1a,404c",       // $
    "801c,0131340401,58888b5b58",          // %
    "8c242230506264171a3c5c88",            // &
    "4044",                                // '
    "6043496c",                            // (
    "2043492c",                            // )
    "424a,1377,7317",                      // *
    "4349,1676",                           // +
    "4b4c3e",                              // ,
    "1676",                                // -
    "4b4c",                                // .
    "701c",                                // /
    "3050727a5c3c1a1230,6228",             // 0
    "22404c,2c6c",                         // 1
    "12305072741c7c",                      // 2
    "11305072745636,56787a5c3c1b",         // 3
    "6c600888",                            // 4
    "70101555777a5c2c1b",                  // 5
    "615030121a3c5c7a78563618",            // 6
    "10703c",                              // 7
    "361412305072745636181a3c5c7a7856",    // 8
    "74563614123050727a5c3c1b",            // 9
    "4546,4b4c",                           // :
    "4546,4b4c3e",                         // ;
    "72167a",                              // <
    "1474,1878",                           // =
    "12761a",                              // >
    "12305072744748,4b4c",                 // ?
    "583928253454586988826020020a2c6c7b",  // @
    "0c408c,1878",                         // A
    "101c5c7a785616,5674725010",           // B
    "715030121a3c5c7b",                    // C
    "101c4c79734010",                      // D
    "70101c7c,1656",                       // E
    "70101c,1656",                         // F
    "715030121a3c5c7a7747",                // G
    "101c,707c,1676",                      // H
    "2060,404c,2c6c",                      // I
    "606a4c3c1a",                          // J
    "101c,7017,357c",                      // K
    "101c7c",                              // L
    "0c0047808c",                          // M
    "1c107c70",                            // N
    "3050727a5c3c1a1230",                  // O
    "1c105072745616",                      // P
    "3050727a5c3c1a1230,598d",             // Q
    "1c105072745616,467c",                 // R
    "71503012143656787a5c3c1b",            // S
    "0080,404c",                           // T
    "101a3c5c7a70",                        // U
    "004c80",                              // V
    "002c446c80",                          // W
    "107c,701c",                           // X
    "004680,464c",                         // Y
    "10701c7c",                            // Z
    "60404c6c",                            // [
    "107c",                                // backslash
    "20404c2c",                            // ]
    "134073",                              // ^
    "0d8d",                                // _
    "3052",                                // `
    "153454767c,7737191b2c5c7a",           // a
    "101c,163454767a5c3c1a",               // b
    "755434161a3c5c7b",                    // c
    "707c,765434161a3c5c7a",               // d
    "1878765434161a3c5c7b",                // e
    "7050424c,2464",                       // f
    "747e5g3g1f,765434161a3c5c7a",         // g
    "101c,163454767c",                     // h
    "34444c,2c6c,4041",                    // i
    "34545e3g1f,5051",                     // j
    "101c,6418,377c",                      // k
    "20404c,2c6c",                         // l
    "040c,0624464c,4664868c",              // m
    "141c,163454767c",                     // n
    "3454767a5c3c1a1634",                  // o
    "141g,163454767a5c3c1a",               // p
    "747g,765434161a3c5c7a",               // q
    "242c,26446475",                       // r
    "75543415173858797b5c3c1b",            // s
    "414a5c7c,2464",                       // t
    "141a3c5c7a,747c",                     // u
    "144c74",                              // v
    "042c466c84",                          // w
    "147c,741c",                           // x
    "144c,742g",                           // y
    "14741c7c",                            // z
    "60414526474b6c",                      // {
    "404e",                                // |
    "20414566474b2c",                      // }
    "18365876",                            // ~
    "10707c1c10",                          // what has no letter
};
constexpr std::uint8_t kBox = kStrokes.size() - 1;

// U+00C0 to U+017F, without their accents.
constexpr std::string_view kPlain =
    "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYPsaaaaaaaceeeeiiiidnooooo/ouuuuypy"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUu"
    "UuWwYyYZzZzZzs";
constexpr std::uint32_t kPlainFrom = 0xc0;

constexpr double kPen = 0.95;  // half of a stroke's width, in units
constexpr double kRim = 1.1;   // beyond it
constexpr double kLeft = 1.0;  // of the grid in its cell
constexpr double kTop = 2.0;

// The next character; what is no UTF-8 is U+FFFD, a byte at a time.
std::uint32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
  if (length == 0 || length > text.size()) {
    text.remove_prefix(1);
    return 0xfffd;
  }
  std::uint32_t out = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) out = out << 6 | (byte(i) & 0x3fU);
  text.remove_prefix(length);
  return out;
}

struct Point {
  double x = 0, y = 0;
};

Point point_of(char x, char y) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  return {kLeft + digit(x), kTop + digit(y)};
}

double distance(const Point& p, const Point& a, const Point& b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  const double along = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0.0;
  return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

// The distance of each pixel of a cell from the nearest stroke of its letter, in pixels.
class Field {
 public:
  Field(int width, int height, double scale)
      : width_(width),
        height_(height),
        scale_(scale),
        far_((kPen + kRim) * scale + 1),
        nearest_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), far_) {}

  void letter(std::uint8_t letter, double left, double top) {
    const std::string_view strokes = kStrokes[std::min(letter, kBox)];
    for (std::size_t at = 0; at + 1 < strokes.size();) {
      const Point from = placed(point_of(strokes[at], strokes[at + 1]), left, top);
      at += 2;
      if (at + 1 < strokes.size() && strokes[at] != ',') {
        stroke(from, placed(point_of(strokes[at], strokes[at + 1]), left, top));
      } else {
        ++at;
      }
    }
  }
  // How much of each pixel lies nearer than `radius` units.
  std::vector<std::uint8_t> within(double radius) const {
    std::vector<std::uint8_t> out;
    out.reserve(nearest_.size());
    for (const double d : nearest_)
      out.push_back(static_cast<std::uint8_t>(std::lround(255 * std::clamp(radius * scale_ - d + 0.5, 0.0, 1.0))));
    return out;
  }

 private:
  Point placed(const Point& p, double left, double top) const { return {left + p.x * scale_, top + p.y * scale_}; }
  void stroke(const Point& a, const Point& b) {
    const auto within = [](double v, int end) { return std::clamp(static_cast<int>(std::floor(v)), 0, end); };
    for (int y = within(std::min(a.y, b.y) - far_, height_); y < within(std::max(a.y, b.y) + far_ + 1, height_); ++y) {
      for (int x = within(std::min(a.x, b.x) - far_, width_); x < within(std::max(a.x, b.x) + far_ + 1, width_); ++x) {
        double& nearest =
            nearest_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)];
        nearest = std::min(nearest, distance({x + 0.5, y + 0.5}, a, b));
      }
    }
  }

  const int width_, height_;
  const double scale_, far_;
  std::vector<double> nearest_;
};

}  // namespace

Letters letters_of(std::string_view text) {
  Letters out;
  while (!text.empty()) {
    std::uint32_t c = take_character(text);
    if (c >= kPlainFrom && c - kPlainFrom < kPlain.size()) c = static_cast<std::uint8_t>(kPlain[c - kPlainFrom]);
    if (c == 0xa0) c = ' ';
    out.push_back(c >= ' ' && c <= '~' ? static_cast<std::uint8_t>(c - ' ') : kBox);
  }
  return out;
}

Lettering draw_letters(const std::vector<Letters>& rows, double pixels_a_unit) {
  std::size_t longest = 0;
  for (const Letters& row : rows) longest = std::max(longest, row.size());
  Lettering out;
  out.width = static_cast<int>(std::ceil(static_cast<double>(longest) * kCellWidth * pixels_a_unit));
  out.height = static_cast<int>(std::ceil(static_cast<double>(rows.size()) * kCellHeight * pixels_a_unit));
  Field field(out.width, out.height, pixels_a_unit);
  for (std::size_t y = 0; y < rows.size(); ++y) {
    for (std::size_t x = 0; x < rows[y].size(); ++x) {
      field.letter(rows[y][x], static_cast<double>(x) * kCellWidth * pixels_a_unit,
                   static_cast<double>(y) * kCellHeight * pixels_a_unit);
    }
  }
  out.ink = field.within(kPen);
  out.rim = field.within(kPen + kRim);
  return out;
}

}  // namespace lapel::mediaworker
