// SPDX-License-Identifier: Apache-2.0
#include "signin/signin.h"

#include <fmt/format.h>

#include "base/problems.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "roster/roster.h"

namespace lapel::signin {
namespace {

constexpr std::string_view kTokenHead = "lapel_";
constexpr std::size_t kTokenBytes = kTokenHead.size() + 32 + 1 + 64;

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
};

Error refused() {
  return {&problems::kUnauthenticated, "Sign in, or send a valid token in the Authorization header", {}};
}

Result<access::Actor> actor_of_token(db::Database& database, std::string_view token) {
  if (token.size() != kTokenBytes || !token.starts_with(kTokenHead)) return fail(refused());
  const auto id = TokenId::parse(token.substr(kTokenHead.size(), 32));
  const auto secret = parse_hex_array<32>(token.substr(kTokenHead.size() + 33));
  if (!id || !secret) return fail(refused());
  const Digest presented = crypto::sha256(*secret);
  access::Actor actor;
  TRY(database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT person, secret_sha256, scopes FROM tokens WHERE id = :id AND revoked_us IS NULL",
                     {{"id", id->text()}}));
    if (rows.empty()) return fail(refused());
    const auto kept = parse_hex_array<32>(rows[0].text("secret_sha256"));
    const auto person = PersonId::parse(rows[0].text("person"));
    if (!kept || !person || !crypto::equal_constant_time(*kept, presented)) return fail(refused());
    actor = TRY(roster::actor(tx, *person));
    if (const std::string& scopes = rows[0].text("scopes"); !scopes.empty()) {
      actor.scopes.emplace();
      for (std::size_t at = 0; at <= scopes.size();) {
        const std::size_t end = std::min(scopes.find(' ', at), scopes.size());
        if (const auto action = access::parse_action(std::string_view(scopes).substr(at, end - at)))
          actor.scopes->insert(*action);
        at = end + 1;
      }
    }
    return {};
  }));
  return actor;
}

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

Result<std::string> create_token(db::Database& database, const PersonId& person, const std::set<access::Action>& scopes,
                                 Timestamp now) {
  const auto id = crypto::new_id<TokenId>();
  const auto secret = crypto::random_bytes<32>();
  std::string names;
  for (const access::Action scope : scopes) {
    if (!names.empty()) names += ' ';
    names += access::action_name(scope);
  }
  TRY(database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(
        tx.run("INSERT INTO tokens (id, person, secret_sha256, scopes, created_us) VALUES (:id, :person, :secret, "
               ":scopes, :now)",
               {{"id", id.text()},
                {"person", person.text()},
                {"secret", hex(crypto::sha256(secret))},
                {"scopes", names},
                {"now", now.us}}));
    return {};
  }));
  return fmt::format("{}{}_{}", kTokenHead, id.text(), hex(secret));
}

roster::Asker asker(db::Database& database) {
  return [&database](const http::Request& request) -> Result<access::Actor> {
    const std::string* header = request.header("authorization");
    if (!header || !header->starts_with("Bearer ")) return fail(refused());
    return actor_of_token(database, std::string_view(*header).substr(7));
  };
}

}  // namespace lapel::signin
