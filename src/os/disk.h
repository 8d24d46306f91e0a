// SPDX-License-Identifier: Apache-2.0
#pragma once
// Disk: the one way to durable files, and the seam where a test takes the power away.
//
// Owns: Disk and File, and the real ones. The faulty ones live in test/faulty_disk.h.
// Promises: a call that returns success did what it says; nothing is durable before sync_data() on the file
//   and sync_directory() on the directory that names it. A failed sync is reported as it is and never retried
//   here: Linux drops the dirty pages and says so once, so trying again would turn a loss into a success.
// Fails with: kNotFound, kConflict (exists already), kFull (no space, quota or inodes), kUnsupported (the
//   filesystem cannot), kInvalid (a zero byte in a path), kInternal otherwise; context is path, call and errno text.
// Threads: a Disk from any thread. A File from several threads as long as their byte ranges do not overlap.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace lapel::os {

using Path = std::filesystem::path;

class File {
 public:
  virtual ~File() = default;

  // Fills `out` from `offset`; fewer bytes than asked for only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) = 0;
  // Writes all of it or fails; how much of a failed write reached the file is unknown.
  virtual Result<void> write_at(std::uint64_t offset, ByteView bytes) = 0;
  virtual Result<void> sync_data() = 0;  // fdatasync: contents and size
  virtual Result<void> truncate(std::uint64_t bytes) = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Result<void> make_read_only() = 0;  // mode 0440

  // What offsets, lengths and buffers must be multiples of: 1, or kDirectAlignmentBytes when opened direct. A
  // file that the filesystem turns out not to serve direct becomes 1 at its first use; what was aligned stays
  // good.
  virtual std::size_t alignment() const = 0;
  // For sendfile, flock and passing to a child; -1 where there is none.
  virtual int descriptor() const = 0;
};

inline constexpr std::size_t kDirectAlignmentBytes = 4096;

enum class OpenMode {
  kRead,
  kReadWrite,     // must exist
  kCreate,        // must not exist; mode 0640
  kCreateOrOpen,  // mode 0640
};
enum class Caching {
  kBuffered,
  kDirect,  // past the page cache where the filesystem allows, buffered otherwise: ask alignment()
};

struct Stat {
  std::uint64_t bytes = 0;
  bool is_directory = false;
  std::int64_t modified_us = 0;
  // Two names with the same pair are one file.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

class Disk {
 public:
  virtual ~Disk() = default;

  virtual Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode, Caching caching = Caching::kBuffered) = 0;
  virtual Result<void> rename(const Path& from, const Path& to) = 0;  // replaces `to`
  // kConflict when `to` exists; kUnsupported when only a copy can do it (another filesystem, too many links).
  virtual Result<void> link(const Path& from, const Path& to) = 0;
  virtual Result<void> remove(const Path& path) = 0;          // a file or an empty directory
  virtual Result<void> make_directory(const Path& path) = 0;  // mode 0750; success when it is one already
  virtual Result<void> sync_directory(const Path& path) = 0;
  // Names, sorted; without . and ..
  virtual Result<std::vector<std::string>> list(const Path& directory) = 0;
  virtual Result<Stat> stat(const Path& path) = 0;
  virtual Result<std::uint64_t> free_bytes(const Path& path) = 0;  // available to this user
  // How many files can still be made; the largest number where the filesystem has no such limit.
  virtual Result<std::uint64_t> free_files(const Path& path) = 0;
  // Copies a range between two files of this disk: shared blocks where the filesystem can (reflink), else
  // copy_file_range, else read and write. `to` grows as needed; the source must hold the whole range. Where a
  // file is direct, offsets and `bytes` follow its alignment(). Both files must come from this disk.
  virtual Result<void> copy_range(File& from, std::uint64_t from_offset, File& to, std::uint64_t to_offset,
                                  std::uint64_t bytes) = 0;
};

// The kernel's.
std::unique_ptr<Disk> real_disk();

// What a failed system call is reported as: the one mapping from errno.
Error system_error(const Path& path, std::string_view call, int error_number);

// Creates each missing directory of `path` below the existing part and syncs the parents, so that the path
// survives. The parent of the existing part is synced too: an earlier process may have been killed before.
Result<void> make_directories(Disk& disk, const Path& path);
// A new file with these bytes, durable under its name when this returns, and nobody sees it half written;
// kConflict when the name is taken. A crash may leave a hidden temporary beside it (.NAME.PID-N.tmp).
Result<void> write_new_file(Disk& disk, const Path& path, ByteView bytes);
// A file replaced as a whole: temporary beside it as above, synced, renamed over it, directory synced.
Result<void> replace_file(Disk& disk, const Path& path, ByteView bytes);
// A whole small file; kTooLarge over bytes_max.
Result<Bytes> read_file(Disk& disk, const Path& path, std::size_t bytes_max);

// An advisory lock (flock) until destruction, which may come after the File's; kBusy at once when somebody else holds it, unless shared:
// then any number hold it and nobody alone. A file without a descriptor is in one program's memory: its lock is granted.
class FileLock {
 public:
  static Result<FileLock> acquire(File& file);
  static Result<FileLock> share(File& file);
  // Waits for whoever holds it: for locks held only as long as one small append takes.
  static Result<FileLock> wait(File& file);
  ~FileLock();
  FileLock(FileLock&&) noexcept;
  FileLock& operator=(FileLock&&) noexcept;

 private:
  static Result<FileLock> lock(File& file, int operation);
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace lapel::os
