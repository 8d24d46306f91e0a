// SPDX-License-Identifier: Apache-2.0
#include "proof/receipt.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "proof/ledger_for_tests.h"

namespace lapel::proof {
namespace {

// A final receipt of an admission, with a cosignature by somebody unknown at its end.
struct Example {
  std::string text;
  std::size_t cosignatures_at;
  std::size_t unknown_at;

  Example() {
    LedgerForTests ledger;
    ChainForTests chain(ledger, 0x11);
    const auto index =
        chain.add(chain.next("recording.admitted", test_id(0xa1), "2022-12-02T06:12:07.41Z",
                             {{"bytes", 3},
                              {"chain_starts_at", "server"},
                              {"received_at", "2022-12-02T06:12:07.10Z"},
                              {"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}));
    for (std::uint8_t i = 0; i < 4; ++i) ledger.add(private_entry(padding({}, i)), "");
    const VerifierKey unknown = test_vkey("unknown.example/w", KeyType::kWitness, 9);
    text = ledger.receipt(index, ledger.finished() + signature_line(unknown, Bytes(72, 7)));
    cosignatures_at = text.find("\u2014 one.example/w");
    unknown_at = text.find("\u2014 unknown.example/w");
  }
};

bool is_final(const std::string& text, const Trust& trust) {
  return verify_receipt(text, trust).value().is_final;
}
bool verified(const std::string& text) {
  return verify_receipt(text, test_trust()).has_value();
}

// The reviewed list of bytes that may change: those of cosignature lines, and only so that the line becomes
// one of an unknown signer (C2SP: ignored). What the receipt says stays the same and no cosignature is
// gained.
TEST(Receipt, EveryChangedByteIsDetectedOrOnTheReviewedList) {
  const Example example;
  const auto whole = verify_receipt(example.text, test_trust());
  ASSERT_TRUE(whole) << whole.error().reason;
  ASSERT_TRUE(whole->is_final);
  for (std::size_t at = 0; at < example.text.size(); ++at) {
    for (const char replacement : {static_cast<char>(example.text[at] ^ 1), 'A', '\n'}) {
      if (example.text[at] == replacement) continue;
      std::string bad = example.text;
      bad[at] = replacement;
      const auto receipt = verify_receipt(bad, test_trust());
      if (!receipt) continue;
      ASSERT_GE(at, example.cosignatures_at) << at;
      ASSERT_EQ(receipt->checkpoint, whole->checkpoint);
      ASSERT_EQ(receipt->event, whole->event);
      ASSERT_EQ(receipt->is_final, at >= example.unknown_at) << at;
    }
  }
}

TEST(Receipt, EveryRemovedOrDoubledByteIsDetectedOrOnTheReviewedList) {
  const Example example;
  for (std::size_t at = 0; at < example.text.size(); ++at) {
    std::string shorter = example.text;
    shorter.erase(at, 1);
    std::string longer = example.text;
    longer.insert(at, 1, longer[at]);
    const std::string truncated = example.text.substr(0, at);
    for (const std::string& bad : {shorter, longer, truncated}) {
      const auto receipt = verify_receipt(bad, test_trust());
      // A cosignature line may be lost, or become one of an unknown signer: never the log's.
      ASSERT_TRUE(!receipt || at >= example.cosignatures_at) << at;
      ASSERT_TRUE(!receipt || !receipt->is_final || at >= example.unknown_at) << at;
    }
  }
  EXPECT_FALSE(verified(example.text + "x"));
  EXPECT_FALSE(verified(example.text + "\n"));
  EXPECT_FALSE(verified(example.text + '\0'));
}

TEST(Receipt, IsNotLongerThanItsLimit) {
  const Example example;
  std::string long_text = example.text;
  while (long_text.size() <= kReceiptBytesMax) long_text += long_text;
  EXPECT_FALSE(Receipt::parse(long_text));
}

TEST(Receipt, SaysFinalOnlyWithEveryWitnessGiven) {
  const Example example;
  Trust trust = test_trust();
  EXPECT_TRUE(is_final(example.text, trust));
  trust.witnesses.pop_back();
  EXPECT_TRUE(is_final(example.text, trust));
  trust.witnesses = {};
  EXPECT_FALSE(is_final(example.text, trust));  // nobody asked, nobody vouches
  trust.witnesses = {test_witnesses()[0], test_vkey("three.example/w", KeyType::kWitness, 8)};
  EXPECT_FALSE(is_final(example.text, trust));
}

TEST(Receipt, AdmissionIsOfOneFile) {
  const Example example;
  const Digest abc = crypto::sha256(as_bytes("abc"));
  EXPECT_TRUE(verify_admission(example.text, test_trust(), abc, 3));
  EXPECT_FALSE(verify_admission(example.text, test_trust(), abc, 4));
  EXPECT_FALSE(verify_admission(example.text, test_trust(), crypto::sha256(as_bytes("abd")), 3));
}

RC_GTEST_PROP(Receipt, ParsingAnythingNeverWritesBackAnythingElse, (const std::string& tail, std::uint64_t index)) {
  static const Example kExample;
  const std::string text =
      kExample.text.substr(0, kExample.text.find("index ")) + fmt::format("index {}\n", index) + tail;
  const auto receipt = Receipt::parse(text);
  const bool is_same = !receipt || receipt->text() == text;  // apart: RC_ASSERT evaluates both sides of ||
  RC_ASSERT(is_same);
}

RC_GTEST_PROP(Receipt, ArbitraryCutsAndJoinsAreRefused, ()) {
  static const Example kExample;
  const auto from = *rc::gen::inRange<std::size_t>(0, kExample.cosignatures_at);
  const auto count = *rc::gen::inRange<std::size_t>(1, kExample.cosignatures_at - from + 1);
  std::string bad = kExample.text;
  bad.replace(from, count, *rc::gen::container<std::string>(rc::gen::elementOf(kExample.text)));
  RC_PRE(bad != kExample.text);
  RC_ASSERT_FALSE(verified(bad));
}

}  // namespace
}  // namespace lapel::proof
