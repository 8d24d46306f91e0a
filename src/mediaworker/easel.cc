// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/easel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace lapel::mediaworker {
namespace {

constexpr int kEdgeMin = 16;

int even(double value) {
  return std::max(2, static_cast<int>(std::lround(value / 2)) * 2);
}

}  // namespace

Display display_of(AVFormatContext* format, AVStream* stream, AVFrame* frame) {
  const AVFrameSideData* turned = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
  Display out;
  out.orientation = turned != nullptr ? orientation_of_matrix({turned->data, turned->size}) : orientation_of(stream);
  const AVRational ratio = av_guess_sample_aspect_ratio(format, stream, frame);
  const double stretch = ratio.num > 0 && ratio.den > 0 ? std::clamp(av_q2d(ratio), 0.1, 10.0) : 1.0;
  out.width = frame->width * stretch;
  out.height = frame->height;
  if (out.orientation.rotation % 180 != 0) std::swap(out.width, out.height);
  return out;
}

Size size_of(const Display& display) {
  const double scale = std::min(1.0, protocol::kMediaRenditionEdgeMax / std::max(display.width, display.height));
  return {std::max(kEdgeMin, even(display.width * scale)), std::max(kEdgeMin, even(display.height * scale))};
}

bool Easel::open() {
  canvas_ = frame_of(size_);
  return canvas_ != nullptr;
}

void Easel::clear() {
  for (std::size_t plane = 0; plane < 3; ++plane) {
    for (int y = 0; y < (plane == 0 ? size_.height : size_.height / 2); ++y) {
      std::memset(canvas_->data[plane] + std::ptrdiff_t{y} * canvas_->linesize[plane], plane == 0 ? 16 : 128,
                  static_cast<std::size_t>(plane == 0 ? size_.width : size_.width / 2));
    }
  }
}

bool Easel::put(const AVFrame* frame, const Display& display) {
  if (frame->width <= 0 || frame->height <= 0 || display.width <= 0 || display.height <= 0) return false;
  // The first frame's own size fills the canvas; another that comes later stands in its middle.
  const Size own = size_of(display);
  Size inner = size_;
  if (own.width != size_.width || own.height != size_.height) {
    const double scale = std::min(size_.width / display.width, size_.height / display.height);
    inner = {std::min(size_.width, even(display.width * scale)), std::min(size_.height, even(display.height * scale))};
  }
  const bool is_on_its_side = display.orientation.rotation % 180 != 0;
  const Size before = is_on_its_side ? Size{inner.height, inner.width} : inner;
  if (!scale(frame, before)) return false;
  if (av_frame_make_writable(canvas_.get()) < 0) return false;
  if (inner.width != size_.width || inner.height != size_.height) clear();
  turn(inner, before, display.orientation);
  return true;
}

FramePtr Easel::frame_of(const Size& size) {
  // swscale writes whole vectors past a row's end: rows are longer than the picture.
  constexpr int kPastTheEnd = 64;
  FramePtr frame(av_frame_alloc());
  if (!frame) return nullptr;
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = size.width + kPastTheEnd;
  frame->height = size.height + 2;
  if (av_frame_get_buffer(frame.get(), 64) < 0) return nullptr;
  frame->width = size.width;
  frame->height = size.height;
  return frame;
}

bool Easel::scale(const AVFrame* frame, const Size& size) {
  const auto format = static_cast<AVPixelFormat>(frame->format);
  if (sws_isSupportedInput(format) <= 0) return false;
  if (!scaled_ || scaled_->width != size.width || scaled_->height != size.height) scaled_ = frame_of(size);
  if (!scaled_) return false;
  const Source now{frame->width, frame->height, format, frame->colorspace, frame->color_range, size.width, size.height};
  if (!scaler_ || !(now == source_)) {
    source_ = now;
    scaler_.reset(sws_getContext(frame->width, frame->height, format, size.width, size.height, AV_PIX_FMT_YUV420P,
                                 SWS_BILINEAR, nullptr, nullptr, nullptr));
    if (!scaler_) return false;
    const int* matrix = sws_getCoefficients(frame->colorspace);
    const bool is_full = frame->color_range == AVCOL_RANGE_JPEG;
    // Of formats that have only one range it is refused, and what is set by itself is right.
    if (is_full) sws_setColorspaceDetails(scaler_.get(), matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16);
  }
  return sws_scale(scaler_.get(), frame->data, frame->linesize, 0, frame->height, scaled_->data, scaled_->linesize) ==
         size.height;
}

void Easel::turn(const Size& inner, const Size& before, const Orientation& orientation) {
  for (std::size_t plane = 0; plane < 3; ++plane) {
    const int part = plane == 0 ? 1 : 2;
    const int width = inner.width / part, height = inner.height / part;
    const int from_width = before.width / part, from_height = before.height / part;
    const int left = (size_.width - inner.width) / 4 * 2 / part, top = (size_.height - inner.height) / 4 * 2 / part;
    const std::ptrdiff_t stride = scaled_->linesize[plane];
    // Where (0, 0) comes from, and what a step to the right and one down are.
    int x = 0, y = 0;
    std::ptrdiff_t right_x = 1, right_y = 0, down_x = 0, down_y = 1;
    switch (orientation.rotation) {
      case 90:
        y = from_height - 1;
        right_x = 0, right_y = -1, down_x = 1, down_y = 0;
        break;
      case 180:
        x = from_width - 1, y = from_height - 1;
        right_x = -1, down_y = -1;
        break;
      case 270:
        x = from_width - 1;
        right_x = 0, right_y = 1, down_x = -1, down_y = 0;
        break;
      default:
        break;
    }
    if (orientation.mirrored) {
      x = from_width - 1 - x;
      right_x = -right_x;
      down_x = -down_x;
    }
    const std::uint8_t* from = scaled_->data[plane] + y * stride + x;
    const std::ptrdiff_t right = right_x + right_y * stride, down = down_x + down_y * stride;
    for (int row = 0; row < height; ++row) {
      std::uint8_t* out = canvas_->data[plane] + std::ptrdiff_t{top + row} * canvas_->linesize[plane] + left;
      const std::uint8_t* in = from + row * down;
      if (right == 1) {
        std::memcpy(out, in, static_cast<std::size_t>(width));
        continue;
      }
      for (int column = 0; column < width; ++column, in += right) out[column] = *in;
    }
  }
}

}  // namespace lapel::mediaworker
