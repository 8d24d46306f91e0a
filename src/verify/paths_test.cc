// SPDX-License-Identifier: Apache-2.0
#include "verify/paths.h"

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/sha256.h"
#include "verify/directory_for_tests.h"

namespace lapel::verify {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = 1 << 20;  // of paths.cc

// While it lives, this process can open so many files and directories at one time, and no more.
class DescriptorsLeft {
 public:
  explicit DescriptorsLeft(rlim_t count) {
    const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_GE(lowest, 0);
    EXPECT_EQ(::close(lowest), 0);
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit few{static_cast<rlim_t>(lowest) + count, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~DescriptorsLeft() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
  DescriptorsLeft(const DescriptorsLeft&) = delete;
  DescriptorsLeft& operator=(const DescriptorsLeft&) = delete;

 private:
  rlimit before_{};
};

class Paths : public DirectoryTest {
 protected:
  std::string at(std::string_view name) const { return (root_ / name).native(); }
  std::string write(std::string_view name, std::string_view text) const {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.native();
  }
  PathKind kind_of(std::string_view text) const {
    const auto kind = classify(write("kind", text));
    EXPECT_TRUE(kind) << kind.error().text();
    return kind.value_or(PathKind::kDirectory);
  }
  std::map<std::string, proof::ExportFiles::Item::Kind> listed() const {
    const auto items = DirectoryFiles(root_).list();
    EXPECT_TRUE(items) << items.error().text();
    std::map<std::string, proof::ExportFiles::Item::Kind> out;
    if (!items) return out;
    for (const auto& item : *items) out.emplace(item.path, item.kind);
    EXPECT_EQ(out.size(), items->size());
    return out;
  }
};

template <typename T>
std::string error_of(const Result<T>& result) {
  return result ? "no error" : result.error().context;
}

TEST_F(Paths, AFileIsWhatItsFirstBytesSay) {
  const std::string signature = "\n\n\u2014 name AAAA\n";
  EXPECT_EQ(*classify(root_), PathKind::kDirectory);
  EXPECT_EQ(kind_of(""), PathKind::kFile);
  EXPECT_EQ(kind_of("origin\n5\nroot\n"), PathKind::kFile);
  EXPECT_EQ(kind_of("origin\n5\nroot" + signature), PathKind::kCheckpoint);
  EXPECT_EQ(kind_of("old 4\n\norigin\n5\nroot" + signature), PathKind::kConsistency);
  EXPECT_EQ(kind_of("old 4\n\norigin\n5\nroot\n"), PathKind::kFile);
  EXPECT_EQ(kind_of(std::string(proof::kReceiptHeader) + "\n\norigin\n5\nroot" + signature), PathKind::kReceipt);
}

TEST_F(Paths, AFileThatIsTooLongIsStillWhatItIs) {
  const std::string rest = "\n5\nroot\n\n\u2014 name AAAA\n" + std::string(2 * proof::kNoteBytesMax, 'x');
  EXPECT_EQ(kind_of("origin" + rest), PathKind::kCheckpoint);
  EXPECT_EQ(kind_of("old 4" + rest), PathKind::kConsistency);
}

TEST_F(Paths, OnlyTheFirstChunkSaysWhatAFileIs) {
  EXPECT_EQ(kind_of(std::string(kChunkBytes, 'x') + "\n\n\u2014 name AAAA\n"), PathKind::kFile);
}

TEST_F(Paths, ATextOfTheGreatestLengthIsReadAndOneByteMoreIsNot) {
  const std::string text(1000, 'x');
  const std::string path = write("text", text);
  EXPECT_EQ(*read_text(path, text.size()), text);
  EXPECT_EQ(*read_text(path, text.size() - 1), std::nullopt);
  EXPECT_EQ(*read_text(write("empty", ""), 0), "");
}

TEST_F(Paths, AFileOfSeveralChunksIsReadWhole) {
  std::string text(2 * kChunkBytes + 1, 'x');
  text[kChunkBytes] = 'y';
  const std::string path = write("text", text);
  EXPECT_EQ(*read_text(path, text.size()), text);
  EXPECT_EQ(*read_text(path, text.size() - 1), std::nullopt);
  const auto file = hash_file(path);
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->bytes, text.size());
  EXPECT_EQ(file->sha256, crypto::sha256(as_bytes(text)));
}

TEST_F(Paths, NothingIsReadAfterWhoeverAskedHasEnough) {
  write("text", std::string(2 * kChunkBytes, 'x'));
  std::size_t got = 0;
  ASSERT_TRUE(DirectoryFiles(root_).read("text", [&](ByteView chunk) {
    got += chunk.size();
    return false;
  }));
  EXPECT_EQ(got, kChunkBytes);
}

TEST_F(Paths, WhatIsNotThereIsNotFound) {
  const std::string path = at("absent");
  for (const auto& error : {classify(path).error(), read_text(path, 1).error(), hash_file(path).error(),
                            DirectoryFiles(path).list().error()}) {
    EXPECT_EQ(error.code(), Code::kNotFound);
    EXPECT_EQ(error.context, path + ": No such file or directory");
  }
}

TEST_F(Paths, ALinkThatLeadsToItselfIsAnError) {
  fs::create_symlink("loop", root_ / "loop");
  const std::string expected = at("loop") + ": Too many levels of symbolic links";
  EXPECT_EQ(error_of(classify(at("loop"))), expected);
  EXPECT_EQ(error_of(hash_file(at("loop"))), expected);
}

TEST_F(Paths, WhatIsNoPlainFileIsNotOpened) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  for (const std::string& path : {at("pipe"), root_.native()}) {
    const auto read = read_text(path, 1);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), Code::kUnavailable);
    EXPECT_EQ(read.error().text(), "This is no plain file (" + path + ")");
  }
}

