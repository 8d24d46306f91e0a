// SPDX-License-Identifier: Apache-2.0
#include "verify/paths.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "crypto/sha256.h"
#include "proof/device_log.h"

namespace lapel::verify {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = 1 << 20;

tl::unexpected<Error> failed(const std::string& path, int error) {
  return fail(error == ENOENT ? Code::kNotFound : Code::kUnavailable, "The file could not be read",
              path + ": " + std::strerror(error));
}

// What is no file may never end: a pipe, a device.
Result<void> read_chunks(const std::string& path, const std::function<bool(ByteView)>& sink) {
  std::error_code unknown;
  const fs::file_status status = fs::status(path, unknown);
  if (unknown) return failed(path, unknown.value());
  if (!fs::is_regular_file(status)) return fail(Code::kUnavailable, "This is no plain file", path);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return failed(path, errno);
  Bytes chunk(kChunkBytes);
  for (;;) {
    const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get());
    if (got < chunk.size() && std::ferror(file.get()) != 0) return failed(path, errno);
    if (got == 0 || !sink(ByteView(chunk).first(got))) return {};
  }
}

}  // namespace

Result<PathKind> classify(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error) return failed(path, error.value());
  if (fs::is_directory(status)) return PathKind::kDirectory;

  std::string head;
  const auto keep_first = [&](ByteView chunk) {
    head.assign(as_text(chunk));
    return false;
  };
  TRY(read_chunks(path, keep_first));
  if (head.starts_with(proof::kReceiptHeader)) return PathKind::kReceipt;
  if (head.starts_with(proof::kDeviceLogStart)) return PathKind::kCameraLog;
  const bool is_signed = head.find("\n\n\u2014 ") != std::string::npos;
  if (!is_signed) return PathKind::kFile;
  return head.starts_with("old ") ? PathKind::kConsistency : PathKind::kCheckpoint;
}

Result<std::optional<std::string>> read_text(const std::string& path, std::size_t bytes_max) {
  std::string out;
  bool fits = true;
  const auto append = [&](ByteView chunk) {
    fits = out.size() + chunk.size() <= bytes_max;
    if (fits) out.append(as_text(chunk));
    return fits;
  };
  TRY(read_chunks(path, append));
  if (!fits) return std::nullopt;
  return out;
}

Result<FileDigest> hash_file(const std::string& path) {
  crypto::Sha256 hash;
  const auto update = [&](ByteView chunk) {
    hash.update(chunk);
    return true;
  };
  TRY(read_chunks(path, update));
  const std::uint64_t bytes = hash.bytes();
  return FileDigest{hash.finish(), bytes};
}

Result<void> read_file(const std::string& path, const std::function<void(ByteView)>& sink) {
  return read_chunks(path, [&](ByteView chunk) {
    sink(chunk);
    return true;
  });
}

Result<std::vector<proof::ExportFiles::Item>> DirectoryFiles::list() const {
  std::vector<Item> items;
  std::error_code error;
  fs::recursive_directory_iterator entry(root_, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    const fs::file_status status = entry->symlink_status(error);
    if (error) break;
    if (fs::is_directory(status)) continue;
    items.push_back({entry->path().lexically_relative(root_).generic_string(),
                     fs::is_regular_file(status) ? Item::Kind::kFile : Item::Kind::kOther});
  }
  if (error) return failed(root_, error.value());
  return items;
}

Result<void> DirectoryFiles::read(const std::string& path, const std::function<bool(ByteView)>& sink) const {
  return read_chunks((fs::path(root_) / path).string(), sink);
}

}  // namespace lapel::verify
