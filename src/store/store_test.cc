// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <map>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/problems.h"
#include "bucket/fs_bucket.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "store/keys.h"
#include "test/damaging_bucket.h"
#include "test/faulty_disk.h"
#include "test/watched_disk.h"

namespace lapel::store {
namespace {

using test::Fault;
using test::FaultyDisk;
using test::Op;

constexpr std::string_view kSlug = "ashfield";

// All on one page of the key store but for `page`.
SubjectId subject(unsigned number, unsigned page = 0) {
  return *SubjectId::parse(fmt::format("{:03x}{:029x}", page, number));
}
template <typename T>
const Problem* problem_of(const Result<T>& result) {
  return result ? nullptr : result.error().problem;
}
template <typename T>
std::optional<Code> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code());
}

// ---- keys ----

class KeyStoreTest : public testing::Test {
 protected:
  KeyStoreTest() { EXPECT_TRUE(open(disk_)->create_agency(kSlug)); }

  // A program started anew on this disk.
  static std::unique_ptr<KeyStore> open(os::Disk& disk) { return *KeyStore::open(disk, "/keys"); }
  ByteArray<32> make(KeyStore& store, const SubjectId& who) {
    const auto key = store.subject_key_or_create(kSlug, who);
    EXPECT_TRUE(key) << key.error().text();
    return *key;
  }
  Bytes page() { return *os::read_file(disk_, kPage, 1 << 20); }
  void set_page(const Bytes& bytes) { ASSERT_TRUE(os::replace_file(disk_, kPage, bytes)); }

  static constexpr const char* kPage = "/keys/ashfield/subjects/000";
  FaultyDisk disk_;
};

TEST_F(KeyStoreTest, ASubjectHasOneKeyForGood) {
  const auto store = open(disk_);
  EXPECT_EQ(code_of(store->subject_key(kSlug, subject(1))), Code::kNotFound);
  const auto first = make(*store, subject(1)), second = make(*store, subject(2)),
             elsewhere = make(*store, subject(1, 7));
  EXPECT_NE(first, second);
  EXPECT_NE(first, elsewhere);
  EXPECT_EQ(make(*store, subject(1)), first);
  for (const auto& again : {open(disk_), open(disk_)}) {
    EXPECT_EQ(*again->subject_key(kSlug, subject(1)), first);
    EXPECT_EQ(make(*again, subject(2)), second);
    EXPECT_EQ(code_of(again->subject_key(kSlug, subject(3))), Code::kNotFound);
  }
  EXPECT_EQ(page().size(), 160u);
  EXPECT_EQ(code_of(store->subject_key("elsewhere", subject(1))), Code::kNotFound);
  EXPECT_EQ(code_of(store->subject_key_or_create("elsewhere", subject(1))), Code::kNotFound);
}

// The power goes at every call, in many ways: a key that was returned is there, and one that was not can be made. Records
// seven and on lie across the borders of sectors.
TEST_F(KeyStoreTest, AKeyThatWasReturnedSurvivesEveryPowerCut) {
  constexpr unsigned kKeys = 14;
  const auto store = open(disk_);
  const std::size_t begin = disk_.position();
  std::map<SubjectId, std::pair<std::size_t, ByteArray<32>>> made;  // position when it was returned
  for (unsigned i = 0; i < kKeys; ++i) {
    const SubjectId who = subject(i, i % 5 == 4 ? 1 : 0);
    const auto key = make(*store, who);
    made.emplace(who, std::pair(disk_.position(), key));
  }
  std::size_t cuts = 0;
  for (std::size_t at = begin; at <= disk_.position(); ++at) {
    for (std::uint64_t seed = 0; seed < 8; ++seed, ++cuts) {
      const auto after = disk_.after_power_cut(at, seed);
      const auto again = open(*after);
      for (const auto& [who, known] : made) {
        const auto& [returned_at, key] = known;
        const auto now = again->subject_key_or_create(kSlug, who);
        ASSERT_TRUE(now) << now.error().text() << " after " << at << " calls, seed " << seed;
        if (returned_at <= at) {
          ASSERT_EQ(*now, key) << "after " << at << " calls, seed " << seed;
        }
        ASSERT_EQ(*again->subject_key(kSlug, who), *now);
      }
    }
  }
  EXPECT_GT(cuts, 500u);
}

