// SPDX-License-Identifier: Apache-2.0
// A ledger of 64 leaves (LAPEL_TAMPER_LEAVES: of 1024) is made by the real parts, and then every byte is changed of what
// it gives out and of what it stands on. Somebody has to notice: offline, whoever was given a file; at home, open() or
// check(). A change that nobody notices must be on the list of kIrrelevant, which is read by people, and a line there
// that never applies fails too.
//
// Each sweep prints how much it tried. Where a whole one would take longer than LAPEL_TAMPER_SECONDS, it takes every n-th
// byte, and says so. That it would say so if a change went unnoticed is tried as well, by giving it verifiers that look
// away.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bucket/memory_bucket.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "ledger/ledger.h"
#include "proof/ledger_for_tests.h"
#include "proof/package.h"
#include "proof/receipt.h"

namespace lapel::ledger {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? parse_decimal(text).value_or(otherwise) : otherwise;
}
// A size that a ledger with a floor of 16 publishes at.
const std::uint64_t kSize = number_from("LAPEL_TAMPER_LEAVES", 64);
const double kSecondsMax = static_cast<double>(number_from("LAPEL_TAMPER_SECONDS", 0));  // 0: as long as it takes
// One bit low, the highest bit, and the bit that tells upper from lower case.
constexpr std::uint8_t kMasks[] = {0x01, 0x80, 0x20};

// Fields that may change without anybody noticing, and why that harms nobody. What is missed begins with `field`.
struct Irrelevant {
  std::string_view field, why;
};
constexpr Irrelevant kIrrelevant[] = {
    {"ledger_published without",
     "whoever was given that checkpoint has it, and the ledger grows beyond it all the same"},
    {"ledger_published.at_us", "no reader is given it: the checkpoint is what outsiders hold"},
    {"ledgers.scheduled_s", "makes statements early, late or twice, which outsiders see and check() counts"},
    {"ledgers.tallied_to_us", "as scheduled_s: a month tallied twice or left out is a fault of the leaves"},
    {"ledgers.last_beat",
     "delays or repeats a beat, which outsiders see; what is published then is checked all the same"},
};

// Every byte is tried in the release build, as a test of its own (src/CMakeLists.txt). Sanitizers are after other things
// and make each trial twenty times as long: for them it is one byte in eleven.
#if defined(LAPEL_SANITIZED_ADDRESS) || defined(LAPEL_SANITIZED_THREAD)
constexpr std::size_t kStep = 11;
#else
constexpr std::size_t kStep = 1;
#endif

std::string xored(std::string text, std::size_t at, std::uint8_t mask) {
  text[at] = static_cast<char>(static_cast<std::uint8_t>(text[at]) ^ mask);
  return text;
}

// Counts what was tried and keeps what nobody noticed.
class Sweep {
 public:
  explicit Sweep(std::string name) : name_(std::move(name)) {}
  ~Sweep() {
    const std::string sampled = step_ == kStep ? "" : fmt::format(", 1 byte in {}", step_);
    fmt::print("{}: {} changes, {} unnoticed{}\n", name_, tried_, missed_.size(), sampled);
  }
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

  template <typename Name>
  void tried(bool was_noticed, const Name& name) {
    ++tried_;
    if (!was_noticed) missed_.push_back(name());
  }
  // Whether whoever reads a text takes it for genuine.
  using Passes = std::function<bool(const std::string&)>;

