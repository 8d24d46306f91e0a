// SPDX-License-Identifier: Apache-2.0
#include "signin/setup.h"

#include <utility>

#include <fmt/format.h>

#include "base/problems.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "roster/roles.h"
#include "signin/managed_people.h"
#include "signin/record.h"
#include "signin/signin.h"

namespace lapel::signin {
namespace {

constexpr db::Migration kSteps[] = {
    {1, "links for hosted agencies", R"sql(
CREATE TABLE setup_links (
  agency TEXT NOT NULL PRIMARY KEY REFERENCES agencies (id),
  secret_sha256 TEXT NOT NULL UNIQUE,
  expires_us BIGINT NOT NULL
);
)sql"},
    {2, "tries of a link", R"sql(
ALTER TABLE setup_links ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
)sql"},
    {3, "links for people", R"sql(
CREATE TABLE person_links (
  person TEXT NOT NULL PRIMARY KEY REFERENCES people (id),
  secret_sha256 TEXT NOT NULL UNIQUE,
  given_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL
);
)sql"},
};

// SQL: the link works at :now, where :most tries are given.
constexpr std::string_view kStands = "expires_us > :now AND tries < :most";

}  // namespace

std::span<const db::Migration> setup_schema() {
  return kSteps;
}

Setup::Setup(Parts parts, Add add, bool is_needed) : parts_(parts), add_(std::move(add)) {
  if (!is_needed) return;
  secret_ = base64url(crypto::random_bytes<32>());
  hash_ = crypto::sha256(as_bytes(*secret_));
}

std::optional<std::string> Setup::take_secret() {
  const os::MutexLock lock(mutex_);
  return std::exchange(secret_, std::nullopt);
}

Result<bool> Setup::is_open() {
  {
    const os::MutexLock lock(mutex_);
    if (hash_) return true;
  }
  bool is_waiting = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    is_waiting = !TRY(tx.query(fmt::format("SELECT agency FROM setup_links WHERE {} LIMIT 1", kStands),
                               {{"now", parts_.clock.now().us}, {"most", kSetupTriesMax}}))
                      .empty();
    return {};
  }));
  return is_waiting;
}

// Before anything is tried: of any number that come at once, at servers of any number, no more are answered.
Result<std::optional<AgencyId>> Setup::take_try(const Digest& hash) {
  std::optional<AgencyId> out;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    out.reset();
    const db::Rows rows = TRY(tx.query(
        fmt::format("UPDATE setup_links SET tries = tries + 1 WHERE secret_sha256 = :hash AND {} RETURNING agency",
                    kStands),
        {{"hash", hex(hash)}, {"now", parts_.clock.now().us}, {"most", kSetupTriesMax}}));
    out = rows.empty() ? std::nullopt : AgencyId::parse(rows[0].text("agency"));
    return {};
  }));
  return out;
}

Result<PersonId> Setup::run(const std::string& secret, const FirstAdministrator& first) {
  // Held while the administrator is added: of two who come at once, the second finds the link used.
  const os::MutexLock lock(mutex_);
  const Digest hash = crypto::sha256(as_bytes(secret));
  if (hash_ && crypto::equal_constant_time(*hash_, hash)) {
    PersonId person = TRY(add_(std::nullopt, first));
    hash_.reset();
    return person;
  }
  if (const auto invited = TRY(accept(hash, first))) return *invited;
  const std::optional<AgencyId> agency = TRY(take_try(hash));
  if (!agency) {
    return fail(
        Error{&problems::kUnauthenticated,
              "This set-up link is not valid: it works once; one that a server printed, only until that server is "
              "started again, and one that was handed over for seven days, and not after five logins that were taken",
              {}});
  }
  // At another server too the second finds an administrator there: that is asked in the transaction that adds one.
  auto person = add_(agency, first);
  if (!person) {
    // What is no login or no password says nothing of anybody.
    if (person.error().code() != Code::kConflict) {
      TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
        TRY(tx.run("UPDATE setup_links SET tries = tries - 1 WHERE secret_sha256 = :hash", {{"hash", hex(hash)}}));
        return {};
      }));
    }
    return fail(std::move(person).error());
  }
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("DELETE FROM setup_links WHERE agency = :agency", {{"agency", agency->text()}}));
    return {};
  }));
  return person;
}

