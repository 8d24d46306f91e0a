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

TEST(Entry, APublicOneHasAStatementAndAVersionAndNothingElse) {
  const Json::Object statement{{"ledger", kTestOrigin}, {"policy", "quorum none\n"}, {"type", "ledger.policy"}};
  ASSERT_TRUE(parse_entry(canonical(Json::Object{{"statement", statement}, {"v", 1}})));
  const Json others[] = {
      Json::Object{{"statement", statement}, {"v", 2}},
      Json::Object{{"statement", statement}, {"v", "1"}},
      Json::Object{{"statement", statement}, {"w", 1}},
      Json::Object{{"statement", statement}},
      Json::Object{{"said", statement}, {"v", 1}},
      Json::Object{{"statement", "ledger.policy"}, {"v", 1}},
      Json::Object{{"statement", Json::Array{}}, {"v", 1}},
      Json::Array{statement, 1},
      Json("statement"),
      Json(1),
  };
  for (const Json& other : others) EXPECT_FALSE(parse_entry(canonical(other))) << canonical(other);
}

TEST(Entry, StatementsHaveFieldsOfTheirShapes) {
  const std::string log_key = test_vkey(kTestOrigin, KeyType::kLog, 7).text();
  const std::string witness_key = test_vkey(kTestOrigin, KeyType::kWitness, 7).text();
  const std::string digest = base64(Bytes(32, 1));
  const Json::Object previous{{"origin", "old.example/a"}, {"root", digest}, {"size", 0}};
  const auto genesis = [&](std::string_view name, const Json& value) {
    Json::Object statement{{"beat", 1}, {"floor", 1}, {"heads", 1}, {"key", log_key}, {"policy", "quorum none\n"}};
    statement["type"] = "ledger.genesis";
    statement[std::string(name)] = value;
    return statement;
  };
  const auto previous_with = [&](std::string_view name, const Json& value) {
    Json::Object changed = previous;
    changed[std::string(name)] = value;
    return genesis("previous", changed);
  };
  const auto of_type = [](std::string_view type, std::string_view name, const Json& value) {
    return Json::Object{{"type", type}, {std::string(name), value}};
  };
  const auto heads = [&](const Json& size) {
    return Json::Object{{"root", digest}, {"size", size}, {"type", "ledger.heads"}};
  };
  const auto tally = [](const Json& counts) {
    return Json::Object{{"counts", counts},
                        {"from", "2022-11-01T00:00:00.00Z"},
                        {"to", "2022-12-01T00:00:00.00Z"},
                        {"type", "ledger.tally"}};
  };
  struct Row {
    bool accept;
    Json::Object statement;  // without its ledger
  };
  const Row rows[] = {
      {true, genesis("beat", 1)},
      {false, genesis("beat", 0)},
      {false, genesis("policy", "")},
      {false, genesis("key", witness_key)},
      {false, genesis("recovery", witness_key)},
      {false, genesis("recovery", test_vkey("old.example/a", KeyType::kLog, 7).text())},
      {true, genesis("recovery", log_key)},
      {true, genesis("previous", previous)},
      {false, genesis("previous", "old.example/a")},
      {false, genesis("previous", Json::Object{{"origin", "old.example/a"}, {"root", digest}})},
      {false, previous_with("more", 1)},
      {false, previous_with("origin", kTestOrigin)},  // a ledger does not follow itself
      {false, previous_with("root", base64(Bytes(31, 1)))},
      {true, heads(1)},
      {false, heads(0)},
      {true, tally(Json::Object{})},
      {true, tally(Json::Object{{"recording.viewed", 0}})},
      {false, tally(Json::Object{{"recording.viewed", 0}, {"recording.flagged", "1"}})},
      {false, tally(Json::Array{})},
      {true, of_type("evidence.destroyed", "certificates", Json::Array{"c1", "c2"})},
      {false, of_type("evidence.destroyed", "certificates", Json::Array{})},
      {false, of_type("evidence.destroyed", "certificates", Json::Array{"c1", ""})},
      {false, of_type("evidence.destroyed", "certificates", Json::Array{"c1", 2})},
  };
  for (const Row& row : rows) {
    Json::Object statement = row.statement;
    statement["ledger"] = kTestOrigin;
    const std::string entry = canonical(Json::Object{{"statement", statement}, {"v", 1}});
    EXPECT_EQ(parse_entry(entry).has_value(), row.accept) << entry;
  }
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

// What an event of this type and n says by itself at leaf 9, where any event may have these fields.
std::string_view fault_of(std::string_view type, std::int64_t n, Json::Object fields) {
  fields["actor"] = test_id(0xa1);
  fields["at"] = "2022-12-02T06:12:31.00Z";
  fields["ledger"] = kTestOrigin;
  fields["n"] = n;
  if (n > 0) fields["prev"] = base64(Bytes(32, 1));
  fields["subject"] = test_id(0x11);
  fields["type"] = type;
  const auto event = parse_event(canonical(fields));
  EXPECT_TRUE(event) << canonical(fields);
  return event ? event_fault(*event, 9) : "no event";
}

TEST(Event, NamesItsActAndTheLedgerOfItsActor) {
  const auto viewed = [](Json::Object fields) { return fault_of("recording.viewed", 3, std::move(fields)); };
  EXPECT_EQ(viewed({}), "");
  EXPECT_EQ(viewed({{"act", test_id(0xac)}, {"actor_ledger", "guests.example/a"}}), "");
  for (const Json& act : {Json("x"), Json(1), Json(Json::Object{})})
    EXPECT_EQ(viewed({{"act", act}}), "The event's act is no id") << canonical(act);
  for (const Json& ledger : {Json(""), Json(1), Json(Json::Array{"guests.example/a"})})
    EXPECT_EQ(viewed({{"actor_ledger", ledger}}), "The event's actor_ledger is no ledger") << canonical(ledger);
}

TEST(Event, AnAttemptNamesAnEventBeforeIt) {
  const auto attempt = [](Json::Object fields) { return fault_of("attempt", 3, std::move(fields)); };
  EXPECT_EQ(attempt({{"of", 2}}), "");
  EXPECT_EQ(attempt({{"of", 0}}), "");
  constexpr std::string_view kFault = "An attempt names no event before it";
  EXPECT_EQ(attempt({}), kFault);
  EXPECT_EQ(attempt({{"of", "2"}}), kFault);
  EXPECT_EQ(attempt({{"of", 3}}), kFault);
  EXPECT_EQ(attempt({{"of", 4}}), kFault);
}

TEST(Event, ADestructionNamesItsAdmissionAndRepeatsNothingOfIt) {
  const Json::Object good{{"certificate", "c1"}, {"first", 8}};
  const auto destroyed = [&](std::string_view name, const Json& value) {
    Json::Object fields = good;
    fields[std::string(name)] = value;
    return fault_of("recording.destroyed", 3, fields);
  };
  EXPECT_EQ(fault_of("recording.destroyed", 3, good), "");
  EXPECT_EQ(destroyed("first", 1), "");

  constexpr std::string_view kMalformed = "The destruction is malformed";
  EXPECT_EQ(fault_of("recording.destroyed", 0, good), kMalformed);
  EXPECT_EQ(fault_of("recording.destroyed", 3, {{"first", 8}}), kMalformed);
  EXPECT_EQ(destroyed("certificate", ""), kMalformed);
  EXPECT_EQ(destroyed("certificate", 1), kMalformed);

  constexpr std::string_view kNoAdmission = "The destruction names no admission before it";
  EXPECT_EQ(fault_of("recording.destroyed", 3, {{"certificate", "c1"}}), kNoAdmission);
  EXPECT_EQ(destroyed("first", "8"), kNoAdmission);
  EXPECT_EQ(destroyed("first", 0), kNoAdmission);  // that is genesis
  EXPECT_EQ(destroyed("first", 9), kNoAdmission);  // its own leaf
  EXPECT_EQ(destroyed("first", 10), kNoAdmission);

  for (const char* name : {"sha256", "bytes", "received_at", "recorded_at"})
    EXPECT_EQ(destroyed(name, true), "The destruction repeats what was to be forgotten") << name;
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

// The dock's statement comes from anywhere, also as JSON that has no bytes to be signed.
TEST(Dock, StatementHasItsFieldsInTheirShapes) {
  const Json good = sign_dock_statement(dock_statement(), test_key(0xd0));
  ASSERT_TRUE(verify_dock_statement(good));
  const std::pair<const char*, Json> changes[] = {
      {"sig", 1},
      {"sig", ""},
      {"sig", base64(Bytes(63, 1))},
      {"sig", base64(Bytes(65, 1))},
      {"sig", base64(Bytes(64, 1))},
      {"key", 1},
      {"key", base64(Bytes(31, 1))},
      {"bytes", "3"},
      {"bytes", -1},
      {"bytes", 3.0},
      {"camera_at", "yesterday"},
      {"device", "X-7"},
      {"more", Json()},
      {"More", 1},
      {"more", "\xff"},
  };
  for (const auto& [name, value] : changes) {
    Json bad = good;
    (*bad.object())[name] = value;
    EXPECT_FALSE(verify_dock_statement(bad)) << name << " " << to_json(value);
  }
  for (const Json& other : {Json(), Json(1), Json("dock"), Json(Json::Array{good})})
    EXPECT_FALSE(verify_dock_statement(other)) << to_json(other);
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
      {"bytes", 4},  {"device", test_id(0xd2)},    {"ledger", "vectors.example/other"}, {"sha256", hex(Bytes(32, 7))},
      {"n", 1},      {"type", "recording.viewed"}, {"chain_starts_at", "cloud"},        {"chain_starts_at", 1},
      {"bytes", -1}, {"received_at", ""},          {"recorded_at", "yesterday"},        {"group", "x"},
      {"dock", "x"}, {"dock", Json::Object{}},
  };
  for (const auto& [name, value] : changes) {
    Json bad = good;
    (*bad.object())[name] = value;
    EXPECT_FALSE(parse_admission(bad)) << name << " " << canonical(value);
  }
  for (const char* name : {"bytes", "chain_starts_at", "device", "n", "received_at", "sha256", "type"}) {
    Json bad = good;
    bad.object()->erase(name);
    EXPECT_FALSE(parse_admission(bad)) << name;
  }
  EXPECT_FALSE(parse_admission(Json()));

  // A device that only the event names is a difference too.
  Json unnamed = dock_statement();
  unnamed.object()->erase("device");
  Json without = good;
  (*without.object())["dock"] = sign_dock_statement(unnamed, test_key(0xd0));
  EXPECT_FALSE(parse_admission(without));
  without.object()->erase("device");
  EXPECT_TRUE(parse_admission(without));
}

TEST(Admission, SaysWhereItsChainStarts) {
  for (const char* start : {"camera", "dock", "server"}) {
    Json::Object event = admission_fields();
    event["chain_starts_at"] = start;
    event["n"] = 0;
    event["type"] = "recording.admitted";
    const auto admission = parse_admission(event);
    ASSERT_TRUE(admission) << start;
    EXPECT_EQ(admission->chain_starts_at, start);
    EXPECT_EQ(admission->bytes, kTestFile.size());
    EXPECT_FALSE(admission->dock);
  }
}

}  // namespace
}  // namespace lapel::proof
