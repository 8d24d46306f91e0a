// SPDX-License-Identifier: Apache-2.0
#include "signin/signin.h"

namespace lapel::signin {
namespace {

constexpr db::Migration kSteps[] = {
    {1, "passwords and tokens", R"sql(
CREATE TABLE passwords (
  person TEXT NOT NULL PRIMARY KEY REFERENCES people (id),
  hash TEXT NOT NULL
);
CREATE TABLE tokens (
  id TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL REFERENCES people (id),
  secret_sha256 TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  revoked_us BIGINT
);
CREATE INDEX tokens_by_person ON tokens (person);
)sql"},
    {2, "sessions", R"sql(
CREATE TABLE sessions (
  id_sha256 TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL REFERENCES people (id),
  started_us BIGINT NOT NULL,
  seen_us BIGINT NOT NULL,
  ends_us BIGINT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person, seen_us);
)sql"},
    // Those that were made without an end get one: 366 days after they were made.
    {3, "tokens end", R"sql(
ALTER TABLE tokens ADD COLUMN expires_us BIGINT;
ALTER TABLE tokens ADD COLUMN used_us BIGINT;
UPDATE tokens SET expires_us = created_us + 31622400000000;
)sql"},
};

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

Result<void> set_password(db::Transaction& tx, const PersonId& person, const std::string& hash) {
  TRY(tx.run(
      "INSERT INTO passwords (person, hash) VALUES (:person, :hash) ON CONFLICT (person) DO UPDATE SET hash = :hash",
      {{"person", person.text()}, {"hash", hash}}));
  return {};
}

}  // namespace lapel::signin
