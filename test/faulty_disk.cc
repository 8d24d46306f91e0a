// SPDX-License-Identifier: Apache-2.0
#include "test/faulty_disk.h"

#include <algorithm>
#include <limits>
#include <random>
#include <set>

#include <fmt/format.h>

#include "base/check.h"

namespace lapel::test {
namespace {

constexpr std::size_t kCopyBytes = 1 << 20;
constexpr std::uint64_t kFreeBytes = std::uint64_t{1} << 40;

tl::unexpected<Error> failed(const os::Path& path, std::string_view call, int error_number) {
  return tl::unexpected<Error>(os::system_error(path, call, error_number));
}

std::string_view name_of(Op op) {
  switch (op) {
    case Op::kOpen:
      return "open";
    case Op::kCreate:
      return "create";
    case Op::kWrite:
      return "write";
    case Op::kTruncate:
      return "truncate";
    case Op::kSyncData:
      return "sync_data";
    case Op::kMakeReadOnly:
      return "make_read_only";
    case Op::kLink:
      return "link";
    case Op::kRename:
      return "rename";
    case Op::kRemove:
      return "remove";
    case Op::kMakeDirectory:
      return "make_directory";
    case Op::kSyncDirectory:
      return "sync_directory";
    case Op::kFound:
      return "found";
    case Op::kRead:
      return "read";
    case Op::kEnd:
      return "end";
    case Op::kDescriptor:
      return "descriptor";
  }
  return "";
}

void put_bytes(Bytes& content, std::uint64_t offset, ByteView bytes) {
  const auto start = static_cast<std::size_t>(offset);
  if (content.size() < start + bytes.size()) content.resize(start + bytes.size());
  std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(start));
}

bool is_below(const os::Path& path, const os::Path& directory) {
  const os::Path relative = path.lexically_normal().lexically_relative(directory.lexically_normal());
  return !relative.empty() && *relative.begin() != ".." && *relative.begin() != ".";
}

std::string arrow(const os::Path& from, const os::Path& to) {
  return from.native() + " -> " + to.native();
}

}  // namespace

class FaultyDisk::ModelFile final : public os::File {
 public:
  ModelFile(FaultyDisk& disk, os::Path path, NodeId node, os::OpenMode mode, std::size_t alignment,
            std::unique_ptr<os::File> real)
      : disk_(disk), path_(std::move(path)), node_(node), mode_(mode), alignment_(alignment), real_(std::move(real)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) override {
    TRY(disk_.attempt_to_read(path_, "pread"));
    const os::MutexLock lock(disk_.mutex_);
    if (disk_.fault_for(Op::kEnd) != 0) return 0;
    if (real_) return real_->read_at(offset, out);
    const Bytes& content = disk_.nodes_.at(node_).content;
    if (offset >= content.size()) return 0;
    const auto start = static_cast<std::size_t>(offset);
    const std::size_t n = std::min(out.size(), content.size() - start);
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(start), n, out.begin());
    return n;
  }

  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    if (mode_ == os::OpenMode::kRead) return failed(path_, "pwrite", EBADF);
    if (offset % alignment_ != 0 || bytes.size() % alignment_ != 0 ||
        reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment_ != 0) {
      return failed(path_, "pwrite", EINVAL);
    }
    const os::MutexLock lock(disk_.mutex_);
    Record record = about(Op::kWrite);
    record.offset = offset;
    if (const int error_number = disk_.fault_for(Op::kWrite)) {
      // How much of a failed write arrives is unknown: here, half.
      const ByteView half = bytes.first(bytes.size() / 2);
      if (real_) TRY(real_->write_at(offset, half));
      record.failed = true;
      record.data.assign(half.begin(), half.end());
      disk_.commit(std::move(record));
      return failed(path_, "pwrite", error_number);
    }
    if (real_) TRY(real_->write_at(offset, bytes));
    record.data.assign(bytes.begin(), bytes.end());
    disk_.commit(std::move(record));
    return {};
  }

  Result<void> sync_data() override {
    const os::MutexLock lock(disk_.mutex_);
    Record record = about(Op::kSyncData);
    TRY(disk_.attempt(record, "fdatasync"));
    if (real_) TRY(real_->sync_data());
    disk_.commit(std::move(record));
    return {};
  }

  Result<void> truncate(std::uint64_t bytes) override {
    if (mode_ == os::OpenMode::kRead) return failed(path_, "ftruncate", EINVAL);
    const os::MutexLock lock(disk_.mutex_);
    Record record = about(Op::kTruncate);
    record.offset = bytes;
    TRY(disk_.attempt(record, "ftruncate"));
    if (real_) TRY(real_->truncate(bytes));
    disk_.commit(std::move(record));
    return {};
  }

  Result<std::uint64_t> size() override {
    TRY(disk_.attempt_to_read(path_, "fstat"));
    if (real_) return real_->size();
    const os::MutexLock lock(disk_.mutex_);
    return disk_.nodes_.at(node_).content.size();
  }

  Result<void> make_read_only() override {
    const os::MutexLock lock(disk_.mutex_);
    Record record = about(Op::kMakeReadOnly);
    TRY(disk_.attempt(record, "fchmod"));
    if (real_) TRY(real_->make_read_only());
    disk_.commit(std::move(record));
    return {};
  }

  std::size_t alignment() const override { return alignment_; }
  int descriptor() const override {
    const os::MutexLock lock(disk_.mutex_);
    if (disk_.fault_for(Op::kDescriptor) != 0) return std::numeric_limits<int>::max();
    return real_ ? real_->descriptor() : -1;
  }

 private:
  Record about(Op op) const {
    Record record;
    record.op = op;
    record.what = path_.native();
    record.node = node_;
    return record;
  }

  FaultyDisk& disk_;
  const os::Path path_;
  const NodeId node_;
  const os::OpenMode mode_;
  const std::size_t alignment_;
  const std::unique_ptr<os::File> real_;
};

