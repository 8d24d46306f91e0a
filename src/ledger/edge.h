// SPDX-License-Identifier: Apache-2.0
#pragma once
// The right edge: what a sequencer keeps in memory of a ledger, and how hashes of any size are read back.
//
// Owns: Edge (leaves not yet in full tiles, unfinished tiles above them) and TileReader (full tiles from the bucket).
// Promises: an Edge is a value: a reader holds the one it was given while the sequencer goes on. Every full tile below
//   tiled_size stands in the bucket; nothing else does.
// Fails with: kLedgerCorrupt when a tile has another size or content than the tree demands.
// Threads: an Edge is immutable once shared; TileReader from any thread.

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bucket/bucket.h"
#include "os/worker.h"
#include "proof/tree.h"

namespace lapel::ledger {

// Full tiles by name, with the last few in memory.
class TileReader {
 public:
  TileReader(bucket::Bucket& bucket, std::string prefix) : bucket_(bucket), prefix_(std::move(prefix)) {}

  std::string name(const proof::TileId& tile) const { return prefix_ + proof::tile_path(tile); }
  Result<std::shared_ptr<const std::vector<Digest>>> hashes(int level, std::uint64_t index) const;
  Result<std::vector<std::string>> entries(std::uint64_t index) const;

 private:
  static constexpr std::size_t kCachedTilesMax = 64;

  bucket::Bucket& bucket_;
  std::string prefix_;
  mutable os::Mutex mutex_;
  struct Cached {
    int level;
    std::uint64_t index;
    std::shared_ptr<const std::vector<Digest>> hashes;
  };
  mutable std::list<Cached> cache_ LAPEL_GUARDED_BY(mutex_);  // most recently used first
};

struct Edge {
  std::uint64_t size = 0;
  Digest root = proof::empty_root();
  std::uint64_t tiled_size = 0;            // a multiple of kTileWidth
  std::vector<std::string> entries;        // of leaves [tiled_size, size)
  std::vector<Digest> leaves;              // their hashes
  std::vector<std::vector<Digest>> upper;  // upper[l-1]: the unfinished tile of level l, for tiled_size
  proof::Frontier frontier;                // of size

  // Appends entries in memory; the caller stores what has become full.
  void append(const std::vector<std::string>& more);
  // The hash of a complete subtree within `size`.
  Result<Digest> node(const TileReader& tiles, int level, std::uint64_t index) const;
  proof::NodeReader reader(const TileReader& tiles) const;

  // The first full tile not yet in the bucket, as bytes by name; absorbs it. Empty when none is full.
  struct FullTile {
    std::string name;
    Bytes bytes;
  };
  std::vector<FullTile> take_full_tiles(const TileReader& tiles);

  // An edge whose leaves up to `tiled_size` stand in full tiles and that has none beyond.
  static Result<Edge> at_tiled_size(const TileReader& tiles, std::uint64_t tiled_size);
};

}  // namespace lapel::ledger
