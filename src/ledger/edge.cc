// SPDX-License-Identifier: Apache-2.0
#include "ledger/edge.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"
#include "proof/entry.h"

namespace lapel::ledger {
namespace {

using proof::kTileHeight;
using proof::kTileWidth;
using proof::TileId;

constexpr std::size_t kBundleBytesMax = kTileWidth * (2 + proof::kEntryBytesMax);

// The root of a run of hashes whose count is a power of two.
Digest fold(std::span<const Digest> hashes) {
  CHECK(!hashes.empty());
  std::vector<Digest> level(hashes.begin(), hashes.end());
  while (level.size() > 1) {
    CHECK(level.size() % 2 == 0);
    for (std::size_t i = 0; i < level.size() / 2; ++i) level[i] = proof::node_hash(level[2 * i], level[2 * i + 1]);
    level.resize(level.size() / 2);
  }
  return level[0];
}

Bytes tile_bytes(std::span<const Digest> hashes) {
  Bytes out;
  out.reserve(hashes.size() * sizeof(Digest));
  for (const Digest& hash : hashes) out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

}  // namespace

Result<std::shared_ptr<const std::vector<Digest>>> TileReader::hashes(int level, std::uint64_t index) const {
  {
    const os::MutexLock lock(mutex_);
    for (auto it = cache_.begin(); it != cache_.end(); ++it) {
      if (it->level == level && it->index == index) {
        cache_.splice(cache_.begin(), cache_, it);
        return it->hashes;
      }
    }
  }
  const std::string object = name({level, index, static_cast<int>(kTileWidth)});
  auto bytes = bucket::get(bucket_, object, proof::kTileBytes);
  if (!bytes)
    return fail(problems::kLedgerCorrupt, "A tile of the ledger cannot be read: " + bytes.error().message, object);
  if (bytes->size() != proof::kTileBytes)
    return fail(problems::kLedgerCorrupt, "A tile has another size than 8,192", object);
  auto out = std::make_shared<std::vector<Digest>>(kTileWidth);
  for (std::size_t i = 0; i < kTileWidth; ++i)
    std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(32 * i), 32, (*out)[i].begin());
  const os::MutexLock lock(mutex_);
  cache_.push_front({level, index, out});
  if (cache_.size() > kCachedTilesMax) cache_.pop_back();
  return std::shared_ptr<const std::vector<Digest>>(std::move(out));
}

Result<std::vector<std::string>> TileReader::entries(std::uint64_t index) const {
  const std::string object = name({-1, index, static_cast<int>(kTileWidth)});
  auto bytes = bucket::get(bucket_, object, kBundleBytesMax);
  if (!bytes)
    return fail(problems::kLedgerCorrupt, "A bundle of the ledger cannot be read: " + bytes.error().message, object);
  auto out = proof::parse_bundle(as_text(*bytes), kTileWidth);
  if (!out) return fail(problems::kLedgerCorrupt, "A bundle does not hold 256 entries", object);
  return *std::move(out);
}

void Edge::append(const std::vector<std::string>& more) {
  for (const std::string& entry : more) {
    const Digest leaf = proof::leaf_hash(as_bytes(entry));
    entries.push_back(entry);
    leaves.push_back(leaf);
    frontier.append(leaf);
  }
  size = frontier.size();
  root = frontier.root();
}

Result<Digest> Edge::node(const TileReader& tiles, int level, std::uint64_t index) const {
  const std::uint64_t first = index << level;
  const std::uint64_t end = (index + 1) << level;
  CHECK(end <= size);
  if (first >= tiled_size) {  // still in memory
    return fold(std::span(leaves).subspan(first - tiled_size, end - first));
  }
  if (end > tiled_size) {  // both: storing the full tiles is behind
    return proof::node_hash(TRY(node(tiles, level - 1, 2 * index)), TRY(node(tiles, level - 1, 2 * index + 1)));
  }
  // A subtree is 2^(level mod 8) neighbors in one tile; an unfinished tile is held in `upper`.
  const int tile_level = level / kTileHeight;
  const std::uint64_t width = std::uint64_t{1} << (level % kTileHeight);
  const std::uint64_t position = index * width;
  const std::uint64_t tile = position / kTileWidth;
  const std::uint64_t within = position % kTileWidth;
  const std::uint64_t full_tiles = tiled_size >> (kTileHeight * (tile_level + 1));
  if (tile < full_tiles) {
    const auto hashes = TRY(tiles.hashes(tile_level, tile));
    return fold(std::span(*hashes).subspan(within, width));
  }
  CHECK(tile_level >= 1 && static_cast<std::size_t>(tile_level) <= upper.size());
  const std::vector<Digest>& unfinished = upper[static_cast<std::size_t>(tile_level) - 1];
  CHECK(within + width <= unfinished.size());
  return fold(std::span(unfinished).subspan(within, width));
}

proof::NodeReader Edge::reader(const TileReader& tiles) const {
  return [this, &tiles](int level, std::uint64_t index) { return node(tiles, level, index); };
}

std::vector<Edge::FullTile> Edge::take_full_tiles(const TileReader& tiles) {
  std::vector<FullTile> out;
  std::size_t taken = 0;
  while (leaves.size() - taken >= kTileWidth) {
    const std::span<const Digest> hashes = std::span(leaves).subspan(taken, kTileWidth);
    const std::vector<std::string> bundle(entries.begin() + static_cast<std::ptrdiff_t>(taken),
                                          entries.begin() + static_cast<std::ptrdiff_t>(taken + kTileWidth));
    const std::uint64_t index = tiled_size / kTileWidth;
    const std::string bytes = proof::format_bundle(bundle);
    out.push_back({tiles.name({-1, index, static_cast<int>(kTileWidth)}), Bytes(bytes.begin(), bytes.end())});
    out.push_back({tiles.name({0, index, static_cast<int>(kTileWidth)}), tile_bytes(hashes)});
    Digest hash = fold(hashes);
    for (std::size_t level = 1;; ++level) {
      if (upper.size() < level) upper.emplace_back();
      std::vector<Digest>& unfinished = upper[level - 1];
      unfinished.push_back(hash);
      if (unfinished.size() < kTileWidth) break;
      const std::uint64_t above = tiled_size >> (static_cast<std::uint64_t>(kTileHeight) * (level + 1));
      out.push_back(
          {tiles.name({static_cast<int>(level), above, static_cast<int>(kTileWidth)}), tile_bytes(unfinished)});
      hash = fold(unfinished);
      unfinished.clear();
    }
    tiled_size += kTileWidth;
    taken += kTileWidth;
  }
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(taken));
  leaves.erase(leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(taken));
  return out;
}

Result<Edge> Edge::at_tiled_size(const TileReader& tiles, std::uint64_t tiled_size) {
  CHECK(tiled_size % kTileWidth == 0);
  Edge edge;
  edge.tiled_size = edge.size = tiled_size;
  // The unfinished tile of level l holds the roots of the full tiles of level l-1 beyond its last full multiple.
  for (int level = 1; (tiled_size >> (kTileHeight * level)) > 0; ++level) {
    const std::uint64_t below = tiled_size >> (kTileHeight * level);  // full tiles at level-1
    std::vector<Digest> unfinished;
    for (std::uint64_t tile = below / kTileWidth * kTileWidth; tile < below; ++tile) {
      unfinished.push_back(fold(*TRY(tiles.hashes(level - 1, tile))));
    }
    edge.upper.push_back(std::move(unfinished));
  }
  edge.frontier = TRY(proof::Frontier::read(tiled_size, edge.reader(tiles)));
  edge.root = edge.frontier.root();
  return edge;
}

}  // namespace lapel::ledger
