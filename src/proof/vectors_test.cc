// SPDX-License-Identifier: Apache-2.0
// Attacks on receipts and checkpoints, each with its verdict.
#include <string_view>
#include <tuple>

#include "proof/vectors_for_tests.h"

namespace lapel::proof {
namespace {

const std::string kOfficer = test_id(0xa1);
constexpr std::string_view kAdmittedAt = "2022-12-02T06:12:07.41Z";

// The same signature with S + L for S: RFC 8032 requires S < L.
Bytes malleated(Bytes signature) {
  static constexpr std::uint8_t kOrder[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                              0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                              0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + kOrder[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return signature;
}

// Genesis, the admission of "abc" at leaf 1, a view at leaf 2, four leaves that disclose nothing.
struct SmallLedger {
  LedgerForTests ledger;
  ChainForTests chain{ledger, 0x11};
  std::uint64_t admitted = 0;
  std::uint64_t viewed = 0;

  explicit SmallLedger(Json::Object fields = admission_fields(), std::string_view at = kAdmittedAt) {
    admitted = chain.add(chain.next("recording.admitted", kOfficer, at, std::move(fields)));
    viewed = chain.add(chain.next("recording.viewed", kOfficer, "2022-12-02T06:12:31.00Z", {{"purpose", "review"}}));
    for (std::uint8_t i = 0; i < 4; ++i) ledger.add(private_entry(padding({}, i)), "");
  }
  std::string receipt() const { return ledger.receipt(admitted, ledger.finished()); }
};

// A receipt of one event of any text in a ledger that swallows everything.
std::string receipt_of_text(const std::string& event) {
  LedgerForTests ledger;
  const Salt salt = event_salt({}, 0);
  const auto index = ledger.add_event_text(event, salt);
  ledger.add(private_entry(padding({}, 0)), "");
  return ledger.receipt(index, ledger.finished());
}
std::string receipt_of(const Json& event) {
  return receipt_of_text(canonical(event));
}
std::string receipt_of_statement(const Json::Object& statement, std::uint64_t leaves_before = 0) {
  LedgerForTests ledger;
  for (std::uint64_t i = 0; i < leaves_before; ++i) ledger.add(private_entry(padding({}, i)), "");
  const std::string entry = canonical(Json::Object{{"statement", statement}, {"v", 1}});
  const auto index = ledger.add(entry, canonical(disclose_statement(statement)));
  ledger.add(private_entry(padding({}, 99)), "");
  return ledger.receipt(index, ledger.finished());
}

std::vector<Vector> receipt_vectors() {
  std::vector<Vector> out;
  const auto accept = [&](std::string name, std::string why, std::string bytes, std::optional<std::string> file = {}) {
    out.push_back({std::move(name), true, std::move(why), std::move(bytes), std::move(file), {}, {}});
  };
  const auto refuse = [&](std::string name, std::string why, std::string bytes, std::optional<std::string> file = {}) {
    out.push_back({std::move(name), false, std::move(why), std::move(bytes), std::move(file), {}, {}});
  };

  const SmallLedger small;
  const LedgerForTests& ledger = small.ledger;
  const std::string good = small.receipt();
  const std::string note = ledger.finished();
  const std::string& extra = ledger.extra(small.admitted);
  const std::string text = ledger.checkpoint().text();
  const auto with_extra = [&](const std::string& changed) { return ledger.receipt(small.admitted, note, changed); };
  const std::string unknown = signature_line(test_vkey("unknown.example/w", KeyType::kWitness, 9), Bytes(72, 7));

  accept("admission final", "every witness has cosigned", good, kTestFile);
  accept("admission sealed", "the log's signature is enough to be sealed", ledger.receipt(1, ledger.sealed()),
         kTestFile);
  accept("admission cosigned by one of two", "sealed, and not final",
         ledger.receipt(1, ledger.sealed() + cosignature_of(1, text)), kTestFile);
  accept("event without its file", "an event is proven alone", good);
  accept("view", "n = 1 with prev", ledger.receipt(small.viewed, note));
  accept("genesis", "leaf 0", ledger.receipt(0, note));
  accept("unknown signer", "unknown signature lines are ignored", good + unknown, kTestFile);
  accept("known name with another key id", "not the known key: ignored",
         good + signature_line(test_vkey("one.example/w", KeyType::kWitness, 9), Bytes(72, 7)), kTestFile);
  {
    LedgerForTests one;
    accept("tree of one leaf", "the path is empty", one.receipt(0, one.finished()));
    Json event = small.chain.next("recording.viewed", kOfficer, kAdmittedAt, {{"camera_said", Json::Object{{"x", 1}}}});
    accept("unknown event fields", "kept and hashed", receipt_of(event));
    (*event.object())["note"] = "Zo\u00eb \U0001F600 \u2028 \"\\\n\u007f";
    accept("unicode in an event", "well-formed UTF-8, never normalized", receipt_of(event));
    accept("dock statement", "signed by the key it names", SmallLedger(dock_admission_fields()).receipt(), kTestFile);
    accept("at is 300 seconds after the witness", "the limit itself",
           SmallLedger(admission_fields(), "2022-12-02T06:18:20.00Z").receipt(), kTestFile);
    accept("statement after rotation", "ledger.key",
           receipt_of_statement({{"key", test_vkey(kTestOrigin, KeyType::kLog, 7).text()},
                                 {"ledger", kTestOrigin},
                                 {"type", "ledger.key"}}));
  }

  // The file.
  refuse("another file of the same length", "SHA-256 differs", good, "abd");
  refuse("file truncated", "length differs", good, "ab");
  refuse("file extended", "length differs", good, "abcd");
  refuse("empty file", "length differs", good, "");
  refuse("a view is no admission", "type is not the one asked for", ledger.receipt(small.viewed, note), kTestFile);
  refuse("a statement is no admission", "type is not the one asked for", ledger.receipt(0, note), kTestFile);

  // The text.
  refuse("empty", "no receipt", "");
  refuse("header only", "no receipt", std::string(kReceiptHeader) + "\n");
  refuse("header of another version", "unknown format", replaced(good, "@v1", "@v2"));
  refuse("space after the header", "one text for one receipt", replaced(good, "@v1\n", "@v1 \n"));
  refuse("byte order mark", "one text for one receipt", "\xef\xbb\xbf" + good);
  refuse("CRLF everywhere", "lines end in LF", [&] {
    std::string crlf;
    for (const char c : good) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    return crlf;
  }());
  refuse("CRLF after index", "lines end in LF", replaced(good, "index 1\n", "index 1\r\n"));
  refuse("no extra", "nothing is disclosed", replaced(good, "extra " + base64(as_bytes(extra)) + "\n", ""));
  refuse("extra twice", "one extra", replaced(good, "index ", "extra e30=\nindex "));
  refuse("extra empty", "nothing is disclosed", replaced(good, base64(as_bytes(extra)), ""));
  refuse("extra after index", "the order is fixed",
         replaced(replaced(good, "extra " + base64(as_bytes(extra)) + "\n", ""), "index 1\n",
                  "index 1\nextra " + base64(as_bytes(extra)) + "\n"));
  refuse("extra in URL alphabet", "standard base64", [&] {
    std::string line = base64(as_bytes(extra));
    line[10] = '-';
    return replaced(good, base64(as_bytes(extra)), line);
  }());
  refuse("index with a leading zero", "odd decimal", replaced(good, "index 1", "index 01"));
  refuse("index with a plus", "odd decimal", replaced(good, "index 1", "index +1"));
  refuse("index negative", "odd decimal", replaced(good, "index 1", "index -1"));
  refuse("index with a space", "odd decimal", replaced(good, "index 1", "index  1"));
  refuse("index hexadecimal", "odd decimal", replaced(good, "index 1", "index 0x1"));
  refuse("index 2^64 + 1", "does not wrap around", replaced(good, "index 1", "index 18446744073709551617"));
  refuse("index 2^63", "beyond any size", replaced(good, "index 1", "index 9223372036854775808"));
  refuse("index missing", "a line is missing", replaced(good, "index 1\n", ""));
  refuse("index of a neighbor", "the path does not lead there", replaced(good, "index 1", "index 2"));
  refuse("index 0 for an event", "the path does not lead there", replaced(good, "index 1", "index 0"));
  refuse("index equal to the size", "no such leaf", replaced(good, "index 1", "index 7"));

  // The path.
  const std::size_t path_at = good.find("index 1\n") + 8;
  const std::size_t path_line = 45;
  const std::size_t path_end = good.find("\n\n") + 1;
  const auto edited_path = [&](auto edit) {
    std::string path = good.substr(path_at, path_end - path_at);
    edit(path);
    return good.substr(0, path_at) + path + good.substr(path_end);
  };
  refuse("path reversed", "order", edited_path([&](std::string& p) {
           p = p.substr(2 * path_line) + p.substr(path_line, path_line) + p.substr(0, path_line);
         }));
  refuse("path without its first node", "length", edited_path([&](std::string& p) { p.erase(0, path_line); }));
  refuse("path without its last node", "length", edited_path([&](std::string& p) { p.erase(2 * path_line); }));
  refuse("path empty", "length", edited_path([](std::string& p) { p.clear(); }));
  refuse("path doubled", "length", edited_path([](std::string& p) { p += p; }));
  refuse("path with a node too many", "length", edited_path([](std::string& p) { p += base64(Bytes(32, 0)) + "\n"; }));
  refuse("path of 64 nodes", "length", edited_path([](std::string& p) {
           while (p.size() < 64 * path_line) p += base64(Bytes(32, 0)) + "\n";
         }));
  refuse("path node of 31 bytes", "no digest",
         edited_path([](std::string& p) { p.replace(0, 44, base64(Bytes(31, 1))); }));
  refuse("path node without padding", "base64 that does not re-encode to itself",
         edited_path([](std::string& p) { p.erase(43, 1); }));
  refuse("path node with idle bits", "base64 that does not re-encode to itself", edited_path([](std::string& p) {
           const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
           p[42] = digits[digits.find(p[42]) | 1];
         }));
  refuse("path node with a space", "one text for one receipt", edited_path([](std::string& p) { p.insert(0, " "); }));
  refuse("empty line within the path", "the checkpoint begins there",
         edited_path([&](std::string& p) { p.insert(path_line, "\n"); }));
  refuse("no empty line before the checkpoint", "form", replaced(good, "\n\n" + kTestOrigin, "\n" + kTestOrigin));
  refuse("two empty lines before the checkpoint", "form", replaced(good, "\n\n" + kTestOrigin, "\n\n\n" + kTestOrigin));

  // The checkpoint and its signatures.
  refuse("no checkpoint", "form", good.substr(0, path_end + 1));
  refuse("no signature", "at least the log's", ledger.receipt(1, text + "\n"));
  refuse("witness signatures only", "at least the log's",
         ledger.receipt(1, text + "\n" + cosignature_of(0, text) + cosignature_of(1, text)));
  refuse("bytes left over", "no bytes left over", good + "x");
  refuse("an empty line left over", "no bytes left over", good + "\n");
  refuse("a NUL left over", "no bytes left over", good + '\0');
  refuse("last newline missing", "form", good.substr(0, good.size() - 1));
  {
    LedgerForTests other("vectors.example/other");
    Json event = small.chain.next("recording.viewed", kOfficer, kAdmittedAt);
    (*event.object())["ledger"] = "vectors.example/other";
    (*event.object())["n"] = 0;
    event.object()->erase("prev");
    const auto index = other.add_event(event, Salt{});
    refuse("another ledger", "its origin is not the key's name", other.receipt(index, other.sealed()));
    refuse("an event of another ledger", "ledger is not the origin", receipt_of(event));
    const Checkpoint checkpoint = ledger.checkpoint();
    const VerifierKey renamed = test_vkey("vectors.example/other", KeyType::kLog, kTestLogSeed);
    refuse("signature under another name", "not the log's line",
           ledger.receipt(1, text + "\n" + signature_line(renamed, test_key(kTestLogSeed).sign(as_bytes(text)))));
    refuse("signed by another key with the log's key id", "a key id is no key",
           ledger.receipt(1, text + "\n" + signature_line(test_log_key(), test_key(9).sign(as_bytes(text)))));
    refuse("signed by another key", "nobody knows it", ledger.receipt(1, sign_checkpoint(checkpoint, test_key(9))));
    refuse("log signature with S + L", "RFC 8032: S < L", [&] {
      const auto signature = test_key(kTestLogSeed).sign(as_bytes(text));
      return ledger.receipt(
          1, text + "\n" + signature_line(test_log_key(), malleated({signature.begin(), signature.end()})));
    }());
    refuse("a good and a bad signature of the log", "a known key's signature must hold",
           good + signature_line(test_log_key(), Bytes(64, 1)));
    refuse("bad cosignature of a known witness", "a known key's signature must hold",
           ledger.receipt(1, ledger.sealed() + signature_line(test_witnesses()[0], Bytes(72, 1))));
    refuse("cosignature without its time", "a known key's signature must hold",
           ledger.receipt(1, ledger.sealed() + signature_line(test_witnesses()[0],
                                                              test_key(kTestWitnessSeed[0]).sign(as_bytes(text)))));
    refuse("cosignature of another size", "it is of another checkpoint",
           ledger.receipt(
               1, ledger.sealed() + [&] {
                 Checkpoint larger = checkpoint;
                 larger.size += 1;
                 return cosignature_of(0, larger.text());
               }()));
    Checkpoint changed = checkpoint;
    changed.size = 9;
    refuse("signed, but of another size", "the path has another length",
           ledger.receipt(1, sign_checkpoint(changed, test_key(kTestLogSeed))));
    changed = checkpoint;
    changed.root[0] ^= 1;
    refuse("signed, but another root", "the path leads elsewhere",
           ledger.receipt(1, sign_checkpoint(changed, test_key(kTestLogSeed))));
  }
  refuse("at is later than the witness by 300.01 seconds", "at <= earliest cosignature + 300 s",
         SmallLedger(admission_fields(), "2022-12-02T06:18:20.01Z").receipt());
  refuse("at is later than the earlier of two witnesses", "the earliest valid cosignature counts", [&] {
    const SmallLedger late(admission_fields(), "2022-12-02T06:18:20.00Z");
    const std::string late_text = late.ledger.checkpoint().text();
    return late.ledger.receipt(
        1, late.ledger.sealed() + cosignature_of(0, late_text) + cosignature_of(1, late_text, kTestWitness_s - 1));
  }());

  // What is disclosed. The ledger's leaf is of exactly this text unless said otherwise.
  refuse("another salt", "the commitment is another",
         with_extra(replaced(extra, base64(small.chain.salt(0)), base64(small.chain.salt(1)))));
  refuse("a field changed", "the commitment is another", with_extra(replaced(extra, R"("bytes":3)", R"("bytes":4)")));
  refuse("an unknown field added", "the commitment is another",
         with_extra(replaced(extra, R"("bytes":3)", R"("bytes":3,"case":"1")")));
  refuse("salt of 31 bytes", "exactly 32",
         with_extra(replaced(extra, base64(small.chain.salt(0)), base64(Bytes(31, 1)))));
  refuse("salt missing", "extra has two members", with_extra(R"({"event":{}})"));
  refuse("unknown field of extra", "refused", with_extra(replaced(extra, R"("salt")", R"("a":1,"salt")")));
  refuse("members of extra out of order", "RFC 8785", with_extra([&] {
           const std::string salt = R"("salt":")" + base64(small.chain.salt(0)) + "\"";
           return "{" + salt + "," + extra.substr(1, extra.size() - salt.size() - 3) + "}";
         }()));
  refuse("white space in extra", "RFC 8785", with_extra(replaced(extra, R"("salt":)", R"("salt": )")));
  refuse("newline after extra's JSON", "RFC 8785", with_extra(extra + "\n"));
  refuse("event and statement at once", "one of the two",
         with_extra(replaced(extra, R"("salt")", R"("salt":"","statement")")));
  refuse("a statement for a private leaf", "another entry",
         with_extra(R"({"statement":{"ledger":")" + kTestOrigin +
                    R"(","policy":"quorum none\n","type":"ledger.policy"}})"));
  const std::string event = canonical(small.chain.next("recording.viewed", kOfficer, kAdmittedAt, {{"x", 1}}));
  accept("the event that the next ones spoil", "as a control", receipt_of_text(event));
  const std::tuple<const char*, const char*, std::string, std::string> spoiled[] = {
      {"event with a float", "integers only", R"("x":1)", R"("x":1.0)"},
      {"event with an exponent", "integers only", R"("x":1)", R"("x":1e0)"},
      {"event with a minus", "integers from 0", R"("x":1)", R"("x":-1)"},
      {"event with minus zero", "integers from 0", R"("x":1)", R"("x":-0)"},
      {"event with a leading zero", "no JSON", R"("x":1)", R"("x":01)"},
      {"event with 2^53", "integers to 2^53-1", R"("x":1)", R"("x":9007199254740992)"},
      {"event with null", "unknown value = field absent", R"("x":1)", R"("x":null)"},
      {"event with a duplicate key", "no duplicate key", R"("x":1)", R"("x":1,"x":1)"},
      {"event with keys out of order", "RFC 8785", R"("x":1)", R"("x":1,"w":1)"},
      {"event with a key in capitals", "[a-z][a-z0-9_.]*", R"("x":1)", R"("xY":1)"},
      {"event with an escaped key", "RFC 8785", R"("x":1)", R"("\u0078":1)"},
      {"event with a needless escape", "RFC 8785", R"("x":1)", R"("x":"\u0041")"},
      {"event with an escaped solidus", "RFC 8785", R"("x":1)", R"("x":"\/")"},
      {"event with a lone surrogate", "well-formed UTF-8", R"("x":1)", "\"x\":\"\xed\xa0\x80\""},
      {"event with overlong UTF-8", "well-formed UTF-8", R"("x":1)", "\"x\":\"\xc0\xaf\""},
      {"event with a raw control character", "RFC 8785", R"("x":1)", "\"x\":\"\t\""},
      {"event with white space", "RFC 8785", R"("x":1)", R"("x": 1)"},
      {"event six levels deep", "depth <= 4", R"("x":1)", R"("x":{"a":{"b":{"c":{"d":1}}}})"},
      {"event without actor", "every event has one", R"("actor":")" + kOfficer + R"(",)", ""},
      {"event with an actor that is no id", "32 lower-case hex", kOfficer, "somebody"},
      {"event without at", "every event has one", R"("at":")" + std::string(kAdmittedAt) + R"(",)", ""},
      {"event without ledger", "every event has one", R"("ledger":")" + kTestOrigin + R"(",)", ""},
      {"event without type", "every event has one", R"("type":"recording.viewed",)", ""},
      {"event without prev at n = 2", "absent only when n = 0", R"("prev":)", R"("prew":)"},
      {"event with prev at n = 0", "absent when n = 0", R"("n":2)", R"("n":0)"},
      {"event with n as text", "an integer", R"("n":2)", R"("n":"2")"},
      {"at in milliseconds", "23 characters", "07.41Z", "07.410Z"},
      {"at without fraction", "23 characters", "07.41Z", "07Z"},
      {"at with an offset", "UTC", "07.41Z", "07.41+00:00"},
      {"at with second 60", "no second 60", "07.41Z", "60.41Z"},
      {"at on February 30", "no such day", "2022-12-02", "2022-02-30"},
  };
  for (const auto& [name, why, from, to] : spoiled) refuse(name, why, receipt_of_text(replaced(event, from, to)));

