// SPDX-License-Identifier: Apache-2.0
#include "signin/tokens.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "lapel/commands.h"

namespace lapel::door {
namespace {

constexpr std::size_t kDateBytes = 10;  // YYYY-MM-DD, of a ledger time

std::string date_of(Timestamp time) {
  return ledger_time(time).substr(0, kDateBytes);
}

signin::Tokens tokens_of(Installation& installation) {
  return signin::Tokens({installation.database(), installation.ledgers(), installation.clock()});
}

std::string shown_scopes(const std::optional<std::set<access::Action>>& scopes) {
  if (!scopes) return "everything";
  std::string out;
  for (const access::Action scope : *scopes) out += (out.empty() ? "" : ",") + std::string(access::action_name(scope));
  return out.empty() ? "nothing" : out;
}

Json::Object members_of(const signin::Token& token) {
  Json scopes;
  if (token.scopes) {
    Json::Array names;
    for (const access::Action scope : *token.scopes) names.emplace_back(access::action_name(scope));
    scopes = std::move(names);
  }
  return {{"id", token.id.text()},
          {"user", token.login},
          {"scopes", std::move(scopes)},
          {"created_at", ledger_time(token.created_at)},
          {"expires_at", ledger_time(token.expires_at)},
          {"last_used_on", token.used_on ? Json(date_of(*token.used_on)) : Json()},
          {"revoked_at", token.revoked_at ? Json(ledger_time(*token.revoked_at)) : Json()},
          {"state", signin::token_state_name(token.state)}};
}

}  // namespace

Result<void> run_token_create(const Where& where, const std::string& login, const std::vector<std::string>& scopes,
                              const std::string& expires, bool as_json) {
  signin::NewToken wanted;
  wanted.login = login;
  for (const std::string& scope : scopes) {
    const auto action = access::parse_action(scope);
    if (!action)
      return fail(Code::kInvalid,
                  fmt::format("\"{}\" is no scope; the scopes are {}", scope, access::all_action_names()));
    wanted.scopes.insert(*action);
  }
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const Timestamp now = installation->clock().now();
  wanted.expires_at = TRY(signin::parse_token_end(expires, now));
  const signin::MadeToken made = TRY(tokens_of(*installation).create(wanted));
  if (as_json) {
    fmt::print("{}\n",
               to_json(Json(Json::Object{
                   {"token", made.text}, {"id", made.id.text()}, {"expires_at", ledger_time(made.expires_at)}})));
  } else {
    fmt::print("{}\n", made.text);
  }
  return {};
}

Result<void> run_token_list(const Where& where, const std::string& login, bool as_json) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const auto tokens = TRY(signin::list_tokens(
      installation->database(), login.empty() ? std::nullopt : std::optional(login), installation->clock().now()));
  Json::Array items;
  for (const signin::Token& token : tokens) {
    if (as_json) {
      items.emplace_back(members_of(token));
      continue;
    }
    fmt::print("{}  {}  {}  made {}, ends {}, last used {}{}\n", token.id.text(), printable(token.login),
               shown_scopes(token.scopes), date_of(token.created_at), date_of(token.expires_at),
               token.used_on ? date_of(*token.used_on) : "never",
               token.state == signin::TokenState::kStands
                   ? std::string()
                   : fmt::format("  ({})", signin::token_state_name(token.state)));
  }
  if (as_json) fmt::print("{}\n", to_json(Json(Json::Object{{"items", std::move(items)}, {"next", Json()}})));
  return {};
}

Result<void> run_token_revoke(const Where& where, const std::string& text) {
  const auto id = TokenId::parse(text);
  if (!id) return fail(Code::kInvalid, "A token's id is 32 lower-case hex digits, as lapel token list shows it");
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  TRY(tokens_of(*installation).revoke(*id));
  fmt::print(stderr, "Revoked {}; a running server refuses its next request.\n", text);
  return {};
}

}  // namespace lapel::door
