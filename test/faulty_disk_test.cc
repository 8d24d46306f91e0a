// SPDX-License-Identifier: Apache-2.0
#include "test/faulty_disk.h"

#include <cstdlib>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/problems.h"
#include "bucket/bucket_conformance.h"
#include "bucket/fs_bucket.h"
#include "os/filesystem.h"

namespace lapel::test {
namespace {

using os::OpenMode;
using os::Path;

constexpr std::uint64_t kSeeds = 40;

std::string text_of(os::Disk& disk, const Path& path) {
  const auto bytes = os::read_file(disk, path, 1 << 24);
  return bytes ? std::string(as_text(*bytes)) : "(" + std::string(code_name(bytes.error().code())) + ")";
}
const std::string kMissing = "(" + std::string(code_name(Code::kNotFound)) + ")";

std::unique_ptr<os::File> open_file(os::Disk& disk, const Path& path, OpenMode mode) {
  auto file = disk.open(path, mode);
  EXPECT_TRUE(file) << file.error().text();
  return std::move(*file);
}

std::string joined(const Result<std::vector<std::string>>& names) {
  if (!names) return names.error().text();
  std::string out;
  for (const std::string& name : *names) out += name + " ";
  return out;
}

// Everything `look` says over many cuts at the end of the trace.
std::set<std::string> outcomes(const FaultyDisk& disk, const std::function<std::string(os::Disk&)>& look) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) seen.insert(look(*disk.after_power_cut(disk.position(), seed)));
  return seen;
}
std::set<std::string> outcomes(const FaultyDisk& disk, const Path& path) {
  return outcomes(disk, [&](os::Disk& after) { return text_of(after, path); });
}

// The model itself: a filesystem like any other.

bucket::BucketUnderTest bucket_in_memory() {
  auto disk = std::make_shared<FaultyDisk>();
  EXPECT_TRUE(os::make_directories(*disk, "/sources"));
  auto opened = bucket::open_fs_bucket(*disk, "/objects");
  EXPECT_TRUE(opened) << opened.error().text();
  return {"faulty", disk, disk.get(), "/sources", std::move(*opened)};
}

class RealDirectory {
 public:
  RealDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lapel_faulty_XXXXXX").native();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~RealDirectory() { std::filesystem::remove_all(path_); }
  RealDirectory(const RealDirectory&) = delete;
  RealDirectory& operator=(const RealDirectory&) = delete;
  const Path& path() const { return path_; }
  os::Disk& disk() { return *disk_; }
  std::unique_ptr<FaultyDisk> recorded() {
    auto faulty = FaultyDisk::over(*disk_, path_);
    EXPECT_TRUE(faulty) << faulty.error().text();
    return std::move(*faulty);
  }

 private:
  Path path_;
  std::unique_ptr<os::Disk> disk_ = os::real_disk();
};

bucket::BucketUnderTest bucket_over_real() {
  struct Parts {
    RealDirectory directory;
    std::unique_ptr<FaultyDisk> disk = directory.recorded();
  };
  auto parts = std::make_shared<Parts>();
  const Path root = parts->directory.path();
  EXPECT_TRUE(os::make_directories(*parts->disk, root / "sources"));
  auto opened = bucket::open_fs_bucket(*parts->disk, root / "objects");
  EXPECT_TRUE(opened) << opened.error().text();
  return {"recorded", parts, parts->disk.get(), root / "sources", std::move(*opened)};
}