  // Admissions and docks.
  const auto admission = [&](auto edit, std::string_view type = "recording.admitted") {
    Json::Object fields = dock_admission_fields();
    edit(fields);
    LedgerForTests fresh;
    ChainForTests chain(fresh, 0x11);
    const auto index = chain.add(chain.next(type, kOfficer, kAdmittedAt, std::move(fields)));
    return fresh.receipt(index, fresh.finished());
  };
  refuse("admission without sha256", "every admission has one", admission([](auto& f) {
           f.erase("sha256");
           f.erase("dock");
         }));
  refuse("admission with SHA-256 in capitals", "lower-case hex", admission([](auto& f) {
           f["sha256"] = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
           f.erase("dock");
         }));
  refuse("admission without bytes", "every admission has one", admission([](auto& f) {
           f.erase("bytes");
           f.erase("dock");
         }));
  refuse("admission without received_at", "every admission has one",
         admission([](auto& f) { f.erase("received_at"); }));
  refuse("admission with an unknown start", "camera, dock or server",
         admission([](auto& f) { f["chain_starts_at"] = "cloud"; }));
  refuse("admission at n = 1", "recording.admitted is n = 0", [&] {
    LedgerForTests fresh;
    ChainForTests chain(fresh, 0x11);
    chain.add(chain.next("recording.viewed", kOfficer, kAdmittedAt));
    const auto index = chain.add(chain.next("recording.admitted", kOfficer, kAdmittedAt, admission_fields()));
    return fresh.receipt(index, fresh.finished());
  }());
  refuse("another type with the file's hash", "type is not the one asked for",
         admission([](auto&) {}, "recording.copied"), kTestFile);
  refuse("dock signature wrong", "dock.sig must hold",
         admission([](auto& f) { (*f["dock"].object())["sig"] = base64(Bytes(64, 1)); }));
  refuse("dock signature with S + L", "RFC 8032: S < L", admission([](auto& f) {
           const auto sig = *parse_base64(*f["dock"].find_string("sig"));
           (*f["dock"].object())["sig"] = base64(malleated(sig));
         }));
  refuse("dock signature by another key", "by the key it names",
         admission([](auto& f) { (*f["dock"].object())["key"] = base64(test_key(0xd9).public_key()); }));
  refuse("dock statement changed", "dock.sig must hold",
         admission([](auto& f) { (*f["dock"].object())["at"] = "2022-12-02T05:00:00.00Z"; }));
  refuse("dock without sig", "a statement is signed", admission([](auto& f) { f["dock"].object()->erase("sig"); }));
  const auto other_dock = [](Json::Object& f, const char* name, const Json& value) {
    Json statement = f["dock"];
    statement.object()->erase("sig");
    (*statement.object())[name] = value;
    f["dock"] = sign_dock_statement(statement, test_key(0xd0));
  };
  refuse("dock is of another hash", "must equal the event's",
         admission([&](auto& f) { other_dock(f, "sha256", hex(Bytes(32, 1))); }));
  refuse("dock is of another length", "must equal the event's", admission([&](auto& f) { other_dock(f, "bytes", 4); }));
  refuse("dock is of another device", "must equal the event's",
         admission([&](auto& f) { other_dock(f, "device", test_id(0xd2)); }));
  refuse("dock is of another ledger", "must equal the event's",
         admission([&](auto& f) { other_dock(f, "ledger", "vectors.example/other"); }));