TEST_F(KeyStoreTest, AFailedSyncStopsItAndLosesNothing) {
  for (const Op op : {Op::kSyncData, Op::kSyncDirectory}) {
    FaultyDisk disk;
    ASSERT_TRUE(open(disk)->create_agency(kSlug));
    const auto store = open(disk);
    const auto before = make(*store, subject(1));
    disk.inject({.op = op});
    EXPECT_EQ(code_of(store->subject_key_or_create(kSlug, subject(2))), Code::kInternal);
    for (const unsigned later : {2u, 3u}) {
      EXPECT_EQ(problem_of(store->subject_key_or_create(kSlug, subject(later, 1))), &problems::kStoreStopped);
      EXPECT_EQ(problem_of(store->subject_key_or_create(kSlug, subject(later))), &problems::kStoreStopped);
    }
    EXPECT_EQ(*store->subject_key(kSlug, subject(1)), before);
    // A restart makes durable what the failed sync left behind, before it relies on it.
    const auto again = open(disk);
    EXPECT_EQ(make(*again, subject(1)), before);
    const auto after = make(*again, subject(2));
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto cut = disk.after_power_cut(disk.position(), seed);
      EXPECT_EQ(*open(*cut)->subject_key(kSlug, subject(1)), before);
      EXPECT_EQ(*open(*cut)->subject_key(kSlug, subject(2)), after);
    }
  }
}

// Two servers on one key store: one dies, or its sync fails, after its record can be read and before it is durable.
TEST_F(KeyStoreTest, AKeyOfAnotherProgramIsMadeDurableBeforeItIsReliedOn) {
  const auto mine = open(disk_), theirs = open(disk_);
  const auto first = make(*mine, subject(1));
  disk_.inject({.op = Op::kSyncData});
  ASSERT_FALSE(theirs->subject_key_or_create(kSlug, subject(2)));
  EXPECT_EQ(page().size(), 160u) << "their record stands in the page for everybody to read";
  const auto second = make(*mine, subject(2));
  const auto third = make(*mine, subject(3));
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto cut = disk_.after_power_cut(disk_.position(), seed);
    EXPECT_EQ(*open(*cut)->subject_key(kSlug, subject(1)), first);
    EXPECT_EQ(*open(*cut)->subject_key(kSlug, subject(2)), second);
    EXPECT_EQ(*open(*cut)->subject_key(kSlug, subject(3)), third);
  }
}

TEST_F(KeyStoreTest, AFullDiskRefusesAndIsGotOver) {
  const auto store = open(disk_);
  const auto first = make(*store, subject(1));
  for (int i = 0; i < 3; ++i) {
    disk_.inject({.op = Op::kWrite, .error_number = ENOSPC});
    EXPECT_EQ(code_of(store->subject_key_or_create(kSlug, subject(2))), Code::kFull);
  }
  EXPECT_EQ(*store->subject_key(kSlug, subject(1)), first);
  const auto second = make(*store, subject(2));
  EXPECT_EQ(page().size(), 160u);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto cut = disk_.after_power_cut(disk_.position(), seed);
    EXPECT_EQ(*open(*cut)->subject_key(kSlug, subject(1)), first);
    EXPECT_EQ(*open(*cut)->subject_key(kSlug, subject(2)), second);
  }
}

// The page of a new subject cannot be made; what a crash cut short cannot be taken away.
TEST_F(KeyStoreTest, APageThatCannotBeOpenedOrMendedGivesNoKey) {
  disk_.inject({.op = Op::kCreate});
  EXPECT_EQ(code_of(open(disk_)->subject_key_or_create(kSlug, subject(1))), Code::kInternal);
  const auto first = make(*open(disk_), subject(1));
  const Bytes good = page();
  for (const Op op : {Op::kTruncate, Op::kSyncData}) {
    Bytes torn = good;
    torn.resize(good.size() + 30);
    set_page(torn);
    const auto store = open(disk_);
    disk_.inject({.op = op});
    EXPECT_EQ(code_of(store->subject_key_or_create(kSlug, subject(2))), Code::kInternal);
    const bool is_stopped = problem_of(store->subject_key_or_create(kSlug, subject(2))) == &problems::kStoreStopped;
    EXPECT_EQ(is_stopped, op == Op::kSyncData);
    EXPECT_EQ(make(*open(disk_), subject(1)), first);
  }
}