TEST(FaultyDisk, AnswersAsTheRealDiskDoes) {
  RealDirectory real;
  FaultyDisk model;
  // One script on both; every answer must be the same.
  const auto script = [](os::Disk& disk, const Path& root) {
    std::string said;
    const auto note = [&](const auto& result) {
      said += result ? "ok\n" : std::string(code_name(result.error().code())) + "\n";
    };
    note(disk.make_directory(root / "d"));
    note(disk.make_directory(root / "d"));
    note(disk.make_directory(root / "no/where"));
    note(os::write_new_file(disk, root / "d/a", as_bytes("a")));
    note(os::write_new_file(disk, root / "d/a", as_bytes("b")));
    note(disk.make_directory(root / "d/a"));
    note(disk.open(root / "d/a", OpenMode::kCreate));
    note(disk.open(root / "d/b", OpenMode::kRead));
    note(disk.open(root / "d/a/b", OpenMode::kCreateOrOpen));
    note(disk.open(root / "no/where", OpenMode::kCreateOrOpen));
    note(disk.link(root / "d/a", root / "d/b"));
    note(disk.link(root / "d/a", root / "d/b"));
    note(disk.link(root / "d", root / "e"));
    note(disk.link(root / "none", root / "e"));
    note(disk.rename(root / "d/a", root / "d/b"));
    note(disk.stat(root / "d/a"));
    note(disk.rename(root / "d", root / "d/inside"));
    note(disk.rename(root / "d/a", root / "d"));
    note(disk.rename(root / "d", root / "d/a"));
    note(disk.remove(root / "d"));
    note(disk.remove(root / "none"));
    note(disk.sync_directory(root / "d/a"));
    note(disk.sync_directory(root / "none"));
    note(disk.list(root / "d/a"));
    note(disk.list(root / "none"));
    note(disk.free_bytes(root / "none"));
    note(os::make_directories(disk, root / "x/y/z"));
    note(disk.rename(root / "x", root / "d"));
    note(disk.rename(root / "x/y", root / "w"));
    for (const char* directory : {".", "d", "w", "x"}) {
      said += joined(disk.list(root / directory)) + "\n";
    }
    return said;
  };
  const std::string expected = script(real.disk(), real.path());
  EXPECT_EQ(script(model, "/"), expected);
  RealDirectory other;
  EXPECT_EQ(script(*other.recorded(), other.path()), expected);
}

TEST(FaultyDisk, PassesTheProbeInBothModes) {
  FaultyDisk model;
  EXPECT_TRUE(os::probe_directory(model, "/"));
  RealDirectory real;
  EXPECT_TRUE(os::probe_directory(*real.recorded(), real.path()));
}

TEST(FaultyDisk, GrantsLocksInMemoryAndTakesThemOverARealDisk) {
  FaultyDisk model;
  EXPECT_TRUE(os::FileLock::acquire(*open_file(model, "/lock", OpenMode::kCreate)));
  RealDirectory real;
  const auto disk = real.recorded();
  const auto first = open_file(*disk, real.path() / "lock", OpenMode::kCreate);
  const auto second = open_file(*disk, real.path() / "lock", OpenMode::kReadWrite);
  const auto held = os::FileLock::acquire(*first);
  EXPECT_TRUE(held);
  EXPECT_FALSE(os::FileLock::acquire(*second));
}

// Faults.

