// SPDX-License-Identifier: Apache-2.0
#pragma once
// Policies and training from the command line, over HTTP.
//
// Owns: the words these commands print.
// Promises: what is printed is what the server answered. What ends well is sealed. Of scans, each line is printed as it is answered.
// Fails with: the server's problem, kUnavailable, kInvalid; kConflict for a check that was answered wrong.
// Threads: one.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lapel/facts.h"
#include "lapel/remote.h"

namespace lapel::door {

struct PolicyTerms {
  std::string policy;                        // short name or id
  std::optional<std::int64_t> version;       // the one in force
  std::optional<std::int64_t> since;         // the last that was acknowledged
  std::string file, effective, note;         // of a version that is issued
  std::vector<std::int64_t> answers;         // numbers of choices: 1 is the first
  std::optional<std::int64_t> days, months;  // for how long attendance counts
  bool is_required = false;
};

// POST of what is said, with whether it is required and for how long it counts.
Result<void> run_required_add(const RemoteOptions& remote, const std::string& path, const Said& said,
                              const PolicyTerms& terms, bool as_json);
Result<void> run_requirement(const RemoteOptions& remote, const Said& said, const std::string& required, bool as_json);
Result<void> run_policy_issue(const RemoteOptions& remote, const PolicyTerms& terms, bool as_json);
Result<void> run_policy_show(const RemoteOptions& remote, const PolicyTerms& terms, bool as_json);
Result<void> run_policy_changes(const RemoteOptions& remote, const PolicyTerms& terms, bool as_json);
Result<void> run_policy_checklist(const RemoteOptions& remote, bool as_json);
// As somebody who signs in for it with a second factor: no token acknowledges anything.
Result<void> run_policy_acknowledge(const RemoteOptions& remote, const SignInTerms& signer, const PolicyTerms& terms,
                                    bool as_json);
Result<void> run_training_status(const RemoteOptions& remote, const std::string& as_of, bool as_json);
Result<void> run_training_person(const RemoteOptions& remote, const std::string& person, bool as_json);
Result<void> run_training_recording(const RemoteOptions& remote, const std::string& id, bool as_json);
Result<void> run_training_import(const RemoteOptions& remote, const std::string& file, bool as_json);
// Badges from standard input, a line each, as a scanner types them.
Result<void> run_training_scan(const RemoteOptions& remote, const std::string& session, bool as_json);

}  // namespace lapel::door