TEST_F(KeyStoreTest, AnotherAgencyKeyOpensNothingAndMakesNothing) {
  make(*open(disk_), subject(1));
  const Bytes before = page();
  const std::string other = fmt::format("lapel-key/1 agency {}\n", std::string(64, '7'));
  ASSERT_TRUE(os::replace_file(disk_, "/keys/ashfield/agency.key", as_bytes(other)));
  const auto store = open(disk_);
  EXPECT_EQ(code_of(store->subject_key(kSlug, subject(1))), Code::kCorrupt);
  EXPECT_EQ(code_of(store->subject_key_or_create(kSlug, subject(1))), Code::kCorrupt);
  EXPECT_EQ(code_of(store->subject_key_or_create(kSlug, subject(2))), Code::kCorrupt);
  EXPECT_EQ(page(), before);
}

// A record moved to another subject, or to another agency, is no key there.
TEST_F(KeyStoreTest, ARecordIsGoodOnlyForItsSubjectAndAgency) {
  make(*open(disk_), subject(1));
  Bytes moved = page();
  const ByteArray<16> other = subject(2).bytes();
  std::copy(other.begin(), other.end(), moved.begin() + 4);
  set_page(moved);
  EXPECT_EQ(code_of(open(disk_)->subject_key(kSlug, subject(2))), Code::kCorrupt);

  ASSERT_TRUE(open(disk_)->create_agency("otherton"));
  const Bytes key = *os::read_file(disk_, "/keys/ashfield/agency.key", 256);
  ASSERT_TRUE(os::replace_file(disk_, "/keys/otherton/agency.key", key));
  ASSERT_TRUE(os::write_new_file(disk_, "/keys/otherton/subjects/000", page()));
  EXPECT_EQ(code_of(open(disk_)->subject_key("otherton", subject(2))), Code::kCorrupt);
}

TEST_F(KeyStoreTest, ADamagedPageGivesNoFalseKeyAndGetsNoNewOne) {
  const auto first = make(*open(disk_), subject(1)), second = make(*open(disk_), subject(2));
  const Bytes good = page();
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int mask : {0x01, 0x80}) {
      Bytes bad = good;
      bad[at] ^= static_cast<std::uint8_t>(mask);
      set_page(bad);
      const auto store = open(disk_);
      for (const auto& [who, key] : {std::pair(subject(1), first), std::pair(subject(2), second)}) {
        if (const auto found = store->subject_key(kSlug, who)) {
          EXPECT_EQ(*found, key) << at;
        }
        if (const auto found = store->subject_key_or_create(kSlug, who)) {
          EXPECT_EQ(*found, key) << at;
        }
      }
      EXPECT_EQ(code_of(store->subject_key_or_create(kSlug, subject(3))), Code::kCorrupt) << at;
      EXPECT_EQ(page(), bad) << at;
    }
  }
  // What a crash cuts short is no damage.
  for (std::size_t bytes = 81; bytes < 160; ++bytes) {
    set_page(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(bytes)));
    EXPECT_EQ(make(*open(disk_), subject(1)), first);
    EXPECT_NE(make(*open(disk_), subject(2)), second);
    EXPECT_EQ(page().size(), 160u);
  }
}