TEST(FaultyDisk, FailsTheNthCallOfAKindOnce) {
  FaultyDisk disk;
  disk.inject({.op = Op::kWrite, .nth = 2, .error_number = ENOSPC});
  const auto file = open_file(disk, "/a", OpenMode::kCreate);
  EXPECT_TRUE(file->write_at(0, as_bytes("first")));
  const auto failed = file->write_at(0, as_bytes("second"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kFull);
  EXPECT_EQ(text_of(disk, "/a"), "secst") << "half of a failed write arrives";
  EXPECT_TRUE(file->write_at(0, as_bytes("third")));
}

TEST(FaultyDisk, FailsTheNthCallOfAnyKind) {
  for (std::size_t nth = 1; nth <= 4; ++nth) {
    FaultyDisk disk;
    disk.inject({.op = std::nullopt, .nth = nth});
    std::size_t failures_at = 0;
    std::size_t calls = 0;
    const auto note = [&](const auto& result) {
      ++calls;
      if (!result) failures_at = calls;
    };
    note(disk.make_directory("/d"));
    note(disk.sync_directory("/"));
    note(disk.open("/a", OpenMode::kCreateOrOpen));
    note(disk.open("/a", OpenMode::kCreateOrOpen));
    EXPECT_EQ(failures_at, nth);
    EXPECT_TRUE(disk.describe(nth - 1).ends_with("(failed)")) << disk.describe(nth - 1);
  }
}

TEST(FaultyDisk, FailsFromThenOnUntilHealed) {
  FaultyDisk disk;
  disk.inject({.op = Op::kSyncDirectory, .nth = 2, .times = Fault::Times::kFromThenOn});
  EXPECT_TRUE(disk.sync_directory("/"));
  EXPECT_FALSE(disk.sync_directory("/"));
  EXPECT_FALSE(disk.sync_directory("/"));
  disk.heal();
  EXPECT_TRUE(disk.sync_directory("/"));
}

TEST(FaultyDisk, AFailedCallHasNoOtherEffect) {
  FaultyDisk disk;
  ASSERT_TRUE(os::write_new_file(disk, "/a", as_bytes("a")));
  for (const Op op : {Op::kCreate, Op::kLink, Op::kRename, Op::kRemove, Op::kMakeDirectory}) disk.inject({.op = op});
  EXPECT_FALSE(disk.open("/b", OpenMode::kCreate));
  EXPECT_FALSE(disk.link("/a", "/c"));
  EXPECT_FALSE(disk.rename("/a", "/d"));
  EXPECT_FALSE(disk.remove("/a"));
  EXPECT_FALSE(disk.make_directory("/e"));
  EXPECT_EQ(*disk.list("/"), std::vector<std::string>{"a"});
}

// Power cuts: what must survive, and what need not, must be seen both ways.

TEST(PowerCut, SyncedDataUnderASyncedNameSurvives) {
  FaultyDisk disk;
  const auto file = open_file(disk, "/a", OpenMode::kCreate);
  ASSERT_TRUE(file->write_at(0, as_bytes("safe")));
  ASSERT_TRUE(file->sync_data());
  ASSERT_TRUE(disk.sync_directory("/"));
  EXPECT_EQ(outcomes(disk, "/a"), std::set<std::string>{"safe"});
}

TEST(PowerCut, ANameWithoutDirectorySyncMayBeLost) {
  FaultyDisk disk;
  const auto file = open_file(disk, "/a", OpenMode::kCreate);
  ASSERT_TRUE(file->write_at(0, as_bytes("safe")));
  ASSERT_TRUE(file->sync_data());
  EXPECT_EQ(outcomes(disk, "/a"), (std::set<std::string>{"safe", kMissing}));
}

TEST(PowerCut, ADirectorysOwnNameNeedsItsParentSynced) {
  FaultyDisk disk;
  ASSERT_TRUE(disk.make_directory("/d"));
  const auto file = open_file(disk, "/d/a", OpenMode::kCreate);
  ASSERT_TRUE(file->write_at(0, as_bytes("safe")));
  ASSERT_TRUE(file->sync_data());
  ASSERT_TRUE(disk.sync_directory("/d"));
  EXPECT_EQ(outcomes(disk, "/d/a"), (std::set<std::string>{"safe", kMissing}));
  ASSERT_TRUE(disk.sync_directory("/"));
  EXPECT_EQ(outcomes(disk, "/d/a"), std::set<std::string>{"safe"});
}

TEST(PowerCut, UnsyncedDataMayBeThereMissingOrTornAtSectors) {
  FaultyDisk disk;
  const auto file = open_file(disk, "/a", OpenMode::kCreate);
  ASSERT_TRUE(file->write_at(0, as_bytes(std::string(kSectorBytes, 'a') + std::string(10, 'b'))));
  ASSERT_TRUE(disk.sync_directory("/"));
  const auto seen = outcomes(disk, [](os::Disk& after) {
    std::string shape;
    for (const char c : text_of(after, "/a")) {
      if (shape.empty() || shape.back() != (c ? c : '0')) shape += c ? c : '0';
    }
    return shape;
  });
  // Empty; whole; only the first sector; only the second; size without data; first sector and the size.
  EXPECT_EQ(seen, (std::set<std::string>{"", "ab", "a", "0b", "0", "a0"}));
}

TEST(PowerCut, WritesAfterTheLastSyncAreOpenAgain) {
  FaultyDisk disk;
  ASSERT_TRUE(os::write_new_file(disk, "/a", as_bytes("old")));
  const auto file = open_file(disk, "/a", OpenMode::kReadWrite);
  ASSERT_TRUE(file->write_at(0, as_bytes("new")));
  EXPECT_EQ(outcomes(disk, "/a"), (std::set<std::string>{"old", "new"}));
  ASSERT_TRUE(file->truncate(1));
  EXPECT_EQ(outcomes(disk, "/a"), (std::set<std::string>{"old", "new", "o", "n"}));
  ASSERT_TRUE(file->sync_data());
  EXPECT_EQ(outcomes(disk, "/a"), std::set<std::string>{"n"});
}

TEST(PowerCut, ARenameHappensWholeOrNotAtAll) {
  FaultyDisk disk;
  ASSERT_TRUE(os::write_new_file(disk, "/a", as_bytes("new")));
  ASSERT_TRUE(os::write_new_file(disk, "/b", as_bytes("old")));
  ASSERT_TRUE(disk.sync_directory("/"));
  ASSERT_TRUE(disk.rename("/a", "/b"));
  const auto both = [](os::Disk& after) { return text_of(after, "/a") + text_of(after, "/b"); };
  EXPECT_EQ(outcomes(disk, both), (std::set<std::string>{"newold", kMissing + "new"}));
  ASSERT_TRUE(disk.sync_directory("/"));
  EXPECT_EQ(outcomes(disk, both), std::set<std::string>{kMissing + "new"});
}

TEST(PowerCut, ARemovalWithoutDirectorySyncMayComeUndone) {
  FaultyDisk disk;
  ASSERT_TRUE(os::write_new_file(disk, "/a", as_bytes("x")));
  ASSERT_TRUE(disk.sync_directory("/"));
  ASSERT_TRUE(disk.remove("/a"));
  EXPECT_EQ(outcomes(disk, "/a"), (std::set<std::string>{"x", kMissing}));
  ASSERT_TRUE(disk.sync_directory("/"));
  EXPECT_EQ(outcomes(disk, "/a"), std::set<std::string>{kMissing});
}

TEST(PowerCut, ChangesOfDifferentNamesAreIndependentAndThoseOfOneKeepTheirOrder) {
  FaultyDisk disk;
  open_file(disk, "/a", OpenMode::kCreate);
  open_file(disk, "/b", OpenMode::kCreate);
  EXPECT_EQ(outcomes(disk, [](os::Disk& after) { return joined(after.list("/")); }),
            (std::set<std::string>{"", "a ", "b ", "a b "}));
  // The second link is never there without the removal before it.
  FaultyDisk again;
  ASSERT_TRUE(os::write_new_file(again, "/first", as_bytes("1")));
  ASSERT_TRUE(os::write_new_file(again, "/second", as_bytes("2")));
  ASSERT_TRUE(again.sync_directory("/"));
  ASSERT_TRUE(again.link("/first", "/x"));
  ASSERT_TRUE(again.remove("/x"));
  ASSERT_TRUE(again.link("/second", "/x"));
  EXPECT_EQ(outcomes(again, "/x"), (std::set<std::string>{kMissing, "1", "2"}));
}

TEST(PowerCut, ASyncAfterAFailedOneSavesNothing) {
  FaultyDisk disk;
  ASSERT_TRUE(os::write_new_file(disk, "/a", as_bytes("old")));
  const auto file = open_file(disk, "/a", OpenMode::kReadWrite);
  ASSERT_TRUE(file->write_at(0, as_bytes("new")));
  disk.inject({.op = Op::kSyncData});
  ASSERT_FALSE(file->sync_data());
  ASSERT_TRUE(file->sync_data());
  EXPECT_EQ(text_of(disk, "/a"), "new") << "the page cache still shows it";
  EXPECT_EQ(outcomes(disk, "/a"), (std::set<std::string>{"old", "new"}));

  disk.inject({.op = Op::kSyncDirectory});
  ASSERT_TRUE(disk.link("/a", "/b"));
  ASSERT_FALSE(disk.sync_directory("/"));
  ASSERT_TRUE(disk.sync_directory("/"));
  EXPECT_TRUE(outcomes(disk, "/b").contains(kMissing));
}

TEST(PowerCut, EqualSeedsGiveEqualStatesAndTheDiskGoesOn) {
  FaultyDisk disk;
  const auto file = open_file(disk, "/a", OpenMode::kCreate);
  ASSERT_TRUE(file->write_at(0, Bytes(20 * kSectorBytes, 'x')));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(text_of(*disk.after_power_cut(2, seed), "/a"), text_of(*disk.after_power_cut(2, seed), "/a"));
  }
  const auto after = disk.after_power_cut(0, 1);
  EXPECT_EQ(text_of(*after, "/a"), kMissing);
  ASSERT_TRUE(os::write_new_file(*after, "/a", as_bytes("again")));
  EXPECT_EQ(outcomes(*after, "/a"), std::set<std::string>{"again"});
}

