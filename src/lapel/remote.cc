// SPDX-License-Identifier: Apache-2.0
#include "lapel/remote.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/problems.h"
#include "crypto/sha256.h"
#include "http/client.h"
#include "os/disk.h"
#include "proof/receipt.h"

namespace lapel::door {
namespace {

constexpr std::uint64_t kPieceBytes = 8 * limits::kMiB;  // of an original, a request
constexpr int kExportPause_ms = 500;
constexpr int kExportPausesMax = 2 * 60 * 60 * 24 * 2;  // two of the longest beats

struct Answer {
  int status = 0;
  std::string body;
};

// Requests to one server as one person.
class Remote {
 public:
  static Result<Remote> open(const RemoteOptions& options) {
    Remote out;
    out.token_ = options.token;
    if (!options.token_file.empty()) {
      const Bytes bytes = TRY(os::read_file(*os::real_disk(), options.token_file, 4'096));
      const std::string_view text = as_text(bytes);
      out.token_ = text.substr(0, text.find_first_of("\r\n"));
    }
    if (out.token_.empty()) return fail(Code::kUnauthenticated, "No token: set LAPEL_TOKEN or give --token-file");
    http::ClientOptions client;
    client.base_url = options.server;
    client.answer_bytes_max = 2 * kPieceBytes;
    out.client_ = TRY(http::Client::open(std::move(client)));
    return out;
  }

  Result<Answer> ask(const std::string& method, const std::string& target, std::string body = {},
                     const std::string& range = {}) {
    http::ClientRequest request{method, target, {{"Authorization", "Bearer " + token_}}, std::move(body), std::nullopt};
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    if (!range.empty()) request.headers.emplace_back("Range", range);
    http::ClientAnswer answer = TRY(client_->send(request));
    return Answer{answer.status, std::move(answer.body)};
  }

  // The body of a success, or the server's problem as an error.
  Result<std::string> need(const std::string& method, const std::string& target, std::string body = {},
                           const std::string& range = {}) {
    Answer answer = TRY(ask(method, target, std::move(body), range));
    if (answer.status >= 200 && answer.status < 300) return std::move(answer.body);
    return fail(problem_of(answer));
  }
  Result<Json> need_json(const std::string& method, const std::string& target, std::string body = {}) {
    return parse_json(TRY(need(method, target, std::move(body))), {.bytes_max = 2 * kPieceBytes});
  }

  static Error problem_of(const Answer& answer) {
    const auto body = parse_json(answer.body);
    const std::string* slug = body ? body->find_string("type") : nullptr;
    const std::string* detail = body ? body->find_string("detail") : nullptr;
    const std::string message = detail ? *detail : fmt::format("The server answered {}", answer.status);
    for (const Problem* problem : problems::all_problems()) {
      if (slug && *slug == fmt::format("/problems/{}", problem->slug)) return {problem, message, {}};
    }
    return {&problems::kUnavailable, message, {}};
  }

 private:
  std::string token_;
  std::unique_ptr<http::Client> client_;
};

Result<std::string> text_member(const Json& body, std::string_view name) {
  const std::string* text = body.find_string(name);
  if (!text) return fail(Code::kUnavailable, fmt::format("The server's answer has no \"{}\"", name));
  return *text;
}

Result<std::string> recording_path(const std::string& id) {
  if (!RecordingId::parse(id)) return fail(Code::kInvalid, "A recording's id is 32 lower-case hex digits", id);
  return "/api/v1/recordings/" + id;
}

std::string reading_body(const ReadingTerms& terms) {
  Json::Object body = {{"purpose", terms.purpose}};
  if (!terms.case_number.empty()) body.emplace("case", terms.case_number);
  if (!terms.warrant.empty()) body.emplace("warrant", terms.warrant);
  return to_json(Json(std::move(body)));
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    if (is_plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// Original bytes into a new file, compared with the digest that the recording has. What fails leaves no file.
Result<void> download(Remote& remote, const Json& recording, const std::string& url, const os::Path& out) {
  const std::int64_t* bytes = recording.find_integer("bytes");
  if (!bytes || *bytes < 0) return fail(Code::kUnavailable, "The server's answer has no \"bytes\"");
  const std::string expected = TRY(text_member(recording, "sha256"));
  const auto disk = os::real_disk();
  const auto file = TRY(disk->open(out, os::OpenMode::kCreate));
  auto done = [&]() -> Result<void> {
    crypto::Sha256 hash;
    const auto total = static_cast<std::uint64_t>(*bytes);
    while (hash.bytes() < total) {
      const std::uint64_t last = std::min(hash.bytes() + kPieceBytes, total) - 1;
      const std::string piece = TRY(remote.need("GET", url, {}, fmt::format("bytes={}-{}", hash.bytes(), last)));
      if (piece.size() != last - hash.bytes() + 1)
        return fail(Code::kUnavailable, "The server sent another piece than was asked for");
      TRY(file->write_at(hash.bytes(), as_bytes(piece)));
      hash.update(as_bytes(piece));
    }
    if (hex(hash.finish()) != expected)
      return fail(problems::kProofInvalid, "The bytes received do not have the recording's SHA-256", out.string());
    TRY(file->sync_data());
    return disk->sync_directory(out.has_parent_path() ? out.parent_path() : ".");
  }();
  if (!done) (void)disk->remove(out);
  return done;
}

void print_recording(const Json& recording) {
  const auto text = [&](std::string_view name) -> std::string {
    const Json* member = recording.find(name);
    if (!member || member->is_null()) return "-";
    return member->string() ? *member->string() : to_json(*member);
  };
  fmt::print("{}  {}  {:>12}  {:<8}  {}\n", text("id"),
             text("recorded_at") == "-" ? text("received_at") : text("recorded_at"), text("bytes"), text("state"),
             text("filename"));
}

}  // namespace

Result<void> run_recording_list(const RemoteOptions& options, const RecordingQuery& query, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  std::string target = fmt::format("/api/v1/recordings?limit={}", query.limit);
  for (const auto& [name, value] :
       {std::pair("q", query.text), std::pair("officer", query.officer), std::pair("device", query.device),
        std::pair("category", query.category), std::pair("incident", query.incident), std::pair("from", query.from),
        std::pair("to", query.to)}) {
    if (!value.empty()) target += fmt::format("&{}={}", name, url_encoded(value));
  }
  const Json page = TRY(remote.need_json("GET", target));
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
  const Json recording = TRY(remote.need_json("GET", TRY(recording_path(id))));
  if (as_json) {
    fmt::print("{}\n", to_json(recording));
    return {};
  }
  for (const auto& [name, value] : *recording.object()) {
    if (!value.is_null()) fmt::print("{:<18} {}\n", name, value.string() ? *value.string() : to_json(value));
  }
  return {};
}

Result<void> run_recording_get(const RemoteOptions& options, const std::string& id, const ReadingTerms& terms,
                               const std::string& out) {
  Remote remote = TRY(Remote::open(options));
  const std::string path = TRY(recording_path(id));
  const Json recording = TRY(remote.need_json("GET", path));
  const Json view = TRY(remote.need_json("POST", path + "/views", reading_body(terms)));
  TRY(download(remote, recording, TRY(text_member(view, "original")), out));
  fmt::print(stderr, "Wrote {}; the view is on record.\n", out);
  return {};
}

Result<void> run_recording_verify(const RemoteOptions& options, const std::string& id, const std::string& file,
                                  const std::string& vkey) {
  const auto log = proof::VerifierKey::parse(vkey);
  if (!log) return fail(Code::kInvalid, "--key is not a verifier key: <origin>+<id>+<key>");
  Remote remote = TRY(Remote::open(options));
  const std::string receipt = TRY(remote.need("GET", TRY(recording_path(id)) + "/receipt"));
  const auto disk = os::real_disk();
  const auto source = TRY(disk->open(file, os::OpenMode::kRead));
  crypto::Sha256 hash;
  Bytes buffer(limits::kMiB);
  while (const std::size_t count = TRY(source->read_at(hash.bytes(), buffer)))
    hash.update(ByteView(buffer).first(count));
  const std::uint64_t bytes = hash.bytes();
  const auto verified = proof::verify_admission(receipt, {*log, {}}, hash.finish(), bytes);
  if (!verified) return fail(problems::kProofInvalid, verified.error().reason, id);
  fmt::print("verified: {} is recording {}, sealed at leaf {} of {}\n", file, id, verified->index,
             verified->checkpoint.origin);
  return {};
}

Result<void> run_recording_export(const RemoteOptions& options, const std::string& id, const ReadingTerms& terms,
                                  const std::string& out) {
  Remote remote = TRY(Remote::open(options));
  const auto disk = os::real_disk();
  const os::Path home = out;
  if (disk->stat(home))
    return fail(Code::kConflict, "The output is there already; an export goes into a new directory", out);
  const std::string path = TRY(recording_path(id));
  const Json recording = TRY(remote.need_json("GET", path));
  const Json opened = TRY(remote.need_json("POST", path + "/exports", reading_body(terms)));
  const std::string files_url = TRY(text_member(opened, "files"));
  fmt::print(stderr, "Sealed. An export carries a published checkpoint: waiting for the next beat.\n");
  Answer answer;
  for (int pauses = 0;; ++pauses) {
    answer = TRY(remote.ask("GET", files_url));
    if (answer.status == 200) break;
    const Error problem = Remote::problem_of(answer);
    if (problem.problem != &problems::kNotSealed || pauses == kExportPausesMax) return fail(problem);
    ::poll(nullptr, 0, kExportPause_ms);
  }
  const Json body = TRY(parse_json(answer.body, {.bytes_max = 2 * kPieceBytes}));
  const Json* files = body.find("files");
  if (!files || !files->object()) return fail(Code::kUnavailable, "The server's answer has no \"files\"");
  for (const auto& [name, text] : *files->object()) {
    const os::Path relative(name);
    for (const os::Path& part : relative) {
      if (relative.is_absolute() || part == ".." || !text.string())
        return fail(Code::kUnavailable, "The server names a file outside the export", name);
    }
    TRY(os::make_directories(*disk, (home / relative).parent_path()));
    TRY(os::write_new_file(*disk, home / relative, as_bytes(*text.string())));
  }
  TRY(os::make_directories(*disk, home / "originals"));
  TRY(download(remote, recording, TRY(text_member(opened, "original")), home / "originals" / id));
  fmt::print(stderr, "Wrote {}. Check it with: lapel-verify --key VKEY {}\n", out, out);
  return {};
}

}  // namespace lapel::door