  // Every byte, or as many as there is time for when `trials` of them are like this one.
  void plan(std::size_t trials, const std::function<void()>& one) {
    if (kSecondsMax == 0) return;
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i) one();
    const std::chrono::duration<double> taken = (std::chrono::steady_clock::now() - begun) / 3;
    const double whole = taken.count() * static_cast<double>(trials);
    // Odd, so that it does not keep step with what is written in even widths.
    if (whole > kSecondsMax) step_ = kStep * (static_cast<std::size_t>(whole / kSecondsMax) | 1u);
  }
  std::size_t step() const { return step_; }

  // Every byte of `genuine` in each of the ways of kMasks, and one byte more.
  void bytes(const std::string& name, const std::string& genuine, const Passes& passes) {
    EXPECT_TRUE(passes(genuine)) << name;
    for (std::size_t at = 0; at < genuine.size(); at += step_) {
      for (const std::uint8_t mask : kMasks) {
        tried(!passes(xored(genuine, at, mask)), [&] { return fmt::format("{} byte {} ^ {:#x}", name, at, mask); });
      }
    }
    for (const char more : {'\n', '\0', 'A'}) {
      tried(!passes(genuine + more), [&] { return fmt::format("{} with byte {} more", name, static_cast<int>(more)); });
    }
  }
  // And every truncation.
  void text(const std::string& name, const std::string& genuine, const Passes& passes) {
    bytes(name, genuine, passes);
    for (std::size_t at = 0; at < genuine.size(); at += step_) {
      tried(!passes(genuine.substr(0, at)), [&] { return fmt::format("{} cut at {}", name, at); });
    }
  }

  std::size_t count() const { return tried_; }
  const std::vector<std::string>& missed() const { return missed_; }

 private:
  const std::string name_;
  std::size_t step_ = kStep;
  std::size_t tried_ = 0;
  std::vector<std::string> missed_;
};

class TamperTest : public testing::Test {
 protected:
  // What a ledger stands on, apart from its keys.
  struct Ground {
    std::unique_ptr<db::Database> database;
    std::unique_ptr<bucket::Bucket> bucket;
  };