// The floor's own helpers.

TEST(PowerCut, ReplaceFileLeavesTheOldOrTheNewAtEveryPoint) {
  FaultyDisk disk;
  ASSERT_TRUE(os::replace_file(disk, "/a", as_bytes("old")));
  const std::size_t begin = disk.position();
  ASSERT_TRUE(os::replace_file(disk, "/a", as_bytes("new")));
  for (std::size_t cut = begin; cut <= disk.position(); ++cut) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const std::string text = text_of(*disk.after_power_cut(cut, seed), "/a");
      ASSERT_TRUE(text == "new" || (text == "old" && cut < disk.position())) << disk.describe(cut) << ": " << text;
    }
  }
}

TEST(PowerCut, MakeDirectoriesMakesGoodWhatAKilledProcessLeftUnsynced) {
  const auto look = [](os::Disk& after) { return after.stat("/a/b/c") ? "there" : "lost"; };
  FaultyDisk first;
  ASSERT_TRUE(first.make_directory("/a"));  // killed here
  ASSERT_TRUE(os::make_directories(first, "/a/b/c"));
  EXPECT_EQ(outcomes(first, look), std::set<std::string>{"there"});
  FaultyDisk last;
  ASSERT_TRUE(os::make_directories(last, "/a/b"));
  ASSERT_TRUE(last.make_directory("/a/b/c"));  // killed here
  EXPECT_EQ(outcomes(last, look), (std::set<std::string>{"there", "lost"}));
  ASSERT_TRUE(os::make_directories(last, "/a/b/c"));
  EXPECT_EQ(outcomes(last, look), std::set<std::string>{"there"});
}

