// SPDX-License-Identifier: Apache-2.0
#include "protocol/dock.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "dock/camera.h"
#include "dock/item.h"
#include "dock/spool.h"
#include "proof/entry.h"

namespace lapel::dock {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "lapel-dock-test-XXXXXX").native();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  void put(const fs::path& name, std::string_view bytes) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }

 private:
  fs::path path_;
};

Bytes noise(std::size_t bytes) {
  Bytes out(bytes);
  crypto::fill_random(out);
  return out;
}

std::vector<std::string> paths(const Look& look) {
  std::vector<std::string> out;
  for (const Found& found : look.files) out.push_back(found.path);
  return out;
}

const auto kIgnore = [](ByteView) -> Result<void> { return {}; };

// ---- items ----

const auto kKey = crypto::SigningKey::from_seed({7});
constexpr std::string_view kOrigin = "ledger.example/ashfield";

Item sample() {
  Item item;
  item.file = FileId(crypto::random_bytes<16>());
  item.path = "DCIM/new\nline \xff.mp4";
  item.bytes = 3;
  item.modified_us = 1'670'000'000'000'000;
  item.sha256 = crypto::sha256(as_bytes("abc"));
  item.serial = "X81234";
  item.copied_at = {1'670'000'100'000'000};
  return item;
}

TEST(Item, TextKeepsEverything) {
  Item item = sample();
  item.statement = make_statement(item, std::string(kOrigin), crypto::new_id<DeviceId>(), kKey);
  item.upload = crypto::new_id<UploadId>();
  item.recording = crypto::new_id<RecordingId>();
  item.wrapped_key = noise(92);
  item.take = "gopro:DCIM/\xff:sequence=1";
  item.part = 2;
  item.is_side_car = true;
  item.leader = FileId(crypto::random_bytes<16>());
  item.recorded_at = Timestamp{1'670'000'000'000'000};
  item.said = {{"camera_sequence", "123"}, {"camera_model", "HERO11 Black"}};
  const auto read = Item::parse(item.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(), item.text());
  EXPECT_EQ(read->path, item.path);
  EXPECT_EQ(read->statement, item.statement);
}

TEST(Item, RefusesTextsThatAreNone) {
  Item item = sample();
  item.statement = make_statement(item, std::string(kOrigin), {}, kKey);
  const std::string good = item.text();
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[]"), good.substr(0, good.size() / 2),
        with("lapel-dock-item/2", "lapel-dock-item/3"), with("\"bytes\":3,\"copied", "\"bytes\":-3,\"copied"),
        with("%FF", "%F"), with("%FF", "%ff"), with("%FF", "\xff"), with(item.file.text(), "00"),
        with(hex(item.sha256), "00"), with("\"bytes\":3,\"file\"", "\"bytes\":4,\"file\"")}) {
    EXPECT_FALSE(Item::parse(bad)) << bad;
  }
}

TEST(Item, StatementIsSignedAndTheSameEachTime) {
  const Item item = sample();
  const DeviceId device = crypto::new_id<DeviceId>();
  const Json statement = make_statement(item, std::string(kOrigin), device, kKey);
  EXPECT_TRUE(proof::verify_dock_statement(statement));
  EXPECT_EQ(statement, make_statement(item, std::string(kOrigin), device, kKey));
  EXPECT_EQ(*statement.find_string("file"), item.file.text());
  EXPECT_EQ(*statement.find_string("device"), device.text());
}

TEST(Item, MetadataFitsWhateverTheNameIs) {
  for (const std::string& path : {std::string("a.mp4"), std::string(255, 'x'), std::string(255, '\xff'),
                                  std::string("d/") + std::string(255, '\n'), std::string(4000, 'd') + "/x"}) {
    Item item = sample();
    item.path = path;
    item.statement = make_statement(item, std::string(kOrigin), {}, kKey);
    EXPECT_LE(upload_metadata(item).size(), 8u * 1024);
  }
  Item odd = sample();
  odd.modified_us = std::numeric_limits<std::int64_t>::max();  // a camera whose clock was never set
  odd.statement = make_statement(odd, std::string(kOrigin), {}, kKey);
  EXPECT_EQ(upload_metadata(odd).find("recorded_at"), std::string::npos);
}

