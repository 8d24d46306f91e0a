// SPDX-License-Identifier: Apache-2.0
#include "os/disk.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/problems.h"
#include "os/filesystem.h"

namespace lapel::os {
namespace {

// A directory of its own for each test, removed afterwards.
class DiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lapel_disk_XXXXXX").native();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  Path at(std::string_view name) const { return root_ / name; }
  std::unique_ptr<File> create(std::string_view name) {
    auto file = disk_->open(at(name), OpenMode::kCreate);
    EXPECT_TRUE(file) << file.error().text();
    return std::move(*file);
  }
  std::string text_of(std::string_view name) {
    const auto bytes = read_file(*disk_, at(name), 1 << 20);
    return bytes ? std::string(as_text(*bytes)) : bytes.error().text();
  }

  Path root_;
  std::unique_ptr<Disk> disk_ = real_disk();
};

template <typename T>
Code code_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? Code::kInternal : result.error().code();
}

Bytes pattern(std::size_t bytes) {
  Bytes out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
  return out;
}

TEST_F(DiskTest, ReadsBackWhatWasWrittenAndStopsAtTheEnd) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(5, as_bytes("hello")));
  EXPECT_EQ(*file->size(), 10u);
  Bytes out(20, 0xff);
  ASSERT_EQ(*file->read_at(3, out), 7u);
  EXPECT_EQ(as_text(ByteView(out).first(7)), std::string_view("\0\0hello", 7));
  EXPECT_EQ(*file->read_at(10, out), 0u);
  EXPECT_EQ(*file->read_at(1000, out), 0u);
  ASSERT_TRUE(file->truncate(6));
  EXPECT_EQ(*file->size(), 6u);
  EXPECT_TRUE(file->sync_data());
}

TEST_F(DiskTest, OpenModesSayWhatMustAndMustNotExist) {
  EXPECT_EQ(code_of(disk_->open(at("a"), OpenMode::kRead)), Code::kNotFound);
  EXPECT_EQ(code_of(disk_->open(at("a"), OpenMode::kReadWrite)), Code::kNotFound);
  ASSERT_TRUE(create("a")->write_at(0, as_bytes("kept")));
  EXPECT_EQ(code_of(disk_->open(at("a"), OpenMode::kCreate)), Code::kConflict);
  EXPECT_TRUE(disk_->open(at("a"), OpenMode::kCreateOrOpen));
  EXPECT_TRUE(disk_->open(at("b"), OpenMode::kCreateOrOpen));
  EXPECT_EQ(text_of("a"), "kept");
  EXPECT_EQ(code_of(disk_->open(at("a/b"), OpenMode::kCreate)), Code::kNotFound);
}

TEST_F(DiskTest, AnErrorNamesPathCallAndReason) {
  const auto opened = disk_->open(at("missing"), OpenMode::kRead);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().context, at("missing").native() + ": open: No such file or directory");
}

TEST_F(DiskTest, APathWithAZeroByteIsNoOtherPath) {
  ASSERT_TRUE(disk_->make_directory(at("a")));
  const Path hidden = at(std::string("a\0b", 3));
  EXPECT_EQ(code_of(disk_->open(hidden, OpenMode::kCreateOrOpen)), Code::kInvalid);
  EXPECT_EQ(code_of(disk_->make_directory(hidden)), Code::kInvalid);
  EXPECT_EQ(code_of(disk_->stat(hidden)), Code::kInvalid);
  EXPECT_EQ(code_of(disk_->list(hidden)), Code::kInvalid);
  EXPECT_EQ(code_of(disk_->remove(hidden)), Code::kInvalid);
  EXPECT_EQ(code_of(disk_->rename(at("a"), hidden)), Code::kInvalid);
  EXPECT_EQ(code_of(disk_->link(hidden, at("c"))), Code::kInvalid);
  EXPECT_EQ(code_of(disk_->sync_directory(hidden)), Code::kInvalid);
  // Its temporary's name would end there too, be taken, and be tried again for good.
  EXPECT_EQ(code_of(write_new_file(*disk_, at(std::string("\0b", 2)), as_bytes("x"))), Code::kInvalid);
  EXPECT_TRUE(disk_->stat(at("a")));
}

