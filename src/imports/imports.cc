// SPDX-License-Identifier: Apache-2.0
// What survives at each step of a file, and what whoever resumes finds:
//   listed                                     seen: to be sent
//   upload, its id, pending row, all at once   sent: the same upload is gone on with, or another made for a new recording
//   upload sealed                              a recording, pending; the settler compares it
//   recording.imported and the row's state     in
#include "imports/imports.h"

#include <utility>

#include <fmt/format.h>

#include "acts/act.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "http/tus_client.h"
#include "imports/schema.h"
#include "roster/pending_imports.h"

namespace lapel::imports {
namespace {

using access::Action;

std::int64_t count_of(const db::Row& row, std::string_view column) {
  return row.integer(column);
}

Result<Sending> read_sending(const db::Row& row) {
  Sending out;
  out.path = row.text("path");
  out.bytes = static_cast<std::uint64_t>(row.integer("bytes"));
  out.state = row.text("state");
  if (const auto text = row.maybe_text("upload")) out.upload = UploadId::parse(*text);
  if (const auto text = row.maybe_text("recording")) out.recording = RecordingId::parse(*text);
  return out;
}

// As its row has it; of a file without one, its name alone.
Result<std::string> describe(db::Transaction& tx, const ImportId& id, const Import& import, const std::string& path) {
  std::vector<std::pair<std::string_view, std::string>> pairs = {
      {"filename", std::string(last_part(path))}, {"import", id.text()}, {"path", path}};
  const db::Rows rows = TRY(
      tx.query("SELECT f.role AS role, r.vendor_id AS vendor_id, r.recorded_us AS recorded_us, r.category AS category, "
               "r.vendor_category AS vendor_category, r.incident AS incident, r.wearer AS wearer, r.device AS device "
               "FROM import_files f LEFT JOIN import_rows r ON r.import = f.import AND r.n = f.row_n WHERE f.import = "
               ":import AND f.path = :path LIMIT 1",
               {{"import", id.text()}, {"path", path}}));
  if (rows.empty()) return fail(Code::kNotFound, "The folder of this import has no such file", path);
  const db::Row& row = rows[0];
  if (row.text("role") != "file") {
    pairs.emplace_back("document", fmt::format("{} of {}", row.text("role"), import.system));
    return http::tus_metadata(pairs);
  }
  pairs.emplace_back("system", import.system);
  if (const auto us = row.maybe_integer("recorded_us")) pairs.emplace_back("recorded_at", ledger_time(Timestamp{*us}));
  for (const std::string_view name : {"vendor_id", "category", "vendor_category", "incident", "wearer", "device"}) {
    if (auto text = row.maybe_text(name)) pairs.emplace_back(name, *std::move(text));
  }
  return http::tus_metadata(pairs);
}

Result<std::optional<std::string>> refusal_of(db::Transaction& tx, const ImportId& id, const Imports::Entry& entry) {
  if (!entry.trouble.empty()) return std::optional(first_characters(entry.trouble, 300));
  if (auto trouble = path_trouble(entry.path)) return trouble;
  if (entry.bytes > limits::kUploadBytesMax)
    return std::optional(fmt::format("It is over {} bytes", limits::kUploadBytesMax));
  const db::Rows rows =
      TRY(tx.query("SELECT path FROM import_files WHERE import = :import AND folded = :folded LIMIT 1",
                   {{"import", id.text()}, {"folded", folded_path(entry.path)}}));
  if (!rows.empty() && rows[0].text("path") != entry.path) {
    return std::optional(
        fmt::format("Its path is that of \"{}\" but for upper and lower case: on many systems one of the "
                    "two would be lost",
                    rows[0].text("path")));
  }
  return std::optional<std::string>();
}

Result<std::int64_t> last_number(db::Transaction& tx, std::string_view table, const ImportId& id) {
  return TRY(tx.query(fmt::format("SELECT coalesce(max(n), 0) AS n FROM {} WHERE import = :import", table),
                      {{"import", id.text()}}))[0]
      .integer("n");
}

}  // namespace

Imports::Imports(Parts parts) : parts_(std::move(parts)) {}
Imports::~Imports() {
  settler_.reset();
}

void Imports::begin() {
  settler_ = std::make_unique<os::PeriodicWorker>("import-settle", kSettlePeriodUs, [this] { settle_step(); });
}

Result<Import> read_import(const db::Row& row) {
  Import out;
  const auto id = ImportId::parse(row.text("id"));
  const auto by = PersonId::parse(row.text("entered_by"));
  if (!id || !by) return fail(Code::kCorrupt, "A row of the catalog is damaged", "imports " + row.text("id"));
  out.id = *id;
  out.by = *by;
  out.began_at = {row.integer("entered_us")};
  out.title = row.text("title");
  out.profile = row.text("profile");
  out.make = row.text("make");
  out.system = row.text("system");
  out.mapping = row.text("mapping");
  out.is_verified = row.text("verified") == "yes";
  out.zone = row.maybe_text("zone_name").value_or("");
  if (const auto us = row.maybe_integer("closed_us")) out.closed_at = Timestamp{*us};
  out.report = row.maybe_text("report").value_or("");
  out.reason = row.maybe_text("end_reason").value_or("");
  return out;
}

Result<void> require_open(db::Transaction& tx, const ImportId& id) {
  if (!TRY(tx.query("SELECT id FROM imports WHERE id = :id AND closed_us IS NULL LIMIT 1", {{"id", id.text()}}))
           .empty())
    return {};
  return fail(Code::kConflict, "This import is closed: begin another", id.text());
}

Result<bool> is_read(db::Transaction& tx, const ImportId& id) {
  return !TRY(tx.query("SELECT import FROM import_readings WHERE import = :import LIMIT 1", {{"import", id.text()}}))
              .empty();
}

Result<void> read_counts(db::Transaction& tx, Import& import) {
  const db::Params by_id = {{"import", import.id.text()}};
  Counts& out = import.counts;
  const db::Rows rows =
      TRY(tx.query("SELECT count(*) AS expected FROM import_rows WHERE import = :import AND file <> ''", by_id));
  out.expected = count_of(rows[0], "expected");
  const db::Rows files = TRY(tx.query(
      "SELECT count(*) AS files, CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes, count(CASE WHEN role <> 'file' THEN "
      "1 "
      "END) AS documents, count(CASE WHEN role = 'file' AND row_n IS NULL THEN 1 END) AS extra, count(row_n) AS found, "
      "count(CASE WHEN row_n IS NOT NULL AND state = 'in' THEN 1 END) AS arrived, count(CASE WHEN row_n IS NOT NULL "
      "AND "
      "agrees = 'no' THEN 1 END) AS differing, count(CASE WHEN row_n IS NOT NULL AND agrees = 'unsaid' THEN 1 END) AS "
      "unsaid, count(CASE WHEN state = 'seen' THEN 1 WHEN state = 'sent' AND NOT EXISTS (SELECT 1 FROM uploads u WHERE "
      "u.id = f.upload AND u.state IN ('sealing', 'sealed')) THEN 1 END) AS unsent, count(CASE WHEN state = 'sent' AND "
      "EXISTS (SELECT 1 FROM uploads u WHERE u.id = f.upload AND u.state IN ('sealing', 'sealed')) THEN 1 END) AS "
      "sealing FROM import_files f WHERE import = :import",
      by_id));
  out.files = count_of(files[0], "files");
  out.bytes = count_of(files[0], "bytes");
  out.documents = count_of(files[0], "documents");
  out.extra = count_of(files[0], "extra");
  out.found = count_of(files[0], "found");
  out.arrived = count_of(files[0], "arrived");
  out.differing = count_of(files[0], "differing");
  out.unsaid = count_of(files[0], "unsaid");
  out.unsent = count_of(files[0], "unsent");
  out.sealing = count_of(files[0], "sealing");
  out.refused = count_of(
      TRY(tx.query("SELECT count(*) AS refused FROM import_refusals WHERE import = :import", by_id))[0], "refused");
  import.is_read = !TRY(tx.query("SELECT import FROM import_readings WHERE import = :import LIMIT 1", by_id)).empty();
  import.findings.clear();
  for (const db::Row& row :
       TRY(tx.query("SELECT kind, count(*) AS times FROM import_findings WHERE import = :import GROUP BY "
                    "kind ORDER BY kind LIMIT 100",
                    by_id))) {
    import.findings.emplace_back(row.text("kind"), row.integer("times"));
  }
  return {};
}

Result<Import> Imports::known(const access::Actor& actor, const ImportId& id, Action action) {
  TRY(acts::require(actor, action));
  std::optional<Import> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.reset();
    for (const db::Row& row :
         TRY(tx.query(fmt::format("SELECT {} FROM imports WHERE id = :id AND agency = :agency LIMIT 1", kImportRow),
                      {{"id", id.text()}, {"agency", actor.agency.text()}}))) {
      out = TRY(read_import(row));
      out->is_read = TRY(is_read(tx, id));
    }
    return {};
  }));
  if (!out) return fail(Code::kNotFound, "No such import", id.text());
  return *std::move(out);
}

