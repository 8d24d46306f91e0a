// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where pictures and sound come from: V4L2 and ALSA devices, a file, or a test scene with a tone.
//
// Owns: FFmpeg's demuxers and decoders of it.
// Promises: pictures are YUV 4:2:0 of one size, sound is mono at 48 kHz in float; times are microseconds since the
//   source was opened and do not go back. A file begins again at its end, as a camera has none. A microphone that
//   goes away ends the sound alone.
// Fails with: kInvalid for what is no source, kUnavailable where a device or file cannot be opened or does not
//   answer any more.
// Threads: one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "camera/av.h"

namespace lapel::camera {

struct SourceOptions {
  std::string video = "test";  // test | file:PATH | v4l2:DEVICE
  std::string audio = "test";  // test | file | alsa:DEVICE | none
  int width = 0, height = 0;   // pixels, even; 0: the file's own, else 1280 by 720
  int rate = 30;               // pictures a second, of the test scene and of devices
};

class Source {
 public:
  struct Taken {
    enum class Kind { kNothing, kPicture, kSound, kSoundLost };
    Kind kind = Kind::kNothing;  // kNothing: a device has none yet
    FramePtr frame;
    std::int64_t us = 0;
    std::string why;  // of kSoundLost
  };

  static Result<std::unique_ptr<Source>> open(const SourceOptions& options, const Clock& clock);
  ~Source();

  // What comes next of both, in the order of its times.
  Result<Taken> next();
  // Whether it has a pace of its own, and next() may come back with nothing.
  bool is_device() const;
  bool has_sound() const;
  int width() const;
  int height() const;

 private:
  struct State;
  explicit Source(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lapel::camera
