// SPDX-License-Identifier: Apache-2.0
#include "cameras/systems.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "cameras/content_names.h"
#include "crypto/certificate.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

namespace lapel::cameras {
namespace {

constexpr std::string_view kAccountHead = "AUTH_";
constexpr std::string_view kUserHead = "lapel:";
constexpr std::size_t kUriBytesMax = 512;  // these as the API has them
constexpr std::size_t kSiteBytesMax = 64;
constexpr int kRsaBitsMin = 2'048;

std::string account_of(const CameraSystemId& id) {
  return fmt::format("{}{}", kAccountHead, id.text());
}

Error refused(std::string sentence) {
  return {&problems::kUnauthenticated, std::move(sentence), {}};
}

Result<void> check_name(std::string_view name) {
  const bool is_plain = !name.empty() && name.size() <= limits::kFieldBytesMax && is_utf8(name) &&
                        !has_control_characters(name) && !has_format_characters(name);
  if (is_plain) return {};
  return fail(Code::kInvalid, fmt::format("A camera system's name must be 1 to {} bytes of UTF-8 that can be seen",
                                          limits::kFieldBytesMax));
}

struct Address {
  bool is_secure = false, is_loopback = false;
};
// scheme "://" host [":" port], and nothing behind it.
Result<Address> read_address(std::string_view url) {
  const auto bad = [] {
    return fail(Code::kInvalid, "The address must be https://HOST[:PORT], as the systems reach this server");
  };
  Address out;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    out.is_secure = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return bad();
  }
  if (rest.empty() || rest.size() > kUriBytesMax / 2) return bad();
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:[]").find(c) != std::string_view::npos;
  };
  if (!std::all_of(rest.begin(), rest.end(), is_allowed)) return bad();
  const std::size_t bracket = rest.rfind(']');
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = rest.substr(0, colon);
  if (host.empty()) return bad();
  if (colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    int number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65'535) return bad();
  }
  out.is_loopback = host == "localhost" || host == "[::1]" || host.starts_with("127.");
  return out;
}

}  // namespace

// ---- the connection file ----

Result<Systems::Made> Systems::make_file(const AgencyId& agency, const CameraSystemId& id, const Terms& terms) const {
  std::string base = terms.base_url;
  while (base.ends_with('/')) base.pop_back();
  const Address address = TRY(read_address(base));
  if (terms.certificates.empty() && (address.is_secure || !address.is_loopback)) {
    return fail(
        Code::kInvalid,
        "Without a certificate a body-worn system speaks HTTP in the clear, which is for this machine alone: name "
        "the certificate that this server shows");
  }
  if (!terms.certificates.empty() && !address.is_secure)
    return fail(Code::kInvalid, "With a certificate the address begins with https://");
  Json::Array certificates;
  for (const std::string& pem : terms.certificates) {
    const auto chain = crypto::read_certificates(pem);
    if (!chain)
      return fail(Code::kInvalid, "A certificate's file must have X.509 certificates in PEM and nothing beside them");
    for (const crypto::Certificate& certificate : *chain) {
      if (certificate.pem.size() > kCertificateBytesMax)
        return fail(Code::kInvalid, fmt::format("A certificate may have {} bytes of PEM", kCertificateBytesMax));
      if (certificate.until <= parts_.clock.now())
        return fail(Code::kInvalid, fmt::format("The certificate ended {}", ledger_time(certificate.until)));
      certificates.emplace_back(base64(as_bytes(certificate.pem)));
    }
  }
  if (certificates.size() > kCertificatesMax)
    return fail(Code::kInvalid, fmt::format("A connection file has at most {} certificates", kCertificatesMax));
  std::string site;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    site = TRY(roster::agency(tx, agency)).name;
    return {};
  }));
  for (std::size_t characters = kSiteBytesMax; site.size() > kSiteBytesMax; --characters)
    site = first_characters(site, characters);

  Made out;
  out.key = hex(crypto::random_bytes<32>());
  Json::Object file = {{"ConnectionFileVersion", "1.0"},
                       {"SiteName", site},
                       {"ApplicationName", "Lapel"},
                       {"ApplicationVersion", LAPEL_VERSION},
                       {"ContentDestinationAsNTPServer", false},
                       {"AuthenticationTokenURI", Json::Array{Json(base + "/auth/v1.0")}},
                       {"BlobAPIKey", out.key},
                       {"BlobAPIUserName", fmt::format("{}{}", kUserHead, id.text())},
                       {"ContainerType", "mp4"},
                       {"FullStoreAndReadSupport", false},
                       {"WantEncryption", terms.public_key.has_value()}};
  if (!certificates.empty()) file.emplace("HTTPSCertificate", std::move(certificates));
  if (terms.public_key) {
    const auto key = crypto::read_rsa_public_key(*terms.public_key);
    if (!key || key->bits < kRsaBitsMin || terms.public_key->size() > kPublicKeyBytesMax) {
      return fail(Code::kInvalid,
                  fmt::format("The key to encrypt to must be an RSA public key in PEM of at least {} bits, "
                              "and nothing beside it",
                              kRsaBitsMin));
    }
    out.public_key_id = hex(key->sha256);
    file.emplace("PublicKey", base64(as_bytes(*terms.public_key)));
    file.emplace("PublicKeyId", *out.public_key_id);
  }
  out.file = to_json(Json(std::move(file)));
  if (out.file.size() > kConnectionFileBytesMax) {
    return fail(Code::kInvalid, fmt::format("The connection file would have {} bytes, and may have {}: name fewer "
                                            "certificates",
                                            out.file.size(), kConnectionFileBytesMax));
  }
  return out;
}

