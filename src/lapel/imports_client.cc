// SPDX-License-Identifier: Apache-2.0
#include "lapel/imports_client.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "http/tus_client.h"
#include "lapel/export_source.h"
#include "lapel/remote_client.h"
#include "lapel/sending.h"
#include "lapel/shown.h"
#include "os/disk.h"

namespace lapel::door {
namespace {

constexpr std::size_t kListingFiles = 500;  // as the server takes them
constexpr std::size_t kListingBytes = 512 * 1024;
constexpr std::size_t kMappingFileBytesMax = 64 * 1024;
constexpr std::size_t kReportBytesMax = 1 << 30;  // of an import of as many files as there may be
constexpr int kSealPause_ms = 20;
constexpr int kSealPauseMax_ms = 2'000;
constexpr int kSealWaitMax_ms = 3'600'000;
constexpr std::int64_t kSayPeriodUs = 10'000'000;
constexpr int kFindingsShown = 20;  // of one kind

std::string import_path(const std::string& id) {
  return "/api/v1/imports/" + url_encoded(id);
}

std::int64_t count_of(const Json& import, std::string_view name) {
  const Json* counts = import.find("counts");
  const std::int64_t* count = counts ? counts->find_integer(name) : nullptr;
  return count ? *count : 0;
}

bool is_true(const Json& json, std::string_view name) {
  const Json* value = json.find(name);
  return value && value->boolean() && *value->boolean();
}

std::string_view mark_of(const Json& import) {
  return is_true(import, "verified") ? "" : "  UNVERIFIED mapping: never run on a real export";
}

// Each item of all pages.
Result<void> each_item(Remote& remote, const std::string& target,
                       const std::function<Result<bool>(const Json&)>& step) {
  std::string cursor;
  do {
    const char joint = target.find('?') == std::string::npos ? '?' : '&';
    const Json page = TRY(
        remote.get_json(cursor.empty() ? target : fmt::format("{}{}cursor={}", target, joint, url_encoded(cursor))));
    for (const Json& item : list_of(page, "items")) {
      if (!TRY(step(item))) return {};
    }
    const std::string* next = page.find_string("next");
    cursor = next ? *next : std::string();
  } while (!cursor.empty());
  return {};
}

Result<Json> begin(Remote& remote, const ImportTerms& terms) {
  if (!terms.import.empty()) return remote.get_json(import_path(terms.import));
  if (terms.profile.empty() == terms.mapping.empty())
    return fail(Code::kInvalid, "Give --profile or --mapping, or --import to go on with one that was begun");
  std::string title = terms.title;
  if (title.empty()) title = std::filesystem::absolute(terms.path).lexically_normal().filename().string();
  if (title.empty()) title = "Import";
  Json::Object body = {{"title", title}};
  if (!terms.profile.empty()) body.emplace("profile", terms.profile);
  if (!terms.zone.empty()) body.emplace("zone", terms.zone);
  if (!terms.mapping.empty()) {
    const Bytes text = TRY(os::read_file(*os::real_disk(), terms.mapping, kMappingFileBytesMax));
    body.emplace("mapping", TRY(parse_json(as_text(text), {kMappingFileBytesMax, 8})));
  }
  return remote.post_json("/api/v1/imports", to_json(Json(std::move(body))));
}

class Importing {
 public:
  Importing(Remote& remote, ExportSource& source, std::string id)
      : remote_(remote),
        source_(source),
        id_(std::move(id)),
        tus_([&remote](http::ClientRequest request) { return remote.ask(std::move(request)); }) {}

  // All of the folder, and then what has to be there first.
  Result<void> list() {
    TRY(source_.each([&](const ExportEntry& found) -> Result<void> {
      ExportEntry entry = found;
      // JSON has no such names, and two of them must stay two.
      if (!is_utf8(entry.path)) {
        entry.path = fmt::format("{} ({:.8})", printable(entry.path), hex(crypto::sha256(as_bytes(found.path))));
        entry.trouble = "Its path is not UTF-8";
      }
      Json::Object file = {{"path", entry.path}, {"bytes", entry.bytes}};
      if (!entry.trouble.empty()) file.emplace("trouble", entry.trouble);
      waiting_bytes_ += entry.path.size() * 2 + entry.trouble.size() + 64;
      waiting_.emplace_back(std::move(file));
      return waiting_.size() == kListingFiles || waiting_bytes_ > kListingBytes ? flush() : Result<void>();
    }));
    TRY(flush());
    for (const auto& [path, bytes] : documents_) TRY(send(path, bytes));
    return {};
  }

