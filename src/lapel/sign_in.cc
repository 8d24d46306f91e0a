// SPDX-License-Identifier: Apache-2.0
// The commands by which whoever stands at the server's console says how people sign in.
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "crypto/password.h"
#include "lapel/commands.h"
#include "lapel/installation.h"
#include "roster/roster.h"
#include "signin/factors.h"
#include "signin/locks.h"
#include "signin/managed_people.h"
#include "signin/provider_documents.h"
#include "signin/provider_settings.h"
#include "signin/record.h"
#include "signin/rules.h"
#include "signin/sessions.h"
#include "signin/signin.h"

namespace lapel::door {
namespace {

Result<roster::Agency> agency_of(Installation& installation, const std::string& name) {
  roster::Agency out;
  TRY(installation.database().read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(roster::agency_by_name(tx, name));
    return {};
  }));
  return out;
}

}  // namespace

Result<void> run_user_unlock(const Where& where, const std::string& login) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const Timestamp now = installation->clock().now();
  TRY(installation->database().write([&](db::Transaction& tx) -> Result<void> {
    const roster::Person person = TRY(roster::person_by_login(tx, login));
    if (!TRY(signin::Locks::locked_at(tx, login))) return fail(Code::kConflict, "This account is not locked", login);
    TRY(signin::Locks::release(tx, login));
    return signin::note(tx,
                        {.at = now, .event = signin::AccountEvent::kUnlocked, .person = person.id, .is_console = true});
  }));
  fmt::print(stderr, "Released {}. Administrators see that it was done here.\n", login);
  return {};
}

Result<void> run_user_activate(const Where& where, const std::string& login) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const Timestamp now = installation->clock().now();
  roster::Person person;
  SubjectId console;
  TRY(installation->database().read([&](db::Transaction& tx) -> Result<void> {
    person = TRY(roster::person_by_login(tx, login));
    console = TRY(roster::agency(tx, person.agency)).console;
    return {};
  }));
  signin::ManagedPeople managed({installation->database(), installation->ledgers(), installation->clock()});
  TRY(managed.set_activity(
      {person.agency, console, "At the server's console"}, person.id, signin::ManagedPeople::Activity::kActive,
      [&](db::Transaction& tx) -> Result<void> {
        TRY(signin::ManagedPeople::take_in_hand(tx, person.id));
        return signin::note(
            tx, {.at = now, .event = signin::AccountEvent::kActivated, .person = person.id, .is_console = true});
      }));
  fmt::print(stderr,
             "{} can sign in again; their tokens of before stay worthless. Administrators see that it was done here.\n",
             login);
  return {};
}

Result<void> run_user_reset_factors(const Where& where, const std::string& login) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const Timestamp now = installation->clock().now();
  TRY(installation->database().write([&](db::Transaction& tx) -> Result<void> {
    const roster::Person person = TRY(roster::person_by_login(tx, login));
    TRY(signin::Factors::reset(tx, person.id));
    TRY(signin::Sessions::end_all(tx, person.id));
    return signin::note(
        tx, {.at = now, .event = signin::AccountEvent::kFactorsReset, .person = person.id, .is_console = true});
  }));
  fmt::print(stderr, "{} has no second factor and no session now. Administrators see that it was done here.\n", login);
  return {};
}

Result<void> run_user_password(const Where& where, const std::string& login, const os::Path& password_file) {
  const std::string password = TRY(read_password(password_file));
  TRY(signin::check_new_password(password));
  const std::string hash = crypto::hash_password(password);
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const Timestamp now = installation->clock().now();
  TRY(installation->database().write([&](db::Transaction& tx) -> Result<void> {
    const roster::Person person = TRY(roster::person_by_login(tx, login));
    TRY(signin::set_password(tx, person.id, hash, now));
    TRY(signin::Sessions::end_all(tx, person.id));
    return signin::note(
        tx, {.at = now, .event = signin::AccountEvent::kPasswordChanged, .person = person.id, .is_console = true});
  }));
  fmt::print(stderr, "{} has this password now, and no session. Administrators see that it was done here.\n", login);
  return {};
}

