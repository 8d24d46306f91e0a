// SPDX-License-Identifier: Apache-2.0
#pragma once
// FaultyDisk: a disk that records what is done to it, fails when told to, and shows what a power cut leaves.
//
// Owns: a model of a filesystem (files, directories, hard links) and a trace of every recorded call. Either
//   the model is all there is (in memory), or each call is performed on a real directory as well, so that
//   SQLite, sendfile and whole servers run on it.
// Promises: after_power_cut() returns a state that a POSIX filesystem may come back with, and over many seeds
//   reaches the corners:
//   - what was synced before the cut is there: file bytes by sync_data(), a name by sync_directory(), each
//     without the other;
//   - of a file's other bytes each 512-byte sector may be there or not; the size may come without the data;
//   - of a directory's other changes any may be there or not, except that those of one name keep their order
//     and a rename happens whole or not at all;
//   - what a failed sync was to save is never saved by a later sync, as on Linux.
//   A directory's own name is an entry of its parent like any other.
// Fails with: what os/disk.h says, and whatever inject() ordered.
// Threads: any; calls happen one at a time, in the order of the trace.

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/disk.h"
#include "os/worker.h"

namespace lapel::test {

inline constexpr std::size_t kSectorBytes = 512;

enum class Op {
  kOpen,  // of a file that exists
  kCreate,
  kWrite,
  kTruncate,
  kSyncData,
  kMakeReadOnly,
  kLink,
  kRename,
  kRemove,
  kMakeDirectory,
  kSyncDirectory,
  kFound,  // not a call: something that appeared in the real directory by other hands, taken as durable
  // Never recorded, since nothing changes by them: they fail only where a fault names them.
  kRead,        // of a file's bytes or size, or of a directory's names
  kEnd,         // a read finds the end of its file, where there is more
  kDescriptor,  // what is given is the descriptor of no file
};

struct Fault {
  enum class Times { kOnce, kFromThenOn };

  std::optional<Op> op;    // none: any recorded call
  std::size_t nth = 1;     // 1 is the next such call
  int error_number = EIO;  // EIO or ENOSPC. A failed write still writes its first half.
  Times times = Times::kOnce;
};

class FaultyDisk final : public os::Disk {
 public:
  // In memory and empty: paths begin at "/", which exists.
  FaultyDisk();
  ~FaultyDisk() override;
  // Over the real directory `root`, whose present content counts as durable. Paths outside of it, compared as
  // text, go to `real` unrecorded. Holds a copy of everything in memory. `real` outlives it.
  static Result<std::unique_ptr<FaultyDisk>> over(os::Disk& real, const os::Path& root);

  // Calls that would fail anyway are neither counted nor recorded.
  void inject(const Fault& fault);
  void heal();  // no more faults
  // Whether a fault has come to pass.
  bool has_failed() const { return has_failed_; }
  // From now on a file that is opened kDirect wants whole blocks, as on a disk that grants it. Nobody else is opening.
  void grant_direct() { direct_bytes_ = os::kDirectAlignmentBytes; }
  // What free_files() says from now on; it does not go down by itself.
  void set_free_files(std::uint64_t count) { free_files_ = count; }

  // How many calls are recorded, failed ones included. A cut at position k falls after the first k of them.
  std::size_t position() const;
  Op op_at(std::size_t position) const;
  // "12 link /a -> /b", for the message of a failed test.
  std::string describe(std::size_t position) const;

  // A new disk in memory, with the same paths. Equal arguments give equal states.
  std::unique_ptr<FaultyDisk> after_power_cut(std::size_t position, std::uint64_t seed) const;
  // Copies the present state into a real directory, made when missing; hard links stay such.
  Result<void> write_to(const os::Path& real_directory) const;

