// SPDX-License-Identifier: Apache-2.0
// The ledger: entries made durable by writers that wait for them, and a ledger at size. One JSON line a bench.
//
//   ledger_bench append DIR [PAIRS]           1, 8, 64 and 512 writers, beside a floor without catalog, keys and reading back; of what
//                                             64 made, bytes on disk and a full check
//   ledger_bench size DIR [PAIRS] [LEAVES]    a restart, a receipt, bytes on disk and a full check, at 10,000,000 leaves unless told
//   ledger_bench restart DIR                  what `size` starts as a process of its own: opens its ledger and seals one event
//
// DIR is a scratch directory on the disk to be measured. The leaves of `size` are padding but for 2,000 events, a share of them at each of
// some sizes on the way, made by the publisher as at any beat, with real files and the real catalog: a proof reads the same tiles whatever
// the leaves between mean. Receipts are asked of random ones of these events.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "bucket/fs_bucket.h"
#include "crypto/ed25519.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "ledger/ledger.h"
#include "os/disk.h"
#include "proof/entry.h"

namespace {

using namespace lapel;

constexpr std::int64_t kLeaves = 10'000'000;
constexpr int kPairs = 5;
constexpr std::int64_t kFloorLeaves = 256;  // padding at a beat that does not come while entries are counted
constexpr int kProofs = 2'000;
constexpr int kEvents = 2'000;  // that receipts are asked of
constexpr int kSizes = 8;       // after which a share of them comes
constexpr int kWriters[] = {1, 8, 64, 512};
constexpr int kWritersMeasuredAfter = 64;
constexpr double kAppendSeconds = 1.5;       // of one run
constexpr std::size_t kEntryBytes = 300;     // of one of the floor's entries; about what an event has
constexpr std::size_t kFloorBatchMax = 512;  // as the sequencer
constexpr double kAppendBar = 5'000;         // entries a second with 64 writers
constexpr double kFloorBar = 0.5;            // of the floor's entries a second with 64 writers
constexpr double kRestartBarMs = 1'000;
constexpr double kProofBarMs = 1;
constexpr double kBlockBytes = 512;  // as lstat counts
constexpr std::uint8_t kLeafPrefix[] = {0}, kNodePrefix[] = {1};

template <typename T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "ledger_bench: {}\n", result.error().text());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// `ours` and `theirs` of each pair; a bar below zero is none.
void print_line(std::string_view bench, const std::vector<double>& ours, std::string_view peer,
                const std::vector<double>& theirs, std::string_view unit, double bar, std::string_view better,
                std::string_view more = "") {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / theirs[i]);
  fmt::print(R"({{"bench":"{}","ours":{:.4f},"peer":"{}","theirs":{:.4f},"unit":"{}","ratio":{:.5f},"bar":{},)"
             R"("better":"{}","pairs":{},"ratio_min":{:.5f},"ratio_max":{:.5f}{}}})"
             "\n",
             bench, median(ours), peer, median(theirs), unit, median(ratios),
             bar < 0 ? std::string("null") : fmt::format("{}", bar), better, ratios.size(),
             *std::min_element(ratios.begin(), ratios.end()), *std::max_element(ratios.begin(), ratios.end()), more);
  std::fflush(stdout);
}

// A ledger with real files and the real catalog below a directory. Its secrets are constants, so that another process can go on with it.
struct Scene {
  explicit Scene(const os::Path& directory) : disk(os::real_disk()) {
    must(os::make_directories(*disk, directory));
    bucket = must(bucket::open_fs_bucket(*disk, directory));
    database = must(db::open_sqlite((directory / "catalog.db").string()));
    must(db::migrate(*database, "ledger", ledger::schema()));
    terms.origin = "bench.example/ledger";
    terms.slug = "ledger";
  }
  Scene(const os::Path& directory, std::int64_t floor) : Scene(directory) {
    terms.floor = floor;  // one beat pads up to this
    const proof::VerifierKey key{terms.origin, proof::KeyType::kLog,
                                 crypto::SigningKey::from_seed(secrets.log_seed).public_key()};
    must(database->write([&](db::Transaction& tx) { return ledger::Ledger::create(tx, agency, terms, key); }));
  }
  std::unique_ptr<ledger::Ledger> open(const Clock& clock) {
    return must(ledger::Ledger::open(
        {agency, terms, secrets,
         [this](const SubjectId&, ledger::KeyUse) -> Result<proof::SubjectKey> { return subject_key; }, *database,
         *bucket, clock}));
  }

