// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bucket: named, write-once, durable objects. The seam between files today and an S3 store tomorrow.
//
// Owns: the interface; fs_bucket.h and memory_bucket.h implement it; bucket_conformance.h is the suite that
//   each passes.
// Promises: when put() returns success the object is durable under its name with exactly those bytes and can
//   no longer change; a reader sees all of an object or nothing of it, at no time a part. Putting the same
//   bytes again is harmless and succeeds; putting other bytes under a taken name fails and changes nothing.
//   After a failed sync the bucket stops: every later put and remove fails with kStoreStopped until the
//   program restarts; reading goes on.
// Fails with: kInvalid (not a name, or the source is not of the size given), kNotFound, kConflict (name taken
//   by other bytes), kFull, kCorrupt (fewer bytes than stat said), kUnavailable (stopped).
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/disk.h"

namespace lapel::bucket {

inline constexpr std::size_t kNameBytesMax = 512;

// A name is a relative path of parts [a-z0-9._-]+ joined by '/', no part starting with '.', at most 512
// bytes, no part longer than 255 (what filesystems take). No name continues another with '/': after "a",
// "a/b" is kConflict.
bool is_valid_name(std::string_view name);
// What an implementation asks first: kInvalid unless it is a name; unless it is empty or a name and '/'.
Result<void> check_name(std::string_view name);
Result<void> check_prefix(std::string_view prefix);

struct ObjectStat {
  std::uint64_t bytes = 0;
};

// A source that put() may take over without copying when it stands on the same filesystem.
struct FileSource {
  os::Path path;
  std::uint64_t bytes = 0;  // its exact size; put() refuses another
};

// An object opened for reading.
class Object {
 public:
  virtual ~Object() = default;
  virtual std::uint64_t bytes() const = 0;
  // Fills `out` from `offset`; shorter only at the end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) = 0;
  // The file behind it for sendfile, or null where there is none. Same lifetime rules as any shared_ptr.
  virtual std::shared_ptr<os::File> file() = 0;
};

class Bucket {
 public:
  virtual ~Bucket() = default;

  virtual Result<void> put(std::string_view name, ByteView bytes) = 0;
  // The source must already be synced (data, not name); its name stays until the caller removes it.
  // Nobody may write to it any more: the object may be that very file, now read-only.
  virtual Result<void> put_file(std::string_view name, const FileSource& source) = 0;
  virtual Result<std::shared_ptr<Object>> open(std::string_view name) = 0;
  virtual Result<ObjectStat> stat(std::string_view name) = 0;
  // Gone and synced when this returns; removing what is not there succeeds.
  virtual Result<void> remove(std::string_view name) = 0;
  // Full names with this prefix (which ends in '/' or is empty), sorted, at most `limit`, after the name
  // `after`.
  virtual Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after, std::size_t limit) = 0;
};

// A whole small object; kTooLarge over bytes_max.
Result<Bytes> get(Bucket& bucket, std::string_view name, std::size_t bytes_max);

}  // namespace lapel::bucket
