// SPDX-License-Identifier: Apache-2.0
#pragma once
// A whole ledger in memory, for tests of its verifiers: it signs whatever it is told to, lies included.
//
// Owns: leaves, what each discloses, and one signed checkpoint over all of them.
// Promises: the same calls make the same bytes (keys and salts are fixed, Ed25519 is deterministic).
// Fails with: nothing.
// Threads: one.

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "proof/entry.h"
#include "proof/note.h"
#include "proof/package.h"
#include "proof/receipt.h"
#include "proof/tree.h"

namespace lapel::proof {

inline crypto::SigningKey test_key(std::uint8_t fill) {
  ByteArray<32> seed;
  seed.fill(fill);
  return crypto::SigningKey::from_seed(seed);
}
inline VerifierKey test_vkey(std::string name, KeyType type, std::uint8_t fill) {
  return {std::move(name), type, test_key(fill).public_key()};
}
inline std::string test_id(std::uint8_t fill) {
  return hex(Bytes(16, fill));
}

inline const std::string kTestOrigin = "vectors.example/ashfield";
inline constexpr std::uint8_t kTestLogSeed = 0xa0;
inline constexpr std::uint8_t kTestWitnessSeed[] = {0xb1, 0xb2};
inline constexpr std::int64_t kTestWitness_s = 1'669'961'600;  // 2022-12-02T06:13:20Z

inline VerifierKey test_log_key() {
  return test_vkey(kTestOrigin, KeyType::kLog, kTestLogSeed);
}
inline std::vector<VerifierKey> test_witnesses() {
  return {test_vkey("one.example/w", KeyType::kWitness, kTestWitnessSeed[0]),
          test_vkey("two.example/w", KeyType::kWitness, kTestWitnessSeed[1])};
}
inline Trust test_trust() {
  return {test_log_key(), test_witnesses()};
}

inline std::string cosignature(const VerifierKey& key, std::uint8_t seed, std::int64_t time_s,
                               const std::string& text) {
  const auto signature = test_key(seed).sign(as_bytes(fmt::format("cosignature/v1\ntime {}\n{}", time_s, text)));
  const auto time = big_endian_u64(static_cast<std::uint64_t>(time_s));
  ByteArray<72> bytes;
  std::copy(signature.begin(), signature.end(), std::copy(time.begin(), time.end(), bytes.begin()));
  return signature_line(key, bytes);
}
inline std::string cosignature_of(std::size_t witness, const std::string& text, std::int64_t time_s = kTestWitness_s) {
  return cosignature(test_witnesses()[witness], kTestWitnessSeed[witness], time_s, text);
}

inline const std::string kTestFile = "abc";
inline Json::Object admission_fields() {
  return {{"bytes", 3},
          {"chain_starts_at", "server"},
          {"received_at", "2022-12-02T06:12:07.10Z"},
          {"sha256", hex(crypto::sha256(as_bytes(kTestFile)))}};
}
inline Json dock_statement(std::string_view file = "", const std::string& device = test_id(0xd1)) {
  return sign_dock_statement(Json::Object{{"at", "2022-12-02T06:00:00.00Z"},
                                          {"bytes", 3},
                                          {"device", device},
                                          {"file", file.empty() ? test_id(0xf1) : std::string(file)},
                                          {"key", base64(test_key(0xd0).public_key())},
                                          {"ledger", kTestOrigin},
                                          {"sha256", hex(crypto::sha256(as_bytes(kTestFile)))}},
                             test_key(0xd0));
}
inline Json::Object dock_admission_fields() {
  Json::Object fields = admission_fields();
  fields["chain_starts_at"] = "dock";
  fields["device"] = test_id(0xd1);
  fields["dock"] = dock_statement();
  return fields;
}

class LedgerForTests {
 public:
  explicit LedgerForTests(std::string origin = kTestOrigin) : origin_(std::move(origin)) {
    add_statement(Json::Object{{"beat", 60},
                               {"floor", 4},
                               {"heads", 86'400},
                               {"key", test_vkey(origin_, KeyType::kLog, kTestLogSeed).text()},
                               {"ledger", origin_},
                               {"policy", "quorum none\n"},
                               {"type", "ledger.genesis"}});
  }

  // Each returns the index of the new leaf.
  std::uint64_t add_statement(const Json& statement) {
    return add(canonical(Json::Object{{"statement", statement}, {"v", 1}}), canonical(disclose_statement(statement)));
  }
  std::uint64_t add_event(const Json& event, const Salt& salt) { return add_event_text(canonical(event), salt); }
  // Any text: an event that no honest ledger holds is committed to all the same.
  std::uint64_t add_event_text(const std::string& event, const Salt& salt) {
    return add(private_entry(commit(salt, event)), fmt::format(R"({{"event":{},"salt":"{}"}})", event, base64(salt)));
  }
  std::uint64_t add(std::string_view entry, std::string extra) {
    leaves_.push_back(leaf_hash(as_bytes(entry)));
    entries_.emplace_back(entry);
    extras_.push_back(std::move(extra));
    return leaves_.size() - 1;
  }

  Checkpoint checkpoint() const { return {origin_, leaves_.size(), *tree_root(leaves_.size(), reader())}; }
  std::string sealed() const { return sign_checkpoint(checkpoint(), test_key(kTestLogSeed)); }
  std::string finished() const {
    const std::string text = checkpoint().text();
    return sealed() + cosignature_of(0, text) + cosignature_of(1, text);
  }
  std::string receipt(std::uint64_t index, const std::string& note) const {
    return receipt(index, note, extras_[index]);
  }
  std::string receipt(std::uint64_t index, const std::string& note, const std::string& extra) const {
    std::string out = fmt::format("{}\nextra {}\nindex {}\n", kReceiptHeader, base64(as_bytes(extra)), index);
    const std::vector<Digest> path = inclusion_path(index, leaves_.size(), reader()).value();
    for (const Digest& node : path) out += base64(node) + "\n";
    return out + "\n" + note;
  }
  const std::string& extra(std::uint64_t index) const { return extras_[index]; }
  const std::vector<std::string>& entries() const { return entries_; }
  const std::vector<Digest>& leaves() const { return leaves_; }
  std::vector<Digest> path_from(std::uint64_t old_size) const {
    return consistency_path(old_size, leaves_.size(), reader()).value();
  }

 private:
  NodeReader reader() const {
    return [this](int level, std::uint64_t index) -> Result<Digest> {
      const std::uint64_t width = std::uint64_t{1} << level;
      Frontier subtree;
      for (std::uint64_t i = 0; i < width; ++i) subtree.append(leaves_[index * width + i]);
      return subtree.root();
    };
  }

  std::string origin_;
  std::vector<Digest> leaves_;
  std::vector<std::string> extras_, entries_;
};

// One subject's chain, as an honest sequencer would number and link it.
class ChainForTests {
 public:
  ChainForTests(LedgerForTests& ledger, std::uint8_t fill) : ledger_(ledger), id_(test_id(fill)) { key_.fill(fill); }

