// SPDX-License-Identifier: Apache-2.0
#pragma once
// Frames of any size and format, made into pictures of the rendition's. For the files of this folder.
//
// Owns: the canvas, which is one frame.
// Promises: a picture stands upright with square pixels; one of another shape than the first stands in the middle, with black around.
// Fails with: false: the frame cannot be drawn, or memory.
// Threads: one.

#include <cstdint>

#include "mediaworker/demuxer.h"

namespace lapel::mediaworker {

// How a frame stands when it is shown: with square pixels and upright.
struct Display {
  double width = 0, height = 0;
  Orientation orientation;
};
Display display_of(AVFormatContext* format, AVStream* stream, AVFrame* frame);

struct Size {
  int width = 0, height = 0;
};
// Of the rendition: even, and no longer than the longest edge.
Size size_of(const Display& display);

class Easel {
 public:
  explicit Easel(const Size& size) : size_(size), scaler_(nullptr, &sws_freeContext) {}

  bool open();
  AVFrame* canvas() { return canvas_.get(); }

  void clear();

  bool put(const AVFrame* frame, const Display& display);

 private:
  static FramePtr frame_of(const Size& size);

  bool scale(const AVFrame* frame, const Size& size);

  // The scaled picture into the middle of the canvas: flipped left to right, then turned clockwise.
  void turn(const Size& inner, const Size& before, const Orientation& orientation);

  struct Source {
    int width, height;
    AVPixelFormat format;
    AVColorSpace space;
    AVColorRange range;
    int to_width, to_height;
    bool operator==(const Source&) const = default;
  };
  const Size size_;
  FramePtr canvas_, scaled_;
  ScalePtr scaler_;
  Source source_{};
};

}  // namespace lapel::mediaworker
