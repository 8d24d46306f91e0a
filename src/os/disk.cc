// SPDX-License-Identifier: Apache-2.0
#include "os/disk.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/check.h"

namespace lapel::os {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kReadOnlyMode = 0440;
constexpr mode_t kDirectoryMode = 0750;
constexpr std::size_t kCopyBufferBytes = 1 << 20;

tl::unexpected<Error> failed(const Path& path, std::string_view call, int error_number) {
  return tl::unexpected<Error>(system_error(path, call, error_number));
}
tl::unexpected<Error> failed(const Path& from, const Path& to, std::string_view call, int error_number) {
  return failed(Path(from.native() + " -> " + to.native()), call, error_number);
}

// Never around fsync: there, trying again may report success for pages that the first failure threw away.
template <typename Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// A descriptor that closes itself. The result of close() says nothing that a sync has not said before.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

bool is_aligned(std::uint64_t offset, const std::uint8_t* data, std::size_t bytes) {
  return offset % kDirectAlignmentBytes == 0 && bytes % kDirectAlignmentBytes == 0 &&
         reinterpret_cast<std::uintptr_t>(data) % kDirectAlignmentBytes == 0;
}

class RealFile final : public File {
 public:
  RealFile(Path path, Descriptor descriptor, Caching caching)
      : path_(std::move(path)), descriptor_(std::move(descriptor)), direct_(caching == Caching::kDirect) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) override {
    CHECK(!direct_ || is_aligned(offset, out.data(), out.size()));
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = uninterrupted([&] {
        return ::pread(descriptor_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      });
      if (n < 0) {
        if (errno == EINVAL && stop_direct()) continue;
        return failed(path_, "pread", errno);
      }
      done += static_cast<std::size_t>(n);
      // A direct read ends inside a block only at the end of the file, and may not go on from there.
      if (n == 0 || (direct_ && done % kDirectAlignmentBytes != 0)) break;
    }
    return done;
  }

  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    CHECK(!direct_ || is_aligned(offset, bytes.data(), bytes.size()));
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = uninterrupted([&] {
        return ::pwrite(descriptor_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
      });
      if (n < 0) {
        if (errno == EINVAL && stop_direct()) continue;
        return failed(path_, "pwrite", errno);
      }
      if (n == 0) return failed(path_, "pwrite", EIO);  // no progress and no reason: do not spin
      done += static_cast<std::size_t>(n);
    }
    return {};
  }

  Result<void> sync_data() override {
    if (::fdatasync(descriptor_.get()) != 0) return failed(path_, "fdatasync", errno);
    return {};
  }

  Result<void> truncate(std::uint64_t bytes) override {
    if (uninterrupted([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(bytes)); }) != 0) {
      return failed(path_, "ftruncate", errno);
    }
    return {};
  }

  Result<std::uint64_t> size() override {
    struct ::stat status;
    if (::fstat(descriptor_.get(), &status) != 0) return failed(path_, "fstat", errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> make_read_only() override {
    if (uninterrupted([&] { return ::fchmod(descriptor_.get(), kReadOnlyMode); }) != 0) {
      return failed(path_, "fchmod", errno);
    }
    return {};
  }

  std::size_t alignment() const override { return direct_ ? kDirectAlignmentBytes : 1; }
  int descriptor() const override { return descriptor_.get(); }

 private:
  // Some filesystems take O_DIRECT at open and refuse it at use. Alignment was checked, so EINVAL is that.
  bool stop_direct() {
    if (!direct_) return false;
    const int flags = ::fcntl(descriptor_.get(), F_GETFL);
    if (flags < 0 || ::fcntl(descriptor_.get(), F_SETFL, flags & ~O_DIRECT) != 0) return false;
    direct_ = false;
    return true;
  }

  const Path path_;
  const Descriptor descriptor_;
  std::atomic<bool> direct_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kCreateOrOpen:
      return O_RDWR | O_CREAT;
  }
  std::abort();
}

// One way of copying: how far it came, and the errno it stopped with (0: the whole range is there).
struct Copied {
  std::uint64_t bytes = 0;
  int error_number = 0;
};

Copied share_blocks(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset, std::uint64_t bytes) {
  file_clone_range range{};
  range.src_fd = from;
  range.src_offset = from_offset;
  range.src_length = bytes;
  range.dest_offset = to_offset;
  if (uninterrupted([&] { return ::ioctl(to, FICLONERANGE, &range); }) != 0) return {0, errno};
  return {bytes, 0};
}

