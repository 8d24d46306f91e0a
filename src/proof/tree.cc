// SPDX-License-Identifier: Apache-2.0
#include "proof/tree.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/sha256.h"

namespace lapel::proof {
namespace {

constexpr std::uint8_t kLeafPrefix[] = {0x00};
constexpr std::uint8_t kNodePrefix[] = {0x01};
// Sizes in checkpoints are decimals up to 2^63-1, and no level above 63 is needed for them.
constexpr std::uint64_t kSizeMax = (std::uint64_t{1} << 63) - 1;

// RFC 6962's k: the largest power of two smaller than n, for n > 1.
std::uint64_t split(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

// The tree hash of leaves [begin, begin + count), where begin is a multiple of bit_ceil(count): then every
// subtree of it is complete in the whole tree too, and each bit of count is one node to read.
Result<Digest> range_root(std::uint64_t begin, std::uint64_t count, const NodeReader& node) {
  std::optional<Digest> hash;
  while (count > 0) {  // from the smallest subtree, on the right, to the largest
    const int level = std::countr_zero(count);
    count -= std::uint64_t{1} << level;
    const Digest left = TRY(node(level, (begin + count) >> level));
    hash = hash ? node_hash(left, *hash) : left;
  }
  return *hash;
}

}  // namespace

Digest leaf_hash(ByteView entry) {
  return crypto::sha256({ByteView(kLeafPrefix), entry});
}
Digest node_hash(const Digest& left, const Digest& right) {
  return crypto::sha256({ByteView(kNodePrefix), ByteView(left), ByteView(right)});
}
Digest empty_root() {
  return crypto::sha256(ByteView{});
}

Result<Digest> tree_root(std::uint64_t size, const NodeReader& node) {
  CHECK(size <= kSizeMax);
  if (size == 0) return empty_root();
  return range_root(0, size, node);
}

Result<std::vector<Digest>> inclusion_path(std::uint64_t index, std::uint64_t size, const NodeReader& node) {
  CHECK(index < size && size <= kSizeMax);
  std::vector<Digest> path;
  std::uint64_t begin = 0;
  for (std::uint64_t count = size; count > 1;) {
    const std::uint64_t k = split(count);
    if (index - begin < k) {
      path.push_back(TRY(range_root(begin + k, count - k, node)));
      count = k;
    } else {
      path.push_back(TRY(range_root(begin, k, node)));
      begin += k;
      count -= k;
    }
  }
  std::reverse(path.begin(), path.end());  // found from the root down, written from the leaf up
  return path;
}

Result<std::vector<Digest>> consistency_path(std::uint64_t old_size, std::uint64_t size, const NodeReader& node) {
  CHECK(old_size >= 1 && old_size <= size && size <= kSizeMax);
  std::vector<Digest> path;
  std::uint64_t begin = 0;
  std::uint64_t count = size;
  std::uint64_t old_count = old_size;  // of the old tree's leaves, those in [begin, begin + count)
  while (old_count < count) {
    const std::uint64_t k = split(count);
    if (old_count <= k) {
      path.push_back(TRY(range_root(begin + k, count - k, node)));
      count = k;
    } else {
      path.push_back(TRY(range_root(begin, k, node)));
      begin += k;
      count -= k;
      old_count -= k;
    }
  }
  // Where the old tree is itself a subtree on the left edge, the verifier holds its hash: the old root.
  if (begin > 0) path.push_back(TRY(range_root(begin, count, node)));
  std::reverse(path.begin(), path.end());
  return path;
}

// Both verifiers walk up with the position of the node they hold (fn) and of the last node (sn) on that
// level. While fn is on the right edge and even, it has no sibling there and stays as it is, so levels are
// skipped. sn reaches 0 exactly at the root: a path that ends sooner or goes on is of the wrong length.
bool verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t size, const std::vector<Digest>& path,
                      const Digest& root) {
  if (index >= size) return false;
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Digest hash = leaf;
  for (const Digest& sibling : path) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      while ((fn & 1) == 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && hash == root;
}

bool verify_consistency(std::uint64_t old_size, std::uint64_t size, const std::vector<Digest>& path,
                        const Digest& old_root, const Digest& root) {
  if (old_size > size) return false;
  if (size == 0 && root != empty_root()) return false;
  if (old_size == 0) return path.empty() && old_root == empty_root();
  if (old_size == size) return path.empty() && old_root == root;

  std::uint64_t fn = old_size - 1;
  std::uint64_t sn = size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  auto next = path.begin();
  Digest old_hash = old_root;  // an old tree of 2^k leaves is a node of the new one, and the path leaves it out
  if (fn != 0) {
    if (next == path.end()) return false;
    old_hash = *next++;
  }
  Digest hash = old_hash;
  for (; next != path.end(); ++next) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      old_hash = node_hash(*next, old_hash);
      hash = node_hash(*next, hash);
      while ((fn & 1) == 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = node_hash(hash, *next);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && old_hash == old_root && hash == root;
}

Frontier::Frontier(std::uint64_t size, std::vector<Digest> nodes) : size_(size), nodes_(std::move(nodes)) {
  CHECK(size_ <= kSizeMax && nodes_.size() == static_cast<std::size_t>(std::popcount(size_)));
}

Result<Frontier> Frontier::read(std::uint64_t size, const NodeReader& node) {
  CHECK(size <= kSizeMax);
  std::vector<Digest> nodes;
  std::uint64_t begin = 0;
  for (std::uint64_t left = size; left > 0;) {
    const int level = std::bit_width(left) - 1;
    nodes.push_back(TRY(node(level, begin >> level)));
    begin += std::uint64_t{1} << level;
    left -= std::uint64_t{1} << level;
  }
  return Frontier(size, std::move(nodes));
}

void Frontier::append(const Digest& leaf) {
  CHECK(size_ < kSizeMax);
  Digest hash = leaf;
  for (std::uint64_t carry = size_; (carry & 1) != 0; carry >>= 1) {
    hash = node_hash(nodes_.back(), hash);
    nodes_.pop_back();
  }
  nodes_.push_back(hash);
  ++size_;
}

Digest Frontier::root() const {
  if (nodes_.empty()) return empty_root();
  Digest hash = nodes_.back();
  for (auto left = nodes_.rbegin() + 1; left != nodes_.rend(); ++left) hash = node_hash(*left, hash);
  return hash;
}

namespace {

constexpr int kTileLevelMax = 63;
constexpr int kTileIndexGroupsMax = 6;  // 10^18 tiles hold more leaves than a size can count

// "x001/x234/067"
std::string index_path(std::uint64_t index) {
  std::string out = fmt::format("{:03}", index % 1000);
  while ((index /= 1000) > 0) out = fmt::format("x{:03}/{}", index % 1000, out);
  return out;
}

}  // namespace

std::string tile_path(const TileId& tile) {
  CHECK(tile.level >= -1 && tile.level <= kTileLevelMax && tile.width >= 1 && tile.width <= 256);
  std::string level = "entries";
  if (tile.level >= 0) level = fmt::format("{}", tile.level);
  std::string partial;
  if (tile.width < 256) partial = fmt::format(".p/{}", tile.width);
  return fmt::format("tile/{}/{}{}", level, index_path(tile.index), partial);
}

std::optional<TileId> parse_tile_path(std::string_view path) {
  const std::string_view whole = path;
  const auto take = [&path](std::size_t n) {
    const std::string_view head = path.substr(0, n);
    path.remove_prefix(std::min(n, path.size()));
    return head;
  };
  if (take(5) != "tile/") return std::nullopt;
  TileId tile;
  const std::string_view level = path.substr(0, path.find('/'));
  if (level == "entries") {
    tile.level = -1;
  } else {
    const auto number = parse_decimal(level);
    if (!number || *number > kTileLevelMax) return std::nullopt;
    tile.level = static_cast<int>(*number);
  }
  take(level.size() + 1);

  for (int groups = 0;; ++groups) {
    if (groups == kTileIndexGroupsMax) return std::nullopt;
    const bool more = path.starts_with('x');
    if (more) take(1);
    const std::string_view digits = take(3);
    if (digits.size() != 3) return std::nullopt;
    for (const char c : digits) {
      if (c < '0' || c > '9') return std::nullopt;
      tile.index = tile.index * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (!more) break;
    if (take(1) != "/") return std::nullopt;
  }
  if (!path.empty()) {
    if (take(3) != ".p/") return std::nullopt;
    const auto width = parse_decimal(path);
    if (!width || *width < 1 || *width > 255) return std::nullopt;
    tile.width = static_cast<int>(*width);
  }
  // A needless "x000/" in front is the one way left to write another path for the same tile.
  if (tile_path(tile) != whole) return std::nullopt;
  return tile;
}

int tile_width(int level, std::uint64_t index, std::uint64_t size) {
  CHECK(level >= -1 && level <= kTileLevelMax);
  const int height = kTileHeight * std::max(level, 0);
  const std::uint64_t nodes = height < 64 ? size >> height : 0;  // complete subtrees of that height
  if (index >= (nodes + kTileWidth - 1) / kTileWidth) return 0;
  return static_cast<int>(std::min(nodes - index * kTileWidth, kTileWidth));
}

std::optional<std::vector<Digest>> parse_tile(std::string_view bytes, int width) {
  constexpr std::size_t kHash = sizeof(Digest);
  if (width < 1 || bytes.size() != kHash * static_cast<std::size_t>(width)) return std::nullopt;
  std::vector<Digest> out;
  for (; !bytes.empty(); bytes.remove_prefix(kHash)) out.push_back(*to_array<kHash>(as_bytes(bytes.substr(0, kHash))));
  return out;
}

std::string format_bundle(const std::vector<std::string>& entries) {
  std::string out;
  for (const std::string& entry : entries) {
    CHECK(entry.size() <= 0xffff);
    out.push_back(static_cast<char>(entry.size() >> 8));
    out.push_back(static_cast<char>(entry.size() & 0xff));
    out.append(entry);
  }
  return out;
}

std::optional<std::vector<std::string>> parse_bundle(std::string_view bytes, std::size_t count) {
  std::vector<std::string> entries;
  while (!bytes.empty()) {
    if (entries.size() == count || bytes.size() < 2) return std::nullopt;
    const std::size_t length =
        static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[0])) << 8 | static_cast<std::uint8_t>(bytes[1]);
    bytes.remove_prefix(2);
    if (bytes.size() < length) return std::nullopt;
    entries.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  if (entries.size() != count) return std::nullopt;
  return entries;
}

}  // namespace lapel::proof