TEST_F(KeyStoreTest, AnAgencysSecretsAreMadeOnce) {
  const auto store = open(disk_);
  const AgencySecrets secrets = *store->agency_secrets(kSlug);
  EXPECT_NE(secrets.log_seed, secrets.pad_key);
  EXPECT_NE(secrets.pad_key, secrets.heads_key);
  // What an attempt has left is taken up, and what is missing of it is made.
  ASSERT_TRUE(disk_.remove("/keys/ashfield/heads.key"));
  ASSERT_TRUE(store->create_agency(kSlug));
  EXPECT_EQ(store->agency_secrets(kSlug)->log_seed, secrets.log_seed);
  EXPECT_EQ(store->agency_secrets(kSlug)->pad_key, secrets.pad_key);
  EXPECT_NE(store->agency_secrets(kSlug)->heads_key, secrets.heads_key);
  // Not what has keys of subjects: that is in use.
  ASSERT_TRUE(store->subject_key_or_create(kSlug, subject(1)));
  EXPECT_EQ(code_of(store->create_agency(kSlug)), Code::kConflict);
  EXPECT_EQ(store->agency_secrets(kSlug)->log_seed, secrets.log_seed);
  EXPECT_EQ(code_of(store->agency_secrets("otherton")), Code::kNotFound);
  // One in another's place, and every text that is none.
  const std::string digits(64, 'a');
  for (const std::string& text :
       {std::string(), std::string("\n"), "lapel-key/1 pad " + digits + "\n", "lapel-key/1 log " + digits,
        "lapel-key/1 log " + digits + "\n\n", "lapel-key/2 log " + digits + "\n", "lapel-key/1 log " + digits + "a\n",
        "lapel-key/1 log " + digits.substr(1) + "\n", "lapel-key/1 log " + std::string(64, 'A') + "\n",
        "lapel-key/1 log " + std::string(64, 'g') + "\n", "lapel-key/1 log " + std::string(1'000, 'a') + "\n"}) {
    ASSERT_TRUE(os::replace_file(disk_, "/keys/ashfield/log.key", as_bytes(text)));
    const auto read = store->agency_secrets(kSlug);
    ASSERT_FALSE(read) << text;
    EXPECT_TRUE(read.error().code() == Code::kCorrupt || read.error().code() == Code::kTooLarge) << text;
  }
}

TEST(KeyStoreOnDisk, TwoProgramsThatRaceForAKeyGetTheSame) {
  const os::Path directory =
      std::filesystem::temp_directory_path() / fmt::format("lapel-keys-{}", hex(crypto::random_bytes<8>()));
  const auto disk = os::real_disk();
  const auto one = *KeyStore::open(*disk, directory), two = *KeyStore::open(*disk, directory);
  ASSERT_TRUE(one->create_agency(kSlug));
  constexpr unsigned kKeys = 24;
  std::array<std::vector<ByteArray<32>>, 2> keys;
  std::latch start(2);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        KeyStore& store = t == 0 ? *one : *two;
        start.arrive_and_wait();
        for (unsigned i = 0; i < kKeys; ++i) keys[t].push_back(*store.subject_key_or_create(kSlug, subject(i)));
      });
    }
  }
  EXPECT_EQ(keys[0], keys[1]);
  EXPECT_EQ(std::filesystem::file_size(directory / "ashfield/subjects/000"), 80 * kKeys);
  std::filesystem::remove_all(directory);
}

// What another program, or another thread, does between this one's look at a page and its lock on it.
class KeyStoreRaceTest : public testing::Test {
 protected:
  KeyStoreRaceTest() { EXPECT_TRUE(mine_->create_agency(kSlug)); }
  ~KeyStoreRaceTest() override { std::filesystem::remove_all(directory_); }

  // The page is made by another subject; the look at it is over when it is opened a second time, after the agency's key.
  void between_look_and_lock(std::function<void()> what) {
    ASSERT_TRUE(mine_->subject_key_or_create(kSlug, subject(1)));
    disk_.before_open = [this, what = std::move(what)] {  // the look
      disk_.before_open = [this, what] {                  // the agency's key
        disk_.before_open = [what] { what(); };           // to write
      };
    };
  }
  Bytes page() { return *os::read_file(*real_, page_, 1 << 20); }
  void set_page(const Bytes& bytes) { std::ofstream(page_, std::ios::binary | std::ios::trunc) << as_text(bytes); }

  const os::Path directory_ =
      std::filesystem::temp_directory_path() / fmt::format("lapel-keys-{}", hex(crypto::random_bytes<8>()));
  const os::Path page_ = directory_ / "ashfield/subjects/000";
  test::WatchedDisk disk_;
  const std::unique_ptr<os::Disk> real_ = os::real_disk();
  const std::unique_ptr<KeyStore> mine_ = *KeyStore::open(disk_, directory_);
  const std::unique_ptr<KeyStore> theirs_ = *KeyStore::open(*real_, directory_);
};

TEST_F(KeyStoreRaceTest, AKeyThatWasMadeMeanwhileIsTheKey) {
  ByteArray<32> made{};
  between_look_and_lock([&] { made = *theirs_->subject_key_or_create(kSlug, subject(2)); });
  EXPECT_EQ(*mine_->subject_key_or_create(kSlug, subject(2)), made);
  EXPECT_EQ(page().size(), 160u);
  // By another thread of this very program, which has made it durable too.
  between_look_and_lock([&] { made = *mine_->subject_key_or_create(kSlug, subject(3)); });
  EXPECT_EQ(*mine_->subject_key_or_create(kSlug, subject(3)), made);
  EXPECT_EQ(page().size(), 240u);
}