Result<Systems::Connected> Systems::add_as(const SubjectId& by, const AgencyId& agency, const std::string& name,
                                           const Terms& terms) {
  TRY(check_name(name));
  const roster::CameraSystem system{crypto::new_id<CameraSystemId>(), agency, name};
  Made made = TRY(make_file(agency, system.id, terms));
  const Timestamp now = parts_.clock.now();
  ledger::Submission submission;
  submission.actor = by;
  submission.events.push_back({system.id, "identity.bound", {{"name", name}, {"from", ledger_time(now)}}, true});
  Json::Object fields = {{"account", account_of(system.id)}};
  if (made.public_key_id) fields.emplace("encrypted_to", *made.public_key_id);
  submission.events.push_back({system.id, "camera_system.added", std::move(fields), false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    if (static_cast<std::int64_t>(TRY(roster::camera_systems(tx, agency)).size()) >= kSystemsMax)
      return fail(Code::kLimited, fmt::format("An agency may have {} camera systems", kSystemsMax));
    TRY(roster::add_camera_system(tx, system, now));
    TRY(
        tx.run("INSERT INTO camera_accounts (system, account, key_sha256, base_url, public_key_id) VALUES (:system, "
               ":account, :key, :base, :public_key)",
               {{"system", system.id.text()},
                {"account", account_of(system.id)},
                {"key", hex(crypto::sha256(as_bytes(made.key)))},
                {"base", terms.base_url.substr(0, terms.base_url.find_last_not_of('/') + 1)},
                {"public_key", made.public_key_id}}));
    return {};
  };
  auto sealed = TRY(parts_.ledgers.find(agency))->commit(std::move(submission));
  if (!sealed && sealed.error().code() == Code::kConflict)
    return fail(Code::kConflict, fmt::format("A camera system called \"{}\" was added already", name));
  TRY(std::move(sealed));
  return Connected{system, std::move(made.file)};
}

Result<Systems::Connected> Systems::renew_as(const SubjectId& by, const AgencyId& agency,
                                             const roster::CameraSystem& system, const Terms& terms) {
  if (system.is_revoked) return fail(Code::kConflict, fmt::format("\"{}\" is revoked: add it anew", system.name));
  Made made = TRY(make_file(agency, system.id, terms));
  ledger::Submission submission;
  submission.actor = by;
  Json::Object fields;
  if (made.public_key_id) fields.emplace("encrypted_to", *made.public_key_id);
  submission.events.push_back({system.id, "camera_system.key_given", std::move(fields), false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    const std::int64_t changed =
        TRY(tx.run("UPDATE camera_accounts SET key_sha256 = :key, base_url = :base, public_key_id = :public_key WHERE "
                   "system = :system AND (public_key_id IS NULL OR CAST(:public_key AS TEXT) IS NOT NULL)",
                   {{"key", hex(crypto::sha256(as_bytes(made.key)))},
                    {"base", terms.base_url.substr(0, terms.base_url.find_last_not_of('/') + 1)},
                    {"public_key", made.public_key_id},
                    {"system", system.id.text()}}));
    if (changed == 1) return {};
    return fail(Code::kInvalid,
                "This system encrypts what it sends, and a body-worn system never stops that: name the key");
  };
  TRY(TRY(parts_.ledgers.find(agency))->commit(std::move(submission)));
  return Connected{system, std::move(made.file)};
}

Result<void> Systems::revoke_as(const SubjectId& by, const AgencyId& agency, const roster::CameraSystem& system) {
  if (system.is_revoked) return fail(Code::kConflict, fmt::format("\"{}\" is revoked already", system.name));
  ledger::Submission submission;
  submission.actor = by;
  submission.events.push_back({system.id, "camera_system.revoked", {}, false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
    return roster::revoke_camera_system(tx, system.id, parts_.clock.now());
  };
  TRY(TRY(parts_.ledgers.find(agency))->commit(std::move(submission)));
  return {};
}

// ---- by the server's console ----

namespace {

Result<roster::CameraSystem> system_by_name(db::Transaction& tx, const AgencyId& agency, std::string_view name) {
  for (roster::CameraSystem& system : TRY(roster::camera_systems(tx, agency))) {
    if (system.name == name) return std::move(system);
  }
  return fail(Code::kNotFound, fmt::format("No camera system is called \"{}\"", name));
}

}  // namespace

Result<Systems::Connected> Systems::add(std::string_view agency_name, const std::string& name, const Terms& terms) {
  roster::Agency agency;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agency = TRY(roster::agency_by_name(tx, agency_name));
    return {};
  }));
  return add_as(agency.console, agency.id, name, terms);
}