FaultyDisk::FaultyDisk() : FaultyDisk(nullptr, "/", {{kRoot, empty_directory()}}) {}
FaultyDisk::~FaultyDisk() = default;

FaultyDisk::FaultyDisk(os::Disk* real, os::Path root, Nodes start)
    : real_(real), root_(std::move(root)), start_(std::move(start)), nodes_(start_) {
  next_node_ = nodes_.rbegin()->first + 1;
}

Result<std::unique_ptr<FaultyDisk>> FaultyDisk::over(os::Disk& real, const os::Path& root) {
  Nodes start{{kRoot, empty_directory()}};
  std::map<std::uint64_t, NodeId> known;  // by inode: a second name of a file is a link
  std::vector<std::pair<NodeId, os::Path>> open_directories{{kRoot, root}};
  while (!open_directories.empty()) {
    const auto [directory, path] = std::move(open_directories.back());
    open_directories.pop_back();
    for (const std::string& name : TRY(real.list(path))) {
      const os::Stat stat = TRY(real.stat(path / name));
      const NodeId fresh = start.rbegin()->first + 1;
      const NodeId node = stat.is_directory ? fresh : known.try_emplace(stat.inode, fresh).first->second;
      start.at(directory).entries[name] = node;
      if (node != fresh) continue;
      Node& added = start[fresh];
      added.is_directory = stat.is_directory;
      if (stat.is_directory) {
        open_directories.emplace_back(fresh, path / name);
      } else {
        added.content = TRY(os::read_file(real, path / name, std::numeric_limits<std::size_t>::max()));
      }
    }
  }
  os::Path normal = root.lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  return std::unique_ptr<FaultyDisk>(new FaultyDisk(&real, std::move(normal), std::move(start)));
}

void FaultyDisk::inject(const Fault& fault) {
  CHECK(fault.nth >= 1);
  const os::MutexLock lock(mutex_);
  faults_.push_back({fault, fault.nth});
}

void FaultyDisk::heal() {
  const os::MutexLock lock(mutex_);
  faults_.clear();
}

std::size_t FaultyDisk::position() const {
  const os::MutexLock lock(mutex_);
  return trace_.size();
}

Op FaultyDisk::op_at(std::size_t position) const {
  const os::MutexLock lock(mutex_);
  return trace_.at(position).op;
}

std::string FaultyDisk::describe(std::size_t position) const {
  const os::MutexLock lock(mutex_);
  if (position >= trace_.size()) return fmt::format("{} (end)", position);
  const Record& record = trace_[position];
  return fmt::format("{} {} {}{}", position, name_of(record.op), record.what, record.failed ? " (failed)" : "");
}

