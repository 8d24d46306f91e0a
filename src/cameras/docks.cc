// SPDX-License-Identifier: Apache-2.0
#include "cameras/docks.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "protocol/dock.h"

namespace lapel::cameras {
namespace {

constexpr std::string_view kTokenHead = "lapeldock_";

Error refused(std::string sentence) {
  return {&problems::kUnauthenticated, std::move(sentence), {}};
}

Result<void> check_name(std::string_view name) {
  const bool is_plain =
      !name.empty() && name.size() <= limits::kFieldBytesMax && is_utf8(name) && !has_control_characters(name);
  if (is_plain) return {};
  return fail(Code::kInvalid, fmt::format("A dock's name must be 1 to {} bytes of UTF-8 without control characters",
                                          limits::kFieldBytesMax));
}

Result<roster::Dock> dock_by_name(db::Transaction& tx, const AgencyId& agency, std::string_view name) {
  for (roster::Dock& dock : TRY(roster::docks(tx, agency))) {
    if (dock.name == name) return std::move(dock);
  }
  return fail(Code::kNotFound, fmt::format("No dock is called \"{}\"", name));
}

}  // namespace

Docks::Docks(Parts parts) : parts_(parts), minter_(parts.clock) {}

// ---- on the server's console ----

Result<std::string> Docks::create_code(std::string_view agency_name, const std::string& name) {
  TRY(check_name(name));
  roster::Agency agency;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agency = TRY(roster::agency_by_name(tx, agency_name));
    return {};
  }));
  const ledger::Ledger& ledger = *TRY(parts_.ledgers.find(agency.id));
  const protocol::EnrollmentCode code{crypto::random_bytes<16>(), protocol::ledger_key_digest(ledger.key().text())};
  const Timestamp now = parts_.clock.now();
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const auto taken = dock_by_name(tx, agency.id, name);
    if (taken)
      return fail(Code::kConflict,
                  fmt::format("A dock called \"{}\" was enrolled already; a name is never given again", name));
    if (taken.error().code() != Code::kNotFound) return fail(taken.error());
    TRY(tx.run("DELETE FROM dock_codes WHERE expires_us <= :now", {{"now", now.us}}));
    const db::Rows waiting = TRY(tx.query("SELECT COUNT(*) AS codes FROM dock_codes WHERE agency = :agency LIMIT 1",
                                          {{"agency", agency.id.text()}}));
    if (waiting[0].integer("codes") >= kCodesWaitingMax) {
      return fail(Code::kLimited, fmt::format("{} codes are waiting; they expire within {} minutes", kCodesWaitingMax,
                                              kCodeLifeUs / 60'000'000));
    }
    TRY(tx.run(
        "INSERT INTO dock_codes (secret_sha256, agency, name, expires_us) VALUES (:secret, :agency, :name, :expires)",
        {{"secret", hex(crypto::sha256(code.secret))},
         {"agency", agency.id.text()},
         {"name", name},
         {"expires", (now + kCodeLifeUs).us}}));
    return {};
  }));
  return code.text();
}

Result<std::vector<roster::Dock>> Docks::list(std::string_view agency) {
  std::vector<roster::Dock> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::docks(tx, TRY(roster::agency_by_name(tx, agency)).id));
    return {};
  }));
  return out;
}

Result<void> Docks::revoke(std::string_view agency_name, std::string_view name) {
  roster::Agency agency;
  roster::Dock dock;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agency = TRY(roster::agency_by_name(tx, agency_name));
    dock = TRY(dock_by_name(tx, agency.id, name));
    return {};
  }));
  if (dock.is_revoked) return fail(Code::kConflict, fmt::format("\"{}\" is revoked already", name));
  ledger::Submission submission;
  submission.actor = agency.console;
  submission.events.push_back({dock.id, "dock.revoked", {{"key", base64(dock.key)}}, false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
    return roster::revoke_dock(tx, dock.id, parts_.clock.now());
  };
  TRY(TRY(parts_.ledgers.find(agency.id))->commit(std::move(submission)));
  return {};
}

// ---- enrollment ----

