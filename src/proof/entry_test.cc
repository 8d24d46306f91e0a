// SPDX-License-Identifier: Apache-2.0
#include "proof/entry.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "proof/ledger_for_tests.h"

namespace lapel::proof {
namespace {

std::string golden(const std::string& name) {
  std::ifstream in(LAPEL_SOURCE_DIR "/test/golden/ledger/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}
template <std::size_t N>
ByteArray<N> filled(std::uint8_t value) {
  ByteArray<N> out;
  out.fill(value);
  return out;
}
crypto::SigningKey example_key() {
  ByteArray<32> seed;
  for (std::size_t i = 0; i < 32; ++i) seed[i] = static_cast<std::uint8_t>(i);
  return crypto::SigningKey::from_seed(seed);
}

// The worked example of docs/formats/ledger_leaf.md, value by value.
TEST(WorkedExample, KeysSaltsCommitmentsAndPadding) {
  const VerifierKey vkey{"ledger.example/ashfield", KeyType::kLog, example_key().public_key()};
  EXPECT_EQ(vkey.text(), "ledger.example/ashfield+addadd8e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
  EXPECT_EQ(vkey.text() + "\n", golden("vkey"));

  const auto subject_key = filled<32>(0x11);
  const Salt salt0 = event_salt(subject_key, 0);
  EXPECT_EQ(base64(salt0), "f7c93mygwDWroZtWvayXO1MAVMvQDPDFUeOGJfV6l+E=");
  const Digest commitment0 = commit(salt0, golden("event-0.json"));
  EXPECT_EQ(base64(commitment0), "rlht8B6Aycdiaa25V9S+LBs5k8iVVMif7MH3qaVsIv0=");
  EXPECT_EQ(private_entry(commitment0), golden("leaf-1.json"));
  EXPECT_EQ(base64(leaf_hash(as_bytes(golden("leaf-1.json")))), "MuO3+yNV3yis8Y/xF2+GVJFpI4KHZ9boRAWaZClRFkw=");

  const auto event1 = parse_event(golden("event-1.json"));
  ASSERT_TRUE(event1);
  EXPECT_EQ(*event1->find_string("prev"), base64(commitment0));
  const Digest commitment1 = commit(event_salt(subject_key, 1), golden("event-1.json"));
  EXPECT_EQ(base64(commitment1), "jO/+9Q5OhzvkIGKtCUYS28oMDdoJWne3mxG/6BXjV/o=");
  EXPECT_EQ(private_entry(commitment1), golden("leaf-2.json"));

  const Digest pad = padding(filled<32>(0x33), 3);
  EXPECT_EQ(base64(pad), "fd2NRblQqw9Ak973ILNKu3dRcqU/rZBsJ1CI6cVvQrA=");
  EXPECT_EQ(private_entry(pad), golden("leaf-3.json"));
}

TEST(WorkedExample, RootSignatureAndBundle) {
  Frontier tree;
  std::vector<std::string> entries;
  for (const int i : {0, 1, 2, 3, 4}) {
    entries.push_back(golden("leaf-" + std::to_string(i) + ".json"));
    ASSERT_TRUE(parse_entry(entries.back())) << i;
    tree.append(leaf_hash(as_bytes(entries.back())));
  }
  EXPECT_EQ(base64(tree.root()), "mX2iLKqLYRnZFYSaAE5VDgJRkRW9h66BYhcNm00e+DQ=");
  const Checkpoint checkpoint{"ledger.example/ashfield", 5, tree.root()};
  const std::string note = sign_checkpoint(checkpoint, example_key());
  EXPECT_EQ(note, golden("checkpoint"));
  EXPECT_NE(note.find("rdrdjlCqr80w68qlfXdtvvrlIB4uy1+LhDbowyVTw6zUqM7g8thc5LB3gBqtcptPuBQJw3wBbkFM7BLs8eIHuBGKmQY="),
            std::string::npos);
  EXPECT_EQ(format_bundle(entries), golden("entries-000.p-5.bundle"));
  EXPECT_EQ(parse_bundle(golden("entries-000.p-5.bundle"), 5), entries);
}

// Published at size 4, then sealed at 5: what a witness is sent to see that the one extends the other.
TEST(WorkedExample, ConsistencyProof) {
  std::vector<Digest> leaves;
  for (const int i : {0, 1, 2, 3, 4})
    leaves.push_back(leaf_hash(as_bytes(golden("leaf-" + std::to_string(i) + ".json"))));
  Frontier four;
  for (const int i : {0, 1, 2, 3}) four.append(leaves[static_cast<std::size_t>(i)]);
  EXPECT_EQ(sign_checkpoint({"ledger.example/ashfield", 4, four.root()}, example_key()), golden("checkpoint-4"));
  EXPECT_EQ("old 4\n" + base64(leaves[4]) + "\n\n" + golden("checkpoint"), golden("consistency-4-5"));
  Frontier five = four;
  five.append(leaves[4]);
  EXPECT_TRUE(verify_consistency(4, 5, {leaves[4]}, four.root(), five.root()));
}

TEST(WorkedExample, ReceiptsAndHeadProofVerify) {
  std::string key_text = golden("vkey");
  key_text.pop_back();
  const Trust trust{VerifierKey::parse(key_text).value(), {}};
  const std::string original = golden("original");
  const auto admission =
      verify_admission(golden("event-0.tlog-proof"), trust, crypto::sha256(as_bytes(original)), original.size());
  ASSERT_TRUE(admission) << admission.error().reason;
  EXPECT_EQ(admission->index, 1u);
  EXPECT_EQ(admission->checkpoint.size, 5u);
  EXPECT_FALSE(admission->is_final);
  EXPECT_EQ(canonical(admission->event), golden("event-0.json"));

  EXPECT_TRUE(verify_receipt(golden("event-1.tlog-proof"), trust));
  EXPECT_FALSE(verify_admission(golden("event-1.tlog-proof"), trust, crypto::sha256(as_bytes("abc")), 3));
  EXPECT_TRUE(verify_receipt(golden("genesis.tlog-proof"), trust));
  const auto head = verify_receipt(golden("head-4.tlog-proof"), trust);
  ASSERT_TRUE(head) << head.error().reason;
  EXPECT_EQ(*head->head.find_integer("first"), 1);
  EXPECT_EQ(*head->statement.find_string("root"), "uyVTeEJcjD9WEBnBVuMBmVQwMzobyzmCRR1KVIFTR8c=");

  for (const char* name : {"event-0", "event-1", "genesis", "head-4"}) {
    const std::string text = golden(std::string(name) + ".tlog-proof");
    EXPECT_EQ(Receipt::parse(text)->text(), text) << name;  // one text for one receipt
  }
}

TEST(Entry, RefusesEveryOtherForm) {
  const std::string good = golden("leaf-1.json");
  ASSERT_TRUE(parse_entry(good));
  const std::string b64 = "rlht8B6Aycdiaa25V9S+LBs5k8iVVMif7MH3qaVsIv0=";
  for (const std::string& bad : std::vector<std::string>{
           "",
           "{}",
           good + "\n",
           good.substr(0, 66),
           " " + good,
           R"({"v":1,"commitment":")" + b64 + "\"}",
           R"({"commitment":")" + b64 + R"(","v":2})",
           R"({"commitment":")" + b64 + R"(","v": 1})",
           R"({"commitment":")" + b64 + R"(","v":1,"x":1})",
           R"({"commitment":")" + b64.substr(0, 42) + R"(1=","v":1})",  // bits that encode nothing
           R"({"commitment":")" + b64.substr(0, 43) + R"(","v":1})",
           R"({"commitment":"cmxodA==","v":1})",
           R"({"commitment":1,"v":1})",
       }) {
    EXPECT_FALSE(parse_entry(bad)) << bad;
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x80);
    EXPECT_FALSE(parse_entry(bad)) << i;
  }
}

TEST(Entry, StatementsHaveExactlyTheFieldsOfTheirType) {
  const std::string origin = "ledger.example/ashfield";
  const std::string key = "ledger.example/ashfield+addadd8e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
  const std::string digest = base64(Bytes(32, 1));
  const Json genesis = Json::Object{{"beat", 60},       {"floor", 4},
                                    {"heads", 86'400},  {"key", key},
                                    {"ledger", origin}, {"policy", "quorum none\n"},
                                    {"recovery", key},  {"type", "ledger.genesis"}};
  Json successor = genesis;
  (*successor.object())["previous"] = Json::Object{{"origin", "old.example/a"}, {"root", digest}, {"size", 9}};
  const std::vector<Json> good = {
      genesis,
      successor,
      Json::Object{{"key", key}, {"ledger", origin}, {"type", "ledger.key"}},
      Json::Object{{"ledger", origin}, {"policy", "quorum none\n"}, {"type", "ledger.policy"}},
      Json::Object{{"ledger", origin}, {"root", digest}, {"size", 4}, {"type", "ledger.heads"}},
      Json::Object{{"counts", Json::Object{{"recording.viewed", 7}}},
                   {"from", "2022-11-01T00:00:00.00Z"},
                   {"ledger", origin},
                   {"to", "2022-12-01T00:00:00.00Z"},
                   {"type", "ledger.tally"}},
      Json::Object{{"ledger", origin}, {"sha256", hex(Bytes(32, 1))}, {"type", "policy.adopted"}},
      Json::Object{{"certificates", Json::Array{"c1"}}, {"ledger", origin}, {"type", "evidence.destroyed"}},
  };
  const auto accepted = [](const Json& statement) {
    return parse_entry(canonical(Json::Object{{"statement", statement}, {"v", 1}})).has_value();
  };
  for (const Json& statement : good) {
    EXPECT_TRUE(accepted(statement)) << canonical(statement);
    EXPECT_TRUE(parse_entry(public_entry(statement)));
    Json more = statement;
    (*more.object())["extra"] = 1;
    EXPECT_FALSE(accepted(more)) << canonical(more);
    for (const auto& [name, value] : *statement.object()) {
      Json less = statement;
      less.object()->erase(name);
      EXPECT_EQ(accepted(less), name == "recovery" || name == "previous") << name << " of " << canonical(statement);
      Json mistyped = statement;
      (*mistyped.object())[name] = true;
      EXPECT_FALSE(accepted(mistyped)) << name << " of " << canonical(statement);
    }
  }
  Json unknown = good[2];
  (*unknown.object())["type"] = "ledger.other";
  EXPECT_FALSE(accepted(unknown));
  Json foreign = genesis;
  (*foreign.object())["ledger"] = "ledger.example/other";  // the key's name is another origin
  EXPECT_FALSE(accepted(foreign));
  EXPECT_FALSE(parse_entry(canonical(Json::Object{{"statement", genesis}, {"v", 1}, {"w", 1}})));
  Json huge = good[3];
  (*huge.object())["policy"] = std::string(kEntryBytesMax, 'x');
  EXPECT_FALSE(accepted(huge));
}

TEST(Event, HasTheSevenFieldsInTheirShapes) {
  const Json good = parse_canonical(golden("event-1.json")).value();
  EXPECT_TRUE(parse_event(canonical(good)));
  Json more = good;
  (*more.object())["camera_said"] = Json::Object{{"battery", 4}};
  EXPECT_TRUE(parse_event(canonical(more)));  // unknown fields of an event are kept
  EXPECT_EQ(canonical(*parse_event(canonical(more))), canonical(more));
  Json deep = good;
  (*deep.object())["a"] = Json::Object{{"b", Json::Object{{"c", Json::Object{}}}}};
  EXPECT_FALSE(parse_event(canonical(deep)));  // a receipt could not disclose it

  for (const char* name : {"actor", "at", "ledger", "n", "prev", "subject", "type"}) {
    Json bad = good;
    bad.object()->erase(name);
    EXPECT_FALSE(parse_event(canonical(bad))) << name;
    for (const Json& value : {Json(true), Json(""), Json("x y"), Json(Json::Array{})}) {
      if (std::string_view(name) == "type" && value.string() && !value.string()->empty()) continue;
      (*bad.object())[name] = value;
      EXPECT_FALSE(parse_event(canonical(bad))) << name << " " << canonical(value);
    }
  }
  Json first = good;
  (*first.object())["n"] = 0;
  EXPECT_FALSE(parse_event(canonical(first)));  // prev at n = 0
  first.object()->erase("prev");
  EXPECT_TRUE(parse_event(canonical(first)));
  const std::pair<const char*, const char*> values[] = {
      {"at", "2022-12-02T06:12:31Z"},
      {"at", "2022-12-02T06:12:31.000Z"},
      {"at", "2022-12-02T06:12:60.00Z"},
      {"at", "2022-02-30T06:12:31.00Z"},
      {"at", "2022-12-02T06:12:31.00z"},
      {"at", "2022-12-02T06:12:31.00+"},
      {"subject", "0011223344556677"},
      {"prev", "rlht8B6Aycdiaa25V9S+LBs5k8iVVMif7MH3qaVsIv1="},
      {"subject", "00112233445566778899AABBCCDDEEFF"},
  };
  for (const auto& [name, value] : values) {
    Json bad = good;
    (*bad.object())[name] = value;
    EXPECT_FALSE(parse_event(canonical(bad))) << value;
  }
  EXPECT_FALSE(parse_event(canonical(good) + " "));
  EXPECT_FALSE(parse_event(""));
}

Json dock_statement() {
  return Json::Object{{"at", "2022-12-02T06:00:00.00Z"},
                      {"bytes", 3},
                      {"device", test_id(0xd1)},
                      {"file", test_id(0xf1)},
                      {"key", base64(test_key(0xd0).public_key())},
                      {"ledger", kTestOrigin},
                      {"sha256", hex(crypto::sha256(as_bytes("abc")))}};
}

TEST(Dock, StatementIsBoundToEveryField) {
  const Json good = sign_dock_statement(dock_statement(), test_key(0xd0));
  EXPECT_TRUE(verify_dock_statement(good));
  for (const auto& [name, value] : *good.object()) {
    Json bad = good;
    bad.object()->erase(name);
    EXPECT_FALSE(verify_dock_statement(bad)) << name;
  }
  const std::pair<const char*, Json> changes[] = {
      {"at", "2022-12-02T06:00:00.01Z"},
      {"bytes", 4},
      {"device", test_id(0xd2)},
      {"file", test_id(0xf2)},
      {"ledger", "vectors.example/other"},
      {"sha256", hex(Bytes(32, 7))},
      {"camera_at", "2022-12-02T05:00:00.00Z"},
      {"key", base64(test_key(0xd9).public_key())},
      {"more", 1},
  };
  for (const auto& [name, value] : changes) {
    Json bad = good;
    (*bad.object())[name] = value;
    EXPECT_FALSE(verify_dock_statement(bad)) << name;
  }
}

TEST(Dock, StatementMustAgreeWithTheAdmission) {
  const Json dock = sign_dock_statement(dock_statement(), test_key(0xd0));
  LedgerForTests ledger;
  ChainForTests chain(ledger, 0x11);
  const Json good = chain.next("recording.admitted", test_id(0xa1), "2022-12-02T06:12:07.41Z",
                               {{"bytes", 3},
                                {"chain_starts_at", "dock"},
                                {"device", test_id(0xd1)},
                                {"dock", dock},
                                {"received_at", "2022-12-02T06:12:07.10Z"},
                                {"sha256", *dock.find_string("sha256")}});
  ASSERT_TRUE(parse_admission(good));
  EXPECT_TRUE(parse_admission(good)->dock);
  const std::pair<const char*, Json> changes[] = {
      {"bytes", 4},
      {"device", test_id(0xd2)},
      {"ledger", "vectors.example/other"},
      {"sha256", hex(Bytes(32, 7))},
      {"n", 1},
      {"type", "recording.viewed"},
      {"chain_starts_at", "cloud"},
      {"received_at", ""},
      {"recorded_at", "yesterday"},
      {"group", "x"},
      {"dock", "x"},
      {"dock", Json::Object{}},
  };
  for (const auto& [name, value] : changes) {
    Json bad = good;
    (*bad.object())[name] = value;
    EXPECT_FALSE(parse_admission(bad)) << name << " " << canonical(value);
  }
  for (const char* name : {"bytes", "chain_starts_at", "device", "received_at", "sha256"}) {
    Json bad = good;
    bad.object()->erase(name);
    EXPECT_FALSE(parse_admission(bad)) << name;
  }
  EXPECT_FALSE(parse_admission(Json()));
}

}  // namespace
}  // namespace lapel::proof
