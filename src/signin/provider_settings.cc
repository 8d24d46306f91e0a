// SPDX-License-Identifier: Apache-2.0
#include "signin/provider_settings.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "signin/provider_documents.h"

namespace lapel::signin {
namespace {

constexpr std::int64_t kSameIssuerMax = 10'000;          // agencies
constexpr std::size_t kMappingWordsBytesMax = 8 * 1024;  // an event has room for 16 KiB

Result<void> check_word(std::string_view what, const std::string& text, std::size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max)
    return fail(Code::kInvalid, fmt::format("{} has 1 to {} bytes", what, bytes_max));
  if (has_control_characters(text) || !is_utf8(text))
    return fail(Code::kInvalid, fmt::format("{} is text without control characters", what));
  return {};
}

Result<void> check(const Provider& provider) {
  TRY(check_word("The provider's name", provider.name, kProviderNameBytesMax));
  TRY(check_issuer(provider.issuer));
  TRY(check_word("The client id", provider.client_id, kClientSecretBytesMax));
  TRY(check_word("The client secret", provider.client_secret, kClientSecretBytesMax));
  TRY(check_word("The claim of groups", provider.group_claim, kProviderNameBytesMax));
  TRY(check_word("The claim of external ids", provider.external_id_claim, kProviderNameBytesMax));
  if (provider.mapping.empty())
    return fail(Code::kInvalid, "Without a group that means a role nobody gets in: --map GROUP=ROLE");
  if (provider.mapping.size() > kGroupMappingsMax)
    return fail(Code::kInvalid, fmt::format("At most {} groups are mapped", kGroupMappingsMax));
  for (const auto& [group, role] : provider.mapping) TRY(check_word("A group", group, kAddressBytesMax));
  if (provider.scopes.size() > kProviderWordsMax || provider.mfa.values.size() > kProviderWordsMax)
    return fail(Code::kInvalid, fmt::format("At most {} scopes, and as many values", kProviderWordsMax));
  for (const std::string& scope : provider.scopes) {
    TRY(check_word("A scope", scope, kProviderNameBytesMax));
    if (scope.find(' ') != std::string::npos) return fail(Code::kInvalid, "A scope has no spaces", scope);
  }
  for (const std::string& value : provider.mfa.values) TRY(check_word("A value", value, kAddressBytesMax));
  return {};
}

Json::Array to_array(const std::vector<std::string>& texts) {
  Json::Array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

std::string associated_data(const AgencyId& agency, std::string_view version) {
  return fmt::format("lapel-provider/1\n{}\n{}", agency.text(), version);
}

Json settings_of(const Provider& provider) {
  Json::Array mapping;
  for (const auto& [group, role] : provider.mapping) {
    mapping.emplace_back(Json::Object{{"group", group}, {"role", access::role_name(role)}});
  }
  return Json::Object{
      {"group_claim", provider.group_claim}, {"external_id_claim", provider.external_id_claim},
      {"mapping", std::move(mapping)},       {"mfa", to_array(mfa_rule_texts(provider.mfa))},
      {"scopes", to_array(provider.scopes)}, {"adds_newcomers", provider.newcomers == Provider::Newcomers::kAdded}};
}

Result<std::vector<std::string>> texts_of(const Json& settings, std::string_view name) {
  const Json* list = settings.find(name);
  if (list == nullptr || list->array() == nullptr)
    return fail(Code::kCorrupt, "The settings of a provider are damaged");
  std::vector<std::string> out;
  for (const Json& each : *list->array()) {
    if (each.string() == nullptr) return fail(Code::kCorrupt, "The settings of a provider are damaged");
    out.push_back(*each.string());
  }
  return out;
}

Result<void> read_settings(const std::string& text, Provider& out) {
  const Error damaged{&generic_problem(Code::kCorrupt), "The settings of a provider are damaged", {}};
  const auto settings = parse_json(text);
  const std::string* groups = settings ? settings->find_string("group_claim") : nullptr;
  const std::string* external = settings ? settings->find_string("external_id_claim") : nullptr;
  const Json* mapping = settings ? settings->find("mapping") : nullptr;
  const Json* adds = settings ? settings->find("adds_newcomers") : nullptr;
  if (groups == nullptr || external == nullptr || mapping == nullptr || mapping->array() == nullptr ||
      adds == nullptr || adds->boolean() == nullptr) {
    return fail(damaged);
  }
  out.group_claim = *groups;
  out.external_id_claim = *external;
  out.newcomers = *adds->boolean() ? Provider::Newcomers::kAdded : Provider::Newcomers::kRefused;
  for (const Json& each : *mapping->array()) {
    const std::string* group = each.find_string("group");
    const std::string* name = each.find_string("role");
    const auto role = name == nullptr ? std::nullopt : access::parse_role(*name);
    if (group == nullptr || !role) return fail(damaged);
    out.mapping.emplace_back(*group, *role);
  }
  out.mfa = TRY(parse_mfa_rule(TRY(texts_of(*settings, "mfa"))));
  out.scopes = TRY(texts_of(*settings, "scopes"));
  return {};
}

// What of a provider is in the catalog and no secret; docs/formats/ledger_leaf.md says how its digest is made.
struct Stored {
  std::string version, name, issuer, client_id, settings;
};
std::string digest_of(const Stored& stored) {
  return hex(crypto::sha256(as_bytes(to_json(Json(Json::Object{{"client_id", stored.client_id},
                                                               {"issuer", stored.issuer},
                                                               {"name", stored.name},
                                                               {"settings", stored.settings},
                                                               {"version", stored.version}})))));
}

// Empty where there is none.
Result<std::string> stored_digest(db::Transaction& tx, const AgencyId& agency) {
  const db::Rows rows =
      TRY(tx.query("SELECT version, name, issuer, client_id, settings FROM sign_in_providers WHERE agency = :agency "
                   "LIMIT 1",
                   {{"agency", agency.text()}}));
  if (rows.empty()) return std::string();
  return digest_of({rows[0].text("version"), rows[0].text("name"), rows[0].text("issuer"), rows[0].text("client_id"),
                    rows[0].text("settings")});
}
Result<std::string> stored_digest(db::Database& database, const AgencyId& agency) {
  std::string out;
  TRY(database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(stored_digest(tx, agency));
    return {};
  }));
  return out;
}
Result<void> require_unchanged(db::Transaction& tx, const AgencyId& agency, const std::string& digest) {
  if (TRY(stored_digest(tx, agency)) == digest) return {};
  return fail(Code::kConflict, "This was changed meanwhile: look at it again");
}

