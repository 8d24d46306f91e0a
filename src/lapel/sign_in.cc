// SPDX-License-Identifier: Apache-2.0
// The commands by which whoever stands at the server's console says how people sign in.
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/json.h"
#include "crypto/password.h"
#include "lapel/commands.h"
#include "lapel/installation.h"
#include "roster/roster.h"
#include "signin/factors.h"
#include "signin/locks.h"
#include "signin/record.h"
#include "signin/rules.h"
#include "signin/sessions.h"
#include "signin/signin.h"

namespace lapel::door {

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
  TRY(installation->database().write([&](db::Transaction& tx) -> Result<void> {
    const roster::Agency agency = TRY(roster::agency_by_name(tx, agency_name));
    rules = TRY(signin::sign_in_rules(tx, agency.id));
    if (change.second_factor == "required") rules.second_factor = signin::SecondFactor::kRequired;
    if (change.second_factor == "optional") rules.second_factor = signin::SecondFactor::kOptional;
    if (banner) rules.banner = *banner;
    if (change.second_factor.empty() && !banner) return {};
    return signin::set_sign_in_rules(tx, agency.id, rules);
  }));
  if (as_json) {
    fmt::print("{}\n", to_json(Json(Json::Object{{"second_factor", signin::second_factor_name(rules.second_factor)},
                                                 {"banner", rules.banner}})));
    return {};
  }
  fmt::print("second factor: {}\n", signin::second_factor_name(rules.second_factor));
  fmt::print("notice of use: {}\n", rules.banner.empty() ? "none" : rules.banner);
  return {};
}

}  // namespace lapel::door
