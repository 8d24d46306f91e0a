// SPDX-License-Identifier: Apache-2.0
#pragma once
// The camera's own directory: its key, its serial, and how far its log has come.
//
// Owns: the files there, and a lock on it while it is in use. The key never leaves it.
// Promises: init never overwrites a key. Secrets have mode 0600, and one that others can read is refused.
// Fails with: kConflict (initialized already), kNotFound (not initialized), kBusy (another camera uses it),
//   kCorrupt, kWeakFile.
// Threads: one.

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/ed25519.h"
#include "os/disk.h"

namespace lapel::camera {

inline constexpr std::size_t kSerialBytesMax = 64;
// Letters, digits and `-._`, not beginning with a dot: it becomes part of file names.
bool is_serial(std::string_view text);

// Makes the directory and the key; the public key.
Result<crypto::PublicKey> init_state(os::Disk& disk, const os::Path& directory, const std::string& serial);

class State {
 public:
  static Result<std::unique_ptr<State>> open(os::Disk& disk, const os::Path& directory);

  const std::string& serial() const { return serial_; }
  const crypto::SigningKey& key() const { return key_; }
  const os::Path& directory() const { return directory_; }

 private:
  State(os::Path directory, std::string serial, crypto::SigningKey key, std::unique_ptr<os::File> file,
        os::FileLock lock)
      : directory_(std::move(directory)),
        serial_(std::move(serial)),
        key_(std::move(key)),
        file_(std::move(file)),
        lock_(std::move(lock)) {}

  os::Path directory_;
  std::string serial_;
  crypto::SigningKey key_;
  std::unique_ptr<os::File> file_;
  os::FileLock lock_;
};

// The camera that a card says it belongs to (lapel-camera.json, as lapel-dock reads it): written where there is none,
// kConflict where it is another.
Result<void> claim_card(os::Disk& disk, const os::Path& card, const std::string& serial);

}  // namespace lapel::camera
