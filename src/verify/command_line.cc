// SPDX-License-Identifier: Apache-2.0
#include "verify/command_line.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "crypto/ed25519.h"
#include "proof/extension.h"
#include "proof/package.h"
#include "proof/receipt.h"
#include "proof/tree.h"
#include "verify/camera_files.h"
#include "verify/paths.h"

namespace lapel::verify {
namespace {

constexpr int kVerified = 0;
constexpr int kUnreadable = 1;
constexpr int kUsage = 2;
constexpr int kNotVerified = 6;
constexpr std::size_t kProofBytesMax = 2 * proof::kNoteBytesMax;  // a checkpoint and the path before it

// Wrapped where a terminal of 80 columns would.
constexpr const char* kPaths =
    R"(PATH is one of
  a receipt (.tlog-proof) and the file that it is for, in either order
  a receipt of another event or statement, alone
  a directory with a custody export
  two signed checkpoints of one ledger: is one the other's contradiction?
  a checkpoint and a consistency proof to a larger one ("old SIZE", hashes,
  empty line, checkpoint)
  with --camera-key: footage and state logs of one lapel-camera, any number

The key comes from a source other than these files: the agency's policy, a court
filing, a newspaper, a witness. It looks like  host/agency+0123abcd+A...
A camera's key is 64 hex digits, of the agency's list of its devices.
)";

constexpr std::string_view kKeyMissing =
    R"(lapel-verify: --key VKEY is missing. A key that travels with the evidence proves nothing: whoever
forged the one could forge the other. Take the ledger's key from the agency's published policy, a court
filing, or a witness that watches this ledger, and give it with --key. What a lapel-camera signed is
verified by the camera's key, from the agency's list of its devices: --camera-key. Nothing was verified.
)";

enum class Output { kSentences, kJson };

// What is printed at the end, in either form.
struct Report {
  int exit = kNotVerified;
  std::string summary;
  std::vector<std::string> lines;
  Json::Object json;
};

Json::Object checkpoint_json(const proof::Checkpoint& checkpoint) {
  return {{"origin", checkpoint.origin}, {"root", base64(checkpoint.root)}, {"size", checkpoint.size}};
}

// A moment in whole seconds; the latest that has a text stands for all after it.
std::string second_text(std::int64_t time_s) {
  constexpr std::int64_t kLast_s = 253'402'300'799;  // 9999-12-31T23:59:59Z
  return ledger_time(Timestamp{std::min(time_s, kLast_s) * 1'000'000}).substr(0, 19) + "Z";
}

// "Sealed" or "final", by whom; and whether every witness that was asked for is there.
void say_witnesses(Report& report, const std::vector<proof::Cosignature>& cosignatures, bool is_final,
                   const proof::Trust& trust) {
  Json::Array list;
  for (const proof::Cosignature& cosignature : cosignatures) {
    report.lines.push_back(fmt::format("Cosigned by {} at {}.", cosignature.witness, second_text(cosignature.time_s)));
    list.emplace_back(Json::Object{{"time", cosignature.time_s}, {"witness", cosignature.witness}});
  }
  report.json["cosignatures"] = std::move(list);
  report.json["standing"] = is_final ? "final" : "sealed";
  if (is_final) {
    report.lines.push_back("Final: the ledger's key and every witness you gave have signed.");
  } else if (trust.witnesses.empty()) {
    report.lines.push_back(fmt::format(
        "Sealed by {}: its key has signed. You gave no --witness, so that the ledger shows everyone the same "
        "history was not checked.",
        trust.log.name));
  } else {
    report.exit = kNotVerified;
    report.summary = "NOT VERIFIED: sealed, but not cosigned by every witness you gave.";
    report.lines.push_back(fmt::format("Sealed by {}, not final: {} of {} witnesses have cosigned.", trust.log.name,
                                       cosignatures.size(), trust.witnesses.size()));
  }
}

