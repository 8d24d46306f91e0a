// SPDX-License-Identifier: Apache-2.0
#include "os/filesystem.h"

#include <cerrno>
#include <map>

#include <gtest/gtest.h>

#include "base/problems.h"
#include "test/faulty_disk.h"

namespace lapel::os {
namespace {

using test::Fault;
using test::FaultyDisk;
using test::Op;

constexpr std::uint32_t kExt4 = 0xef53, kNfs = 0x6969, kFuse = 0x65735546, kTmpfs = 0x01021994;

class FilesystemTest : public testing::Test {
 protected:
  FilesystemTest() { EXPECT_TRUE(disk_.make_directory("/data")); }
  Result<std::string> check(std::uint32_t magic, FilesystemUse use) {
    return check_filesystem(disk_, "/data", filesystem_of_magic(magic), use);
  }
  FaultyDisk disk_;
};

TEST_F(FilesystemTest, IsKnownByItsNumber) {
  const std::map<std::uint32_t, std::pair<FilesystemClass, std::string>> known = {
      {0x0000ef53, {FilesystemClass::kLocal, "ext4"}},   {0x58465342, {FilesystemClass::kLocal, "xfs"}},
      {0x9123683e, {FilesystemClass::kLocal, "btrfs"}},  {0x00006969, {FilesystemClass::kNetwork, "nfs"}},
      {0xff534d42, {FilesystemClass::kNetwork, "cifs"}}, {0xfe534d42, {FilesystemClass::kNetwork, "smb2"}},
      {0x01021997, {FilesystemClass::kNetwork, "9p"}},   {0x00c36400, {FilesystemClass::kNetwork, "ceph"}},
      {0x65735546, {FilesystemClass::kNetwork, "fuse"}}, {0x01021994, {FilesystemClass::kMemory, "tmpfs"}},
      {0x794c7630, {FilesystemClass::kOther, "overlay"}}};
  for (const auto& [magic, expected] : known) {
    const FilesystemKind kind = filesystem_of_magic(magic);
    EXPECT_EQ(std::pair(kind.kind, kind.name), expected) << magic;
  }
  EXPECT_EQ(filesystem_of_magic(0x1234).kind, FilesystemClass::kOther);
  EXPECT_EQ(filesystem_of_magic(0x1234).name, "unknown (0x1234)");
}

TEST_F(FilesystemTest, ALocalOneHoldsAnything) {
  for (const std::uint32_t magic : {kExt4, kTmpfs, 0x1234u}) {
    for (const FilesystemUse use : {FilesystemUse::kCatalog, FilesystemUse::kOriginals}) {
      const std::size_t before = disk_.position();
      EXPECT_EQ(*check(magic, use), "");
      EXPECT_EQ(disk_.position(), before);  // and is not probed
    }
  }
}

TEST_F(FilesystemTest, ANetworkHoldsNoCatalog) {
  for (const std::uint32_t magic : {kNfs, kFuse}) {
    const auto refused = check(magic, FilesystemUse::kCatalog);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().problem, &problems::kDataFilesystem);
    EXPECT_NE(refused.error().message.find("Catalog and ledger cannot stand on "), std::string::npos);
    EXPECT_EQ(refused.error().context, "/data");
  }
}

TEST_F(FilesystemTest, ANetworkHoldsOriginalsIfItPassesTheProbeAndIsWarnedOf) {
  const auto warning = check(kNfs, FilesystemUse::kOriginals);
  ASSERT_TRUE(warning) << warning.error().text();
  EXPECT_NE(warning->find("originals stand on nfs"), std::string::npos) << *warning;
  EXPECT_TRUE(disk_.list("/data")->empty());
}

TEST_F(FilesystemTest, ANetworkThatFailsTheProbeHoldsNothing) {
  for (const Op op :
       {Op::kCreate, Op::kWrite, Op::kSyncData, Op::kLink, Op::kRename, Op::kRemove, Op::kSyncDirectory}) {
    disk_.inject({.op = op});
    const auto refused = check(kNfs, FilesystemUse::kOriginals);
    ASSERT_FALSE(refused) << static_cast<int>(op);
    EXPECT_EQ(refused.error().problem, &problems::kDataFilesystem);
    EXPECT_NE(refused.error().message.find("Originals cannot stand on nfs: "), std::string::npos);
    disk_.heal();
  }
  EXPECT_TRUE(check(kNfs, FilesystemUse::kOriginals));
}

}  // namespace
}  // namespace lapel::os
