// SPDX-License-Identifier: Apache-2.0
#pragma once
// A ZIP archive of small files, stored as they are.
//
// Owns: the bytes of the archive.
// Promises: the same files and day give the same bytes. What reads ZIP reads it: no compression, no ZIP64, names in UTF-8.
// Fails with: kTooLarge beyond kZipFilesMax or kZipBytesMax.
// Threads: pure functions.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/day.h"
#include "base/result.h"

namespace lapel::pack {

inline constexpr std::size_t kZipFilesMax = 1'000;
inline constexpr std::uint64_t kZipBytesMax = 1 << 30;  // of all files: far below where ZIP64 begins

struct ZipFile {
  std::string name;  // relative, with "/"
  std::string bytes;
};

// `day`: the time that every file is of.
Result<std::string> zip_stored(std::span<const ZipFile> files, Day day);

}  // namespace lapel::pack