  const std::string& id() const { return id_; }
  SubjectId subject() const { return *SubjectId::parse(id_); }
  Salt salt(std::uint64_t n) const { return event_salt(key_, n); }

  Json next(std::string_view type, const std::string& actor, std::string_view at, Json::Object fields = {}) const {
    fields["actor"] = actor;
    fields["at"] = at;
    fields["ledger"] = ledger_.checkpoint().origin;
    fields["n"] = static_cast<std::int64_t>(rows_.size());
    if (!rows_.empty()) fields["prev"] = base64(commitment_);
    fields["subject"] = id_;
    fields["type"] = type;
    return fields;
  }
  std::uint64_t add(const Json& event) {
    const Salt salt_n = salt(rows_.size());
    commitment_ = commit(salt_n, canonical(event));
    rows_.push_back(ledger_.add_event(event, salt_n));
    return rows_.back();
  }
  const std::vector<std::uint64_t>& rows() const { return rows_; }

 private:
  LedgerForTests& ledger_;
  std::string id_;
  SubjectKey key_{};
  Digest commitment_{};
  std::vector<std::uint64_t> rows_;
};

class MemoryFiles final : public ExportFiles {
 public:
  std::map<std::string, std::string> files;
  std::vector<std::string> others;  // paths of what is neither file nor directory

  Result<std::vector<Item>> list() const override {
    std::vector<Item> items;
    for (const auto& [path, bytes] : files) items.push_back({path, Item::Kind::kFile});
    for (const std::string& path : others) items.push_back({path, Item::Kind::kOther});
    return items;
  }
  // In chunks of an odd size, so that nothing rests on getting a file whole.
  Result<void> read(const std::string& path, const std::function<bool(ByteView)>& sink) const override {
    const auto found = files.find(path);
    if (found == files.end()) return fail(Code::kNotFound, "no such file", path);
    for (std::size_t at = 0; at < found->second.size(); at += 509) {
      if (!sink(as_bytes(std::string_view(found->second).substr(at, 509)))) break;
    }
    return {};
  }
};

// The only tile or bundle of leaves of a tree that fits into one, against that tree's checkpoint.
inline tl::expected<void, Refusal> verify_only_tile(const std::string& path, const std::string& bytes,
                                                    const std::string& note, const Trust& trust) {
  const auto refused = [](std::string reason) { return tl::unexpected<Refusal>(Refusal{std::move(reason)}); };
  const auto checked = check_checkpoint(note, trust.log, trust.witnesses);
  if (!checked) return refused("The checkpoint is refused: " + checked.error().reason);
  const auto tile = parse_tile_path(path);
  if (!tile) return refused("This is not the path of a tile");
  const Checkpoint& checkpoint = checked->checkpoint;
  if (tile_width(tile->level, tile->index, checkpoint.size) != tile->width)
    return refused("A tree of this size does not have this tile at this width");
  if (tile->level > 0 || checkpoint.size > kTileWidth) return refused("The tile alone does not give the tree's root");
  std::vector<Digest> leaves;
  if (tile->level < 0) {
    const auto entries = parse_bundle(bytes, static_cast<std::size_t>(tile->width));
    if (!entries) return refused("The bundle is not of as many entries as its width");
    for (const std::string& entry : *entries) leaves.push_back(leaf_hash(as_bytes(entry)));
  } else {
    auto hashes = parse_tile(bytes, tile->width);
    if (!hashes) return refused("The tile has another length than its width asks for");
    leaves = *std::move(hashes);
  }
  Frontier tree;
  for (const Digest& leaf : leaves) tree.append(leaf);
  if (tree.root() != checkpoint.root) return refused("The tile does not lead to the root");
  return {};
}

}  // namespace lapel::proof