// Reads all of its files: for whoever asks how it stands, and not for each file on its way.
Result<Import> Imports::counted(Import import) {
  TRY(parts_.database.read([&](db::Transaction& tx) { return read_counts(tx, import); }));
  return import;
}

Result<Import> Imports::known_open(const access::Actor& actor, const ImportId& id) {
  Import out = TRY(known(actor, id, Action::kImport));
  TRY(parts_.database.read([&](db::Transaction& tx) { return require_open(tx, id); }));
  return out;
}

Result<Mapping> mapping_in(db::Transaction& tx, const AgencyId& agency, const std::string& sha256) {
  std::string body;
  for (const db::Row& row :
       TRY(tx.query("SELECT body FROM import_mappings WHERE agency = :agency AND sha256 = :sha256 LIMIT 1",
                    {{"agency", agency.text()}, {"sha256", sha256}}))) {
    body = row.text("body");
  }
  if (hex(crypto::sha256(as_bytes(body))) != sha256)
    return fail(Code::kCorrupt, "The mapping of an import in the catalog is damaged", sha256);
  return read_mapping(TRY(parse_json(body, {kMappingBytesMax, 8})));
}

Result<Mapping> Imports::mapping_of(const AgencyId& agency, const std::string& sha256) {
  std::optional<Mapping> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(mapping_in(tx, agency, sha256));
    return {};
  }));
  return *std::move(out);
}