  std::unique_ptr<os::Disk> disk;
  std::unique_ptr<bucket::Bucket> bucket;
  std::unique_ptr<db::Database> database;
  ledger::Terms terms;
  const ledger::Secrets secrets{ByteArray<32>{1}, ByteArray<32>{2}};
  const ByteArray<32> subject_key{3};
  const AgencyId agency{ByteArray<16>{4}};
};

ledger::Submission viewed(const SubjectId& subject) {
  ledger::Submission submission{subject, {}, {}};
  submission.events.push_back({subject, "recording.viewed", {{"purpose", "review"}, {"case", "2022-118734"}}, false});
  return submission;
}

// What a directory takes on its disk, in whole blocks.
double bytes_on_disk(const os::Path& directory) {
  double bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat status {};
    CHECK(::lstat(entry.path().c_str(), &status) == 0);
    if (entry.is_regular_file()) bytes += static_cast<double>(status.st_blocks) * kBlockBytes;
  }
  return bytes;
}

// Entries a second of whoever does nothing but hash each entry and a node: the least that a full check is.
double rate_of_hashing(std::uint64_t entries, std::size_t entry_bytes) {
  const std::string entry(entry_bytes, 'e');
  Digest hash{};
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < entries; ++i) {
    const Digest leaf = crypto::sha256({kLeafPrefix, as_bytes(entry)});
    hash = crypto::sha256({kNodePrefix, hash, leaf});
  }
  const double seconds = ms_since(start) / 1'000;
  CHECK(entries == 0 || hash != Digest{});
  return static_cast<double>(entries) / seconds;
}

// Entries a second of a full check of the ledger, and how many they are.
std::pair<double, std::uint64_t> rate_of_check(const ledger::Ledger& ledger) {
  const auto start = std::chrono::steady_clock::now();
  const ledger::CheckReport report = must(ledger.check());
  const double seconds = ms_since(start) / 1'000;
  for (const std::string& fault : report.faults) fmt::print(stderr, "ledger_bench: {}\n", fault);
  CHECK(report.faults.empty());
  return {static_cast<double>(report.size) / seconds, report.size};
}

struct Rate {
  double entries_s = 0, p50_ms = 0, p99_ms = 0;
  std::uint64_t entries = 0;
};

