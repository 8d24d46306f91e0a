// SPDX-License-Identifier: Apache-2.0
#pragma once
// The camera: sees, keeps the seconds before an event, records, and logs what it does.
//
// Owns: source, encoders, the recording under way, the log of this run.
// Promises: before activation pictures stay in memory and no sound is encoded at all. What it does is in its log
//   before it is done, and a recording ends soundly whatever fails: the card, a device, the clock.
// Fails with: what made it stop; kUnavailable when the camera device is gone.
// Threads: run() by one; stop() by any.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/clock.h"
#include "camera/control.h"
#include "camera/encoder.h"
#include "camera/source.h"
#include "os/disk.h"

namespace lapel::camera {

inline constexpr std::int64_t kPreEventMaxS = 120;
inline constexpr std::int64_t kPostEventMaxS = 600;

enum class Speed {
  kReal,  // by the clock
  kFast,  // as fast as the machine can: times follow the media, and are called simulated
};

struct Options {
  os::Path directory;  // of lapel-camera init
  os::Path card;
  SourceOptions source;
  PictureEncoding encoding;       // its size is the source's
  std::int64_t pre_event_s = 30;  // 0 to kPreEventMaxS; up to a fragment more is kept
  std::int64_t post_event_s = 0;  // 0 to kPostEventMaxS
  std::string gnss = "none";
  Speed speed = Speed::kReal;
  std::deque<Timed> script;
  std::int64_t beat_s = 60;  // longest silence of the log
};

class Camera {
 public:
  static Result<std::unique_ptr<Camera>> open(os::Disk& disk, Options options);
  ~Camera();

  // Until it is told to stop, or cannot go on.
  Result<void> run();
  void stop();

 private:
  class Running;
  explicit Camera(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace lapel::camera
