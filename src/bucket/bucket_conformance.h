// SPDX-License-Identifier: Apache-2.0
#pragma once
// The suite that every Bucket passes. A test file includes it and instantiates BucketConformance with a
// maker.
//
// Owns: the meaning of bucket.h, as tests.
// Promises: uses nothing but the interface and the disk the maker gives for put_file's sources.
// Fails with: test failures.
// Threads: some tests start threads of their own.

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bucket/bucket.h"
#include "os/disk.h"

namespace lapel::bucket {

struct BucketUnderTest {
  std::string name;
  std::shared_ptr<void> surroundings;  // whatever must outlive the bucket
  os::Disk* disk = nullptr;            // where put_file looks for its sources
  os::Path sources;                    // an existing directory on it
  std::unique_ptr<Bucket> bucket;
};
using MakeBucket = std::function<BucketUnderTest()>;

class BucketConformance : public ::testing::TestWithParam<MakeBucket> {
 protected:
  BucketUnderTest under_test_ = GetParam()();
  Bucket& bucket_ = *under_test_.bucket;

  // A synced file to put from.
  FileSource source(std::string_view name, ByteView bytes) {
    const os::Path path = under_test_.sources / name;
    const auto written = os::write_new_file(*under_test_.disk, path, bytes);
    EXPECT_TRUE(written) << written.error().text();
    return {path, bytes.size()};
  }
  std::string text_of(std::string_view name) {
    const auto bytes = get(bucket_, name, 1 << 24);
    return bytes ? std::string(as_text(*bytes)) : "no object: " + bytes.error().text();
  }
  std::vector<std::string> list(std::string_view prefix, std::string_view after, std::size_t limit) {
    const auto names = bucket_.list(prefix, after, limit);
    EXPECT_TRUE(names) << names.error().text();
    return names.value_or(std::vector<std::string>{});
  }

  template <typename T>
  static void expect_code(const Result<T>& result, Code code) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), code) << result.error().text();
  }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BucketConformance);

TEST_P(BucketConformance, GivesBackWhatWasPut) {
  ASSERT_TRUE(bucket_.put("a/b/c.mp4", as_bytes("film")));
  ASSERT_TRUE(bucket_.put("empty", {}));
  EXPECT_EQ(text_of("a/b/c.mp4"), "film");
  EXPECT_EQ(text_of("empty"), "");
  EXPECT_EQ(bucket_.stat("a/b/c.mp4")->bytes, 4u);
}

TEST_P(BucketConformance, ReadsAnyRangeAndStopsAtTheEnd) {
  ASSERT_TRUE(bucket_.put("a", as_bytes("0123456789")));
  const auto object = bucket_.open("a");
  ASSERT_TRUE(object);
  EXPECT_EQ((*object)->bytes(), 10u);
  Bytes out(4);
  EXPECT_EQ(*(*object)->read_at(3, out), 4u);
  EXPECT_EQ(as_text(out), "3456");
  EXPECT_EQ(*(*object)->read_at(8, out), 2u);
  EXPECT_EQ(as_text(ByteView(out).first(2)), "89");
  EXPECT_EQ(*(*object)->read_at(10, out), 0u);
  EXPECT_EQ(*(*object)->read_at(~std::uint64_t{0}, out), 0u);
}

TEST_P(BucketConformance, PuttingTheSameBytesAgainSucceeds) {
  ASSERT_TRUE(bucket_.put("a", as_bytes("same")));
  EXPECT_TRUE(bucket_.put("a", as_bytes("same")));
  EXPECT_TRUE(bucket_.put_file("a", source("s", as_bytes("same"))));
  EXPECT_EQ(text_of("a"), "same");
}

TEST_P(BucketConformance, PuttingOtherBytesUnderATakenNameChangesNothing) {
  ASSERT_TRUE(bucket_.put("a", as_bytes("first")));
  expect_code(bucket_.put("a", as_bytes("other")), Code::kConflict);
  expect_code(bucket_.put("a", as_bytes("first and more")), Code::kConflict);
  expect_code(bucket_.put("a", {}), Code::kConflict);
  expect_code(bucket_.put_file("a", source("s", as_bytes("other"))), Code::kConflict);
  EXPECT_EQ(text_of("a"), "first");
}

