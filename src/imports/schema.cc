// SPDX-License-Identifier: Apache-2.0
#include "imports/schema.h"

#include <fmt/format.h>

#include "acts/tables_check.h"
#include "imports/imports.h"

namespace lapel::imports {
namespace {

using roster::SealedColumn;
constexpr auto kNumber = roster::ColumnKind::kNumber;
constexpr auto kTime = roster::ColumnKind::kTime;
constexpr auto kSubject = roster::ColumnKind::kSubject;

constexpr SealedColumn kImportColumns[] = {{"title", "title"},   {"profile", "profile"}, {"make", "make"},
                                           {"system", "system"}, {"mapping", "mapping"}, {"verified", "verified"},
                                           {"zone_name", "zone"}};
constexpr SealedColumn kImportEndColumns[] = {{"closed_us", "closed", kTime},      {"report", "report"},
                                              {"expected", "expected", kNumber},   {"arrived", "arrived", kNumber},
                                              {"missing", "missing", kNumber},     {"extra", "extra", kNumber},
                                              {"differing", "differing", kNumber}, {"refused", "refused", kNumber},
                                              {"unsent", "unsent", kNumber},       {"end_reason", "reason"}};
constexpr SealedColumn kRecordingColumns[] = {{"recording", "recording", kSubject},
                                              {"import", "import"},
                                              {"path", "path"},
                                              {"role", "role"},
                                              {"place", "place"},
                                              {"row_sha256", "row"},
                                              {"vendor_id", "vendor_id"},
                                              {"vendor_category", "vendor_category"},
                                              {"vendor_bytes", "vendor_bytes", kNumber},
                                              {"algorithm", "algorithm"},
                                              {"vendor_hash", "vendor_hash"},
                                              {"own_hash", "own_hash"},
                                              {"agrees", "agrees"},
                                              {"hold_words", "hold"},
                                              {"retain_until", "retain_until"}};
constexpr SealedColumn kRecordingEndColumns[] = {{"settled_us", "settled", kTime}, {"end_reason", "reason"}};

constexpr const roster::SealedTable* kTables[] = {&kImports, &kRecordings};

// import_files.role: file, inventory, log; state: seen in the folder, sent, in. import_rows.match_key: none of a row that names no file,
// or one that another row has named.
// n: in the order in which they were first listed.
constexpr db::Migration kSteps[] = {
    {1, "imports from other systems", R"sql(
CREATE TABLE imports (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  title TEXT NOT NULL,
  profile TEXT NOT NULL,
  make TEXT NOT NULL,
  system TEXT NOT NULL,
  mapping TEXT NOT NULL,
  verified TEXT NOT NULL CHECK (verified IN ('yes', 'no')),
  zone_name TEXT,
  closed_us BIGINT,
  report TEXT,
  expected BIGINT,
  arrived BIGINT,
  missing BIGINT,
  extra BIGINT,
  differing BIGINT,
  refused BIGINT,
  unsent BIGINT,
  end_reason TEXT
);
CREATE INDEX imports_by_time ON imports (agency, entered_us, id);
CREATE TABLE import_mappings (
  agency TEXT NOT NULL REFERENCES agencies (id),
  sha256 TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (agency, sha256)
);
CREATE TABLE import_files (
  import TEXT NOT NULL REFERENCES imports (id),
  path TEXT NOT NULL,
  n BIGINT NOT NULL,
  folded TEXT NOT NULL,
  match_key TEXT NOT NULL,
  bytes BIGINT NOT NULL CHECK (bytes >= 0),
  role TEXT NOT NULL CHECK (role IN ('file', 'inventory', 'log')),
  state TEXT NOT NULL CHECK (state IN ('seen', 'sent', 'in')),
  row_n BIGINT,
  upload TEXT,
  recording TEXT,
  sha256 TEXT,
  agrees TEXT,
  PRIMARY KEY (import, path)
);
CREATE UNIQUE INDEX import_files_by_number ON import_files (import, n);
CREATE UNIQUE INDEX import_files_by_folded ON import_files (import, folded);
CREATE INDEX import_files_by_key ON import_files (import, match_key);
CREATE INDEX import_files_by_row ON import_files (import, row_n);
CREATE INDEX import_files_by_state ON import_files (state, import, path);
CREATE INDEX import_files_by_recording ON import_files (recording);
CREATE TABLE import_refusals (
  import TEXT NOT NULL REFERENCES imports (id),
  path TEXT NOT NULL,
  sentence TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (import, path, sentence)
);
CREATE UNIQUE INDEX import_refusals_by_number ON import_refusals (import, n);
CREATE TABLE import_readings (
  import TEXT NOT NULL PRIMARY KEY REFERENCES imports (id),
  documents TEXT NOT NULL,
  read_us BIGINT NOT NULL
);
CREATE TABLE import_rows (
  import TEXT NOT NULL REFERENCES imports (id),
  n BIGINT NOT NULL,
  place TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  file TEXT NOT NULL,
  match_key TEXT,
  vendor_id TEXT,
  bytes BIGINT,
  hash TEXT,
  recorded_us BIGINT,
  category TEXT,
  vendor_category TEXT,
  incident TEXT,
  wearer TEXT,
  device TEXT,
  hold_words TEXT,
  retain_until TEXT,
  PRIMARY KEY (import, n)
);
CREATE UNIQUE INDEX import_rows_by_key ON import_rows (import, match_key);
CREATE TABLE import_findings (
  import TEXT NOT NULL REFERENCES imports (id),
  n BIGINT NOT NULL,
  kind TEXT NOT NULL,
  path TEXT NOT NULL,
  place TEXT NOT NULL,
  column_name TEXT NOT NULL,
  sentence TEXT NOT NULL,
  remedy TEXT NOT NULL,
  PRIMARY KEY (import, n)
);
CREATE INDEX import_findings_by_kind ON import_findings (import, kind, n);
CREATE TABLE import_recordings (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  recording TEXT NOT NULL REFERENCES recordings (id),
  import TEXT NOT NULL REFERENCES imports (id),
  path TEXT NOT NULL,
  role TEXT NOT NULL,
  place TEXT,
  row_sha256 TEXT,
  vendor_id TEXT,
  vendor_category TEXT,
  vendor_bytes BIGINT,
  algorithm TEXT,
  vendor_hash TEXT,
  own_hash TEXT,
  agrees TEXT NOT NULL CHECK (agrees IN ('yes', 'no', 'unsaid')),
  hold_words TEXT,
  retain_until TEXT,
  settled_us BIGINT,
  end_reason TEXT
);
CREATE UNIQUE INDEX import_recordings_by_recording ON import_recordings (recording);
CREATE INDEX import_recordings_by_leaf ON import_recordings (agency, leaf_index, id);
)sql"},
    // Random, of the reading that began last: an earlier one, of another server, finds that its rows are no longer its own.
    {2, "readers", R"sql(
CREATE TABLE import_readers (
  import TEXT NOT NULL PRIMARY KEY REFERENCES imports (id),
  token TEXT NOT NULL
);
)sql"},
};

}  // namespace

constexpr roster::SealedTable kImports = {"imports",      "import",        "import.began",
                                          kImportColumns, "import.closed", kImportEndColumns};
constexpr roster::SealedTable kRecordings = {"import_recordings",        "origin",
                                             "recording.imported",       kRecordingColumns,
                                             "recording.import_settled", kRecordingEndColumns};

std::span<const db::Migration> schema() {
  return kSteps;
}

namespace {

// Each row of a question is a fault, in words that begin with it.
struct Question {
  std::string_view sql, words;
};
constexpr Question kQuestions[] = {
    {"SELECT o.recording AS found FROM import_recordings o JOIN imports i ON i.id = o.import WHERE o.agency = :agency "
     "AND "
     "o.settled_us IS NULL AND (o.agrees = 'no' OR i.closed_us IS NULL) AND NOT EXISTS (SELECT 1 FROM pending_imports "
     "p "
     "WHERE p.recording = o.recording AND p.import = o.import) LIMIT 100",
     "is open, and its import is not closed, or it differs from the inventory and nobody has said why"},
    {"SELECT o.recording AS found FROM pending_imports p JOIN import_recordings o ON o.recording = p.recording JOIN "
     "imports "
     "i ON i.id = o.import WHERE o.agency = :agency AND i.closed_us IS NOT NULL AND (o.agrees <> 'no' OR o.settled_us "
     "IS "
     "NOT NULL) LIMIT 100",
     "is kept back as pending, and its import is closed"},
    {"SELECT c.id AS found FROM pending_imports p JOIN recordings c ON c.id = p.recording WHERE c.agency = :agency AND "
     "NOT "
     "EXISTS (SELECT 1 FROM import_recordings o WHERE o.recording = p.recording) AND NOT EXISTS (SELECT 1 FROM "
     "import_files f JOIN imports i ON i.id = f.import WHERE f.recording = p.recording AND f.import = p.import AND "
     "i.closed_us IS NULL) LIMIT 100",
     "is kept back as pending of an import that does not know it"},
    {"SELECT f.recording AS found FROM import_files f JOIN imports i ON i.id = f.import LEFT JOIN import_recordings o "
     "ON "
     "o.recording = f.recording AND o.import = f.import AND o.path = f.path AND o.agrees = f.agrees LEFT JOIN "
     "recordings c "
     "ON c.id = f.recording AND c.sha256 = f.sha256 WHERE i.agency = :agency AND f.state = 'in' AND (o.id IS NULL OR "
     "c.id "
     "IS NULL) LIMIT 100",
     "is another in the list of its import than in its own chain"},
    {"SELECT o.recording AS found FROM import_recordings o WHERE o.agency = :agency AND NOT EXISTS (SELECT 1 FROM "
     "import_files f WHERE f.import = o.import AND f.recording = o.recording AND f.state = 'in') LIMIT 100",
     "is not in the list of its import"},
};

}  // namespace

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  TRY(acts::check_tables(tx, kTables, agency, fault));
  for (const Question& question : kQuestions) {
    for (const db::Row& row : TRY(tx.query(std::string(question.sql), {{"agency", agency.text()}})))
      fault(fmt::format("recording {} {}", row.text("found"), question.words));
  }
  return check_reports(tx, agency, fault);
}

}  // namespace lapel::imports
