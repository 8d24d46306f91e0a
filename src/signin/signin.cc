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
    // People whom an agency's own directory keeps: who they are there, and what it says of them.
    {5, "identity providers and directories", R"sql(
ALTER TABLE sessions ADD COLUMN provider_us BIGINT;
CREATE TABLE sign_in_providers (
  agency TEXT NOT NULL PRIMARY KEY REFERENCES agencies (id),
  version TEXT NOT NULL,
  name TEXT NOT NULL,
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_secret TEXT NOT NULL,
  settings TEXT NOT NULL,
  set_us BIGINT NOT NULL
);
CREATE TABLE provider_links (
  agency TEXT NOT NULL REFERENCES agencies (id),
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  person TEXT NOT NULL REFERENCES people (id),
  linked_us BIGINT NOT NULL,
  PRIMARY KEY (agency, issuer, subject)
);
CREATE UNIQUE INDEX provider_links_by_person ON provider_links (person, issuer);
CREATE TABLE managed_people (
  person TEXT NOT NULL PRIMARY KEY REFERENCES people (id),
  since_us BIGINT NOT NULL
);
CREATE TABLE directory_users (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  user_name TEXT NOT NULL,
  user_name_folded TEXT NOT NULL,
  external_id TEXT,
  name TEXT NOT NULL,
  is_active BIGINT NOT NULL CHECK (is_active IN (0, 1)),
  is_deleted BIGINT NOT NULL CHECK (is_deleted IN (0, 1)),
  is_grouped BIGINT NOT NULL CHECK (is_grouped IN (0, 1)),
  is_put_out BIGINT NOT NULL CHECK (is_put_out IN (0, 1)),
  person TEXT UNIQUE REFERENCES people (id),
  created_us BIGINT NOT NULL,
  changed_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_users_by_name ON directory_users (agency, user_name_folded);
CREATE UNIQUE INDEX directory_users_by_external_id ON directory_users (agency, external_id);
CREATE TABLE directory_groups (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  external_id TEXT,
  name TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  changed_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_groups_by_name ON directory_groups (agency, name);
CREATE TABLE directory_members (
  group_id TEXT NOT NULL REFERENCES directory_groups (id),
  user_id TEXT NOT NULL REFERENCES directory_users (id),
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX directory_members_by_user ON directory_members (user_id, group_id);
)sql"},
    // Since when a user of the directory is not in step with it, or when that is tried again.
    {6, "users to be settled", R"sql(
ALTER TABLE directory_users ADD COLUMN unsettled_us BIGINT;
CREATE INDEX directory_users_unsettled ON directory_users (agency, unsettled_us);
)sql"},
    // Those from before are in no event, and end within 366 days.
    {7, "tokens in the ledger", R"sql(
ALTER TABLE tokens ADD COLUMN is_sealed BIGINT NOT NULL DEFAULT 0;
)sql"},
    // tries: when the last of them were, with a space between; failures says how many, and since_us when the last was. Those that
    // were counted before are let go, but for the locks that they led to.
    {8, "each try has its time", R"sql(
ALTER TABLE signin_failures ADD COLUMN tries TEXT NOT NULL DEFAULT '';
)sql"},
    {9, "accounts that nobody uses", R"sql(
ALTER TABLE signin_rules ADD COLUMN idle_days BIGINT NOT NULL DEFAULT 90;
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
