// SPDX-License-Identifier: Apache-2.0
#include "signin/tokens.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/problems.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "roster/roles.h"
#include "roster/roster.h"

namespace lapel::signin {
namespace {

constexpr std::string_view kTokenHead = "lapel_";
constexpr std::size_t kTokenBytes = kTokenHead.size() + 32 + 1 + 64;
constexpr std::int64_t kLedgerUnitUs = 10'000;  // below it the ledger tells no time

Error refused() {
  return {&problems::kUnauthenticated, "Sign in, or send a valid token in the Authorization header", {}};
}

Error no_such(const TokenId& id) {
  return {&generic_problem(Code::kNotFound), "No such token, or revoked already", id.text()};
}

std::string scopes_text(const std::set<access::Action>& scopes) {
  std::string names;
  for (const access::Action scope : scopes) {
    if (!names.empty()) names += ' ';
    names += access::action_name(scope);
  }
  return names;
}

// nullopt: everything. Scopes of which none is known any more are nothing.
std::optional<std::set<access::Action>> parse_scopes(std::string_view names) {
  if (names.empty()) return std::nullopt;
  std::set<access::Action> out;
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = std::min(names.find(' ', at), names.size());
    if (const auto action = access::parse_action(names.substr(at, end - at))) out.insert(*action);
    at = end + 1;
  }
  return out;
}

Result<access::Actor> actor_of_token(db::Database& database, std::string_view token, Timestamp now,
                                     const http::Request& request) {
  if (token.size() != kTokenBytes || !token.starts_with(kTokenHead)) return fail(refused());
  const auto id = TokenId::parse(token.substr(kTokenHead.size(), 32));
  const auto secret = parse_hex_array<32>(token.substr(kTokenHead.size() + 33));
  if (!id || !secret) return fail(refused());
  const Digest presented = crypto::sha256(*secret);
  const std::int64_t today_us = now.us - now.us % kDayUs;
  access::Actor actor;
  bool is_first_today = false;
  TRY(database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(tx.query(
        fmt::format("SELECT t.person AS person, t.secret_sha256 AS secret_sha256, t.scopes AS scopes, t.used_us AS "
                    "used_us FROM tokens t JOIN people p ON p.id = t.person WHERE t.id = :id AND t.revoked_us IS NULL "
                    "AND t.expires_us > :now AND {}",
                    roster::active_since_condition("t.created_us")),
        {{"id", id->text()}, {"now", now.us}}));
    if (rows.empty()) return fail(refused());
    const auto kept = parse_hex_array<32>(rows[0].text("secret_sha256"));
    const auto person = PersonId::parse(rows[0].text("person"));
    if (!kept || !person || !crypto::equal_constant_time(*kept, presented)) return fail(refused());
    actor = TRY(roster::actor(tx, *person));
    actor.scopes = parse_scopes(rows[0].text("scopes"));
    request.asked.token = id->text().substr(0, http::kCredentialCharacters);
    is_first_today = rows[0].maybe_integer("used_us").value_or(0) < today_us;
    return {};
  }));
  if (is_first_today) {
    TRY(database.write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run("UPDATE tokens SET used_us = :today WHERE id = :id AND coalesce(used_us, 0) < :today",
                 {{"today", today_us}, {"id", id->text()}}));
      return {};
    }));
  }
  return actor;
}

Result<Token> read_token(const db::Row& row, Timestamp now) {
  const auto id = TokenId::parse(row.text("id"));
  if (!id) return fail(Code::kCorrupt, "A token in the catalog is damaged", row.text("id"));
  const auto time = [&](std::string_view column) {
    const auto us = row.maybe_integer(column);
    return us ? std::optional(Timestamp{*us}) : std::nullopt;
  };
  Token token{*id,
              row.text("login"),
              parse_scopes(row.text("scopes")),
              Timestamp{row.integer("created_us")},
              time("expires_us").value_or(Timestamp{0}),
              time("used_us"),
              time("revoked_us"),
              TokenState::kStands};
  if (token.revoked_at) {
    token.state = TokenState::kRevoked;
  } else if (row.integer("is_persons") == 0) {
    token.state = TokenState::kDeactivated;
  } else if (token.expires_at <= now) {
    token.state = TokenState::kExpired;
  }
  return token;
}

}  // namespace

Result<Timestamp> parse_token_end(std::string_view text, Timestamp now) {
  if (text.empty()) return now + kTokenLifeDays * kDayUs;
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t days = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), days);
    if (error != std::errc() || days > kTokenLifeDaysMax) days = kTokenLifeDaysMax + 1;  // too many, however many
    return now + days * kDayUs;
  }
  const auto time = parse_rfc3339(text);
  if (time) return *time;
  return fail(Code::kInvalid,
              "A token's end is a number of days, or an RFC 3339 time such as 2027-01-31T00:00:00Z, not this",
              std::string(text));
}

Result<MadeToken> make_token(const NewToken& wanted, Timestamp now) {
  if (wanted.expires_at <= now || wanted.expires_at - now > kTokenLifeDaysMax * kDayUs) {
    return fail(Code::kInvalid, fmt::format("A token ends in the time to come, within {} days", kTokenLifeDaysMax));
  }
  const auto id = crypto::new_id<TokenId>();
  const auto secret = crypto::random_bytes<32>();
  return MadeToken{id,
                   fmt::format("{}{}_{}", kTokenHead, id.text(), hex(secret)),
                   hex(crypto::sha256(secret)),
                   {wanted.expires_at.us / kLedgerUnitUs * kLedgerUnitUs}};
}