FaultyDisk::Node FaultyDisk::empty_directory() {
  Node node;
  node.is_directory = true;
  return node;
}

// Names and lookups.

bool FaultyDisk::is_outside(const os::Path& path) const {
  if (!real_) return false;
  const os::Path relative = path.lexically_normal().lexically_relative(root_);
  return relative.empty() || *relative.begin() == "..";
}

bool FaultyDisk::is_above(const os::Path& path) const {
  return !real_ && is_below(root_, path);
}

Result<FaultyDisk::Place> FaultyDisk::place_of(const os::Path& path, std::string_view call) {
  const os::Path normal = path.lexically_normal();
  const os::Path relative = normal.is_absolute() ? normal.lexically_relative(root_) : normal;
  if (relative.empty()) return failed(path, call, ENOENT);
  Place place{kNothing, "", kRoot};
  os::Path so_far = root_;
  for (const os::Path& part : relative) {
    if (part == "." || part.empty()) continue;
    if (part == ".." || place.node == kNothing) return failed(path, call, ENOENT);
    if (!nodes_.at(place.node).is_directory) return failed(path, call, ENOTDIR);
    so_far /= part;
    place.directory = place.node;
    place.name = part.native();
    if (real_) TRY(find_on_real_disk(place.directory, place.name, so_far));
    const auto& entries = nodes_.at(place.directory).entries;
    const auto found = entries.find(place.name);
    place.node = found == entries.end() ? kNothing : found->second;
  }
  return place;
}

Result<FaultyDisk::Place> FaultyDisk::existing(const os::Path& path, std::string_view call) {
  Place place = TRY(place_of(path, call));
  if (place.node == kNothing) return failed(path, call, ENOENT);
  return place;
}

// A database or a child makes files, too. What it made is in the model from the first time it is asked for.
Result<void> FaultyDisk::find_on_real_disk(NodeId directory, const std::string& name, const os::Path& path) {
  if (!real_ || nodes_.at(directory).entries.contains(name)) return {};
  const auto stat = real_->stat(path);
  if (!stat) return stat.error().code() == Code::kNotFound ? Result<void>() : fail(stat.error());
  Record record;
  record.op = Op::kFound;
  record.what = path.native();
  Node node;
  node.is_directory = stat->is_directory;
  record.found_directory = stat->is_directory;
  if (!stat->is_directory) {
    node.content = TRY(os::read_file(*real_, path, std::numeric_limits<std::size_t>::max()));
    record.data = node.content;
  }
  record.node = add_node(std::move(node));
  record.changes = {{directory, name, record.node}};
  commit(std::move(record));
  return {};
}

FaultyDisk::NodeId FaultyDisk::add_node(Node node) {
  const NodeId id = next_node_++;
  nodes_.emplace(id, std::move(node));
  return id;
}

// The trace.

int FaultyDisk::fault_for(Op op) {
  int error_number = 0;
  for (PendingFault& pending : faults_) {
    const bool is_recorded = op != Op::kRead && op != Op::kEnd && op != Op::kDescriptor;
    if (pending.fault.op ? *pending.fault.op != op : !is_recorded) continue;
    if (pending.left > 1) {
      --pending.left;
    } else if (pending.left == 1) {
      error_number = pending.fault.error_number;
      if (pending.fault.times == Fault::Times::kOnce) pending.left = 0;
    }
  }
  if (error_number != 0) has_failed_ = true;
  return error_number;
}

Result<void> FaultyDisk::attempt_to_read(const os::Path& path, std::string_view call) {
  const os::MutexLock lock(mutex_);
  const int error_number = fault_for(Op::kRead);
  return error_number == 0 ? Result<void>() : failed(path, call, error_number);
}

Result<void> FaultyDisk::attempt(Record& record, std::string_view call) {
  const int error_number = fault_for(record.op);
  if (error_number == 0) return {};
  const os::Path what = record.what;
  record.failed = true;
  record.changes.clear();
  commit(std::move(record));
  return failed(what, call, error_number);
}

