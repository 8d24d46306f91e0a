// SPDX-License-Identifier: Apache-2.0
#pragma once
// Canvas: a small decoded picture, and what is done to it before it is written: turned upright, judged, put
// in a row.
//
// Owns: Canvas and Orientation. Knows nothing of containers or codecs.
// Promises: an orientation is always a quarter turn, with or without a flip, whatever a file's matrix holds.
// Fails with: nothing.
// Threads: values and pure functions.

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace lapel::mediaworker {

// For display: flip left to right, then turn clockwise.
struct Orientation {
  int rotation = 0;  // 0, 90, 180 or 270
  bool mirrored = false;

  friend bool operator==(const Orientation&, const Orientation&) = default;
};

// Of a display matrix: nine 32-bit integers in the machine's order, as FFmpeg hands it over. One that is no
// quarter turn is taken as upright.
Orientation orientation_of_matrix(ByteView matrix);

struct Canvas {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;  // rows from the top, three bytes a pixel

  static Canvas sized(int width, int height);  // black
  std::uint8_t* pixel(int x, int y) { return rgb.data() + offset(x, y); }
  const std::uint8_t* pixel(int x, int y) const { return rgb.data() + offset(x, y); }

 private:
  std::size_t offset(int x, int y) const {
    return 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x));
  }
};

Canvas oriented(Canvas from, const Orientation& orientation);

// Standard deviation of brightness, 0 to 128: near zero where there is nothing to see.
double deviation(const Canvas& canvas);

// One row in cells of the first picture's size; a picture of another size, after a change of resolution, is
// cut or padded at its right and bottom. At least one picture.
Canvas side_by_side(std::span<const Canvas> pictures);

}  // namespace lapel::mediaworker
