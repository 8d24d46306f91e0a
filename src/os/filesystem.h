// SPDX-License-Identifier: Apache-2.0
#pragma once
// What kind of filesystem a directory is on, and whether it keeps the promises that os/disk.h passes on.
//
// Owns: the rule which filesystem may hold what.
// Promises: probe_directory() leaves the directory as it found it.
// Fails with: problems::kDataFilesystem naming what the filesystem got wrong; otherwise as os/disk.h.
// Threads: any; not two probes of one directory at once.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "os/disk.h"

namespace lapel::os {

enum class FilesystemClass {
  kLocal,
  kNetwork,  // also FUSE: what stands behind it decides what a sync or a lock is worth
  kMemory,   // gone with the power
  kOther,    // overlays and whatever we do not know
};

struct FilesystemKind {
  FilesystemClass kind = FilesystemClass::kOther;
  std::string name;  // "ext4", "nfs"; "unknown (0x…)" when it has no name here
};

// By statfs(2), for a path that exists.
Result<FilesystemKind> filesystem_kind(const Path& path);
// By the number that statfs(2) gives.
FilesystemKind filesystem_of_magic(std::uint32_t magic);

enum class FilesystemUse {
  kCatalog,    // databases, ledger, keys: shared memory, locks, and every sync in its order
  kOriginals,  // files written once, synced and named
};
// Refuses what is not fit. A network filesystem never is for a catalog; for originals it is when the directory passes
// the probe, and then the warning to give is returned. Empty: nothing to say.
Result<std::string> check_filesystem(Disk& disk, const Path& directory, const FilesystemKind& found, FilesystemUse use);

// Tries what the store and the catalog lean on: exclusive create, link, rename, sync of file and directory,
// and a second flock being refused (skipped where the disk has no descriptors).
Result<void> probe_directory(Disk& disk, const Path& directory);

}  // namespace lapel::os