Result<Docks::Enrolled> Docks::enroll(const Enrollment& enrollment) {
  const auto code = protocol::EnrollmentCode::parse(enrollment.code);
  if (!code) return fail(Code::kInvalid, "This is no enrollment code: a letter is wrong or missing");
  if (!crypto::verify(enrollment.key, as_bytes(protocol::enroll_message(*code)), enrollment.signature)) {
    return fail(refused("The enrollment is not signed by the key that it names"));
  }
  const Error unknown =
      refused("This code is unknown, used or older than 15 minutes; make a new one with lapel dock enroll");
  const std::string secret = hex(crypto::sha256(code->secret));
  const Timestamp now = parts_.clock.now();
  std::optional<roster::Dock> known;  // by an enrollment whose answer was lost
  std::string name;
  roster::Agency agency;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    known.reset();
    const db::Rows rows =
        TRY(tx.query("SELECT agency, name, dock FROM dock_codes WHERE secret_sha256 = :secret AND expires_us > :now",
                     {{"secret", secret}, {"now", now.us}}));
    if (rows.empty()) return fail(unknown);
    name = rows[0].text("name");
    if (const auto used_by = rows[0].maybe_text("dock")) {
      const auto id = DockId::parse(*used_by);
      CHECK(id.has_value());
      known = TRY(roster::dock(tx, *id));
      if (known->key != enrollment.key || known->is_revoked) return fail(unknown);
    }
    const auto of = AgencyId::parse(rows[0].text("agency"));
    if (!of) return fail(Code::kCorrupt, "A code's agency is damaged");
    agency = TRY(roster::agency(tx, *of));
    return {};
  }));
  ledger::Ledger& ledger = *TRY(parts_.ledgers.find(agency.id));
  const std::string vkey = ledger.key().text();
  // The key changed since the code was made: the dock would refuse it, and should not be enrolled for nothing.
  if (protocol::ledger_key_digest(vkey) != code->ledger_key) return fail(unknown);
  const roster::Dock dock = known.value_or(roster::Dock{crypto::new_id<DockId>(), agency.id, name, enrollment.key});
  if (!known) {
    ledger::Submission submission;
    submission.actor = agency.console;  // whoever made the code stands behind it
    submission.events.push_back({dock.id, "identity.bound", {{"name", name}, {"from", ledger_time(now)}}, true});
    submission.events.push_back({dock.id, "dock.enrolled", {{"key", base64(dock.key)}}, false});
    submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
      const std::int64_t used =
          TRY(tx.run("UPDATE dock_codes SET dock = :dock WHERE secret_sha256 = :secret AND dock IS NULL",
                     {{"dock", dock.id.text()}, {"secret", secret}}));
      if (used != 1) return fail(unknown);
      return roster::add_dock(tx, dock, now);
    };
    auto sealed = ledger.commit(std::move(submission));
    if (!sealed && sealed.error().code() == Code::kConflict) {
      return fail(Code::kConflict, "A dock of this name or key was enrolled meanwhile", sealed.error().context);
    }
    if (!sealed) return fail(std::move(sealed).error());
  }
  return Enrolled{dock.id, dock.name, agency.name, ledger.terms().origin, vkey, agency.id};
}

// ---- tokens ----

Result<roster::Dock> Docks::standing_dock(const DockId& id) {
  roster::Dock dock;
  auto read = parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    dock = TRY(roster::dock(tx, id));
    return {};
  });
  if (!read && read.error().code() == Code::kNotFound) return fail(refused("This dock is not enrolled here"));
  if (!read) return fail(std::move(read).error());
  if (dock.is_revoked) return fail(refused("This dock has been revoked"));
  return dock;
}

Result<std::string> Docks::nonce(const DockId& id) {
  TRY(standing_dock(id));
  return minter_.mint("nonce", id, parts_.clock.now() + kNonceLifeUs);
}

Result<void> Docks::use_nonce(const DockId& dock, const std::string& nonce) {
  const auto minted = minter_.read("nonce", nonce);
  if (!minted || minted->whose != SubjectId(dock))
    return fail(refused("The nonce is not one that this server gave this dock in the last minute"));
  const Timestamp now = parts_.clock.now();
  const os::MutexLock lock(mutex_);
  std::erase_if(used_, [&](const auto& used) { return used.second <= now; });
  if (used_.size() >= kNoncesUsedMax)
    return fail(Code::kLimited, "Too many docks have asked for tokens in the last minute");
  if (!used_.emplace(nonce, minted->expires_at).second) return fail(refused("The nonce has served already"));
  return {};
}

Result<Docks::Token> Docks::token(const DockId& id, const std::string& nonce, const crypto::Signature& signature) {
  const roster::Dock dock = TRY(standing_dock(id));
  const std::string origin = TRY(parts_.ledgers.find(dock.agency))->terms().origin;
  // The signature first: only what the dock itself signed may take up room among the used nonces.
  if (!crypto::verify(dock.key, as_bytes(protocol::token_message(origin, nonce)), signature)) {
    return fail(refused("The signature is not by this dock's key over this nonce"));
  }
  TRY(use_nonce(id, nonce));
  const Timestamp expires_at = parts_.clock.now() + kTokenLifeUs;
  return Token{fmt::format("{}{}", kTokenHead, minter_.mint("token", id, expires_at)), expires_at};
}

Result<access::Actor> Docks::actor_of_token(std::string_view token) {
  const auto minted = minter_.read("token", token.substr(kTokenHead.size()));
  if (!minted) return fail(refused("The dock's token is not valid, or no longer; ask for a new one"));
  access::Actor actor;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    actor = TRY(roster::actor(tx, minted->whose));
    return {};
  }));
  return actor;
}

roster::Asker Docks::asker(roster::Asker otherwise) {
  return [this, otherwise = std::move(otherwise)](const http::Request& request) -> Result<access::Actor> {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string* header = request.header("authorization");
    if (!header || !header->starts_with(kScheme)) return otherwise(request);
    const std::string_view token = std::string_view(*header).substr(kScheme.size());
    return token.starts_with(kTokenHead) ? actor_of_token(token) : otherwise(request);
  };
}

}  // namespace lapel::cameras
