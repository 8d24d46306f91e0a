// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/mark.h"

#include <algorithm>
#include <cmath>

namespace lapel::mediaworker {
namespace {

constexpr double kLinesAcrossEdge = 22;  // lines of text that the shorter edge has room for
constexpr double kPixelsAUnitMin = 0.5;  // letters of six pixels: smaller ones are smears after coding
constexpr double kHalf = 0.47;           // of an edge, so that two marks stand side by side
constexpr double kNearlyAll = 0.96;
constexpr double kShrink = 0.92;  // a step, when it does not fit
constexpr int kMarksAcrossMax = 2;
constexpr double kInkAlpha = 0.6;
constexpr double kRimAlpha = 0.5;
constexpr double kInkLight = 235, kRimLight = 16;
constexpr int kNoColor = 128;

std::vector<Letters> wrapped(std::span<const std::string> lines, std::size_t letters_max) {
  std::vector<Letters> out;
  for (const std::string& line : lines) {
    const Letters letters = letters_of(line);
    for (std::size_t at = 0; at < letters.size(); at += letters_max) {
      const auto begin = letters.begin() + static_cast<std::ptrdiff_t>(at);
      out.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(std::min(letters_max, letters.size() - at)));
    }
  }
  return out;
}

int even(double value) {
  return static_cast<int>(value) & ~1;
}

}  // namespace

Mark::Mark(std::span<const std::string> lines, int width, int height) : picture_width_(width), picture_height_(height) {
  lay_out(lines);
}

void Mark::lay_out(std::span<const std::string> lines) {
  // As large as is read with ease; smaller where two do not fit beside each other; on lines of its own where that would be
  // too small; and in the smallest letters, broken into more lines, where the picture is small.
  const double wanted = std::min(picture_width_, picture_height_) / kLinesAcrossEdge / kCellHeight;
  std::size_t longest = 1;
  for (const std::string& line : lines) longest = std::max(longest, letters_of(line).size());
  const auto fits = [&](double scale, double part) {
    return static_cast<double>(longest) * kCellWidth * scale <= part * picture_width_ &&
           static_cast<double>(lines.size()) * kCellHeight * scale <= kHalf * picture_height_;
  };
  double scale = std::max(wanted, kPixelsAUnitMin);
  const double comfortable = std::max(wanted * 0.7, kPixelsAUnitMin);
  double part = kHalf;
  while (!fits(scale, part) && scale > kPixelsAUnitMin) {
    scale = std::max(scale * kShrink, kPixelsAUnitMin);
    if (part < kNearlyAll && scale < comfortable) {
      part = kNearlyAll;
      scale = std::max(wanted, kPixelsAUnitMin);
    }
  }
  const double letters_max = std::max(1.0, std::floor(kNearlyAll * picture_width_ / (kCellWidth * scale)));
  const Lettering lettering = draw_letters(wrapped(lines, static_cast<std::size_t>(letters_max)), scale);

  width_ = (lettering.width + 1) & ~1;
  height_ = (lettering.height + 1) & ~1;
  const auto at = [](int x, int y, int width) {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  };
  alpha_.resize(at(0, height_, width_));
  light_.resize(alpha_.size());
  chroma_alpha_.resize(alpha_.size() / 4);
  for (int y = 0; y < lettering.height; ++y) {
    for (int x = 0; x < lettering.width; ++x) {
      const double ink = lettering.ink[at(x, y, lettering.width)] / 255.0;
      const double rim = lettering.rim[at(x, y, lettering.width)] / 255.0 - ink;
      alpha_[at(x, y, width_)] = static_cast<std::uint16_t>(std::lround(256 * (kInkAlpha * ink + kRimAlpha * rim)));
      light_[at(x, y, width_)] =
          static_cast<std::uint16_t>(std::lround(256 * (kInkAlpha * ink * kInkLight + kRimAlpha * rim * kRimLight)));
    }
  }
  for (int y = 0; y < height_; y += 2) {
    for (int x = 0; x < width_; x += 2) {
      const int sum = alpha_[at(x, y, width_)] + alpha_[at(x + 1, y, width_)] + alpha_[at(x, y + 1, width_)] +
                      alpha_[at(x + 1, y + 1, width_)];
      chroma_alpha_[at(x / 2, y / 2, width_ / 2)] = static_cast<std::uint16_t>(sum / 4);
    }
  }
}

std::vector<Mark::Place> Mark::places(std::int64_t ms) const {
  // Where in the room that it has, by turns: so nothing is covered for longer than one turn, and no edge cuts all off.
  constexpr std::array<double, kMarkPlaces> kAcross = {0.05, 0.75, 0.3, 0.95};
  constexpr std::array<double, kMarkPlaces> kDown = {0.1, 0.6, 0.95, 0.35};
  const auto turn = static_cast<std::size_t>(std::max<std::int64_t>(ms, 0) / kMarkStayMs);
  const auto count = [](int picture, int mark) { return std::clamp(picture / std::max(mark, 1), 1, kMarksAcrossMax); };
  const int columns = count(picture_width_, width_);
  const int rows = count(picture_height_, height_);
  const int cell_x = picture_width_ / columns, cell_y = picture_height_ / rows;  // whole pixels
  const double room_x = std::max(0, cell_x - width_), room_y = std::max(0, cell_y - height_);
  std::vector<Place> out;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const auto step = turn + static_cast<std::size_t>(row) + 2 * static_cast<std::size_t>(column);
      out.push_back({even(cell_x * column + room_x * kAcross[step % kMarkPlaces]),
                     even(cell_y * row + room_y * kDown[(step + static_cast<std::size_t>(column)) % kMarkPlaces])});
    }
  }
  return out;
}

void Mark::draw(const Planes& planes, std::int64_t ms) const {
  for (const Place& place : places(ms)) blend(planes, place);
}

void Mark::blend(const Planes& planes, const Place& place) const {
  const int width = std::min(width_, picture_width_ - place.x);
  const int height = std::min(height_, picture_height_ - place.y);
  for (int y = 0; y < height; ++y) {
    std::uint8_t* out = planes.data[0] + std::ptrdiff_t{place.y + y} * planes.stride[0] + place.x;
    const std::size_t row = static_cast<std::size_t>(y) * static_cast<std::size_t>(width_);
    for (int x = 0; x < width; ++x) {
      const std::size_t i = row + static_cast<std::size_t>(x);
      out[x] = static_cast<std::uint8_t>((out[x] * (256 - alpha_[i]) + light_[i] + 128) >> 8);
    }
  }
  for (std::size_t plane = 1; plane < 3; ++plane) {
    for (int y = 0; y < height / 2; ++y) {
      std::uint8_t* out = planes.data[plane] + std::ptrdiff_t{place.y / 2 + y} * planes.stride[plane] + place.x / 2;
      const std::size_t row = static_cast<std::size_t>(y) * static_cast<std::size_t>(width_ / 2);
      for (int x = 0; x < width / 2; ++x) {
        const int alpha = chroma_alpha_[row + static_cast<std::size_t>(x)];
        out[x] = static_cast<std::uint8_t>((out[x] * (256 - alpha) + kNoColor * alpha + 128) >> 8);
      }
    }
  }
}

}  // namespace lapel::mediaworker
