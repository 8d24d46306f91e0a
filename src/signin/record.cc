// SPDX-License-Identifier: Apache-2.0
#include "signin/record.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/random.h"

namespace lapel::signin {
namespace {

constexpr std::array<std::pair<AccountEvent, std::string_view>, 19> kNames{{
    {AccountEvent::kSignedIn, "signed_in"},
    {AccountEvent::kPasswordShown, "password_shown"},
    {AccountEvent::kFailed, "failed"},
    {AccountEvent::kLocked, "locked"},
    {AccountEvent::kUnlocked, "unlocked"},
    {AccountEvent::kSignedOut, "signed_out"},
    {AccountEvent::kFactorAdded, "factor_added"},
    {AccountEvent::kFactorRemoved, "factor_removed"},
    {AccountEvent::kFactorsReset, "factors_reset"},
    {AccountEvent::kRecoveryCodesMade, "recovery_codes_made"},
    {AccountEvent::kRecoveryCodeUsed, "recovery_code_used"},
    {AccountEvent::kPasswordChanged, "password_changed"},
    {AccountEvent::kBannerAccepted, "banner_accepted"},
    {AccountEvent::kSetUp, "set_up"},
    {AccountEvent::kLinked, "linked"},
    {AccountEvent::kUnlinked, "unlinked"},
    {AccountEvent::kInvited, "invited"},
    {AccountEvent::kDisabled, "disabled"},
    {AccountEvent::kActivated, "activated"},
}};

constexpr std::string_view kColumns = "person, at_us, event, actor, is_console, client, detail";

Result<std::vector<AccountRecord>> read(const db::Rows& rows) {
  std::vector<AccountRecord> out;
  for (const db::Row& row : rows) {
    const auto person = PersonId::parse(row.text("person"));
    const auto event = parse_account_event(row.text("event"));
    if (!person || !event) return fail(Code::kCorrupt, "A record of an account is damaged");
    AccountRecord record;
    record.at = {row.integer("at_us")};
    record.event = *event;
    record.person = *person;
    if (const auto actor = row.maybe_text("actor")) record.actor = PersonId::parse(*actor);
    record.is_console = row.integer("is_console") == 1;
    record.client = row.text("client");
    record.detail = row.text("detail");
    out.push_back(std::move(record));
  }
  return out;
}

}  // namespace

std::string_view account_event_name(AccountEvent event) {
  for (const auto& [value, name] : kNames) {
    if (value == event) return name;
  }
  return "";
}

std::optional<AccountEvent> parse_account_event(std::string_view text) {
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
  }
  return std::nullopt;
}

Result<void> note(db::Transaction& tx, const AccountRecord& record) {
  TRY(tx.run("DELETE FROM signin_events WHERE at_us < :then", {{"then", record.at.us - kEventsKeptUs}}));
  TRY(tx.run(
      "INSERT INTO signin_events (id, person, at_us, event, actor, is_console, client, detail) VALUES (:id, :person, "
      ":at, :event, :actor, :console, :client, :detail)",
      {{"id", hex(crypto::random_bytes<16>())},
       {"person", record.person.text()},
       {"at", record.at.us},
       {"event", account_event_name(record.event)},
       {"actor", record.actor ? std::optional(record.actor->text()) : std::nullopt},
       {"console", record.is_console ? 1 : 0},
       {"client", record.client},
       {"detail", record.detail}}));
  return {};
}

Result<std::vector<AccountRecord>> account_records(db::Transaction& tx, const PersonId& person) {
  std::vector<AccountRecord> out;
  // Apart: whoever fails often enough pushes nothing else out of sight.
  for (const auto& [condition, limit] :
       {std::pair{"event <> 'failed'", kEventsShownMax}, {"event = 'failed'", kFailuresShownMax}}) {
    for (AccountRecord& record :
         TRY(read(TRY(tx.query("SELECT " + std::string(kColumns) + " FROM signin_events WHERE person = :person AND " +
                                   condition + " ORDER BY at_us DESC, id DESC LIMIT :limit",
                               {{"person", person.text()}, {"limit", limit}}))))) {
      out.push_back(std::move(record));
    }
  }
  std::ranges::stable_sort(out, [](const AccountRecord& a, const AccountRecord& b) { return a.at > b.at; });
  return out;
}

Result<std::vector<AccountRecord>> console_records(db::Transaction& tx, const AgencyId& agency, Timestamp since) {
  return read(
      TRY(tx.query("SELECT " + std::string(kColumns) +
                       " FROM signin_events WHERE is_console = 1 AND event IN ('unlocked', 'factors_reset', "
                       "'password_changed', 'linked', 'unlinked', 'activated') AND at_us "
                       ">= :since AND person IN "
                       "(SELECT id FROM people WHERE agency = :agency) ORDER BY at_us DESC, id DESC LIMIT :limit",
                   {{"since", since.us}, {"agency", agency.text()}, {"limit", kEventsShownMax}})));
}

}  // namespace lapel::signin