  Result<Json> read() {
    TRY(wait_sealed());
    return remote_.post_json(import_path(id_) + "/reading", "{}");
  }

  // What is not there yet. A file that cannot be sent is told once, and stays out.
  Result<void> send_rest() {
    const RealClock clock;
    std::int64_t sent = 0, said_us = clock.monotonic_us();
    return each_item(remote_, import_path(id_) + "/unsent?limit=200", [&](const Json& item) -> Result<bool> {
      const std::string path = TRY(text_member(item, "path"));
      const std::int64_t* bytes = item.find_integer("bytes");
      if (!bytes || *bytes < 0) return fail(http::nonsense("a file has no length"));
      auto done = send(path, static_cast<std::uint64_t>(*bytes));
      if (!done && done.error().code() == Code::kUnavailable) return fail(std::move(done).error());
      if (!done) {
        ++left_out_;
        fmt::print(stderr, "{}: not sent: {}\n", printable(path), done.error().text());
      }
      ++sent;
      if (clock.monotonic_us() - said_us > kSayPeriodUs) {
        said_us = clock.monotonic_us();
        fmt::print(stderr, "{} files sent\n", sent);
      }
      return true;
    });
  }

  Result<Json> wait_sealed() {
    int pause_ms = kSealPause_ms;
    for (int waited_ms = 0; waited_ms < kSealWaitMax_ms; waited_ms += pause_ms) {
      Json import = TRY(remote_.get_json(import_path(id_)));
      if (count_of(import, "sealing") == 0) return import;
      ::poll(nullptr, 0, pause_ms);
      pause_ms = std::min(2 * pause_ms, kSealPauseMax_ms);
    }
    return fail(Code::kUnavailable,
                "The server has received the files and has not sealed all of them yet; it goes on without "
                "you",
                id_);
  }

  std::int64_t left_out() const { return left_out_; }

 private:
  Result<void> flush() {
    if (waiting_.empty()) return {};
    Json::Object body = {{"files", std::exchange(waiting_, {})}};
    waiting_bytes_ = 0;
    const Json listed = TRY(remote_.post_json(import_path(id_) + "/listing", to_json(Json(std::move(body)))));
    for (const Json& refused : list_of(listed, "refused"))
      fmt::print(stderr, "refused: {}: {}\n", text_of(refused.find("path")), text_of(refused.find("sentence")));
    for (const Json& file : list_of(listed, "documents")) {
      const std::int64_t* bytes = file.find_integer("bytes");
      if (bytes && *bytes >= 0)
        documents_.emplace_back(TRY(text_member(file, "path")), static_cast<std::uint64_t>(*bytes));
    }
    return {};
  }

  Result<void> send(const std::string& path, std::uint64_t bytes) {
    const http::BodySource file = TRY(source_.file(path, bytes));
    const Json answer =
        TRY(remote_.post_json(import_path(id_) + "/files", to_json(Json(Json::Object{{"path", path}}))));
    const std::string* text = answer.find_string("upload");
    const std::string* state = answer.find_string("state");
    if (!text || (state && *state == "in")) return {};  // there already, or being sealed
    const auto upload = UploadId::parse(*text);
    if (!upload) return fail(http::nonsense("\"upload\" is no id"));
    auto sent = send_all(tus_, *upload, path, file);
    // Whole already: what is told of a finished upload has no offset to go on from.
    if (!sent && sent.error().code() == Code::kConflict) {
      const auto known = tus_.state(*upload);
      if (known && known->is != http::UploadState::Is::kRefused) return {};
    }
    return sent;
  }

