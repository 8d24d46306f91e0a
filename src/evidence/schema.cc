// SPDX-License-Identifier: Apache-2.0
#include "evidence/vault.h"

namespace lapel::evidence {
namespace {

// sort_us: recorded time where it is known, else received; with the id it orders every list.
// folded: what a search of the list looks through, folded by base/text.h.
// dock_file: the dock's random id of the file; one is admitted once.
// derived_items: object is a name in the bucket, content the bytes themselves where they are a short text. The facts in
// recordings are those of the item 'probe', in the form that lists and searches want; with media_verdict all or none.
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
    {2, "derived items and what they say of a recording", R"sql(
CREATE TABLE derived_items (
  recording TEXT NOT NULL REFERENCES recordings (id),
  kind TEXT NOT NULL CHECK (kind IN ('probe', 'poster', 'filmstrip')),
  agency TEXT NOT NULL REFERENCES agencies (id),
  tool TEXT NOT NULL,
  version TEXT NOT NULL,
  arguments TEXT NOT NULL,
  parent_sha256 TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes BIGINT NOT NULL CHECK (bytes >= 0),
  object TEXT,
  content TEXT,
  made_us BIGINT NOT NULL,
  PRIMARY KEY (recording, kind),
  CHECK ((object IS NULL AND content IS NOT NULL) OR (object IS NOT NULL AND content IS NULL))
);
ALTER TABLE recordings ADD COLUMN media_verdict TEXT;
ALTER TABLE recordings ADD COLUMN media_sentence TEXT;
ALTER TABLE recordings ADD COLUMN duration_ms BIGINT;
ALTER TABLE recordings ADD COLUMN width BIGINT;
ALTER TABLE recordings ADD COLUMN height BIGINT;
ALTER TABLE recordings ADD COLUMN frames BIGINT;
ALTER TABLE recordings ADD COLUMN video_codec TEXT;
ALTER TABLE recordings ADD COLUMN audio_codec TEXT;
ALTER TABLE recordings ADD COLUMN file_created_us BIGINT;
)sql"},
    {3, "searchable text", R"sql(
ALTER TABLE recordings ADD COLUMN folded TEXT NOT NULL DEFAULT '';
)sql"},
    // Until now a recording that was not said to be inside a home was one that nobody had spoken of.
    {4, "flags, restrictions and releases", R"sql(
ALTER TABLE recordings ADD COLUMN inside_home_known BIGINT NOT NULL DEFAULT 0;
UPDATE recordings SET inside_home_known = 1 WHERE is_inside_home = 1;
ALTER TABLE recordings ADD COLUMN restriction TEXT;
ALTER TABLE recordings ADD COLUMN is_victim_sensitive BIGINT NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
CREATE TABLE releases (
  recording TEXT NOT NULL REFERENCES recordings (id),
  person TEXT NOT NULL REFERENCES people (id),
  agency TEXT NOT NULL REFERENCES agencies (id),
  released_us BIGINT NOT NULL,
  PRIMARY KEY (recording, person)
);
)sql"},
    // From the asking on: sha256 and what follows it once it is made, refusal where nothing can be made of the recording.
    // object goes when the holder's right has ended; what was made, and for whom, stays.
    {5, "renditions", R"sql(
CREATE TABLE renditions (
  id TEXT NOT NULL PRIMARY KEY,
  recording TEXT NOT NULL REFERENCES recordings (id),
  agency TEXT NOT NULL REFERENCES agencies (id),
  holder TEXT NOT NULL,
  watermark TEXT NOT NULL,
  refusal TEXT,
  parent_sha256 TEXT,
  sha256 TEXT,
  bytes BIGINT CHECK (bytes >= 0),
  tool TEXT,
  version TEXT,
  arguments TEXT,
  made_us BIGINT,
  object TEXT,
  forgotten_us BIGINT,
  CHECK (object IS NULL OR (sha256 IS NOT NULL AND forgotten_us IS NULL AND refusal IS NULL))
);
CREATE UNIQUE INDEX renditions_by_holder ON renditions (holder, recording);
CREATE INDEX renditions_by_recording ON renditions (recording, id);
)sql"},
    // swept_us: when nothing of a forgotten one was left in the bucket, and nobody was making it any more.
    {6, "what is left of renditions", R"sql(
ALTER TABLE renditions ADD COLUMN swept_us BIGINT;
CREATE INDEX renditions_kept ON renditions (holder) WHERE forgotten_us IS NULL;
CREATE INDEX renditions_unswept ON renditions (id) WHERE forgotten_us IS NOT NULL AND swept_us IS NULL;
)sql"},
    {7, "what arrived, by time", R"sql(
CREATE INDEX recordings_by_arrival ON recordings (agency, received_us, category, bytes, duration_ms, assigned_officer);
)sql"},
    // Which kinds there are is said where they are made (vault.h), once.
    {8, "derived items of any kind", R"sql(
CREATE TABLE derived_items_2 (
  recording TEXT NOT NULL REFERENCES recordings (id),
  kind TEXT NOT NULL,
  agency TEXT NOT NULL REFERENCES agencies (id),
  tool TEXT NOT NULL,
  version TEXT NOT NULL,
  arguments TEXT NOT NULL,
  parent_sha256 TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes BIGINT NOT NULL CHECK (bytes >= 0),
  object TEXT,
  content TEXT,
  made_us BIGINT NOT NULL,
  PRIMARY KEY (recording, kind),
  CHECK ((object IS NULL AND content IS NOT NULL) OR (object IS NOT NULL AND content IS NULL))
);
INSERT INTO derived_items_2 (recording, kind, agency, tool, version, arguments, parent_sha256, sha256, bytes, object, content, made_us)
  SELECT recording, kind, agency, tool, version, arguments, parent_sha256, sha256, bytes, object, content, made_us FROM derived_items;
DROP TABLE derived_items;
ALTER TABLE derived_items_2 RENAME TO derived_items;
)sql"},
    // As the newest event of the item 'signature' says it: all null where the recording has none.
    {9, "signatures of cameras", R"sql(
ALTER TABLE recordings ADD COLUMN signature_verdict TEXT;
ALTER TABLE recordings ADD COLUMN signature_key TEXT;
ALTER TABLE recordings ADD COLUMN signature_key_is TEXT;
)sql"},
};

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

}  // namespace lapel::evidence