// For people: which group is which role here. What has no room in an event is in its digest all the same.
std::string in_words(const std::vector<std::pair<std::string, access::Role>>& mapping) {
  std::string out;
  for (std::size_t n = 0; n < mapping.size(); ++n) {
    const std::string one =
        fmt::format("{}{} is {}", n == 0 ? "" : "; ", mapping[n].first, access::role_name(mapping[n].second));
    if (out.size() + one.size() > kMappingWordsBytesMax) return out + fmt::format("; and {} more", mapping.size() - n);
    out += one;
  }
  return out;
}

ledger::Submission change(const SubjectId& console, const std::string& old, const std::string& now,
                          const std::string& mapping) {
  Json::Object fields = {{"rule", "identity_provider"}, {"reason", "At the server's console"}};
  if (!old.empty()) fields.emplace("old", old);
  if (!now.empty()) fields.emplace("new", now);
  if (!mapping.empty()) fields.emplace("mapping", mapping);
  ledger::Submission out;
  out.actor = console;
  out.events.push_back({console, "rule.changed", std::move(fields), false});
  return out;
}

}  // namespace

Result<MfaRule> parse_mfa_rule(const std::vector<std::string>& texts) {
  MfaRule out{MfaRule::Kind::kNone, {}};
  for (const std::string& text : texts) {
    if (text == "none" && texts.size() == 1) return out;
    const bool is_amr = text.starts_with("amr=");
    if ((!is_amr && !text.starts_with("acr=")) || text.size() == 4)
      return fail(Code::kInvalid, "What says multi-factor is amr=VALUE, acr=VALUE or none, not this", text);
    const auto kind = is_amr ? MfaRule::Kind::kAmr : MfaRule::Kind::kAcr;
    if (out.kind != MfaRule::Kind::kNone && out.kind != kind)
      return fail(Code::kInvalid, "Multi-factor is told by amr or by acr, not by both");
    out.kind = kind;
    out.values.push_back(text.substr(4));
  }
  if (out.kind == MfaRule::Kind::kNone)
    return fail(Code::kInvalid, "What says multi-factor is amr=VALUE, acr=VALUE or none");
  return out;
}

std::vector<std::string> mfa_rule_texts(const MfaRule& rule) {
  if (rule.kind == MfaRule::Kind::kNone) return {"none"};
  std::vector<std::string> out;
  for (const std::string& value : rule.values)
    out.push_back((rule.kind == MfaRule::Kind::kAmr ? "amr=" : "acr=") + value);
  return out;
}

std::set<access::Role> Provider::roles_of(const std::vector<std::string>& groups) const {
  std::set<access::Role> out;
  for (const auto& [group, role] : mapping) {
    if (std::ranges::find(groups, group) != groups.end()) out.insert(role);
  }
  return out;
}

Result<ByteArray<32>> Providers::sealing_key(const roster::Agency& agency) {
  const auto key = TRY(keys_.subject_key_or_create(agency.slug, agency.console));
  return crypto::hmac_sha256(key, as_bytes("lapel identity provider"));
}

