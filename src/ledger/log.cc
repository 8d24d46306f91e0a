// SPDX-License-Identifier: Apache-2.0
#include "ledger/log.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/problems.h"
#include "crypto/random.h"
#include "proof/tree.h"

namespace lapel::ledger {
namespace {

constexpr std::int64_t kStagedOrphanAgeS = 3'600;  // no append takes this long
constexpr std::size_t kStagedListMax = 100'000;
constexpr int kRefreshAttemptsMax = 16;

// Which of the last tiles is not the one that its entries make, in words; empty where each is.
std::string damaged_tile(const TileReader& tiles, std::uint64_t tiled_size) {
  const std::uint64_t end = tiled_size / proof::kTileWidth;
  for (std::uint64_t tile = end > 0 ? (end - 1) / proof::kTileWidth * proof::kTileWidth : 0; tile < end; ++tile) {
    const auto hashes = tiles.hashes(0, tile);
    const auto entries = tiles.entries(tile);
    const bool is_made_of_them = hashes && entries &&
                                 std::equal(entries->begin(), entries->end(), (*hashes)->begin(), (*hashes)->end(),
                                            [](const std::string& entry, const Digest& hash) {
                                              return proof::leaf_hash(as_bytes(entry)) == hash;
                                            });
    if (!is_made_of_them) {
      return fmt::format("; {} is not the tile that its entries make",
                         tiles.name({0, tile, static_cast<int>(proof::kTileWidth)}));
    }
  }
  return {};
}

}  // namespace

Log::Log(Parts parts) : parts_(std::move(parts)), tiles_(parts_.bucket, fmt::format("ledger/{}/", parts_.slug)) {}

// ---- reading ----

std::shared_ptr<const Edge> Log::edge() const {
  const os::MutexLock lock(mutex_);
  return edge_;
}

void Log::share(std::shared_ptr<const Edge> edge) const {
  const os::MutexLock lock(mutex_);
  if (edge->size > edge_->size || edge->tiled_size > edge_->tiled_size) edge_ = std::move(edge);
}

// Adds what the batches hold from edge.size on.
Result<void> Log::extend(Edge& edge, const std::vector<BatchRow>& batches) const {
  for (const BatchRow& batch : batches) {
    if (batch.first > edge.size) {
      return fail(problems::kLedgerCorrupt, "A batch of entries is missing",
                  fmt::format("{}: leaf {}", parts_.origin, edge.size));
    }
    std::vector<std::string> entries = TRY(read_staged(parts_.bucket, batch));
    const std::uint64_t known = edge.size - batch.first;
    if (known >= entries.size()) continue;
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(known));
    edge.append(entries);
  }
  return {};
}

// What the catalog says of the leaves beyond an edge.
Result<Log::Ahead> Log::read_ahead(db::Transaction& tx, const Edge& known) const {
  Ahead out{TRY(read_head(tx, parts_.agency)), {}};
  if (out.head.size > known.size) {
    out.batches = TRY(read_batches(tx, parts_.agency, std::max(known.size, out.head.tiled_size)));
  }
  return out;
}

// `known`, taken before `ahead` was read, brought up to it. kNotFound when another process has meanwhile turned its
// batches into tiles.
Result<std::shared_ptr<const Edge>> Log::advance(std::shared_ptr<const Edge> known, const Ahead& ahead) const {
  const HeadRow& head = ahead.head;
  if (head.size == known->size && head.root == known->root) return known;
  if (head.size <= known->size) {
    return fail(problems::kLedgerCorrupt, "The stored head is behind what this program has seen, or against it",
                fmt::format("{}: stored {}, seen {}", parts_.origin, head.size, known->size));
  }
  auto next = std::make_shared<Edge>();
  if (known->size >= head.tiled_size) {
    *next = *known;
  } else {
    *next = TRY(Edge::at_tiled_size(tiles_, head.tiled_size));
  }
  TRY(extend(*next, ahead.batches));
  if (next->size != head.size || next->root != head.root) {
    return fail(problems::kLedgerCorrupt, "The stored entries do not hash to the stored root",
                fmt::format("{}: size {}{}", parts_.origin, head.size, damaged_tile(tiles_, next->tiled_size)));
  }
  share(next);
  return std::shared_ptr<const Edge>(std::move(next));
}

Result<std::shared_ptr<const Edge>> Log::refresh() const {
  for (int attempt = 1;; ++attempt) {
    const std::shared_ptr<const Edge> known = edge();
    Ahead ahead;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      ahead = TRY(read_ahead(tx, *known));
      return {};
    }));
    auto next = advance(known, ahead);
    if (next || next.error().code() != Code::kNotFound || attempt == kRefreshAttemptsMax) return next;
  }
}

Result<std::shared_ptr<const Edge>> Log::refresh_in(db::Transaction& tx) const {
  const std::shared_ptr<const Edge> known = edge();
  return advance(known, TRY(read_ahead(tx, *known)));
}

Result<void> Log::check_ahead() const {
  for (std::uint64_t looked_at = 0;;) {
    const std::uint64_t size = TRY(refresh())->size;
    const std::uint64_t next_tile = size / proof::kTileWidth;
    const std::string name = tiles_.name({-1, next_tile, static_cast<int>(proof::kTileWidth)});
    const auto there = parts_.bucket.stat(name);
    if (!there && there.error().code() == Code::kNotFound) return {};
    if (!there) return fail(there.error());
    // Unless another process has sealed and tiled between the two looks.
    if (size == looked_at) {
      return fail(problems::kLedgerCorrupt,
                  "There are more leaves in the bucket than the catalog knows of: the catalog is older than the rest",
                  fmt::format("{}: size {}, and {} is there", parts_.origin, size, name));
    }
    looked_at = size;
  }
}

