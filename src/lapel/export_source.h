// SPDX-License-Identifier: Apache-2.0
#pragma once
// An export of another system as it lies here: a folder, or a ZIP archive.
//
// Owns: how each is looked through.
// Promises: no link is followed and no device or pipe opened. Of a ZIP archive nothing is written to this machine: entries are read as
//   they are sent. What is not taken is told with why, and the rest goes on: a link, a second entry of one name, what is encrypted, and
//   what would grow beyond kZipRatioMax. Which paths are taken is the server's to judge.
// Fails with: kNotFound, kInvalid (no folder and no ZIP archive), kTooLarge beyond kZipEntriesMax and kZipBytesMax, kConflict where a
//   file has changed meanwhile, kCorrupt for an entry that is damaged.
// Threads: one.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/client.h"

namespace lapel::door {

inline constexpr std::uint64_t kZipRatioMax = 200;  // of what is over kZipRatioFromBytes: footage hardly shrinks at all
inline constexpr std::uint64_t kZipRatioFromBytes = 16 << 20;
inline constexpr std::uint64_t kZipBytesMax = std::uint64_t{64} << 40;  // of all entries, unpacked
inline constexpr std::uint64_t kZipEntriesMax = 2'000'000;
inline constexpr int kExportDepthMax = 40;  // folders in folders

struct ExportEntry {
  std::string path;
  std::uint64_t bytes = 0;
  std::string trouble;  // why it is not taken; empty: it is
};

class ExportSource {
 public:
  static Result<std::unique_ptr<ExportSource>> open(const std::string& path);
  virtual ~ExportSource() = default;

  // Each file once, always in the same order.
  virtual Result<void> each(const std::function<Result<void>(const ExportEntry&)>& step) = 0;
  // One that each() has given without trouble, of that many bytes. The source is read while this object lives.
  virtual Result<http::BodySource> file(const std::string& path, std::uint64_t bytes) = 0;
};

// For the two kinds; of a regular file that begins as a ZIP archive does.
Result<std::unique_ptr<ExportSource>> open_zip_source(const std::string& path);

}  // namespace lapel::door
