// SPDX-License-Identifier: Apache-2.0
// The dry run: an inventory's rows as the mapping has them, and what there is to tell of them. Rows are written as they are read, a few
// hundred in a transaction; a reading that was cut off has no row in import_readings, and begins anew.
#include <utility>

#include <fmt/format.h>

#include "acts/act.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "crypto/random.h"
#include "imports/imports.h"
#include "imports/schema.h"
#include "roster/assignments.h"
#include "roster/categories.h"
#include "roster/roster.h"

namespace lapel::imports {
namespace {

constexpr std::size_t kRowsAtOnce = 200;
constexpr std::size_t kPieceBytes = 256 * 1024;

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Result<void> add_finding(db::Transaction& tx, const ImportId& id, std::int64_t n, const Finding& finding) {
  TRY(tx.run(
      "INSERT INTO import_findings (import, n, kind, path, place, column_name, sentence, remedy) VALUES (:import, :n, "
      ":kind, :path, :place, :column_name, :sentence, :remedy)",
      {{"import", id.text()},
       {"n", n},
       {"kind", finding.kind},
       {"path", finding.path},
       {"place", finding.place},
       {"column_name", finding.column},
       {"sentence", finding.sentence},
       {"remedy", finding.remedy}}));
  return {};
}

// Once files have been described by it, what an inventory says stays. Asked in the transaction that takes its rows away.
Result<void> require_undescribed(db::Transaction& tx, const ImportId& id) {
  if (!TRY(is_read(tx, id))) return {};
  if (TRY(tx.query("SELECT path FROM import_files WHERE import = :import AND role = 'file' AND state <> 'seen' LIMIT 1",
                   {{"import", id.text()}}))
          .empty()) {
    return {};
  }
  return fail(Code::kConflict,
              "An inventory came after files had been sent, which were described without it: close this import with a "
              "reason, and bring in what it names by another");
}

// Another server may have begun after this one, and taken away what was written.
Result<void> require_last(db::Transaction& tx, const ImportId& id, const std::string& token) {
  if (!TRY(tx.query("SELECT import FROM import_readers WHERE import = :import AND token = :token LIMIT 1",
                    {{"import", id.text()}, {"token", token}}))
           .empty()) {
    return {};
  }
  return fail(Code::kBusy, "The inventory is being read", id.text());
}

}  // namespace

struct Imports::Reading {
  const Import& import;
  const access::Actor& actor;
  const Mapping& mapping;
  const Agency& agency;
  const std::string token;  // random, of this reading
  std::string document;     // that is being read
  std::vector<MappedRow> rows = {};
  std::vector<Finding> findings = {};  // of no row
  std::int64_t row_count = 0, finding_count = 0;
};

Result<access::Actor> Imports::server_of(const AgencyId& id) {
  access::Actor out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const roster::Agency agency = TRY(roster::agency(tx, id));
    out = access::Actor{agency.id, agency.slug, agency.console, {}, "imports", {}, {}};
    return {};
  }));
  return out;
}

