// SPDX-License-Identifier: Apache-2.0
// Questions for two verifiers that share no code, and the answers of the one in C++: test/soak/agree.py compares them with
// those of web/src/verify.
//
//   agree make SEED FIRST COUNT              a question a line, as `vectors.js --stdin` reads them
//   agree answer [PLANTED] SEED FIRST COUNT  what src/proof says of the same ones
//   agree judge                              what src/proof says of the questions on standard input
//
// Question `i` of a seed is the same in every run. Most are signed after they were changed, so that no signature stands
// before the reader that has to refuse. PLANTED makes this side read like a careless program would:
//   trailing  what follows the last line is dropped    crlf   lines may end in CR LF
//   member    members of extra may stand in any order  clock  nobody asks when a witness saw it
//   said      the index that is told is one too high
#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "crypto/sha256.h"
#include "proof/export_for_tests.h"
#include "proof/extension.h"
#include "proof/package.h"
#include "proof/receipt.h"
#include "proof/tree.h"
#include "test/soak/changes.h"

namespace lapel::proof {
namespace {

// ---- questions ----

Json::Array witness_texts() {
  Json::Array out;
  for (const VerifierKey& key : test_witnesses()) out.push_back(key.text());
  return out;
}
Json::Object question_of(bool with_witnesses) {
  return {{"key", test_log_key().text()}, {"witnesses", with_witnesses ? witness_texts() : Json::Array{}}};
}

Json base_event(Random& random, const ChainForTests& chain, const std::string& act) {
  const std::string officer = test_id(0xa1), admin = test_id(0xa0), at = "2022-12-02T06:12:07.41Z";
  const std::string from = "2022-12-02T06:00:00.00Z";
  const auto later = [&](Json event) {
    (*event.object())["n"] = 3;
    (*event.object())["prev"] = base64(Bytes(32, 9));
    return event;
  };
  switch (random.below(9)) {
    case 0:
    case 1: {
      Json::Object fields = random.one_in(3) ? admission_fields() : dock_admission_fields();
      if (random.one_in(2)) fields["act"] = act;
      if (random.one_in(3)) fields["recorded_at"] = from;
      if (random.one_in(3)) fields["group"] = test_id(0xee);
      return chain.next("recording.admitted", officer, at, std::move(fields));
    }
    case 2:
      return later(chain.next("recording.viewed", officer, at, {{"purpose", "review"}}));
    case 3:
      return chain.next("identity.bound", admin, at,
                        {{"badge", "1"}, {"from", from}, {"name", "Ada"}, {"serial", "X"}});
    case 4:
      return later(chain.next("device.offloaded", admin, at, {{"act", act}, {"recording", test_id(0x12)}}));
    case 5:
      return later(chain.next("dock.enrolled", admin, at, {{"key", base64(test_key(0xd0).public_key())}}));
    case 6:
      return later(chain.next("attempt", officer, at, {{"of", 2}}));
    case 7:
      return later(chain.next("recording.destroyed", officer, at, {{"certificate", "4711"}, {"first", 1}}));
    default:
      return later(
          chain.next("recording.viewed", officer, at, {{"actor_ledger", kOtherOrigin}, {"purpose", "review"}}));
  }
}

Json base_statement(Random& random, std::uint64_t index) {
  const std::string hash = base64(Bytes(32, 3));
  switch (random.below(8)) {
    case 0:
      return Json::Object{{"beat", 60},
                          {"floor", 4},
                          {"heads", 86'400},
                          {"key", test_log_key().text()},
                          {"ledger", kTestOrigin},
                          {"policy", "quorum none\n"},
                          {"previous", Json::Object{{"origin", kOtherOrigin}, {"root", hash}, {"size", 4}}},
                          {"recovery", test_vkey(kTestOrigin, KeyType::kLog, 8).text()},
                          {"type", "ledger.genesis"}};
    case 1:
      return Json::Object{
          {"key", test_vkey(kTestOrigin, KeyType::kLog, 7).text()}, {"ledger", kTestOrigin}, {"type", "ledger.key"}};
    case 2:
      return Json::Object{{"ledger", kTestOrigin}, {"policy", "quorum none\n"}, {"type", "ledger.policy"}};
    case 3:
      return Json::Object{{"counts", Json::Object{{"recording.viewed", 3}}},
                          {"from", "2022-12-01T00:00:00.00Z"},
                          {"ledger", kTestOrigin},
                          {"to", "2023-01-01T00:00:00.00Z"},
                          {"type", "ledger.tally"}};
    case 4:
      return Json::Object{{"ledger", kTestOrigin}, {"sha256", hex(Bytes(32, 4))}, {"type", "policy.adopted"}};
    case 5:
      return Json::Object{
          {"certificates", Json::Array{"4711", "4712"}}, {"ledger", kTestOrigin}, {"type", "evidence.destroyed"}};
    default:
      return Json::Object{{"ledger", kTestOrigin}, {"root", hash}, {"size", index}, {"type", "ledger.heads"}};
  }
}

// `extra` of a head proof over a snapshot of a few heads, and the root that its statement must have.
Json head_of(Random& random, std::uint64_t size, Digest& root) {
  std::vector<Digest> leaves;
  const std::uint64_t first = random.below(size);
  const Digest commitment = leaf_hash(as_bytes("commitment"));
  for (std::uint64_t i = 0; i < size; ++i) {
    Bytes entry(32, static_cast<std::uint8_t>(i));
    const auto n = big_endian_u64(7);
    entry.insert(entry.end(), n.begin(), n.end());
    entry.insert(entry.end(), commitment.begin(), commitment.end());
    leaves.push_back(leaf_hash(entry));
  }
  const NodeReader reader = [&](int level, std::uint64_t index) -> Result<Digest> {
    Frontier subtree;
    for (std::uint64_t i = 0; i < std::uint64_t{1} << level; ++i) subtree.append(leaves[(index << level) + i]);
    return subtree.root();
  };
  root = *tree_root(size, reader);
  Json::Array path;
  const std::vector<Digest> nodes = inclusion_path(first, size, reader).value();
  for (const Digest& node : nodes) path.push_back(base64(node));
  return Json::Object{{"blind", base64(Bytes(32, static_cast<std::uint8_t>(first)))},
                      {"commitment", base64(commitment)},
                      {"first", first},
                      {"n", 7},
                      {"path", std::move(path)}};
}

enum class Witnesses { kNone, kBoth };
std::string note_of(Random& random, const LedgerForTests& ledger, Witnesses witnesses) {
  if (witnesses == Witnesses::kNone) return ledger.sealed();
  const std::string text = ledger.checkpoint().text();
  std::string note = ledger.sealed() + cosignature_of(0, text);
  if (!random.one_in(3))
    note += cosignature_of(1, text, kTestWitness_s + static_cast<std::int64_t>(random.below(5)) - 2);
  return note;
}
void pad(Random& random, LedgerForTests& ledger, std::size_t most) {
  for (std::size_t i = random.below(most + 1); i > 0; --i)
    ledger.add(private_entry(padding({}, random.below(256))), "");
}

struct Asked {
  std::string kind;
  Json::Object question;
};

Asked ask_of_event(Random& random) {
  const Witnesses witnesses = random.one_in(6) ? Witnesses::kBoth : Witnesses::kNone;
  LedgerForTests ledger;
  pad(random, ledger, 3);
  const ChainForTests chain(ledger, 0x11);
  Json event = base_event(random, chain, test_id(0xac));
  const std::size_t way = random.below(10);
  if (way < 7) {
    for (std::size_t i = random.below(3); i > 0; --i) change(random, event);
    if (Json* dock = event.object() ? const_cast<Json*>(event.find("dock")) : nullptr;
        dock && dock->object() && random.one_in(3)) {
      // Changed, and signed again by whoever it now names: the dock's key, if that is still the one.
      dock->object()->erase("sig");
      change(random, *dock);
      if (dock->object() && is_canonical_value(*dock)) {
        const std::string message = "lapel-dock/v1\n" + canonical(*dock);
        (*dock->object())["sig"] =
            random.one_in(8) ? base64(signature_of_nobody()) : base64(test_key(0xd0).sign(as_bytes(message)));
      }
    }
  }
  std::string text = text_of(event);
  if (way == 7) scratch_some(random, text);
  const std::uint64_t index = ledger.add_event_text(text, Salt{});
  pad(random, ledger, 5);
  std::string extra = ledger.extra(index);
  if (way == 8) {
    Json disclosed = parse_json(extra).value();
    change(random, disclosed);
    extra = text_of(disclosed);
  }
  if (way == 9 && random.one_in(2)) {
    scratch_some(random, extra);
  } else if (way == 9) {
    extra = fmt::format(R"({{"salt":"{}","event":{}}})", base64(Salt{}), text);  // the other order
  }
  Asked out{"event", question_of(witnesses == Witnesses::kBoth)};
  out.question["receipt"] = base64(as_bytes(ledger.receipt(index, note_of(random, ledger, witnesses), extra)));
  if (random.one_in(4)) out.question["file"] = base64(as_bytes(random.one_in(6) ? std::string("abd") : kTestFile));
  return out;
}

Asked ask_of_statement(Random& random) {
  LedgerForTests ledger;
  pad(random, ledger, 4);
  const std::uint64_t index = ledger.checkpoint().size;
  Json statement = base_statement(random, index);
  Json disclosed = Json::Object{};
  if (*statement.find_string("type") == "ledger.heads" && random.one_in(2)) {
    Digest root;
    disclosed = Json::Object{{"head", head_of(random, index, root)}};
    (*statement.object())["root"] = base64(root);
  }
  for (std::size_t i = random.below(3); i > 0; --i) change(random, statement);
  (*disclosed.object())["statement"] = statement;
  if (random.one_in(6)) change(random, disclosed);
  std::string inner = text_of(statement);
  std::string extra = text_of(disclosed);
  if (random.one_in(10)) scratch_some(random, extra);
  const auto at = ledger.add(R"({"statement":)" + inner + R"(,"v":1})", extra);
  pad(random, ledger, 4);
  Asked out{"statement", question_of(false)};
  const std::uint64_t asked = random.one_in(12) ? 0 : at;
  out.question["receipt"] = base64(as_bytes(ledger.receipt(asked, ledger.sealed())));
  return out;
}

// Any bytes of a receipt that holds.
Asked ask_of_receipt(Random& random) {
  const bool with_witnesses = random.one_in(3);
  LedgerForTests ledger;
  pad(random, ledger, 3);
  ChainForTests chain(ledger, 0x11);
  const auto index =
      chain.add(chain.next("recording.admitted", test_id(0xa1), "2022-12-02T06:12:07.41Z", admission_fields()));
  pad(random, ledger, 6);
  std::string receipt =
      ledger.receipt(index, note_of(random, ledger, with_witnesses ? Witnesses::kBoth : Witnesses::kNone));
  if (!random.one_in(20)) scratch_some(random, receipt);
  Asked out{"receipt", question_of(with_witnesses)};
  out.question["receipt"] = base64(as_bytes(receipt));
  if (random.one_in(4)) out.question["file"] = base64(as_bytes(kTestFile));
  return out;
}

Asked ask_of_checkpoint(Random& random) {
  LedgerForTests ledger;
  pad(random, ledger, 3);
  std::string text = ledger.checkpoint().text();
  const bool with_witnesses = random.one_in(2);
  const bool is_signed_after = !random.one_in(3);
  if (is_signed_after && !random.one_in(10)) scratch_some(random, text);
  const auto& log = test_key(kTestLogSeed);
  std::string note = text + "\n" + signature_line(test_log_key(), log.sign(as_bytes(text)));
  if (random.one_in(2)) {
    static constexpr std::int64_t kTimes[] = {0, 1, kTestWitness_s, std::numeric_limits<std::int64_t>::max(), -1};
    for (std::size_t i = random.below(3); i > 0; --i)
      note += cosignature_of(random.below(2), text, kTimes[random.below(std::size(kTimes))]);
    for (std::size_t i = random.below(3); i > 0; --i)
      note += signature_line(test_vkey(random.any(words()), KeyType::kWitness, 9), Bytes(random.below(80), 7));
    if (random.one_in(20)) {
      for (int i = 0; i < 70; ++i)
        note += signature_line(test_vkey("many.example/w", KeyType::kWitness, 9), Bytes(72, 7));
    }
  }
  if (!is_signed_after) scratch_some(random, note);
  Asked out{"checkpoint", question_of(with_witnesses)};
  out.question["checkpoint"] = base64(as_bytes(note));
  return out;
}

Asked ask_of_export(Random& random) {
  const std::size_t way = random.below(8);
  const std::size_t changed_event = random.below(9);
  std::size_t seen = 0;
  ExportForTests world([&](const std::string&, Json& event) {
    const bool is_this = way < 5 && (seen++ == changed_event || random.one_in(12));
    if (!is_this) return;
    const Json before = event;
    for (std::size_t i = random.below(2); i < 2; ++i) change(random, event);
    if (!is_canonical_value(Json::Object{{"event", event}}) || !event.object()) event = before;
  });
  if (way == 5) {
    Json manifest = parse_json(world.files["manifest.json"]).value();
    for (std::size_t i = random.below(2); i < 2; ++i) change(random, manifest);
    world.files["manifest.json"] = text_of(manifest);
  } else if (way >= 6) {
    const auto any_file = [&] {
      return std::next(world.files.begin(), static_cast<std::ptrdiff_t>(random.below(world.files.size())));
    };
    for (std::size_t i = random.below(2); i < 2 && world.files.size() > 1; ++i) {
      switch (random.below(5)) {
        case 0:
          world.files.erase(any_file());
          break;
        case 1:
          any_file()->second = any_file()->second;
          break;
        case 2:
          world.files[any_file()->first + (random.one_in(2) ? "x" : "/0")] = any_file()->second;
          break;
        case 3:
          std::swap(any_file()->second, any_file()->second);
          break;
        default:
          scratch(random, any_file()->second);
      }
    }
  }
  // Rows that are not shown, subjects that are only named: the manifest says so, and nothing is wrong with its form.
  if (way < 4 && random.one_in(3)) {
    const std::vector<const ChainForTests*> chains = {&world.device, &world.dock, &world.officer, &world.admin,
                                                      &world.recording};
    const ChainForTests& chain = *random.any(chains);
    if (random.one_in(2)) world.subject(chain).role = ExportRole::kNamed;
    if (random.one_in(2) && !world.subject(chain).rows.empty()) {
      world.drop_row(chain, random.any(world.subject(chain).rows));
    } else {
      world.seal();
    }
  }
  Json::Object files;
  for (const auto& [path, bytes] : world.files) files[path] = base64(as_bytes(bytes));
  Asked out{"export", question_of(random.one_in(4))};
  out.question["files"] = std::move(files);
  return out;
}

LedgerForTests ledger_of_any(Random& random, std::uint64_t size) {
  LedgerForTests ledger;
  while (ledger.checkpoint().size < size) ledger.add(private_entry(padding({}, random.below(256))), "");
  return ledger;
}

// A tile or bundle of a small tree, of its own checkpoint or of one before or after it.
Asked ask_of_tile(Random& random) {
  LedgerForTests ledger = ledger_of_any(random, 1 + random.below(12));
  const LedgerForTests older = ledger;
  if (random.one_in(4)) pad(random, ledger, 3);
  const LedgerForTests& shown = random.one_in(4) ? older : ledger;
  const bool is_bundle = random.one_in(2);
  std::string path = tile_path({is_bundle ? -1 : 0, 0, static_cast<int>(shown.checkpoint().size)});
  std::string tile = is_bundle ? format_bundle(shown.entries()) : std::string();
  if (!is_bundle) {
    for (const Digest& leaf : shown.leaves()) tile += as_text(leaf);
  }
  if (random.one_in(3)) scratch_some(random, path);
  if (random.one_in(3)) scratch_some(random, tile);
  std::string note = ledger.sealed();
  if (random.one_in(8)) scratch_some(random, note);
  Asked out{"tile", question_of(false)};
  out.question["path"] = base64(as_bytes(path));
  out.question["tile"] = base64(as_bytes(tile));
  out.question["checkpoint"] = base64(as_bytes(note));
  return out;
}

// A consistency proof between two sizes of one history, now and then of two.
Asked ask_of_extension(Random& random) {
  LedgerForTests ledger = ledger_of_any(random, 1 + random.below(20));
  const LedgerForTests older = ledger;
  pad(random, ledger, 20);
  const std::uint64_t old_size =
      random.one_in(6) ? 1 + random.below(ledger.checkpoint().size) : older.checkpoint().size;
  ExtensionProof proof{old_size, ledger.path_from(old_size), ledger.sealed()};
  if (random.one_in(6) && !proof.path.empty()) std::swap(random.any_of(proof.path), random.any_of(proof.path));
  if (random.one_in(8) && !proof.path.empty()) proof.path.pop_back();
  if (random.one_in(8)) proof.path.push_back(leaf_hash({}));
  if (random.one_in(8)) proof.checkpoint = older.sealed();
  std::string text = proof.text();
  if (random.one_in(2)) scratch_some(random, text);
  Asked out{"extension", question_of(false)};
  out.question["checkpoint"] = base64(as_bytes(random.one_in(10) ? ledger.sealed() : older.sealed()));
  out.question["proof"] = base64(as_bytes(text));
  return out;
}

Json question(std::uint64_t seed, std::uint64_t number) {
  Random random(seed, number);
  const std::size_t way = random.below(100);
  Asked asked = way < 35   ? ask_of_event(random)
                : way < 55 ? ask_of_statement(random)
                : way < 80 ? ask_of_receipt(random)
                : way < 87 ? ask_of_checkpoint(random)
                : way < 92 ? ask_of_tile(random)
                : way < 97 ? ask_of_extension(random)
                           : ask_of_export(random);
  asked.question["id"] = number;
  asked.question["kind"] = asked.kind;
  return std::move(asked.question);
}

// ---- answers ----

struct Answer {
  bool accept = false;
  std::string why, said;
};

std::string bytes_of(const Json& question, std::string_view name) {
  return std::string(as_text(parse_base64(*question.find_string(name)).value()));
}

std::string checkpoint_said(const Checkpoint& checkpoint, const std::vector<Cosignature>& cosignatures, bool is_final) {
  std::string out = fmt::format("{} {} {}", is_final ? "final" : "sealed", checkpoint.size, base64(checkpoint.root));
  for (const Cosignature& each : cosignatures) out += fmt::format(" {}={}", each.witness, each.time_s);
  return out;
}

// Of a note that holds.
std::string note_said(const std::string& note, const Trust& trust) {
  const auto checked = check_checkpoint(note, trust.log, trust.witnesses).value();
  const bool is_final = !trust.witnesses.empty() && checked.cosignatures.size() == trust.witnesses.size();
  return checkpoint_said(checked.checkpoint, checked.cosignatures, is_final);
}

Answer answer_export(const Json& question, const Trust& trust) {
  MemoryFiles files;
  for (const auto& [path, content] : *question.find("files")->object())
    files.files[path] = as_text(parse_base64(*content.string()).value());
  const auto verdict = verify_export(files, trust);
  if (!verdict) return {false, verdict.error().text(), {}};
  Answer out{verdict->holds(), {}, {}};
  for (const Finding& finding : verdict->findings) {
    if (finding.kind == Finding::Kind::kRefused) out.why += finding.where + ": " + finding.text + " ";
  }
  if (!out.accept) return out;
  out.said = checkpoint_said(verdict->checkpoint, verdict->cosignatures, verdict->is_final);
  std::vector<std::string> rows;
  for (const ExportRow& row : verdict->rows) {
    const std::string path = export_receipt_path(row.subject, row.n);
    const Json event = *Receipt::parse(files.files[path])->extra.find("event");
    const std::string* home = event.find_string("actor_ledger");
    const std::string who = home ? fmt::format("{} of {}", row.actor.text(), *home) : row.actor_name;
    rows.push_back(fmt::format("{}: {} at {} by {}", path, row.type, row.at, who));
  }
  std::sort(rows.begin(), rows.end());
  for (const std::string& row : rows) out.said += "\n" + row;
  return out;
}

Answer answer(const Json& question, const std::string& planted) {
  Trust trust{VerifierKey::parse(*question.find_string("key")).value(), {}};
  for (const Json& witness : *question.find("witnesses")->array())
    trust.witnesses.push_back(VerifierKey::parse(*witness.string()).value());
  if (question.find("files")) return answer_export(question, trust);
  if (question.find("tile")) {
    const auto held = verify_only_tile(bytes_of(question, "path"), bytes_of(question, "tile"),
                                       bytes_of(question, "checkpoint"), trust);
    if (!held) return {false, held.error().reason, {}};
    return {true, {}, note_said(bytes_of(question, "checkpoint"), trust)};
  }
  if (question.find("proof")) {
    const std::string proof = bytes_of(question, "proof");
    const auto held = verify_extension(bytes_of(question, "checkpoint"), proof, trust);
    if (!held) return {false, held.error().reason, {}};
    return {true, {}, note_said(ExtensionProof::parse(proof)->checkpoint, trust)};
  }
  std::string bytes = bytes_of(question, question.find("receipt") ? "receipt" : "checkpoint");
  if (planted == "trailing") bytes.resize(bytes.rfind('\n') == bytes.npos ? bytes.size() : bytes.rfind('\n') + 1);
  if (planted == "crlf") std::erase(bytes, '\r');
  if (question.find("checkpoint")) {
    const auto checked = check_checkpoint(bytes, trust.log, trust.witnesses);
    if (!checked) return {false, checked.error().reason, {}};
    return {true, {}, note_said(bytes, trust)};
  }
  if (const std::size_t at = bytes.find("\nextra "); planted == "member" && at != bytes.npos) {
    const std::size_t begin = at + 7, end = std::min(bytes.find('\n', begin), bytes.size());
    const auto extra = parse_base64(std::string_view(bytes).substr(begin, end - begin));
    const auto json = extra ? parse_json(as_text(*extra)) : Result<Json>(Json());
    if (json && is_canonical_value(*json)) bytes.replace(begin, end - begin, base64(as_bytes(canonical(*json))));
  }
  if (planted == "clock") trust.witnesses.clear();
  tl::expected<VerifiedReceipt, Refusal> verified;
  if (question.find("file")) {
    const std::string file = bytes_of(question, "file");
    verified = verify_admission(bytes, trust, crypto::sha256(as_bytes(file)), file.size());
  } else {
    verified = verify_receipt(bytes, trust);
  }
  if (!verified) return {false, verified.error().reason, {}};
  Answer out{true, {}, checkpoint_said(verified->checkpoint, verified->cosignatures, verified->is_final)};
  out.said += fmt::format("\n{}", verified->index + (planted == "said" ? 1 : 0));
  if (!verified->event.is_null()) {
    out.said += fmt::format(" event {} {}", base64(verified->commitment), canonical(verified->event));
  } else {
    out.said += fmt::format(" {} {}", verified->head.is_null() ? "statement" : "head", canonical(verified->statement));
    if (const auto* n = verified->head.find_integer("n")) {
      out.said += fmt::format(" {} {} {}", *verified->head.find_integer("first"), *n,
                              *verified->head.find_string("commitment"));
    }
  }
  return out;
}

void print_answer(const Json& question, const std::string& planted) {
  const Answer given = answer(question, planted);
  Json::Object line{{"accept", given.accept}, {"why", given.why}, {"said", given.said}};
  if (const Json* id = question.find("id")) line["id"] = *id;
  if (const Json* kind = question.find("kind")) line["kind"] = *kind;
  std::puts(to_json(Json(std::move(line))).c_str());
}

int usage() {
  std::fputs("usage: agree make SEED FIRST COUNT | agree answer [PLANTED] SEED FIRST COUNT | agree judge [PLANTED]\n",
             stderr);
  return 2;
}

int run(std::vector<std::string> arguments) {
  if (arguments.empty()) return usage();
  const std::string verb = arguments[0];
  if (verb == "judge" && arguments.size() <= 2) {
    for (std::string line; std::getline(std::cin, line);)
      print_answer(parse_json(line, {.bytes_max = 64 << 20}).value(), arguments.size() == 2 ? arguments[1] : "");
    return 0;
  }
  std::string planted;
  if (verb == "answer" && arguments.size() == 5) {
    planted = arguments[1];
    arguments.erase(arguments.begin() + 1);
  }
  if ((verb != "make" && verb != "answer") || arguments.size() != 4) return usage();
  const auto seed = parse_decimal(arguments[1]), first = parse_decimal(arguments[2]),
             count = parse_decimal(arguments[3]);
  if (!seed || !first || !count) return usage();
  for (std::uint64_t number = *first; number < *first + *count; ++number) {
    const Json asked = question(*seed, number);
    if (verb == "make") {
      std::puts(to_json(asked).c_str());
    } else {
      print_answer(asked, planted);
    }
  }
  return 0;
}

}  // namespace
}  // namespace lapel::proof

int main(int argc, char** argv) {
  return lapel::proof::run({argv + 1, argv + argc});
}