  // Statements.
  const Json::Object policy{{"ledger", kTestOrigin}, {"policy", "quorum none\n"}, {"type", "ledger.policy"}};
  accept("policy statement", "as a control", receipt_of_statement(policy));
  const auto statement = [&](auto edit) {
    Json::Object changed = policy;
    edit(changed);
    return receipt_of_statement(changed);
  };
  refuse("unknown field of a statement", "refused", statement([](auto& s) { s["x"] = 1; }));
  refuse("unknown statement type", "any other leaf is misbehavior",
         statement([](auto& s) { s["type"] = "ledger.other"; }));
  refuse("statement without its field", "fields of its type", statement([](auto& s) { s.erase("policy"); }));
  refuse("statement of another ledger", "ledger is not the origin",
         statement([](auto& s) { s["ledger"] = "vectors.example/other"; }));
  refuse("genesis at leaf 1", "leaf 0 and only there",
         receipt_of_statement(*parse_canonical(ledger.extra(0))->find("statement")->object()));
  accept("heads of an earlier size", "size <= its own index",
         receipt_of_statement(
             {{"ledger", kTestOrigin}, {"root", base64(Bytes(32, 1))}, {"size", 4}, {"type", "ledger.heads"}}, 3));
  refuse("heads of a later size", "size <= its own index",
         receipt_of_statement(
             {{"ledger", kTestOrigin}, {"root", base64(Bytes(32, 1))}, {"size", 5}, {"type", "ledger.heads"}}, 3));
  return out;
}

std::vector<Vector> checkpoint_vectors() {
  std::vector<Vector> out;
  const auto add = [&](bool is_good, std::string name, std::string why, std::string bytes) {
    out.push_back({std::move(name), is_good, std::move(why), std::move(bytes), {}, {}, {}});
  };
  const SmallLedger small;
  const Checkpoint checkpoint = small.ledger.checkpoint();
  const std::string text = checkpoint.text();
  const std::string sealed = small.ledger.sealed();
  const auto log = test_key(kTestLogSeed);
  // Any text, properly signed: only its form can be at fault.
  const auto sign = [&](const std::string& any) {
    return any + "\n" + signature_line(test_log_key(), log.sign(as_bytes(any)));
  };
  add(true, "sealed", "signed by the log", sealed);
  add(true, "final", "cosigned by both witnesses", small.ledger.finished());
  add(true, "empty tree", "size 0 and the root of nothing", sign(Checkpoint{kTestOrigin, 0, empty_root()}.text()));
  add(true, "largest size", "2^53-1",
      sign(Checkpoint{kTestOrigin, (std::uint64_t{1} << 53) - 1, checkpoint.root}.text()));
  add(false, "beyond the largest size", "2^53",
      sign(Checkpoint{kTestOrigin, std::uint64_t{1} << 53, checkpoint.root}.text()));
  add(true, "another history of the same size", "signed: with the one above, it convicts", [&] {
    Checkpoint other = checkpoint;
    other.root = leaf_hash(as_bytes("another history"));
    return sign(other.text());
  }());
  add(true, "sixteen signatures", "unknown ones are ignored", [&] {
    std::string note = sealed;
    for (std::uint8_t i = 0; i < 15; ++i) {
      note += signature_line(test_vkey(fmt::format("w{}.example/x", i), KeyType::kWitness, i), Bytes(72, i));
    }
    return note;
  }());
  add(true, "unknown signature before the log's", "the order of lines means nothing",
      text + "\n" + signature_line(test_vkey("a.example/x", KeyType::kLog, 9), Bytes(64, 1)) +
          sealed.substr(text.size() + 1));
  add(true, "unknown signature of another length", "post-quantum signatures are long",
      sealed + signature_line(test_vkey("a.example/x", KeyType::kLog, 9), Bytes(2428, 1)));

  const std::string size = fmt::format("\n{}\n", checkpoint.size);
  const std::string root = base64(checkpoint.root);
  const std::pair<const char*, std::string> texts[] = {
      {"size with a leading zero", replaced(text, size, "\n07\n")},
      {"size with a plus", replaced(text, size, "\n+7\n")},
      {"size negative", replaced(text, size, "\n-7\n")},
      {"size with a space before", replaced(text, size, "\n 7\n")},
      {"size with a space after", replaced(text, size, "\n7 \n")},
      {"size empty", replaced(text, size, "\n\n")},
      {"size hexadecimal", replaced(text, size, "\n0x7\n")},
      {"size with a fraction", replaced(text, size, "\n7.0\n")},
      {"size 2^63", replaced(text, size, "\n9223372036854775808\n")},
      {"size in other digits", replaced(text, size, "\n\u0667\n")},
      {"root without padding", replaced(text, root, root.substr(0, 43))},
      {"root of 31 bytes", replaced(text, root, base64(Bytes(31, 1)))},
      {"root of 33 bytes", replaced(text, root, base64(Bytes(33, 1)))},
      {"root in hex", replaced(text, root, hex(checkpoint.root))},
      {"root with idle bits", replaced(text, root, base64(Bytes(32, 0)).replace(42, 1, "B"))},
      {"root in URL alphabet", replaced(text, root, "-" + root.substr(1))},
      {"a fourth line", text + "extension\n"},
      {"two lines", kTestOrigin + "\n7\n"},
      {"one line", kTestOrigin + "\n"},
      {"empty line in front", "\n" + text},
      {"origin empty", replaced(text, kTestOrigin, "")},
      {"origin of another ledger", replaced(text, kTestOrigin, "vectors.example/other")},
      {"origin with a space after", replaced(text, kTestOrigin, kTestOrigin + " ")},
      {"origin in capitals", replaced(text, kTestOrigin, "VECTORS.example/ashfield")},
      {"origin with a slash after", replaced(text, kTestOrigin, kTestOrigin + "/")},
      {"CRLF", replaced(replaced(replaced(text, "\n", "\r\n"), size.substr(1), "7\r\n"), "=\n", "=\r\n")},
      {"tab", replaced(text, size, "\n7\t\n")},
      {"NUL", replaced(text, size, std::string("\n7\0\n", 4))},
  };
  for (const auto& [name, bad] : texts) add(false, name, "signed, but no checkpoint of three lines", sign(bad));

  const std::string line = sealed.substr(text.size() + 1);
  add(false, "empty", "no note", "");
  add(false, "text only", "not signed", text);
  add(false, "no signature line", "not signed", text + "\n");
  add(false, "no empty line", "form", text + line);
  add(false, "no newline at the end", "form", sealed.substr(0, sealed.size() - 1));
  add(false, "an empty line at the end", "form", sealed + "\n");
  add(false, "text after the signatures", "form", sealed + "hello\n");
  add(false, "hyphen for the dash", "form", replaced(sealed, "\u2014", "-"));
  add(false, "en dash for the dash", "form", replaced(sealed, "\u2014", "\u2013"));
  add(false, "two spaces after the dash", "form", replaced(sealed, "\u2014 ", "\u2014  "));
  add(false, "two spaces before the signature", "form",
      replaced(sealed, line, replaced(line, "ashfield ", "ashfield  ")));
  add(false, "a word after the signature", "form", replaced(sealed, line, replaced(line, "\n", " x\n")));
  add(false, "signature without padding", "base64 that does not re-encode to itself",
      sealed + "\u2014 a.example/x " + base64(Bytes(68, 1)).substr(0, 91) + "\n");
  add(false, "signature of four bytes", "a key id alone signs nothing",
      sealed + signature_line(test_vkey("a", KeyType::kLog, 9), {}));
  add(false, "unknown signer with a plus in the name", "key names have none",
      sealed + signature_line(test_vkey("a+b", KeyType::kLog, 9), Bytes(64, 1)));
  add(false, "invalid UTF-8 in a name", "a note is UTF-8",
      sealed + signature_line(test_vkey("a\xff", KeyType::kLog, 9), Bytes(64, 1)));
  add(false, "tab in a name", "no control characters",
      sealed + signature_line(test_vkey("a\tb", KeyType::kLog, 9), Bytes(64, 1)));
  add(false, "signature of another text", "does not hold",
      text + "\n" + signature_line(test_log_key(), log.sign(as_bytes(text + "x"))));
  add(false, "signature without the last newline", "does not hold",
      text + "\n" + signature_line(test_log_key(), log.sign(as_bytes(text.substr(0, text.size() - 1)))));
  add(false, "signature cut by a byte", "does not hold", [&] {
    const auto signature = log.sign(as_bytes(text));
    return text + "\n" + signature_line(test_log_key(), ByteView(signature).first(63));
  }());
  add(false, "signature longer by a byte", "does not hold", [&] {
    const auto signature = log.sign(as_bytes(text));
    Bytes longer(signature.begin(), signature.end());
    longer.push_back(0);
    return text + "\n" + signature_line(test_log_key(), longer);
  }());
  add(false, "signature with S + L", "RFC 8032: S < L", [&] {
    const auto signature = log.sign(as_bytes(text));
    return text + "\n" + signature_line(test_log_key(), malleated({signature.begin(), signature.end()}));
  }());
  add(false, "the log cosigns", "type 0x04 is no log signature",
      text + "\n" +
          cosignature(test_vkey(kTestOrigin, KeyType::kWitness, kTestLogSeed), kTestLogSeed, kTestWitness_s, text));
  add(false, "key id clash", "the id is the log's, the key is not",
      text + "\n" + signature_line(test_log_key(), test_key(9).sign(as_bytes(text))));
  add(false, "name clash", "the name is the log's, the key is not",
      text + "\n" + signature_line(test_vkey(kTestOrigin, KeyType::kLog, 9), test_key(9).sign(as_bytes(text))));
  add(false, "second signature of the log wrong", "a known key's signature must hold",
      sealed + signature_line(test_log_key(), Bytes(64, 0)));
  add(false, "cosignature with its time moved", "the time is signed", [&] {
    const auto note = Note::parse(sealed + cosignature_of(0, text));
    Bytes signature = note->signatures[1].signature;
    signature[7] ^= 1;
    return sealed + signature_line(test_witnesses()[0], signature);
  }());
  add(false, "cosignature of another witness", "a known key's signature must hold",
      sealed + cosignature(test_witnesses()[0], kTestWitnessSeed[1], kTestWitness_s, text));
  add(false, "cosignature of another ledger", "a known key's signature must hold",
      sealed + cosignature_of(0, Checkpoint{"vectors.example/other", checkpoint.size, checkpoint.root}.text()));
  return out;
}

TEST(Vectors, Receipts) {
  check_vectors("receipt", receipt_vectors());
}
TEST(Vectors, Checkpoints) {
  check_vectors("checkpoint", checkpoint_vectors());
}

}  // namespace
}  // namespace lapel::proof
