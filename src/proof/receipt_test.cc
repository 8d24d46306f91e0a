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
// Why it is refused; empty where it holds.
std::string refusal(const std::string& text) {
  const auto receipt = verify_receipt(text, test_trust());
  return receipt ? "" : receipt.error().reason;
}
const std::string kBrokenForm = "This is not a receipt: its form is broken";

// A snapshot of two leaves, stated at leaf 2; the subject whose first event is leaf 1 has its head in it.
struct HeadExample {
  LedgerForTests ledger;
  Json::Object head{{"blind", base64(Bytes(32, 3))}, {"commitment", base64(Bytes(32, 4))}, {"first", 1}, {"n", 0}};
  Json::Object statement{{"ledger", kTestOrigin}, {"size", 2}, {"type", "ledger.heads"}};
  std::uint64_t stated = 0;

  HeadExample() {
    ledger.add(private_entry(padding({}, 1)), "");
    Bytes named(32, 3);
    named.insert(named.end(), 8, 0);
    named.insert(named.end(), 32, 4);
    const Digest neighbor = padding({}, 0);
    head["path"] = Json::Array{base64(neighbor)};
    statement["root"] = base64(node_hash(neighbor, leaf_hash(named)));
    stated = ledger.add_statement(statement);
    ledger.add(private_entry(padding({}, 3)), "");
  }
  std::string receipt() const { return receipt_of(head); }
  std::string receipt_of(const Json& any_head) const { return receipt_of(any_head, statement); }
  std::string receipt_of(const Json& any_head, const Json& any_statement) const {
    const std::string extra = canonical(Json::Object{{"head", any_head}, {"statement", any_statement}});
    return ledger.receipt(stated, ledger.finished(), extra);
  }
  std::string receipt_with(const std::string& name, const Json& value) const {
    Json::Object changed = head;
    changed[name] = value;
    return receipt_of(changed);
  }
};

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

TEST(Receipt, DisclosesAnEventOrAStatement) {
  const Example example;
  const auto receipt = Receipt::parse(example.text);
  ASSERT_TRUE(receipt);
  const Json& event = *receipt->extra.find("event");
  const Json& salt = *receipt->extra.find("salt");
  const auto with_extra = [&](const Json& extra) {
    Receipt changed = *receipt;
    changed.extra = extra;
    return refusal(changed.text());
  };
  EXPECT_EQ(with_extra(Json::Object{{"event", event}, {"salt", salt}}), "");
  const Json others[] = {
      Json(1),
      Json("event"),
      Json::Array{event, salt},
      Json::Object{},
      Json::Object{{"event", event}},
      Json::Object{{"event", event}, {"salt", 1}},
      Json::Object{{"event", event}, {"salt", base64(Bytes(33, 1))}},
      Json::Object{{"event", 1}, {"salt", salt}},
      Json::Object{{"event", event}, {"pepper", salt}},
      Json::Object{{"statement", event}},
      Json::Object{{"statement", 1}},
  };
  for (const Json& other : others) EXPECT_EQ(with_extra(other), kBrokenForm) << canonical(other);
}

TEST(Receipt, AnEventIsNeitherGenesisNorASnapshot) {
  LedgerForTests ledger;
  ChainForTests chain(ledger, 0x11);
  const auto genesis = chain.add(chain.next("ledger.genesis", test_id(0xa1), "2022-12-02T06:12:07.41Z"));
  const auto heads = chain.add(chain.next("ledger.heads", test_id(0xa1), "2022-12-02T06:12:07.41Z"));
  EXPECT_EQ(refusal(ledger.receipt(genesis, ledger.finished())), "");
  EXPECT_EQ(refusal(ledger.receipt(heads, ledger.finished())), "");
}

TEST(Receipt, NoEventStandsInThePlaceOfGenesis) {
  // One leaf: the event's own, so that its path is empty.
  const Json event =
      Json::Object{{"actor", test_id(0xa1)},   {"at", "2022-12-02T06:12:07.41Z"}, {"ledger", kTestOrigin}, {"n", 0},
                   {"subject", test_id(0x11)}, {"type", "ledger.genesis"}};
  const Salt salt = event_salt({}, 0);
  const Digest root = leaf_hash(as_bytes(private_entry(commit(salt, canonical(event)))));
  const std::string note = sign_checkpoint({kTestOrigin, 1, root}, test_key(kTestLogSeed));
  const Receipt receipt{disclose_event(canonical(event), salt), 0, {}, note};
  EXPECT_EQ(refusal(receipt.text()), "A ledger begins with ledger.genesis, and has it only there");
}

