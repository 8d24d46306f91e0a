// SPDX-License-Identifier: Apache-2.0
#include "cameras/schema.h"

#include "acts/tables_check.h"

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
};

constexpr const roster::SealedTable* kTables[] = {&kMarkers, &kRecordings, &kSigningKeys};

}  // namespace

constexpr roster::SealedTable kMarkers = {"camera_markers", "marker", "recording.marked", kMarkerColumns};
constexpr roster::SealedTable kRecordings = {"camera_recordings", "completion", "recording.completed",
                                             kRecordingColumns};

constexpr roster::SealedTable kSigningKeys = {"camera_signing_keys", "signing_key",        "camera_key.trusted",
                                              kSigningKeyColumns,    "camera_key.revoked", kSigningKeyEndColumns};

std::span<const db::Migration> schema() {
  return kSteps;
}

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  return acts::check_tables(tx, kTables, agency, fault);
}

}  // namespace lapel::cameras
