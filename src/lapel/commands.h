// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is done on the server's own console, on the data directory itself.
//
// Owns: the words these commands print: data on stdout, talk on stderr.
// Promises: may run beside a serving process.
// Fails with: what the installation fails with; main turns it into an exit code.
// Threads: one.

#include <string>
#include <vector>

#include "lapel/installation.h"

namespace lapel::door {

// A password from a file: its first line, without the line's end.
Result<std::string> read_password(const os::Path& file);

// Without a login: the server will print a link by which the first administrator is made.
Result<void> run_init(const Where& where, const NewAgency& agency, NewPerson administrator,
                      const os::Path& password_file);
// Moves the embedded catalog into a database; the server does the same when it is started with one.
Result<void> run_catalog_move(const Where& where);
Result<void> run_agency_add(const Where& where, const NewAgency& agency);
// Numbers of each agency, and nothing of what they count.
Result<void> run_agency_list(const Where& where, bool as_json);
Result<void> run_user_add(const Where& where, const std::string& agency, NewPerson person,
                          const std::vector<std::string>& roles, const os::Path& password_file);
// Break-glass: for whoever stands at the server when no administrator can sign in. On record, and shown to administrators.
Result<void> run_user_unlock(const Where& where, const std::string& login);
Result<void> run_user_activate(const Where& where, const std::string& login);
Result<void> run_user_reset_factors(const Where& where, const std::string& login);

Result<void> run_user_password(const Where& where, const std::string& login, const os::Path& password_file);

struct SignInChange {
  std::string second_factor;  // "required" or "optional"; empty: as it is
  os::Path banner_file;       // the notice of use, an empty file for none; empty: as it is
  std::optional<std::int64_t> idle_days;
};
// Prints the rules as they are afterwards.
Result<void> run_sign_in_rules(const Where& where, const std::string& agency, const SignInChange& change, bool as_json);

// The agency's identity provider, as it is said on the command line.
struct ProviderChange {
  std::string name, issuer, client_id, group_claim, external_id_claim;  // claims: as they are by default, when empty
  os::Path client_secret_file;
  std::vector<std::string> map;          // GROUP=ROLE
  std::vector<std::string> require_mfa;  // signin::parse_mfa_rule; amr=mfa, when empty
  std::vector<std::string> scopes;       // beside openid; profile and email, when empty
  bool adds_newcomers = false;
};
Result<void> run_provider_set(const Where& where, const std::string& agency, const ProviderChange& change);
Result<void> run_provider_show(const Where& where, const std::string& agency, bool as_json);
Result<void> run_provider_remove(const Where& where, const std::string& agency);
// Whose an account there is: on record, and shown to administrators.
Result<void> run_provider_link(const Where& where, const std::string& agency, const std::string& login,
                               const std::string& subject);
Result<void> run_provider_unlink(const Where& where, const std::string& login);

// `expires` as signin::parse_token_end reads it.
Result<void> run_token_create(const Where& where, const std::string& login, const std::vector<std::string>& scopes,
                              const std::string& expires, bool as_json);
// Of everybody when `login` is empty.
Result<void> run_token_list(const Where& where, const std::string& login, bool as_json);
Result<void> run_token_revoke(const Where& where, const std::string& id);
// A code with which one dock may enroll itself.
Result<void> run_dock_enroll(const Where& where, const std::string& agency, const std::string& name, bool as_json);
Result<void> run_dock_list(const Where& where, const std::string& agency, bool as_json);
Result<void> run_dock_revoke(const Where& where, const std::string& agency, const std::string& name);
// What the server does by itself: each job with its state and the reason; all states when `state` is empty.
Result<void> run_job_list(const Where& where, const std::string& state, std::int64_t limit, bool as_json);
Result<void> run_job_retry(const Where& where, const std::vector<std::string>& ids);
// kProofInvalid when a fault was found.
Result<void> run_ledger_check(const Where& where, bool as_json);

}  // namespace lapel::door
