// SPDX-License-Identifier: Apache-2.0
#include "dock/camera.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "dock/item.h"

namespace lapel::dock {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;

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
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

tl::unexpected<Error> failed(const std::string& path, std::string_view call, int error_number) {
  return tl::unexpected<Error>(os::system_error(printable(path), call, error_number));
}

std::int64_t microseconds(const timespec& time) {
  return time.tv_sec * 1'000'000 + time.tv_nsec / 1'000;
}

Found found_of(std::string path, const struct ::stat& status) {
  return {std::move(path), static_cast<std::uint64_t>(status.st_size), microseconds(status.st_mtim),
          microseconds(status.st_ctim), status.st_ino};
}

tl::unexpected<Error> bad_camera_file(std::string_view why) {
  return fail(Code::kInvalid, fmt::format("{} {}", kCameraFile, why));
}

Error changed(const Found& found) {
  return {&generic_problem(Code::kConflict), "The file on the camera has changed", printable(found.path)};
}

// The directory that holds `path` and the name in it, without following a link on the way.
struct Place {
  Descriptor directory;
  std::string name;
};
Result<Place> place_of(int root, const std::string& path) {
  Descriptor at(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (at.get() < 0) return failed(path, "open", errno);
  std::size_t begin = 0;
  for (std::size_t slash; (slash = path.find('/', begin)) != std::string::npos; begin = slash + 1) {
    const std::string part = path.substr(begin, slash - begin);
    at = Descriptor(::openat(at.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (at.get() < 0) return failed(path, "open", errno);
  }
  return Place{std::move(at), path.substr(begin)};
}

// O_NONBLOCK: a pipe put in the file's place must not hold us.
constexpr int kReadFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

Result<Descriptor> open_found(const Place& place, const Found& found) {
  Descriptor file(::openat(place.directory.get(), place.name.c_str(), kReadFlags));
  if (file.get() < 0) {
    if (errno == ELOOP) return fail(changed(found));
    return failed(found.path, "open", errno);
  }
  struct ::stat status;
  if (::fstat(file.get(), &status) != 0) return failed(found.path, "fstat", errno);
  if (!S_ISREG(status.st_mode) || found_of(found.path, status) != found) return fail(changed(found));
  return file;
}

Result<void> read_all(int file, const Found& found, const Camera::Piece& piece) {
  Bytes buffer(kReadBytes);
  std::uint64_t done = 0;
  for (;;) {
    const ssize_t n = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(found.path, "pread", errno);
    if (n == 0) break;
    done += static_cast<std::uint64_t>(n);
    // A file that grows without end would fill the spool.
    if (done > found.bytes) return fail(changed(found));
    TRY(piece(ByteView(buffer).first(static_cast<std::size_t>(n))));
  }
  struct ::stat status;
  if (::fstat(file, &status) != 0) return failed(found.path, "fstat", errno);
  if (done != found.bytes || found_of(found.path, status) != found) return fail(changed(found));
  return {};
}

// One look, depth first. Directories stay open only along the present path: at most kDepthMax.
class Walk {
 public:
  Walk(Look& look, dev_t device) : look_(look), device_(device) {}

  void directory(Descriptor descriptor, const std::string& prefix, int depth) {
    const auto skip = [&](const std::string& path, std::string_view why) {
      look_.left_out.push_back(fmt::format("{}: {}", path.empty() ? "." : printable(path), why));
    };
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(descriptor.get()), &::closedir);
    if (!stream) return skip(prefix, "cannot be read");
    const int at = descriptor.release();  // the stream's now
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (!entry) {
        if (errno != 0) skip(prefix, "cannot be read to its end");
        return;
      }
      const std::string name = entry->d_name;
      if (name == "." || name == ".." || (prefix.empty() && name == kCameraFile)) continue;
      if (++entries_ > kFilesMax) {
        if (entries_ == kFilesMax + 1) skip(prefix, fmt::format("more than {} entries", kFilesMax));
        return;
      }
      const std::string path = prefix.empty() ? name : prefix + "/" + name;
      struct ::stat status;
      if (::fstatat(at, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) skip(path, "cannot be looked at");
        continue;
      }
      if (S_ISREG(status.st_mode)) {
        look_.files.push_back(found_of(path, status));
        continue;
      }
      // Links, pipes, sockets and devices are nothing that a camera records.
      if (!S_ISDIR(status.st_mode) || status.st_dev != device_) continue;
      if (depth == kDepthMax) {
        skip(path, fmt::format("deeper than {} directories", kDepthMax));
        continue;
      }
      Descriptor below(::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (below.get() < 0) {
        skip(path, "cannot be opened");
        continue;
      }
      directory(std::move(below), path, depth + 1);
    }
  }

 private:
  Look& look_;
  const dev_t device_;
  std::size_t entries_ = 0;
};

}  // namespace

Result<Camera> Camera::open(const os::Path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed(folder.native(), "open", errno);
  return Camera(descriptor);
}

Camera::~Camera() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
Camera::Camera(Camera&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Result<std::string> parse_camera_file(std::string_view text) {
  const auto json = parse_json(text, {kCameraFileBytesMax, 8});
  const std::string* serial = json ? json->find_string("serial") : nullptr;
  const bool is_good =
      serial && !serial->empty() && serial->size() <= limits::kFieldBytesMax && !has_control_characters(*serial);
  if (!is_good) return bad_camera_file("must be a JSON object with a \"serial\"");
  return *serial;
}

Look Camera::look() const {
  Look look;
  struct ::stat status;
  Descriptor root(::openat(descriptor_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0 || ::fstat(root.get(), &status) != 0) {
    look.left_out.push_back("the folder itself cannot be read");
    return look;
  }
  Walk(look, status.st_dev).directory(std::move(root), "", 0);
  std::sort(look.files.begin(), look.files.end());
  return look;
}

Result<std::optional<std::string>> Camera::serial() const {
  const Descriptor file(::openat(descriptor_, std::string(kCameraFile).c_str(), kReadFlags));
  if (file.get() < 0 && errno == ENOENT) return std::optional<std::string>();
  struct ::stat status;
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return bad_camera_file("cannot be read");
  std::string text(kCameraFileBytesMax + 1, '\0');
  const ssize_t n = ::pread(file.get(), text.data(), text.size(), 0);
  if (n < 0) return bad_camera_file("cannot be read");
  text.resize(static_cast<std::size_t>(n));
  return std::optional(TRY(parse_camera_file(text)));
}

Result<std::string> Camera::small_file(const std::string& path, std::size_t bytes_max) const {
  const Place place = TRY(place_of(descriptor_, path));
  const Descriptor file(::openat(place.directory.get(), place.name.c_str(), kReadFlags));
  struct ::stat status;
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return failed(path, "open", errno);
  if (!S_ISREG(status.st_mode)) return fail(Code::kInvalid, "This is no regular file", printable(path));
  std::string text(bytes_max, '\0');
  const ssize_t n = ::pread(file.get(), text.data(), text.size(), 0);
  if (n < 0) return failed(path, "pread", errno);
  text.resize(static_cast<std::size_t>(n));
  return text;
}

Camera::Times Camera::times() const {
  constexpr std::uint32_t kFat = 0x4d44, kExfat = 0x2011bab0;
  struct ::statfs about;
  if (::fstatfs(descriptor_, &about) != 0) return Times::kUnknown;
  const auto type = static_cast<std::uint32_t>(about.f_type);
  return type == kFat ? Times::kWall : type == kExfat ? Times::kUnknown : Times::kUtc;
}

Result<void> Camera::read(const Found& found, const Piece& piece) const {
  const Place place = TRY(place_of(descriptor_, found.path));
  const Descriptor file = TRY(open_found(place, found));
  return read_all(file.get(), found, piece);
}

Result<void> Camera::erase(const Found& found, const Digest& sha256, const Piece& piece) const {
  const Place place = TRY(place_of(descriptor_, found.path));
  const Descriptor file = TRY(open_found(place, found));
  crypto::Sha256 hash;
  TRY(read_all(file.get(), found, [&](ByteView bytes) -> Result<void> {
    hash.update(bytes);
    return piece(bytes);
  }));
  if (hash.finish() != sha256) return fail(changed(found));
  // The name must still mean the file that was read. What writes between here and unlink() writes to a file that
  // it will find gone: no kernel call removes a name only if it means a given inode.
  struct ::stat status;
  if (::fstatat(place.directory.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(found.path, "fstatat", errno);
  if (!S_ISREG(status.st_mode) || found_of(found.path, status) != found) return fail(changed(found));
  if (::unlinkat(place.directory.get(), place.name.c_str(), 0) != 0) return failed(found.path, "unlink", errno);
  if (::fsync(place.directory.get()) != 0) return failed(found.path, "fsync", errno);
  return {};
}

}  // namespace lapel::dock
