// SPDX-License-Identifier: Apache-2.0
// Attacks on what a mirror of the log keeps and a witness is shown: tiles, bundles of entries, consistency proofs.
#include <string_view>
#include <utility>

#include "proof/vectors_for_tests.h"

namespace lapel::proof {
namespace {

// Genesis, and as many leaves behind it that disclose nothing. Another `history` is another second leaf.
LedgerForTests ledger_of(std::uint64_t size, std::uint8_t history = 0, std::string origin = kTestOrigin) {
  LedgerForTests ledger(std::move(origin));
  for (std::uint64_t i = 1; i < size; ++i) ledger.add(private_entry(padding({}, i == 1 ? 1'000 + history : i)), "");
  return ledger;
}

std::string hashes_of(const std::vector<Digest>& leaves) {
  std::string out;
  for (const Digest& leaf : leaves) out += as_text(leaf);
  return out;
}
std::string tile_of(const LedgerForTests& ledger) {
  return hashes_of(ledger.leaves());
}
std::string bundle_of(const LedgerForTests& ledger) {
  return format_bundle(ledger.entries());
}

std::vector<Vector> tile_vectors() {
  std::vector<Vector> out;
  const auto add = [&](bool is_good, std::string name, std::string why, std::string path, std::string tile,
                       std::string checkpoint) {
    out.push_back({std::move(name),
                   is_good,
                   std::move(why),
                   {},
                   {},
                   {},
                   {{"path", std::move(path)}, {"tile", std::move(tile)}, {"checkpoint", std::move(checkpoint)}}});
  };
  const LedgerForTests older = ledger_of(4), ledger = ledger_of(7), newer = ledger_of(9);
  const LedgerForTests full = ledger_of(256), large = ledger_of(300), other = ledger_of(7, 1);
  const std::string tile = tile_of(ledger), bundle = bundle_of(ledger), note = ledger.sealed();
  const std::string path = "tile/0/000.p/7", bundle_path = "tile/entries/000.p/7";

  add(true, "tile", "seven hashes", path, tile, note);
  add(true, "bundle", "seven entries", bundle_path, bundle, note);
  add(true, "tile under a cosigned checkpoint", "both witnesses", path, tile, ledger.finished());
  add(true, "tile of one leaf", "its hash is the root", "tile/0/000.p/1", tile_of(ledger_of(1)), ledger_of(1).sealed());
  add(true, "full tile", "256 hashes", "tile/0/000", tile_of(full), full.sealed());
  add(true, "full bundle", "256 entries", "tile/entries/000", bundle_of(full), full.sealed());

  // What is there, against what the path and the checkpoint say should be.
  const auto refuse_tile = [&](std::string name, std::string why, std::string bytes) {
    add(false, "tile: " + std::move(name), std::move(why), path, std::move(bytes), note);
  };
  const auto refuse_bundle = [&](std::string name, std::string why, std::string bytes) {
    add(false, "bundle: " + std::move(name), std::move(why), bundle_path, std::move(bytes), note);
  };
  std::vector<Digest> leaves = ledger.leaves();
  std::vector<std::string> entries = ledger.entries();
  refuse_tile("empty", "seven hashes", "");
  refuse_tile("cut by a byte", "seven hashes", tile.substr(0, tile.size() - 1));
  refuse_tile("cut by a hash", "seven hashes", tile.substr(0, tile.size() - 32));
  refuse_tile("first hash missing", "seven hashes", tile.substr(32));
  refuse_tile("a byte more", "seven hashes", tile + '\0');
  refuse_tile("a hash more", "seven hashes", tile + tile.substr(0, 32));
  refuse_tile("last hash twice", "seven hashes", tile + tile.substr(tile.size() - 32));
  refuse_tile("padded to a full tile", "seven hashes", tile + std::string(kTileBytes - tile.size(), '\0'));
  refuse_tile("in hex", "seven hashes of 32 bytes", hex(as_bytes(tile)));
  refuse_tile("in base64", "seven hashes of 32 bytes", base64(as_bytes(tile)));
  refuse_tile("with a line end", "seven hashes", tile + "\n");
  refuse_tile("one bit", "another leaf", [&] {
    std::string bytes = tile;
    bytes[70] ^= 1;
    return bytes;
  }());
  refuse_tile("two hashes the other way round", "order is history", [&] {
    auto swapped = leaves;
    std::swap(swapped[2], swapped[3]);
    return hashes_of(swapped);
  }());
  refuse_tile("backwards", "order is history", hashes_of({leaves.rbegin(), leaves.rend()}));
  refuse_tile("one hash instead of another", "each stands once", [&] {
    auto doubled = leaves;
    doubled[3] = doubled[2];
    return hashes_of(doubled);
  }());
  refuse_tile("one dropped, the last twice", "each stands once", [&] {
    auto shifted = leaves;
    shifted.erase(shifted.begin() + 2);
    shifted.push_back(shifted.back());
    return hashes_of(shifted);
  }());
  refuse_tile("entries hashed without their prefix", "RFC 6962: 0x00 before a leaf", [&] {
    std::vector<Digest> bare;
    for (const std::string& entry : entries) bare.push_back(crypto::sha256(as_bytes(entry)));
    return hashes_of(bare);
  }());
  refuse_tile("of another history", "same size, another root", tile_of(other));
  refuse_tile("of another ledger", "its genesis is another", tile_of(ledger_of(7, 0, "vectors.example/other")));
  refuse_tile("a bundle", "hashes, not entries", bundle);
  refuse_tile("a checkpoint", "hashes, not a note", note);

  refuse_bundle("empty", "seven entries", "");
  refuse_bundle("cut by a byte", "the last entry ends early", bundle.substr(0, bundle.size() - 1));
  refuse_bundle("cut within a length", "the last length ends early",
                bundle.substr(0, bundle.size() - entries.back().size() - 1));
  refuse_bundle("cut by an entry", "seven entries", format_bundle({entries.begin(), entries.end() - 1}));
  refuse_bundle("first entry missing", "seven entries", format_bundle({entries.begin() + 1, entries.end()}));
  refuse_bundle("a byte more", "half a length", bundle + '\0');
  refuse_bundle("an empty entry more", "seven entries", bundle + std::string(2, '\0'));
  refuse_bundle("last entry twice", "seven entries", [&] {
    auto doubled = entries;
    doubled.push_back(doubled.back());
    return format_bundle(doubled);
  }());
  refuse_bundle("two entries the other way round", "order is history", [&] {
    auto swapped = entries;
    std::swap(swapped[2], swapped[3]);
    return format_bundle(swapped);
  }());
  refuse_bundle("one entry instead of another", "each stands once", [&] {
    auto doubled = entries;
    doubled[3] = doubled[2];
    return format_bundle(doubled);
  }());
  refuse_bundle("an entry emptied", "an entry is hashed as it is", [&] {
    auto emptied = entries;
    emptied[3].clear();
    return format_bundle(emptied);
  }());
  refuse_bundle("a space in an entry", "an entry is hashed as it is", [&] {
    auto spaced = entries;
    spaced[3].insert(1, " ");
    return format_bundle(spaced);
  }());
  refuse_bundle("lengths with the low byte first", "big-endian", [&] {
    std::string bytes;
    for (const std::string& entry : entries) {
      const std::string one = format_bundle({entry});
      bytes += std::string{one[1], one[0]} + one.substr(2);
    }
    return bytes;
  }());
  refuse_bundle("of another history", "same size, another root", bundle_of(other));
  refuse_bundle("a tile", "entries, not hashes", tile);
  refuse_bundle("one entry a line", "lengths, not line ends", [&] {
    std::string lines;
    for (const std::string& entry : entries) lines += entry + "\n";
    return lines;
  }());

  // A tile of another time. A mirror may keep older ones; under a newer checkpoint they show nothing.
  add(false, "stale tile under its own name", "size 7 has no tile of width 4", "tile/0/000.p/4", tile_of(older), note);
  add(false, "stale tile under the newer name", "seven hashes", path, tile_of(older), note);
  add(false, "stale tile filled with nothing", "size 7 has other leaves", path, tile_of(older) + std::string(96, '\0'),
      note);
  add(false, "stale tile filled with its own last", "size 7 has other leaves", path,
      tile_of(older) + hashes_of({3, older.leaves().back()}), note);
  add(false, "stale bundle under its own name", "size 7 has no bundle of width 4", "tile/entries/000.p/4",
      bundle_of(older), note);
  add(false, "stale bundle under the newer name", "seven entries", bundle_path, bundle_of(older), note);
  add(false, "stale tile under a full tree", "a full tile is not partial", path, tile, full.sealed());
  add(false, "partial tile of 255 under a full tree", "a full tile is not partial", "tile/0/000.p/255",
      tile_of(full).substr(0, 255 * 32), full.sealed());
  add(false, "tile of tomorrow", "size 7 has no tile of width 9", "tile/0/000.p/9", tile_of(newer), note);
  add(false, "tile of tomorrow under today's name", "seven hashes", path, tile_of(newer), note);
  add(false, "today's tile under yesterday's checkpoint", "size 4 has no tile of width 7", path, tile, older.sealed());
  add(false, "the first 256 of 300", "one tile does not give the root of 300", "tile/0/000",
      tile_of(large).substr(0, kTileBytes), large.sealed());
  add(false, "the last 44 of 300", "one tile does not give the root of 300", "tile/0/001.p/44",
      tile_of(large).substr(kTileBytes), large.sealed());
  add(false, "a tile of nodes", "one tile of level 1 does not give the root of 300", "tile/1/000.p/1",
      std::string(as_text(full.checkpoint().root)), large.sealed());

  // Names of tiles.
  const std::tuple<const char*, const char*, std::string> names[] = {
      {"width one too small", "size 7", "tile/0/000.p/6"},
      {"width one too large", "size 7", "tile/0/000.p/8"},
      {"full", "a tree of 7 has no full tile", "tile/0/000"},
      {"another index", "a tree of 7 has one tile", "tile/0/001.p/7"},
      {"another level", "a tree of 7 has none at level 1", "tile/1/000.p/7"},
      {"width 0", "1 to 255", "tile/0/000.p/0"},
      {"width 256 spelled", "1 to 255", "tile/0/000.p/256"},
      {"width with a zero before", "one spelling", "tile/0/000.p/07"},
      {"width with a plus", "one spelling", "tile/0/000.p/+7"},
      {"width negative", "one spelling", "tile/0/000.p/-7"},
      {"width empty", "one spelling", "tile/0/000.p/"},
      {"width in hex", "one spelling", "tile/0/000.p/0x7"},
      {"index of two digits", "groups of three", "tile/0/00.p/7"},
      {"index of four digits", "groups of three", "tile/0/0000.p/7"},
      {"needless group", "one spelling", "tile/0/x000/000.p/7"},
      {"group without its x", "one spelling", "tile/0/000/000.p/7"},
      {"last group with an x", "one spelling", "tile/0/x000.p/7"},
      {"level with a zero before", "one spelling", "tile/00/000.p/7"},
      {"level negative", "entries, by name", "tile/-1/000.p/7"},
      {"level 64", "0 to 63", "tile/64/000.p/7"},
      {"no level", "level and index", "tile/000.p/7"},
      {"slash in front", "relative", "/tile/0/000.p/7"},
      {"slash behind", "one spelling", "tile/0/000.p/7/"},
      {"two slashes", "one spelling", "tile//0/000.p/7"},
      {"up and down again", "one spelling", "tile/0/../0/000.p/7"},
      {"capitals", "one spelling", "TILE/0/000.P/7"},
      {"line end", "one spelling", "tile/0/000.p/7\n"},
      {"CRLF", "one spelling", "tile/0/000.p/7\r\n"},
      {"NUL", "one spelling", std::string("tile/0/000.p/7\0", 15)},
      {"empty", "no path", ""},
  };
  for (const auto& [name, why, bad] : names) add(false, std::string("path: ") + name, why, bad, tile, note);

  // Checkpoints that the log never signed for this tree.
  const Checkpoint checkpoint = ledger.checkpoint();
  const auto signed_by_log = [&](const Checkpoint& any) { return sign_checkpoint(any, test_key(kTestLogSeed)); };
  add(false, "checkpoint of the same size, another root", "signed, but not of this tile", path, tile, other.sealed());
  add(false, "checkpoint of another size, the same root", "signed, but not of this width", path, tile,
      signed_by_log({kTestOrigin, 8, checkpoint.root}));
  add(false, "checkpoint of the empty tree", "no tile at all", path, tile,
      signed_by_log({kTestOrigin, 0, empty_root()}));
  add(false, "checkpoint of another origin", "the key is of one ledger", path, tile,
      signed_by_log({"vectors.example/other", checkpoint.size, checkpoint.root}));
  add(false, "checkpoint of another ledger", "by its own key", path, tile, [&] {
    const Checkpoint copied{"vectors.example/other", checkpoint.size, checkpoint.root};
    return copied.text() + "\n" +
           signature_line(test_vkey("vectors.example/other", KeyType::kLog, kTestLogSeed),
                          test_key(kTestLogSeed).sign(as_bytes(copied.text())));
  }());
  add(false, "checkpoint by another key with the log's key id", "the id proves nothing", path, tile,
      checkpoint.text() + "\n" + signature_line(test_log_key(), test_key(9).sign(as_bytes(checkpoint.text()))));
  add(false, "checkpoint not signed", "no signature", path, tile, checkpoint.text());
  add(false, "checkpoint with CRLF", "line ends are signed too", path, tile, replaced(note, "\n7\n", "\r\n7\r\n"));
  add(false, "checkpoint with a leading zero", "one spelling", path, tile, [&] {
    const std::string text = replaced(checkpoint.text(), "\n7\n", "\n07\n");
    return text + "\n" + signature_line(test_log_key(), test_key(kTestLogSeed).sign(as_bytes(text)));
  }());
  return out;
}

std::vector<Vector> extension_vectors() {
  std::vector<Vector> out;
  const auto add = [&](bool is_good, std::string name, std::string why, std::string smaller, std::string proof) {
    out.push_back({std::move(name),
                   is_good,
                   std::move(why),
                   {},
                   {},
                   {},
                   {{"checkpoint", std::move(smaller)}, {"proof", std::move(proof)}}});
  };
  const auto extends = [](std::uint64_t old_size, const LedgerForTests& larger) {
    return ExtensionProof{old_size, larger.path_from(old_size), larger.sealed()};
  };
  const LedgerForTests older = ledger_of(3), ledger = ledger_of(7), other = ledger_of(7, 1);
  const std::string small = older.sealed(), large = ledger.sealed();
  const ExtensionProof honest = extends(3, ledger);
  const std::string text = honest.text();
  const auto signed_by_log = [&](const Checkpoint& any) { return sign_checkpoint(any, test_key(kTestLogSeed)); };
  const std::string nothing = signed_by_log({kTestOrigin, 0, empty_root()});

  add(true, "from 3 to 7", "an old size that is no node", small, text);
  add(true, "from 4 to 7", "an old size that is one node", ledger_of(4).sealed(), extends(4, ledger).text());
  add(true, "from 1 to 7", "genesis alone", ledger_of(1).sealed(), extends(1, ledger).text());
  add(true, "from 6 to 7", "one more leaf", ledger_of(6).sealed(), extends(6, ledger).text());
  add(true, "from 7 to 7", "nothing was added, and nothing is shown", large, extends(7, ledger).text());
  add(true, "from nothing", "everything extends the empty tree", nothing, ExtensionProof{0, {}, large}.text());
  add(true, "beyond a tile", "255 to 300", ledger_of(255).sealed(), extends(255, ledger_of(300)).text());
  add(true, "under a cosigned checkpoint", "both witnesses", small,
      ExtensionProof{3, honest.path, ledger.finished()}.text());

  const auto with_path = [&](std::string name, std::string why, std::vector<Digest> path) {
    add(false, "path: " + std::move(name), std::move(why), small, ExtensionProof{3, std::move(path), large}.text());
  };
  const auto changed = [&](auto change) {
    auto path = honest.path;
    change(path);
    return path;
  };
  with_path("empty", "it has a length of its own", {});
  with_path("first hash dropped", "it has a length of its own", changed([](auto& p) { p.erase(p.begin()); }));
  with_path("last hash dropped", "it has a length of its own", changed([](auto& p) { p.pop_back(); }));
  with_path("first hash twice", "it has a length of its own", changed([](auto& p) { p.insert(p.begin(), p.front()); }));
  with_path("last hash twice", "it has a length of its own", changed([](auto& p) { p.push_back(p.back()); }));
  with_path("a hash of nothing more", "it has a length of its own",
            changed([](auto& p) { p.push_back(empty_root()); }));
  with_path("two hashes the other way round", "order matters", changed([](auto& p) { std::swap(p[0], p[1]); }));
  with_path("backwards", "order matters", {honest.path.rbegin(), honest.path.rend()});
  with_path("one bit of the first", "no hash is idle", changed([](auto& p) { p.front()[31] ^= 1; }));
  with_path("one bit of the last", "no hash is idle", changed([](auto& p) { p.back()[0] ^= 0x80; }));
  with_path("of zeros", "hashes of this tree", std::vector<Digest>(honest.path.size()));
  with_path("from 4", "another size's path", ledger.path_from(4));
  with_path("from 2", "another size's path", ledger.path_from(2));
  with_path("to 6", "another size's path", ledger_of(6).path_from(3));
  with_path("of another history", "another tree's path", other.path_from(3));
  with_path("an inclusion path", "another proof's path", [&] {
    Frontier pair;
    pair.append(ledger.leaves()[0]);
    pair.append(ledger.leaves()[1]);
    return std::vector<Digest>{ledger.leaves()[3], pair.root()};
  }());
  with_path("of 65 hashes", "at most 64", std::vector<Digest>(65, honest.path.front()));
  add(false, "path where none belongs", "7 to 7 shows nothing", large,
      ExtensionProof{7, {honest.path.front()}, large}.text());
  add(false, "path from nothing", "0 to 7 shows nothing", nothing,
      ExtensionProof{0, {honest.path.front()}, large}.text());

  // The proof's text.
  const std::string root = base64(honest.path.front());
  const std::string urls = [&] {
    std::string spelled = root;
    std::replace(spelled.begin(), spelled.end(), '+', '-');
    std::replace(spelled.begin(), spelled.end(), '/', '_');
    return spelled == root ? "-" + root.substr(1) : spelled;
  }();
  const std::tuple<const char*, const char*, std::string> texts[] = {
      {"empty", "no proof", ""},
      {"first line only", "no proof", "old 3\n"},
      {"cut before the checkpoint", "a checkpoint follows", text.substr(0, text.find("\n\n") + 2)},
      {"cut within the path", "an empty line follows", text.substr(0, 30)},
      {"cut by a byte", "a note ends with its line", text.substr(0, text.size() - 1)},
      {"without the empty line", "an empty line follows", replaced(text, "\n\n", "\n")},
      {"with two empty lines", "a note begins with its origin", replaced(text, "\n\n", "\n\n\n")},
      {"a line more at the end", "no bytes left over", text + "\n"},
      {"without its first line", "old SIZE", text.substr(text.find('\n') + 1)},
      {"first line twice", "hashes follow", "old 3\n" + text},
      {"old in capitals", "one spelling", replaced(text, "old 3", "OLD 3")},
      {"old with two spaces", "one spelling", replaced(text, "old 3", "old  3")},
      {"old without a space", "one spelling", replaced(text, "old 3", "old3")},
      {"old with a leading zero", "one spelling", replaced(text, "old 3", "old 03")},
      {"old with a plus", "one spelling", replaced(text, "old 3", "old +3")},
      {"old negative", "one spelling", replaced(text, "old 3", "old -3")},
      {"old with a fraction", "one spelling", replaced(text, "old 3", "old 3.0")},
      {"old in hex", "one spelling", replaced(text, "old 3", "old 0x3")},
      {"old empty", "one spelling", replaced(text, "old 3", "old ")},
      {"old with a space after", "one spelling", replaced(text, "old 3", "old 3 ")},
      {"old of 2^63", "at most 2^53-1", replaced(text, "old 3", "old 9223372036854775808")},
      {"old of another size", "the smaller checkpoint's", replaced(text, "old 3", "old 4")},
      {"old 0", "the smaller checkpoint's", replaced(text, "old 3", "old 0")},
      {"CRLF after the size", "LF", replaced(text, "old 3\n", "old 3\r\n")},
      {"CRLF after a hash", "LF", replaced(text, root + "\n", root + "\r\n")},
      {"hash without padding", "one spelling", replaced(text, root, root.substr(0, 43))},
      {"hash with idle bits", "one spelling", replaced(text, root, base64(Bytes(32, 0)).replace(42, 1, "B"))},
      {"hash in URL alphabet", "one spelling", replaced(text, root, urls)},
      {"hash in hex", "one spelling", replaced(text, root, hex(honest.path.front()))},
      {"hash of 31 bytes", "32", replaced(text, root, base64(Bytes(31, 1)))},
      {"hash of 33 bytes", "32", replaced(text, root, base64(Bytes(33, 1)))},
      {"hash with a space before", "one spelling", replaced(text, root, " " + root)},
      {"a receipt", "another type", ledger.receipt(0, large)},
      {"a checkpoint", "another type", large},
      {"a tile", "another type", tile_of(ledger)},
      {"NUL in front", "old SIZE", std::string(1, '\0') + text},
      {"byte order mark", "old SIZE", "\xef\xbb\xbf" + text},
  };
  for (const auto& [name, why, bad] : texts) add(false, std::string("text: ") + name, why, small, bad);

  // Checkpoints that do not belong together.
  const auto ends_in = [&](std::string note) { return ExtensionProof{3, honest.path, std::move(note)}.text(); };
  const Checkpoint checkpoint = ledger.checkpoint();
  add(false, "same size, another root", "one size has two histories", large,
      ExtensionProof{7, {}, other.sealed()}.text());
  add(false, "larger of another history", "it does not extend this one", ledger_of(3, 1).sealed(), text);
  add(false, "larger one is the other history", "it does not extend this one", small, ends_in(other.sealed()));
  add(false, "the other history's own proof", "from another smaller one", small, extends(3, other).text());
  add(false, "larger than itself", "7 does not come before 3", large, ExtensionProof{7, {}, small}.text());
  add(false, "larger than itself, with a path", "7 does not come before 3", large,
      ExtensionProof{7, honest.path, small}.text());
  add(false, "larger is empty", "3 does not come before 0", small, ExtensionProof{3, {}, nothing}.text());
  add(false, "larger with two sizes too many", "signed, but its path is of 7", small,
      ends_in(signed_by_log({kTestOrigin, 9, checkpoint.root})));
  add(true, "larger with a size too many", "7 and 8 have paths of one shape: only its entries convict it", small,
      ends_in(signed_by_log({kTestOrigin, 8, checkpoint.root})));
  add(false, "smaller with a size too few", "signed, but its path is of 3",
      signed_by_log({kTestOrigin, 2, older.checkpoint().root}), ExtensionProof{2, honest.path, large}.text());
  add(false, "smaller is nothing with a root", "the empty tree has one root",
      signed_by_log({kTestOrigin, 0, older.checkpoint().root}), ExtensionProof{0, {}, large}.text());
  add(false, "larger not signed", "no signature", small, ends_in(checkpoint.text()));
  add(false, "smaller not signed", "no signature", older.checkpoint().text(), text);
  add(false, "larger of another origin", "the key is of one ledger", small,
      ends_in(signed_by_log({"vectors.example/other", checkpoint.size, checkpoint.root})));
  add(false, "smaller of another origin", "the key is of one ledger",
      signed_by_log({"vectors.example/other", 3, older.checkpoint().root}), text);
  add(false, "larger by another key with the log's key id", "the id proves nothing", small,
      ends_in(checkpoint.text() + "\n" +
              signature_line(test_log_key(), test_key(9).sign(as_bytes(checkpoint.text())))));
  add(false, "smaller by another key with the log's key id", "the id proves nothing",
      older.checkpoint().text() + "\n" +
          signature_line(test_log_key(), test_key(9).sign(as_bytes(older.checkpoint().text()))),
      text);
  add(false, "larger of another ledger", "its own key, its own leaves", small,
      ends_in(ledger_of(7, 0, "vectors.example/other").sealed()));
  add(false, "smaller with CRLF", "line ends are signed too", replaced(small, "\n3\n", "\r\n3\r\n"), text);
  return out;
}

TEST(Vectors, Tiles) {
  check_vectors("tile", tile_vectors());
}
TEST(Vectors, Extensions) {
  check_vectors("extension", extension_vectors());
}

}  // namespace
}  // namespace lapel::proof