TEST_P(BucketConformance, LargeObjectsThatDifferInTheLastByteConflict) {
  Bytes large((std::size_t{1} << 20) * 2 + 1, 'x');
  ASSERT_TRUE(bucket_.put("a", large));
  EXPECT_TRUE(bucket_.put("a", large));
  large.back() = 'y';
  expect_code(bucket_.put("a", large), Code::kConflict);
}

TEST_P(BucketConformance, PutFileTakesTheContentAndLeavesTheName) {
  const FileSource from = source("s", as_bytes("film"));
  ASSERT_TRUE(bucket_.put_file("a/b", from));
  EXPECT_EQ(text_of("a/b"), "film");
  EXPECT_TRUE(under_test_.disk->stat(from.path));
  EXPECT_TRUE(bucket_.put_file("a/b", from));
  ASSERT_TRUE(bucket_.put_file("second/name", from));
  ASSERT_TRUE(under_test_.disk->remove(from.path));
  EXPECT_EQ(text_of("a/b"), "film");
  EXPECT_EQ(text_of("second/name"), "film");
}

TEST_P(BucketConformance, PutFileRefusesAnotherSizeAndAMissingFile) {
  FileSource from = source("s", as_bytes("film"));
  ++from.bytes;
  expect_code(bucket_.put_file("a", from), Code::kInvalid);
  from.bytes -= 2;
  expect_code(bucket_.put_file("a", from), Code::kInvalid);
  expect_code(bucket_.put_file("a", {under_test_.sources / "missing", 4}), Code::kNotFound);
  expect_code(bucket_.stat("a"), Code::kNotFound);
}

TEST_P(BucketConformance, MissingObjectsAreNotFound) {
  expect_code(bucket_.open("a"), Code::kNotFound);
  expect_code(bucket_.stat("a/b"), Code::kNotFound);
  expect_code(get(bucket_, "a", 10), Code::kNotFound);
}

TEST_P(BucketConformance, RemoveIsForGoodAndHarmlessTwice) {
  ASSERT_TRUE(bucket_.put("a/b", as_bytes("x")));
  EXPECT_TRUE(bucket_.remove("a/b"));
  expect_code(bucket_.stat("a/b"), Code::kNotFound);
  EXPECT_TRUE(bucket_.remove("a/b"));
  EXPECT_TRUE(bucket_.remove("never/there"));
  EXPECT_TRUE(bucket_.put("a/b", as_bytes("other bytes are fine now")));
}

TEST_P(BucketConformance, AnOpenObjectOutlivesItsRemoval) {
  ASSERT_TRUE(bucket_.put("a", as_bytes("still here")));
  const auto object = bucket_.open("a");
  ASSERT_TRUE(object);
  ASSERT_TRUE(bucket_.remove("a"));
  Bytes out(10);
  EXPECT_EQ(*(*object)->read_at(0, out), 10u);
  EXPECT_EQ(as_text(out), "still here");
}

TEST_P(BucketConformance, RefusesWhatIsNoName) {
  const std::string long_part(256, 'a');
  const std::string long_name = std::string(200, 'a') + '/' + std::string(200, 'b') + '/' + std::string(111, 'c');
  for (const std::string& bad :
       std::vector<std::string>{"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", ".tmp/x", "A", "a b",
                                "a\\b", "a+b", "\xc3\xa4", std::string("a\0b", 3), long_part, long_name}) {
    expect_code(bucket_.put(bad, {}), Code::kInvalid);
    expect_code(bucket_.put_file(bad, {under_test_.sources / "s", 0}), Code::kInvalid);
    expect_code(bucket_.open(bad), Code::kInvalid);
    expect_code(bucket_.stat(bad), Code::kInvalid);
    expect_code(bucket_.remove(bad), Code::kInvalid);
  }
  EXPECT_TRUE(bucket_.put(long_name.substr(1), {}));  // 512 bytes
  EXPECT_TRUE(bucket_.put(long_part.substr(1), {}));
}