TEST_F(DiskTest, ErrnoBecomesTheCodeThatDecidesWhatToDo) {
  const auto code = [](int error_number, std::string_view call) {
    return system_error("/x", call, error_number).code();
  };
  EXPECT_EQ(code(ENOSPC, "pwrite"), Code::kFull);
  EXPECT_EQ(code(EDQUOT, "pwrite"), Code::kFull);
  EXPECT_EQ(code(EXDEV, "link"), Code::kUnsupported);
  EXPECT_EQ(code(EINVAL, "fsync"), Code::kUnsupported);
  EXPECT_EQ(code(EINVAL, "pwrite"), Code::kInternal);
  EXPECT_EQ(code(EIO, "fsync"), Code::kInternal);
  EXPECT_EQ(code(EACCES, "open"), Code::kInternal);
}

TEST_F(DiskTest, WritingThroughAReadOnlyHandleFails) {
  create("a");
  const auto file = disk_->open(at("a"), OpenMode::kRead);
  ASSERT_TRUE(file);
  EXPECT_EQ(code_of((*file)->write_at(0, as_bytes("x"))), Code::kInternal);
  EXPECT_EQ(code_of((*file)->truncate(0)), Code::kInternal);
}

TEST_F(DiskTest, SyncOfWhatCannotBeSyncedIsReported) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const auto pipe = disk_->open(Path("/proc/self/fd") / std::to_string(ends[1]), OpenMode::kReadWrite);
  ASSERT_TRUE(pipe) << pipe.error().text();
  EXPECT_EQ(code_of((*pipe)->sync_data()), Code::kUnsupported);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(DiskTest, AWriteBeyondTheDeviceIsFull) {
  const auto full = disk_->open("/dev/full", OpenMode::kReadWrite);
  ASSERT_TRUE(full) << full.error().text();
  EXPECT_EQ(code_of((*full)->write_at(0, as_bytes("x"))), Code::kFull);
}