Result<std::vector<Profile>> Imports::profiles(const access::Actor& actor) {
  TRY(acts::require(actor, Action::kSeeImports));
  return parts_.profiles;
}

Result<Import> Imports::create(const access::Actor& actor, const New& wanted) {
  TRY(acts::require(actor, Action::kImport));
  TRY(acts::check_words("A title", wanted.title));
  if (wanted.profile.empty() == !wanted.mapping)
    return fail(Code::kInvalid, "Name a profile, or bring a mapping of your own: one of the two");
  std::string body;
  if (wanted.mapping) body = to_json(*wanted.mapping);
  for (const Profile& profile : parts_.profiles) {
    if (!wanted.mapping && profile.mapping.name == wanted.profile) body = profile.text;
  }
  if (body.empty()) return fail(Code::kNotFound, "No such profile", wanted.profile);
  if (body.size() > kMappingBytesMax)
    return fail(Code::kTooLarge, fmt::format("A mapping has at most {} bytes", kMappingBytesMax));
  const Mapping mapping = TRY(read_mapping(TRY(parse_json(body, {kMappingBytesMax, 8}))));
  if (!wanted.zone.empty() && !parse_zone(wanted.zone))
    return fail(Code::kInvalid, "\"zone\" must be one of " + all_zone_names());
  if (wanted.zone.empty() && mapping.needs_zone())
    return fail(Code::kInvalid,
                "This export has times without a zone: say in which it was made, of " + all_zone_names());
  const std::string sha256 = hex(crypto::sha256(as_bytes(body)));
  SubjectId console;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(acts::console_of(tx, actor.agency));
    return {};
  }));
  acts::Act act(actor);
  act.guard([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run(
        "INSERT INTO import_mappings (agency, sha256, body) VALUES (:agency, :sha256, :body) ON CONFLICT (agency, "
        "sha256) DO NOTHING",
        {{"agency", actor.agency.text()}, {"sha256", sha256}, {"body", body}}));
    return {};
  });
  Json::Object values = {{"title", wanted.title}, {"profile", mapping.name},
                         {"make", mapping.make},  {"system", mapping.system},
                         {"mapping", sha256},     {"verified", mapping.is_verified ? "yes" : "no"}};
  if (!wanted.zone.empty()) values.emplace("zone", wanted.zone);
  const ImportId id = act.make(kImports, console, std::move(values));
  TRY(act.commit(parts_.ledgers));
  return show(actor, id);
}