TEST_P(BucketConformance, ANameIsNeverBothObjectAndPrefix) {
  ASSERT_TRUE(bucket_.put("a/b", as_bytes("x")));
  expect_code(bucket_.put("a", as_bytes("x")), Code::kConflict);
  expect_code(bucket_.stat("a"), Code::kNotFound);
  expect_code(bucket_.open("a"), Code::kNotFound);
  EXPECT_TRUE(bucket_.remove("a"));
  EXPECT_EQ(text_of("a/b"), "x");
  expect_code(bucket_.put("a/b/c", as_bytes("x")), Code::kConflict);
  expect_code(bucket_.stat("a/b/c"), Code::kNotFound);
  EXPECT_TRUE(bucket_.remove("a/b/c"));
}

TEST_P(BucketConformance, ListsNamesInByteOrder) {
  const std::vector<std::string> sorted = {"a-b", "a.b/c", "a/b", "a/b-", "a0", "b/c/d", "b/c/e", "b/d"};
  for (auto name = sorted.rbegin(); name != sorted.rend(); ++name) ASSERT_TRUE(bucket_.put(*name, {}));
  EXPECT_EQ(list("", "", 100), sorted);
  EXPECT_EQ(list("b/", "", 100), (std::vector<std::string>{"b/c/d", "b/c/e", "b/d"}));
  EXPECT_EQ(list("b/c/", "", 100), (std::vector<std::string>{"b/c/d", "b/c/e"}));
  EXPECT_EQ(list("none/", "", 100), std::vector<std::string>{});
  EXPECT_EQ(list("b/d/", "", 100), std::vector<std::string>{});
  EXPECT_EQ(list("", "", 0), std::vector<std::string>{});
  expect_code(bucket_.list("b", "", 100), Code::kInvalid);
  expect_code(bucket_.list("../", "", 100), Code::kInvalid);
  expect_code(bucket_.list("/", "", 100), Code::kInvalid);
}

TEST_P(BucketConformance, ListGoesOnAfterAnyName) {
  const std::vector<std::string> sorted = {"a-b", "a.b/c", "a/b", "a/b-", "a0", "b/c/d", "b/c/e", "b/d"};
  for (const std::string& name : sorted) ASSERT_TRUE(bucket_.put(name, {}));
  for (std::size_t page = 1; page <= 3; ++page) {
    std::vector<std::string> all;
    std::string after;
    for (;;) {
      const auto names = list("", after, page);
      if (names.empty()) break;
      all.insert(all.end(), names.begin(), names.end());
      after = names.back();
    }
    EXPECT_EQ(all, sorted) << "pages of " << page;
  }
  // Names that are not there, or only the beginning of one, serve as well.
  for (const std::string after : {"a", "a-", "a.", "a.b", "a/a", "a/b", "a/c", "b", "b/c", "b/c/dd", "c", "z/z"}) {
    const auto first = std::upper_bound(sorted.begin(), sorted.end(), after);
    EXPECT_EQ(list("", after, 100), std::vector<std::string>(first, sorted.end())) << after;
  }
  EXPECT_EQ(list("b/", "a0", 1), std::vector<std::string>{"b/c/d"});
  EXPECT_EQ(list("b/", "b/c/d", 1), std::vector<std::string>{"b/c/e"});
  EXPECT_EQ(list("a/", "b", 1), std::vector<std::string>{});
}

TEST_P(BucketConformance, GetHasALimit) {
  ASSERT_TRUE(bucket_.put("a", as_bytes("12345")));
  EXPECT_TRUE(get(bucket_, "a", 5));
  expect_code(get(bucket_, "a", 4), Code::kTooLarge);
}

TEST_P(BucketConformance, OfSeveralPutsUnderOneNameOneWins) {
  constexpr int kThreads = 4;
  std::latch start(kThreads);
  std::vector<Code> lost(kThreads, Code::kInternal);
  std::atomic<int> won = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const std::string text = "writer " + std::to_string(i);
        start.arrive_and_wait();
        const auto put = bucket_.put("new/directory/name", as_bytes(text));
        if (put) {
          ++won;
          lost[static_cast<std::size_t>(i)] = Code::kConflict;
        } else {
          lost[static_cast<std::size_t>(i)] = put.error().code();
        }
      });
    }
  }
  EXPECT_EQ(won, 1);
  for (const Code code : lost) EXPECT_EQ(code, Code::kConflict);
  EXPECT_TRUE(text_of("new/directory/name").starts_with("writer "));
}

}  // namespace lapel::bucket