// A store of objects under power cuts, right or wrong. `broken` says the first promise that a cut broke, if
// any.

struct Acknowledged {
  std::string name;
  std::string content;
  std::size_t position;  // where the trace stood when success was reported
};
using PutObject = std::function<bool(os::Disk&, const std::string& name, const std::string& content)>;

const Path kObjects = "/data/objects";

std::optional<std::string> broken(const PutObject& put) {
  FaultyDisk disk;
  if (!os::make_directories(disk, kObjects)) return "no directory";
  std::vector<Acknowledged> promised;
  for (int i = 0; i < 6; ++i) {
    const std::string name = "object_" + std::to_string(i);
    const std::string content(static_cast<std::size_t>(i) * 700, static_cast<char>('a' + i));
    if (!put(disk, name, content)) return "a put failed";
    promised.push_back({name, content, disk.position()});
  }
  for (std::size_t cut = 0; cut <= disk.position(); ++cut) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const auto after = disk.after_power_cut(cut, seed);
      for (const Acknowledged& object : promised) {
        const auto text = text_of(*after, kObjects / object.name);
        const bool is_promised = object.position <= cut;
        if (text == object.content || (text == kMissing && !is_promised)) continue;
        return disk.describe(cut) + ", seed " + std::to_string(seed) + ": " + object.name +
               (text == kMissing ? " lost" : " damaged");
      }
    }
  }
  return std::nullopt;
}

bool put_rightly(os::Disk& disk, const std::string& name, const std::string& content) {
  return os::write_new_file(disk, kObjects / name, as_bytes(content)).has_value();
}

TEST(PowerCut, TheCheckPassesAWriterThatKeepsItsPromises) {
  const auto found = broken(put_rightly);
  EXPECT_FALSE(found) << *found;
}

enum class Omit { kNothing, kDataSync, kDirectorySync, kTemporary };
PutObject put_without(Omit omit) {
  return [omit](os::Disk& disk, const std::string& name, const std::string& content) {
    const Path path = kObjects / name;
    const Path first = omit == Omit::kTemporary ? path : kObjects / (name + ".tmp");
    const auto file = disk.open(first, OpenMode::kCreate);
    if (!file || !(*file)->write_at(0, as_bytes(content))) return false;
    if (omit != Omit::kDataSync && !(*file)->sync_data()) return false;
    if (omit != Omit::kTemporary && !disk.rename(first, path)) return false;
    return omit == Omit::kDirectorySync || disk.sync_directory(kObjects).has_value();
  };
}

TEST(PowerCut, TheCheckCatchesEachMissingStep) {
  EXPECT_FALSE(broken(put_without(Omit::kNothing)));
  const auto no_data_sync = broken(put_without(Omit::kDataSync));
  const auto no_directory_sync = broken(put_without(Omit::kDirectorySync));
  const auto no_temporary = broken(put_without(Omit::kTemporary));
  ASSERT_TRUE(no_data_sync && no_directory_sync && no_temporary);
  EXPECT_TRUE(no_data_sync->ends_with("damaged")) << *no_data_sync;
  EXPECT_TRUE(no_directory_sync->ends_with("lost")) << *no_directory_sync;
  EXPECT_TRUE(no_temporary->ends_with("damaged")) << *no_temporary;
}

TEST(PowerCut, TheCheckCatchesARetriedSync) {
  const auto found = broken([](os::Disk& disk, const std::string& name, const std::string& content) {
    auto& faulty = static_cast<FaultyDisk&>(disk);
    const auto file = disk.open(kObjects / (name + ".tmp"), OpenMode::kCreate);
    if (!file || !(*file)->write_at(0, as_bytes(content))) return false;
    faulty.inject({.op = Op::kSyncData});
    if (!(*file)->sync_data() && !(*file)->sync_data()) return false;
    return disk.rename(kObjects / (name + ".tmp"), kObjects / name) && disk.sync_directory(kObjects);
  });
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->ends_with("damaged")) << *found;
}

