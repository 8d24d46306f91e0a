// SPDX-License-Identifier: Apache-2.0
#pragma once
// The catalog's rows that say where a ledger stands, and the staged entries that they name.
//
// Owns: reading of ledgers, ledger_batches and ledger_published.
// Promises: what is read has the shape that the tree demands, or it is refused.
// Fails with: kNotFound (no ledger, or a staged object that has become tiles meanwhile), kLedgerCorrupt.
// Threads: any; a Transaction's own.

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "bucket/bucket.h"
#include "db/db.h"

namespace lapel::ledger {

struct HeadRow {
  std::uint64_t size = 0, tiled_size = 0;
  Digest root{};
  std::int64_t last_beat = 0;
};

// One sealed batch whose leaves are not all in full tiles yet.
struct BatchRow {
  std::uint64_t first = 0, entries = 0;
  std::string object;
};

// A size that outsiders have seen.
struct PublishedRow {
  std::uint64_t size = 0;
  Digest root{};
  Timestamp at;  // of the first: the beginning of time
};

Result<HeadRow> read_head(db::Transaction& tx, const std::string& agency);
// The newest; nullopt before the first.
Result<std::optional<PublishedRow>> read_published(db::Transaction& tx, const std::string& agency);
// The batches that hold leaves at or beyond `from`, in order.
Result<std::vector<BatchRow>> read_batches(db::Transaction& tx, const std::string& agency, std::uint64_t from);
Result<std::vector<std::string>> read_staged(bucket::Bucket& bucket, const BatchRow& batch);

// A digest that this program wrote itself: anything else is damage.
Result<Digest> stored_digest(const std::string& text);

}  // namespace lapel::ledger
