// SPDX-License-Identifier: Apache-2.0
#include "oversight/schema.h"

namespace lapel::oversight {
namespace {

// watch_marks: up to which leaf the ledger has been followed; shares up to shares_after were no looks then.
// alerts: until_us is how far the burst has gone on since; beside each time stands its look's leaf.
// digest_weeks: is_made once every reader's digest of the week is; they are of looks up to leaf_index.
constexpr db::Migration kSteps[] = {
    {1, "who looks, alerts, digests, reviews", R"sql(
CREATE TABLE watch_marks (
  agency TEXT NOT NULL PRIMARY KEY REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  digests_to_us BIGINT NOT NULL
);
CREATE TABLE watched_acts (
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  person TEXT NOT NULL,
  recording TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  act TEXT NOT NULL CHECK (act IN ('viewed', 'exported', 'refused')),
  tie TEXT NOT NULL CHECK (tie IN ('own', 'case', 'named', 'unit', 'unattributed', 'none')),
  purpose TEXT NOT NULL,
  case_number TEXT,
  PRIMARY KEY (agency, leaf_index)
);
CREATE INDEX watched_acts_by_person ON watched_acts (agency, person, at_us);
CREATE INDEX watched_acts_by_time ON watched_acts (agency, at_us);
CREATE TABLE alerts (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  person TEXT NOT NULL REFERENCES people (id),
  from_us BIGINT NOT NULL,
  at_us BIGINT NOT NULL,
  until_us BIGINT NOT NULL,
  recordings BIGINT NOT NULL CHECK (recordings > 0),
  acknowledged_us BIGINT,
  acknowledged_by TEXT REFERENCES people (id),
  reason TEXT
);
CREATE INDEX alerts_by_person ON alerts (agency, person, at_us);
CREATE TABLE digests (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  reader TEXT NOT NULL REFERENCES people (id),
  from_us BIGINT NOT NULL,
  to_us BIGINT NOT NULL,
  content TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  signed_us BIGINT,
  note TEXT
);
CREATE UNIQUE INDEX digests_by_reader ON digests (agency, reader, from_us);
CREATE INDEX digests_by_week ON digests (agency, from_us, id);
CREATE TABLE access_reviews (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  person TEXT NOT NULL REFERENCES people (id),
  at_us BIGINT NOT NULL,
  people BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  note TEXT
);
CREATE INDEX access_reviews_by_time ON access_reviews (agency, at_us, id);
)sql"},
    {2, "shares are looks, the order is the ledger's", R"sql(
CREATE TABLE watched_acts_2 (
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  person TEXT NOT NULL,
  recording TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  act TEXT NOT NULL CHECK (act IN ('viewed', 'exported', 'shared', 'refused')),
  tie TEXT NOT NULL CHECK (tie IN ('own', 'case', 'named', 'unit', 'unattributed', 'none')),
  purpose TEXT NOT NULL,
  case_number TEXT,
  PRIMARY KEY (agency, leaf_index)
);
INSERT INTO watched_acts_2 (agency, leaf_index, person, recording, at_us, act, tie, purpose, case_number)
  SELECT agency, leaf_index, person, recording, at_us, act, tie, purpose, case_number FROM watched_acts;
DROP TABLE watched_acts;
ALTER TABLE watched_acts_2 RENAME TO watched_acts;
CREATE INDEX watched_acts_by_person ON watched_acts (agency, person, leaf_index);
CREATE INDEX watched_acts_by_time ON watched_acts (agency, at_us);
ALTER TABLE watch_marks ADD COLUMN shares_after BIGINT NOT NULL DEFAULT -1;
UPDATE watch_marks SET shares_after = leaf_index;
ALTER TABLE alerts ADD COLUMN from_leaf BIGINT NOT NULL DEFAULT -1;
ALTER TABLE alerts ADD COLUMN at_leaf BIGINT NOT NULL DEFAULT -1;
ALTER TABLE alerts ADD COLUMN until_leaf BIGINT NOT NULL DEFAULT -1;
UPDATE alerts SET
  from_leaf = coalesce((SELECT min(w.leaf_index) FROM watched_acts w
    WHERE w.agency = alerts.agency AND w.person = alerts.person AND w.at_us = alerts.from_us), -1),
  at_leaf = coalesce((SELECT max(w.leaf_index) FROM watched_acts w
    WHERE w.agency = alerts.agency AND w.person = alerts.person AND w.at_us = alerts.at_us), -1),
  until_leaf = coalesce((SELECT max(w.leaf_index) FROM watched_acts w
    WHERE w.agency = alerts.agency AND w.person = alerts.person AND w.at_us = alerts.until_us), -1);
CREATE TABLE digest_weeks (
  agency TEXT NOT NULL REFERENCES agencies (id),
  from_us BIGINT NOT NULL,
  leaf_index BIGINT NOT NULL,
  is_made BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (agency, from_us)
);
INSERT INTO digest_weeks (agency, from_us, leaf_index, is_made)
  SELECT d.agency, d.from_us, min(m.leaf_index), 1 FROM digests d JOIN watch_marks m ON m.agency = d.agency
  GROUP BY d.agency, d.from_us;
ALTER TABLE watch_marks DROP COLUMN digests_to_us;
)sql"},
};

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

}  // namespace lapel::oversight