TEST_F(DiskTest, MakeReadOnlyLeavesMode0440) {
  ASSERT_TRUE(create("a")->make_read_only());
  struct ::stat status;
  ASSERT_EQ(::stat(at("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0440u);
}

TEST_F(DiskTest, DescriptorsDoNotReachChildren) {
  EXPECT_TRUE(::fcntl(create("a")->descriptor(), F_GETFD) & FD_CLOEXEC);
}

TEST_F(DiskTest, LinkNeverReplacesAndRenameDoes) {
  ASSERT_TRUE(create("a")->write_at(0, as_bytes("a")));
  ASSERT_TRUE(create("b")->write_at(0, as_bytes("b")));
  EXPECT_EQ(code_of(disk_->link(at("a"), at("b"))), Code::kConflict);
  EXPECT_EQ(text_of("b"), "b");
  EXPECT_EQ(code_of(disk_->link(at("missing"), at("c"))), Code::kNotFound);
  ASSERT_TRUE(disk_->link(at("a"), at("c")));
  EXPECT_EQ(disk_->stat(at("a"))->inode, disk_->stat(at("c"))->inode);
  EXPECT_NE(disk_->stat(at("a"))->inode, disk_->stat(at("b"))->inode);
  ASSERT_TRUE(disk_->rename(at("a"), at("b")));
  EXPECT_EQ(text_of("b"), "a");
  EXPECT_EQ(code_of(disk_->rename(at("a"), at("b"))), Code::kNotFound);
}

TEST_F(DiskTest, LinkToAnotherFilesystemAsksForACopy) {
  const auto kind = filesystem_kind("/dev/shm");
  struct ::stat here, there;
  if (!kind || ::stat(root_.c_str(), &here) != 0 || ::stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev) {
    // It takes two: on a machine whose temporary files lie in /dev/shm as well, only a link within one can be tried.
    GTEST_SKIP() << "no second filesystem";
  }
  create("a");
  EXPECT_EQ(code_of(disk_->link(at("a"), "/dev/shm/lapel_never_made")), Code::kUnsupported);
}

TEST_F(DiskTest, RemoveTakesFilesAndEmptyDirectoriesOnly) {
  ASSERT_TRUE(disk_->make_directory(at("d")));
  create("d/a");
  EXPECT_EQ(code_of(disk_->remove(at("d"))), Code::kConflict);
  EXPECT_TRUE(disk_->remove(at("d/a")));
  EXPECT_TRUE(disk_->remove(at("d")));
  EXPECT_EQ(code_of(disk_->remove(at("d"))), Code::kNotFound);
}

TEST_F(DiskTest, MakeDirectorySucceedsOnlyWhereADirectoryStandsAfterwards) {
  EXPECT_TRUE(disk_->make_directory(at("d")));
  EXPECT_TRUE(disk_->make_directory(at("d")));
  create("file");
  EXPECT_EQ(code_of(disk_->make_directory(at("file"))), Code::kConflict);
  EXPECT_EQ(code_of(disk_->make_directory(at("x/y"))), Code::kNotFound);
}

TEST_F(DiskTest, SyncDirectoryRefusesWhatIsNone) {
  EXPECT_TRUE(disk_->sync_directory(root_));
  create("file");
  EXPECT_EQ(code_of(disk_->sync_directory(at("file"))), Code::kNotFound);
  EXPECT_EQ(code_of(disk_->sync_directory(at("missing"))), Code::kNotFound);
}

TEST_F(DiskTest, ListIsSortedAndNamesHiddenFiles) {
  for (const char* name : {"b", "a", ".c", "a-b"}) create(name);
  EXPECT_EQ(*disk_->list(root_), (std::vector<std::string>{".c", "a", "a-b", "b"}));
  EXPECT_EQ(code_of(disk_->list(at("missing"))), Code::kNotFound);
  EXPECT_EQ(code_of(disk_->list(at("a"))), Code::kNotFound);
}

TEST_F(DiskTest, StatTellsSizeKindAndTime) {
  ASSERT_TRUE(create("a")->write_at(0, as_bytes("12345")));
  const auto stat = disk_->stat(at("a"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->bytes, 5u);
  EXPECT_FALSE(stat->is_directory);
  EXPECT_GT(stat->modified_us, 1'600'000'000'000'000);
  EXPECT_TRUE(disk_->stat(root_)->is_directory);
  EXPECT_GT(*disk_->free_bytes(root_), 0u);
  EXPECT_EQ(code_of(disk_->free_bytes(at("missing"))), Code::kNotFound);
  EXPECT_GT(*disk_->free_files(root_), 0u);
  EXPECT_EQ(code_of(disk_->free_files(at("missing"))), Code::kNotFound);
}

TEST_F(DiskTest, DirectFilesWorkAlignedWhateverTheFilesystemAllows) {
  const auto file = disk_->open(at("a"), OpenMode::kCreate, Caching::kDirect);
  ASSERT_TRUE(file) << file.error().text();
  constexpr std::size_t kBytes = 3 * kDirectAlignmentBytes;
  const std::unique_ptr<std::uint8_t, void (*)(void*)> buffer(
      static_cast<std::uint8_t*>(std::aligned_alloc(kDirectAlignmentBytes, kBytes)), &std::free);
  const Bytes content = pattern(kBytes);
  std::copy(content.begin(), content.end(), buffer.get());
  ASSERT_TRUE((*file)->write_at(0, {buffer.get(), kBytes}));
  ASSERT_TRUE((*file)->truncate(kBytes - 100));  // an end inside a block
  std::fill_n(buffer.get(), kBytes, std::uint8_t{0});
  ASSERT_EQ(*(*file)->read_at(0, {buffer.get(), kBytes}), kBytes - 100);
  EXPECT_TRUE(std::equal(content.begin(), content.end() - 100, buffer.get()));
  EXPECT_TRUE((*file)->alignment() == 1 || (*file)->alignment() == kDirectAlignmentBytes);
}

TEST_F(DiskTest, DirectFallsBackWhereTheDeviceRefuses) {
  const auto file = disk_->open("/dev/full", OpenMode::kReadWrite, Caching::kDirect);
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ((*file)->alignment(), 1u);
}

TEST_F(DiskTest, DirectFilesRefuseWhatIsNotAligned) {
  const auto file = disk_->open(at("a"), OpenMode::kCreate, Caching::kDirect);
  ASSERT_TRUE(file);
  // Where the filesystem has none (tmpfs of some kernels), open() has fallen back to buffered I/O, and any offset goes.
  if ((*file)->alignment() == 1) GTEST_SKIP() << "this filesystem has no direct I/O";
  EXPECT_DEATH(static_cast<void>((*file)->write_at(0, as_bytes("odd"))), "is_aligned");
}

TEST_F(DiskTest, CopyRangeCopiesExactlyTheRange) {
  const Bytes content = pattern(3'000'001);
  const auto from = create("from");
  ASSERT_TRUE(from->write_at(0, content));
  const auto to = create("to");
  ASSERT_TRUE(to->write_at(0, as_bytes("head")));
  ASSERT_TRUE(disk_->copy_range(*from, 1, *to, 4, content.size() - 2));
  const auto copied = read_file(*disk_, at("to"), 1 << 22);
  ASSERT_EQ(copied->size(), content.size() + 2);
  EXPECT_EQ(as_text(ByteView(*copied).first(4)), "head");
  EXPECT_TRUE(std::equal(copied->begin() + 4, copied->end(), content.begin() + 1));
}

TEST_F(DiskTest, CopyRangeOfNothingCopiesNothing) {
  const auto from = create("from");
  ASSERT_TRUE(from->write_at(0, as_bytes("not this")));
  const auto to = create("to");
  ASSERT_TRUE(disk_->copy_range(*from, 0, *to, 0, 0));
  EXPECT_EQ(*to->size(), 0u);
}

TEST_F(DiskTest, CopyRangeFailsWhenTheSourceIsShort) {
  const auto from = create("from");
  ASSERT_TRUE(from->write_at(0, as_bytes("short")));
  const auto to = create("to");
  EXPECT_EQ(code_of(disk_->copy_range(*from, 0, *to, 0, 6)), Code::kInternal);
  EXPECT_EQ(code_of(disk_->copy_range(*from, 5, *to, 0, 1)), Code::kInternal);
}

TEST_F(DiskTest, CopyRangeReadsAndWritesWhereTheKernelCannotCopy) {
  const auto zero = disk_->open("/dev/zero", OpenMode::kRead);
  ASSERT_TRUE(zero);
  const auto to = create("to");
  ASSERT_TRUE(disk_->copy_range(**zero, 0, *to, 0, 3 << 19));
  EXPECT_EQ(*to->size(), std::uint64_t{3} << 19);
}

TEST_F(DiskTest, MakeDirectoriesMakesWhatIsMissing) {
  ASSERT_TRUE(make_directories(*disk_, at("a/b/c/")));
  EXPECT_TRUE(disk_->stat(at("a/b/c"))->is_directory);
  ASSERT_TRUE(make_directories(*disk_, at("a/b/c")));
  create("file");
  EXPECT_EQ(code_of(make_directories(*disk_, at("file"))), Code::kConflict);
  EXPECT_EQ(code_of(make_directories(*disk_, at("file/below"))), Code::kConflict);
}

TEST_F(DiskTest, WriteNewFileNeverReplaces) {
  ASSERT_TRUE(write_new_file(*disk_, at("a"), as_bytes("first")));
  EXPECT_EQ(code_of(write_new_file(*disk_, at("a"), as_bytes("second"))), Code::kConflict);
  EXPECT_EQ(text_of("a"), "first");
  EXPECT_EQ(code_of(write_new_file(*disk_, at("missing/a"), as_bytes("x"))), Code::kNotFound);
  EXPECT_EQ(*disk_->list(root_), std::vector<std::string>{"a"});
}

TEST_F(DiskTest, ReplaceFileReplacesAndLeavesNothingElse) {
  ASSERT_TRUE(replace_file(*disk_, at("a"), as_bytes("first")));
  ASSERT_TRUE(replace_file(*disk_, at("a"), as_bytes("second")));
  EXPECT_EQ(text_of("a"), "second");
  EXPECT_EQ(*disk_->list(root_), std::vector<std::string>{"a"});
  ASSERT_TRUE(make_directories(*disk_, at("d/e")));
  EXPECT_FALSE(replace_file(*disk_, at("d"), as_bytes("not over a directory")));
  EXPECT_EQ(*disk_->list(root_), (std::vector<std::string>{"a", "d"}));
}

TEST_F(DiskTest, ReadFileHasALimit) {
  ASSERT_TRUE(write_new_file(*disk_, at("a"), as_bytes("12345")));
  EXPECT_TRUE(read_file(*disk_, at("a"), 5));
  EXPECT_EQ(code_of(read_file(*disk_, at("a"), 4)), Code::kTooLarge);
  EXPECT_EQ(code_of(read_file(*disk_, at("b"), 4)), Code::kNotFound);
}

TEST_F(DiskTest, ALockIsHeldByOneAtATime) {
  const auto first = create("lock");
  const auto second = disk_->open(at("lock"), OpenMode::kReadWrite);
  {
    const auto held = FileLock::acquire(*first);
    ASSERT_TRUE(held);
    EXPECT_EQ(code_of(FileLock::acquire(**second)), Code::kBusy);
  }
  EXPECT_TRUE(FileLock::acquire(**second));
}

TEST_F(DiskTest, ALockOutlivesTheFileItWasTakenOn) {
  auto first = create("lock");
  auto held = FileLock::acquire(*first);
  ASSERT_TRUE(held);
  const FileLock moved = std::move(*held);
  first.reset();
  const auto second = disk_->open(at("lock"), OpenMode::kReadWrite);
  EXPECT_EQ(code_of(FileLock::acquire(**second)), Code::kBusy);
}

TEST_F(DiskTest, FilesystemsAreToldApart) {
  EXPECT_EQ(filesystem_kind("/proc")->kind, FilesystemClass::kOther);
  EXPECT_EQ(filesystem_kind("/proc")->name, "unknown (0x9fa0)");
  EXPECT_EQ(code_of(filesystem_kind(at("missing"))), Code::kNotFound);
  EXPECT_FALSE(filesystem_kind(root_)->name.empty());
  if (std::filesystem::exists("/dev/shm")) {
    EXPECT_EQ(filesystem_kind("/dev/shm")->kind, FilesystemClass::kMemory);
    EXPECT_EQ(filesystem_kind("/dev/shm")->name, "tmpfs");
  }
}

TEST_F(DiskTest, ProbeAcceptsAnHonestDirectoryAndLeavesNothing) {
  const auto probed = probe_directory(*disk_, root_);
  EXPECT_TRUE(probed) << probed.error().text();
  EXPECT_TRUE(disk_->list(root_)->empty());
  EXPECT_EQ(code_of(probe_directory(*disk_, at("missing"))), Code::kNotFound);
}

// A real disk whose one lie is chosen by the test, as network filesystems tell them.
class LyingDisk final : public Disk {
 public:
  enum class Lie { kLinkUnsupported, kLinkReplaces, kCreateNotExclusive, kSyncUnsupported };
  LyingDisk(Disk& disk, Lie lie) : disk_(disk), lie_(lie) {}

  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode, Caching caching) override {
    if (lie_ == Lie::kCreateNotExclusive && mode == OpenMode::kCreate) mode = OpenMode::kCreateOrOpen;
    return disk_.open(path, mode, caching);
  }
  Result<void> rename(const Path& from, const Path& to) override { return disk_.rename(from, to); }
  Result<void> link(const Path& from, const Path& to) override {
    if (lie_ == Lie::kLinkUnsupported) return tl::unexpected<Error>(system_error(from, "link", EXDEV));
    if (lie_ == Lie::kLinkReplaces) static_cast<void>(disk_.remove(to));
    return disk_.link(from, to);
  }
  Result<void> remove(const Path& path) override { return disk_.remove(path); }
  Result<void> make_directory(const Path& path) override { return disk_.make_directory(path); }
  Result<void> sync_directory(const Path& path) override {
    if (lie_ == Lie::kSyncUnsupported) return tl::unexpected<Error>(system_error(path, "fsync", EINVAL));
    return disk_.sync_directory(path);
  }
  Result<std::vector<std::string>> list(const Path& directory) override { return disk_.list(directory); }
  Result<Stat> stat(const Path& path) override { return disk_.stat(path); }
  Result<std::uint64_t> free_bytes(const Path& path) override { return disk_.free_bytes(path); }
  Result<std::uint64_t> free_files(const Path& path) override { return disk_.free_files(path); }
  Result<void> copy_range(File& from, std::uint64_t from_offset, File& to, std::uint64_t to_offset,
                          std::uint64_t bytes) override {
    return disk_.copy_range(from, from_offset, to, to_offset, bytes);
  }

 private:
  Disk& disk_;
  const Lie lie_;
};

TEST_F(DiskTest, ProbeRefusesEachLieAndLeavesNothing) {
  using Lie = LyingDisk::Lie;
  for (const Lie lie : {Lie::kLinkUnsupported, Lie::kLinkReplaces, Lie::kCreateNotExclusive}) {
    LyingDisk lying(*disk_, lie);
    const auto probed = probe_directory(lying, root_);
    ASSERT_FALSE(probed);
    EXPECT_EQ(probed.error().problem, &problems::kDataFilesystem) << static_cast<int>(lie);
    EXPECT_TRUE(disk_->list(root_)->empty());
  }
  LyingDisk lying(*disk_, Lie::kSyncUnsupported);
  EXPECT_EQ(code_of(probe_directory(lying, root_)), Code::kUnsupported);
}

}  // namespace
}  // namespace lapel::os