Result<void> add_token(db::Transaction& tx, const MadeToken& made, const NewToken& wanted, Timestamp at) {
  const roster::Person person = TRY(roster::person_by_login(tx, wanted.login));
  if (!person.is_active) return fail(Code::kConflict, "This person is deactivated", wanted.login);
  TRY(
      tx.run("INSERT INTO tokens (id, person, secret_sha256, scopes, created_us, expires_us, is_sealed) VALUES (:id, "
             ":person, :secret, :scopes, :now, :expires, 1)",
             {{"id", made.id.text()},
              {"person", person.id.text()},
              {"secret", made.kept},
              {"scopes", scopes_text(wanted.scopes)},
              {"now", at.us},
              {"expires", made.expires_at.us}}));
  return {};
}

Result<MadeToken> Tokens::create(const NewToken& wanted) {
  MadeToken made = TRY(make_token(wanted, parts_.clock.now()));
  roster::Person person;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    person = TRY(roster::person_by_login(tx, wanted.login));
    return {};
  }));
  Json::Object fields = {{"token", made.id.text()}, {"principal", "person"}, {"expires", ledger_time(made.expires_at)}};
  if (!wanted.scopes.empty()) fields.emplace("scopes", scopes_text(wanted.scopes));
  TRY(commit(person, "token.made", std::move(fields),
             [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) {
               return add_token(tx, made, wanted, sealed[0].at);
             }));
  return made;
}

Result<void> Tokens::revoke(const TokenId& id) {
  roster::Person person;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT person FROM tokens WHERE id = :id AND revoked_us IS NULL LIMIT 1", {{"id", id.text()}}));
    if (rows.empty()) return fail(no_such(id));
    const auto owner = PersonId::parse(rows[0].text("person"));
    if (!owner) return fail(Code::kCorrupt, "A token in the catalog is damaged", id.text());
    person = TRY(roster::person(tx, *owner));
    return {};
  }));
  return commit(person, "token.revoked", {{"token", id.text()}},
                [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) {
                  return revoke_token(tx, id, sealed[0].at);
                });
}

Result<void> Tokens::commit(const roster::Person& person, std::string type, Json::Object fields,
                            ledger::RowsStep rows) {
  ledger::Submission submission;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    submission.actor = TRY(roster::agency(tx, person.agency)).console;
    return {};
  }));
  submission.events.push_back({person.id, std::move(type), std::move(fields), false});
  submission.rows = std::move(rows);
  TRY(TRY(parts_.ledgers.find(person.agency))->commit(std::move(submission)));
  return {};
}

std::string_view token_state_name(TokenState state) {
  switch (state) {
    case TokenState::kStands:
      return "stands";
    case TokenState::kExpired:
      return "expired";
    case TokenState::kRevoked:
      return "revoked";
    case TokenState::kDeactivated:
      return "deactivated";
  }
  CHECK(false);
}

Result<std::vector<Token>> list_tokens(db::Database& database, const std::optional<std::string>& login, Timestamp now) {
  std::vector<Token> out;
  TRY(database.read([&](db::Transaction& tx) -> Result<void> {
    if (login) TRY(roster::person_by_login(tx, *login));  // nobody of that name is not somebody without tokens
    const db::Rows rows = TRY(tx.query(
        fmt::format(
            "SELECT t.id AS id, p.login AS login, t.scopes AS scopes, t.created_us AS created_us, t.expires_us "
            "AS expires_us, t.used_us AS used_us, t.revoked_us AS revoked_us, CASE WHEN {} THEN 1 ELSE 0 END AS "
            "is_persons FROM tokens t JOIN people p ON p.id = t.person WHERE CAST(:login AS TEXT) IS NULL OR "
            "p.login = :login ORDER BY t.created_us DESC, t.id LIMIT :limit",
            roster::active_since_condition("t.created_us")),
        {{"login", login}, {"limit", kTokensListedMax}}));
    out.clear();
    for (const db::Row& row : rows) out.push_back(TRY(read_token(row, now)));
    return {};
  }));
  return out;
}

Result<void> tokens_that_stand(db::Transaction& tx, const AgencyId& agency, Timestamp now,
                               const std::function<void(const PersonId&, Token)>& each) {
  for (const db::Row& row : TRY(tx.query(
           fmt::format(
               "SELECT t.id AS id, t.person AS person, p.login AS login, t.scopes AS scopes, t.created_us AS "
               "created_us, t.expires_us AS expires_us, t.used_us AS used_us, t.revoked_us AS revoked_us, CAST(1 AS "
               "BIGINT) AS "
               "is_persons FROM tokens t JOIN people p ON p.id = t.person WHERE p.agency = :agency AND t.revoked_us "
               "IS NULL AND t.expires_us > :now AND {} ORDER BY t.person, t.created_us, t.id LIMIT :limit",
               roster::active_since_condition("t.created_us")),
           {{"agency", agency.text()}, {"now", now.us}, {"limit", kTokensListedMax}}))) {
    const auto person = PersonId::parse(row.text("person"));
    if (!person) return fail(Code::kCorrupt, "A token in the catalog is damaged", row.text("id"));
    each(*person, TRY(read_token(row, now)));
  }
  return {};
}

Result<void> revoke_token(db::Transaction& tx, const TokenId& id, Timestamp at) {
  const std::int64_t changed = TRY(tx.run("UPDATE tokens SET revoked_us = :now WHERE id = :id AND revoked_us IS NULL",
                                          {{"now", at.us}, {"id", id.text()}}));
  if (changed != 1) return fail(no_such(id));
  return {};
}

roster::Asker asker(db::Database& database, const Clock& clock) {
  return [&database, &clock](const http::Request& request) -> Result<access::Actor> {
    const std::string* header = request.header("authorization");
    if (!header || !header->starts_with("Bearer ")) return fail(refused());
    return actor_of_token(database, std::string_view(*header).substr(7), clock.now(), request);
  };
}

}  // namespace lapel::signin