// ---- appending ----

// The entries durable and read back, and the edge they make.
Result<Log::Grown> Log::grow(const Edge& before, const std::vector<std::string>& entries) const {
  BatchRow staged{before.size, entries.size(), {}};
  auto after = std::make_shared<Edge>(before);
  // A beat that finds the ledger padded already publishes without a leaf.
  if (!entries.empty()) {
    staged.object = fmt::format("ledger/{}/staged/{:012}-{}", parts_.slug, parts_.clock.now().seconds(),
                                hex(crypto::random_bytes<16>()));
    TRY(parts_.bucket.put(staged.object, as_bytes(proof::format_bundle(entries))));
    const std::vector<std::string> reread = TRY(read_staged(parts_.bucket, staged));
    if (reread != entries) {
      return fail(problems::kLedgerCorrupt, "Entries read back are not those that were written", staged.object);
    }
    after->append(reread);
  }
  return Grown{std::move(staged), std::move(after)};
}

Result<void> Log::swap(db::Transaction& tx, const Edge& before, const Grown& grown) const {
  const db::Params head = {{"size", grown.edge->size},
                           {"root", hex(grown.edge->root)},
                           {"agency", parts_.agency},
                           {"old_size", before.size},
                           {"old_root", hex(before.root)}};
  const std::int64_t swapped = TRY(tx.run(
      "UPDATE ledgers SET size = :size, root = :root WHERE agency = :agency AND size = :old_size AND root = :old_root",
      head));
  if (swapped != 1) return fail(problems::kLedgerMoved, "Another sequencer has sealed meanwhile", parts_.origin);
  if (grown.staged.entries == 0) return {};
  const db::Params batch = {{"agency", parts_.agency},
                            {"first", grown.staged.first},
                            {"entries", grown.staged.entries},
                            {"object", grown.staged.object}};
  TRY(tx.run(
      "INSERT INTO ledger_batches (agency, first_index, entries, object) VALUES (:agency, :first, :entries, :object)",
      batch));
  return {};
}

Result<void> Log::append(const Edge& before, const std::vector<std::string>& entries, const Step& step) {
  const Grown grown = TRY(grow(before, entries));
  bool is_refused = false;
  const auto seal = [&](db::Transaction& tx) -> Result<void> {
    auto done = swap(tx, before, grown);
    if (done) done = step(tx, *grown.edge);
    is_refused = !done;
    return done;
  };
  auto written = parts_.database.write(seal);
  if (!written) {
    // Nobody's row names the object, unless the commit's own outcome is unknown: then it must stay.
    if (is_refused && grown.staged.entries > 0) (void)parts_.bucket.remove(grown.staged.object);
    return written;
  }
  share(grown.edge);
  return {};
}

Result<std::shared_ptr<const Edge>> Log::append_in(db::Transaction& tx, const Edge& before,
                                                   const std::vector<std::string>& entries, const Step& step) {
  const Grown grown = TRY(grow(before, entries));
  TRY(swap(tx, before, grown));
  TRY(step(tx, *grown.edge));
  return grown.edge;
}

// ---- tiles ----

Result<void> Log::store_full_tiles() {
  const std::shared_ptr<const Edge> known = edge();
  if (known->leaves.size() < proof::kTileWidth) return {};
  auto next = std::make_shared<Edge>(*known);
  for (const Edge::FullTile& tile : next->take_full_tiles(tiles_)) TRY(parts_.bucket.put(tile.name, tile.bytes));
  std::vector<std::string> objects;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    objects.clear();
    TRY(tx.run("UPDATE ledgers SET tiled_size = :tiled WHERE agency = :agency AND tiled_size < :tiled",
               {{"tiled", next->tiled_size}, {"agency", parts_.agency}}));
    const db::Rows rows = TRY(tx.query(
        "DELETE FROM ledger_batches WHERE agency = :agency AND first_index + entries <= :tiled RETURNING object",
        {{"agency", parts_.agency}, {"tiled", next->tiled_size}}));
    for (const db::Row& row : rows) objects.push_back(row.text("object"));
    return {};
  }));
  share(next);
  for (const std::string& object : objects) TRY(parts_.bucket.remove(object));
  return {};
}

Result<void> Log::sweep_staged() {
  const std::string prefix = fmt::format("ledger/{}/staged/", parts_.slug);
  // What is younger than the newest published size may be what a catalog older than the bucket has forgotten: it stays.
  std::int64_t published_s = 0;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    if (const auto published = TRY(read_published(tx, parts_.agency))) published_s = published->at.seconds();
    return {};
  }));
  const std::int64_t before_s = std::min(published_s, parts_.clock.now().seconds() - kStagedOrphanAgeS);
  const std::string limit = fmt::format("{}{:012}", prefix, std::max<std::int64_t>(before_s, 0));
  for (const std::string& name : TRY(parts_.bucket.list(prefix, "", kStagedListMax))) {
    if (name >= limit) break;
    bool is_named = true;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      const db::Rows rows =
          TRY(tx.query("SELECT first_index FROM ledger_batches WHERE agency = :agency AND object = :object LIMIT 1",
                       {{"agency", parts_.agency}, {"object", name}}));
      is_named = !rows.empty();
      return {};
    }));
    if (!is_named) TRY(parts_.bucket.remove(name));
  }
  return {};
}

}  // namespace lapel::ledger