Result<ledger::Submission> Providers::setting(const roster::Agency& agency, const Provider& provider, Timestamp now) {
  TRY(check(provider));
  Stored stored{hex(crypto::random_bytes<16>()), provider.name, provider.issuer, provider.client_id,
                to_json(settings_of(provider))};
  std::string secret =
      base64(crypto::aead_seal(TRY(sealing_key(agency)), as_bytes(associated_data(agency.id, stored.version)),
                               as_bytes(provider.client_secret)));
  const std::string old = TRY(stored_digest(database_, agency.id));
  ledger::Submission out = change(agency.console, old, digest_of(stored), in_words(provider.mapping));
  out.rows = [=, newcomers = provider.newcomers, id = agency.id](db::Transaction& tx,
                                                                 std::span<const ledger::SealedEvent>) -> Result<void> {
    TRY(require_unchanged(tx, id, old));
    // Its people would be entered in whichever agency they name.
    for (const db::Row& row : TRY(tx.query(
             "SELECT settings FROM sign_in_providers WHERE issuer = :issuer AND agency <> :agency LIMIT :limit",
             {{"issuer", stored.issuer}, {"agency", id.text()}, {"limit", kSameIssuerMax}}))) {
      Provider other;
      TRY(read_settings(row.text("settings"), other));
      if (newcomers == Provider::Newcomers::kAdded || other.newcomers == Provider::Newcomers::kAdded) {
        return fail(
            Code::kConflict,
            "Another agency of this server has the same issuer: then neither can enter newcomers at their first "
            "sign-in (--add-newcomers). Have SCIM enter them, or link them");
      }
    }
    TRY(tx.run(
        "INSERT INTO sign_in_providers (agency, version, name, issuer, client_id, client_secret, settings, set_us) "
        "VALUES (:agency, :version, :name, :issuer, :client, :secret, :settings, :now) ON CONFLICT (agency) DO UPDATE "
        "SET "
        "version = excluded.version, name = excluded.name, issuer = excluded.issuer, client_id = excluded.client_id, "
        "client_secret = excluded.client_secret, settings = excluded.settings, set_us = excluded.set_us",
        {{"agency", id.text()},
         {"version", stored.version},
         {"name", stored.name},
         {"issuer", stored.issuer},
         {"client", stored.client_id},
         {"secret", secret},
         {"settings", stored.settings},
         {"now", now.us}}));
    return {};
  };
  return out;
}

Result<ledger::Submission> Providers::removing(const roster::Agency& agency) {
  const std::string old = TRY(stored_digest(database_, agency.id));
  if (old.empty()) return fail(Code::kNotFound, "This agency has no identity provider");
  ledger::Submission out = change(agency.console, old, "", "");
  out.rows = [old, id = agency.id](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    TRY(require_unchanged(tx, id, old));
    TRY(tx.run("DELETE FROM sign_in_providers WHERE agency = :agency", {{"agency", id.text()}}));
    return {};
  };
  return out;
}

Result<std::optional<Provider>> Providers::find(const AgencyId& id) {
  std::optional<Provider> out;
  std::string sealed;
  roster::Agency agency;
  TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
    out.reset();
    const db::Rows rows = TRY(tx.query(
        "SELECT version, name, issuer, client_id, client_secret, settings FROM sign_in_providers WHERE agency = "
        ":agency LIMIT 1",
        {{"agency", id.text()}}));
    if (rows.empty()) return {};
    agency = TRY(roster::agency(tx, id));
    Provider found;
    found.agency = id;
    found.version = rows[0].text("version");
    found.name = rows[0].text("name");
    found.issuer = rows[0].text("issuer");
    found.client_id = rows[0].text("client_id");
    sealed = rows[0].text("client_secret");
    TRY(read_settings(rows[0].text("settings"), found));
    out = std::move(found);
    return {};
  }));
  if (!out) return out;
  const auto bytes = parse_base64(sealed);
  const auto opened =
      bytes ? crypto::aead_open(TRY(sealing_key(agency)), as_bytes(associated_data(id, out->version)), *bytes)
            : std::nullopt;
  if (!opened) return fail(Code::kCorrupt, "The secret of a provider does not open with the agency's key", id.text());
  out->client_secret = std::string(as_text(*opened));
  return out;
}

Result<std::optional<std::string>> Providers::name_of(db::Transaction& tx, const AgencyId& agency) {
  const db::Rows rows =
      TRY(tx.query("SELECT name FROM sign_in_providers WHERE agency = :agency LIMIT 1", {{"agency", agency.text()}}));
  return rows.empty() ? std::optional<std::string>() : std::optional(rows[0].text("name"));
}

Result<bool> Providers::has_any(db::Transaction& tx) {
  return !TRY(tx.query("SELECT agency FROM sign_in_providers LIMIT 1")).empty();
}

}  // namespace lapel::signin
