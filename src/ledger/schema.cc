// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

namespace lapel::ledger {
namespace {

// ledgers: the head of each, swapped by (size, root). tiled_size: leaves below it stand in full tiles in the bucket.
// ledger_batches: where the entries of leaves at and above tiled_size stand until then.
// ledger_published: each size that outsiders have seen.
// scheduled_s: start of the period whose scheduled statements stand; tallied_to_us: end of the last tallied month, or 0.
// ledger_chains: the end of each subject's chain. ledger_events: what the private leaves open to.
constexpr db::Migration kSteps[] = {
    {1, "ledgers", R"sql(
CREATE TABLE ledgers (
  agency TEXT NOT NULL PRIMARY KEY,
  origin TEXT NOT NULL UNIQUE,
  slug TEXT NOT NULL UNIQUE,
  beat_s BIGINT NOT NULL CHECK (beat_s > 0),
  floor_leaves BIGINT NOT NULL CHECK (floor_leaves > 0),
  heads_s BIGINT NOT NULL CHECK (heads_s > 0),
  policy TEXT NOT NULL,
  vkey TEXT NOT NULL,
  size BIGINT NOT NULL CHECK (size >= 0),
  root TEXT NOT NULL,
  tiled_size BIGINT NOT NULL CHECK (tiled_size >= 0 AND tiled_size <= size),
  last_beat BIGINT NOT NULL
);
CREATE TABLE ledger_batches (
  agency TEXT NOT NULL REFERENCES ledgers (agency),
  first_index BIGINT NOT NULL,
  entries BIGINT NOT NULL CHECK (entries > 0),
  object TEXT NOT NULL,
  PRIMARY KEY (agency, first_index)
);
CREATE TABLE ledger_published (
  agency TEXT NOT NULL REFERENCES ledgers (agency),
  size BIGINT NOT NULL,
  root TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  PRIMARY KEY (agency, size)
);
CREATE TABLE ledger_chains (
  agency TEXT NOT NULL REFERENCES ledgers (agency),
  subject TEXT NOT NULL,
  next_n BIGINT NOT NULL CHECK (next_n > 0),
  last_commitment TEXT NOT NULL,
  first_index BIGINT NOT NULL,
  last_index BIGINT NOT NULL,
  PRIMARY KEY (agency, subject)
);
CREATE TABLE ledger_events (
  agency TEXT NOT NULL REFERENCES ledgers (agency),
  subject TEXT NOT NULL,
  n BIGINT NOT NULL,
  leaf_index BIGINT NOT NULL,
  type TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (agency, subject, n)
);
CREATE UNIQUE INDEX ledger_events_by_index ON ledger_events (agency, leaf_index);
)sql"},
    {2, "schedule", R"sql(
ALTER TABLE ledgers ADD COLUMN scheduled_s BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledgers ADD COLUMN tallied_to_us BIGINT NOT NULL DEFAULT 0;
CREATE INDEX ledger_events_by_time ON ledger_events (agency, at_us, type);
)sql"},
    // Among the many events in the chain of somebody who lists and looks, the few that say what they are.
    {3, "roles", R"sql(
CREATE INDEX ledger_events_of_roles ON ledger_events (agency, subject, n) WHERE type = 'person.roles';
)sql"},
};

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

}  // namespace lapel::ledger