void FaultyDisk::commit(Record record) {
  const auto now = static_cast<std::int64_t>(trace_.size()) + 1;
  for (const EntryChange& change : record.changes) {
    Node& directory = nodes_.at(change.directory);
    directory.modified_us = now;
    if (change.node == kNothing) {
      directory.entries.erase(change.name);
    } else {
      directory.entries[change.name] = change.node;
    }
  }
  if (record.op == Op::kWrite) {
    put_bytes(nodes_.at(record.node).content, record.offset, record.data);
    nodes_.at(record.node).modified_us = now;
  } else if (record.op == Op::kTruncate && !record.failed) {
    nodes_.at(record.node).content.resize(static_cast<std::size_t>(record.offset));
    nodes_.at(record.node).modified_us = now;
  } else if (record.op == Op::kMakeReadOnly && !record.failed) {
    nodes_.at(record.node).is_read_only = true;
  }
  trace_.push_back(std::move(record));
}

// The calls. Each finds its way in the model first, so that only calls that can succeed are counted; then
// comes the fault, then the real disk, then the record. All under the lock, also over a real disk: the trace
// must have the order in which things happened there.

Result<std::unique_ptr<os::File>> FaultyDisk::open(const os::Path& path, os::OpenMode mode, os::Caching caching) {
  if (is_outside(path)) return real_->open(path, mode, caching);
  const os::MutexLock lock(mutex_);
  const Place place = TRY(place_of(path, "open"));
  Record record;
  record.what = path.native();
  if (place.node == kNothing) {
    if (mode == os::OpenMode::kRead || mode == os::OpenMode::kReadWrite) return failed(path, "open", ENOENT);
    record.op = Op::kCreate;
  } else {
    const Node& node = nodes_.at(place.node);
    if (mode == os::OpenMode::kCreate) return failed(path, "open", EEXIST);
    if (node.is_directory) return failed(path, "open", EISDIR);
    if (node.is_read_only && mode != os::OpenMode::kRead) return failed(path, "open", EACCES);
    record.op = Op::kOpen;
    record.node = place.node;
  }
  TRY(attempt(record, "open"));
  std::unique_ptr<os::File> real;
  if (real_) real = TRY(real_->open(path, mode, os::Caching::kBuffered));
  if (record.op == Op::kCreate) {
    record.node = add_node(Node{});
    record.changes = {{place.directory, place.name, record.node}};
  }
  const NodeId node = record.node;
  commit(std::move(record));
  const std::size_t alignment = caching == os::Caching::kDirect ? direct_bytes_ : 1;
  return std::make_unique<ModelFile>(*this, path, node, mode, alignment, std::move(real));
}

Result<void> FaultyDisk::rename(const os::Path& from, const os::Path& to) {
  if (is_outside(from) && is_outside(to)) return real_->rename(from, to);
  if (is_outside(from) || is_outside(to)) return failed(arrow(from, to), "rename", EXDEV);
  const os::MutexLock lock(mutex_);
  const Place source = TRY(existing(from, "rename"));
  const Place target = TRY(place_of(to, "rename"));
  if (source.directory == kNothing || target.directory == kNothing) return failed(arrow(from, to), "rename", EBUSY);
  const Node& moved = nodes_.at(source.node);
  if (moved.is_directory && is_below(to, from)) return failed(arrow(from, to), "rename", EINVAL);
  if (is_below(from, to)) return failed(arrow(from, to), "rename", ENOTEMPTY);
  if (target.node != kNothing && target.node != source.node) {
    const Node& replaced = nodes_.at(target.node);
    if (replaced.is_directory && !moved.is_directory) return failed(arrow(from, to), "rename", EISDIR);
    if (!replaced.is_directory && moved.is_directory) return failed(arrow(from, to), "rename", ENOTDIR);
    if (!replaced.entries.empty()) return failed(arrow(from, to), "rename", ENOTEMPTY);
  }
  Record record;
  record.op = Op::kRename;
  record.what = arrow(from, to);
  record.node = source.node;
  // Two names of one file: POSIX leaves both.
  if (target.node != source.node) {
    record.changes = {{source.directory, source.name, kNothing}, {target.directory, target.name, source.node}};
  }
  TRY(attempt(record, "rename"));
  if (real_) TRY(real_->rename(from, to));
  commit(std::move(record));
  return {};
}

