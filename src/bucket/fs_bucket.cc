// SPDX-License-Identifier: Apache-2.0
#include "bucket/fs_bucket.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <limits>
#include <set>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/problems.h"
#include "os/worker.h"

namespace lapel::bucket {
namespace {

constexpr std::size_t kCompareBytes = 1 << 20;
// Directories remembered as durable; when there are more, all are forgotten and synced once again.
constexpr std::size_t kKnownDirectoriesMax = 1 << 16;

class FsObject final : public Object {
 public:
  FsObject(std::string name, std::shared_ptr<os::File> file, std::uint64_t bytes)
      : name_(std::move(name)), file_(std::move(file)), bytes_(bytes) {}

  std::uint64_t bytes() const override { return bytes_; }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) override {
    const std::uint64_t left = offset < bytes_ ? bytes_ - offset : 0;
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
    const std::size_t n = TRY(file_->read_at(offset, out.first(want)));
    if (n != want) {
      return fail(problems::kObjectDamaged, "The object ends too early.",
                  fmt::format("{}: offset {}, {} of {} bytes", name_, offset, n, want));
    }
    return n;
  }

  std::shared_ptr<os::File> file() override { return file_; }

 private:
  const std::string name_;
  const std::shared_ptr<os::File> file_;
  const std::uint64_t bytes_;
};

// The walk up from an object's name ends where a directory equals the root.
os::Path without_last_slash(const os::Path& path) {
  return path.has_filename() ? path : path.parent_path();
}

class FsBucket final : public Bucket {
 public:
  FsBucket(os::Disk& disk, const os::Path& root)
      : disk_(disk), root_(without_last_slash(root.lexically_normal())), temporaries_(root_ / ".tmp") {}

  Result<void> prepare() {
    TRY(os::make_directories(disk_, root_));
    TRY(os::make_directories(disk_, temporaries_));
    for (const std::string& leftover : TRY(disk_.list(temporaries_))) {
      if (!is_of_living_process(leftover)) TRY(disk_.remove(temporaries_ / leftover));
    }
    return {};
  }

  Result<void> put(std::string_view name, ByteView bytes) override {
    TRY(check_writable(name));
    const os::Path temporary = next_temporary();
    Result<void> done = write(temporary, bytes);
    if (done) done = publish(temporary, name);
    discard(temporary);
    return done;
  }

  Result<void> put_file(std::string_view name, const FileSource& source) override {
    TRY(check_writable(name));
    const os::Path temporary = next_temporary();
    Result<void> done = stage(temporary, source);
    if (done) done = publish(temporary, name);
    discard(temporary);
    return done;
  }

  Result<std::shared_ptr<Object>> open(std::string_view name) override {
    TRY(stat(name));  // refuses what is no object: a directory opens too
    std::shared_ptr<os::File> file = TRY(disk_.open(path_of(name), os::OpenMode::kRead));
    const std::uint64_t bytes = TRY(file->size());
    return std::make_shared<FsObject>(std::string(name), std::move(file), bytes);
  }

  Result<ObjectStat> stat(std::string_view name) override {
    TRY(check_name(name));
    const os::Stat stat = TRY(disk_.stat(path_of(name)));
    if (stat.is_directory) return fail(Code::kNotFound, "There is no such object.", std::string(name));
    return ObjectStat{stat.bytes};
  }

  Result<void> remove(std::string_view name) override {
    TRY(check_writable(name));
    const os::Path path = path_of(name);
    const auto found = stat(name);
    if (!found && found.error().code() != Code::kNotFound) return fail(found.error());
    if (found) {
      const auto removed = disk_.remove(path);
      if (!removed && removed.error().code() != Code::kNotFound) return removed;
    }
    // Also when nothing was there: whoever removed it may have been killed before this line.
    const auto parent = disk_.stat(path.parent_path());
    if (!parent) return parent.error().code() == Code::kNotFound ? Result<void>() : fail(parent.error());
    return parent->is_directory ? sync_directory(path.parent_path()) : Result<void>();
  }

  Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    TRY(check_prefix(prefix));
    std::vector<std::string> names;
    TRY(list_into(std::string(prefix), after, limit, names));
    return names;
  }

 private:
  Result<void> check_writable(std::string_view name) const {
    if (stopped_) return fail(problems::kStoreStopped, "The store stopped after a failed sync.", root_.native());
    return check_name(name);
  }

  os::Path path_of(std::string_view name) const { return root_ / name; }
  // "<process>-<number>". The command line opens the bucket of a running server: what that is writing must stay.
  static bool is_of_living_process(std::string_view name) {
    const auto process = parse_decimal(name.substr(0, name.find('-')));
    if (!process || *process == 0 || *process > std::numeric_limits<pid_t>::max()) return false;
    const auto pid = static_cast<pid_t>(*process);
    return pid != ::getpid() && (::kill(pid, 0) == 0 || errno == EPERM);
  }
  os::Path next_temporary() const {
    static std::atomic<std::uint64_t> counter = 0;
    return temporaries_ / fmt::format("{}-{}", ::getpid(), counter++);
  }

  // Every sync of this bucket goes through here: after one that failed nobody knows what is on the disk.
  Result<void> synced(Result<void> result) {
    if (!result) stopped_ = true;
    return result;
  }
  Result<void> sync_directory(const os::Path& path) { return synced(disk_.sync_directory(path)); }

  // What stays behind is removed when the bucket is next opened; the outcome of the put is the news.
  void discard(const os::Path& temporary) { static_cast<void>(disk_.remove(temporary)); }