TEST(PowerCut, TheCheckPassesTheFileBucket) {
  std::unique_ptr<bucket::Bucket> objects;
  const auto found = broken([&](os::Disk& disk, const std::string& name, const std::string& content) {
    if (!objects) objects = std::move(*bucket::open_fs_bucket(disk, kObjects));
    return objects->put(name, as_bytes(content)).has_value();
  });
  EXPECT_FALSE(found) << *found;
}

// The file bucket in more detail: directories, files taken over, removals, restarts.

using bucket::BucketConformance;
using bucket::MakeBucket;
INSTANTIATE_TEST_SUITE_P(InMemory, BucketConformance, ::testing::Values(MakeBucket(bucket_in_memory)));
INSTANTIATE_TEST_SUITE_P(OverRealDisk, BucketConformance, ::testing::Values(MakeBucket(bucket_over_real)));

std::unique_ptr<bucket::Bucket> open_bucket(os::Disk& disk, const Path& root) {
  auto opened = bucket::open_fs_bucket(disk, root);
  EXPECT_TRUE(opened) << opened.error().text();
  return opened ? std::move(*opened) : nullptr;
}

// What was asked of a bucket, with the trace's position before and after each request.
struct History {
  struct Request {
    std::string name;
    std::optional<std::string> content;  // none: removed
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  std::vector<Request> requests;

