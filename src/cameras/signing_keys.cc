// SPDX-License-Identifier: Apache-2.0
#include "cameras/signing_keys.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"
#include "cameras/schema.h"
#include "crypto/camera_key.h"
#include "crypto/certificate.h"

namespace lapel::cameras {
namespace {

SigningKey read_key(const roster::SealedRow& row) {
  return {row.id,         row.text("kind") == "root", row.text("serial"), row.text("sha256"), row.text("pem"),
          row.entered_at, row.time("revoked")};
}

Result<std::vector<SigningKey>> read_keys(db::Transaction& tx, const AgencyId& agency) {
  std::vector<SigningKey> out;
  for (const roster::SealedRow& row : TRY(roster::sealed_rows(tx, kSigningKeys, agency))) out.push_back(read_key(row));
  return out;
}

std::string what(const SigningKey& key) {
  return key.is_root ? "This root" : fmt::format("This key of camera {}", key.serial);
}

Result<SigningKey> key_of(const std::string& serial, const std::string& pem) {
  const bool is_plain = !serial.empty() && serial.size() <= limits::kFieldBytesMax && is_utf8(serial) &&
                        !has_control_characters(serial) && !has_format_characters(serial);
  if (!is_plain)
    return fail(Code::kInvalid, fmt::format("A serial must be 1 to {} bytes of UTF-8", limits::kFieldBytesMax));
  const auto raw = parse_hex_array<32>(pem.ends_with('\n') ? pem.substr(0, pem.size() - 1) : pem);
  const auto key = raw                                 ? std::optional(crypto::CameraKey::of(*raw))
                   : pem.size() <= kTrustedKeyBytesMax ? crypto::CameraKey::read(pem)
                                                       : std::nullopt;
  if (!key) {
    return fail(Code::kInvalid,
                "The key must be one public key in PEM: EC of P-256, P-384 or P-521, Ed25519, or RSA of 2,048 to 8,192 "
                "bits; or the 64 hex digits that lapel-camera init prints");
  }
  return SigningKey{{}, false, serial, hex(key->sha256()), key->pem(), {}, {}};
}

Result<SigningKey> root_of(const std::string& pem) {
  const auto certificates = crypto::read_certificates(pem);
  if (!certificates || certificates->size() != 1)
    return fail(Code::kInvalid, "The root must be one X.509 certificate in PEM and nothing beside it");
  const crypto::Certificate& root = certificates->front();
  if (root.pem.size() > kTrustedRootBytesMax)
    return fail(Code::kInvalid, fmt::format("A root may have {} bytes of PEM", kTrustedRootBytesMax));
  return SigningKey{{}, true, {}, hex(root.sha256), root.pem, {}, {}};
}

}  // namespace

Result<SigningKey> SigningKeys::trust_as(const access::Actor& actor, SigningKey key) {
  SubjectId console;
  acts::Act act(actor);
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(acts::console_of(tx, actor.agency));
    return {};
  }));
  act.guard([&](db::Transaction& tx) -> Result<void> {
    std::size_t roots = 0;
    for (const SigningKey& other : TRY(read_keys(tx, actor.agency))) {
      if (other.revoked_at) continue;
      if (other.is_root == key.is_root && other.sha256 == key.sha256)
        return fail(Code::kConflict, fmt::format("{} is trusted already", what(other)), other.sha256);
      roots += other.is_root ? 1 : 0;
    }
    if (key.is_root && roots >= kTrustedRootsMax)
      return fail(Code::kLimited, fmt::format("An agency may trust {} roots at once", kTrustedRootsMax));
    return parts_.vault.check_signatures_again(tx, actor.agency);
  });
  Json::Object values = {{"kind", key.is_root ? "root" : "key"}, {"sha256", key.sha256}, {"pem", key.pem}};
  if (!key.is_root) values.emplace("serial", key.serial);
  key.id = act.make(kSigningKeys, console, std::move(values));
  TRY(act.commit(parts_.ledgers));
  // When it was trusted is the ledger's word.
  std::optional<SigningKey> made;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    made = read_key(TRY(roster::sealed_row(tx, kSigningKeys, actor.agency, key.id, "key")));
    return {};
  }));
  return *std::move(made);
}