Result<std::optional<PersonId>> Setup::accept(const Digest& hash, const FirstAdministrator& as_said) {
  const auto whose = [&](db::Transaction& tx) -> Result<std::optional<PersonId>> {
    const db::Rows rows =
        TRY(tx.query(fmt::format("SELECT p.id AS id FROM person_links l JOIN people p ON p.id = l.person WHERE "
                                 "l.secret_sha256 = :hash AND l.expires_us > :now AND p.login = :login AND {} LIMIT 1",
                                 roster::active_since_condition("l.given_us")),
                     {{"hash", hex(hash)}, {"now", parts_.clock.now().us}, {"login", as_said.login}}));
    return rows.empty() ? std::optional<PersonId>() : PersonId::parse(rows[0].text("id"));
  };
  std::optional<PersonId> person;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    person = TRY(whose(tx));
    return {};
  }));
  if (!person) return person;
  TRY(check_new_password(as_said.password));
  const std::string password = crypto::hash_password(as_said.password);
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    // Again, where no other is at it too: it works once.
    person = TRY(whose(tx));
    if (!person) return {};
    if (!TRY(awaits_password(tx, *person))) {
      person.reset();
      return {};
    }
    TRY(tx.run("DELETE FROM person_links WHERE person = :person", {{"person", person->text()}}));
    return set_password(tx, *person, password, parts_.clock.now());
  }));
  return person;
}

Result<bool> Setup::awaits_password(db::Transaction& tx, const PersonId& person) {
  if (TRY(ManagedPeople::is_managed(tx, person))) return false;
  return TRY(tx.query("SELECT person FROM passwords WHERE person = :person UNION ALL SELECT person FROM provider_links "
                      "WHERE "
                      "person = :person LIMIT 1",
                      {{"person", person.text()}}))
      .empty();
}

Result<Setup::Link> Setup::invite(db::Transaction& tx, const PersonId& person, const PersonId& by, Timestamp now) {
  if (!TRY(awaits_password(tx, person))) {
    // An invitation is no way to take over what somebody signs in with.
    return fail(Code::kConflict, "This person signs in already, by a password or through the identity provider",
                person.text());
  }
  Link link{base64url(crypto::random_bytes<32>()), {now.us + kSetupLinkLifeUs}};
  TRY(
      tx.run("INSERT INTO person_links (person, secret_sha256, given_us, expires_us) VALUES (:person, :hash, :now, "
             ":expires) ON CONFLICT "
             "(person) DO UPDATE SET secret_sha256 = excluded.secret_sha256, given_us = excluded.given_us, expires_us "
             "= excluded.expires_us",
             {{"person", person.text()},
              {"hash", hex(crypto::sha256(as_bytes(link.secret)))},
              {"now", now.us},
              {"expires", link.expires_at.us}}));
  TRY(note(tx, {.at = now, .event = AccountEvent::kInvited, .person = person, .actor = by}));
  return link;
}

Result<Setup::Link> Setup::make_link(const AgencyId& agency) {
  Link link{base64url(crypto::random_bytes<32>()), {parts_.clock.now().us + kSetupLinkLifeUs}};
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run(
        "INSERT INTO setup_links (agency, secret_sha256, expires_us) VALUES (:agency, :hash, :expires) ON CONFLICT "
        "(agency) DO UPDATE SET secret_sha256 = excluded.secret_sha256, expires_us = excluded.expires_us, tries = 0",
        {{"agency", agency.text()},
         {"hash", hex(crypto::sha256(as_bytes(link.secret)))},
         {"expires", link.expires_at.us}}));
    return {};
  }));
  return link;
}

Result<std::optional<Timestamp>> Setup::link_until(db::Transaction& tx, const AgencyId& agency, Timestamp now) {
  const db::Rows rows =
      TRY(tx.query(fmt::format("SELECT expires_us FROM setup_links WHERE agency = :agency AND {}", kStands),
                   {{"agency", agency.text()}, {"now", now.us}, {"most", kSetupTriesMax}}));
  return rows.empty() ? std::optional<Timestamp>() : std::optional(Timestamp{rows[0].integer("expires_us")});
}

}  // namespace lapel::signin
