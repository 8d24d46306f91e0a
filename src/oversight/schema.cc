// SPDX-License-Identifier: Apache-2.0
#include "oversight/schema.h"

namespace lapel::oversight {
namespace {

// watch_marks: up to which leaf the ledger has been followed, and up to which week digests have been made.
// alerts: until_us is how far the burst has gone on since.
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
};

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

}  // namespace lapel::oversight
