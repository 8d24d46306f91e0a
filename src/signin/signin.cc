// SPDX-License-Identifier: Apache-2.0
#include "signin/signin.h"

#include <fmt/format.h>

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
    // A session from before has no second factor: whoever has it is asked for one at the next request.
    {4, "second factors", R"sql(
ALTER TABLE sessions ADD COLUMN factor_us BIGINT;
ALTER TABLE sessions ADD COLUMN verified_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN accepted_us BIGINT;
ALTER TABLE passwords ADD COLUMN changed_us BIGINT;
CREATE TABLE factors (
  id TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL REFERENCES people (id),
  kind TEXT NOT NULL CHECK (kind IN ('passkey', 'totp')),
  name TEXT NOT NULL,
  is_confirmed BIGINT NOT NULL CHECK (is_confirmed IN (0, 1)),
  secret TEXT,
  credential TEXT UNIQUE,
  algorithm BIGINT,
  public_key TEXT,
  rp_id TEXT,
  counter BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  used_us BIGINT,
  CHECK ((kind = 'totp' AND secret IS NOT NULL) OR
    (kind = 'passkey' AND credential IS NOT NULL AND algorithm IS NOT NULL AND public_key IS NOT NULL AND rp_id IS NOT NULL))
);
CREATE INDEX factors_by_person ON factors (person, created_us);
CREATE TABLE recovery_codes (
  person TEXT NOT NULL REFERENCES people (id),
  code_sha256 TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  used_us BIGINT,
  PRIMARY KEY (person, code_sha256)
);
CREATE TABLE signin_failures (
  login_sha256 TEXT NOT NULL PRIMARY KEY,
  is_somebody BIGINT NOT NULL CHECK (is_somebody IN (0, 1)),
  since_us BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  locked_us BIGINT
);
CREATE INDEX signin_failures_of_nobody ON signin_failures (since_us) WHERE is_somebody = 0;
CREATE TABLE signin_events (
  id TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL REFERENCES people (id),
  at_us BIGINT NOT NULL,
  event TEXT NOT NULL,
  actor TEXT,
  is_console BIGINT NOT NULL CHECK (is_console IN (0, 1)),
  client TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX signin_events_by_person ON signin_events (person, at_us);
CREATE INDEX signin_events_by_time ON signin_events (at_us);
CREATE TABLE signin_rules (
  agency TEXT NOT NULL PRIMARY KEY REFERENCES agencies (id),
  second_factor TEXT NOT NULL CHECK (second_factor IN ('required', 'optional')),
  banner TEXT NOT NULL
);
CREATE TABLE signin_keys (
  name TEXT NOT NULL PRIMARY KEY,
  secret TEXT NOT NULL
);
CREATE TABLE used_challenges (
  challenge_sha256 TEXT NOT NULL PRIMARY KEY,
  ends_us BIGINT NOT NULL
);
CREATE INDEX used_challenges_by_end ON used_challenges (ends_us);
)sql"},
};

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

Result<void> check_new_password(std::string_view password) {
  if (password.size() < kPasswordBytesMin || password.size() > kPasswordBytesMax)
    return fail(Code::kInvalid, fmt::format("A password has {} to {} bytes", kPasswordBytesMin, kPasswordBytesMax));
  return {};
}

Result<void> set_password(db::Transaction& tx, const PersonId& person, const std::string& hash, Timestamp now) {
  TRY(
      tx.run("INSERT INTO passwords (person, hash, changed_us) VALUES (:person, :hash, :now) ON CONFLICT (person) DO "
             "UPDATE SET "
             "hash = excluded.hash, changed_us = excluded.changed_us",
             {{"person", person.text()}, {"hash", hash}, {"now", now.us}}));
  return {};
}

}  // namespace lapel::signin