  // What may be under `name` after a cut; none stands for nothing.
  std::set<std::optional<std::string>> allowed(const std::string& name, std::size_t cut) const {
    std::set<std::optional<std::string>> out{std::nullopt};
    for (const Request& request : requests) {
      if (request.name != name || request.begin > cut) continue;
      if (request.end <= cut) out.clear();
      out.insert(request.content);
    }
    return out;
  }
};

History use_bucket(FaultyDisk& disk, const Path& root) {
  History history;
  const auto objects = open_bucket(disk, root / "objects");
  EXPECT_TRUE(os::make_directories(disk, root / "spool"));
  const auto request = [&](const std::string& name, std::optional<std::string> content, const auto& act) {
    const std::size_t begin = disk.position();
    const Result<void> done = act();
    EXPECT_TRUE(done) << done.error().text();
    history.requests.push_back({name, std::move(content), begin, disk.position()});
  };
  const auto put = [&](const std::string& name, const std::string& content) {
    request(name, content, [&] { return objects->put(name, as_bytes(content)); });
  };
  put("a", "small");
  put("new/directory/b", std::string(1300, 'b'));
  put("new/directory/c", "");
  const Path spooled = root / "spool/film";
  const std::string film(2000, 'f');
  const auto file = open_file(disk, spooled, OpenMode::kCreate);
  EXPECT_TRUE(file->write_at(0, as_bytes(film)));
  EXPECT_TRUE(file->sync_data());  // data, not name: as put_file asks
  request("other/film", film, [&] { return objects->put_file("other/film", {spooled, film.size()}); });
  EXPECT_TRUE(disk.remove(spooled));
  put("a", "small");
  request("new/directory/b", std::nullopt, [&] { return objects->remove("new/directory/b"); });
  put("new/directory/b", "again");
  return history;
}

void expect_history_kept(const FaultyDisk& disk, const Path& root, const History& history, std::size_t cut,
                         std::uint64_t seed) {
  SCOPED_TRACE("cut before " + disk.describe(cut) + ", seed " + std::to_string(seed));
  const auto after = disk.after_power_cut(cut, seed);
  const auto objects = open_bucket(*after, root / "objects");
  ASSERT_NE(objects, nullptr);
  std::set<std::string> names;
  for (const auto& request : history.requests) {
    names.insert(request.name);
    const auto bytes = bucket::get(*objects, request.name, 1 << 20);
    std::optional<std::string> content;
    if (bytes) content = as_text(*bytes);
    ASSERT_TRUE(bytes || bytes.error().code() == Code::kNotFound) << bytes.error().text();
    EXPECT_TRUE(history.allowed(request.name, cut).contains(content)) << request.name << ": " << content.value_or("-");
  }
  const auto listed = objects->list("", "", 100);
  ASSERT_TRUE(listed);
  for (const std::string& name : *listed) EXPECT_TRUE(names.contains(name)) << name;
  // The client did not hear of success and sends again.
  for (const auto& request : history.requests) {
    if (request.end <= cut || !request.content) continue;
    if (history.allowed(request.name, cut).size() > 2) continue;  // other bytes may still be there, rightly
    const auto put = objects->put(request.name, as_bytes(*request.content));
    EXPECT_TRUE(put || put.error().code() == Code::kConflict) << put.error().text();
  }
}

TEST(BucketPowerCut, KeepsEveryPromiseAtEveryPoint) {
  FaultyDisk disk;
  const History history = use_bucket(disk, "/data");
  for (std::size_t cut = 0; cut <= disk.position(); ++cut) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      expect_history_kept(disk, "/data", history, cut, seed);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(BucketPowerCut, KeepsItsPromisesWhenRecordedOverARealDisk) {
  RealDirectory real;
  const auto disk = real.recorded();
  const History history = use_bucket(*disk, real.path());
  for (std::size_t cut = 0; cut <= disk->position(); ++cut) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      expect_history_kept(*disk, real.path(), history, cut, seed);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(BucketPowerCut, PuttingAgainSyncsTheNameThatAKilledProcessLeft) {
  FaultyDisk disk;
  const auto objects = open_bucket(disk, "/objects");
  ASSERT_TRUE(disk.make_directory("/objects/d"));
  const auto file = open_file(disk, "/objects/d/a", OpenMode::kCreate);
  ASSERT_TRUE(file->write_at(0, as_bytes("film")));
  ASSERT_TRUE(file->sync_data());  // killed before the directories are synced
  EXPECT_TRUE(outcomes(disk, "/objects/d/a").contains(kMissing));
  ASSERT_TRUE(objects->put("d/a", as_bytes("film")));
  EXPECT_EQ(outcomes(disk, "/objects/d/a"), std::set<std::string>{"film"});
}

TEST(BucketPowerCut, RemovingAgainSyncsTheRemovalThatAKilledProcessLeft) {
  FaultyDisk disk;
  const auto objects = open_bucket(disk, "/objects");
  ASSERT_TRUE(objects->put("a", as_bytes("film")));
  ASSERT_TRUE(disk.remove("/objects/a"));  // killed before the directory is synced
  EXPECT_TRUE(outcomes(disk, "/objects/a").contains("film"));
  ASSERT_TRUE(objects->remove("a"));
  EXPECT_EQ(outcomes(disk, "/objects/a"), std::set<std::string>{kMissing});
}

TEST(BucketFaults, AFailedSyncStopsWritingAndLeavesReading) {
  struct Case {
    Op op;
    std::size_t nth;
    const char* name;
  };
  // The data; the parent of a new directory; the directory of the name.
  for (const Case& c : {Case{Op::kSyncData, 1, "b"}, Case{Op::kSyncDirectory, 1, "new/b"},
                        Case{Op::kSyncDirectory, 2, "new/b"}, Case{Op::kSyncDirectory, 1, "b"}}) {
    FaultyDisk disk;
    const auto objects = open_bucket(disk, "/objects");
    ASSERT_TRUE(objects->put("a", as_bytes("before")));
    disk.inject({.op = c.op, .nth = c.nth});
    const auto failed = objects->put(c.name, as_bytes("lost"));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), Code::kInternal);
    const std::size_t stopped_at = disk.position();
    for (const auto& refused : {objects->put("c", as_bytes("after")), objects->put(c.name, as_bytes("lost")),
                                objects->put_file("c", {"/none", 0}), objects->remove("a")}) {
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().problem, &problems::kStoreStopped);
    }
    EXPECT_EQ(disk.position(), stopped_at) << "nothing may be tried after a failed sync";
    EXPECT_EQ(as_text(*bucket::get(*objects, "a", 10)), "before");
    // Restart is recovery.
    EXPECT_TRUE(open_bucket(disk, "/objects")->put(c.name, as_bytes("lost")));
  }
}