  Result<std::unique_ptr<os::File>> open(const os::Path& path, os::OpenMode mode,
                                         os::Caching caching = os::Caching::kBuffered) override;
  Result<void> rename(const os::Path& from, const os::Path& to) override;
  Result<void> link(const os::Path& from, const os::Path& to) override;
  Result<void> remove(const os::Path& path) override;
  Result<void> make_directory(const os::Path& path) override;
  Result<void> sync_directory(const os::Path& path) override;
  Result<std::vector<std::string>> list(const os::Path& directory) override;
  Result<os::Stat> stat(const os::Path& path) override;
  Result<std::uint64_t> free_bytes(const os::Path& path) override;
  Result<std::uint64_t> free_files(const os::Path& path) override;
  Result<void> copy_range(os::File& from, std::uint64_t from_offset, os::File& to, std::uint64_t to_offset,
                          std::uint64_t bytes) override;

 private:
  class ModelFile;
  struct Replay;

  using NodeId = std::uint64_t;
  static constexpr NodeId kNothing = 0;
  static constexpr NodeId kRoot = 1;

  struct Node {
    bool is_directory = false;
    bool is_read_only = false;
    Bytes content;
    std::map<std::string, NodeId> entries;
    std::int64_t modified_us = 0;  // the position of the last change: a clock of its own
  };
  using Nodes = std::map<NodeId, Node>;

  // The entry `name` of `directory` becomes `node`, or goes away.
  struct EntryChange {
    NodeId directory = kNothing;
    std::string name;
    NodeId node = kNothing;
  };
  struct Record {
    Op op = Op::kOpen;
    std::string what;  // the paths, for people
    bool failed = false;
    NodeId node = kNothing;  // the file or directory it is about
    std::vector<EntryChange> changes;
    std::uint64_t offset = 0;  // of a write; the new size of a truncate
    Bytes data;                // of a write; of a file that was found
    bool found_directory = false;
  };
  struct Place {
    NodeId directory = kNothing;
    std::string name;
    NodeId node = kNothing;  // what the name means now
  };
  struct PendingFault {
    Fault fault;
    std::size_t left = 0;
  };

  static Node empty_directory();
  bool is_outside(const os::Path& path) const;
  // A disk in memory that was once over /a/b has nothing of /a, except that it was there.
  bool is_above(const os::Path& path) const;
  Result<Place> place_of(const os::Path& path, std::string_view call) LAPEL_REQUIRES(mutex_);
  Result<Place> existing(const os::Path& path, std::string_view call) LAPEL_REQUIRES(mutex_);
  Result<void> find_on_real_disk(NodeId directory, const std::string& name, const os::Path& path)
      LAPEL_REQUIRES(mutex_);
  int fault_for(Op op) LAPEL_REQUIRES(mutex_);
  // Of a call that is never recorded.
  Result<void> attempt_to_read(const os::Path& path, std::string_view call);
  // Counts the call; when a fault hits it, records and returns the failure.
  Result<void> attempt(Record& record, std::string_view call) LAPEL_REQUIRES(mutex_);
  void commit(Record record) LAPEL_REQUIRES(mutex_);
  NodeId add_node(Node node) LAPEL_REQUIRES(mutex_);

  mutable os::Mutex mutex_;
  std::atomic<std::uint64_t> free_files_ = std::uint64_t{1} << 20;
  std::atomic<bool> has_failed_ = false;
  os::Disk* const real_ = nullptr;
  const os::Path root_ = "/";
  std::size_t direct_bytes_ = 1;  // what a direct file wants multiples of
  Nodes start_;                   // what was durable before the first record; constant once constructed
  Nodes nodes_ LAPEL_GUARDED_BY(mutex_);
  NodeId next_node_ LAPEL_GUARDED_BY(mutex_) = kRoot + 1;
  std::vector<Record> trace_ LAPEL_GUARDED_BY(mutex_);
  std::vector<PendingFault> faults_ LAPEL_GUARDED_BY(mutex_);

  FaultyDisk(os::Disk* real, os::Path root, Nodes start);
};

}  // namespace lapel::test