Result<void> run_sign_in_rules(const Where& where, const std::string& agency_name, const SignInChange& change,
                               bool as_json) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  signin::SignInRules rules;
  std::optional<std::string> banner;
  if (!change.banner_file.empty()) {
    const Bytes bytes = TRY(os::read_file(*os::real_disk(), change.banner_file, signin::kBannerBytesMax));
    banner = std::string(as_text(bytes));
    while (banner->ends_with('\n')) banner->pop_back();
  }
  const roster::Agency agency = TRY(agency_of(*installation, agency_name));
  signin::SignInRules old;
  TRY(installation->database().read([&](db::Transaction& tx) -> Result<void> {
    old = TRY(signin::sign_in_rules(tx, agency.id));
    return {};
  }));
  rules = old;
  if (change.second_factor == "required") rules.second_factor = signin::SecondFactor::kRequired;
  if (change.second_factor == "optional") rules.second_factor = signin::SecondFactor::kOptional;
  if (banner) rules.banner = *banner;
  if (change.idle_days) rules.idle_days = *change.idle_days;
  ledger::Submission submission;
  submission.actor = agency.console;
  submission.events = signin::rule_changes(agency.console, old, rules);
  if (!submission.events.empty()) {
    submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
      if (TRY(signin::sign_in_rules(tx, agency.id)) != old)
        return fail(Code::kConflict, "These rules were changed meanwhile: look at them again");
      return signin::set_sign_in_rules(tx, agency.id, rules);
    };
    TRY(TRY(installation->ledgers().find(agency.id))->commit(std::move(submission)));
  }
  if (as_json) {
    fmt::print("{}\n", to_json(Json(Json::Object{{"second_factor", signin::second_factor_name(rules.second_factor)},
                                                 {"banner", rules.banner},
                                                 {"idle_days", rules.idle_days}})));
    return {};
  }
  fmt::print("second factor: {}\n", signin::second_factor_name(rules.second_factor));
  fmt::print("notice of use: {}\n", rules.banner.empty() ? "none" : rules.banner);
  fmt::print("accounts that nobody uses: disabled after {} days\n", rules.idle_days);
  return {};
}

Result<void> run_provider_set(const Where& where, const std::string& agency_name, const ProviderChange& change) {
  signin::Provider provider;
  provider.issuer = change.issuer;
  provider.client_id = change.client_id;
  provider.client_secret = TRY(read_password(change.client_secret_file));
  if (!change.group_claim.empty()) provider.group_claim = change.group_claim;
  if (!change.external_id_claim.empty()) provider.external_id_claim = change.external_id_claim;
  for (const std::string& text : change.map) {
    const std::size_t at = text.rfind('=');
    const auto role = at == std::string::npos ? std::nullopt : access::parse_role(text.substr(at + 1));
    if (!role) {
      return fail(Code::kInvalid, "A mapping is GROUP=ROLE; the roles are " + access::all_role_names(), text);
    }
    provider.mapping.emplace_back(text.substr(0, at), *role);
  }
  if (!change.require_mfa.empty()) provider.mfa = TRY(signin::parse_mfa_rule(change.require_mfa));
  if (!change.scopes.empty()) provider.scopes = change.scopes;
  if (change.adds_newcomers) provider.newcomers = signin::Provider::Newcomers::kAdded;
  TRY(signin::check_issuer(provider.issuer));
  const std::string origin = signin::parse_address(provider.issuer)->origin;
  provider.name = change.name.empty() ? origin.substr(origin.find("://") + 3) : change.name;
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const roster::Agency agency = TRY(agency_of(*installation, agency_name));
  signin::Providers providers(installation->database(), installation->keys());
  ledger::Submission setting = TRY(providers.setting(agency, provider, installation->clock().now()));
  TRY(TRY(installation->ledgers().find(agency.id))->commit(std::move(setting)));
  fmt::print(stderr, "People of {} can sign in through {} now.\n", agency.name, provider.name);
  return {};
}

