// SPDX-License-Identifier: Apache-2.0
#pragma once
// An agency's own identity provider: where it is, what Lapel is called there, and what its answers mean here.
//
// Owns: the table sign_in_providers.
// Promises: each change is sealed with its rows, as an act of the console. An agency has one provider at most. The client's
//   secret is sealed under a key of the agency in the key store: the catalog alone does not have it. Each setting is another
//   version: what was begun under one is not finished under the next. No mapping grants a role that it does not name.
// Fails with: kInvalid (what no provider has), kNotFound, kCorrupt (a secret that does not open).
// Threads: any.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "db/db.h"
#include "ledger/ledger.h"
#include "roster/roster.h"
#include "store/keys.h"

namespace lapel::signin {

inline constexpr std::size_t kProviderNameBytesMax = 80;
inline constexpr std::size_t kAddressBytesMax = 2'048;
inline constexpr std::size_t kClientSecretBytesMax = 1'024;
inline constexpr std::size_t kGroupMappingsMax = 200;
inline constexpr std::size_t kProviderWordsMax = 20;  // scopes; values of a claim that say multi-factor

// What in an ID token says that the provider asked for more than a password.
struct MfaRule {
  enum class Kind { kNone, kAmr, kAcr };
  Kind kind = Kind::kAmr;
  std::vector<std::string> values = {"mfa"};  // any one of them
};
// "none", "amr=mfa" or "acr=URN": each of a list, of one claim.
Result<MfaRule> parse_mfa_rule(const std::vector<std::string>& texts);
std::vector<std::string> mfa_rule_texts(const MfaRule& rule);

struct Provider {
  AgencyId agency;
  std::string version;  // of what is set, random
  std::string name;     // "Sign in with <name>"
  std::string issuer;
  std::string client_id;
  std::string client_secret;
  std::string group_claim = "groups";
  std::string external_id_claim = "sub";  // which claim is the externalId that SCIM knows people by
  std::vector<std::pair<std::string, access::Role>> mapping;
  MfaRule mfa;
  std::vector<std::string> scopes = {"openid", "profile", "email"};
  enum class Newcomers { kRefused, kAdded };
  Newcomers newcomers = Newcomers::kRefused;  // whom nobody has entered

  std::set<access::Role> roles_of(const std::vector<std::string>& groups) const;
};

class Providers {
 public:
  Providers(db::Database& database, store::KeyStore& keys) : database_(database), keys_(keys) {}

  // What sets it, with a new version, or removes it: to be committed to the agency's ledger. kConflict where another agency has
  // the same issuer and either of the two adds newcomers, or somebody else changed it meanwhile.
  Result<ledger::Submission> setting(const roster::Agency& agency, const Provider& provider, Timestamp now);
  Result<ledger::Submission> removing(const roster::Agency& agency);
  Result<std::optional<Provider>> find(const AgencyId& agency);
  // Its name alone, or that of any agency where only that matters.
  static Result<std::optional<std::string>> name_of(db::Transaction& tx, const AgencyId& agency);
  static Result<bool> has_any(db::Transaction& tx);

 private:
  Result<ByteArray<32>> sealing_key(const roster::Agency& agency);

  db::Database& database_;
  store::KeyStore& keys_;
};

}  // namespace lapel::signin
