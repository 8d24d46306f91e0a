// SPDX-License-Identifier: Apache-2.0
#include "proof/tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "base/json.h"
#include "crypto/sha256.h"

namespace lapel::proof {
namespace {

// RFC 6962 section 2.1, as it is written there: slow, recursive, and nothing shared with the subject but two
// hashes.
namespace rfc6962 {

using Leaves = std::vector<Digest>;

Digest leaf(std::uint64_t i) {
  return leaf_hash(big_endian_u64(i));
}
Leaves leaves(std::uint64_t size) {
  Leaves out;
  for (std::uint64_t i = 0; i < size; ++i) out.push_back(leaf(i));
  return out;
}
std::size_t largest_power_below(std::size_t n) {
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
Leaves slice(const Leaves& d, std::size_t from, std::size_t to) {
  return Leaves(d.begin() + static_cast<std::ptrdiff_t>(from), d.begin() + static_cast<std::ptrdiff_t>(to));
}
Digest mth(const Leaves& d) {
  if (d.empty()) return crypto::sha256(ByteView{});
  if (d.size() == 1) return d[0];
  const std::size_t k = largest_power_below(d.size());
  return node_hash(mth(slice(d, 0, k)), mth(slice(d, k, d.size())));
}
Leaves path(std::size_t m, const Leaves& d) {
  if (d.size() == 1) return {};
  const std::size_t k = largest_power_below(d.size());
  Leaves out = m < k ? path(m, slice(d, 0, k)) : path(m - k, slice(d, k, d.size()));
  out.push_back(m < k ? mth(slice(d, k, d.size())) : mth(slice(d, 0, k)));
  return out;
}
Leaves subproof(std::size_t m, const Leaves& d, bool whole) {
  if (m == d.size()) return whole ? Leaves{} : Leaves{mth(d)};
  const std::size_t k = largest_power_below(d.size());
  Leaves out = m <= k ? subproof(m, slice(d, 0, k), whole) : subproof(m - k, slice(d, k, d.size()), false);
  out.push_back(m <= k ? mth(slice(d, k, d.size())) : mth(slice(d, 0, k)));
  return out;
}

}  // namespace rfc6962

// Reads complete subtrees only, as tiles would have them: anything else is a bug of the caller.
NodeReader reader(const std::vector<Digest>& leaves) {
  return [&leaves](int level, std::uint64_t index) -> Result<Digest> {
    const std::size_t width = std::size_t{1} << level;
    const std::size_t from = index * width;
    if (from + width > leaves.size()) return fail(Code::kNotFound, "beyond the tree");
    return rfc6962::mth(rfc6962::slice(leaves, from, from + width));
  };
}

TEST(Tree, HashesLeavesAndNodesApart) {
  const Digest a = leaf_hash(as_bytes("a"));
  const Digest b = leaf_hash(as_bytes("b"));
  EXPECT_EQ(hex(leaf_hash(as_bytes(""))), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  Bytes joined(a.begin(), a.end());
  joined.insert(joined.end(), b.begin(), b.end());
  EXPECT_NE(leaf_hash(joined), node_hash(a, b));
  EXPECT_NE(node_hash(a, b), node_hash(b, a));
  EXPECT_EQ(hex(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Tree, AgreesWithTheRecursiveDefinitionForEverySize) {
  for (std::uint64_t size = 0; size <= 70; ++size) {
    const auto leaves = rfc6962::leaves(size);
    const auto node = reader(leaves);
    const Digest root = rfc6962::mth(leaves);
    ASSERT_EQ(*tree_root(size, node), root) << size;
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto path = *inclusion_path(index, size, node);
      ASSERT_EQ(path, rfc6962::path(index, leaves)) << index << " of " << size;
      ASSERT_TRUE(verify_inclusion(leaves[index], index, size, path, root)) << index << " of " << size;
    }
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const auto path = *consistency_path(old_size, size, node);
      ASSERT_EQ(path, rfc6962::subproof(old_size, leaves, true)) << old_size << " to " << size;
      const Digest old_root = rfc6962::mth(rfc6962::slice(leaves, 0, old_size));
      ASSERT_TRUE(verify_consistency(old_size, size, path, old_root, root)) << old_size << " to " << size;
    }
  }
}

TEST(Tree, AgreesWithTheRecursiveDefinitionForRandomSizes) {
  std::mt19937_64 random(20221202);
  for (int round = 0; round < 12; ++round) {
    const std::uint64_t size = 100 + random() % 2000;
    const auto leaves = rfc6962::leaves(size);
    const auto node = reader(leaves);
    const std::uint64_t index = random() % size;
    const std::uint64_t old_size = 1 + random() % size;
    SCOPED_TRACE(testing::Message() << index << " and " << old_size << " of " << size);
    EXPECT_EQ(*inclusion_path(index, size, node), rfc6962::path(index, leaves));
    EXPECT_EQ(*consistency_path(old_size, size, node), rfc6962::subproof(old_size, leaves, true));
  }
}

TEST(Tree, InclusionHoldsForNoOtherIndexSizeOrderOrLength) {
  for (std::uint64_t size = 1; size <= 40; ++size) {
    const auto leaves = rfc6962::leaves(size);
    const auto node = reader(leaves);
    const Digest root = *tree_root(size, node);
    for (std::uint64_t index = 0; index < size; ++index) {
      auto path = *inclusion_path(index, size, node);
      for (std::uint64_t other = 0; other < size + 3; ++other) {
        ASSERT_EQ(verify_inclusion(leaves[index], other, size, path, root), other == index);
      }
      // A path does not always tell its size (leaf 0 of 3 and of 4 have two siblings each), but the root
      // does; it must not hold where the length that RFC 6962 gives for the size is another.
      for (std::uint64_t other = 0; other < 2 * size + 2; ++other) {
        if (other == size || !verify_inclusion(leaves[index], index, other, path, root)) continue;
        ASSERT_EQ(rfc6962::path(index, rfc6962::leaves(other)).size(), path.size()) << index << " " << other;
      }
      if (path.size() > 1) {
        auto swapped = path;
        std::swap(swapped.front(), swapped.back());
        ASSERT_FALSE(verify_inclusion(leaves[index], index, size, swapped, root));
      }
      auto longer = path;
      longer.push_back(root);
      ASSERT_FALSE(verify_inclusion(leaves[index], index, size, longer, root));
      longer.back() = Digest{};
      ASSERT_FALSE(verify_inclusion(leaves[index], index, size, longer, root));
      if (!path.empty()) {
        auto shorter = path;
        shorter.pop_back();
        ASSERT_FALSE(verify_inclusion(leaves[index], index, size, shorter, root));
        // The node below the root "proves" a subtree: the truncated path with the subtree's own hash as root.
        ASSERT_FALSE(verify_inclusion(leaves[index], index, size, {}, leaves[index]));
        for (auto& byte : path.back()) byte ^= 0x80;
        ASSERT_FALSE(verify_inclusion(leaves[index], index, size, path, root));
      }
    }
  }
}

TEST(Tree, ConsistencyHoldsForNoOtherSizeRootOrLength) {
  for (std::uint64_t size = 1; size <= 33; ++size) {
    const auto leaves = rfc6962::leaves(size);
    const auto node = reader(leaves);
    const Digest root = *tree_root(size, node);
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const auto path = *consistency_path(old_size, size, node);
      const Digest old_root = *tree_root(old_size, node);
      for (std::uint64_t other = 0; other <= size + 1; ++other) {
        ASSERT_EQ(verify_consistency(other, size, path, old_root, root), other == old_size) << other << "/" << size;
      }
      auto longer = path;
      longer.push_back(root);
      ASSERT_FALSE(verify_consistency(old_size, size, longer, old_root, root));
      Digest forged = old_root;
      forged[0] ^= 1;
      ASSERT_FALSE(verify_consistency(old_size, size, path, forged, root));
      if (path.empty()) continue;
      auto shorter = path;
      shorter.pop_back();
      ASSERT_FALSE(verify_consistency(old_size, size, shorter, old_root, root));
      ASSERT_FALSE(verify_consistency(old_size, size, {path.begin() + 1, path.end()}, old_root, root));
    }
  }
}

TEST(Tree, AnEmptyTreeIsConsistentWithEveryTreeAndOnlyWithAnEmptyPath) {
  const Digest root = leaf_hash(as_bytes("x"));
  EXPECT_TRUE(verify_consistency(0, 0, {}, empty_root(), empty_root()));
  EXPECT_TRUE(verify_consistency(0, 1, {}, empty_root(), root));
  EXPECT_FALSE(verify_consistency(0, 1, {root}, empty_root(), root));
  EXPECT_FALSE(verify_consistency(0, 1, {}, root, root));
  EXPECT_FALSE(verify_consistency(0, 0, {}, empty_root(), root));
}

TEST(Tree, PassesOnTheReadersError) {
  const NodeReader broken = [](int, std::uint64_t) -> Result<Digest> { return fail(Code::kCorrupt, "torn tile"); };
  EXPECT_EQ(tree_root(5, broken).error().message, "torn tile");
  EXPECT_EQ(inclusion_path(1, 5, broken).error().message, "torn tile");
  EXPECT_EQ(consistency_path(3, 5, broken).error().message, "torn tile");
  EXPECT_EQ(Frontier::read(5, broken).error().message, "torn tile");
}

// Each read of each proof fails once: no proof is made of what could not be read.
TEST(Tree, PassesOnTheErrorOfAnyRead) {
  constexpr std::uint64_t kSize = 23;
  const auto leaves = rfc6962::leaves(kSize);
  const auto node = reader(leaves);
  const auto check = [&](const auto& prove) {
    int reads = 0;
    const NodeReader counting = [&](int level, std::uint64_t index) {
      ++reads;
      return node(level, index);
    };
    ASSERT_TRUE(prove(counting));
    for (int torn = 0; torn < reads; ++torn) {
      int left = torn;
      const NodeReader failing = [&](int level, std::uint64_t index) -> Result<Digest> {
        if (left-- == 0) return fail(Code::kCorrupt, "torn tile");
        return node(level, index);
      };
      const auto proof = prove(failing);
      ASSERT_FALSE(proof) << torn << " of " << reads;
      EXPECT_EQ(proof.error().message, "torn tile");
    }
  };
  check([&](const NodeReader& read) { return tree_root(kSize, read); });
  check([&](const NodeReader& read) { return Frontier::read(kSize, read); });
  for (std::uint64_t index = 0; index < kSize; ++index) {
    SCOPED_TRACE(index);
    check([&](const NodeReader& read) { return inclusion_path(index, kSize, read); });
    check([&](const NodeReader& read) { return consistency_path(index + 1, kSize, read); });
  }
}

TEST(Tree, HandlesTheLargestSizes) {
  const NodeReader node = [](int level, std::uint64_t index) -> Result<Digest> {
    return crypto::sha256({ByteView(big_endian_u64(static_cast<std::uint64_t>(level))), big_endian_u64(index)});
  };
  const std::uint64_t size = (std::uint64_t{1} << 63) - 1;
  const auto path = *inclusion_path(size - 1, size, node);
  EXPECT_EQ(path.size(), 62u);
  EXPECT_TRUE(verify_inclusion(*node(0, size - 1), size - 1, size, path, *tree_root(size, node)));
}

TEST(Frontier, GrowsToTheSameRoots) {
  const auto leaves = rfc6962::leaves(300);
  const auto node = reader(leaves);
  Frontier frontier;
  EXPECT_EQ(frontier.root(), empty_root());
  for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
    frontier.append(leaves[size - 1]);
    ASSERT_EQ(frontier.size(), size);
    ASSERT_EQ(frontier.root(), *tree_root(size, node)) << size;
  }
  for (const std::uint64_t from : {0u, 1u, 7u, 255u, 256u}) {
    Frontier resumed = *Frontier::read(from, node);
    for (std::uint64_t i = from; i < leaves.size(); ++i) resumed.append(leaves[i]);
    EXPECT_EQ(resumed.root(), frontier.root()) << from;
  }
}

TEST(Tiles, WriteAndReadTheirPaths) {
  const std::pair<TileId, const char*> rows[] = {
      {{0, 0, 256}, "tile/0/000"},
      {{0, 1234067, 256}, "tile/0/x001/x234/067"},
      {{-1, 0, 16}, "tile/entries/000.p/16"},
      {{1, 999, 1}, "tile/1/999.p/1"},
      {{63, 1000, 255}, "tile/63/x001/000.p/255"},
      {{2, 999'999'999'999'999'999, 256}, "tile/2/x999/x999/x999/x999/x999/999"},
  };
  for (const auto& [tile, path] : rows) {
    EXPECT_EQ(tile_path(tile), path);
    EXPECT_EQ(parse_tile_path(path), tile) << path;
  }
}

TEST(Tiles, RefuseEveryOtherPath) {
  for (const char* path : {"",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "/tile/0/000",
                           "tile/0/000/",
                           "tile/0/00",
                           "tile/0/0000",
                           "tile/0/x000",
                           "tile/0/x000/000",
                           "tile/0/x000/x001/000",
                           "tile/0/001/000",
                           "tile/0/x01/000",
                           "tile/00/000",
                           "tile/-1/000",
                           "tile/+1/000",
                           "tile/64/000",
                           "tile/a/000",
                           "tile/Entries/000",
                           "tile/entries",
                           "tile/0/000.p",
                           "tile/0/000.p/",
                           "tile/0/000.p/0",
                           "tile/0/000.p/256",
                           "tile/0/000.p/01",
                           "tile/0/000.p/-1",
                           "tile/0/000.p/1/",
                           "tile/0/000.p/1 ",
                           "tile/0/000.P/1",
                           "tile/0/000p/1",
                           "tile/0/ 00",
                           "tile/0/0x0",
                           "tile/0//000",
                           "tile//000",
                           "tile/0/../000",
                           "tile/0/x001/x234/x067",
                           "tile/0/x999/x999/x999/x999/x999/x999/999",
                           "tile/0/\xd9\xa0\xd9\xa0\xd9\xa0",
                           "tile/0/000\n"}) {
    EXPECT_FALSE(parse_tile_path(path)) << path;
  }
}

TEST(Tiles, AreAsWideAsTheTreeMakesThem) {
  for (const int level : {-1, 0}) {
    EXPECT_EQ(tile_width(level, 0, 0), 0);
    EXPECT_EQ(tile_width(level, 0, 1), 1);
    EXPECT_EQ(tile_width(level, 0, 256), 256);
    EXPECT_EQ(tile_width(level, 1, 256), 0);
    EXPECT_EQ(tile_width(level, 1, 257), 1);
    EXPECT_EQ(tile_width(level, 0, 257), 256);
    EXPECT_EQ(tile_width(level, ~std::uint64_t{0}, 257), 0);
  }
  EXPECT_EQ(tile_width(1, 0, 255), 0);
  EXPECT_EQ(tile_width(1, 0, 511), 1);
  EXPECT_EQ(tile_width(1, 0, 65'536), 256);
  const std::uint64_t largest = (std::uint64_t{1} << 63) - 1;
  EXPECT_EQ(tile_width(7, 0, largest), 127);
  EXPECT_EQ(tile_width(7, 1, largest), 0);
  EXPECT_EQ(tile_width(8, 0, largest), 0);  // 2^64 leaves below one node
  EXPECT_EQ(tile_width(63, 0, largest), 0);
}

TEST(Tiles, HoldExactlyTheirHashes) {
  const Digest a = leaf_hash(as_bytes("a"));
  const Digest b = leaf_hash(as_bytes("b"));
  std::string bytes(as_text(a));
  bytes += as_text(b);
  EXPECT_EQ(parse_tile(bytes, 2), (std::vector<Digest>{a, b}));
  for (const int width : {-1, 0, 1, 3, 256}) EXPECT_FALSE(parse_tile(bytes, width)) << width;
  EXPECT_FALSE(parse_tile("", 0));
  EXPECT_FALSE(parse_tile("", -1));
  EXPECT_FALSE(parse_tile(bytes.substr(1), 2));
  EXPECT_FALSE(parse_tile(bytes + 'x', 2));
}

TEST(Bundles, HoldExactlyTheirEntries) {
  const std::vector<std::string> entries = {"", "a", std::string(65'535, 'x'), std::string("\0\1", 2)};
  const std::string bytes = format_bundle(entries);
  EXPECT_EQ(parse_bundle(bytes, entries.size()), entries);
  EXPECT_EQ(parse_bundle("", 0)->size(), 0u);
  EXPECT_FALSE(parse_bundle(bytes, entries.size() - 1));
  EXPECT_FALSE(parse_bundle(bytes, entries.size() + 1));
  EXPECT_FALSE(parse_bundle("", 1));
  EXPECT_FALSE(parse_bundle(std::string_view(bytes).substr(1), entries.size()));
  for (const std::size_t cut : {std::size_t{1}, std::size_t{2}, std::size_t{3}, bytes.size() - 3, bytes.size() - 1}) {
    EXPECT_FALSE(parse_bundle(std::string_view(bytes).substr(0, cut), entries.size())) << cut;
  }
  EXPECT_FALSE(parse_bundle(bytes + '\0', entries.size()));
}

// The vectors of transparency-dev/merkle (test/data/merkle): valid proofs and many that must be refused.
TEST(Conformance, TransparencyDevMerkleVectors) {
  const auto digest = [](const Json& json, std::string_view key) {
    return parse_base64_array<32>(*json.find_string(key));
  };
  int inclusion = 0;
  int consistency = 0;
  const std::string root_dir = LAPEL_SOURCE_DIR "/test/data/merkle/";
  for (const auto& file : std::filesystem::recursive_directory_iterator(root_dir)) {
    if (file.path().extension() != ".json") continue;
    SCOPED_TRACE(file.path().string());
    std::ifstream in(file.path());
    std::stringstream text;
    text << in.rdbuf();
    const Json json = parse_json(text.str()).value();
    std::vector<Digest> path;
    bool well_formed = true;  // a digest of another length cannot even be handed to the verifier
    if (const Json* proof = json.find("proof"); proof && proof->array()) {
      for (const Json& node : *proof->array()) {
        const auto bytes = parse_base64_array<32>(*node.string());
        well_formed = well_formed && bytes;
        if (bytes) path.push_back(*bytes);
      }
    }
    const auto number = [&](std::string_view key) {
      // What is beyond 63 bits comes as a double, and some of it is beyond 64.
      if (const std::int64_t* value = json.find_integer(key)) return static_cast<std::uint64_t>(*value);
      const double real = *json.find(key)->real();
      return real < 0x1p64 ? static_cast<std::uint64_t>(real) : std::numeric_limits<std::uint64_t>::max();
    };
    bool holds = false;
    if (json.find("leafIdx")) {
      ++inclusion;
      const auto leaf = digest(json, "leafHash");
      const auto root = digest(json, "root");
      holds =
          well_formed && leaf && root && verify_inclusion(*leaf, number("leafIdx"), number("treeSize"), path, *root);
    } else {
      ++consistency;
      const auto old_root = digest(json, "root1");
      const auto root = digest(json, "root2");
      holds = well_formed && old_root && root &&
              verify_consistency(number("size1"), number("size2"), path, *old_root, *root);
    }
    EXPECT_NE(holds, *json.find("wantErr")->boolean()) << *json.find_string("desc");
  }
  EXPECT_EQ(inclusion, 59);
  EXPECT_EQ(consistency, 63);
}

}  // namespace
}  // namespace lapel::proof
