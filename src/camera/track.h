// SPDX-License-Identifier: Apache-2.0
#pragma once
// Positions beside a recording: the receiver's own sentences, in a file of the same name.
//
// Owns: the file, and the sentences of the seconds before activation.
// Promises: what is in the file is what the receiver wrote, in its order; its SHA-256 is told when it is closed.
// Fails with: what the disk fails with.
// Threads: one.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "crypto/sha256.h"
#include "os/disk.h"

namespace lapel::camera {

class Track {
 public:
  explicit Track(std::int64_t keep_us) : keep_us_(keep_us) {}

  // A sentence of now; kept in memory while there is no recording.
  Result<void> add(os::Disk& disk, const std::string& sentence, std::int64_t us);
  void begin(os::Path path, std::int64_t from_us);
  Result<void> sync();
  // The digest, where there is a file.
  Result<std::optional<Digest>> end();
  os::Path path() const { return path_; }

 private:
  Result<void> write(os::Disk& disk, const std::string& sentence);

  std::int64_t keep_us_;
  std::deque<std::pair<std::int64_t, std::string>> before_;
  os::Path path_;  // empty: no recording
  std::unique_ptr<os::File> file_;
  std::uint64_t bytes_ = 0;
  crypto::Sha256 hash_;
};

}  // namespace lapel::camera