void say_event(Report& report, const proof::VerifiedReceipt& receipt) {
  const Json& event = receipt.event;
  report.lines.push_back(fmt::format("What: {}, event {} of {}.", *event.find_string("type"), *event.find_integer("n"),
                                     *event.find_string("subject")));
  report.lines.push_back(fmt::format("When: {} by the server's clock.", *event.find_string("at")));
  report.lines.push_back(fmt::format("Who: {} (a custody export gives the name).", *event.find_string("actor")));
  if (const auto admission = proof::parse_admission(event)) {
    report.lines.push_back(fmt::format("The chain starts at the {}.", admission->chain_starts_at));
    if (admission->dock) {
      report.lines.push_back(fmt::format("Signed by a dock at {}, key {}. Whose dock that is, a custody export shows.",
                                         *admission->dock->find_string("at"), *admission->dock->find_string("key")));
    }
  }
}

Result<Report> verify_receipt_paths(const std::string& receipt_path, const std::string* file_path,
                                    const proof::Trust& trust) {
  Report report;
  const auto text = TRY(read_text(receipt_path, proof::kReceiptBytesMax));
  const auto receipt = proof::verify_receipt(text.value_or(""), trust);
  if (!receipt) {
    report.summary = fmt::format("NOT VERIFIED: {}.", receipt.error().reason);
    return report;
  }
  if (file_path) {
    const FileDigest file = TRY(hash_file(*file_path));
    const auto admission = proof::verify_admission(*text, trust, file.sha256, file.bytes);
    if (!admission) {
      report.summary = fmt::format("NOT VERIFIED: {}.", admission.error().reason);
      return report;
    }
    report.summary = "VERIFIED: this very file was admitted to the ledger and is unaltered since.";
    report.json["sha256"] = hex(file.sha256);
    report.json["bytes"] = file.bytes;
  } else if (proof::parse_admission(receipt->event)) {
    report.exit = kUsage;
    report.summary = "The receipt is for a file: give the file too. Nothing was verified.";
    return report;
  } else {
    report.summary = receipt->event.is_null() ? "VERIFIED: this statement stands in the ledger."
                                              : "VERIFIED: this event stands in the ledger.";
  }
  report.exit = kVerified;
  if (receipt->event.is_null()) {
    report.lines.push_back(fmt::format("What: {}.", canonical(receipt->statement)));
    report.json["statement"] = receipt->statement;
    if (!receipt->head.is_null()) report.json["head"] = receipt->head;
  } else {
    say_event(report, *receipt);
    report.json["event"] = receipt->event;
  }
  report.lines.push_back(fmt::format("Where: entry {} of {}, size {}.", receipt->index, receipt->checkpoint.origin,
                                     receipt->checkpoint.size));
  report.json["index"] = receipt->index;
  report.json["checkpoint"] = checkpoint_json(receipt->checkpoint);
  say_witnesses(report, receipt->cosignatures, receipt->is_final, trust);
  report.lines.push_back("Completeness not proven: one receipt says nothing of other events or other recordings.");
  report.json["completeness"] = "not proven";
  return report;
}