Result<Page<Import>> Imports::list(const access::Actor& actor, const PageQuery& query) {
  TRY(acts::require(actor, Action::kSeeImports));
  Page<Import> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    const ListPlace after = query.after.value_or(ListPlace{0, INT64_MAX, ""});
    for (const db::Row& row : TRY(tx.query(
             fmt::format("SELECT {} FROM imports WHERE agency = :agency AND (entered_us, id) < (CAST(:us AS "
                         "BIGINT), CAST(:id AS TEXT)) ORDER BY entered_us DESC, id DESC LIMIT :limit",
                         kImportRow),
             {{"agency", actor.agency.text()}, {"us", after.us}, {"id", after.id}, {"limit", query.limit + 1}}))) {
      if (static_cast<std::int64_t>(out.items.size()) == query.limit) {
        out.next = cursor_of({0, out.items.back().began_at.us, out.items.back().id.text()});
        break;
      }
      Import import = TRY(read_import(row));
      TRY(read_counts(tx, import));
      out.items.push_back(std::move(import));
    }
    return {};
  }));
  return out;
}

Result<Import> Imports::show(const access::Actor& actor, const ImportId& id) {
  if (settler_) settler_->nudge();
  return counted(TRY(known(actor, id, Action::kSeeImports)));
}

Result<Imports::Listed> Imports::listing(const access::Actor& actor, const ImportId& id,
                                         const std::vector<Entry>& entries) {
  const Import import = TRY(known_open(actor, id));
  if (entries.size() > kListingFilesMax)
    return fail(Code::kInvalid, fmt::format("List at most {} files at once", kListingFilesMax));
  const Mapping mapping = TRY(mapping_of(actor.agency, import.mapping));
  // What was begun of another file ends first: were it forgotten before, it could still become a recording that no file is.
  std::vector<UploadId> replaced;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    replaced.clear();
    for (const Entry& entry : entries) {
      for (const db::Row& row : TRY(tx.query(
               "SELECT upload FROM import_files f WHERE import = :import AND path = :path AND state = 'sent' AND bytes "
               "<> :bytes AND NOT EXISTS (SELECT 1 FROM uploads u WHERE u.id = f.upload AND u.state IN ('sealing', "
               "'sealed')) LIMIT 1",
               {{"import", id.text()}, {"path", entry.path}, {"bytes", entry.bytes}}))) {
        if (const auto upload = UploadId::parse(row.maybe_text("upload").value_or(""))) replaced.push_back(*upload);
      }
    }
    return {};
  }));
  for (const UploadId& upload : replaced) {
    auto gone = parts_.uploads.take_back(upload);
    if (!gone && gone.error().problem == &problems::kUploadLocked)
      return fail(Code::kBusy, "Somebody is sending a file of this import that is listed as another now: try again");
    const bool is_settled =
        gone || gone.error().code() == Code::kNotFound || gone.error().problem == &problems::kUploadFinished;
    if (!is_settled) return fail(std::move(gone).error());
  }
  Listed out;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    out = {};
    TRY(require_open(tx, id));
    std::int64_t last_file = TRY(last_number(tx, "import_files", id)),
                 last_refusal = TRY(last_number(tx, "import_refusals", id));
    for (const Entry& entry : entries) {
      if (const auto sentence = TRY(refusal_of(tx, id, entry))) {
        // A name is shown and compared, whatever bytes it has; two that are shown alike are two.
        std::string shown = printable(entry.path);
        if (shown.size() > kPathBytesMax) shown = first_characters(shown, kPathBytesMax / 4);
        if (shown != entry.path) shown += fmt::format(" ({:.8})", hex(crypto::sha256(as_bytes(entry.path))));
        last_refusal += TRY(
            tx.run("INSERT INTO import_refusals (import, path, sentence, n) VALUES (:import, :path, :sentence, :n) ON "
                   "CONFLICT (import, path, sentence) DO NOTHING",
                   {{"import", id.text()}, {"path", shown}, {"sentence", *sentence}, {"n", last_refusal + 1}}));
        out.refused.emplace_back(shown, *sentence);
        continue;
      }
      const std::string role = mapping.is_inventory(entry.path) ? "inventory"
                               : mapping.is_log(entry.path)     ? "log"
                                                                : "file";
      // A file that is another now, before all of it was sent, is listed as it is now.
      TRY(tx.run(
          "UPDATE import_files SET state = 'seen', upload = NULL, recording = NULL WHERE import = :import AND "
          "path = :path AND state = 'sent' AND bytes <> :bytes AND NOT EXISTS (SELECT 1 FROM uploads u WHERE u.id = "
          "import_files.upload)",
          {{"import", id.text()}, {"path", entry.path}, {"bytes", entry.bytes}}));
      last_file += TRY(tx.run(
          "INSERT INTO import_files (import, path, n, folded, match_key, bytes, role, state) VALUES (:import, :path, "
          ":n, :folded, :match_key, :bytes, :role, 'seen') ON CONFLICT (import, path) DO NOTHING",
          {{"import", id.text()},
           {"path", entry.path},
           {"n", last_file + 1},
           {"folded", folded_path(entry.path)},
           {"match_key", key_of_path(mapping.match, entry.path)},
           {"bytes", entry.bytes},
           {"role", role}}));
      // What is listed again adds none.
      if (last_file > kImportFilesMax) {
        return fail(Code::kTooLarge,
                    fmt::format("An import has at most {} files: bring them in by several", kImportFilesMax));
      }
      TRY(tx.run("UPDATE import_files SET bytes = :bytes WHERE import = :import AND path = :path AND state = 'seen'",
                 {{"import", id.text()}, {"path", entry.path}, {"bytes", entry.bytes}}));
      if (role == "file") continue;
      for (const db::Row& row :
           TRY(tx.query("SELECT path, bytes, state, upload, recording FROM import_files WHERE import "
                        "= :import AND path = :path LIMIT 1",
                        {{"import", id.text()}, {"path", entry.path}}))) {
        out.documents.push_back(TRY(read_sending(row)));
      }
    }
    return TRY(is_read(tx, id)) ? pair(tx, id) : Result<void>();
  }));
  return out;
}