TEST(Receipt, AHeadProofIsOfTheOneHeadThatTheSnapshotNames) {
  const HeadExample example;
  const auto whole = verify_receipt(example.receipt(), test_trust());
  ASSERT_TRUE(whole) << whole.error().reason;
  EXPECT_EQ(whole->head, Json(example.head));
  EXPECT_EQ(whole->statement, Json(example.statement));

  Json::Array path_of_63;
  for (int i = 0; i < 63; ++i) path_of_63.push_back(base64(Bytes(32, 1)));
  const std::pair<const char*, Json> changes[] = {
      {"blind", base64(Bytes(32, 9))},
      {"commitment", base64(Bytes(32, 9))},
      {"first", 0},
      {"first", 2},  // beyond the snapshot
      {"first", kCanonicalIntegerMax},
      {"n", 1},
      {"path", Json::Array{}},
      {"path", Json::Array{base64(Bytes(32, 9))}},
      {"path", path_of_63},
  };
  for (const auto& [name, value] : changes)
    EXPECT_EQ(refusal(example.receipt_with(name, value)), "The snapshot does not name this head") << name;
}

TEST(Receipt, AHeadProofHasItsFormAndASnapshot) {
  const HeadExample example;
  ASSERT_EQ(refusal(example.receipt()), "");
  Json::Array path_of_64;
  for (int i = 0; i < 64; ++i) path_of_64.push_back(base64(Bytes(32, 1)));
  const std::pair<const char*, Json> changes[] = {
      {"blind", 1},
      {"blind", base64(Bytes(31, 3))},
      {"commitment", 1},
      {"commitment", base64(Bytes(33, 4))},
      {"first", "1"},
      {"n", "0"},
      {"path", base64(Bytes(32, 1))},
      {"path", Json::Array{1}},
      {"path", Json::Array{base64(Bytes(31, 1))}},
      {"path", path_of_64},
      {"more", 1},
  };
  for (const auto& [name, value] : changes)
    EXPECT_EQ(refusal(example.receipt_with(name, value)), kBrokenForm) << name << " " << canonical(value);
  for (const auto& [name, value] : example.head) {
    Json::Object less = example.head;
    less.erase(name);
    EXPECT_EQ(refusal(example.receipt_of(less)), kBrokenForm) << name;
  }
  EXPECT_EQ(refusal(example.receipt_of(Json::Array{})), kBrokenForm);

  Json::Object policy{{"ledger", kTestOrigin}, {"policy", "quorum none\n"}, {"type", "ledger.policy"}};
  EXPECT_EQ(refusal(example.receipt_of(example.head, policy)), kBrokenForm);
  EXPECT_EQ(refusal(example.receipt_of(example.head, 1)), kBrokenForm);
  Json::Object rootless = example.statement;
  rootless.erase("root");
  EXPECT_EQ(refusal(example.receipt_of(example.head, rootless)), kBrokenForm);
}

TEST(Receipt, AdmissionIsOfOneFile) {
  const Example example;
  const Digest abc = crypto::sha256(as_bytes("abc"));
  const auto refusal_for = [&](const std::string& text, const Digest& sha256, std::uint64_t bytes) {
    const auto admission = verify_admission(text, test_trust(), sha256, bytes);
    return admission ? "" : admission.error().reason;
  };
  EXPECT_EQ(refusal_for(example.text, abc, 3), "");
  EXPECT_EQ(refusal_for(example.text, abc, 4), "The file has 4 bytes, and the receipt is for 3");
  const Digest abd = crypto::sha256(as_bytes("abd"));
  EXPECT_EQ(refusal_for(example.text, abd, 3),
            fmt::format("The file's SHA-256 is {}, and the receipt is for {}", hex(abd), hex(abc)));
  EXPECT_EQ(refusal_for(HeadExample().receipt(), abc, 3), "The receipt is not of the admission of a file");
  EXPECT_EQ(refusal_for("abc", abc, 3), kBrokenForm);
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
