// SPDX-License-Identifier: Apache-2.0
#pragma once
// A camera as a mounted folder: foreign in every name, and the only copy there is.
//
// Owns: looking, reading and erasing under that folder. The one place that does not go through os::Disk, which
//   follows links: here every step of a path is opened by itself and none may be a link.
// Promises: only regular files on the folder's own filesystem are found. What is read or erased is the very file
//   that was found, unchanged in size, times and inode. erase() removes nothing whose bytes, read again, do not
//   have the digest given.
// Fails with: kNotFound (the folder or file is gone), kConflict (the file has changed), as os/disk.h otherwise.
// Threads: one.

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/disk.h"

namespace lapel::dock {

inline constexpr int kDepthMax = 32;                                  // directories below the folder
inline constexpr std::size_t kFilesMax = 100'000;                     // entries of any kind in one look
inline constexpr std::string_view kCameraFile = "lapel-camera.json";  // in the folder itself; no footage
inline constexpr std::size_t kCameraFileBytesMax = 4'096;

// A file as a look found it; two equal ones are one unchanged file.
struct Found {
  std::string path;  // under the folder, parts joined by '/'
  std::uint64_t bytes = 0;
  std::int64_t modified_us = 0;
  std::int64_t changed_us = 0;  // of the inode: cannot be set back
  std::uint64_t inode = 0;
  friend auto operator<=>(const Found&, const Found&) = default;
};

struct Look {
  std::vector<Found> files;           // sorted
  std::vector<std::string> left_out;  // what could not be looked at, and why: then the look is not complete
};

// The serial of a camera whose lapel-camera.json has this text.
Result<std::string> parse_camera_file(std::string_view text);

class Camera {
 public:
  // Opens the folder anew, as a camera is put in and taken out.
  static Result<Camera> open(const os::Path& folder);
  ~Camera();
  Camera(Camera&& other) noexcept;
  Camera& operator=(Camera&&) = delete;

  Look look() const;
  // What lapel-camera.json says; kInvalid when it says nothing that could be a serial.
  Result<std::optional<std::string>> serial() const;
  // The beginning of a small file, for what a card says of its camera.
  Result<std::string> small_file(const std::string& path, std::size_t bytes_max) const;
  // What a file's time means on the card's filesystem.
  enum class Times {
    kUtc,
    kWall,     // FAT: as the camera's clock showed it, which the kernel gives as if it were UTC
    kUnknown,  // exFAT: as one or the other, and nobody can tell
  };
  Times times() const;

  // The bytes in order, in pieces. kConflict when the file is not, or does not stay, the one found.
  using Piece = std::function<Result<void>(ByteView)>;
  Result<void> read(const Found& found, const Piece& piece) const;
  // Reads it again and removes it, durably, if it has this digest; else kConflict.
  Result<void> erase(const Found& found, const Digest& sha256, const Piece& piece) const;

 private:
  explicit Camera(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace lapel::dock
