// SPDX-License-Identifier: Apache-2.0
#pragma once
// The files that a caller of lapel-verify names: the only I/O of the program.
//
// Owns: reading plain files and directories.
// Promises: never follows a symbolic link inside an export; never holds more than the limit given, or one
// chunk. Fails with: kNotFound or kUnavailable naming the path. Threads: one.

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "proof/package.h"

namespace lapel::verify {

enum class PathKind { kDirectory, kReceipt, kCheckpoint, kConsistency, kCameraLog, kFile };
// By content, never by name: a receipt by its first line, a consistency proof by its first word, a checkpoint
// by a signature line after an empty line, a camera's log by the beginning of its first line.
Result<PathKind> classify(const std::string& path);

// The whole of a file, nullopt when it is longer than `bytes_max`.
Result<std::optional<std::string>> read_text(const std::string& path, std::size_t bytes_max);

struct FileDigest {
  Digest sha256{};
  std::uint64_t bytes = 0;
};
Result<FileDigest> hash_file(const std::string& path);
// All of it, in chunks.
Result<void> read_file(const std::string& path, const std::function<void(ByteView)>& sink);

class DirectoryFiles final : public proof::ExportFiles {
 public:
  explicit DirectoryFiles(std::string root) : root_(std::move(root)) {}
  Result<std::vector<Item>> list() const override;
  Result<void> read(const std::string& path, const std::function<bool(ByteView)>& sink) const override;

 private:
  std::string root_;
};

}  // namespace lapel::verify
