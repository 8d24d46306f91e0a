// SPDX-License-Identifier: Apache-2.0
#include "lapel/remote.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "http/tus_client.h"
#include "lapel/remote_client.h"
#include "lapel/sending.h"
#include "os/disk.h"
#include "proof/entry.h"
#include "proof/receipt.h"

namespace lapel::door {
namespace {

constexpr int kSealPause_ms = 20;
constexpr int kSealPauseMax_ms = 1'000;
constexpr int kSealWaitMax_ms = 3'600'000;
constexpr int kExportPause_ms = 500;
constexpr int kExportPausesMax = 2 * 60 * 60 * 24 * 2;  // two of the longest beats

std::string reading_body(const ReadingTerms& terms) {
  Json::Object body = {{"purpose", terms.purpose}};
  if (!terms.case_number.empty()) body.emplace("case", terms.case_number);
  if (!terms.warrant.empty()) body.emplace("warrant", terms.warrant);
  if (!terms.inside_home.empty()) body.emplace("inside_home", terms.inside_home == "yes");
  if (!terms.despite_quarantine.empty()) body.emplace("despite_quarantine", terms.despite_quarantine);
  return to_json(Json(std::move(body)));
}

struct FileFacts {
  Digest sha256{};
  std::uint64_t bytes = 0;
};

Result<std::optional<proof::VerifierKey>> parse_key(const std::string& vkey) {
  if (vkey.empty()) return std::optional<proof::VerifierKey>();
  auto log = proof::VerifierKey::parse(vkey);
  if (!log) return fail(Code::kInvalid, "--key is not a verifier key: <origin>+<id>+<key>");
  return std::optional(*std::move(log));
}

// The digest and length that the admission in a receipt names. Without a key the receipt is no more than the server's
// word, and what it opens is all that is read.
Result<FileFacts> admitted_facts(std::string_view text, const std::string& id,
                                 const std::optional<proof::VerifierKey>& log) {
  const auto receipt = proof::Receipt::parse(text);
  const Json* event = receipt ? receipt->extra.find("event") : nullptr;
  const auto admission = event ? proof::parse_admission(*event) : std::nullopt;
  if (!admission) return fail(problems::kProofInvalid, "The receipt discloses no admission", id);
  const std::string* subject = event->find_string("subject");
  if (!subject || *subject != id) return fail(problems::kProofInvalid, "The receipt is of another recording", id);
  if (log) {
    const auto verified = proof::verify_admission(text, {*log, {}}, admission->sha256, admission->bytes);
    if (!verified) return fail(problems::kProofInvalid, verified.error().reason, id);
  }
  return FileFacts{admission->sha256, admission->bytes};
}

// What the server shows of a recording has to be what was sealed, or nothing is fetched.
Result<void> compare_shown(const Json& recording, const FileFacts& admitted) {
  const std::int64_t* bytes = recording.find_integer("bytes");
  if (!bytes || *bytes < 0) return fail(Code::kUnavailable, "The server's answer has no \"bytes\"");
  const std::string sha256 = TRY(text_member(recording, "sha256"));
  if (sha256 != hex(admitted.sha256)) {
    return fail(problems::kProofInvalid, fmt::format("The server shows SHA-256 {}; what was sealed says {}",
                                                     printable(sha256), hex(admitted.sha256)));
  }
  if (static_cast<std::uint64_t>(*bytes) != admitted.bytes) {
    return fail(problems::kProofInvalid,
                fmt::format("The server shows {} bytes; what was sealed says {}", *bytes, admitted.bytes));
  }
  return {};
}

// Original bytes into a new file, compared with those that were admitted. What fails leaves no file.
Result<void> download(Remote& remote, const FileFacts& admitted, const std::string& url, const os::Path& out) {
  const auto disk = os::real_disk();
  const auto file = TRY(disk->open(out, os::OpenMode::kCreate));
  auto done = [&]() -> Result<void> {
    crypto::Sha256 hash;
    while (hash.bytes() < admitted.bytes) {
      const std::uint64_t last = std::min(hash.bytes() + kPieceBytes, admitted.bytes) - 1;
      const std::string piece = TRY(remote.get(url, fmt::format("bytes={}-{}", hash.bytes(), last)));
      if (piece.size() != last - hash.bytes() + 1)
        return fail(Code::kUnavailable, "The server sent another piece than was asked for");
      TRY(file->write_at(hash.bytes(), as_bytes(piece)));
      hash.update(as_bytes(piece));
    }
    if (hash.finish() != admitted.sha256)
      return fail(problems::kProofInvalid, "The bytes received are not those that were sealed", out.string());
    TRY(file->sync_data());
    return disk->sync_directory(out.has_parent_path() ? out.parent_path() : ".");
  }();
  if (!done) (void)disk->remove(out);
  return done;
}

// ---- uploading ----

Result<FileFacts> read_facts(const std::string& file) {
  const auto source = TRY(os::real_disk()->open(file, os::OpenMode::kRead));
  crypto::Sha256 hash;
  Bytes buffer(limits::kMiB);
  while (const std::size_t count = TRY(source->read_at(hash.bytes(), buffer)))
    hash.update(ByteView(buffer).first(count));
  const std::uint64_t bytes = hash.bytes();
  return FileFacts{hash.finish(), bytes};
}

Result<RecordingId> wait_sealed(http::TusClient& tus, const UploadId& upload) {
  int pause_ms = kSealPause_ms;
  for (int waited_ms = 0; waited_ms < kSealWaitMax_ms; waited_ms += pause_ms) {
    const auto state = tus.state(upload);
    // Sealing goes on without this program, so a server that is away for a while is waited for.
    if (!state && state.error().code() != Code::kUnavailable) return fail(state.error());
    if (state && state->is == http::UploadState::Is::kSealed) return *state->recording;
    if (state && state->is == http::UploadState::Is::kRefused) {
      return fail(Code::kConflict, fmt::format("The server refused the file once it was whole: {}", state->reason));
    }
    ::poll(nullptr, 0, pause_ms);
    pause_ms = std::min(2 * pause_ms, kSealPauseMax_ms);
  }
  return fail(Code::kUnavailable, "The server has received the file and has not sealed it yet; it goes on without you",
              upload.text());
}

std::string upload_metadata(const std::string& file, const FileFacts& facts, const UploadTerms& terms) {
  std::vector<std::pair<std::string_view, std::string>> pairs = {{"filename", os::Path(file).filename().string()},
                                                                 {"sha256", hex(facts.sha256)}};
  for (const auto& [key, value] : {std::pair("recorded_at", terms.recorded_at), std::pair("device", terms.device),
                                   std::pair("wearer", terms.wearer), std::pair("incident", terms.incident),
                                   std::pair("category", terms.category), std::pair("group", terms.group)}) {
    if (!value.empty()) pairs.emplace_back(key, value);
  }
  return http::tus_metadata(pairs);
}

void print_recording(const Json& recording) {
  const auto text = [&](std::string_view name) -> std::string {
    const Json* member = recording.find(name);
    if (!member || member->is_null()) return "-";
    return member->string() ? printable(*member->string()) : to_json(*member);
  };
  fmt::print("{}  {}  {:>12}  {:<8}  {}\n", text("id"),
             text("recorded_at") == "-" ? text("received_at") : text("recorded_at"), text("bytes"), text("state"),
             text("filename"));
}

}  // namespace

Result<void> run_recording_upload(const RemoteOptions& options, const std::vector<std::string>& files,
                                  const UploadTerms& terms, const std::string& vkey, bool as_json) {
  const auto log = TRY(parse_key(vkey));
  Remote remote = TRY(Remote::open(options));
  http::TusClient tus([&remote](http::ClientRequest request) { return remote.ask(std::move(request)); });
  for (const std::string& file : files) {
    const FileFacts facts = TRY(read_facts(file));
    const auto source = TRY(os::real_disk()->open(file, os::OpenMode::kRead));
    const UploadId upload = TRY(tus.create(facts.bytes, upload_metadata(file, facts, terms)));
    TRY(send_all(tus, upload, file, {facts.bytes, [&](std::uint64_t at, std::span<std::uint8_t> out) {
                                       return source->read_at(at, out);
                                     }}));
    const RecordingId recording = TRY(wait_sealed(tus, upload));
    if (log) {
      const std::string receipt = TRY(remote.get(TRY(recording_path(recording.text())) + "/receipt"));
      const auto verified = proof::verify_admission(receipt, {*log, {}}, facts.sha256, facts.bytes);
      if (!verified) return fail(problems::kProofInvalid, verified.error().reason, file);
    }
    if (as_json) {
      fmt::print("{}\n", to_json(Json(Json::Object{{"file", file},
                                                   {"recording", recording.text()},
                                                   {"sha256", hex(facts.sha256)},
                                                   {"bytes", facts.bytes},
                                                   {"state", "sealed"},
                                                   {"verified", log.has_value()}})));
    } else {
      fmt::print("{}  sealed{}  {}\n", recording.text(), log ? " and verified" : "", printable(file));
    }
    std::fflush(stdout);  // one line a file, when it is so: whoever reads may be waiting for it
  }
  return {};
}

Result<void> run_recording_custody(const RemoteOptions& options, const std::string& id, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json page = TRY(remote.get_json(TRY(recording_path(id)) + "/custody"));
  if (as_json) {
    fmt::print("{}\n", to_json(page));
    return {};
  }
  const Json* items = page.find("items");
  if (!items || !items->array()) return fail(http::nonsense("it has no \"items\""));
  for (const Json& item : *items->array()) {
    const std::int64_t* n = item.find_integer("n");
    const std::string *at = item.find_string("at"), *type = item.find_string("type"),
                      *actor = item.find_string("actor_name");
    if (!n || !at || !type) return fail(http::nonsense("an event has no number, time or type"));
    const Json* event = item.find("event");
    const std::string* purpose = event ? event->find_string("purpose") : nullptr;
    fmt::print("{:>4}  {}  {:<22} {}{}\n", *n, printable(*at), printable(*type), actor ? printable(*actor) : "-",
               purpose ? " for " + printable(*purpose) : "");
  }
  return {};
}

Result<void> run_recording_list(const RemoteOptions& options, const RecordingQuery& query, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  std::string target = fmt::format("/api/v1/recordings?limit={}", query.limit);
  for (const auto& [name, value] :
       {std::pair("q", query.text), std::pair("officer", query.officer), std::pair("device", query.device),
        std::pair("category", query.category), std::pair("incident", query.incident), std::pair("from", query.from),
        std::pair("to", query.to), std::pair("unattributed", std::string(query.is_unattributed ? "true" : ""))}) {
    if (!value.empty()) target += fmt::format("&{}={}", name, url_encoded(value));
  }
  const Json page = TRY(remote.get_json(target));
  if (as_json) {
    fmt::print("{}\n", to_json(page));
    return {};
  }
  const Json* items = page.find("items");
  if (items && items->array()) {
    for (const Json& recording : *items->array()) print_recording(recording);
  }
  const std::string* next = page.find_string("next");
  if (next) fmt::print(stderr, "There are more; narrow the search or raise --limit.\n");
  return {};
}

Result<void> run_recording_show(const RemoteOptions& options, const std::string& id, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json recording = TRY(remote.get_json(TRY(recording_path(id))));
  if (as_json) {
    fmt::print("{}\n", to_json(recording));
    return {};
  }
  for (const auto& [name, value] : *recording.object()) {
    if (!value.is_null()) fmt::print("{:<18} {}\n", name, value.string() ? printable(*value.string()) : to_json(value));
  }
  return {};
}

Result<void> run_recording_get(const RemoteOptions& options, const std::string& id, const ReadingTerms& terms,
                               const std::string& out, const std::string& vkey) {
  const auto log = TRY(parse_key(vkey));
  Remote remote = TRY(Remote::open(options));
  const std::string path = TRY(recording_path(id));
  const FileFacts admitted = TRY(admitted_facts(TRY(remote.get(path + "/receipt")), id, log));
  TRY(compare_shown(TRY(remote.get_json(path)), admitted));
  const Json view = TRY(remote.post_json(path + "/views", reading_body(terms)));
  TRY(download(remote, admitted, TRY(text_member(view, "original")), out));
  fmt::print(stderr, "Wrote {}; the view is on record.\n", out);
  if (!log) {
    fmt::print(stderr,
               "The bytes are those that the server's receipt names. No --key was given, so the receipt itself was not "
               "verified.\n");
  }
  return {};
}

Result<void> run_recording_verify(const RemoteOptions& options, const std::string& id, const std::string& file,
                                  const std::string& vkey) {
  const auto log = proof::VerifierKey::parse(vkey);
  if (!log) return fail(Code::kInvalid, "--key is not a verifier key: <origin>+<id>+<key>");
  Remote remote = TRY(Remote::open(options));
  const std::string receipt = TRY(remote.get(TRY(recording_path(id)) + "/receipt"));
  const FileFacts facts = TRY(read_facts(file));
  const auto verified = proof::verify_admission(receipt, {*log, {}}, facts.sha256, facts.bytes);
  if (!verified) return fail(problems::kProofInvalid, verified.error().reason, id);
  const std::string* subject = verified->event.find_string("subject");
  if (!subject || *subject != id) return fail(problems::kProofInvalid, "The receipt is of another recording", id);
  fmt::print("verified: {} is recording {}, sealed at leaf {} of {}\n", file, id, verified->index,
             verified->checkpoint.origin);
  return {};
}

namespace {

// Whether a server's name of a file stays below the directory that it is put into, on every filesystem.
bool is_inside(std::string_view name) {
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") !=
      std::string_view::npos)
    return false;
  const os::Path relative(name);
  return !relative.empty() && relative.is_relative() && relative.has_filename() &&
         std::none_of(relative.begin(), relative.end(),
                      [](const os::Path& part) { return part == "." || part == ".."; });
}

}  // namespace