Copied copy_in_kernel(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset, std::uint64_t bytes) {
  constexpr std::uint64_t kCallBytesMax = 1 << 30;  // the kernel stops near 2 GiB anyway
  std::uint64_t done = 0;
  while (done < bytes) {
    auto in = static_cast<off64_t>(from_offset + done);
    auto out = static_cast<off64_t>(to_offset + done);
    const auto want = static_cast<std::size_t>(std::min(bytes - done, kCallBytesMax));
    const ssize_t n = uninterrupted([&] { return ::copy_file_range(from, &in, to, &out, want, 0); });
    // Zero is the end of the source, or a filesystem that only pretends: reading and writing will tell.
    if (n <= 0) return {done, n < 0 ? errno : EOPNOTSUPP};
    done += static_cast<std::uint64_t>(n);
  }
  return {done, 0};
}

// Which refusals mean "not this way"; anything else (EIO, ENOSPC) is the answer.
bool is_refusal(int error_number) {
  switch (error_number) {
    case EBADF:  // a filesystem without the call, or a descriptor opened for appending
    case EINVAL:
    case ENOSYS:
    case ENOTTY:
    case EOPNOTSUPP:
    case EPERM:
    case ETXTBSY:
    case EXDEV:
      return true;
    default:
      return false;
  }
}

// The kernel reads a path up to its first zero byte: it would act on another file than the one named.
Result<void> require_whole(const Path& path) {
  if (path.native().find('\0') == std::string::npos) return {};
  return fail(Code::kInvalid, "A path cannot have a zero byte in it", path.c_str());
}

class RealDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode, Caching caching) override {
    TRY(require_whole(path));
    Descriptor descriptor(uninterrupted([&] { return ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, kFileMode); }));
    if (descriptor.get() < 0) return failed(path, "open", errno);
    if (caching == Caching::kDirect) {
      // Set afterwards: open() with O_DIRECT creates the file before it finds that the filesystem refuses the
      // flag.
      const int flags = ::fcntl(descriptor.get(), F_GETFL);
      if (flags < 0) return failed(path, "fcntl", errno);
      if (::fcntl(descriptor.get(), F_SETFL, flags | O_DIRECT) != 0) {
        if (errno != EINVAL) return failed(path, "fcntl", errno);
        caching = Caching::kBuffered;
      }
    }
    return std::make_unique<RealFile>(path, std::move(descriptor), caching);
  }

  Result<void> rename(const Path& from, const Path& to) override {
    TRY(require_whole(from));
    TRY(require_whole(to));
    if (::rename(from.c_str(), to.c_str()) != 0) return failed(from, to, "rename", errno);
    return {};
  }

  Result<void> link(const Path& from, const Path& to) override {
    TRY(require_whole(from));
    TRY(require_whole(to));
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    // EPERM: no hard links on this filesystem, or not to a file of another owner. Either way a copy would do.
    return failed(from, to, "link", errno == EPERM || errno == EMLINK ? EXDEV : errno);
  }

  Result<void> remove(const Path& path) override {
    TRY(require_whole(path));
    if (std::remove(path.c_str()) != 0) return failed(path, "remove", errno);
    return {};
  }

  Result<void> make_directory(const Path& path) override {
    TRY(require_whole(path));
    if (::mkdir(path.c_str(), kDirectoryMode) == 0) return {};
    const int error_number = errno;
    struct ::stat status;
    if (error_number == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return failed(path, "mkdir", error_number);
  }

  Result<void> sync_directory(const Path& path) override {
    TRY(require_whole(path));
    const Descriptor directory(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (directory.get() < 0) return failed(path, "open", errno);
    if (::fsync(directory.get()) != 0) return failed(path, "fsync", errno);
    return {};
  }

  Result<std::vector<std::string>> list(const Path& directory) override {
    TRY(require_whole(directory));
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
    if (!stream) return failed(directory, "opendir", errno);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (!entry) {
        if (errno != 0) return failed(directory, "readdir", errno);
        break;
      }
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<Stat> stat(const Path& path) override {
    TRY(require_whole(path));
    struct ::stat status;
    if (::stat(path.c_str(), &status) != 0) return failed(path, "stat", errno);
    Stat out;
    out.bytes = static_cast<std::uint64_t>(status.st_size);
    out.is_directory = S_ISDIR(status.st_mode);
    out.modified_us = status.st_mtim.tv_sec * 1'000'000 + status.st_mtim.tv_nsec / 1'000;
    out.device = status.st_dev;
    out.inode = status.st_ino;
    return out;
  }

  Result<std::uint64_t> free_bytes(const Path& path) override {
    TRY(require_whole(path));
    struct ::statvfs status;
    if (uninterrupted([&] { return ::statvfs(path.c_str(), &status); }) != 0) return failed(path, "statvfs", errno);
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  }

  Result<std::uint64_t> free_files(const Path& path) override {
    TRY(require_whole(path));
    struct ::statvfs status;
    if (uninterrupted([&] { return ::statvfs(path.c_str(), &status); }) != 0) return failed(path, "statvfs", errno);
    if (status.f_files == 0) return std::numeric_limits<std::uint64_t>::max();  // Btrfs, for one, counts none
    return static_cast<std::uint64_t>(status.f_favail);
  }

  Result<void> copy_range(File& from, std::uint64_t from_offset, File& to, std::uint64_t to_offset,
                          std::uint64_t bytes) override {
    const int in = from.descriptor();
    const int out = to.descriptor();
    CHECK(in >= 0 && out >= 0);
    if (bytes == 0) return {};  // to FICLONERANGE a length of 0 means everything
    if (!share_blocks(in, from_offset, out, to_offset, bytes).error_number) return {};
    const Copied copied = copy_in_kernel(in, from_offset, out, to_offset, bytes);
    if (copied.error_number == 0) return {};
    const Path names = fmt::format("{} -> {}", in, out);
    if (!is_refusal(copied.error_number)) return failed(names, "copy_file_range", copied.error_number);
    return copy_by_hand(from, from_offset + copied.bytes, to, to_offset + copied.bytes, bytes - copied.bytes);
  }

 private:
  static Result<void> copy_by_hand(File& from, std::uint64_t from_offset, File& to, std::uint64_t to_offset,
                                   std::uint64_t bytes) {
    const std::unique_ptr<std::uint8_t, void (*)(void*)> buffer(
        static_cast<std::uint8_t*>(std::aligned_alloc(kDirectAlignmentBytes, kCopyBufferBytes)), &std::free);
    CHECK(buffer != nullptr);
    for (std::uint64_t done = 0; done < bytes;) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(kCopyBufferBytes, bytes - done));
      const std::size_t n = TRY(from.read_at(from_offset + done, {buffer.get(), want}));
      if (n != want) {
        return fail(
            Code::kInternal, "The file ends before the range to be copied does.",
            fmt::format("descriptor {}: offset {}, {} of {} bytes", from.descriptor(), from_offset + done, n, want));
      }
      TRY(to.write_at(to_offset + done, {buffer.get(), n}));
      done += n;
    }
    return {};
  }
};

// The directory that names `path`; "." for a bare name.
Path parent_of(const Path& path) {
  Path parent = path.parent_path();
  return parent.empty() ? Path(".") : parent;
}

// A synced file beside `path` that nobody else has a name for.
Result<Path> write_temporary(Disk& disk, const Path& path, ByteView bytes) {
  static std::atomic<std::uint64_t> counter = 0;
  for (;;) {
    const Path temporary =
        parent_of(path) / fmt::format(".{}.{}-{}.tmp", path.filename().native(), ::getpid(), counter++);
    auto file = disk.open(temporary, OpenMode::kCreate);
    if (!file) {
      // Left by a process that had our number before; the counter only goes up, so this ends.
      if (file.error().code() == Code::kConflict) continue;
      return fail(std::move(file).error());
    }
    Result<void> written = (*file)->write_at(0, bytes);
    if (written) written = (*file)->sync_data();
    if (!written) {
      static_cast<void>(disk.remove(temporary));  // the first failure is the one to report
      return fail(std::move(written).error());
    }
    return temporary;
  }
}

}  // namespace

