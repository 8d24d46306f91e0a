// SPDX-License-Identifier: Apache-2.0
#include "signin/setup.h"

#include <utility>

#include "base/problems.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

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
};

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
    is_waiting = !TRY(tx.query("SELECT agency FROM setup_links WHERE expires_us > :now LIMIT 1",
                               {{"now", parts_.clock.now().us}}))
                      .empty();
    return {};
  }));
  return is_waiting;
}

Result<std::optional<AgencyId>> Setup::agency_of(const Digest& hash) {
  std::optional<AgencyId> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT agency FROM setup_links WHERE secret_sha256 = :hash AND expires_us > :now LIMIT 1",
                     {{"hash", hex(hash)}, {"now", parts_.clock.now().us}}));
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
  const std::optional<AgencyId> agency = TRY(agency_of(hash));
  if (!agency) {
    return fail(
        Error{&problems::kUnauthenticated,
              "This set-up link is not valid: it works once; one that a server printed, only until that server is "
              "started again, and one for a hosted agency for seven days",
              {}});
  }
  // At another server too the second finds an administrator there: that is asked in the transaction that adds one.
  PersonId person = TRY(add_(agency, first));
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("DELETE FROM setup_links WHERE agency = :agency", {{"agency", agency->text()}}));
    return {};
  }));
  return person;
}

Result<Setup::Link> Setup::make_link(const AgencyId& agency) {
  Link link{base64url(crypto::random_bytes<32>()), {parts_.clock.now().us + kSetupLinkLifeUs}};
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run(
        "INSERT INTO setup_links (agency, secret_sha256, expires_us) VALUES (:agency, :hash, :expires) ON CONFLICT "
        "(agency) DO UPDATE SET secret_sha256 = excluded.secret_sha256, expires_us = excluded.expires_us",
        {{"agency", agency.text()},
         {"hash", hex(crypto::sha256(as_bytes(link.secret)))},
         {"expires", link.expires_at.us}}));
    return {};
  }));
  return link;
}

Result<std::optional<Timestamp>> Setup::link_until(db::Transaction& tx, const AgencyId& agency, Timestamp now) {
  const db::Rows rows = TRY(tx.query("SELECT expires_us FROM setup_links WHERE agency = :agency AND expires_us > :now",
                                     {{"agency", agency.text()}, {"now", now.us}}));
  return rows.empty() ? std::optional<Timestamp>() : std::optional(Timestamp{rows[0].integer("expires_us")});
}

}  // namespace lapel::signin