Result<void> FaultyDisk::link(const os::Path& from, const os::Path& to) {
  if (is_outside(from) && is_outside(to)) return real_->link(from, to);
  if (is_outside(from) || is_outside(to)) return failed(arrow(from, to), "link", EXDEV);
  const os::MutexLock lock(mutex_);
  const Place source = TRY(existing(from, "link"));
  const Place target = TRY(place_of(to, "link"));
  if (target.node != kNothing) return failed(arrow(from, to), "link", EEXIST);
  if (nodes_.at(source.node).is_directory) return failed(arrow(from, to), "link", EXDEV);
  Record record;
  record.op = Op::kLink;
  record.what = arrow(from, to);
  record.node = source.node;
  record.changes = {{target.directory, target.name, source.node}};
  TRY(attempt(record, "link"));
  if (real_) TRY(real_->link(from, to));
  commit(std::move(record));
  return {};
}

Result<void> FaultyDisk::remove(const os::Path& path) {
  if (is_outside(path)) return real_->remove(path);
  const os::MutexLock lock(mutex_);
  const Place place = TRY(existing(path, "remove"));
  if (place.directory == kNothing) return failed(path, "remove", EBUSY);
  if (!nodes_.at(place.node).entries.empty()) return failed(path, "remove", ENOTEMPTY);
  Record record;
  record.op = Op::kRemove;
  record.what = path.native();
  record.node = place.node;
  record.changes = {{place.directory, place.name, kNothing}};
  TRY(attempt(record, "remove"));
  if (real_) TRY(real_->remove(path));
  commit(std::move(record));
  return {};
}

Result<void> FaultyDisk::make_directory(const os::Path& path) {
  if (is_outside(path)) return real_->make_directory(path);
  if (is_above(path)) return {};
  const os::MutexLock lock(mutex_);
  const Place place = TRY(place_of(path, "mkdir"));
  if (place.node != kNothing) {
    if (nodes_.at(place.node).is_directory) return {};
    return failed(path, "mkdir", EEXIST);
  }
  Record record;
  record.op = Op::kMakeDirectory;
  record.what = path.native();
  TRY(attempt(record, "mkdir"));
  if (real_) TRY(real_->make_directory(path));
  record.node = add_node(empty_directory());
  record.changes = {{place.directory, place.name, record.node}};
  commit(std::move(record));
  return {};
}

Result<void> FaultyDisk::sync_directory(const os::Path& path) {
  if (is_outside(path)) return real_->sync_directory(path);
  if (is_above(path)) return {};
  const os::MutexLock lock(mutex_);
  const Place place = TRY(existing(path, "open"));
  if (!nodes_.at(place.node).is_directory) return failed(path, "open", ENOTDIR);
  Record record;
  record.op = Op::kSyncDirectory;
  record.what = path.native();
  record.node = place.node;
  TRY(attempt(record, "fsync"));
  if (real_) TRY(real_->sync_directory(path));
  commit(std::move(record));
  return {};
}

Result<std::vector<std::string>> FaultyDisk::list(const os::Path& directory) {
  TRY(attempt_to_read(directory, "opendir"));
  if (real_) return real_->list(directory);
  const os::MutexLock lock(mutex_);
  const Node& node = nodes_.at(TRY(existing(directory, "opendir")).node);
  if (!node.is_directory) return failed(directory, "opendir", ENOTDIR);
  std::vector<std::string> names;
  for (const auto& [name, id] : node.entries) names.push_back(name);
  return names;
}

Result<os::Stat> FaultyDisk::stat(const os::Path& path) {
  if (real_) return real_->stat(path);
  os::Stat out;
  if (is_above(path)) {
    out.is_directory = true;
    return out;
  }
  const os::MutexLock lock(mutex_);
  const Place place = TRY(existing(path, "stat"));
  const Node& node = nodes_.at(place.node);
  out.bytes = node.content.size();
  out.is_directory = node.is_directory;
  out.modified_us = node.modified_us;
  out.inode = place.node;
  return out;
}

Result<std::uint64_t> FaultyDisk::free_bytes(const os::Path& path) {
  if (real_) return real_->free_bytes(path);
  TRY(stat(path));
  return kFreeBytes;
}