Error system_error(const Path& path, std::string_view call, int error_number) {
  const auto error = [&](Code code, const char* message) {
    return Error{&generic_problem(code), message,
                 fmt::format("{}: {}: {}", path.native(), call, std::system_category().message(error_number))};
  };
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return error(Code::kNotFound, "There is no such file or directory.");
    case EEXIST:
    case ENOTEMPTY:
      return error(Code::kConflict, "The name is taken or the directory is not empty.");
    case ENOSPC:
    case EDQUOT:
      return error(Code::kFull, "There is no space left on the disk.");
    case EXDEV:
    case EOPNOTSUPP:
    case ENOSYS:
      return error(Code::kUnsupported, "The filesystem cannot do this.");
    case EINVAL:
    case EROFS:
      // What Linux says of a file or directory that cannot be synced at all.
      if (call == "fsync" || call == "fdatasync") {
        return error(Code::kUnsupported, "The filesystem cannot make this durable.");
      }
      break;
    default:
      break;
  }
  return error(Code::kInternal, "The operating system refused a file operation.");
}

std::unique_ptr<Disk> real_disk() {
  return std::make_unique<RealDisk>();
}

Result<void> make_directories(Disk& disk, const Path& path) {
  Path existing = path.lexically_normal();
  if (!existing.has_filename()) existing = parent_of(existing);  // "a/" is "a"
  std::vector<Path> missing;
  for (;;) {
    const auto stat = disk.stat(existing);
    if (stat) {
      if (!stat->is_directory) return failed(existing, "mkdir", EEXIST);
      break;
    }
    if (stat.error().code() != Code::kNotFound) return fail(stat.error());
    missing.push_back(existing);
    const Path parent = parent_of(existing);
    if (parent == existing) return fail(stat.error());
    existing = parent;
  }
  // Nothing is made below a directory before its own name is durable, so one step up is enough.
  if (existing.has_filename() && existing != "." && existing != "..") TRY(disk.sync_directory(parent_of(existing)));
  std::reverse(missing.begin(), missing.end());
  for (const Path& directory : missing) {
    TRY(disk.make_directory(directory));
    TRY(disk.sync_directory(parent_of(directory)));
  }
  return {};
}

Result<void> write_new_file(Disk& disk, const Path& path, ByteView bytes) {
  const Path temporary = TRY(write_temporary(disk, path, bytes));
  Result<void> named = disk.link(temporary, path);
  if (named) named = disk.sync_directory(parent_of(path));
  static_cast<void>(disk.remove(temporary));  // left behind it is only clutter
  return named;
}

Result<void> replace_file(Disk& disk, const Path& path, ByteView bytes) {
  const Path temporary = TRY(write_temporary(disk, path, bytes));
  if (auto renamed = disk.rename(temporary, path); !renamed) {
    static_cast<void>(disk.remove(temporary));  // left behind it is only clutter
    return renamed;
  }
  return disk.sync_directory(parent_of(path));
}

Result<Bytes> read_file(Disk& disk, const Path& path, std::size_t bytes_max) {
  const auto file = TRY(disk.open(path, OpenMode::kRead));
  const std::uint64_t bytes = TRY(file->size());
  if (bytes > bytes_max) {
    return fail(Code::kTooLarge, "The file is larger than it may be.",
                fmt::format("{}: {} bytes, at most {}", path.native(), bytes, bytes_max));
  }
  Bytes out(static_cast<std::size_t>(bytes));
  out.resize(TRY(file->read_at(0, out)));
  return out;
}

Result<FileLock> FileLock::acquire(File& file) {
  return lock(file, LOCK_EX | LOCK_NB);
}

Result<FileLock> FileLock::share(File& file) {
  return lock(file, LOCK_SH | LOCK_NB);
}

Result<FileLock> FileLock::wait(File& file) {
  return lock(file, LOCK_EX);
}

Result<FileLock> FileLock::lock(File& file, int operation) {
  if (file.descriptor() < 0) return FileLock(-1);
  // Its own descriptor of the same open file, so that the lock lives as long as this object.
  const int descriptor = ::fcntl(file.descriptor(), F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return failed(fmt::format("descriptor {}", file.descriptor()), "fcntl", errno);
  FileLock held(descriptor);
  if (uninterrupted([&] { return ::flock(descriptor, operation); }) != 0) {
    const int error_number = errno;
    // Closing is enough: unlocking would take the lock from another FileLock over the same open file.
    ::close(std::exchange(held.descriptor_, -1));
    if (error_number == EWOULDBLOCK) return fail(Code::kBusy, "Somebody else holds the lock on this file.");
    return failed(fmt::format("descriptor {}", file.descriptor()), "flock", error_number);
  }
  return held;
}

FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  ::flock(descriptor_, LOCK_UN);  // closing alone would not do while `file` or a child shares the open file
  ::close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

}  // namespace lapel::os