TEST(Item, NamesBecomeHarmlessOnATerminal) {
  EXPECT_EQ(printable("\x1b[31mred\r\n"), "\\x1b[31mred\\x0d\\x0a");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("umläut"), "umläut");
  for (const std::string& name : {std::string("a b%"), std::string("\xff\n\0x", 4), std::string()}) {
    EXPECT_EQ(percent_decoded(percent_encoded(name)), name);
  }
}

// ---- camera ----

TEST(Camera, FindsRegularFilesAndNothingElse) {
  const Folder camera, elsewhere;
  elsewhere.put("secret", "not on the camera");
  camera.put("b.mp4", "b");
  camera.put("DCIM/100/a.mp4", "a");
  camera.put("-rf", "");
  camera.put("lapel-camera.json", R"({"serial": "X1"})");
  camera.put("DCIM/lapel-camera.json", "only the one in the root is ours");
  fs::create_symlink(elsewhere.path() / "secret", camera.path() / "link.mp4");
  fs::create_directory_symlink(elsewhere.path(), camera.path() / "linked");
  ASSERT_EQ(::mkfifo((camera.path() / "pipe").c_str(), 0600), 0);
  const Camera opened = *Camera::open(camera.path());
  const Look look = opened.look();
  EXPECT_EQ(paths(look), (std::vector<std::string>{"-rf", "DCIM/100/a.mp4", "DCIM/lapel-camera.json", "b.mp4"}));
  EXPECT_TRUE(look.left_out.empty());
  EXPECT_EQ(*opened.serial(), "X1");
}

TEST(Camera, SaysWhenItDidNotSeeAll) {
  const Folder camera;
  fs::path deep;
  for (int i = 0; i < kDepthMax + 1; ++i) deep /= "d";
  camera.put(deep / "too deep.mp4", "x");
  camera.put("a.mp4", "x");
  const Look look = Camera::open(camera.path())->look();
  EXPECT_EQ(paths(look), std::vector<std::string>{"a.mp4"});
  EXPECT_EQ(look.left_out.size(), 1u);
}

TEST(Camera, ReadsOnlyWhatItFound) {
  const Folder camera, elsewhere;
  elsewhere.put("a.mp4", "false");
  camera.put("d/a.mp4", "right");
  const Camera opened = *Camera::open(camera.path());
  const Found found = opened.look().files.at(0);
  std::string text;
  ASSERT_TRUE(opened.read(found, [&](ByteView bytes) -> Result<void> {
    text += as_text(bytes);
    return {};
  }));
  EXPECT_EQ(text, "right");

  // Grown while it was read.
  EXPECT_EQ(opened
                .read(found,
                      [&](ByteView) -> Result<void> {
                        std::ofstream(camera.path() / "d/a.mp4", std::ios::app) << "!";
                        return {};
                      })
                .error()
                .code(),
            Code::kConflict);
  // Another inode, a link, a pipe, a directory that became a link; and nothing.
  camera.put("d/new", "right");
  fs::rename(camera.path() / "d/new", camera.path() / "d/a.mp4");
  EXPECT_EQ(opened.read(found, kIgnore).error().code(), Code::kConflict);
  fs::remove(camera.path() / "d/a.mp4");
  EXPECT_EQ(opened.read(found, kIgnore).error().code(), Code::kNotFound);
  fs::create_symlink(elsewhere.path() / "a.mp4", camera.path() / "d/a.mp4");
  EXPECT_FALSE(opened.read(found, kIgnore));
  fs::remove(camera.path() / "d/a.mp4");
  ASSERT_EQ(::mkfifo((camera.path() / "d/a.mp4").c_str(), 0600), 0);
  EXPECT_EQ(opened.read(found, kIgnore).error().code(), Code::kConflict);
  fs::remove_all(camera.path() / "d");
  fs::create_directory_symlink(elsewhere.path(), camera.path() / "d");
  EXPECT_FALSE(opened.read(found, kIgnore));
}

