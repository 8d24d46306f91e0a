// SPDX-License-Identifier: Apache-2.0
#include "signin/rules.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "crypto/sha256.h"

namespace lapel::signin {

std::string_view second_factor_name(SecondFactor rule) {
  return rule == SecondFactor::kRequired ? "required" : "optional";
}

Result<SignInRules> sign_in_rules(db::Transaction& tx, const AgencyId& agency) {
  SignInRules out;
  const db::Rows rows =
      TRY(tx.query("SELECT second_factor, banner, idle_days FROM signin_rules WHERE agency = :agency LIMIT 1",
                   {{"agency", agency.text()}}));
  if (rows.empty()) return out;
  out.second_factor = rows[0].text("second_factor") == "optional" ? SecondFactor::kOptional : SecondFactor::kRequired;
  out.banner = rows[0].text("banner");
  out.idle_days = rows[0].integer("idle_days");
  return out;
}

Result<void> set_sign_in_rules(db::Transaction& tx, const AgencyId& agency, const SignInRules& rules) {
  if (rules.banner.size() > kBannerBytesMax)
    return fail(Code::kInvalid, fmt::format("The notice of use has at most {} bytes", kBannerBytesMax));
  std::string lines = rules.banner;
  std::erase(lines, '\n');
  if (!is_utf8(lines) || has_control_characters(lines))
    return fail(Code::kInvalid, "The notice of use is UTF-8 text in lines, without other control characters");
  if (rules.idle_days < kIdleDaysMin || rules.idle_days > kIdleDaysMax)
    return fail(Code::kInvalid,
                fmt::format("An account that nobody uses is disabled after {} to {} days", kIdleDaysMin, kIdleDaysMax));
  TRY(tx.run(
      "INSERT INTO signin_rules (agency, second_factor, banner, idle_days) VALUES (:agency, :factor, :banner, :days) "
      "ON "
      "CONFLICT (agency) DO UPDATE SET second_factor = excluded.second_factor, banner = excluded.banner, idle_days = "
      "excluded.idle_days",
      {{"agency", agency.text()},
       {"factor", second_factor_name(rules.second_factor)},
       {"banner", rules.banner},
       {"days", rules.idle_days}}));
  return {};
}

std::vector<ledger::Draft> rule_changes(const SubjectId& console, const SignInRules& old, const SignInRules& rules) {
  std::vector<ledger::Draft> out;
  const auto add = [&](std::string_view rule, const std::string& before, const std::string& after) {
    if (before == after) return;
    Json::Object fields = {{"rule", rule}, {"reason", "At the server's console"}};
    if (!before.empty()) fields.emplace("old", before);
    if (!after.empty()) fields.emplace("new", after);
    out.push_back({console, "rule.changed", std::move(fields), false});
  };
  const auto digest = [](const std::string& words) {
    return words.empty() ? std::string() : hex(crypto::sha256(as_bytes(words)));
  };
  add("second_factor", std::string(second_factor_name(old.second_factor)),
      std::string(second_factor_name(rules.second_factor)));
  add("notice_of_use", digest(old.banner), digest(rules.banner));
  add("idle_days", fmt::format("{}", old.idle_days), fmt::format("{}", rules.idle_days));
  return out;
}

}  // namespace lapel::signin
