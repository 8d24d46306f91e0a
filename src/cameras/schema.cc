// SPDX-License-Identifier: Apache-2.0
#include "cameras/schema.h"

#include "acts/tables_check.h"
#include "protocol/dock.h"

namespace lapel::cameras {
namespace {

using roster::SealedColumn;
constexpr auto kNumber = roster::ColumnKind::kNumber;
constexpr auto kTime = roster::ColumnKind::kTime;
constexpr auto kSubject = roster::ColumnKind::kSubject;

constexpr SealedColumn kMarkerColumns[] = {{"recording", "recording", kSubject},
                                           {"marked_us", "marked", kTime},
                                           {"until_us", "until", kTime},
                                           {"words", "words"},
                                           {"category", "category"},
                                           {"category_id", "category_id"},
                                           {"tags", "tags"},
                                           {"place", "place"},
                                           {"source", "source"},
                                           {"said", "said"}};
constexpr SealedColumn kRecordingColumns[] = {{"recording", "recording", kSubject},
                                              {"container", "container"},
                                              {"files", "files", kNumber},
                                              {"markers", "markers", kNumber},
                                              {"said", "said"}};
constexpr SealedColumn kSpoolKeyColumns[] = {{"public_key", "key"}};
constexpr SealedColumn kGapColumns[] = {{"device", "device", kSubject},   {"counter", "counter"},
                                        {"channel", "channel"},           {"first_number", "first", kNumber},
                                        {"last_number", "last", kNumber}, {"missing", "missing", kNumber},
                                        {"before_file", "before"},        {"after_file", "after"}};
constexpr SealedColumn kGapEndColumns[] = {{"closed_us", "closed", kTime}};
constexpr SealedColumn kOverlapColumns[] = {{"device", "device", kSubject}, {"kind", "kind"},
                                            {"recording", "recording"},     {"other", "other"},
                                            {"number", "number", kNumber},  {"shared_ms", "shared_ms", kNumber}};
constexpr SealedColumn kClockColumns[] = {{"device", "device", kSubject},
                                          {"recording", "recording"},
                                          {"method", "method"},
                                          {"offset_ms", "offset_ms", kNumber},
                                          {"way", "way"},
                                          {"bound", "bound"},
                                          {"uncertainty_ms", "uncertainty_ms", kNumber},
                                          {"camera_us", "camera", kTime},
                                          {"truth_us", "truth", kTime}};

constexpr SealedColumn kSigningKeyColumns[] = {
    {"console", "console", kSubject}, {"kind", "kind"}, {"serial", "serial"}, {"sha256", "sha256"}, {"pem", "pem"}};
constexpr SealedColumn kSigningKeyEndColumns[] = {{"revoked_us", "revoked", kTime}, {"reason", "reason"}};

// camera_files: a file has a row for each content that it was sent with; `content` is what waits for the recording's first clip.
constexpr db::Migration kSteps[] = {
    {1, "dock codes", R"sql(
CREATE TABLE dock_codes (
  secret_sha256 TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  name TEXT NOT NULL,
  expires_us BIGINT NOT NULL,
  dock TEXT
);
CREATE INDEX dock_codes_by_agency ON dock_codes (agency, expires_us);
)sql"},
    {2, "camera systems: what they say, and what became of it", R"sql(
CREATE TABLE camera_accounts (
  system TEXT NOT NULL PRIMARY KEY REFERENCES camera_systems (id),
  account TEXT NOT NULL UNIQUE,
  key_sha256 TEXT NOT NULL,
  base_url TEXT NOT NULL,
  public_key_id TEXT,
  seen_us BIGINT
);
CREATE TABLE camera_entries (
  system TEXT NOT NULL REFERENCES camera_systems (id),
  kind TEXT NOT NULL CHECK (kind IN ('system', 'user', 'device')),
  name TEXT NOT NULL,
  metadata TEXT NOT NULL,
  person TEXT REFERENCES people (id),
  said_us BIGINT NOT NULL,
  PRIMARY KEY (system, kind, name)
);
CREATE TABLE camera_containers (
  id TEXT NOT NULL PRIMARY KEY,
  system TEXT NOT NULL REFERENCES camera_systems (id),
  kind TEXT NOT NULL CHECK (kind IN ('system', 'users', 'devices', 'recording', 'rejected')),
  name TEXT NOT NULL,
  metadata TEXT NOT NULL,
  head TEXT,
  made_us BIGINT NOT NULL,
  completed_us BIGINT
);
CREATE UNIQUE INDEX camera_containers_by_name ON camera_containers (system, name);
CREATE INDEX camera_containers_by_kind ON camera_containers (system, kind, made_us);
CREATE TABLE camera_files (
  container TEXT NOT NULL REFERENCES camera_containers (id),
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  md5 TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  metadata TEXT NOT NULL,
  recording TEXT,
  is_sealed BIGINT NOT NULL CHECK (is_sealed IN (0, 1)),
  content TEXT,
  put_us BIGINT NOT NULL,
  PRIMARY KEY (container, name, sha256)
);
CREATE TABLE camera_markers (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  recording TEXT NOT NULL REFERENCES recordings (id),
  marked_us BIGINT,
  until_us BIGINT,
  words TEXT,
  category TEXT,
  category_id TEXT,
  tags TEXT,
  place TEXT,
  source TEXT NOT NULL,
  said TEXT NOT NULL
);
CREATE INDEX camera_markers_by_recording ON camera_markers (agency, recording, leaf_index);
CREATE TABLE camera_recordings (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  recording TEXT NOT NULL REFERENCES recordings (id),
  container TEXT NOT NULL,
  files BIGINT NOT NULL,
  markers BIGINT NOT NULL,
  said TEXT NOT NULL
);
CREATE INDEX camera_recordings_by_recording ON camera_recordings (agency, recording, leaf_index);
)sql"},
    {3, "whose signatures an agency believes", R"sql(
CREATE TABLE camera_signing_keys (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  console TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('key', 'root')),
  serial TEXT,
  sha256 TEXT NOT NULL,
  pem TEXT NOT NULL,
  revoked_us BIGINT,
  reason TEXT
);
CREATE INDEX camera_signing_keys_by_agency ON camera_signing_keys (agency, leaf_index);
)sql"},
    {4, "the keys of docks' copies, and how docks stand", R"sql(
CREATE TABLE spool_keys (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  public_key TEXT NOT NULL
);
CREATE INDEX spool_keys_by_agency ON spool_keys (agency, leaf_index);
CREATE TABLE dock_states (
  dock TEXT NOT NULL PRIMARY KEY REFERENCES docks (id),
  seen_us BIGINT NOT NULL,
  state TEXT NOT NULL
);
)sql"},
    // Of one gap there is one row at a time that has no end.
    {5, "what cameras' counters and clocks say", R"sql(
CREATE TABLE camera_marks (
  agency TEXT NOT NULL PRIMARY KEY REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL
);
CREATE TABLE camera_numbers (
  recording TEXT NOT NULL PRIMARY KEY REFERENCES recordings (id),
  agency TEXT NOT NULL REFERENCES agencies (id),
  device TEXT NOT NULL REFERENCES devices (id),
  counter TEXT NOT NULL,
  channel TEXT NOT NULL,
  number BIGINT,
  first_number BIGINT,
  last_number BIGINT,
  at_us BIGINT NOT NULL,
  group_id TEXT,
  sha256 TEXT NOT NULL,
  start_us BIGINT,
  end_us BIGINT,
  seen_us BIGINT NOT NULL,
  is_judged BIGINT NOT NULL CHECK (is_judged IN (0, 1))
);
CREATE INDEX camera_numbers_by_device ON camera_numbers (agency, device, at_us, recording);
CREATE INDEX camera_numbers_unjudged ON camera_numbers (agency, device) WHERE is_judged = 0;
CREATE TABLE camera_gaps (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  device TEXT NOT NULL REFERENCES devices (id),
  counter TEXT NOT NULL,
  channel TEXT,
  first_number BIGINT NOT NULL,
  last_number BIGINT NOT NULL,
  missing BIGINT NOT NULL,
  before_file TEXT NOT NULL,
  after_file TEXT NOT NULL,
  closed_us BIGINT
);
CREATE INDEX camera_gaps_by_device ON camera_gaps (agency, device, leaf_index);
CREATE INDEX camera_gaps_before ON camera_gaps (agency, after_file, leaf_index);
CREATE INDEX camera_gaps_after ON camera_gaps (agency, before_file, leaf_index);
CREATE UNIQUE INDEX camera_gaps_open ON camera_gaps (device, counter, before_file, after_file) WHERE closed_us IS NULL;
CREATE TABLE camera_overlaps (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  device TEXT NOT NULL REFERENCES devices (id),
  kind TEXT NOT NULL CHECK (kind IN ('time', 'number')),
  recording TEXT NOT NULL,
  other TEXT NOT NULL,
  number BIGINT,
  shared_ms BIGINT
);
CREATE INDEX camera_overlaps_by_device ON camera_overlaps (agency, device, leaf_index);
CREATE INDEX camera_overlaps_by_other ON camera_overlaps (agency, other, leaf_index);
CREATE UNIQUE INDEX camera_overlaps_once ON camera_overlaps (recording, other, kind);
CREATE TABLE camera_clocks (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL,
  entered_us BIGINT NOT NULL,
  device TEXT NOT NULL REFERENCES devices (id),
  recording TEXT NOT NULL,
  method TEXT NOT NULL CHECK (method IN ('future', 'satellites')),
  offset_ms BIGINT NOT NULL,
  way TEXT NOT NULL CHECK (way IN ('fast', 'slow')),
  bound TEXT,
  uncertainty_ms BIGINT,
  camera_us BIGINT,
  truth_us BIGINT
);
CREATE INDEX camera_clocks_by_device ON camera_clocks (agency, device, leaf_index);
CREATE UNIQUE INDEX camera_clocks_once ON camera_clocks (recording, method);
)sql"},
};

constexpr const roster::SealedTable* kTables[] = {&kMarkers, &kRecordings, &kSigningKeys, &kSpoolKeys,
                                                  &kGaps,    &kOverlaps,   &kClocks};

}  // namespace

constexpr roster::SealedTable kMarkers = {"camera_markers", "marker", "recording.marked", kMarkerColumns};
constexpr roster::SealedTable kRecordings = {"camera_recordings", "completion", "recording.completed",
                                             kRecordingColumns};
constexpr roster::SealedTable kSpoolKeys = {"spool_keys", "spool_key", protocol::kSpoolKeyEvent, kSpoolKeyColumns};
constexpr roster::SealedTable kGaps = {"camera_gaps",       "gap",         "device.gap_found", kGapColumns,
                                       "device.gap_closed", kGapEndColumns};
constexpr roster::SealedTable kOverlaps = {"camera_overlaps", "overlap", "device.overlap_found", kOverlapColumns};
constexpr roster::SealedTable kClocks = {"camera_clocks", "measurement", "device.clock_measured", kClockColumns};

constexpr roster::SealedTable kSigningKeys = {"camera_signing_keys", "signing_key",        "camera_key.trusted",
                                              kSigningKeyColumns,    "camera_key.revoked", kSigningKeyEndColumns};

std::span<const db::Migration> schema() {
  return kSteps;
}

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  return acts::check_tables(tx, kTables, agency, fault);
}

}  // namespace lapel::cameras