TEST_F(KeyStoreRaceTest, APageThatWasDamagedMeanwhileGivesNoKey) {
  between_look_and_lock([&] {
    Bytes bytes = page();
    bytes[0] ^= 0x01;
    set_page(bytes);
  });
  EXPECT_EQ(code_of(mine_->subject_key_or_create(kSlug, subject(2))), Code::kCorrupt);
}

TEST_F(KeyStoreRaceTest, APageThatHasGrownBeyondMeasureMeanwhileGivesNoKey) {
  between_look_and_lock([&] { std::filesystem::resize_file(page_, std::uintmax_t{1} << 40); });
  EXPECT_EQ(code_of(mine_->subject_key_or_create(kSlug, subject(2))), Code::kCorrupt);
}

TEST_F(KeyStoreRaceTest, AKeyThatWasMadeMeanwhileAndDoesNotOpenIsNoKey) {
  between_look_and_lock([&] {
    ASSERT_TRUE(theirs_->subject_key_or_create(kSlug, subject(2)));
    Bytes bytes = page();
    bytes.back() ^= 0x01;
    set_page(bytes);
  });
  EXPECT_EQ(code_of(mine_->subject_key_or_create(kSlug, subject(2))), Code::kCorrupt);
  EXPECT_EQ(page().size(), 160u) << "no second key beside it";
}

TEST_F(KeyStoreRaceTest, APageThatCannotBeLockedGetsNoKey) {
  ASSERT_TRUE(mine_->subject_key_or_create(kSlug, subject(1)));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  between_look_and_lock([&] {
    // One more can be opened, the page; its lock is a descriptor too.
    const int next = ::dup(STDERR_FILENO);
    ::close(next);
    const rlimit low{static_cast<rlim_t>(next) + 1, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  });
  const auto key = mine_->subject_key_or_create(kSlug, subject(2));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(key);
  EXPECT_EQ(page().size(), 80u);
  EXPECT_TRUE(mine_->subject_key_or_create(kSlug, subject(2)));
}

// ---- objects ----

// Nothing destroys an object: until a destruction warrant is a type, there is nothing to call.
template <typename T>
concept Destroys = requires(T& store, const SubjectId& who) {
  store.destroy(kSlug, who);
}
|| requires(T& store, const SubjectId& who) {
  store.remove(kSlug, who);
};
static_assert(!Destroys<Store> && !Destroys<KeyStore>);

Bytes content(std::size_t bytes) {
  Bytes out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
  return out;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    EXPECT_TRUE(disk_.make_directory("/uploads"));
    EXPECT_TRUE(disk_.sync_directory("/"));
    reopen();
  }
  void reopen() {
    bucket_ = *bucket::open_fs_bucket(disk_, "/data");
    store_ = std::make_unique<Store>(*bucket_);
  }
  // A received file, synced as the upload leaves it.
  bucket::FileSource receive(const std::string& name, ByteView bytes) {
    const os::Path path = "/uploads/" + name;
    const auto file = *disk_.open(path, os::OpenMode::kCreate);
    EXPECT_TRUE(file->write_at(0, bytes));
    EXPECT_TRUE(file->sync_data());
    EXPECT_TRUE(disk_.sync_directory("/uploads"));
    return {path, bytes.size()};
  }
  Result<Digest> digest(std::uint64_t bytes) {
    auto original = TRY(store_->open(kSlug, subject(1), Codec::kPlain, bytes));
    return store_->digest(original);
  }

  FaultyDisk disk_;
  std::unique_ptr<bucket::Bucket> bucket_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, KeepsWhatItTookUnderTheSubjectsName) {
  const Bytes bytes = content(2'500'000);
  ASSERT_TRUE(store_->put(kSlug, subject(1), receive("a", bytes)));
  EXPECT_EQ(*digest(bytes.size()), crypto::sha256(bytes));
  EXPECT_EQ(object_name("ashfield", *SubjectId::parse("00112233445566778899aabbccddeeff")),
            "objects/ashfield/00/00112233445566778899aabbccddeeff");
  auto original = *store_->open(kSlug, subject(1), Codec::kPlain, bytes.size());
  Bytes part(1'000);
  EXPECT_EQ(*original.read_at(bytes.size() - 400, part), 400u);
  EXPECT_TRUE(std::equal(part.begin(), part.begin() + 400, bytes.end() - 400));
  EXPECT_EQ(*original.read_at(bytes.size(), part), 0u);
}

TEST_F(StoreTest, WhatWasPutSurvivesEveryPowerCut) {
  const Bytes bytes = content(5'000);
  const auto source = receive("a", bytes);
  const std::size_t begin = disk_.position();
  ASSERT_TRUE(store_->put(kSlug, subject(1), source));
  const std::size_t end = disk_.position();
  for (std::size_t at = begin; at <= end; ++at) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto after = disk_.after_power_cut(at, seed);
      const auto bucket = *bucket::open_fs_bucket(*after, "/data");
      Store store(*bucket);
      auto original = store.open(kSlug, subject(1), Codec::kPlain, bytes.size());
      if (at < end && !original) continue;  // not yet promised
      ASSERT_TRUE(original) << original.error().text();
      ASSERT_EQ(*store.digest(*original), crypto::sha256(bytes));
      // The same again after the restart, as the sealer does it.
      ASSERT_TRUE(store.put(kSlug, subject(1), source));
    }
  }
}