Result<Report> verify_export_path(const std::string& path, const proof::Trust& trust) {
  const proof::ExportVerdict verdict = TRY(proof::verify_export(DirectoryFiles(path), trust));
  Report report;
  report.exit = verdict.holds() ? kVerified : kNotVerified;
  // A package that has lost its footage is sound in what is left, and its first line must not read as if it were whole.
  const auto without =
      std::count_if(verdict.findings.begin(), verdict.findings.end(), [](const proof::Finding& finding) {
        return finding.kind == proof::Finding::Kind::kNote && finding.text == proof::kOriginalMissing;
      });
  if (!verdict.holds()) {
    report.summary = "NOT VERIFIED: the export does not hold.";
  } else if (without > 0) {
    const std::string_view noun = without == 1 ? "recording" : "recordings";
    report.summary = fmt::format(
        "VERIFIED WITHOUT FOOTAGE: every receipt agrees with the ledger, and the original of {} {} is not "
        "in this export.",
        without, noun);
  } else {
    report.summary = "VERIFIED: every receipt and every file of this export agrees with the ledger.";
  }
  Json::Array rows;
  for (const proof::ExportRow& row : verdict.rows) {
    Json::Object json{{"actor", row.actor.text()},     {"at", row.at},    {"index", row.index}, {"n", row.n},
                      {"subject", row.subject.text()}, {"type", row.type}};
    std::string actor = row.actor.text();
    if (!row.actor_name.empty()) {
      actor = row.actor_name;
      json.emplace("actor_name", actor);
    }
    report.lines.push_back(fmt::format("{}  {} of {}  by {}", row.at, row.type, row.subject.text(), actor));
    rows.emplace_back(std::move(json));
  }
  Json::Array findings;
  for (const proof::Finding& finding : verdict.findings) {
    const std::string_view kind = finding.kind == proof::Finding::Kind::kOk        ? "ok"
                                  : finding.kind == proof::Finding::Kind::kRefused ? "refused"
                                                                                   : "note";
    report.lines.push_back(
        fmt::format("{:<7}  {}{}{}", kind, finding.where, finding.where.empty() ? "" : ": ", finding.text));
    findings.emplace_back(Json::Object{{"kind", kind}, {"text", finding.text}, {"where", finding.where}});
  }
  report.json["rows"] = std::move(rows);
  report.json["findings"] = std::move(findings);
  report.json["completeness"] = "not proven";
  if (verdict.holds()) {
    report.json["checkpoint"] = checkpoint_json(verdict.checkpoint);
    say_witnesses(report, verdict.cosignatures, verdict.is_final, trust);
  }
  return report;
}

Result<tl::expected<proof::CheckedCheckpoint, proof::NoteFailure>> check_file(const std::string& path,
                                                                              const proof::Trust& trust) {
  const auto text = TRY(read_text(path, proof::kNoteBytesMax));
  return proof::check_checkpoint(text.value_or(""), trust.log, trust.witnesses);
}

Result<Report> verify_checkpoints(const std::vector<std::string>& paths, const proof::Trust& trust) {
  Report report;
  std::vector<proof::CheckedCheckpoint> checked;
  for (const std::string& path : paths) {
    auto one = TRY(check_file(path, trust));
    if (!one) {
      report.summary = fmt::format("NOT VERIFIED: {}: {}.", path, one.error().reason);
      return report;
    }
    report.lines.push_back(
        fmt::format("{}: size {}, root {}.", path, one->checkpoint.size, base64(one->checkpoint.root)));
    checked.push_back(*std::move(one));
  }
  const proof::Checkpoint& a = checked[0].checkpoint;
  const proof::Checkpoint& b = checked[1].checkpoint;
  report.json["checkpoints"] = Json::Array{checkpoint_json(a), checkpoint_json(b)};
  if (a == b) {
    report.exit = kVerified;
    report.summary = "VERIFIED: both checkpoints show the same ledger.";
  } else if (a.size == b.size) {
    report.exit = kNotVerified;
    report.summary = fmt::format(
        "CONTRADICTION: {} has signed two histories of the same size. Keep both files: together they convict "
        "whoever "
        "holds its key.",
        a.origin);
    report.json["contradiction"] = true;
  } else {
    report.exit = kUsage;
    report.summary =
        "Undecided: both are signed, and their sizes differ. That the larger extends the smaller, or does "
        "not, cannot be "
        "told from these two files: give the smaller one and a consistency proof to the larger.";
  }
  return report;
}

Result<Report> verify_consistency_path(const std::string& checkpoint_path, const std::string& proof_path,
                                       const proof::Trust& trust) {
  Report report;
  const auto text = TRY(read_text(proof_path, kProofBytesMax));
  const auto proof = proof::ExtensionProof::parse(text.value_or(""));
  if (!proof) {
    report.summary = fmt::format("NOT VERIFIED: {} is no consistency proof.", proof_path);
    return report;
  }
  const auto small = TRY(check_file(checkpoint_path, trust));
  const auto large = proof::check_checkpoint(proof->checkpoint, trust.log, trust.witnesses);
  if (!small || !large) {
    report.summary = fmt::format("NOT VERIFIED: {}: {}.", small ? proof_path : checkpoint_path,
                                 (small ? large : small).error().reason);
    return report;
  }
  const proof::Checkpoint& a = small->checkpoint;
  const proof::Checkpoint& b = large->checkpoint;
  report.json["checkpoints"] = Json::Array{checkpoint_json(a), checkpoint_json(b)};
  if (proof->old_size == a.size && proof::verify_consistency(a.size, b.size, proof->path, a.root, b.root)) {
    report.exit = kVerified;
    report.summary = fmt::format("VERIFIED: the ledger of size {} extends the one of size {}.", b.size, a.size);
  } else {
    report.summary = fmt::format(
        "NOT VERIFIED: the proof does not show that size {} extends size {}. A false proof alone convicts "
        "nobody: ask the ledger or a witness for another.",
        b.size, a.size);
  }
  return report;
}