Result<std::uint64_t> FaultyDisk::free_files(const os::Path& path) {
  if (real_) return real_->free_files(path);
  TRY(stat(path));
  return free_files_.load();
}

// Always by reading and writing, so that the trace has the bytes.
Result<void> FaultyDisk::copy_range(os::File& from, std::uint64_t from_offset, os::File& to, std::uint64_t to_offset,
                                    std::uint64_t bytes) {
  Bytes buffer;
  for (std::uint64_t done = 0; done < bytes; done += buffer.size()) {
    buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kCopyBytes, bytes - done)));
    if (TRY(from.read_at(from_offset + done, buffer)) != buffer.size()) {
      return lapel::fail(Code::kInternal, "The file ends before the range to be copied does.");
    }
    TRY(to.write_at(to_offset + done, buffer));
  }
  return {};
}

// What a power cut leaves.

struct FaultyDisk::Replay {
  enum class Fate {
    kOpen,     // nothing said about it yet: a sync may still save it
    kDurable,  // synced
    kDoubtful  // a sync that was to save it failed: it may be there, and no later sync changes that
  };
  struct Step {
    const Record* record;
    Fate fate;
  };

  Nodes nodes;
  std::vector<Step> names;                   // changes of directories, in order
  std::map<NodeId, std::vector<Step>> data;  // writes and truncates of each file, in order
  std::set<NodeId> made_read_only;
  std::mt19937_64 random;

  bool coin() { return (random() & 1) != 0; }

  static void settle(std::vector<Step>& steps, const Record& sync, bool (*concerns)(const Record&, NodeId)) {
    for (Step& step : steps) {
      if (step.fate == Fate::kOpen && concerns(*step.record, sync.node)) {
        step.fate = sync.failed ? Fate::kDoubtful : Fate::kDurable;
      }
    }
  }

  void take(const Record& record) {
    switch (record.op) {
      case Op::kCreate:
      case Op::kMakeDirectory:
      case Op::kLink:
      case Op::kRename:
      case Op::kRemove:
      case Op::kFound: {
        if (record.failed) return;
        if (record.op == Op::kCreate || record.op == Op::kMakeDirectory || record.op == Op::kFound) {
          Node& node = nodes[record.node];
          node.is_directory = record.op == Op::kMakeDirectory || record.found_directory;
          node.content = record.data;
        }
        names.push_back({&record, record.op == Op::kFound ? Fate::kDurable : Fate::kOpen});
        return;
      }
      case Op::kWrite:
        data[record.node].push_back({&record, Fate::kOpen});
        return;
      case Op::kTruncate:
        if (!record.failed) data[record.node].push_back({&record, Fate::kOpen});
        return;
      case Op::kSyncData:
        settle(data[record.node], record, [](const Record&, NodeId) { return true; });
        return;
      case Op::kSyncDirectory:
        settle(names, record, [](const Record& change, NodeId directory) {
          return std::any_of(change.changes.begin(), change.changes.end(),
                             [&](const EntryChange& c) { return c.directory == directory; });
        });
        return;
      case Op::kMakeReadOnly:
        if (!record.failed) made_read_only.insert(record.node);
        return;
      case Op::kOpen:
      case Op::kRead:
      case Op::kEnd:
      case Op::kDescriptor:
        return;
    }
  }