TEST_F(StoreTest, PuttingTheSameAgainIsHarmlessAndPuttingOtherBytesIsRefused) {
  const Bytes bytes = content(70'000);
  const auto source = receive("a", bytes);
  ASSERT_TRUE(store_->put(kSlug, subject(1), source));
  EXPECT_TRUE(store_->put(kSlug, subject(1), source));
  EXPECT_TRUE(store_->put(kSlug, subject(1), receive("a once more", bytes)));
  Bytes other = bytes;
  other[69'999] ^= 1;
  EXPECT_EQ(code_of(store_->put(kSlug, subject(1), receive("other", other))), Code::kConflict);
  EXPECT_EQ(code_of(store_->put(kSlug, subject(1), receive("shorter", content(69'999)))), Code::kConflict);
  EXPECT_EQ(code_of(store_->put(kSlug, subject(1), receive("empty", {}))), Code::kConflict);
  EXPECT_EQ(*digest(bytes.size()), crypto::sha256(bytes));
  // Another subject may have the same bytes: they are not merged.
  EXPECT_TRUE(store_->put(kSlug, subject(2), receive("of another", bytes)));
}

TEST_F(StoreTest, WhatIsTakenBackIsGoneAndItsSourceIsNot) {
  const Bytes bytes = content(5'000);
  const auto source = receive("a", bytes);
  ASSERT_TRUE(store_->put(kSlug, subject(1), source));
  ASSERT_TRUE(store_->put(kSlug, subject(2), source));
  // Never what nobody has any more, or what is another file.
  Bytes other = bytes;
  other[4'999] ^= 1;
  EXPECT_EQ(code_of(store_->take_back(kSlug, subject(2), receive("other", other))), Code::kConflict);
  EXPECT_FALSE(store_->take_back(kSlug, subject(2), {"/uploads/gone", bytes.size()}));
  ASSERT_TRUE(store_->open(kSlug, subject(2), Codec::kPlain, bytes.size()));

  EXPECT_TRUE(store_->take_back(kSlug, subject(2), source));
  EXPECT_TRUE(store_->take_back(kSlug, subject(2), source)) << "harmless again";
  EXPECT_FALSE(store_->open(kSlug, subject(2), Codec::kPlain, bytes.size()));
  EXPECT_EQ(*digest(bytes.size()), crypto::sha256(bytes));
  EXPECT_TRUE(store_->put(kSlug, subject(2), source)) << "it is still there";
}

TEST_F(StoreTest, AFileOfAnotherLengthThanSaidIsNotTaken) {
  auto source = receive("a", content(1'000));
  for (const std::uint64_t bytes : {0, 999, 1'001}) {
    source.bytes = bytes;
    EXPECT_FALSE(store_->put(kSlug, subject(1), source)) << bytes;
  }
  EXPECT_EQ(problem_of(store_->open(kSlug, subject(1), Codec::kPlain, 1'000)), &problems::kObjectDamaged);
  EXPECT_EQ(code_of(store_->put(kSlug, subject(1), {"/uploads/nothing", 0})), Code::kNotFound);
}

TEST_F(StoreTest, WhatIsNotThereAfterwardsWasNotPut) {
  test::DamagingBucket damaging(*bucket_);
  Store store(damaging);
  const Bytes bytes = content(70'000);
  const auto source = receive("a", bytes);
  damaging.set_damage(test::Damage::kRefused);
  EXPECT_EQ(code_of(store.put(kSlug, subject(1), source)), Code::kFull);
  damaging.set_damage(test::Damage::kLost);
  EXPECT_EQ(code_of(store.put(kSlug, subject(1), source)), Code::kNotFound);
  damaging.set_damage(test::Damage::kCutShort);
  EXPECT_EQ(problem_of(store.put(kSlug, subject(2), source)), &problems::kObjectDamaged);
  damaging.set_damage(test::Damage::kNone);
  EXPECT_TRUE(store.put(kSlug, subject(1), source));
}

TEST_F(StoreTest, AFailedSyncStopsItAndReadingGoesOn) {
  const Bytes bytes = content(1'000);
  ASSERT_TRUE(store_->put(kSlug, subject(1), receive("a", bytes)));
  const auto source = receive("b", content(2'000));
  disk_.inject({.op = Op::kSyncDirectory});
  EXPECT_FALSE(store_->put(kSlug, subject(2), source));
  EXPECT_EQ(problem_of(store_->put(kSlug, subject(2), source)), &problems::kStoreStopped);
  EXPECT_EQ(problem_of(store_->put(kSlug, subject(3), source)), &problems::kStoreStopped);
  EXPECT_EQ(*digest(bytes.size()), crypto::sha256(bytes));
  reopen();
  EXPECT_TRUE(store_->put(kSlug, subject(2), source));
}

TEST_F(StoreTest, AFullDiskRefusesAndNothingHalfIsSeen) {
  const auto source = receive("a", content(1'000));
  disk_.inject({.op = Op::kLink, .error_number = ENOSPC});
  EXPECT_EQ(code_of(store_->put(kSlug, subject(1), source)), Code::kFull);
  EXPECT_FALSE(store_->open(kSlug, subject(1), Codec::kPlain, 1'000));
  EXPECT_TRUE(store_->put(kSlug, subject(1), source));
}

// On a real disk, where somebody goes around the store.
TEST(StoreOnDisk, DamageIsMetAndNotServed) {
  const os::Path directory =
      std::filesystem::temp_directory_path() / fmt::format("lapel-store-{}", hex(crypto::random_bytes<8>()));
  const auto disk = os::real_disk();
  const auto bucket = *bucket::open_fs_bucket(*disk, directory / "data");
  Store store(*bucket);
  const Bytes bytes = content(100'000);
  ASSERT_TRUE(os::write_new_file(*disk, directory / "a", bytes));
  ASSERT_TRUE(store.put(kSlug, subject(1), {directory / "a", bytes.size()}));
  const os::Path path = directory / "data" / object_name(kSlug, subject(1));
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path).permissions() & perms(0222), perms::none);

  const auto digest = [&]() -> Result<Digest> {
    auto original = TRY(store.open(kSlug, subject(1), Codec::kPlain, bytes.size()));
    return store.digest(original);
  };
  EXPECT_EQ(*digest(), crypto::sha256(bytes));
  std::filesystem::permissions(path, perms::owner_write, std::filesystem::perm_options::add);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(50'000).put('!');
  EXPECT_NE(*digest(), crypto::sha256(bytes));
  for (const std::uintmax_t size : {100'001, 99'999, 0}) {
    std::filesystem::resize_file(path, size);
    EXPECT_EQ(problem_of(digest()), &problems::kObjectDamaged) << size;
  }
  std::filesystem::remove(path);
  EXPECT_EQ(problem_of(digest()), &problems::kObjectDamaged);
  std::filesystem::remove_all(directory);
}

TEST(Codec, NamesAreReadAsTheyAreWritten) {
  EXPECT_EQ(*parse_codec(codec_name(Codec::kPlain)), Codec::kPlain);
  for (const std::string_view name : {"", "Plain", "plain ", "aes"}) {
    EXPECT_EQ(problem_of(parse_codec(name)), &problems::kDataFormat) << name;
  }
}

}  // namespace
}  // namespace lapel::store