  Result<void> write(const os::Path& temporary, ByteView bytes) {
    const auto file = TRY(disk_.open(temporary, os::OpenMode::kCreate));
    TRY(file->write_at(0, bytes));
    TRY(file->make_read_only());
    return synced(file->sync_data());
  }

  // A temporary with the content of `source`: the same file where a link can do it, else a synced copy.
  Result<void> stage(const os::Path& temporary, const FileSource& source) {
    const auto linked = disk_.link(source.path, temporary);
    if (linked) {
      const auto file = TRY(disk_.open(temporary, os::OpenMode::kRead));
      TRY(check_size(*file, source));
      return file->make_read_only();
    }
    if (linked.error().code() != Code::kUnsupported) return linked;
    const auto from = TRY(disk_.open(source.path, os::OpenMode::kRead));
    TRY(check_size(*from, source));
    const auto to = TRY(disk_.open(temporary, os::OpenMode::kCreate));
    TRY(disk_.copy_range(*from, 0, *to, 0, source.bytes));
    TRY(to->make_read_only());
    return synced(to->sync_data());
  }

  static Result<void> check_size(os::File& file, const FileSource& source) {
    const std::uint64_t bytes = TRY(file.size());
    if (bytes == source.bytes) return {};
    return fail(Code::kInvalid, "The file is not of the size given.",
                fmt::format("{}: {} bytes, not {}", source.path.native(), bytes, source.bytes));
  }

  // Gives the synced temporary its name, once and for all.
  Result<void> publish(const os::Path& temporary, std::string_view name) {
    const os::Path path = path_of(name);
    TRY(make_durable(path.parent_path()));
    if (const auto linked = disk_.link(temporary, path); !linked) {
      if (linked.error().code() != Code::kConflict) return linked;
      if (!TRY(same_content(temporary, path))) {
        return fail(Code::kConflict, "The name is taken by other bytes.", std::string(name));
      }
      // Who linked it may have been killed before syncing its directory.
    }
    return sync_directory(path.parent_path());
  }

  // The directory and all above it up to the root exist and survive a power cut. Unlike os::make_directories
  // this tells a failed sync, which stops the bucket, from a directory that cannot be made, which does not.
  Result<void> make_durable(const os::Path& directory) {
    if (directory == root_) return {};
    {
      const os::MutexLock lock(mutex_);
      if (durable_directories_.contains(directory.native())) return {};
    }
    const os::Path parent = directory.parent_path();
    TRY(make_durable(parent));
    TRY(disk_.make_directory(directory));
    TRY(sync_directory(parent));
    const os::MutexLock lock(mutex_);
    if (durable_directories_.size() >= kKnownDirectoriesMax) durable_directories_.clear();
    durable_directories_.insert(directory.native());
    return {};
  }

  Result<bool> same_content(const os::Path& ours, const os::Path& theirs) {
    const os::Stat our_stat = TRY(disk_.stat(ours));
    const os::Stat their_stat = TRY(disk_.stat(theirs));
    if (their_stat.is_directory || our_stat.bytes != their_stat.bytes) return false;
    if (our_stat.device == their_stat.device && our_stat.inode == their_stat.inode) return true;
    const auto our_file = TRY(disk_.open(ours, os::OpenMode::kRead));
    const auto their_file = TRY(disk_.open(theirs, os::OpenMode::kRead));
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(kCompareBytes, our_stat.bytes));
    Bytes a(step), b(step);
    for (std::uint64_t offset = 0; offset < our_stat.bytes; offset += step) {
      const std::size_t n = TRY(our_file->read_at(offset, a));
      const std::size_t m = TRY(their_file->read_at(offset, b));
      if (n != m || !std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n), b.begin())) return false;
    }
    return true;
  }

  // Appends the names below `prefix`, in order, one directory in memory at a time for each level. Whether an
  // entry is a directory decides where it sorts ("a/b" comes after "a-b"), and is asked only of entries that
  // may be listed: one found to be a directory goes back among the others with its '/'.
  Result<void> list_into(const std::string& prefix, std::string_view after, std::size_t limit,
                         std::vector<std::string>& names) {
    auto entries = disk_.list(root_ / prefix);
    if (!entries && entries.error().code() != Code::kNotFound) return fail(std::move(entries).error());
    if (!entries) return {};
    std::set<std::string> waiting;
    for (const std::string& entry : *entries) {
      if (is_valid_name(entry)) waiting.insert(prefix + entry);
    }
    while (!waiting.empty() && names.size() < limit) {
      const std::string name = std::move(waiting.extract(waiting.begin()).value());
      const bool is_directory = name.back() == '/';
      const std::string as_directory = is_directory ? name : name + '/';
      const bool may_hold_more = as_directory > after || after.starts_with(as_directory);
      if (is_directory) {
        TRY(list_into(name, after, limit, names));
      } else if (name > after || may_hold_more) {
        const auto stat = disk_.stat(root_ / name);
        if (!stat && stat.error().code() == Code::kNotFound) continue;  // removed since
        if (!stat) return fail(stat.error());
        if (stat->is_directory) {
          if (may_hold_more) waiting.insert(as_directory);
        } else if (name > after && is_valid_name(name)) {
          names.push_back(name);
        }
      }
    }
    return {};
  }

  os::Disk& disk_;
  const os::Path root_;
  const os::Path temporaries_;
  std::atomic<bool> stopped_ = false;
  os::Mutex mutex_;
  std::unordered_set<std::string> durable_directories_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<Bucket>> open_fs_bucket(os::Disk& disk, const os::Path& root) {
  auto bucket = std::make_unique<FsBucket>(disk, root);
  TRY(bucket->prepare());
  return bucket;
}

}  // namespace lapel::bucket