// Writers that each wait for their entry before they bring the next.
template <typename Commit>
Rate run_writers(int writers, const Commit& commit) {
  std::mutex mutex;
  std::vector<double> waits;
  std::vector<std::thread> threads;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([&] {
      const SubjectId subject = crypto::new_id<SubjectId>();
      std::vector<double> own;
      while (ms_since(start) < kAppendSeconds * 1'000) {
        const auto begun = std::chrono::steady_clock::now();
        commit(subject);
        own.push_back(ms_since(begun));
      }
      const std::scoped_lock lock(mutex);
      waits.insert(waits.end(), own.begin(), own.end());
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = ms_since(start) / 1'000;
  std::sort(waits.begin(), waits.end());
  return {static_cast<double>(waits.size()) / seconds, waits[waits.size() / 2], waits[waits.size() * 99 / 100],
          waits.size()};
}

// What any such log must do: leaf and node hashes, entries and hashes appended to two files, one sync and one signature a batch. No catalog, no chains of subjects, no commitments, no reading back.
class Floor {
 public:
  explicit Floor(const os::Path& directory) {
    entries_ = ::open((directory / "entries").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    hashes_ = ::open((directory / "hashes").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    CHECK(entries_ >= 0 && hashes_ >= 0);
    sequencer_ = std::thread([this] { run(); });
  }
  ~Floor() {
    {
      const std::scoped_lock lock(mutex_);
      is_stopping_ = true;
    }
    wake_.notify_one();
    sequencer_.join();
    ::close(entries_);
    ::close(hashes_);
  }

  void commit(const std::string& entry) {
    std::unique_lock lock(mutex_);
    queue_.push_back(&entry);
    const std::uint64_t mine = ++asked_;
    wake_.notify_one();
    answered_.wait(lock, [&] { return done_ >= mine; });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return is_stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      std::vector<const std::string*> batch;
      while (!queue_.empty() && batch.size() < kFloorBatchMax) {
        batch.push_back(queue_.front());
        queue_.pop_front();
      }
      lock.unlock();
      append(batch);
      lock.lock();
      done_ += batch.size();
      answered_.notify_all();
    }
  }

  void append(const std::vector<const std::string*>& batch) {
    std::string bytes, hashes;
    for (const std::string* entry : batch) {
      bytes += *entry;
      Digest hash = crypto::sha256({kLeafPrefix, as_bytes(*entry)});
      hashes.append(reinterpret_cast<const char*>(hash.data()), hash.size());
      // The right-hand nodes that this leaf completes.
      std::size_t level = 0;
      for (std::uint64_t n = size_++; (n & 1) == 1; n >>= 1, ++level) {
        hash = crypto::sha256({kNodePrefix, stack_[level], hash});
        hashes.append(reinterpret_cast<const char*>(hash.data()), hash.size());
      }
      stack_[level] = hash;
    }
    CHECK(::write(entries_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    CHECK(::write(hashes_, hashes.data(), hashes.size()) == static_cast<ssize_t>(hashes.size()));
    CHECK(::fdatasync(entries_) == 0);  // the hashes follow from them
    (void)key_.sign(stack_[0]);
  }

  int entries_ = -1, hashes_ = -1;
  std::uint64_t size_ = 0;
  Digest stack_[64] = {};
  const crypto::SigningKey key_ = crypto::SigningKey::from_seed(crypto::random_bytes<32>());
  std::mutex mutex_;
  std::condition_variable wake_, answered_;
  std::deque<const std::string*> queue_;
  std::uint64_t asked_ = 0, done_ = 0;
  bool is_stopping_ = false;
  std::thread sequencer_;
};

void bench_append(const os::Path& directory, int pairs) {
  for (const int writers : kWriters) {
    const bool is_measured_after = writers == kWritersMeasuredAfter;
    std::vector<double> ours, floors, waits, bytes, floor_bytes, checks, hashing;
    for (int pair = 0; pair < pairs; ++pair) {
      const auto run_ours = [&] {
        const os::Path below = directory / fmt::format("ledger-{}-{}", writers, pair);
        Rate rate;
        {
          Scene scene(below, kFloorLeaves);
          const RealClock clock;
          const auto ledger = scene.open(clock);
          must(ledger->begin());
          rate = run_writers(writers, [&](const SubjectId& subject) { must(ledger->commit(viewed(subject))); });
          if (is_measured_after) {
            const auto [rate_checked, entries] = rate_of_check(*ledger);
            checks.push_back(rate_checked);
            hashing.push_back(rate_of_hashing(entries, kEntryBytes));
          }
        }
        ours.push_back(rate.entries_s);
        waits.push_back(rate.p99_ms);
        bytes.push_back(bytes_on_disk(below) / static_cast<double>(rate.entries));
      };
      const auto run_floor = [&] {
        const os::Path below = directory / fmt::format("floor-{}-{}", writers, pair);
        must(os::make_directories(*os::real_disk(), below));
        Rate rate;
        {
          Floor floor(below);
          const std::string entry(kEntryBytes, 'e');
          rate = run_writers(writers, [&](const SubjectId&) { floor.commit(entry); });
        }
        floors.push_back(rate.entries_s);
        floor_bytes.push_back(bytes_on_disk(below) / static_cast<double>(rate.entries));
      };
      if (pair % 2 == 0) run_ours();
      run_floor();
      if (pair % 2 == 1) run_ours();
    }
    const std::string more = fmt::format(R"(,"p99_ms":{:.2f})", median(waits));
    print_line(fmt::format("ledger_append_{}_writers", writers), ours, "hash, append, sync, sign", floors, "entries/s",
               is_measured_after ? kFloorBar : -1, "higher", more);
    if (is_measured_after) {
      print_line("ledger_append_64_writers", ours, "the rate it must reach",
                 std::vector<double>(ours.size(), kAppendBar), "entries/s", 1, "higher", more);
      print_line("ledger_disk_64_writers", bytes, "entries and hashes alone", floor_bytes, "bytes/entry", -1, "lower");
      print_line("ledger_check_64_writers", checks, "two SHA-256 an entry", hashing, "entries/s", -1, "higher");
    }
  }
}

// The clock of `size` stands still, and a ledger goes back for nobody: the restarted one has to be at a time after it.
constexpr Timestamp kBegun{1'700'000'000'000'000};
constexpr Timestamp kRestarted{1'800'000'000'000'000};

// Opens the ledger that is there, and seals one event.
void restart(const os::Path& directory) {
  Scene scene(directory);
  must(scene.database->read([&](db::Transaction& tx) -> Result<void> {
    scene.terms = TRY(ledger::Ledger::terms(tx, scene.agency));
    return {};
  }));
  const ManualClock clock(kRestarted);
  must(scene.open(clock)->commit(viewed(crypto::new_id<SubjectId>())));
}

// The same by a process that knows nothing yet, from its start to its end.
double ms_of_restart(const os::Path& directory) {
  std::string program = "/proc/self/exe", mode = "restart", where = directory.string();
  char* const arguments[] = {program.data(), mode.data(), where.data(), nullptr};
  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  int status = 0;
  CHECK(::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ) == 0);
  CHECK(::waitpid(child, &status, 0) == child && status == 0);
  return ms_since(start);
}

void bench_size(const os::Path& directory, int pairs, std::int64_t leaves) {
  CHECK(leaves / kSizes > kEvents / kSizes);
  Scene scene(directory, leaves / kSizes);
  ManualClock clock(kBegun);
  std::vector<ledger::SealedEvent> events;
  {
    const auto start = std::chrono::steady_clock::now();
    const auto ledger = scene.open(clock);
    must(ledger->begin());
    ledger->start_publishing();
    for (int i = 1; i <= kSizes; ++i) {
      for (int n = 0; n < kEvents / kSizes; ++n) {
        std::ranges::move(must(ledger->commit(viewed(crypto::new_id<SubjectId>()))), std::back_inserter(events));
      }
      clock.advance_us(scene.terms.beat_s * 1'000'000);
      // Set-up, not measured: asking without a pause would take a core from the publisher that makes the leaves.
      while (must(ledger->standing(ledger::Under::kPublished)).size < static_cast<std::uint64_t>(leaves / kSizes * i))
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    fmt::print(stderr, "ledger_bench: {} leaves and {} events made in {:.0f} s\n", leaves, events.size(),
               ms_since(start) / 1'000);
  }

  // The kernel still has the files in its memory, as after a crash of the program and not of the machine.
  std::vector<double> restarts;
  for (int i = 0; i < pairs; ++i) restarts.push_back(ms_of_restart(directory));
  print_line(fmt::format("ledger_restart_{}", leaves), restarts, "the second it may take",
             std::vector<double>(restarts.size(), kRestartBarMs), "ms", 1, "lower");

  std::mt19937 random(1);
  std::uniform_int_distribution<std::size_t> any(0, events.size() - 1);
  clock.set(kRestarted);
  std::vector<double> proofs;
  for (int pair = 0; pair < pairs; ++pair) {
    const auto ledger = scene.open(clock);  // with nothing of the pair before in its memory
    std::vector<double> of_pair;
    for (int i = 0; i < kProofs; ++i) {
      const ledger::SealedEvent& event = events[any(random)];
      const auto start = std::chrono::steady_clock::now();
      (void)must(ledger->receipt(event, ledger::Under::kSealed));
      of_pair.push_back(ms_since(start));
    }
    proofs.push_back(median(of_pair));
  }
  print_line(fmt::format("ledger_receipt_{}", leaves), proofs, "the millisecond it may take",
             std::vector<double>(proofs.size(), kProofBarMs), "ms", 1, "lower");

  std::vector<double> checks, hashing;
  std::uint64_t size = 0;
  for (int pair = 0; pair < pairs; ++pair) {
    const auto ledger = scene.open(clock);
    const auto [rate, entries] = rate_of_check(*ledger);
    size = entries;
    checks.push_back(rate);
    hashing.push_back(rate_of_hashing(entries, proof::kPrivateEntryBytes));
  }
  print_line(fmt::format("ledger_check_{}", leaves), checks, "two SHA-256 an entry", hashing, "entries/s", -1,
             "higher");
  const double bytes = bytes_on_disk(directory) / static_cast<double>(size);
  print_line(fmt::format("ledger_disk_{}", leaves), {bytes}, "its entry and its hash",
             {static_cast<double>(proof::kPrivateEntryBytes + sizeof(Digest))}, "bytes/entry", -1, "lower");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc >= 3 ? argv[1] : "";
  const int pairs = argc >= 4 ? std::atoi(argv[3]) : kPairs;
  if (argc > 5 || pairs < 1 || (mode != "append" && mode != "size" && mode != "restart")) {
    fmt::print(stderr, "usage: ledger_bench append|size|restart DIR [PAIRS] [LEAVES]\n");
    return 2;
  }
  if (mode == "restart") restart(argv[2]);
  if (mode == "append") bench_append(argv[2], pairs);
  if (mode == "size") bench_size(argv[2], pairs, argc == 5 ? std::strtoll(argv[4], nullptr, 10) : kLeaves);
}
