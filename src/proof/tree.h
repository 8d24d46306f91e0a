// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Merkle tree of RFC 6962 with SHA-256, and the tiles of C2SP tlog-tiles: pure, no I/O.
//
// Owns: the hashing rules, paths, and the names of tiles.
// Promises: leaves and nodes are hashed apart (0x00 and 0x01 in front). A path verifies only at exactly the
// length that
//   RFC 6962 gives for its index and size.
// Fails with: false or std::nullopt for a proof that does not hold; a NodeReader's error is passed on.
// Threads: pure functions; a Frontier by one thread at a time.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace lapel::proof {

Digest leaf_hash(ByteView entry);
Digest node_hash(const Digest& left, const Digest& right);
Digest empty_root();  // SHA-256 of nothing

// The hash of the complete subtree `index` at `level`: leaves [index·2^level, (index+1)·2^level).
using NodeReader = std::function<Result<Digest>(int level, std::uint64_t index)>;

Result<Digest> tree_root(std::uint64_t size, const NodeReader& node);
// From the leaf's sibling up to the root's child. Requires index < size.
Result<std::vector<Digest>> inclusion_path(std::uint64_t index, std::uint64_t size, const NodeReader& node);
// Requires 1 <= old_size <= size; empty when they are equal.
Result<std::vector<Digest>> consistency_path(std::uint64_t old_size, std::uint64_t size, const NodeReader& node);

bool verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size, const std::vector<Digest>& path,
                      const Digest& root);
// old_size 0 is consistent with everything, with an empty path and the empty root.
bool verify_consistency(std::uint64_t old_size, std::uint64_t size, const std::vector<Digest>& path,
                        const Digest& old_root, const Digest& root);

// The right edge of a growing tree: one hash for each bit set in its size.
class Frontier {
 public:
  Frontier() = default;
  // `nodes` from the largest subtree down, one for each bit of `size`.
  Frontier(std::uint64_t size, std::vector<Digest> nodes);
  static Result<Frontier> read(std::uint64_t size, const NodeReader& node);

  void append(const Digest& leaf);
  std::uint64_t size() const { return size_; }
  Digest root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> nodes_;
};

inline constexpr int kTileHeight = 8;
inline constexpr std::uint64_t kTileWidth = 256;
inline constexpr std::size_t kTileBytes = 8192;

// A tile of hashes, or (level -1) a bundle of entries. `width` 1..256; 256 is full.
struct TileId {
  int level = 0;
  std::uint64_t index = 0;
  int width = 256;
  friend bool operator==(const TileId&, const TileId&) = default;
};
// "tile/0/x001/x234/067", "tile/entries/000.p/16".
std::string tile_path(const TileId& tile);
std::optional<TileId> parse_tile_path(std::string_view path);
// How wide a tree of `size` leaves makes this tile, 0 where it has none: a narrower one is of an older tree, and a wider one
// of no tree of that size.
int tile_width(int level, std::uint64_t index, std::uint64_t size);
// A tile of hashes: nullopt unless exactly `width` of them fill it.
std::optional<std::vector<Digest>> parse_tile(std::string_view bytes, int width);

// A bundle: each entry with its length in two bytes, big-endian. nullopt unless exactly `count` entries fill
// it.
std::string format_bundle(const std::vector<std::string>& entries);
std::optional<std::vector<std::string>> parse_bundle(std::string_view bytes, std::size_t count);

}  // namespace lapel::proof
