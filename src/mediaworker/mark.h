// SPDX-License-Identifier: Apache-2.0
#pragma once
// Mark: who a rendition was made for, drawn into its pictures.
//
// Owns: the mark's letters at the size of one picture, and the places where it stands.
// Promises: in every picture the mark stands at least twice, whole, wherever it fits twice; letters are light with a dark rim
//   and half transparent, so that they can be read on any ground and what is under them can be seen. Every kMarkStayMs the
//   marks move, so that nothing stays under them. The same text, size and time give the same pixels.
// Fails with: nothing. What does not fit a very small picture is cut off at its edge.
// Threads: values; draw() from any.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mediaworker/lettering.h"

namespace lapel::mediaworker {

inline constexpr std::int64_t kMarkStayMs = 4'000;
inline constexpr std::int64_t kMarkPlaces = 4;  // sets of places, one after the other

// Planes of 4:2:0, brightness 16 to 235: luma, and two of half its width and height.
struct Planes {
  std::array<std::uint8_t*, 3> data;
  std::array<int, 3> stride;
};

class Mark {
 public:
  // Width and height are even.
  Mark(std::span<const std::string> lines, int width, int height);

  struct Place {
    int x = 0, y = 0;  // even
  };
  std::vector<Place> places(std::int64_t ms) const;
  int width() const { return width_; }
  int height() const { return height_; }

  void draw(const Planes& planes, std::int64_t ms) const;

 private:
  void lay_out(std::span<const std::string> lines);
  void blend(const Planes& planes, const Place& place) const;

  const int picture_width_, picture_height_;
  int width_ = 0, height_ = 0;  // of one mark, even
  // Of each pixel: how much of the picture is replaced, of 256, and what is added. Chroma by the four pixels it belongs to.
  std::vector<std::uint16_t> alpha_, light_, chroma_alpha_;
};

}  // namespace lapel::mediaworker