// What was gathered, with what only the catalog knows of it.
Result<void> Imports::keep_rows(Reading& reading) {
  const ImportId& id = reading.import.id;
  std::int64_t row_count = 0, finding_count = 0;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    row_count = reading.row_count;
    finding_count = reading.finding_count;
    TRY(require_open(tx, id));
    TRY(require_last(tx, id, reading.token));
    for (const Finding& finding : reading.findings) TRY(add_finding(tx, id, ++finding_count, finding));
    for (const MappedRow& row : reading.rows) {
      const std::string place = fmt::format("{}, row {}", reading.document, row.number);
      std::vector<Finding> findings = row.findings;
      std::optional<std::string> key;
      if (!row.file.empty()) key = key_of_word(reading.mapping.match, row.file);
      if (key) {
        const db::Rows taken =
            TRY(tx.query("SELECT place FROM import_rows WHERE import = :import AND match_key = :key LIMIT 1",
                         {{"import", id.text()}, {"key", *key}}));
        if (!taken.empty()) {
          key.reset();
          findings.push_back({"duplicate",
                              {},
                              {},
                              {},
                              fmt::format("The file is named by {} already", taken[0].text("place")),
                              "Only the first row describes it; compare the two rows in the inventory"});
        } else if (const auto trouble = reading.mapping.match == Match::kPath ? path_trouble(*key) : std::nullopt) {
          findings.push_back({"path", {}, {}, {}, *trouble, "No file can be this one; it is listed as missing"});
        }
      }
      if (row.wearer) {
        const Timestamp at = row.recorded_at.value_or(parts_.clock.now());
        if (!TRY(roster::holder(tx, reading.actor.agency, roster::AssignmentKind::kBadge, *row.wearer, at))) {
          findings.push_back(
              {"officer",
               {},
               {},
               {},
               fmt::format("Nobody of the agency had the badge {} then", *row.wearer),
               "It comes in unattributed, with the badge; add the person with the badge's time first to have it "
               "attributed"});
        }
      }
      if (!row.hash.empty() && reading.mapping.algorithm == Algorithm::kSha256) {
        const db::Rows same =
            TRY(tx.query("SELECT id FROM recordings WHERE agency = :agency AND sha256 = :sha256 LIMIT 1",
                         {{"agency", reading.actor.agency.text()}, {"sha256", row.hash}}));
        if (!same.empty()) {
          findings.push_back({"same_bytes",
                              {},
                              {},
                              {},
                              fmt::format("The recording {} has these very bytes", same[0].text("id")),
                              "It comes in beside it all the same; nothing is merged"});
        }
      }
      TRY(tx.run(
          "INSERT INTO import_rows (import, n, place, sha256, file, match_key, vendor_id, bytes, hash, recorded_us, "
          "category, vendor_category, incident, wearer, device, hold_words, retain_until) VALUES (:import, :n, :place, "
          ":sha256, :file, :match_key, :vendor_id, :bytes, :hash, :recorded_us, :category, :vendor_category, "
          ":incident, :wearer, :device, :hold_words, :retain_until)",
          {{"import", id.text()},
           {"n", ++row_count},
           {"place", place},
           {"sha256", row.sha256},
           {"file", row.file},
           {"match_key", key},
           {"vendor_id", unless_empty(row.vendor_id)},
           {"bytes", row.bytes},
           {"hash", unless_empty(row.hash)},
           {"recorded_us", row.recorded_at ? std::optional(row.recorded_at->us) : std::nullopt},
           {"category", row.category},
           {"vendor_category", unless_empty(row.vendor_category)},
           {"incident", row.incident},
           {"wearer", row.wearer},
           {"device", row.device},
           {"hold_words", row.hold},
           {"retain_until", unless_empty(row.retain_until)}}));
      for (Finding& finding : findings) {
        finding.path = row.file;
        finding.place = place;
        TRY(add_finding(tx, id, ++finding_count, finding));
      }
    }
    return {};
  }));
  reading.row_count = row_count;
  reading.finding_count = finding_count;
  reading.rows.clear();
  reading.findings.clear();
  return {};
}

Result<void> Imports::read_one(Reading& reading, const std::string& path, const RecordingId& recording) {
  evidence::Vault::Source source = TRY(parts_.vault.open_to_derive(TRY(server_of(reading.actor.agency)), recording));
  if (source.original.bytes() > kDocumentBytesMax)
    return fail(Code::kTooLarge, fmt::format("An inventory has at most {} bytes", kDocumentBytesMax), path);
  reading.document = path;
  const auto columns = [&](const std::vector<std::string>& names) -> Result<void> {
    for (Finding& finding : TRY(check_columns(reading.mapping, names))) {
      finding.place = path;
      reading.findings.push_back(std::move(finding));
    }
    return {};
  };
  const auto reader = InventoryReader::of(reading.mapping.form, columns, [&](const InventoryRow& row) -> Result<void> {
    if (reading.row_count + static_cast<std::int64_t>(reading.rows.size()) == kInventoryRowsMax)
      return fail(Code::kTooLarge, fmt::format("An import has at most {} rows", kInventoryRowsMax));
    reading.rows.push_back(map_row(reading.mapping, reading.agency, row));
    return reading.rows.size() == kRowsAtOnce ? keep_rows(reading) : Result<void>();
  });
  Bytes buffer(kPieceBytes);
  std::uint64_t offset = 0;
  const auto read = [&]() -> Result<void> {
    while (const std::size_t count = TRY(source.original.read_at(offset, buffer))) {
      offset += count;
      TRY(reader->take(as_text(ByteView(buffer).first(count))));
    }
    return reader->finish();
  };
  if (auto done = read(); !done) {
    Error error = std::move(done).error();
    error.message = fmt::format("{}: {}", path, error.message);
    return fail(std::move(error));
  }
  return keep_rows(reading);
}