Result<void> run_provider_show(const Where& where, const std::string& agency_name, bool as_json) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const roster::Agency agency = TRY(agency_of(*installation, agency_name));
  signin::Providers providers(installation->database(), installation->keys());
  const auto provider = TRY(providers.find(agency.id));
  if (!provider) return fail(Code::kNotFound, "This agency has no identity provider");
  const std::vector<std::string> mfa = signin::mfa_rule_texts(provider->mfa);
  const bool adds = provider->newcomers == signin::Provider::Newcomers::kAdded;
  if (as_json) {
    Json::Array map, rules, scopes;
    for (const auto& [group, role] : provider->mapping)
      map.emplace_back(Json::Object{{"group", group}, {"role", access::role_name(role)}});
    for (const std::string& rule : mfa) rules.emplace_back(rule);
    for (const std::string& scope : provider->scopes) scopes.emplace_back(scope);
    fmt::print("{}\n", to_json(Json(Json::Object{{"name", provider->name},
                                                 {"issuer", provider->issuer},
                                                 {"client_id", provider->client_id},
                                                 {"group_claim", provider->group_claim},
                                                 {"external_id_claim", provider->external_id_claim},
                                                 {"map", std::move(map)},
                                                 {"require_mfa", std::move(rules)},
                                                 {"scopes", std::move(scopes)},
                                                 {"add_newcomers", adds}})));
    return {};
  }
  fmt::print("name: {}\nissuer: {}\nclient id: {}\ngroups: claim {}\nexternal id: claim {}\n",
             printable(provider->name), provider->issuer, printable(provider->client_id),
             printable(provider->group_claim), printable(provider->external_id_claim));
  for (const auto& [group, role] : provider->mapping)
    fmt::print("map: {}={}\n", printable(group), access::role_name(role));
  fmt::print("multi-factor: {}\nscopes: {}\nnewcomers: {}\n", fmt::join(mfa, " or "), fmt::join(provider->scopes, " "),
             adds ? "entered at their first sign-in" : "refused");
  return {};
}

Result<void> run_provider_remove(const Where& where, const std::string& agency_name) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  signin::Providers providers(installation->database(), installation->keys());
  const roster::Agency agency = TRY(agency_of(*installation, agency_name));
  ledger::Submission removing = TRY(providers.removing(agency));
  TRY(TRY(installation->ledgers().find(agency.id))->commit(std::move(removing)));
  fmt::print(stderr, "Nobody signs in through it any more. Sessions that are open go on.\n");
  return {};
}

Result<void> run_provider_link(const Where& where, const std::string& agency_name, const std::string& login,
                               const std::string& subject) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const roster::Agency agency = TRY(agency_of(*installation, agency_name));
  signin::Providers providers(installation->database(), installation->keys());
  const auto provider = TRY(providers.find(agency.id));
  if (!provider) return fail(Code::kNotFound, "This agency has no identity provider");
  const Timestamp now = installation->clock().now();
  TRY(installation->database().write([&](db::Transaction& tx) -> Result<void> {
    const roster::Person person = TRY(roster::person_by_login(tx, login));
    if (person.agency != agency.id) return fail(Code::kNotFound, "Nobody of this agency has that login", login);
    TRY(signin::ManagedPeople::link(tx, *provider, person.id, subject, now));
    return signin::note(tx,
                        {.at = now, .event = signin::AccountEvent::kLinked, .person = person.id, .is_console = true});
  }));
  fmt::print(stderr, "That account at {} is {} now. Administrators see that it was done here.\n", provider->name,
             login);
  return {};
}

Result<void> run_provider_unlink(const Where& where, const std::string& login) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const Timestamp now = installation->clock().now();
  TRY(installation->database().write([&](db::Transaction& tx) -> Result<void> {
    const roster::Person person = TRY(roster::person_by_login(tx, login));
    TRY(signin::ManagedPeople::unlink(tx, person.id));
    TRY(signin::Sessions::end_all(tx, person.id));
    return signin::note(tx,
                        {.at = now, .event = signin::AccountEvent::kUnlinked, .person = person.id, .is_console = true});
  }));
  fmt::print(stderr, "{} signs in by what is their own here, and has no session now.\n", login);
  return {};
}

}  // namespace lapel::door