// Picks what to do by what the paths are. nullopt: no such combination.
Result<std::optional<Report>> dispatch(const std::vector<std::string>& paths, const proof::Trust& trust) {
  std::vector<PathKind> kinds;
  for (const std::string& path : paths) kinds.push_back(TRY(classify(path)));
  const auto is = [&](std::initializer_list<PathKind> wanted) {
    return std::equal(kinds.begin(), kinds.end(), wanted.begin(), wanted.end());
  };
  if (is({PathKind::kDirectory})) return verify_export_path(paths[0], trust);
  if (is({PathKind::kReceipt})) return verify_receipt_paths(paths[0], nullptr, trust);
  if (is({PathKind::kCheckpoint, PathKind::kCheckpoint})) return verify_checkpoints(paths, trust);
  if (is({PathKind::kCheckpoint, PathKind::kConsistency})) return verify_consistency_path(paths[0], paths[1], trust);
  if (is({PathKind::kConsistency, PathKind::kCheckpoint})) return verify_consistency_path(paths[1], paths[0], trust);
  // Whatever else stands beside a receipt is its file, even one that looks like a checkpoint.
  const bool first_is_receipt = kinds[0] == PathKind::kReceipt;
  if (paths.size() != 2 || first_is_receipt == (kinds[1] == PathKind::kReceipt)) return std::nullopt;
  const std::size_t file = first_is_receipt ? 1 : 0;
  if (kinds[file] == PathKind::kDirectory) return std::nullopt;
  return verify_receipt_paths(paths[1 - file], &paths[file], trust);
}

// Names and types are whatever somebody logged. Control characters, and those that turn the direction of
// writing, are shown as their code: evidence must not write its own verdict on a terminal.
std::string harmless(std::string line) {
  const std::size_t end = line.size();
  line.append(2, '\0');  // what the end cuts short is none of these characters
  std::string out;
  for (std::size_t i = 0; i < end; ++i) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(line[i + k]); };
    if (byte(0) < 0x20 || byte(0) == 0x7f) {
      out += fmt::format("<U+{:04X}>", byte(0));
    } else if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) {
      out += fmt::format("<U+{:04X}>", byte(1));
      i += 1;
    } else if (byte(0) == 0xe2 && ((byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||
                                   (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9))) {
      out += fmt::format("<U+{:04X}>", 0x2000 + (byte(1) - 0x80) * 0x40 + (byte(2) - 0x80));
      i += 2;
    } else {
      out += line[i];
    }
  }
  return out;
}

int print(Report report, Output output) {
  if (output == Output::kJson) {
    report.json["verified"] = report.exit == kVerified;
    report.json["summary"] = report.summary;
    fmt::print("{}\n", to_json(std::move(report.json)));
  } else {
    fmt::print("{}\n", harmless(report.summary));
    for (const std::string& line : report.lines) fmt::print("  {}\n", harmless(line));
  }
  return std::fflush(stdout) == 0 ? report.exit : kUnreadable;
}

