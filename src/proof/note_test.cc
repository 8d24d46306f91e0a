// SPDX-License-Identifier: Apache-2.0
#include "proof/note.h"

#include <set>

#include <gtest/gtest.h>

#include "proof/ledger_for_tests.h"

namespace lapel::proof {
namespace {

LedgerForTests example_ledger() {
  LedgerForTests ledger;
  ChainForTests chain(ledger, 0x11);
  chain.add(chain.next("recording.admitted", test_id(0xa1), "2022-12-02T06:12:07.41Z",
                       {{"bytes", 3},
                        {"chain_starts_at", "server"},
                        {"received_at", "2022-12-02T06:12:07.10Z"},
                        {"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}));
  ledger.add_event_text("padding", Salt{});
  return ledger;
}

// The example of C2SP signed-note.
TEST(VerifierKey, ReadsThePublishedExample) {
  const auto key = VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->name, "example.com/foo");
  EXPECT_EQ(key->type, KeyType::kLog);
  EXPECT_EQ(key->id(), 0x530d903au);
  const auto note = Note::parse(
      "This is an example message.\n\n— example.com/foo "
      "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
      "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n");
  ASSERT_TRUE(note);
  ASSERT_EQ(note->signatures.size(), 1u);
  EXPECT_EQ(note->signatures[0].key_id, key->id());
  EXPECT_TRUE(crypto::verify(key->key, as_bytes(note->text), *to_array<64>(note->signatures[0].signature)));
}

TEST(VerifierKey, RefusesEveryOtherText) {
  const std::string good = test_log_key().text();
  ASSERT_EQ(VerifierKey::parse(good), test_log_key());
  ASSERT_EQ(VerifierKey::parse(test_witnesses()[0].text()), test_witnesses()[0]);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(VerifierKey::parse(bad)) << bit;  // the id covers name, type and key
  }
  for (std::size_t cut = 0; cut < good.size(); ++cut) EXPECT_FALSE(VerifierKey::parse(good.substr(0, cut))) << cut;
  const auto key = test_key(1).public_key();
  const auto text = [&](const std::string& name) { return VerifierKey{name, KeyType::kLog, key}.text(); };
  std::string upper = text("a.example/x");
  for (std::size_t i = upper.find('+'); i < upper.find('+') + 9; ++i) {
    upper[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(upper[i])));
  }
  const std::vector<std::string> rows = {
      good + "\n",
      " " + good,
      good + " ",
      good + "=",
      text(""),
      text("a b"),
      text("a\tb"),
      text("a\nb"),
      text("a\u00a0b"),
      text("a\u3000b"),
      text("a\x80"),
      upper,
      VerifierKey{"a.example/x", static_cast<KeyType>(0x02), key}.text(),
      VerifierKey{"a.example/x", static_cast<KeyType>(0x06), key}.text(),
      VerifierKey{"a.example/x", static_cast<KeyType>(0x00), key}.text(),
      "a.example/x",
      "+",
      "++",
  };
  for (const std::string& row : rows) EXPECT_FALSE(VerifierKey::parse(row)) << row;
}

TEST(VerifierKey, SameKeyOfAnotherTypeHasAnotherId) {
  const auto key = test_key(1).public_key();
  EXPECT_NE((VerifierKey{"a", KeyType::kLog, key}.id()), (VerifierKey{"a", KeyType::kWitness, key}.id()));
}

TEST(Checkpoint, IsSealedThenCosigned) {
  const LedgerForTests ledger = example_ledger();
  const auto sealed = check_checkpoint(ledger.sealed(), test_log_key(), test_witnesses());
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->checkpoint, ledger.checkpoint());
  EXPECT_TRUE(sealed->cosignatures.empty());
  const auto final = check_checkpoint(ledger.finished(), test_log_key(), test_witnesses());
  ASSERT_TRUE(final);
  ASSERT_EQ(final->cosignatures.size(), 2u);
  EXPECT_EQ(final->cosignatures[1].witness, "two.example/w");
  EXPECT_EQ(final->cosignatures[1].time_s, kTestWitness_s);
}

TEST(Checkpoint, OneWitnessTwiceCountsOnceWithItsEarlierTime) {
  const LedgerForTests ledger = example_ledger();
  const std::string text = ledger.checkpoint().text();
  const auto checked =
      check_checkpoint(ledger.sealed() + cosignature_of(0, text) + cosignature_of(0, text, kTestWitness_s - 5),
                       test_log_key(), test_witnesses());
  ASSERT_TRUE(checked);
  ASSERT_EQ(checked->cosignatures.size(), 1u);
  EXPECT_EQ(checked->cosignatures[0].time_s, kTestWitness_s - 5);
}

TEST(Checkpoint, AKeyHasOneUse) {
  const LedgerForTests ledger = example_ledger();
  EXPECT_FALSE(check_checkpoint(ledger.finished(), test_witnesses()[0], {}));
  EXPECT_FALSE(check_checkpoint(ledger.finished(), test_log_key(), {test_log_key()}));
  VerifierKey as_witness = test_log_key();
  as_witness.type = KeyType::kWitness;
  EXPECT_FALSE(check_checkpoint(ledger.finished(), as_witness, {}));
}

// Every bit of a checkpoint matters, except that a cosignature may be made to look like somebody else's: then
// it is one that nobody asked for, and the note is as good as without it.
TEST(Checkpoint, EveryFlippedBitIsDetected) {
  const std::string good = example_ledger().finished();
  const auto whole = check_checkpoint(good, test_log_key(), test_witnesses());
  ASSERT_TRUE(whole);
  const std::size_t cosignatures_at = good.find("\u2014 one.example/w");
  int disguised = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const auto checked = check_checkpoint(bad, test_log_key(), test_witnesses());
    if (!checked) continue;
    ++disguised;
    ASSERT_GE(bit / 8, cosignatures_at) << bit;
    ASSERT_EQ(checked->checkpoint, whole->checkpoint);
    ASSERT_EQ(checked->cosignatures.size(), 1u) << bit;
    const std::string line = bad.substr(bad.rfind('\n', bit / 8) + 1);
    // Of "— one.example/w b64(id…", only the name and the six digits that hold the four bytes of the id.
    ASSERT_LT(bit / 8 - (bad.size() - line.size()), std::string_view("\u2014 one.example/w 012345").size()) << bit;
  }
  EXPECT_GT(disguised, 100);
}

TEST(Checkpoint, EveryTruncationIsRefused) {
  const std::string good = example_ledger().finished();
  std::set<std::size_t> kept;
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    if (check_checkpoint(good.substr(0, cut), test_log_key(), test_witnesses())) kept.insert(cut);
  }
  // Only whole signature lines can be taken away, and that is seen in the cosignatures.
  EXPECT_EQ(kept, (std::set<std::size_t>{good.find("\u2014 one.example/w"), good.find("\u2014 two.example/w")}));
}