// A row's file is the one that its word fits, where it fits one and no other.
Result<void> Imports::pair(db::Transaction& tx, const ImportId& id) {
  TRY(
      tx.run("UPDATE import_files SET row_n = NULL WHERE import = :import AND role = 'file' AND state = 'seen' AND "
             "row_n IS NOT "
             "NULL AND EXISTS (SELECT 1 FROM import_files o WHERE o.import = import_files.import AND o.match_key = "
             "import_files.match_key AND o.role = 'file' AND o.path <> import_files.path)",
             {{"import", id.text()}}));
  TRY(tx.run(
      "UPDATE import_files SET row_n = (SELECT r.n FROM import_rows r WHERE r.import = import_files.import AND "
      "r.match_key = import_files.match_key) WHERE import = :import AND role = 'file' AND state = 'seen' AND NOT "
      "EXISTS (SELECT 1 FROM import_files o WHERE o.import = import_files.import AND o.match_key = "
      "import_files.match_key AND o.role = 'file' AND o.path <> import_files.path)",
      {{"import", id.text()}}));
  return {};
}

Result<Sending> Imports::send(const access::Actor& actor, const ImportId& id, const std::string& path) {
  const Import import = TRY(known_open(actor, id));
  std::optional<Sending> file;
  std::string role, metadata;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    file.reset();
    for (const db::Row& row : TRY(tx.query("SELECT path, bytes, state, upload, recording, role FROM import_files WHERE "
                                           "import = :import AND path = :path LIMIT 1",
                                           {{"import", id.text()}, {"path", path}}))) {
      file = TRY(read_sending(row));
      role = row.text("role");
    }
    if (!file) return fail(Code::kNotFound, "The folder of this import has no such file", path);
    metadata = TRY(describe(tx, id, import, path));
    return {};
  };
  TRY(parts_.database.read(look));
  if (file->state == "in") return *file;
  const auto unread = [] {
    return fail(Code::kConflict, "Send the inventory first, and have it read: by it each file is described");
  };
  if (role == "file" && !import.is_read) return unread();
  if (file->upload) {
    const auto upload = parts_.uploads.find(actor, *file->upload);
    if (upload && upload->state != intake::State::kRefused && upload->length == file->bytes) return *file;
    if (!upload && upload.error().code() != Code::kNotFound) return fail(upload.error());
    // What another sent whole is being sealed, or is; it is not sent twice.
    bool is_underway = false;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      is_underway =
          !TRY(tx.query("SELECT id FROM uploads WHERE id = :id AND state IN ('sealing', 'sealed') LIMIT 1",
                        {{"id", file->upload->text()}}))
               .empty() ||
          !TRY(tx.query("SELECT id FROM recordings WHERE id = :id LIMIT 1", {{"id", file->recording->text()}})).empty();
      return {};
    }));
    // Begun by another, refused, or of another length: it ends, so that nothing becomes of it beside the one that takes its place.
    if (!is_underway) {
      auto gone = parts_.uploads.take_back(*file->upload);
      is_underway = !gone && gone.error().problem == &problems::kUploadFinished;
      if (!gone && !is_underway && gone.error().code() != Code::kNotFound)
        return fail(Code::kBusy, "Somebody else is sending this file now", path);
    }
    if (is_underway) {
      file->upload.reset();
      return *file;
    }
  }
  const auto recording = crypto::new_id<RecordingId>();
  const auto rows = [&](db::Transaction& tx, const intake::Upload& made) -> Result<void> {
    TRY(require_open(tx, id));
    // It is described as its row has it, also where the inventory is read anew at this moment.
    if (role == "file" && !TRY(is_read(tx, id))) return unread();
    if (TRY(describe(tx, id, import, path)) != metadata)
      return fail(Code::kBusy, "What describes this file has just changed: try again", path);
    TRY(roster::add_pending_import(tx, recording, id.text()));
    const std::int64_t changed = TRY(tx.run(
        "UPDATE import_files SET state = 'sent', upload = :upload, recording = :recording WHERE import = :import AND "
        "path = :path AND state IN ('seen', 'sent') AND coalesce(upload, '') = :old AND bytes = :bytes",
        {{"upload", made.id.text()},
         {"recording", recording.text()},
         {"import", id.text()},
         {"path", path},
         {"old", file->upload ? file->upload->text() : std::string()},
         {"bytes", file->bytes}}));
    if (changed == 1) return {};
    return fail(Code::kBusy, "Somebody else is sending this file now", path);
  };
  const intake::Upload upload = TRY(parts_.uploads.create(
      actor, {.length = file->bytes, .metadata = metadata, .parts = {}, .recording = recording, .rows = rows}));
  file->state = "sent";
  file->upload = upload.id;
  file->recording = recording;
  return *file;
}

