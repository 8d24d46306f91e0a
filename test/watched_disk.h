// SPDX-License-Identifier: Apache-2.0
#pragma once
// The real disk, with something that happens just before a call, of the test's own thread or of another: what another server or
// program does between two steps of the one that is looked at.
//
// Owns: what is to happen, once.
// Promises: calls of the threads that nothing is set for pass through.
// Fails with: what the disk below fails with; copies when told to refuse.
// Threads: what is to happen is set by the thread that made it; for other threads, while only one of them opens files.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "os/disk.h"

namespace lapel::test {

class WatchedDisk final : public os::Disk {
 public:
  std::function<void()> before_stat, before_open;  // once
  std::function<void()> before_others_open;        // once, of another thread; set while no sealer is at work
  std::atomic<bool> refuses_copies = false;

  Result<std::unique_ptr<os::File>> open(const os::Path& path, os::OpenMode mode, os::Caching caching) override {
    if (std::this_thread::get_id() == thread_) {
      happen(before_open);
    } else if (before_others_open) {
      std::exchange(before_others_open, nullptr)();
    }
    return real_->open(path, mode, caching);
  }
  Result<void> rename(const os::Path& from, const os::Path& to) override { return real_->rename(from, to); }
  Result<void> link(const os::Path& from, const os::Path& to) override { return real_->link(from, to); }
  Result<void> remove(const os::Path& path) override { return real_->remove(path); }
  Result<void> make_directory(const os::Path& path) override { return real_->make_directory(path); }
  Result<void> sync_directory(const os::Path& path) override { return real_->sync_directory(path); }
  Result<std::vector<std::string>> list(const os::Path& directory) override { return real_->list(directory); }
  Result<os::Stat> stat(const os::Path& path) override {
    happen(before_stat);
    return real_->stat(path);
  }
  Result<std::uint64_t> free_bytes(const os::Path& path) override { return real_->free_bytes(path); }
  Result<std::uint64_t> free_files(const os::Path& path) override { return real_->free_files(path); }
  Result<void> copy_range(os::File& from, std::uint64_t from_offset, os::File& to, std::uint64_t to_offset,
                          std::uint64_t bytes) override {
    if (refuses_copies) return fail(Code::kInternal, "This disk copies nothing");
    return real_->copy_range(from, from_offset, to, to_offset, bytes);
  }

 private:
  void happen(std::function<void()>& what) {
    if (std::this_thread::get_id() != thread_ || !what) return;
    std::exchange(what, nullptr)();
  }
  const std::thread::id thread_ = std::this_thread::get_id();
  const std::unique_ptr<os::Disk> real_ = os::real_disk();
};

}  // namespace lapel::test
