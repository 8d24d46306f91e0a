// SPDX-License-Identifier: Apache-2.0
#pragma once
// Lettering: lines of text as strokes of a pen, at any size, for the marks of renditions.
//
// Owns: the letters: of our own drawing, so that nothing has to be found on the machine or read inside the sandbox.
// Promises: every printable ASCII character has a shape of its own. Latin letters with accents are drawn without them, and
//   whatever else is a box. The same text gives the same pixels on every machine.
// Fails with: nothing; what is no UTF-8 is boxes.
// Threads: values and pure functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lapel::mediaworker {

// All in units of the pen's grid: a letter stands in a cell of this size.
inline constexpr int kCellWidth = 10;
inline constexpr int kCellHeight = 20;

// A letter for each character: its index in the drawings.
using Letters = std::vector<std::uint8_t>;
Letters letters_of(std::string_view text);

// Rows of letters as an image, 0 to 255 a pixel: how much of it the pen covers, and how much pen and rim together do.
struct Lettering {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> ink;
  std::vector<std::uint8_t> rim;
};
Lettering draw_letters(const std::vector<Letters>& rows, double pixels_a_unit);

}  // namespace lapel::mediaworker