class CommandLine final : public Program {
 public:
  CommandLine() : app_("Lapel: says offline whether evidence is what a ledger says it is", "lapel-verify") {
    // Each of these takes one word: what follows it is a path.
    app_.add_option("--key", keys_, "The ledger's key, from elsewhere than these files")
        ->type_name("VKEY")
        ->allow_extra_args(false);
    app_.add_option("--witness", witnesses_,
                    "A witness that you trust; given again for each. All of them must have cosigned a receipt or an "
                    "export for it to be verified; without one, it is verified as sealed by the ledger alone")
        ->type_name("VKEY")
        ->allow_extra_args(false);
    app_.add_option("--camera-key", camera_key_,
                    "The public key of a lapel-camera, from elsewhere than these files: its footage and logs are "
                    "verified by it")
        ->type_name("HEX");
    app_.add_flag("--json", is_json_, "Print one JSON object instead of sentences");
    app_.add_option("PATH", paths_, "What to verify")->type_name("FILE");
    app_.footer(kPaths);
  }

  const CLI::App& app() const override { return app_; }

  int run(int argc, char** argv) override {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      fmt::print("{}", app_.help());
      return kVerified;
    } catch (const CLI::ParseError& error) {
      return usage(error.what());
    }
    if (paths_.empty()) return usage("nothing to verify");
    if (!camera_key_.empty()) return run_camera();
    if (keys_.empty()) {
      fmt::print(stderr, "{}", kKeyMissing);
      return kUsage;
    }
    if (keys_.size() > 1) return usage("--key is given twice");

    const auto log = proof::VerifierKey::parse(keys_[0]);
    if (!log || log->type != proof::KeyType::kLog) return usage("--key is not the key of a ledger");
    proof::Trust trust{*log, {}};
    for (const std::string& text : witnesses_) {
      const auto witness = proof::VerifierKey::parse(text);
      if (!witness || witness->type != proof::KeyType::kWitness) return usage(text + " is not the key of a witness");
      for (const proof::VerifierKey& other : trust.witnesses) {
        if (other.key == witness->key) return usage(text + " is the same key as " + other.text());
      }
      if (witness->key == log->key) return usage(text + " is the ledger's own key: it is no witness of itself");
      trust.witnesses.push_back(*witness);
    }

    const auto report = dispatch(paths_, trust);
    if (!report) {
      fmt::print(stderr, "lapel-verify: {}. Nothing was verified.\n", harmless(report.error().text()));
      return kUnreadable;
    }
    if (!*report) return usage("these paths do not go together");
    return print(**report, is_json_ ? Output::kJson : Output::kSentences);
  }

  ProgramNotes notes() const override;

 private:
  int run_camera() const {
    if (!keys_.empty() || !witnesses_.empty()) {
      return usage(
          "--camera-key is for what a camera signed, --key for what a ledger did: ask for one after the other");
    }
    const auto key = parse_hex_array<32>(camera_key_);
    if (!key || !crypto::is_public_key(*key)) return usage("--camera-key is not the public key of a camera");
    auto done = verify_camera_files(paths_, *key);
    if (!done) {
      fmt::print(stderr, "lapel-verify: {}. Nothing was verified.\n", harmless(done.error().text()));
      return kUnreadable;
    }
    return print({done->is_verified ? kVerified : kNotVerified, std::move(done->summary), std::move(done->lines),
                  std::move(done->json)},
                 is_json_ ? Output::kJson : Output::kSentences);
  }

  int usage(std::string problem) const {
    fmt::print(stderr, "lapel-verify: {}\n{}", harmless(std::move(problem)), app_.help());
    return kUsage;
  }

  CLI::App app_;
  std::vector<std::string> keys_, witnesses_, paths_;
  std::string camera_key_;
  bool is_json_ = false;
};

ProgramNotes CommandLine::notes() const {
  return {
      "says offline whether evidence is what a ledger says it is",
      "Reads files, does arithmetic, and says what follows. It opens no socket and believes no key that its user did "
      "not give: a key that travels with the evidence proves nothing.",
      {
          {kVerified, "verified"},
          {kUnreadable, "a file could not be read"},
          {kUsage, "the command line is not valid, or these paths do not go together; nothing was verified"},
          {kNotVerified, "not verified"},
      },
      {},
      {"lapel", "lapel-camera", "lapel-dock"},
  };
}

}  // namespace

std::unique_ptr<Program> command_line() {
  return std::make_unique<CommandLine>();
}

}  // namespace lapel::verify
