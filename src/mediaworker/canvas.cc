// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/canvas.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace lapel::mediaworker {

Orientation orientation_of_matrix(ByteView matrix) {
  std::array<std::int32_t, 9> entries{};
  if (matrix.size() < sizeof entries) return {};
  std::memcpy(entries.data(), matrix.data(), sizeof entries);
  const auto sign = [](std::int32_t value) { return value > 0 ? 1 : value < 0 ? -1 : 0; };
  //  | a b |  takes x to a x + c y and y to b x + d y, with y downward.
  //  | c d |
  int a = sign(entries[0]);
  int b = sign(entries[1]);
  const int c = sign(entries[3]);
  const int d = sign(entries[4]);
  const bool mirrored = a * d - b * c < 0;
  if (mirrored) {
    a = -a;
    b = -b;
  }
  if (a == 1 && b == 0 && c == 0 && d == 1) return {0, mirrored};
  if (a == 0 && b == 1 && c == -1 && d == 0) return {90, mirrored};
  if (a == -1 && b == 0 && c == 0 && d == -1) return {180, mirrored};
  if (a == 0 && b == -1 && c == 1 && d == 0) return {270, mirrored};
  return {};
}

Canvas Canvas::sized(int width, int height) {
  Canvas canvas;
  canvas.width = width;
  canvas.height = height;
  canvas.rgb.resize(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  return canvas;
}

Canvas oriented(Canvas from, const Orientation& orientation) {
  if (orientation == Orientation{}) return from;
  const bool turned = orientation.rotation % 180 != 0;
  Canvas to = Canvas::sized(turned ? from.height : from.width, turned ? from.width : from.height);
  for (int y = 0; y < from.height; ++y) {
    for (int x = 0; x < from.width; ++x) {
      const int flipped = orientation.mirrored ? from.width - 1 - x : x;
      int to_x = flipped;
      int to_y = y;
      if (orientation.rotation == 90) {
        to_x = from.height - 1 - y;
        to_y = flipped;
      } else if (orientation.rotation == 180) {
        to_x = from.width - 1 - flipped;
        to_y = from.height - 1 - y;
      } else if (orientation.rotation == 270) {
        to_x = y;
        to_y = from.width - 1 - flipped;
      }
      std::memcpy(to.pixel(to_x, to_y), from.pixel(x, y), 3);
    }
  }
  return to;
}

double deviation(const Canvas& canvas) {
  if (canvas.rgb.empty()) return 0;
  double sum = 0;
  double squares = 0;
  for (const std::uint8_t value : canvas.rgb) {
    sum += value;
    squares += double{1} * value * value;
  }
  const auto count = static_cast<double>(canvas.rgb.size());
  return std::sqrt(std::max(0.0, squares / count - (sum / count) * (sum / count)));
}

Canvas side_by_side(std::span<const Canvas> pictures) {
  CHECK(!pictures.empty());
  const int width = pictures.front().width;
  const int height = pictures.front().height;
  Canvas row = Canvas::sized(width * static_cast<int>(pictures.size()), height);
  int left = 0;
  for (const Canvas& picture : pictures) {
    const auto bytes = 3 * static_cast<std::size_t>(std::min(width, picture.width));
    for (int y = 0; y < std::min(height, picture.height); ++y) {
      std::memcpy(row.pixel(left, y), picture.pixel(0, y), bytes);
    }
    left += width;
  }
  return row;
}

}  // namespace lapel::mediaworker
