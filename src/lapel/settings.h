// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a data directory remembers of where the rest of it is: DIR/lapel.toml.
//
//   database = "postgresql://lapel@db.example/lapel"     the catalog; embedded when left out
//   bucket = "file:///srv/lapel"                         originals, ledger and uploads; in DIR when left out
//
// Owns: that file and its form, which is so much of TOML as two keys need: a line each, with a string in quotes; comments.
// Promises: what is written is read back as it was; a file that is not understood is refused, never guessed at.
// Fails with: kInvalid (more than that form, a key that is none or is there twice, another kind of bucket), and what the disk fails with.
// Threads: any.

#include <string>
#include <string_view>

#include "base/result.h"
#include "os/disk.h"

namespace lapel::door {

struct Settings {
  std::string database;  // URL; empty: embedded
  std::string bucket;    // URL; empty: the data directory

  friend bool operator==(const Settings&, const Settings&) = default;
};

Result<Settings> parse_settings(std::string_view text);
std::string to_toml(const Settings& settings);

// Nothing set where there is no such file.
Result<Settings> read_settings(os::Disk& disk, const os::Path& data);
Result<void> write_settings(os::Disk& disk, const os::Path& data, const Settings& settings);

// The directory that a bucket's URL names; the data directory for an empty one.
Result<os::Path> bucket_directory(const os::Path& data, const std::string& bucket);

}  // namespace lapel::door