  // Keeps the durable changes, some of the others, and of each name everything before what is kept.
  void cut_names() {
    const std::uint64_t style = random() % 4;  // none of the others, all of them, a coin for each (twice as often)
    std::vector<bool> kept(names.size());
    std::set<std::pair<NodeId, std::string>> later;
    for (std::size_t i = names.size(); i-- > 0;) {
      const auto& changes = names[i].record->changes;
      kept[i] = names[i].fate == Fate::kDurable || style == 1 || (style >= 2 && coin()) ||
                std::any_of(changes.begin(), changes.end(), [&](const EntryChange& c) {
                  return later.contains({c.directory, c.name});
                });
      if (!kept[i]) continue;
      for (const EntryChange& change : changes) later.insert({change.directory, change.name});
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!kept[i]) continue;
      for (const EntryChange& change : names[i].record->changes) {
        auto& entries = nodes.at(change.directory).entries;
        if (change.node == kNothing) {
          entries.erase(change.name);
        } else {
          entries[change.name] = change.node;
        }
      }
    }
  }

  void cut_data(Bytes& content, const std::vector<Step>& steps) {
    const std::uint64_t style = random() % 4;
    std::uint64_t full_size = content.size();
    bool all_durable = true;
    for (const Step& step : steps) {
      const Record& record = *step.record;
      const bool is_durable = step.fate == Fate::kDurable;
      const bool is_write = record.op == Op::kWrite;
      all_durable = all_durable && is_durable;
      full_size = is_write ? std::max<std::uint64_t>(full_size, record.offset + record.data.size()) : record.offset;
      if (is_durable || style == 1) {
        apply(content, record, 0, record.data.size());
      } else if (style >= 2 && !is_write) {
        if (coin()) apply(content, record, 0, 0);
      } else if (style >= 2) {
        for (std::size_t at = 0; at < record.data.size();) {
          const std::size_t in_sector = static_cast<std::size_t>((record.offset + at) % kSectorBytes);
          const std::size_t n = std::min(kSectorBytes - in_sector, record.data.size() - at);
          if (coin()) apply(content, record, at, n);
          at += n;
        }
      }
    }
    // The new size may have reached the disk where the bytes did not.
    if (!all_durable && content.size() < full_size && coin()) content.resize(static_cast<std::size_t>(full_size));
  }

  static void apply(Bytes& content, const Record& record, std::size_t at, std::size_t bytes) {
    if (record.op == Op::kTruncate) {
      content.resize(static_cast<std::size_t>(record.offset));
    } else if (bytes > 0) {
      put_bytes(content, record.offset + at, ByteView(record.data).subspan(at, bytes));
    }
  }

  Nodes reachable() const {
    Nodes out;
    std::vector<NodeId> waiting{kRoot};
    while (!waiting.empty()) {
      const NodeId id = waiting.back();
      waiting.pop_back();
      const auto [added, fresh] = out.emplace(id, nodes.at(id));
      if (!fresh) continue;
      for (const auto& [name, node] : added->second.entries) waiting.push_back(node);
    }
    return out;
  }
};

std::unique_ptr<FaultyDisk> FaultyDisk::after_power_cut(std::size_t position, std::uint64_t seed) const {
  const os::MutexLock lock(mutex_);
  CHECK(position <= trace_.size());
  Replay replay;
  replay.nodes = start_;
  std::seed_seq mix{seed, seed >> 32, static_cast<std::uint64_t>(position)};
  replay.random.seed(mix);
  for (std::size_t i = 0; i < position; ++i) replay.take(trace_[i]);
  replay.cut_names();
  for (const auto& [node, steps] : replay.data) replay.cut_data(replay.nodes.at(node).content, steps);
  // No sync of ours promises a mode.
  for (const NodeId node : replay.made_read_only) replay.nodes.at(node).is_read_only = replay.coin();
  return std::unique_ptr<FaultyDisk>(new FaultyDisk(nullptr, root_, replay.reachable()));
}

Result<void> FaultyDisk::write_to(const os::Path& real_directory) const {
  Nodes nodes;
  {
    const os::MutexLock lock(mutex_);
    nodes = nodes_;
  }
  const auto disk = os::real_disk();
  TRY(os::make_directories(*disk, real_directory));
  std::map<NodeId, os::Path> written;
  std::vector<std::pair<NodeId, os::Path>> directories{{kRoot, real_directory}};
  while (!directories.empty()) {
    const auto [directory, path] = std::move(directories.back());
    directories.pop_back();
    for (const auto& [name, id] : nodes.at(directory).entries) {
      const Node& node = nodes.at(id);
      const os::Path here = path / name;
      if (node.is_directory) {
        TRY(disk->make_directory(here));
        directories.emplace_back(id, here);
      } else if (const auto other = written.find(id); other != written.end()) {
        TRY(disk->link(other->second, here));
      } else {
        const auto file = TRY(disk->open(here, os::OpenMode::kCreate));
        TRY(file->write_at(0, node.content));
        if (node.is_read_only) TRY(file->make_read_only());
        written.emplace(id, here);
      }
    }
  }
  return {};
}

}  // namespace lapel::test