TEST(Note, HoldsAtMostSoManySignatures) {
  const LedgerForTests ledger = example_ledger();
  const auto with_unknown = [&](std::size_t count) {
    std::string note = ledger.sealed();
    const VerifierKey unknown = test_vkey("unknown.example/w", KeyType::kWitness, 9);
    for (std::size_t i = 0; i < count; ++i) note += signature_line(unknown, Bytes(72, static_cast<std::uint8_t>(i)));
    return note;
  };
  EXPECT_TRUE(check_checkpoint(with_unknown(kNoteSignaturesMax - 1), test_log_key(), {}));
  EXPECT_FALSE(check_checkpoint(with_unknown(kNoteSignaturesMax), test_log_key(), {}));
  EXPECT_FALSE(Note::parse("x\n\n\u2014 a " + base64(Bytes(kNoteBytesMax, 1)) + "\n"));
}

TEST(Checkpoint, HasThreeLinesAndEndsThere) {
  const std::string good = Checkpoint{"ledger.example/ashfield", 7, empty_root()}.text();
  ASSERT_TRUE(Checkpoint::parse(good));
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes)
    EXPECT_FALSE(Checkpoint::parse(good.substr(0, bytes))) << bytes;
  EXPECT_FALSE(Checkpoint::parse(good + "\n"));
  EXPECT_FALSE(Checkpoint::parse(good.substr(good.find('\n')))) << "an origin of nothing";
}

}  // namespace
}  // namespace lapel::proof
