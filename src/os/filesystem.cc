// SPDX-License-Identifier: Apache-2.0
#include "os/filesystem.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/problems.h"

namespace lapel::os {
namespace {

struct Known {
  std::uint32_t magic;  // statfs.f_type; many of these are in no header
  FilesystemClass kind;
  std::string_view name;
};

constexpr std::array kKnown = {
    Known{0x0000ef53, FilesystemClass::kLocal, "ext4"},    Known{0x58465342, FilesystemClass::kLocal, "xfs"},
    Known{0x9123683e, FilesystemClass::kLocal, "btrfs"},   Known{0x2fc12fc1, FilesystemClass::kLocal, "zfs"},
    Known{0xf2f52010, FilesystemClass::kLocal, "f2fs"},    Known{0xca451a4e, FilesystemClass::kLocal, "bcachefs"},
    Known{0x3153464a, FilesystemClass::kLocal, "jfs"},     Known{0x52654973, FilesystemClass::kLocal, "reiserfs"},
    Known{0x00004d44, FilesystemClass::kLocal, "vfat"},    Known{0x2011bab0, FilesystemClass::kLocal, "exfat"},
    Known{0x7366746e, FilesystemClass::kLocal, "ntfs3"},   Known{0x00006969, FilesystemClass::kNetwork, "nfs"},
    Known{0x0000517b, FilesystemClass::kNetwork, "smb"},   Known{0xff534d42, FilesystemClass::kNetwork, "cifs"},
    Known{0xfe534d42, FilesystemClass::kNetwork, "smb2"},  Known{0x0000564c, FilesystemClass::kNetwork, "ncp"},
    Known{0x01021997, FilesystemClass::kNetwork, "9p"},    Known{0x00c36400, FilesystemClass::kNetwork, "ceph"},
    Known{0x5346414f, FilesystemClass::kNetwork, "afs"},   Known{0x6b414653, FilesystemClass::kNetwork, "afs"},
    Known{0x73757245, FilesystemClass::kNetwork, "coda"},  Known{0x0bd00bd0, FilesystemClass::kNetwork, "lustre"},
    Known{0x01161970, FilesystemClass::kNetwork, "gfs2"},  Known{0x7461636f, FilesystemClass::kNetwork, "ocfs2"},
    Known{0x65735546, FilesystemClass::kNetwork, "fuse"},  Known{0x786f4256, FilesystemClass::kNetwork, "vboxsf"},
    Known{0x01021994, FilesystemClass::kMemory, "tmpfs"},  Known{0x858458f6, FilesystemClass::kMemory, "ramfs"},
    Known{0x794c7630, FilesystemClass::kOther, "overlay"},
};

tl::unexpected<Error> unfit(const Path& directory, std::string_view what) {
  return fail(problems::kDataFilesystem, fmt::format("This filesystem {}.", what), directory.native());
}

// A removal that does not mind when there is nothing.
Result<void> remove_if_there(Disk& disk, const Path& path) {
  auto removed = disk.remove(path);
  if (!removed && removed.error().code() != Code::kNotFound) return removed;
  return {};
}

Result<void> probe_names(Disk& disk, const Path& directory, const Path& first, const Path& second) {
  const auto file = TRY(disk.open(first, OpenMode::kCreate));
  const auto again = disk.open(first, OpenMode::kCreate);
  if (again || again.error().code() != Code::kConflict) {
    return unfit(directory, "lets two programs create one file exclusively");
  }
  constexpr std::string_view kText = "probe";
  TRY(file->write_at(0, as_bytes(kText)));
  TRY(file->sync_data());

  if (const auto linked = disk.link(first, second); !linked) {
    if (linked.error().code() == Code::kUnsupported) return unfit(directory, "has no hard links");
    return linked;
  }
  const auto relinked = disk.link(first, second);
  if (relinked || relinked.error().code() != Code::kConflict) {
    return unfit(directory, "lets a link replace a name that is taken");
  }
  TRY(disk.remove(first));
  TRY(disk.rename(second, first));
  if (as_text(TRY(read_file(disk, first, kText.size()))) != kText) return unfit(directory, "loses a renamed file");
  return disk.sync_directory(directory);
}

Result<void> probe_lock(Disk& disk, const Path& directory, const Path& path) {
  const auto first = TRY(disk.open(path, OpenMode::kReadWrite));
  const auto second = TRY(disk.open(path, OpenMode::kReadWrite));
  if (first->descriptor() < 0) return {};
  const FileLock lock = TRY(FileLock::acquire(*first));
  const auto refused = FileLock::acquire(*second);
  if (refused || refused.error().code() != Code::kBusy) {
    return unfit(directory, "lets two programs hold one lock");
  }
  return {};
}

}  // namespace

Result<FilesystemKind> filesystem_kind(const Path& path) {
  struct ::statfs status;
  int result = 0;
  do {
    result = ::statfs(path.c_str(), &status);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return tl::unexpected<Error>(system_error(path, "statfs", errno));
  // f_type is signed and 64 bits wide here, the constants are 32 bits.
  return filesystem_of_magic(static_cast<std::uint32_t>(status.f_type));
}

FilesystemKind filesystem_of_magic(std::uint32_t magic) {
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return k.magic == magic; });
  if (known == kKnown.end()) return FilesystemKind{FilesystemClass::kOther, fmt::format("unknown ({:#x})", magic)};
  return FilesystemKind{known->kind, std::string(known->name)};
}

Result<std::string> check_filesystem(Disk& disk, const Path& directory, const FilesystemKind& found,
                                     FilesystemUse use) {
  if (found.kind != FilesystemClass::kNetwork) return std::string();
  if (use == FilesystemUse::kCatalog) {
    return fail(
        problems::kDataFilesystem,
        fmt::format("Catalog and ledger cannot stand on {}: a network filesystem may lose what it has acknowledged",
                    found.name),
        directory.native());
  }
  if (auto probed = probe_directory(disk, directory); !probed) {
    return fail(problems::kDataFilesystem,
                fmt::format("Originals cannot stand on {}: {}", found.name, probed.error().message),
                directory.native());
  }
  return fmt::format("originals stand on {}, a network filesystem, in {}; it passed the start-up probe", found.name,
                     directory.native());
}

Result<void> probe_directory(Disk& disk, const Path& directory) {
  const Path first = directory / fmt::format(".probe-{}-a", ::getpid());
  const Path second = directory / fmt::format(".probe-{}-b", ::getpid());
  // Left by a probe that was killed and had this number before.
  TRY(remove_if_there(disk, first));
  TRY(remove_if_there(disk, second));
  Result<void> probed = probe_names(disk, directory, first, second);
  if (probed) probed = probe_lock(disk, directory, first);
  Result<void> cleaned = remove_if_there(disk, first);
  if (cleaned) cleaned = remove_if_there(disk, second);
  return probed ? cleaned : probed;
}

}  // namespace lapel::os
