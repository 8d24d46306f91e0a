// SPDX-License-Identifier: Apache-2.0
#include "lapel/export_source.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "os/disk.h"

namespace lapel::door {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  int get() const { return value_; }

 private:
  int value_;
};

tl::unexpected<Error> failed(const std::string& path, std::string_view call, int error_number) {
  return tl::unexpected<Error>(os::system_error(printable(path), call, error_number));
}

class Folder final : public ExportSource {
 public:
  Folder(Descriptor root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}

  Result<void> each(const std::function<Result<void>(const ExportEntry&)>& step) override {
    const int at = ::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) return failed(path_, "open", errno);
    return walk(at, {}, 0, step);
  }

  Result<http::BodySource> file(const std::string& path, std::uint64_t bytes) override {
    Descriptor at(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::size_t begin = 0;
    for (std::size_t slash; at.get() >= 0 && (slash = path.find('/', begin)) != std::string::npos; begin = slash + 1) {
      at = Descriptor(::openat(at.get(), path.substr(begin, slash - begin).c_str(),
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    if (at.get() < 0) return failed(path, "open", errno);
    // O_NONBLOCK: a pipe put in the file's place must not hold us.
    auto opened = std::make_shared<Descriptor>(
        ::openat(at.get(), path.substr(begin).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (opened->get() < 0) return failed(path, "open", errno);
    struct ::stat status;
    if (::fstat(opened->get(), &status) != 0) return failed(path, "fstat", errno);
    if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) != bytes)
      return fail(Code::kConflict, "The file has changed since the folder was listed", printable(path));
    return http::BodySource{
        bytes, [opened, path](std::uint64_t offset, std::span<std::uint8_t> out) -> Result<std::size_t> {
          for (;;) {
            const ssize_t count = ::pread(opened->get(), out.data(), out.size(), static_cast<off_t>(offset));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return failed(path, "pread", errno);
            return static_cast<std::size_t>(count);
          }
        }};
  }

 private:
  // Takes the descriptor. Directories stay open only along the present path.
  Result<void> walk(int directory, const std::string& prefix, int depth,
                    const std::function<Result<void>(const ExportEntry&)>& step) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory), &::closedir);
    if (!stream) {
      ::close(directory);
      return failed(prefix, "fdopendir", errno);
    }
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (!entry && errno != 0) return failed(prefix, "readdir", errno);
      if (!entry) break;
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    std::ranges::sort(names);
    for (const std::string& name : names) {
      const std::string path = prefix.empty() ? name : prefix + "/" + name;
      struct ::stat status;
      if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return failed(path, "fstatat", errno);
      if (S_ISDIR(status.st_mode) && depth < kExportDepthMax) {
        const int below = ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0) return failed(path, "open", errno);
        TRY(walk(below, path, depth + 1, step));
        continue;
      }
      ExportEntry entry{path, 0, {}};
      if (S_ISREG(status.st_mode)) {
        entry.bytes = static_cast<std::uint64_t>(status.st_size);
      } else if (S_ISLNK(status.st_mode)) {
        entry.trouble = "It is a symbolic link: what it points to may lie outside of the export";
      } else if (S_ISDIR(status.st_mode)) {
        entry.trouble = fmt::format("It is a folder over {} folders deep", kExportDepthMax);
      } else {
        entry.trouble = "It is no file";
      }
      TRY(step(entry));
    }
    return {};
  }

  const Descriptor root_;
  const std::string path_;
};

}  // namespace

Result<std::unique_ptr<ExportSource>> ExportSource::open(const std::string& path) {
  struct ::stat status;
  if (::stat(path.c_str(), &status) != 0) return failed(path, "stat", errno);
  if (S_ISREG(status.st_mode)) return open_zip_source(path);
  Descriptor root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0) return failed(path, "open", errno);
  return std::make_unique<Folder>(std::move(root), path);
}

}  // namespace lapel::door
