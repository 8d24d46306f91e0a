// SPDX-License-Identifier: Apache-2.0
// The ledger at size: how long until a restarted server can seal again, and what a proof costs. One JSON line a bench.
//
//   ledger_bench DIR [LEAVES]     a scratch directory on the disk to be measured; 10,000,000 leaves unless told
//
// The leaves are padding, made by the publisher as at any beat, with real files and the real catalog: a restart and a
// proof read the same tiles whatever the leaves mean. The yardstick of the restart is the second that it may take.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "bucket/fs_bucket.h"
#include "crypto/random.h"
#include "ledger/ledger.h"
#include "os/disk.h"

namespace {

using namespace lapel;

constexpr int kRestarts = 9;
constexpr int kProofs = 2'000;
constexpr double kRestartBarMs = 1'000;
constexpr double kProofBarMs = 1;

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

void print_line(std::string_view bench, double ours, std::string_view peer, double theirs, double bar,
                std::size_t runs) {
  fmt::print(R"({{"bench":"{}","ours":{:.3f},"peer":"{}","theirs":{:.3f},"unit":"ms","ratio":{:.5f},"bar":{},)"
             R"("better":"lower","pairs":{}}})"
             "\n",
             bench, ours, peer, theirs, ours / theirs, bar, runs);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: ledger_bench DIR [LEAVES]\n");
    return 2;
  }
  const os::Path directory = argv[1];
  const std::int64_t leaves = argc == 3 ? std::strtoll(argv[2], nullptr, 10) : 10'000'000;
  const auto disk = os::real_disk();
  must(os::make_directories(*disk, directory));
  const auto bucket = must(bucket::open_fs_bucket(*disk, directory));
  const auto database = must(db::open_sqlite((directory / "catalog.db").string()));
  must(db::migrate(*database, "ledger", ledger::schema()));

  ledger::Terms terms;
  terms.origin = "bench.example/ledger";
  terms.slug = "ledger";
  terms.floor = leaves;  // one beat pads up to this
  const ledger::Secrets secrets{crypto::random_bytes<32>(), crypto::random_bytes<32>()};
  const ByteArray<32> subject_key = crypto::random_bytes<32>();
  const AgencyId agency = crypto::new_id<AgencyId>();
  ManualClock clock({1'700'000'000'000'000});
  const proof::VerifierKey key{terms.origin, proof::KeyType::kLog,
                               crypto::SigningKey::from_seed(secrets.log_seed).public_key()};
  must(database->write([&](db::Transaction& tx) { return ledger::Ledger::create(tx, agency, terms, key); }));
  const auto open = [&] {
    return must(ledger::Ledger::open(
        {agency, terms, secrets,
         [&](const SubjectId&, ledger::KeyUse) -> Result<proof::SubjectKey> { return subject_key; }, *database, *bucket,
         clock}));
  };

  std::vector<ledger::SealedEvent> events;
  {
    const auto start = std::chrono::steady_clock::now();
    const auto ledger = open();
    must(ledger->begin());
    ledger::Submission submission{crypto::new_id<SubjectId>(), {}, {}};
    submission.events.push_back({crypto::new_id<SubjectId>(), "recording.viewed", {{"purpose", "review"}}, false});
    events = must(ledger->commit(std::move(submission)));
    clock.advance_us(terms.beat_s * 1'000'000);
    ledger->start_publishing();
    // Set-up, not measured: asking without a pause would take a core from the publisher that makes the leaves.
    while (must(ledger->standing(ledger::Under::kPublished)).size < static_cast<std::uint64_t>(leaves))
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    fmt::print(stderr, "ledger_bench: {} leaves made in {:.0f} s\n", leaves, ms_since(start) / 1'000);
  }

  // A restart: open, and seal one event. What other processes hold in memory plays no part; tiles come from files.
  std::vector<double> restarts;
  for (int i = 0; i < kRestarts; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto ledger = open();
    ledger::Submission submission{crypto::new_id<SubjectId>(), {}, {}};
    submission.events.push_back({crypto::new_id<SubjectId>(), "recording.viewed", {{"purpose", "review"}}, false});
    must(ledger->commit(std::move(submission)));
    restarts.push_back(ms_since(start));
  }
  print_line(fmt::format("ledger_restart_{}", leaves), median(restarts), "the second it may take", kRestartBarMs, 1,
             restarts.size());

  const auto ledger = open();
  std::vector<double> proofs;
  for (int i = 0; i < kProofs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    (void)must(ledger->receipt(events[0], ledger::Under::kSealed));
    proofs.push_back(ms_since(start));
  }
  print_line(fmt::format("ledger_receipt_{}", leaves), median(proofs), "the millisecond it may take", kProofBarMs, 1,
             proofs.size());
}