TEST_F(Paths, AFileThatCannotBeOpenedIsAnError) {
  const std::string path = write("file", "x");
  const DescriptorsLeft none(0);
  const std::string expected = path + ": Too many open files";
  EXPECT_EQ(error_of(classify(path)), expected);
  EXPECT_EQ(error_of(read_text(path, 1)), expected);
  EXPECT_EQ(error_of(hash_file(path)), expected);
}

TEST_F(Paths, AFileThatBreaksWhileReadIsAnError) {
  // A plain file, says the kernel; and at its start no process has memory.
  const std::string path = "/proc/self/mem";
  const std::string expected = path + ": Input/output error";
  EXPECT_EQ(error_of(classify(path)), expected);
  EXPECT_EQ(error_of(read_text(path, 1)), expected);
  EXPECT_EQ(error_of(hash_file(path)), expected);
}

TEST_F(Paths, AListHasFilesOfAllDepthsAndTellsWhatIsNone) {
  using Kind = proof::ExportFiles::Item::Kind;
  write("manifest.json", "{}");
  write("a/b/c", "deep");
  fs::create_directories(root_ / "empty");
  fs::create_symlink("manifest.json", root_ / "link");
  fs::create_directory_symlink("a", root_ / "linked_directory");
  ASSERT_EQ(::mkfifo(at("a/pipe").c_str(), 0600), 0);
  const std::map<std::string, Kind> expected = {{"a/b/c", Kind::kFile},
                                                {"a/pipe", Kind::kOther},
                                                {"link", Kind::kOther},
                                                {"linked_directory", Kind::kOther},
                                                {"manifest.json", Kind::kFile}};
  EXPECT_EQ(listed(), expected);
}

TEST_F(Paths, ADirectoryThatCannotBeOpenedIsNoEmptyList) {
  write("a/b", "x");
  const std::string expected = root_.native() + ": Too many open files";
  {
    const DescriptorsLeft none(0);
    EXPECT_EQ(error_of(DirectoryFiles(root_).list()), expected);
  }
  const DescriptorsLeft for_the_root(1);
  EXPECT_EQ(error_of(DirectoryFiles(root_).list()), expected);
}

TEST_F(Paths, ADirectoryTooDeepForItsPathsIsAnError) {
  const std::string name(200, 'd');
  int directory = ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (std::size_t bytes = 0; bytes <= PATH_MAX; bytes += name.size()) {
    ASSERT_EQ(::mkdirat(directory, name.c_str(), 0700), 0);
    const int next = ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ASSERT_GE(next, 0);
    ::close(directory);
    directory = next;
  }
  ::close(directory);
  EXPECT_EQ(error_of(DirectoryFiles(root_).list()), root_.native() + ": File name too long");
}

}  // namespace
}  // namespace lapel::verify