  TamperTest() {
    // Thousands of transactions, none of which has to outlive a power cut: in memory where the machine lets us.
    const auto parent = std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
    directory_ = parent / fmt::format("lapel-tamper-{}", hex(crypto::random_bytes<8>()));
    std::filesystem::create_directories(directory_);
    const Ground ground{*db::open_sqlite((directory_ / "catalog.db").string()), bucket::memory_bucket()};
    EXPECT_TRUE(db::migrate(*ground.database, "ledger", schema()));
    EXPECT_TRUE(ground.database->write([&](db::Transaction& tx) { return Ledger::create(tx, agency_, terms_, key_); }));
    fill(ground);
    // A batch whose entries stand in full tiles has no row any more, and its object waits to be swept: nobody reads it.
    std::set<std::string> staged;
    EXPECT_TRUE(ground.database->read([&](db::Transaction& tx) -> Result<void> {
      for (const db::Row& row : TRY(tx.query("SELECT object FROM ledger_batches ORDER BY object LIMIT 1000"))) {
        staged.insert(row.text("object"));
      }
      return {};
    }));
    const std::vector<std::string> names = *ground.bucket->list("", "", 1'000);
    for (const std::string& name : names) {
      if (name.find("/staged/") != std::string::npos && !staged.contains(name)) continue;
      const Bytes bytes = *bucket::get(*ground.bucket, name, 1 << 20);
      objects_.emplace(name, std::string(as_text(bytes)));
    }
  }
  ~TamperTest() override { std::filesystem::remove_all(directory_); }

  // Admits a file by a dock, lets people act on it, publishes, and takes everything that is given out.
  void fill(const Ground& ground) {
    auto opened = open(ground, KeyUse::kCreate);
    ASSERT_TRUE(opened) << opened.error().text();
    Ledger& ledger = **opened;
    ASSERT_TRUE(ledger.begin());
    const std::string now = ledger_time(clock_.now());
    const auto bound = [&](const SubjectId& who, std::string_view field, std::string_view value) {
      return Draft{who, "identity.bound", {{std::string(field), value}, {"from", now}}, true};
    };
    seal(ledger, console_,
         {bound(console_, "name", "server console"),
          bound(person_, "name", "J. Doe"),
          {person_, "person.roles", {{"roles", Json::Array{"officer"}}}, false},
          bound(dock_, "name", "east door"),
          {dock_, "dock.enrolled", {{"key", base64(dock_key_.public_key())}}, false},
          bound(device_, "serial", "X81234")});
    const Json statement = proof::sign_dock_statement(Json::Object{{"at", now},
                                                                   {"bytes", kContent.size()},
                                                                   {"device", device_.text()},
                                                                   {"file", proof::test_id(0x77)},
                                                                   {"key", base64(dock_key_.public_key())},
                                                                   {"ledger", terms_.origin},
                                                                   {"sha256", hex(content_sha256())}},
                                                      dock_key_);
    const std::string act = proof::test_id(0x78);
    seal(ledger, dock_,
         {{recording_,
           "recording.admitted",
           {{"act", act},
            {"bytes", kContent.size()},
            {"chain_starts_at", "dock"},
            {"device", device_.text()},
            {"dock", statement},
            {"received_at", now},
            {"sha256", hex(content_sha256())}},
           true},
          {device_, "device.offloaded", {{"act", act}, {"recording", recording_.text()}}, false}});
    std::vector<Draft> acts;
    for (const std::string_view purpose : {"review", "investigation", "discovery"}) {
      acts.push_back({recording_, "recording.viewed", {{"purpose", purpose}}, false});
    }
    acts.push_back({recording_, "recording.exported", {{"purpose", "discovery"}}, false});
    seal(ledger, person_, std::move(acts));
    seal(ledger, console_, std::vector<Draft>(4, {dock_, "dock.seen", {}, false}));
    // A few leaves are left to be padding.
    while (kSize > 64 && ledger.head()->size + 40 < kSize) {
      seal(ledger, console_, std::vector<Draft>(16, {dock_, "dock.seen", {}, false}));
    }
    ASSERT_GT(ledger.head()->size, kSize / 4);  // the floor before would not do
    ledger.start_publishing();
    while (ledger.standing(Under::kPublished)->size == 0) std::this_thread::yield();
    const Standing standing = *ledger.standing(Under::kPublished);
    ASSERT_EQ(standing.size, kSize);
    take(ledger, standing);
  }
  void take(const Ledger& ledger, const Standing& standing) {
    checkpoint_ = standing.note;
    const auto checked = proof::check_checkpoint(checkpoint_, key_, {});
    ASSERT_TRUE(checked) << checked.error().reason;
    root_ = checked->checkpoint.root;
    for (const SealedEvent& event : events_) receipts_.push_back(*ledger.receipt(event, standing));
    genesis_ = *ledger.statement_receipt(0, Under::kPublished);
    for (std::uint64_t first = 0; first < kSize; first += proof::kTileWidth) {
      const auto width = static_cast<int>(std::min<std::uint64_t>(kSize - first, proof::kTileWidth));
      const Bytes tile = *ledger.published_tile({0, first / proof::kTileWidth, width});
      const Bytes bundle = *ledger.published_tile({-1, first / proof::kTileWidth, width});
      tiles_.emplace_back(as_text(tile));
      bundles_.emplace_back(as_text(bundle));
    }

    proof::ExportManifest manifest{terms_.origin, {}, {recording_}};
    const auto add = [&](const SubjectId& subject, std::string_view kind, proof::ExportRole role) {
      proof::ExportSubject& chapter = manifest.subjects.emplace_back();
      chapter.id = subject;
      chapter.kind = kind;
      chapter.role = role;
      for (std::size_t i = 0; i < events_.size(); ++i) {
        const SealedEvent& event = events_[i];
        const bool is_naming = event.type == "identity.bound" || event.type == "dock.enrolled";
        if (event.subject != subject || (role == proof::ExportRole::kNamed && !is_naming)) continue;
        chapter.rows.push_back(event.n);
        export_.files[proof::export_receipt_path(subject, event.n)] = receipts_[i];
      }
    };
    add(recording_, "recording", proof::ExportRole::kExported);
    add(person_, "person", proof::ExportRole::kNamed);
    add(console_, "person", proof::ExportRole::kNamed);
    add(device_, "device", proof::ExportRole::kNamed);
    add(dock_, "dock", proof::ExportRole::kNamed);
    std::sort(manifest.subjects.begin(), manifest.subjects.end(),
              [](const proof::ExportSubject& a, const proof::ExportSubject& b) { return a.id < b.id; });
    export_.files[std::string(proof::kExportCheckpointPath)] = checkpoint_;
    export_.files[std::string(proof::kExportManifestPath)] = manifest.text();
    export_.files[proof::export_original_path(recording_)] = kContent;
  }
  void seal(Ledger& ledger, const SubjectId& actor, std::vector<Draft> events) {
    auto sealed = ledger.commit({actor, std::move(events), nullptr});
    ASSERT_TRUE(sealed) << sealed.error().text();
    events_.insert(events_.end(), sealed->begin(), sealed->end());
  }

  // As the server opens a ledger: the terms by the catalog, the keys by the slug that it names.
  Result<std::unique_ptr<Ledger>> open(const Ground& ground, KeyUse at_most = KeyUse::kExisting) {
    Terms terms;
    TRY(ground.database->read([&](db::Transaction& tx) -> Result<void> {
      terms = TRY(Ledger::terms(tx, agency_));
      return {};
    }));
    if (terms.slug != terms_.slug) return fail(Code::kNotFound, "no secrets under this slug", terms.slug);
    auto keys = [this, at_most](const SubjectId& subject, KeyUse) -> Result<proof::SubjectKey> {
      if (at_most == KeyUse::kCreate) return keys_.try_emplace(subject, crypto::random_bytes<32>()).first->second;
      const auto found = keys_.find(subject);
      if (found == keys_.end()) return fail(Code::kNotFound, "no key", subject.text());
      return found->second;
    };
    return Ledger::open({agency_, terms, secrets_, std::move(keys), *ground.database, *ground.bucket, clock_});
  }
  // The ledger's state once more, to be tampered with.
  Ground copy() {
    const auto path = directory_ / fmt::format("copy-{}.db", ++copies_);
    std::filesystem::copy_file(directory_ / "catalog.db", path);
    Ground out{*db::open_sqlite(path.string()), bucket::memory_bucket()};
    for (const auto& [name, bytes] : objects_) EXPECT_TRUE(out.bucket->put(name, as_bytes(bytes)));
    return out;
  }
  // Whether the ledger still takes its own state for sound.
  bool is_sound(const Ground& ground) {
    const auto ledger = open(ground);
    if (!ledger) return false;
    const auto report = (*ledger)->check();
    return report && report->faults.empty();
  }

  // ---- what a stranger does with what was given out ----

  bool is_receipt(const std::string& text) const { return proof::verify_receipt(text, trust()).has_value(); }
  bool is_export(const proof::ExportFiles& files) const {
    const auto verdict = proof::verify_export(files, trust());
    return verdict && verdict->holds();
  }
  proof::Trust trust() const { return {key_, {}}; }
  // One tile in its place among the others.
  bool is_tile(std::size_t index, const std::string& bytes) const {
    if (bytes.size() != tiles_[index].size()) return false;
    proof::Frontier frontier;
    for (std::size_t i = 0; i < tiles_.size(); ++i) {
      const std::string& tile = i == index ? bytes : tiles_[i];
      for (std::size_t at = 0; at < tile.size(); at += sizeof(Digest)) {
        frontier.append(*to_array<32>(as_bytes(tile).subspan(at, sizeof(Digest))));
      }
    }
    return frontier.root() == root_;
  }
  bool is_bundle(std::size_t index, const std::string& bytes) const {
    const auto entries = proof::parse_bundle(bytes, tiles_[index].size() / sizeof(Digest));
    if (!entries) return false;
    std::string tile;
    for (const std::string& entry : *entries) tile += as_text(proof::leaf_hash(as_bytes(entry)));
    return is_tile(index, tile);
  }

  static Digest content_sha256() { return crypto::sha256(as_bytes(kContent)); }

  static inline const std::string kContent = "footage";

  std::filesystem::path directory_;
  int copies_ = 0;
  ManualClock clock_{{1'670'000'000'000'000}};
  const Terms terms_{.origin = "ledger.example/ashfield", .slug = "ashfield"};
  const Secrets secrets_{crypto::random_bytes<32>(), crypto::random_bytes<32>()};
  const proof::VerifierKey key_{terms_.origin, proof::KeyType::kLog,
                                crypto::SigningKey::from_seed(secrets_.log_seed).public_key()};
  const crypto::SigningKey dock_key_ = crypto::SigningKey::from_seed(crypto::random_bytes<32>());
  const AgencyId agency_ = crypto::new_id<AgencyId>();
  const PersonId console_ = crypto::new_id<PersonId>(), person_ = crypto::new_id<PersonId>();
  const DeviceId device_ = crypto::new_id<DeviceId>();
  const DockId dock_ = crypto::new_id<DockId>();
  const RecordingId recording_ = crypto::new_id<RecordingId>();
  std::map<SubjectId, proof::SubjectKey> keys_;

  std::vector<SealedEvent> events_;
  std::vector<std::string> receipts_;  // of each event, in the same order
  std::string genesis_, checkpoint_;
  std::vector<std::string> tiles_, bundles_;  // of leaf hashes, and of the entries they are of
  Digest root_{};
  proof::MemoryFiles export_;
  std::map<std::string, std::string> objects_;  // the bucket, when all was sealed
};

// ---- what is given out ----

TEST_F(TamperTest, EveryBitOfTheCheckpointIsNoticed) {
  const auto passes = [&](const std::string& text) { return proof::check_checkpoint(text, key_, {}).has_value(); };
  Sweep sweep("checkpoint");
  sweep.text("checkpoint", checkpoint_, passes);
  for (std::size_t bit = 0; bit < 8 * checkpoint_.size(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(1u << bit % 8);
    sweep.tried(!passes(xored(checkpoint_, bit / 8, mask)), [&] { return fmt::format("checkpoint bit {}", bit); });
  }
  EXPECT_EQ(sweep.missed(), std::vector<std::string>());
}

TEST_F(TamperTest, EveryByteOfEachReceiptIsNoticed) {
  Sweep sweep("receipts");
  std::size_t receipt_bytes = 0;
  for (const std::string& receipt : receipts_) receipt_bytes += receipt.size();
  sweep.plan(4 * receipt_bytes, [&] { is_receipt(receipts_.back()); });
  sweep.text("genesis", genesis_, [&](const std::string& text) { return is_receipt(text); });
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const SealedEvent& event = events_[i];
    sweep.text(fmt::format("{} {}", event.type, event.n), receipts_[i], [&](const std::string& text) {
      return event.type == "recording.admitted"
                 ? proof::verify_admission(text, trust(), content_sha256(), kContent.size()).has_value()
                 : is_receipt(text);
    });
  }
  EXPECT_EQ(sweep.missed(), std::vector<std::string>());
}

TEST_F(TamperTest, EveryByteOfTileAndEntriesIsNoticed) {
  Sweep sweep("tile and entries");
  std::size_t bytes_in_all = 0;
  for (std::size_t i = 0; i < tiles_.size(); ++i) bytes_in_all += tiles_[i].size() + bundles_[i].size();
  sweep.plan(4 * bytes_in_all, [&] { is_bundle(0, bundles_[0]); });
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    sweep.text(fmt::format("tile/0/{:03}", i), tiles_[i], [&](const std::string& bytes) { return is_tile(i, bytes); });
    sweep.text(fmt::format("tile/entries/{:03}", i), bundles_[i],
               [&](const std::string& bytes) { return is_bundle(i, bytes); });
  }
  EXPECT_EQ(sweep.missed(), std::vector<std::string>());
}

TEST_F(TamperTest, EveryByteOfACustodyExportIsNoticed) {
  ASSERT_TRUE(is_export(export_));
  Sweep sweep("custody export");
  const std::map<std::string, std::string> whole = export_.files;
  for (const auto& item : whole) {
    const std::string &path = item.first, &genuine = item.second;
    std::string& file = export_.files.at(path);
    const auto passes = [&](const std::string& bytes) {
      file = bytes;
      return is_export(export_);
    };
    if (path.ends_with(".tlog-proof")) {
      // Every byte of these has been tried above: an export asks of each what is asked of any receipt. That it asks is
      // tried here, where each trial weighs all of them.
      for (std::size_t at = 0; at < genuine.size(); at += 37 * kStep) {
        sweep.tried(!passes(xored(genuine, at, 0x01)), [&] { return fmt::format("{} byte {}", path, at); });
      }
      sweep.tried(!passes(genuine + "\n"), [&] { return path + " longer"; });
    } else {
      sweep.text(path, genuine, passes);
    }
    export_.files.erase(path);
    sweep.tried(!is_export(export_), [&] { return path + " missing"; });
    export_.files[path] = genuine;
  }
  export_.files["originals/one_more"] = "";
  sweep.tried(!is_export(export_), [] { return std::string("a file more"); });
  EXPECT_EQ(sweep.missed(), std::vector<std::string>());
}

// ---- what the ledger stands on ----

TEST_F(TamperTest, EveryByteOfTheStagedEntriesIsNoticed) {
  const Ground ground = copy();
  ASSERT_GE(objects_.size(), 5u);
  Sweep sweep("staged entries");
  std::size_t object_bytes = 0;
  for (const auto& item : objects_) object_bytes += item.second.size();
  sweep.plan(3 * object_bytes, [&] { is_sound(ground); });
  for (const auto& [name, genuine] : objects_) {
    const auto put = [&, object = name](const std::string& bytes) {
      ASSERT_TRUE(ground.bucket->remove(object));
      ASSERT_TRUE(ground.bucket->put(object, as_bytes(bytes)));
    };
    sweep.bytes(name, genuine, [&](const std::string& bytes) {
      put(bytes);
      return is_sound(ground);
    });
    put(genuine.substr(0, genuine.size() - 1));
    sweep.tried(!is_sound(ground), [&, object = name] { return object + " cut"; });
    ASSERT_TRUE(ground.bucket->remove(name));
    sweep.tried(!is_sound(ground), [&, object = name] { return object + " missing"; });
    ASSERT_TRUE(ground.bucket->put(name, as_bytes(genuine)));
  }
  EXPECT_TRUE(is_sound(ground));
  EXPECT_EQ(sweep.missed(), std::vector<std::string>());
}

// One byte of every event's text at once, and every leaf has to be named. A check tells at most 1,000 faults, and of an
// event exchanged for another there are three: so many events at a time.
TEST_F(TamperTest, EveryByteOfEachOpenedEventIsNoticed) {
  const Ground ground = copy();
  const auto ledger = *open(ground);
  constexpr std::size_t kTogether = 300;
  std::span<const SealedEvent> some;
  // Of those that have a byte `at`; those that had the one before get their own text back.
  const auto store = [&](std::size_t at, const std::function<std::string(const std::string&)>& change) {
    ASSERT_TRUE(ground.database->write([&](db::Transaction& tx) -> Result<void> {
      for (const SealedEvent& event : some) {
        if (at >= event.event.size() + kStep) continue;
        const std::string text = at < event.event.size() ? change(event.event) : event.event;
        TRY(tx.run("UPDATE ledger_events SET event = CAST(:text AS TEXT) WHERE leaf_index = :index",
                   {{"text", Bytes(text.begin(), text.end())}, {"index", event.index}}));
      }
      return {};
    }));
  };
  std::size_t longest = 0;
  for (const SealedEvent& event : events_) longest = std::max(longest, event.event.size());
  Sweep sweep("opened events");
  const auto expect_named = [&](std::size_t at, std::string_view what) {
    const auto report = ledger->check();
    std::set<std::string, std::less<>> named;  // "leaf 12"
    for (const std::string& fault : report ? report->faults : std::vector<std::string>()) {
      named.insert(fault.substr(0, fault.find(':')));
    }
    for (const SealedEvent& event : some) {
      if (at >= event.event.size()) continue;
      const std::string leaf = fmt::format("leaf {}", event.index);
      sweep.tried(named.contains(leaf), [&] { return fmt::format("{} byte {} {}", leaf, at, what); });
    }
  };
  for (std::size_t first = 0; first < events_.size(); first += kTogether) {
    some = std::span(events_).subspan(first, std::min(kTogether, events_.size() - first));
    for (std::size_t at = 0; at < longest; at += kStep) {
      for (const std::uint8_t mask : kMasks) {
        store(at, [&](const std::string& text) { return xored(text, at, mask); });
        expect_named(at, fmt::format("^ {:#x}", mask));
      }
      if (at % (16 * kStep) != 0) continue;
      store(at, [&](const std::string& text) { return text.substr(0, at); });
      expect_named(at, "cut");
    }
    // A whole event of the ledger's own, in another's place.
    store(0, [&](const std::string& text) { return text == events_[0].event ? events_[1].event : events_[0].event; });
    expect_named(0, "exchanged");
    store(0, [](const std::string& text) { return text + "}"; });
    expect_named(0, "longer");
    store(0, [](const std::string& text) { return text; });
  }
  EXPECT_TRUE(is_sound(ground));
  EXPECT_EQ(sweep.missed(), std::vector<std::string>());
}

// A few changes of one field, by name.
std::vector<std::pair<std::string, db::Value>> changes_of(std::int64_t value) {
  return {{"+ 1", value + 1},
          {"- 1", value - 1},
          {"^ 128", value ^ 128},
          {"+ 10000", value + 10'000},
          {"+ 2^40", value + (std::int64_t{1} << 40)},
          {"negated", -value - 1}};
}
std::vector<std::pair<std::string, db::Value>> changes_of(const std::string& text) {
  std::vector<std::pair<std::string, db::Value>> out = {{"longer", text + "0"}};
  if (text.empty()) return out;
  out.emplace_back("emptied", "");
  out.emplace_back("cut", text.substr(0, text.size() - 1));
  for (const std::size_t at : {std::size_t{0}, text.size() / 2, text.size() - 1}) {
    out.emplace_back(fmt::format("byte {} ^ 1", at), xored(text, at, 1));
  }
  const auto letter = std::find_if(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
  if (letter != text.end()) {
    out.emplace_back("case", xored(text, static_cast<std::size_t>(letter - text.begin()), 0x20));
  }
  return out;
}

TEST_F(TamperTest, EveryFieldOfTheCatalogIsNoticedOrOnTheReviewedList) {
  const Ground ground = copy();
  ASSERT_TRUE(is_sound(ground));
  const auto query = [&](const std::string& sql) {
    std::optional<db::Rows> rows;
    EXPECT_TRUE(ground.database->read([&](db::Transaction& tx) -> Result<void> {
      rows.emplace(TRY(tx.query(sql)));
      return {};
    }));
    return *std::move(rows);
  };
  // False where the catalog's own constraints say no.
  const auto run = [&](const std::string& sql, db::Params params) {
    return ground.database
        ->write([&](db::Transaction& tx) -> Result<void> {
          EXPECT_EQ(TRY(tx.run(sql, params)), 1);
          return {};
        })
        .has_value();
  };
  Sweep sweep("catalog");
  std::size_t refused = 0;
  // Of the columns of each event; every row of the other tables is tried.
  sweep.plan(50 * events_.size(), [&] { is_sound(ground); });
  for (const std::string table : {"ledgers", "ledger_batches", "ledger_published", "ledger_chains", "ledger_events"}) {
    for (const db::Row& column : query(fmt::format("SELECT name, type FROM pragma_table_info('{}')", table))) {
      const std::string& name = column.text("name");
      const bool is_text = column.text("type") == "TEXT";
      std::size_t nth = 0;
      for (const db::Row& row : query(fmt::format("SELECT rowid AS number, {} AS field FROM {}", name, table))) {
        if (table == "ledger_events" && nth++ % sweep.step() != 0) continue;
        const std::string update = fmt::format("UPDATE {} SET {} = :field WHERE rowid = :number", table, name);
        const auto set = [&](const db::Value& value) {
          db::Params params = {{"number", row.integer("number")}, {"field", nullptr}};
          params.back().value = value;
          return run(update, std::move(params));
        };
        for (const auto& [what, value] : is_text ? changes_of(row.text("field")) : changes_of(row.integer("field"))) {
          if (!set(value)) {
            ++refused;
            continue;
          }
          sweep.tried(!is_sound(ground), [&, change = what] {
            return fmt::format("{}.{} {} in row {}", table, name, change, row.integer("number"));
          });
        }
        ASSERT_TRUE(set(is_text ? db::Value(row.text("field")) : db::Value(row.integer("field"))));
      }
    }
  }
  ASSERT_TRUE(is_sound(ground));
  for (const std::string table : {"ledger_batches", "ledger_published", "ledger_chains", "ledger_events"}) {
    std::size_t nth = 0;
    for (const db::Row& row : query(fmt::format("SELECT rowid AS number FROM {}", table))) {
      if (table == "ledger_events" && nth++ % sweep.step() != 0) continue;
      const Ground without = copy();
      ASSERT_TRUE(without.database->write([&](db::Transaction& tx) -> Result<void> {
        TRY(tx.run(fmt::format("DELETE FROM {} WHERE rowid = :number", table), {{"number", row.integer("number")}}));
        return {};
      }));
      sweep.tried(!is_sound(without), [&] { return fmt::format("{} without row {}", table, row.integer("number")); });
    }
  }
  fmt::print("catalog: {} changes more were refused by its own constraints\n", refused);

  std::vector<std::string> unexpected;
  std::set<std::string_view> applied;
  for (const std::string& missed : sweep.missed()) {
    const auto* entry = std::find_if(std::begin(kIrrelevant), std::end(kIrrelevant),
                                     [&](const Irrelevant& known) { return missed.starts_with(known.field); });
    if (entry == std::end(kIrrelevant)) {
      unexpected.push_back(missed);
    } else {
      applied.insert(entry->field);
    }
  }
  EXPECT_EQ(unexpected, std::vector<std::string>());
  for (const Irrelevant& known : kIrrelevant) EXPECT_TRUE(applied.contains(known.field)) << known.field;
}

// ---- the sweep itself ----

// Verifiers that look away, as a hurried reader would write them.
TEST_F(TamperTest, AVerifierThatLooksAwayIsFoundOut) {
  Sweep unsigned_note("planted: signatures not looked at");
  unsigned_note.text("checkpoint", checkpoint_, [&](const std::string& text) {
    const auto note = proof::Note::parse(text);
    const auto checkpoint = note ? proof::Checkpoint::parse(note->text) : std::nullopt;
    return checkpoint && checkpoint->origin == terms_.origin;
  });
  EXPECT_FALSE(unsigned_note.missed().empty());

  Sweep no_path("planted: a receipt's path not followed");
  no_path.text("receipt", receipts_[0], [&](const std::string& text) {
    const auto receipt = proof::Receipt::parse(text);
    return receipt && proof::check_checkpoint(receipt->checkpoint, key_, {});
  });
  EXPECT_FALSE(no_path.missed().empty());

  Sweep short_tile("planted: a tile's last hash not looked at");
  const std::string& tile = tiles_.back();
  short_tile.text("tile", tile, [&](const std::string& bytes) {
    return bytes.size() == tile.size() &&
           is_tile(tiles_.size() - 1, bytes.substr(0, tile.size() - 32) + tile.substr(tile.size() - 32));
  });
  EXPECT_GE(short_tile.missed().size(), 32 / kStep * std::size(kMasks));

  Sweep manifest_only("planted: an export's originals not read");
  const std::string path = proof::export_original_path(recording_);
  manifest_only.text(path, kContent, [&](const std::string& bytes) { return !bytes.empty() && is_export(export_); });
  EXPECT_FALSE(manifest_only.missed().empty());

  Sweep unchecked("planted: a ledger that is opened and not checked");
  const Ground ground = copy();
  unchecked.text("event", events_[0].event, [&](const std::string& text) {
    EXPECT_TRUE(ground.database->write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run("UPDATE ledger_events SET event = CAST(:text AS TEXT) WHERE leaf_index = :index",
                 {{"text", Bytes(text.begin(), text.end())}, {"index", events_[0].index}}));
      return {};
    }));
    return open(ground).has_value();
  });
  EXPECT_EQ(unchecked.missed().size(), unchecked.count());
}

}  // namespace
}  // namespace lapel::ledger