Result<Page<Sending>> Imports::unsent(const access::Actor& actor, const ImportId& id, const PageQuery& query) {
  TRY(known(actor, id, Action::kSeeImports));
  Page<Sending> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    std::int64_t last = 0;
    for (const db::Row& row : TRY(tx.query(
             "SELECT path, n, bytes, state, upload, recording FROM import_files f WHERE import = :import AND n > "
             ":after AND (state = 'seen' OR (state = 'sent' AND NOT EXISTS (SELECT 1 FROM uploads u WHERE "
             "u.id = f.upload AND u.state IN ('sealing', 'sealed')))) ORDER BY n LIMIT :limit",
             {{"import", id.text()}, {"after", query.after ? query.after->us : 0}, {"limit", query.limit + 1}}))) {
      if (static_cast<std::int64_t>(out.items.size()) == query.limit) {
        out.next = cursor_of({0, last, id.text()});
        break;
      }
      last = row.integer("n");
      out.items.push_back(TRY(read_sending(row)));
    }
    return {};
  }));
  return out;
}

Result<void> Imports::settle(const access::Actor& actor, const RecordingId& recording, const std::string& reason) {
  TRY(acts::require(actor, Action::kImport));
  TRY(acts::check_words("A reason", reason));
  std::optional<roster::SealedRow> row;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    row.reset();
    for (roster::SealedRow& each : TRY(roster::sealed_rows(
             tx, kRecordings, actor.agency, {.filter = {{"recording", recording.text()}}, .limit = 1}))) {
      row = std::move(each);
    }
    return {};
  }));
  if (!row) return fail(Code::kNotFound, "No such imported recording", recording.text());
  if (row->text("agrees") != "no")
    return fail(Code::kConflict, "This recording does not differ from its inventory", recording.text());
  const auto import = ImportId::parse(row->text("import"));
  if (!import) return fail(Code::kCorrupt, "A row of the catalog is damaged", "import_recordings " + row->id.text());
  acts::Act act(actor);
  act.guard([&](db::Transaction& tx) -> Result<void> {
    auto open = require_open(tx, *import);
    if (open) return fail(Code::kConflict, "Close the import first: until then all of it is pending", import->text());
    if (open.error().code() != Code::kConflict) return open;
    return roster::end_pending_import(tx, recording);
  });
  act.end(kRecordings, recording, row->id, {{"settled", ledger_time(parts_.clock.now())}, {"reason", reason}});
  return act.commit(parts_.ledgers);
}

Result<std::optional<Origin>> Imports::origin(const access::Actor& actor, const RecordingId& recording) {
  TRY(parts_.vault.show(actor, recording));
  std::optional<Origin> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.reset();
    for (roster::SealedRow& row : TRY(roster::sealed_rows(tx, kRecordings, actor.agency,
                                                          {.filter = {{"recording", recording.text()}}, .limit = 1}))) {
      const auto id = ImportId::parse(row.text("import"));
      if (!id) continue;
      const roster::SealedRow import = TRY(roster::sealed_row(tx, kImports, actor.agency, *id, "import"));
      out = Origin{*id,
                   import.text("title"),
                   import.text("make"),
                   import.text("system"),
                   std::move(row),
                   acts::require(actor, Action::kSeeHolds).has_value(),
                   acts::require(actor, Action::kSeeImports).has_value()};
    }
    return {};
  }));
  return out;
}

}  // namespace lapel::imports
