// SPDX-License-Identifier: Apache-2.0
#include "bucket/memory_bucket.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "os/worker.h"

namespace lapel::bucket {
namespace {

class MemoryObject final : public Object {
 public:
  explicit MemoryObject(Bytes content) : content_(std::move(content)) {}

  std::uint64_t bytes() const override { return content_.size(); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) override {
    if (offset >= content_.size()) return 0;
    const auto start = static_cast<std::size_t>(offset);
    const std::size_t n = std::min(out.size(), content_.size() - start);
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(start), n, out.begin());
    return n;
  }
  std::shared_ptr<os::File> file() override { return nullptr; }
  const Bytes& content() const { return content_; }

 private:
  const Bytes content_;
};

class MemoryBucket final : public Bucket {
 public:
  Result<void> put(std::string_view name, ByteView bytes) override {
    TRY(check_name(name));
    return insert(name, Bytes(bytes.begin(), bytes.end()));
  }

  Result<void> put_file(std::string_view name, const FileSource& source) override {
    TRY(check_name(name));
    const auto disk = os::real_disk();
    Bytes content = TRY(os::read_file(*disk, source.path, std::numeric_limits<std::size_t>::max()));
    if (content.size() != source.bytes) {
      return fail(Code::kInvalid, "The file is not of the size given.",
                  fmt::format("{}: {} bytes, not {}", source.path.native(), content.size(), source.bytes));
    }
    return insert(name, std::move(content));
  }

  Result<std::shared_ptr<Object>> open(std::string_view name) override { return TRY(find(name)); }

  Result<ObjectStat> stat(std::string_view name) override { return ObjectStat{TRY(find(name))->bytes()}; }

  Result<void> remove(std::string_view name) override {
    TRY(check_name(name));
    const os::MutexLock lock(mutex_);
    if (const auto found = objects_.find(name); found != objects_.end()) objects_.erase(found);
    return {};
  }

  Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    TRY(check_prefix(prefix));
    std::vector<std::string> names;
    const os::MutexLock lock(mutex_);
    auto at = after > prefix ? objects_.upper_bound(after) : objects_.lower_bound(prefix);
    for (; at != objects_.end() && names.size() < limit && at->first.starts_with(prefix); ++at) {
      names.push_back(at->first);
    }
    return names;
  }

 private:
  Result<void> insert(std::string_view name, Bytes content) {
    const os::MutexLock lock(mutex_);
    if (const auto found = objects_.find(name); found != objects_.end()) {
      if (found->second->content() == content) return {};
      return fail(Code::kConflict, "The name is taken by other bytes.", std::string(name));
    }
    const std::string as_folder = std::string(name) + '/';
    const auto below = objects_.lower_bound(as_folder);
    bool taken = below != objects_.end() && below->first.starts_with(as_folder);
    for (std::size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/', slash + 1)) {
      taken = taken || objects_.contains(name.substr(0, slash));
    }
    if (taken) return fail(Code::kConflict, "The name continues another, or another continues it.", std::string(name));
    objects_.emplace(name, std::make_shared<MemoryObject>(std::move(content)));
    return {};
  }

  Result<std::shared_ptr<MemoryObject>> find(std::string_view name) {
    TRY(check_name(name));
    const os::MutexLock lock(mutex_);
    const auto found = objects_.find(name);
    if (found == objects_.end()) return fail(Code::kNotFound, "There is no such object.", std::string(name));
    return found->second;
  }

  os::Mutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryObject>, std::less<>> objects_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Bucket> memory_bucket() {
  return std::make_unique<MemoryBucket>();
}

}  // namespace lapel::bucket
