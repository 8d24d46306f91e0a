// SPDX-License-Identifier: Apache-2.0
#include "evidence/vault.h"

namespace lapel::evidence {
namespace {

// sort_us: recorded time where it is known, else received; with the id it orders every list.
// dock_file: the dock's random id of the file; one is admitted once.
constexpr db::Migration kSteps[] = {
    {1, "recordings and views", R"sql(
CREATE TABLE recordings (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  sha256 TEXT NOT NULL,
  bytes BIGINT NOT NULL CHECK (bytes >= 0),
  codec TEXT NOT NULL,
  filename TEXT NOT NULL,
  filetype TEXT NOT NULL,
  recorded_us BIGINT,
  received_us BIGINT NOT NULL,
  sort_us BIGINT NOT NULL,
  uploader TEXT NOT NULL,
  device TEXT,
  wearer TEXT,
  assigned_officer TEXT REFERENCES people (id),
  incident TEXT,
  category TEXT,
  group_id TEXT,
  dock_file TEXT,
  chain_starts_at TEXT NOT NULL CHECK (chain_starts_at IN ('camera', 'dock', 'server')),
  state TEXT NOT NULL,
  is_inside_home BIGINT NOT NULL DEFAULT 0 CHECK (is_inside_home IN (0, 1)),
  more TEXT NOT NULL
);
CREATE INDEX recordings_by_time ON recordings (agency, sort_us, id);
CREATE INDEX recordings_by_device ON recordings (agency, device, sort_us, id);
CREATE INDEX recordings_by_officer ON recordings (agency, assigned_officer, sort_us, id);
CREATE INDEX recordings_by_category ON recordings (agency, category, sort_us, id);
CREATE INDEX recordings_by_incident ON recordings (agency, incident, sort_us, id);
CREATE INDEX recordings_by_sha256 ON recordings (agency, sha256);
CREATE INDEX recordings_by_group ON recordings (agency, group_id);
CREATE UNIQUE INDEX recordings_by_dock_file ON recordings (agency, dock_file);
CREATE TABLE views (
  id TEXT NOT NULL PRIMARY KEY,
  recording TEXT NOT NULL REFERENCES recordings (id),
  agency TEXT NOT NULL REFERENCES agencies (id),
  person TEXT NOT NULL REFERENCES people (id),
  purpose TEXT NOT NULL,
  case_number TEXT,
  warrant TEXT,
  opened_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL
);
CREATE INDEX views_by_recording ON views (recording, opened_us);
)sql"},
};

}  // namespace

std::span<const db::Migration> schema() { return kSteps; }

}  // namespace lapel::evidence