  Remote& remote_;
  ExportSource& source_;
  const std::string id_;
  http::TusClient tus_;
  Json::Array waiting_;
  std::size_t waiting_bytes_ = 0;
  std::vector<std::pair<std::string, std::uint64_t>> documents_;
  std::int64_t left_out_ = 0;
};

void print_head(const Json& import) {
  fmt::print("{}  {}  {}{}\n", text_of(import.find("id")), text_of(import.find("title")),
             text_of(import.find("system")), mark_of(import));
}

// What a dry run can tell: nothing has arrived yet.
void print_outlook(const Json& import) {
  const std::int64_t expected = count_of(import, "expected"), found = count_of(import, "found");
  for (const auto& [count, words] :
       {std::pair(expected, "expected by the inventory"), std::pair(found, "of them in the export"),
        std::pair(expected - found, "not in the export"),
        std::pair(count_of(import, "extra"), "extra, in no inventory"),
        std::pair(count_of(import, "documents"), "inventories and logs of the vendor, kept"),
        std::pair(count_of(import, "refused"), "refused"), std::pair(count_of(import, "unsent"), "would be sent")}) {
    fmt::print("{:>9}  {}\n", count, words);
  }
}

void print_counts(const Json& import) {
  for (const auto& [name, words] :
       {std::pair("expected", "expected by the inventory"), std::pair("found", "of them in the export"),
        std::pair("arrived", "of them arrived"), std::pair("missing", "missing"),
        std::pair("extra", "extra, in no inventory"), std::pair("differing", "differ from the inventory"),
        std::pair("without_hash", "arrived without a hash to compare with"),
        std::pair("documents", "inventories and logs of the vendor"), std::pair("refused", "refused"),
        std::pair("unsent", "not sent")}) {
    fmt::print("{:>9}  {}\n", count_of(import, name), words);
  }
}

Result<void> print_findings(Remote& remote, const Json& import) {
  const Json* kinds = import.find("findings");
  if (!kinds || !kinds->object()) return {};
  for (const auto& each : *kinds->object()) {
    const std::string& kind = each.first;
    const Json& times = each.second;
    int shown = 0;
    TRY(each_item(
        remote, fmt::format("{}/findings?kind={}", import_path(TRY(text_member(import, "id"))), url_encoded(kind)),
        [&](const Json& finding) -> Result<bool> {
          if (shown == 0) fmt::print("{}: {}\n", printable(kind), text_of(finding.find("remedy")));
          if (++shown > kFindingsShown) {
            fmt::print("  and more: {} in all\n", text_of(&times));
            return false;
          }
          const Json* column = finding.find("column");
          fmt::print("  {}{}: {}\n", text_of(finding.find("place")),
                     is_there(column) ? ", " + text_of(column) : std::string(), text_of(finding.find("sentence")));
          return true;
        }));
  }
  return {};
}

Result<void> verdict(const Json& import) {
  if (count_of(import, "differing") == 0) return {};
  return fail(problems::kProofInvalid,
              fmt::format("{} files differ from the vendor's inventory: they are kept, and pending until somebody "
                          "says why (lapel import settle)",
                          count_of(import, "differing")));
}

}  // namespace

Result<void> run_import_profiles(const RemoteOptions& options, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json page = TRY(remote.get_json("/api/v1/import-profiles"));
  if (as_json) {
    fmt::print("{}\n", to_json(page));
    return {};
  }
  for (const Json& profile : list_of(page, "items")) {
    fmt::print("{:<24} {:<11} {}\n", text_of(profile.find("name")),
               is_true(profile, "verified") ? "verified" : "unverified", text_of(profile.find("title")));
  }
  return {};
}

Result<void> run_import(const RemoteOptions& options, const ImportTerms& terms, bool as_json) {
  const auto source = TRY(ExportSource::open(terms.path));
  Remote remote = TRY(Remote::open(options));
  Json import = TRY(begin(remote, terms));
  const std::string id = TRY(text_member(import, "id"));
  if (!as_json) print_head(import);
  std::fflush(stdout);  // the id is what goes on with it, whatever becomes of this program
  Importing importing(remote, *source, id);
  TRY(importing.list());
  import = TRY(importing.read());
  // Told once: whoever goes on has read them.
  if (!as_json && (terms.is_dry_run || terms.import.empty())) TRY(print_findings(remote, import));
  if (terms.is_dry_run) {
    if (as_json) {
      fmt::print("{}\n", to_json(import));
      return {};
    }
    print_outlook(import);
    std::fflush(stdout);
    fmt::print(stderr, "Nothing but the vendor's own documents was sent. To bring it in: --import {}\n", id);
    return {};
  }
  TRY(importing.send_rest());
  import = TRY(importing.wait_sealed());
  const bool is_whole = count_of(import, "unsent") == 0 || terms.leaves_unsent;
  if (!terms.keeps_open && is_whole) {
    Json::Object body;
    if (terms.leaves_unsent) body.emplace("leave_unsent", true);
    if (!terms.reason.empty()) body.emplace("reason", terms.reason);
    import = TRY(remote.post_json(import_path(id) + "/close", to_json(Json(std::move(body)))));
  }
  if (as_json) {
    fmt::print("{}\n", to_json(import));
  } else {
    print_counts(import);
    const Json* digest = import.find("report_sha256");
    if (is_there(digest)) fmt::print("report sha256 {}\n", text_of(digest));
    std::fflush(stdout);
  }
  if (!is_whole) {
    return fail(Code::kConflict, fmt::format("{} files were not sent; the import stays open. Go on with --import {}",
                                             count_of(import, "unsent"), id));
  }
  return verdict(import);
}

Result<void> run_import_list(const RemoteOptions& options, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  return each_item(remote, "/api/v1/imports", [&](const Json& import) -> Result<bool> {
    if (as_json) {
      fmt::print("{}\n", to_json(import));
    } else {
      fmt::print("{}  {}  {:<6}  {:>7} of {:>7}  {}\n", text_of(import.find("id")), text_of(import.find("began_at")),
                 text_of(import.find("state")), count_of(import, "arrived"), count_of(import, "expected"),
                 text_of(import.find("title")));
    }
    return true;
  });
}

Result<void> run_import_show(const RemoteOptions& options, const ImportTerms& terms, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json import = TRY(remote.get_json(import_path(terms.import)));
  if (as_json) {
    fmt::print("{}\n", to_json(import));
    return {};
  }
  print_head(import);
  TRY(print_findings(remote, import));
  print_counts(import);
  return {};
}

Result<void> run_import_close(const RemoteOptions& options, const ImportTerms& terms, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  Json::Object body = {{"leave_unsent", terms.leaves_unsent}};
  if (!terms.reason.empty()) body.emplace("reason", terms.reason);
  const Json import = TRY(remote.post_json(import_path(terms.import) + "/close", to_json(Json(std::move(body)))));
  if (as_json) {
    fmt::print("{}\n", to_json(import));
  } else {
    print_counts(import);
    fmt::print("report sha256 {}\n", text_of(import.find("report_sha256")));
  }
  return verdict(import);
}

Result<void> run_import_report(const RemoteOptions& options, const ImportTerms& terms) {
  RemoteOptions whole = options;
  whole.answer_bytes_max = kReportBytesMax;
  Remote remote = TRY(Remote::open(whole));
  const std::string report = TRY(remote.get(fmt::format("{}/report?form={}", import_path(terms.import), terms.form)));
  TRY(os::write_new_file(*os::real_disk(), terms.out, as_bytes(report)));
  fmt::print(stderr, "Wrote {}\n", terms.out);
  return {};
}

Result<void> run_import_settle(const RemoteOptions& options, const std::string& recording, const std::string& reason) {
  Remote remote = TRY(Remote::open(options));
  const std::string path = TRY(recording_path(recording)) + "/origin/settle";
  const std::string body = to_json(Json(Json::Object{{"reason", reason}}));
  const http::ClientAnswer answer = TRY(remote.ask({"POST", path, {{"Content-Type", "application/json"}}, body, {}}));
  if (answer.status >= 300) return fail(http::error_of(answer));
  fmt::print(stderr, "On record.\n");
  return {};
}

}  // namespace lapel::door