Result<Systems::Connected> Systems::renew(std::string_view agency_name, std::string_view name, const Terms& terms) {
  roster::Agency agency;
  roster::CameraSystem system;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agency = TRY(roster::agency_by_name(tx, agency_name));
    system = TRY(system_by_name(tx, agency.id, name));
    return {};
  }));
  return renew_as(agency.console, agency.id, system, terms);
}

Result<std::vector<roster::CameraSystem>> Systems::list(std::string_view agency) {
  std::vector<roster::CameraSystem> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::camera_systems(tx, TRY(roster::agency_by_name(tx, agency)).id));
    return {};
  }));
  return out;
}

Result<void> Systems::revoke(std::string_view agency_name, std::string_view name) {
  roster::Agency agency;
  roster::CameraSystem system;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agency = TRY(roster::agency_by_name(tx, agency_name));
    system = TRY(system_by_name(tx, agency.id, name));
    return {};
  }));
  return revoke_as(agency.console, agency.id, system);
}

// ---- by people ----

namespace {

Result<void> require(const access::Actor& actor, access::Action action) {
  access::Item own_agency;
  own_agency.agency = actor.agency;
  return access::require(access::decide(actor, action, own_agency), "page");
}

}  // namespace

Result<roster::CameraSystem> Systems::find(db::Transaction& tx, const AgencyId& agency,
                                           const CameraSystemId& id) const {
  auto system = roster::camera_system(tx, id);
  if (system && system->agency != agency) return fail(Code::kNotFound, "No such camera system", id.text());
  return system;
}

Result<Systems::Connected> Systems::add(const access::Actor& actor, const std::string& name, const Terms& terms) {
  TRY(require(actor, access::Action::kManageFleet));
  return add_as(actor.subject(), actor.agency, name, terms);
}

Result<Systems::Connected> Systems::renew(const access::Actor& actor, const CameraSystemId& id, const Terms& terms) {
  TRY(require(actor, access::Action::kManageFleet));
  roster::CameraSystem system;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    system = TRY(find(tx, actor.agency, id));
    return {};
  }));
  return renew_as(actor.subject(), actor.agency, system, terms);
}

Result<void> Systems::revoke(const access::Actor& actor, const CameraSystemId& id) {
  TRY(require(actor, access::Action::kManageFleet));
  roster::CameraSystem system;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    system = TRY(find(tx, actor.agency, id));
    return {};
  }));
  return revoke_as(actor.subject(), actor.agency, system);
}

Result<std::vector<Systems::Known>> Systems::list(const access::Actor& actor) {
  TRY(require(actor, access::Action::kSeeFleet));
  std::vector<Known> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (roster::CameraSystem& system : TRY(roster::camera_systems(tx, actor.agency))) {
      Known known{std::move(system), {}, false, {}, 0, 0, 0, 0, {}};
      const db::Params params = {{"system", known.system.id.text()}};
      for (const db::Row& row :
           TRY(tx.query("SELECT base_url, public_key_id, seen_us FROM camera_accounts WHERE system "
                        "= :system LIMIT 1",
                        params))) {
        known.base_url = row.text("base_url");
        known.wants_encryption = !row.is_null("public_key_id");
        if (const auto us = row.maybe_integer("seen_us")) known.seen_at = Timestamp{*us};
      }
      for (const db::Row& row :
           TRY(tx.query("SELECT kind, COUNT(*) AS entries FROM camera_entries WHERE system = :system GROUP BY kind "
                        "ORDER BY kind LIMIT 10",
                        params))) {
        if (row.text("kind") == "user") known.users = row.integer("entries");
        if (row.text("kind") == "device") known.devices = row.integer("entries");
      }
      const db::Rows counted = TRY(
          tx.query("SELECT COUNT(*) AS made, CAST(COALESCE(SUM(CASE WHEN completed_us IS NULL THEN 1 ELSE 0 END), 0) "
                   "AS BIGINT) AS open, MAX(made_us) AS last FROM camera_containers WHERE system = :system AND kind = "
                   "'recording'",
                   params));
      known.recordings = counted[0].integer("made");
      known.open = counted[0].integer("open");
      if (const auto us = counted[0].maybe_integer("last")) known.last_at = Timestamp{*us};
      out.push_back(std::move(known));
    }
    return {};
  }));
  return out;
}

