// SPDX-License-Identifier: Apache-2.0
#pragma once
// The camera's log of its own state, as it is written (docs/formats/camera_signature.md, State log).
//
// Owns: the file of this run on the card, and how far the log has come, kept in the camera's directory as well: a
//   card may be emptied.
// Promises: a line is durable when add() returns, and goes on from the last one that was, on whichever of the two
//   is further. What a cut left of the run before is never changed, and said.
// Fails with: what the disk fails with; kCorrupt where the camera's own record of the log cannot be read.
// Threads: one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/ed25519.h"
#include "os/disk.h"

namespace lapel::camera {

class LogWriter {
 public:
  struct Moment {
    Timestamp at;
    std::string clock;
    std::int64_t up_ms = 0;
  };
  // Begins the file of this run with `on`, and says of the run before what has to be said.
  static Result<std::unique_ptr<LogWriter>> open(os::Disk& disk, const os::Path& directory, const os::Path& card,
                                                 const crypto::SigningKey& key, const Moment& moment, Json::Object on);

  Result<void> add(std::string_view event, const Moment& moment, Json::Object more = {});
  // When the last line was written.
  std::int64_t last_up_ms() const { return last_up_ms_; }

 private:
  LogWriter(os::Disk& disk, os::Path head_path, const crypto::SigningKey& key)
      : disk_(disk), head_path_(std::move(head_path)), key_(key) {}
  std::string next_line(std::string_view event, const Moment& moment, Json::Object more);
  Result<void> keep_head();

  os::Disk& disk_;
  os::Path head_path_;
  const crypto::SigningKey& key_;
  std::unique_ptr<os::File> file_;
  std::uint64_t bytes_ = 0;
  std::uint64_t n_ = 0;  // of the last line
  Digest last_{};
  bool was_off_ = true;  // the last line of all is a goodbye, or there is none
  std::int64_t last_up_ms_ = 0;
};

}  // namespace lapel::camera
