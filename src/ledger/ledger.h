// SPDX-License-Identifier: Apache-2.0
#pragma once
// One agency's ledger: the sequencer that seals, the publisher that pads at each beat, and the proofs of what was sealed.
//
// Owns: the tables of ledger/schema.h, the bucket's names under ledger/<slug>/, and every signature of the log key.
// Promises: when commit() returns success its events are *sealed*: entries durable and re-read, (size, root) swapped in
//   together with the caller's rows in one transaction, and only after that is anything signed. The swap is the only
//   guard: any number of sequencers, in any number of processes, may share one database and bucket. Leaf 0 is the
//   genesis statement. Tiles in the bucket are written once, whole, and only for sealed leaves.
// Fails with: kBusy (queue full), kLedgerCorrupt (never retried), kConflict (too many lost swaps), the error of the
//   caller's own rows, kFull, kStoreStopped.
// Threads: any. Each Ledger has one thread of its own.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/result.h"
#include "bucket/bucket.h"
#include "db/db.h"
#include "proof/entry.h"
#include "proof/note.h"
#include "proof/tree.h"

namespace lapel::ledger {

// What is fixed when a ledger begins (leaf 0 says it too).
struct Terms {
  std::string origin;                    // "<host>/<slug>"
  std::string slug;                      // names its place in the bucket and the key store
  std::int64_t beat_s = 60;              // 1..86,400
  std::int64_t floor = 16;               // least growth from one published size to the next
  std::int64_t heads_s = 86'400;         // period of snapshots and scheduled statements
  std::string policy = "quorum none\n";  // tlog-policy text
};

struct Secrets {
  ByteArray<32> log_seed;
  ByteArray<32> pad_key;
};

// The key of a subject: made and durable before it returns when `create` says so.
enum class KeyUse { kCreate, kExisting };
using SubjectKeys = std::function<Result<proof::SubjectKey>(const SubjectId&, KeyUse)>;

// An event to be sealed. The sequencer adds actor, at, ledger, n, prev and subject.
struct Draft {
  SubjectId subject;
  std::string type;
  Json::Object fields;
  bool is_first = false;  // must be n = 0 of its subject, or the submission is refused with kConflict
};

struct SealedEvent {
  SubjectId subject;
  std::uint64_t n = 0;
  std::uint64_t index = 0;
  Timestamp at;
  std::string type;
  std::string event;  // canonical bytes
};

// What is sealed together with the caller's rows. Runs inside the sequencer's transaction, maybe several times.
using RowsStep = std::function<Result<void>(db::Transaction&, std::span<const SealedEvent>)>;

struct Submission {
  SubjectId actor;
  std::vector<Draft> events;  // at least one; in this order
  RowsStep rows;              // may be null
};

struct Head {
  std::uint64_t size = 0;
  Digest root{};
};

// Which checkpoint a receipt stands under.
enum class Under { kSealed, kPublished };

// A checkpoint to stand under: its size and the signed note.
struct Standing {
  std::uint64_t size = 0;
  std::string note;
};

// The result of a full check: what was looked at and every fault found, in words.
struct CheckReport {
  std::uint64_t size = 0, published_size = 0;
  std::uint64_t events = 0, statements = 0, padding = 0;
  Digest root{};
  std::vector<std::string> faults;
};

class Ledger {
 public:
  struct Parts {
    AgencyId agency;
    Terms terms;
    Secrets secrets;
    SubjectKeys subject_keys;
    db::Database& database;
    bucket::Bucket& bucket;
    const Clock& clock;
    std::size_t queue_max = limits::kSequencerQueueMax;  // submissions waiting; kBusy beyond
  };

  // The row of a ledger of size 0 with published size 0, inside the caller's transaction. begin() adds leaf 0.
  static Result<void> create(db::Transaction& transaction, const AgencyId& agency, const Terms& terms,
                             const proof::VerifierKey& key);
  // What create() stored.
  static Result<Terms> terms(db::Transaction& transaction, const AgencyId& agency);
  static Result<std::string> stored_key(db::Transaction& transaction,
                                        const AgencyId& agency);  // as a verifier-key line

  // Reads the sealed head and the unfinished tiles; O(log size). Does not publish until start_publishing().
  static Result<std::unique_ptr<Ledger>> open(Parts parts);
  ~Ledger();

  // Seals leaf 0 where it is missing: a crash between create() and this is harmless.
  Result<void> begin();
  // From now on, padding and a published size at each beat.
  void start_publishing();

  Result<std::vector<SealedEvent>> commit(Submission submission);

  const Terms& terms() const;
  const proof::VerifierKey& key() const;
  Result<Head> head() const;                      // sealed
  Result<std::string> sealed_checkpoint() const;  // signed note: docks and signed-in staff only
  Result<std::string> published_checkpoint() const;

  // Every event of a subject in order, from n = `from`, at most `limit`.
  Result<std::vector<SealedEvent>> events(const SubjectId& subject, std::uint64_t from, std::size_t limit) const;
  // Those of these types alone.
  Result<std::vector<SealedEvent>> events_of(const SubjectId& subject, std::span<const std::string_view> types,
                                             std::uint64_t from, std::size_t limit) const;
  // What opens the event's commitment together with its bytes.
  Result<proof::Salt> salt(const SealedEvent& event) const;
  // A receipt of one event; kNotSealed when Under::kPublished and the beat has not come.
  Result<std::string> receipt(const SealedEvent& event, Under under) const;
  Result<std::string> statement_receipt(std::uint64_t index, Under under) const;
  // For several receipts under one checkpoint.
  Result<Standing> standing(Under under) const;
  Result<std::string> receipt(const SealedEvent& event, const Standing& standing) const;

  // A tile or bundle as outsiders may see it: kNotFound beyond the published size and for widths of no published size.
  Result<Bytes> published_tile(const proof::TileId& tile) const;

  Result<CheckReport> check() const;

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The steps of this module's schema.
std::span<const db::Migration> schema();

}  // namespace lapel::ledger