Result<void> run_recording_export(const RemoteOptions& options, const std::string& id, const ReadingTerms& terms,
                                  const std::string& out) {
  Remote remote = TRY(Remote::open(options));
  const auto disk = os::real_disk();
  const os::Path home = out;
  if (disk->stat(home))
    return fail(Code::kConflict, "The output is there already; an export goes into a new directory", out);
  const std::string path = TRY(recording_path(id));
  const Json recording = TRY(remote.get_json(path));
  const Json opened = TRY(remote.post_json(path + "/exports", reading_body(terms)));
  const std::string files_url = TRY(text_member(opened, "files"));
  fmt::print(stderr, "Sealed. An export carries a published checkpoint: waiting for the next beat.\n");
  Json body;
  for (int pauses = 0;; ++pauses) {
    auto answer = remote.get_json(files_url);
    if (answer) {
      body = *std::move(answer);
      break;
    }
    if (answer.error().problem != &problems::kNotSealed || pauses == kExportPausesMax)
      return fail(std::move(answer).error());
    ::poll(nullptr, 0, kExportPause_ms);
  }
  const Json* files = body.find("files");
  if (!files || !files->object()) return fail(Code::kUnavailable, "The server's answer has no \"files\"");
  for (const auto& [name, text] : *files->object()) {
    if (!is_inside(name) || !text.string())
      return fail(Code::kUnavailable, "The server names a file that is none of an export; nothing was written",
                  printable(name));
  }
  for (const auto& [name, text] : *files->object()) {
    TRY(os::make_directories(*disk, (home / name).parent_path()));
    TRY(os::write_new_file(*disk, home / name, as_bytes(*text.string())));
  }
  const Json* admission = files->find(fmt::format("subjects/{}/0.tlog-proof", id));
  if (!admission) return fail(problems::kProofInvalid, "The export has no receipt of the admission", id);
  const FileFacts admitted = TRY(admitted_facts(*admission->string(), id, std::nullopt));
  TRY(compare_shown(recording, admitted));
  TRY(os::make_directories(*disk, home / "originals"));
  TRY(download(remote, admitted, TRY(text_member(opened, "original")), home / "originals" / id));
  fmt::print(stderr, "Wrote {}. Check it with: lapel-verify --key VKEY {}\n", out, out);
  return {};
}

}  // namespace lapel::door