TEST(Camera, ErasesOnlyTheBytesOfTheDigest) {
  const Folder camera;
  camera.put("a.mp4", "right");
  const Camera opened = *Camera::open(camera.path());
  const Found found = opened.look().files.at(0);
  EXPECT_EQ(opened.erase(found, crypto::sha256(as_bytes("wrong")), kIgnore).error().code(), Code::kConflict);
  EXPECT_TRUE(fs::exists(camera.path() / "a.mp4"));
  // Replaced between the reading and the removal.
  EXPECT_EQ(opened
                .erase(found, crypto::sha256(as_bytes("right")),
                       [&](ByteView) -> Result<void> {
                         camera.put("new", "right");
                         fs::rename(camera.path() / "new", camera.path() / "a.mp4");
                         return {};
                       })
                .error()
                .code(),
            Code::kConflict);
  EXPECT_TRUE(fs::exists(camera.path() / "a.mp4"));
  EXPECT_TRUE(opened.erase(opened.look().files.at(0), crypto::sha256(as_bytes("right")), kIgnore));
  EXPECT_FALSE(fs::exists(camera.path() / "a.mp4"));
}

TEST(Camera, IsNotThere) {
  EXPECT_EQ(Camera::open("/nonexistent/camera").error().code(), Code::kNotFound);
}

// ---- spool ----

class SpoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<Spool> open() {
    auto spool = Spool::open(*disk_, state_.path(), keys_);
    EXPECT_TRUE(spool) << spool.error().text();
    return *std::move(spool);
  }
  Item copy(Spool& spool, ByteView bytes) {
    auto writer = spool.begin();
    EXPECT_TRUE(writer);
    // In pieces that fit no chunk.
    for (std::size_t at = 0; at < bytes.size(); at += 700'001)
      EXPECT_TRUE(writer->write(bytes.subspan(at, std::min<std::size_t>(700'001, bytes.size() - at))));
    auto item = writer->finish(sample());
    EXPECT_TRUE(item);
    spool.add(*item);
    return *item;
  }
  Result<Bytes> read(const Spool& spool, const Item& item, std::uint64_t from) {
    CopyReader reader = TRY(spool.read(item));
    Bytes out;
    Bytes buffer(99'991);
    for (;;) {
      const std::size_t count = TRY(reader.read(from + out.size(), buffer));
      if (count == 0) return out;
      out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
    }
  }
  fs::path chunks(const Item& item) const { return state_.path() / "spool" / (item.file.text() + ".chunks"); }
  std::size_t files(const char* folder) const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(state_.path() / folder), fs::directory_iterator()));
  }

  const Folder state_;
  const std::unique_ptr<os::Disk> disk_ = os::real_disk();
  const crypto::X25519Secret agency_ = crypto::random_bytes<32>();
  const DockId dock_ = crypto::new_id<DockId>();
  Spool::Keys keys_{crypto::random_bytes<32>(), std::nullopt, dock_};
};

TEST_F(SpoolTest, GivesBackWhatItTookFromAnyOffset) {
  auto spool = open();
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 2 * kChunkBytes + 12'345}) {
    const Bytes data = noise(bytes);
    const Item item = copy(*spool, data);
    EXPECT_EQ(item.sha256, crypto::sha256(data));
    EXPECT_EQ(item.bytes, bytes);
    EXPECT_EQ(fs::file_size(chunks(item)), sealed_bytes(bytes));
    for (const std::size_t from : {std::size_t{0}, bytes / 2, bytes}) {
      EXPECT_EQ(*read(*spool, item, from), Bytes(data.begin() + static_cast<std::ptrdiff_t>(from), data.end()));
    }
  }
  // And in a later life.
  spool.reset();
  spool = open();
  EXPECT_EQ(spool->waiting().size(), 6u);
}

TEST_F(SpoolTest, CopiesOfAnEarlierLifeOpenOnlyWithTheAgencysSecret) {
  auto spool = open();
  const Bytes old_data = noise(70'000), data = noise(2 * kChunkBytes);
  const Item old_item = copy(*spool, old_data);  // from before the agency's key was known
  spool->set_agency_key(crypto::x25519_public(agency_));
  const Item item = copy(*spool, data), other = copy(*spool, noise(10));
  EXPECT_FALSE(old_item.wrapped_key);
  ASSERT_TRUE(item.wrapped_key);
  EXPECT_NE(item.wrapped_key, other.wrapped_key);
  EXPECT_FALSE(spool->needs_key(item));
  EXPECT_EQ(*read(*spool, item, 0), data);  // while this process lives

  spool.reset();
  keys_.agency = crypto::x25519_public(agency_);
  spool = open();
  EXPECT_EQ(*read(*spool, old_item, 0), old_data);
  EXPECT_FALSE(spool->needs_key(old_item));
  EXPECT_TRUE(spool->needs_key(item));
  EXPECT_EQ(read(*spool, item, 0).error().code(), Code::kUnauthenticated);
  const auto opens_as = [&](const DockId& dock, const FileId& file) {
    return crypto::open_sealed(agency_, protocol::kSpoolWrapUse, protocol::spool_wrap_associated(dock, file.bytes()),
                               *item.wrapped_key);
  };
  EXPECT_FALSE(opens_as(crypto::new_id<DockId>(), item.file));
  EXPECT_FALSE(opens_as(dock_, other.file));
  const auto key = opens_as(dock_, item.file);
  ASSERT_TRUE(key);
  spool->give_key(item.file, *to_array<32>(*key));
  EXPECT_EQ(*read(*spool, item, 0), data);
  // A false key opens nothing.
  spool->give_key(item.file, crypto::random_bytes<32>());
  EXPECT_EQ(read(*spool, item, 0).error().code(), Code::kCorrupt);
}

TEST_F(SpoolTest, SidecarsOfTheFirstFormatAreReadAsTheyWere) {
  Item item = sample();
  std::string text = item.text();
  text.replace(text.find("lapel-dock-item/2"), 17, "lapel-dock-item/1");
  const auto read = Item::parse(text);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->wrapped_key);
  EXPECT_EQ(read->path, item.path);
}

TEST_F(SpoolTest, HoldsRoomForSeveralAtOnce) {
  auto spool = open();
  EXPECT_TRUE(spool->reserve(100'000, 250'000));
  EXPECT_TRUE(spool->reserve(100'000, 250'000));
  EXPECT_FALSE(spool->reserve(100'000, 250'000));
  spool->give_back(100'000);
  EXPECT_TRUE(spool->reserve(100'000, 250'000));
}

TEST_F(SpoolTest, KnowsWhoseRecordingAPartBelongsTo) {
  auto spool = open();
  const auto make = [&](std::int64_t part, std::int64_t modified_s, std::string take, bool is_side_car = false) {
    Item item = sample();
    item.take = std::move(take);
    item.part = part;
    item.is_side_car = is_side_car;
    item.modified_us = modified_s * 1'000'000;
    item.leader = spool->leader_of(item);
    auto writer = spool->begin();
    EXPECT_TRUE(writer->write(noise(3)));
    item = *writer->finish(item);
    spool->add(item);
    return item;
  };
  const Item first = make(1, 1'000'000, "123");
  EXPECT_FALSE(first.leader);
  EXPECT_EQ(make(2, 1'000'600, "123").leader, first.file);
  EXPECT_EQ(make(1, 1'000'000, "123", true).leader, first.file);
  EXPECT_FALSE(make(2, 1'000'600, "124").leader);
  EXPECT_FALSE(make(2, 1'000'000 + 2 * 86'400, "123").leader);  // the camera was reset and counts anew
  EXPECT_FALSE(make(1, 1'000'000, "125", true).leader);         // what belongs to nothing leads nothing
  EXPECT_FALSE(make(1, 1'000'000, "125", true).leader);
  // Also in a later life.
  spool.reset();
  spool = open();
  EXPECT_EQ(make(3, 1'001'200, "123").leader, first.file);
}

TEST_F(SpoolTest, RefusesChunksThatAreNotInTheirPlace) {
  auto spool = open();
  const Item item = copy(*spool, noise(2 * kChunkBytes));
  const Item other = copy(*spool, noise(2 * kChunkBytes));
  Bytes bytes = *os::read_file(*disk_, chunks(item), 4 * kChunkBytes);
  const auto put = [&](const Bytes& changed) { std::ofstream(chunks(item), std::ios::binary) << as_text(changed); };
  Bytes flipped = bytes;
  flipped[kSealedChunkBytes / 2] ^= 1;
  put(flipped);
  EXPECT_EQ(read(*spool, item, 0).error().code(), Code::kCorrupt);
  Bytes swapped(bytes.begin() + kSealedChunkBytes, bytes.end());
  swapped.insert(swapped.end(), bytes.begin(), bytes.begin() + kSealedChunkBytes);
  put(swapped);
  EXPECT_EQ(read(*spool, item, 0).error().code(), Code::kCorrupt);
  put(*os::read_file(*disk_, chunks(other), 4 * kChunkBytes));
  EXPECT_EQ(read(*spool, item, 0).error().code(), Code::kCorrupt);
  put(Bytes(bytes.begin(), bytes.end() - 1));
  EXPECT_EQ(read(*spool, item, 0).error().code(), Code::kCorrupt);
  put(bytes);
  EXPECT_TRUE(read(*spool, item, 0));
}

TEST_F(SpoolTest, ForgetsHalfCopiesAndKeepsWholeOnes) {
  auto spool = open();
  const Item whole = copy(*spool, noise(10));
  {
    auto writer = spool->begin();
    ASSERT_TRUE(writer->write(noise(100)));
    EXPECT_EQ(files("spool"), 3u);
  }
  EXPECT_EQ(files("spool"), 2u);
  // What a killed program leaves: chunks without a sidecar, and temporaries.
  std::ofstream(state_.path() / "spool" / (FileId(crypto::random_bytes<16>()).text() + ".chunks")) << "half";
  std::ofstream(state_.path() / "spool" / ".x.json.1-0.tmp") << "half";
  spool.reset();
  spool = open();
  EXPECT_EQ(files("spool"), 2u);
  ASSERT_EQ(spool->waiting().size(), 1u);
  EXPECT_EQ(spool->waiting()[0].file, whole.file);
}

TEST_F(SpoolTest, StopsAtDamagedRecords) {
  auto spool = open();
  const Item item = copy(*spool, noise(10));
  spool.reset();
  fs::resize_file(chunks(item), 5);
  EXPECT_EQ(Spool::open(*disk_, state_.path(), keys_).error().code(), Code::kCorrupt);
  fs::remove(chunks(item));
  EXPECT_EQ(Spool::open(*disk_, state_.path(), keys_).error().code(), Code::kCorrupt);
  std::ofstream(state_.path() / "spool" / (item.file.text() + ".json")) << "{";
  EXPECT_EQ(Spool::open(*disk_, state_.path(), keys_).error().code(), Code::kCorrupt);
}

TEST_F(SpoolTest, KeepsTheReceiptBeforeTheCopyGoes) {
  auto spool = open();
  Item item = copy(*spool, noise(10));
  EXPECT_EQ(spool->used_bytes(), sealed_bytes(10));
  EXPECT_EQ(spool->alike(likeness(item)).size(), 1u);
  EXPECT_FALSE(spool->is_receipted(item.file));
  EXPECT_EQ(spool->kept(item.file).error().code(), Code::kNotFound);
  item.statement = make_statement(item, std::string(kOrigin), {}, kKey);
  item.recording = crypto::new_id<RecordingId>();
  // Killed between the receipt and the removal: what remains of the copy goes at the next start.
  const fs::path sidecar = state_.path() / "spool" / (item.file.text() + ".json");
  ASSERT_TRUE(spool->save(item));
  const Bytes sidecar_bytes = *os::read_file(*disk_, sidecar, kItemBytesMax),
              chunk_bytes = *os::read_file(*disk_, chunks(item), 1000);
  ASSERT_TRUE(spool->keep(item, "the receipt"));
  EXPECT_EQ(files("spool"), 0u);
  ASSERT_TRUE(os::write_new_file(*disk_, sidecar, sidecar_bytes));
  ASSERT_TRUE(os::write_new_file(*disk_, chunks(item), chunk_bytes));
  spool.reset();
  spool = open();
  EXPECT_EQ(files("spool"), 0u);
  EXPECT_TRUE(spool->waiting().empty());
  EXPECT_TRUE(spool->is_receipted(item.file));
  EXPECT_EQ(spool->kept(item.file)->receipt, "the receipt");
  EXPECT_EQ(spool->alike(likeness(item)).size(), 1u);
  Likeness other = likeness(item);
  other.serial.reset();
  EXPECT_TRUE(spool->alike(other).empty());
}

}  // namespace
}  // namespace lapel::dock