Result<void> SigningKeys::revoke_as(const access::Actor& actor, const std::string& sha256, const std::string& reason) {
  TRY(acts::check_words("A reason", reason));
  SubjectId console;
  std::vector<SigningKey> keys;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(acts::console_of(tx, actor.agency));
    keys = TRY(read_keys(tx, actor.agency));
    return {};
  }));
  const auto key =
      std::find_if(keys.rbegin(), keys.rend(), [&](const SigningKey& one) { return one.sha256 == sha256; });
  if (key == keys.rend()) return fail(Code::kNotFound, "No key or root has this fingerprint", sha256);
  if (key->revoked_at) return fail(Code::kConflict, fmt::format("{} is revoked already", what(*key)), sha256);
  acts::Act act(actor);
  act.guard([&](db::Transaction& tx) { return parts_.vault.check_signatures_again(tx, actor.agency); });
  act.end(kSigningKeys, console, key->id, {{"revoked", ledger_time(parts_.clock.now())}, {"reason", reason}});
  return act.commit(parts_.ledgers);
}

Result<std::vector<SigningKey>> SigningKeys::all(const AgencyId& agency) {
  std::vector<SigningKey> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(read_keys(tx, agency));
    return {};
  }));
  return out;
}

Result<std::string> SigningKeys::mark(db::Transaction& tx, const AgencyId& agency) {
  const db::Rows rows = TRY(tx.query(
      "SELECT COUNT(*) AS trusted, COUNT(revoked_us) AS revoked FROM camera_signing_keys WHERE agency = :agency",
      {{"agency", agency.text()}}));
  return fmt::format("{}/{}", rows[0].integer("trusted"), rows[0].integer("revoked"));
}

// ---- by the server's console ----

Result<access::Actor> SigningKeys::console(std::string_view agency_name) {
  roster::Agency agency;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agency = TRY(roster::agency_by_name(tx, agency_name));
    return {};
  }));
  return access::Actor{agency.id, agency.slug, agency.console, {}, "console", {}, {}};
}

Result<SigningKey> SigningKeys::trust_key(std::string_view agency, const std::string& serial, const std::string& pem) {
  SigningKey key = TRY(key_of(serial, pem));
  return trust_as(TRY(console(agency)), std::move(key));
}

Result<SigningKey> SigningKeys::trust_root(std::string_view agency, const std::string& pem) {
  SigningKey root = TRY(root_of(pem));
  return trust_as(TRY(console(agency)), std::move(root));
}

Result<std::vector<SigningKey>> SigningKeys::list(std::string_view agency) {
  return all(TRY(console(agency)).agency);
}

Result<void> SigningKeys::revoke(std::string_view agency, const std::string& sha256, const std::string& reason) {
  return revoke_as(TRY(console(agency)), sha256, reason);
}

// ---- by people ----

Result<SigningKey> SigningKeys::trust_key(const access::Actor& actor, const std::string& serial,
                                          const std::string& pem) {
  TRY(acts::require(actor, access::Action::kManageFleet));
  return trust_as(actor, TRY(key_of(serial, pem)));
}

Result<SigningKey> SigningKeys::trust_root(const access::Actor& actor, const std::string& pem) {
  TRY(acts::require(actor, access::Action::kManageFleet));
  return trust_as(actor, TRY(root_of(pem)));
}

Result<std::vector<SigningKey>> SigningKeys::list(const access::Actor& actor) {
  TRY(acts::require(actor, access::Action::kSeeFleet));
  return all(actor.agency);
}

Result<void> SigningKeys::revoke(const access::Actor& actor, const std::string& sha256, const std::string& reason) {
  TRY(acts::require(actor, access::Action::kManageFleet));
  return revoke_as(actor, sha256, reason);
}

}  // namespace lapel::cameras
