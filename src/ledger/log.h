// SPDX-License-Identifier: Apache-2.0
#pragma once
// The log of one ledger as it is stored: entries in the bucket, the head in the catalog, and the swap between two heads.
//
// Owns: the columns size, root and tiled_size of `ledgers`, the table ledger_batches, and the bucket's names under
//   ledger/<slug>/. What the entries mean is the sequencer's and the publisher's matter.
// Promises: entries are durable and were read back before a head names them; a head is swapped only from the one that
//   the appender saw, so that any number of processes may append. Tiles in the bucket are written once, whole, and only
//   for sealed leaves.
// Fails with: kLedgerMoved (another has appended meanwhile), kLedgerCorrupt (never retried), the error of the caller's
//   own step, and what bucket and database fail with.
// Threads: any.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bucket/bucket.h"
#include "db/db.h"
#include "ledger/edge.h"
#include "ledger/rows.h"
#include "os/worker.h"

namespace lapel::ledger {

class Log {
 public:
  struct Parts {
    std::string agency;  // its id, as the catalog has it
    std::string origin;  // for messages
    std::string slug;
    db::Database& database;
    bucket::Bucket& bucket;
    const Clock& clock;
  };
  explicit Log(Parts parts);

  const TileReader& tiles() const { return tiles_; }

  // The edge at the stored head. Others may append meanwhile, so what comes back may already be behind, never ahead.
  Result<std::shared_ptr<const Edge>> refresh() const;
  // The same within a transaction, which then sees no other head.
  Result<std::shared_ptr<const Edge>> refresh_in(db::Transaction& tx) const;

  // kLedgerCorrupt when the bucket holds tiles that the stored head does not know of: somebody restored an older catalog,
  // and signing from there would contradict what was given out.
  Result<void> check_ahead() const;

  // What runs in the transaction of the swap, after it.
  using Step = std::function<Result<void>(db::Transaction&, const Edge& after)>;
  // Entries behind `before`: durable, read back, and the head swapped together with `step`. May append nothing. An error
  // of `step` undoes all of it.
  Result<void> append(const Edge& before, const std::vector<std::string>& entries, const Step& step);
  // The same inside the caller's transaction. What comes back is to be handed to share() once that has committed.
  Result<std::shared_ptr<const Edge>> append_in(db::Transaction& tx, const Edge& before,
                                                const std::vector<std::string>& entries, const Step& step);
  void share(std::shared_ptr<const Edge> edge) const;

  // Leaves that fill a tile go to the bucket as tiles, and their batches are forgotten. Safe to repeat and to lose.
  Result<void> store_full_tiles();
  // Removes objects that no row names and that are too old to belong to an append under way.
  Result<void> sweep_staged();

 private:
  struct Ahead {
    HeadRow head;
    std::vector<BatchRow> batches;
  };
  struct Grown {
    BatchRow staged;
    std::shared_ptr<const Edge> edge;
  };
  std::shared_ptr<const Edge> edge() const;
  Result<void> extend(Edge& edge, const std::vector<BatchRow>& batches) const;
  Result<Ahead> read_ahead(db::Transaction& tx, const Edge& known) const;
  Result<std::shared_ptr<const Edge>> advance(std::shared_ptr<const Edge> known, const Ahead& ahead) const;
  Result<Grown> grow(const Edge& before, const std::vector<std::string>& entries) const;
  Result<void> swap(db::Transaction& tx, const Edge& before, const Grown& grown) const;

  const Parts parts_;
  const TileReader tiles_;
  mutable os::Mutex mutex_;
  mutable std::shared_ptr<const Edge> edge_ LAPEL_GUARDED_BY(mutex_) = std::make_shared<Edge>();
};

}  // namespace lapel::ledger