Result<std::vector<Systems::Entry>> Systems::entries(const access::Actor& actor, const CameraSystemId& id) {
  TRY(require(actor, access::Action::kSeeFleet));
  std::vector<Entry> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    const roster::CameraSystem system = TRY(find(tx, actor.agency, id));
    for (const db::Row& row : TRY(tx.query("SELECT kind, name, metadata, person FROM camera_entries WHERE system = "
                                           ":system AND kind <> 'system' ORDER BY kind, name LIMIT 10000",
                                           {{"system", system.id.text()}}))) {
      const ContentMetadata said = TRY(read_stored_metadata(row.text("metadata")));
      Entry entry{row.text("kind"),
                  row.text("name"),
                  value_of(said, "name"),
                  value_of(said, "userid"),
                  value_of(said, "model"),
                  value_of(said, "active") != "False",
                  {}};
      if (const auto person = row.maybe_text("person")) entry.person = PersonId::parse(*person);
      out.push_back(std::move(entry));
    }
    return {};
  }));
  return out;
}

// ---- by the system ----

namespace {

// SHA-256 of the key that counts now; empty where there is no such system.
Result<std::string> key_of(db::Transaction& tx, const SubjectId& system) {
  const db::Rows rows = TRY(
      tx.query("SELECT key_sha256 FROM camera_accounts WHERE system = :system LIMIT 1", {{"system", system.text()}}));
  return rows.empty() ? std::string() : rows[0].text("key_sha256");
}

std::string use_of(const std::string& key_sha256) {
  return "camera system " + key_sha256;
}

}  // namespace

Result<Systems::Token> Systems::sign_in(std::string_view user, std::string_view key) {
  const Error unknown = refused("The user or the key is not one of this server's");
  const auto id = user.starts_with(kUserHead) ? CameraSystemId::parse(user.substr(kUserHead.size())) : std::nullopt;
  Token out;
  std::string kept;
  if (!id) return fail(unknown);
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT account, key_sha256, base_url FROM camera_accounts WHERE system = :system LIMIT 1",
                     {{"system", id->text()}}));
    if (rows.empty()) return fail(unknown);
    out.account = rows[0].text("account");
    out.base_url = rows[0].text("base_url");
    kept = rows[0].text("key_sha256");
    return {};
  }));
  if (!crypto::equal_constant_time(as_bytes(hex(crypto::sha256(as_bytes(key)))), as_bytes(kept))) return fail(unknown);
  const Timestamp now = parts_.clock.now();
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    if (TRY(roster::camera_system(tx, *id)).is_revoked) return fail(refused("This camera system has been revoked"));
    if (TRY(key_of(tx, *id)) != kept) return fail(unknown);  // renewed since
    TRY(tx.run("UPDATE camera_accounts SET seen_us = :now WHERE system = :system",
               {{"now", now.us}, {"system", id->text()}}));
    return {};
  }));
  out.text = minter_.mint(use_of(kept), *id, now + kSystemTokenLifeUs);
  return out;
}

Result<Systems::Asking> Systems::asking(std::string_view token, std::string_view account) {
  // A token is good for the key by which it was given, and as long as that is the key.
  const auto whose = Minter::claimed(token);
  Asking out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const std::string key = whose ? TRY(key_of(tx, *whose)) : std::string();
    const auto minted = minter_.read(use_of(key), token);
    if (key.empty() || !minted) return fail(refused("The token is not valid, or no longer; ask for a new one"));
    out.actor = TRY(roster::actor(tx, minted->whose));
    return {};
  }));
  CHECK(out.actor.camera_system.has_value());
  if (account != account_of(*out.actor.camera_system))
    return fail(problems::kRule, "This account is another camera system's");
  out.name = out.actor.login;
  return out;
}

}  // namespace lapel::cameras
