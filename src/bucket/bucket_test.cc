// SPDX-License-Identifier: Apache-2.0
#include "bucket/bucket.h"

#include <array>
#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/problems.h"
#include "bucket/bucket_conformance.h"
#include "bucket/fs_bucket.h"
#include "bucket/memory_bucket.h"

namespace lapel::bucket {
namespace {

// A scratch directory, and the real disk it is on.
struct Scratch {
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lapel_bucket_XXXXXX").native();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path = pattern;
    EXPECT_TRUE(disk->make_directory(path / "sources"));
  }
  ~Scratch() { std::filesystem::remove_all(path); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::unique_ptr<os::Disk> disk = os::real_disk();
  os::Path path;
};

std::unique_ptr<Bucket> open_bucket(os::Disk& disk, const os::Path& root) {
  auto bucket = open_fs_bucket(disk, root);
  EXPECT_TRUE(bucket) << bucket.error().text();
  return std::move(*bucket);
}

BucketUnderTest make_memory() {
  auto scratch = std::make_shared<Scratch>();
  return {"memory", scratch, scratch->disk.get(), scratch->path / "sources", memory_bucket()};
}
BucketUnderTest make_fs() {
  auto scratch = std::make_shared<Scratch>();
  return {"fs", scratch, scratch->disk.get(), scratch->path / "sources",
          open_bucket(*scratch->disk, scratch->path / "new" / "objects/")};
}
// Where the machine has a second filesystem, put_file copies from there.
BucketUnderTest make_fs_elsewhere() {
  BucketUnderTest made = make_fs();
  std::string pattern = "/dev/shm/lapel_bucket_XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return made;
  made.sources = pattern;
  const auto remove_both = [inner = made.surroundings, pattern](void*) { std::filesystem::remove_all(pattern); };
  made.surroundings = std::shared_ptr<void>(nullptr, remove_both);
  return made;
}

INSTANTIATE_TEST_SUITE_P(Memory, BucketConformance, ::testing::Values(MakeBucket(make_memory)));
INSTANTIATE_TEST_SUITE_P(Fs, BucketConformance, ::testing::Values(MakeBucket(make_fs)));
INSTANTIATE_TEST_SUITE_P(FsElsewhere, BucketConformance, ::testing::Values(MakeBucket(make_fs_elsewhere)));

class FsBucketTest : public ::testing::Test {
 protected:
  FileSource source(std::string_view name, std::string_view text) {
    const os::Path path = scratch_.path / "sources" / name;
    EXPECT_TRUE(os::write_new_file(*scratch_.disk, path, as_bytes(text)));
    return {path, text.size()};
  }
  std::vector<std::string> temporaries() { return *scratch_.disk->list(root_ / ".tmp"); }

  Scratch scratch_;
  const os::Path root_ = scratch_.path / "objects";
  std::unique_ptr<Bucket> bucket_ = open_bucket(*scratch_.disk, root_);
};

TEST_F(FsBucketTest, ObjectsAreReadOnlyFilesAtTheirNames) {
  ASSERT_TRUE(bucket_->put("a/b", as_bytes("x")));
  ASSERT_TRUE(bucket_->put_file("a/c", source("s", "y")));
  for (const char* name : {"a/b", "a/c"}) {
    struct ::stat status;
    ASSERT_EQ(::stat((root_ / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0440u) << name;
  }
}

TEST_F(FsBucketTest, PutFileSharesTheFileOnOneFilesystem) {
  const FileSource from = source("s", "film");
  ASSERT_TRUE(bucket_->put_file("a", from));
  EXPECT_EQ(scratch_.disk->stat(from.path)->inode, scratch_.disk->stat(root_ / "a")->inode);
}

TEST_F(FsBucketTest, TheFileOfAnObjectServesSendfile) {
  ASSERT_TRUE(bucket_->put("a", as_bytes("film")));
  const auto object = bucket_->open("a");
  ASSERT_TRUE(object);
  const std::shared_ptr<os::File> file = (*object)->file();
  ASSERT_NE(file, nullptr);
  EXPECT_GE(file->descriptor(), 0);
}

TEST_F(FsBucketTest, NothingStaysInTheTemporaryDirectory) {
  ASSERT_TRUE(bucket_->put("a", as_bytes("x")));
  EXPECT_FALSE(bucket_->put("a", as_bytes("y")));
  ASSERT_TRUE(bucket_->put_file("b", source("s", "film")));
  EXPECT_FALSE(bucket_->put_file("c", {scratch_.path / "sources" / "s", 5}));
  EXPECT_FALSE(bucket_->put_file("c", {scratch_.path / "sources" / "missing", 5}));
  EXPECT_TRUE(temporaries().empty());
}

TEST_F(FsBucketTest, OpeningRemovesWhatACrashLeftAndKeepsTheObjects) {
  ASSERT_TRUE(bucket_->put("a", as_bytes("x")));
  bucket_.reset();
  // A process that is no more, and process 1, which lives as long as this machine does.
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  const os::Path temporary = root_ / ".tmp";
  ASSERT_TRUE(os::write_new_file(*scratch_.disk, temporary / fmt::format("{}-3", dead), as_bytes("half")));
  ASSERT_TRUE(os::write_new_file(*scratch_.disk, temporary / "1-3", as_bytes("half")));
  bucket_ = open_bucket(*scratch_.disk, root_);
  EXPECT_EQ(temporaries(), std::vector<std::string>{"1-3"});
  EXPECT_EQ(as_text(*get(*bucket_, "a", 10)), "x");
}

TEST_F(FsBucketTest, OpeningFailsWhereAFileStandsInTheWay) {
  const FileSource file = source("s", "x");
  const auto opened = open_fs_bucket(*scratch_.disk, file.path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kConflict);
}

TEST_F(FsBucketTest, ListPassesOverWhatIsNoObject) {
  ASSERT_TRUE(bucket_->put("a", as_bytes("x")));
  for (const char* name : {"lost+found", "Upper", ".hidden"}) {
    ASSERT_TRUE(os::write_new_file(*scratch_.disk, root_ / name, as_bytes("?")));
  }
  ASSERT_TRUE(scratch_.disk->make_directory(root_ / "empty"));
  EXPECT_EQ(*bucket_->list("", "", 10), std::vector<std::string>{"a"});
}

TEST_F(FsBucketTest, AnObjectCutShortIsReportedAsDamaged) {
  ASSERT_TRUE(bucket_->put("a", as_bytes("0123456789")));
  const auto object = bucket_->open("a");
  ASSERT_TRUE(object);
  std::filesystem::permissions(root_ / "a", std::filesystem::perms::owner_all);
  std::filesystem::resize_file(root_ / "a", 4);
  std::array<std::uint8_t, 10> out{};
  const auto read = (*object)->read_at(0, out);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().problem, &problems::kObjectDamaged);
}

TEST(Names, PrefixesAreEmptyOrNamesWithASlash) {
  for (const char* good : {"", "a/", "a/b.c/"}) EXPECT_TRUE(check_prefix(good)) << good;
  for (const char* bad : {"a", "/", "a//", "../", ".tmp/", "a/b"}) EXPECT_FALSE(check_prefix(bad)) << bad;
}

}  // namespace
}  // namespace lapel::bucket