Result<Import> Imports::read(const access::Actor& actor, const ImportId& id) {
  const Import import = TRY(known_open(actor, id));
  while (TRY(settle_some(id.text()))) {
  }
  const Mapping mapping = TRY(mapping_of(actor.agency, import.mapping));
  Agency agency;
  agency.zone = parse_zone(import.zone);
  std::vector<std::pair<std::string, RecordingId>> documents;
  std::string named, read_before;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    documents.clear();
    named.clear();
    agency.categories.reset();
    for (const roster::Category& category : TRY(roster::categories(tx, actor.agency))) {
      if (!agency.categories) agency.categories.emplace();
      if (!category.retired_at) agency.categories->insert(category.name);
    }
    for (const db::Row& row :
         TRY(tx.query("SELECT path, state, recording FROM import_files WHERE import = :import AND role = "
                      "'inventory' ORDER BY path LIMIT :limit",
                      {{"import", id.text()}, {"limit", kDocumentsMax + 1}}))) {
      const auto recording = RecordingId::parse(row.maybe_text("recording").value_or(""));
      if (row.text("state") != "in" || !recording)
        return fail(Code::kConflict, "Send the inventory first; it is read once it is sealed", row.text("path"));
      documents.emplace_back(row.text("path"), *recording);
      named += (named.empty() ? "" : " ") + recording->text();
    }
    const db::Rows before =
        TRY(tx.query("SELECT documents FROM import_readings WHERE import = :import LIMIT 1", {{"import", id.text()}}));
    read_before = before.empty() ? std::string() : before[0].text("documents");
    return {};
  }));
  if (documents.empty()) {
    std::string wanted;
    for (const std::string& pattern : mapping.inventory_files) wanted += (wanted.empty() ? "" : ", ") + pattern;
    return fail(Code::kConflict, fmt::format("The export has no inventory: no file in it is called {}", wanted));
  }
  if (static_cast<std::int64_t>(documents.size()) > kDocumentsMax)
    return fail(Code::kTooLarge, fmt::format("An import has at most {} inventories", kDocumentsMax));
  if (named == read_before) return show(actor, id);

  {
    const os::MutexLock lock(mutex_);
    if (!busy_.insert(id.text()).second) return fail(Code::kBusy, "The inventory is being read", id.text());
  }
  const auto done = [&]() -> Result<void> {
    Reading reading{import, actor, mapping, agency, hex(crypto::random_bytes<16>()), {}};
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      const db::Params by_id = {{"import", id.text()}};
      TRY(require_open(tx, id));
      TRY(require_undescribed(tx, id));
      TRY(
          tx.run("INSERT INTO import_readers (import, token) VALUES (:import, :token) ON CONFLICT (import) DO UPDATE "
                 "SET token = excluded.token",
                 {{"import", id.text()}, {"token", reading.token}}));
      TRY(tx.run("DELETE FROM import_readings WHERE import = :import", by_id));
      TRY(tx.run("UPDATE import_files SET row_n = NULL WHERE import = :import", by_id));
      TRY(tx.run("DELETE FROM import_rows WHERE import = :import", by_id));
      TRY(tx.run("DELETE FROM import_findings WHERE import = :import", by_id));
      return {};
    }));
    for (const auto& [path, recording] : documents) TRY(read_one(reading, path, recording));
    return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      TRY(require_open(tx, id));
      TRY(require_last(tx, id, reading.token));
      TRY(tx.run("INSERT INTO import_readings (import, documents, read_us) VALUES (:import, :documents, :now)",
                 {{"import", id.text()}, {"documents", named}, {"now", parts_.clock.now().us}}));
      return pair(tx, id);
    });
  }();
  {
    const os::MutexLock lock(mutex_);
    busy_.erase(id.text());
  }
  TRY(Result<void>(done));
  return show(actor, id);
}

Result<Page<Finding>> Imports::findings(const access::Actor& actor, const ImportId& id, const std::string& kind,
                                        const PageQuery& query) {
  TRY(known(actor, id, access::Action::kSeeImports));
  Page<Finding> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    std::int64_t last = 0;
    for (const db::Row& row : TRY(tx.query(
             "SELECT n, kind, path, place, column_name, sentence, remedy FROM import_findings WHERE import = :import "
             "AND n > :after AND (CAST(:kind AS TEXT) = '' OR kind = CAST(:kind AS TEXT)) ORDER BY n LIMIT :limit",
             {{"import", id.text()},
              {"after", query.after ? query.after->us : 0},
              {"kind", kind},
              {"limit", query.limit + 1}}))) {
      if (static_cast<std::int64_t>(out.items.size()) == query.limit) {
        out.next = cursor_of({0, last, id.text()});
        break;
      }
      last = row.integer("n");
      out.items.push_back({row.text("kind"), row.text("path"), row.text("place"), row.text("column_name"),
                           row.text("sentence"), row.text("remedy")});
    }
    return {};
  }));
  return out;
}

}  // namespace lapel::imports