TEST(BucketFaults, AFailedSyncOfARemovalStops) {
  FaultyDisk disk;
  const auto objects = open_bucket(disk, "/objects");
  ASSERT_TRUE(objects->put("a", as_bytes("x")));
  disk.inject({.op = Op::kSyncDirectory});
  EXPECT_FALSE(objects->remove("a"));
  const auto refused = objects->put("b", as_bytes("x"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().problem, &problems::kStoreStopped);
}

TEST(BucketFaults, AFullDiskAnywhereElseLeavesNothingAndStopsNothing) {
  bool failed_somewhere = false;
  for (std::size_t nth = 1;; ++nth) {
    FaultyDisk disk;
    const auto objects = open_bucket(disk, "/objects");
    const std::size_t begin = disk.position();
    disk.inject({.op = std::nullopt, .nth = nth, .error_number = ENOSPC});
    const auto put = objects->put("new/a", as_bytes("film"));
    if (disk.position() < begin + nth) break;  // the fault came too late to hit this put
    const Op hit = disk.op_at(begin + nth - 1);
    if (hit == Op::kSyncData || hit == Op::kSyncDirectory) continue;
    if (put) {
      EXPECT_EQ(hit, Op::kRemove) << "only clearing up may fail unheard";
      continue;
    }
    failed_somewhere = true;
    EXPECT_EQ(put.error().code(), Code::kFull);
    EXPECT_FALSE(objects->stat("new/a"));
    EXPECT_TRUE(disk.list("/objects/.tmp")->empty()) << disk.describe(begin + nth - 1);
    EXPECT_TRUE(objects->put("new/a", as_bytes("film")));
  }
  EXPECT_TRUE(failed_somewhere);
}

// Over a real directory.

TEST(RecordedDisk, DoesToTheRealDirectoryWhatItRecords) {
  RealDirectory real;
  ASSERT_TRUE(os::write_new_file(real.disk(), real.path() / "before", as_bytes("there before")));
  const auto disk = real.recorded();
  const auto file = open_file(*disk, real.path() / "a", OpenMode::kCreate);
  EXPECT_GE(file->descriptor(), 0);
  ASSERT_TRUE(file->write_at(0, as_bytes("film")));
  EXPECT_EQ(text_of(real.disk(), real.path() / "a"), "film");
  EXPECT_EQ(text_of(*disk, real.path() / "a"), "film");
  EXPECT_TRUE(outcomes(*disk, real.path() / "a").contains(kMissing));
  EXPECT_EQ(outcomes(*disk, real.path() / "before"), std::set<std::string>{"there before"});
}

TEST(RecordedDisk, AFaultKeepsTheRealDirectoryUnchanged) {
  RealDirectory real;
  const auto disk = real.recorded();
  disk->inject({.op = Op::kCreate});
  EXPECT_FALSE(disk->open(real.path() / "a", OpenMode::kCreate));
  EXPECT_TRUE(real.disk().list(real.path())->empty());
}

TEST(RecordedDisk, TakesInWhatOthersMadeFromWhenItIsFirstAskedFor) {
  RealDirectory real;
  const auto disk = real.recorded();
  ASSERT_TRUE(disk->make_directory(real.path() / "d"));
  ASSERT_TRUE(os::write_new_file(real.disk(), real.path() / "d/catalog", as_bytes("rows")));
  ASSERT_TRUE(disk->sync_directory(real.path()));
  ASSERT_TRUE(disk->link(real.path() / "d/catalog", real.path() / "copy"));
  ASSERT_TRUE(disk->sync_directory(real.path()));
  EXPECT_EQ(outcomes(*disk, real.path() / "copy"), std::set<std::string>{"rows"});
  EXPECT_EQ(text_of(*disk->after_power_cut(2, 1), real.path() / "copy"), kMissing);
}

TEST(RecordedDisk, PathsOutsideGoUnrecordedAndCannotBeLinkedIn) {
  RealDirectory real, elsewhere;
  const auto disk = real.recorded();
  ASSERT_TRUE(os::write_new_file(*disk, elsewhere.path() / "a", as_bytes("x")));
  EXPECT_EQ(disk->position(), 0u);
  const auto linked = disk->link(elsewhere.path() / "a", real.path() / "a");
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code(), Code::kUnsupported);
}

TEST(RecordedDisk, AStateCanBeWrittenOutForAServerToStartOn) {
  FaultyDisk disk;
  const auto objects = open_bucket(disk, "/objects");
  ASSERT_TRUE(os::write_new_file(disk, "/spooled", as_bytes("film")));
  ASSERT_TRUE(objects->put_file("d/a", {"/spooled", 4}));
  ASSERT_TRUE(objects->put("e", as_bytes("small")));
  RealDirectory real;
  const Path out = real.path() / "state";
  const auto written = disk.after_power_cut(disk.position(), 1)->write_to(out);
  ASSERT_TRUE(written) << written.error().text();
  const auto reopened = open_bucket(real.disk(), out / "objects");
  EXPECT_EQ(as_text(*bucket::get(*reopened, "d/a", 10)), "film");
  EXPECT_EQ(as_text(*bucket::get(*reopened, "e", 10)), "small");
  EXPECT_EQ(real.disk().stat(out / "spooled")->inode, real.disk().stat(out / "objects/d/a")->inode);
  EXPECT_FALSE(disk.write_to(out)) << "it never overwrites";
}

}  // namespace
}  // namespace lapel::test
