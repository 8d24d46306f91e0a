// SPDX-License-Identifier: Apache-2.0
#pragma once
// The facts that access stands on, from the command line over HTTP: roles, units, cases, who was what when, statements,
// rules, and what a recording is said to be.
//
// Owns: the words these commands print.
// Promises: what is printed is what the server answered. A command that ends well has its event sealed.
// Fails with: the server's problem, kUnavailable, kInvalid.
// Threads: one.

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lapel/remote.h"

namespace lapel::door {

// Members of a request: name and value; an empty value is left out.
using Said = std::vector<std::pair<std::string, std::string>>;

// GET `path` with the query of `said`, its items a line each with these members.
Result<void> run_fact_list(const RemoteOptions& remote, const std::string& path, const Said& said,
                           const std::vector<std::string>& columns, bool as_json);
// POST, PUT or PATCH of an object with what is said. Prints the answer, where there is one.
Result<void> run_fact_change(const RemoteOptions& remote, const std::string& method, const std::string& path,
                             const Said& said, bool as_json);
// The same as somebody who signs in for it; by the token where the terms name nobody.
Result<void> run_fact_change(const RemoteOptions& remote, const SignInTerms& terms, const std::string& method,
                             const std::string& path, const Said& said, bool as_json);
// POST of a reason as somebody who signs in for this one act: for what no token can do.
Result<void> run_signed_act(const RemoteOptions& remote, const SignInTerms& terms, const std::string& path,
                            const std::string& reason, bool as_json);
// GET of one thing, a line a member.
Result<void> run_fact_show(const RemoteOptions& remote, const std::string& path, bool as_json);
// What a person may do, a line an action: what they get, and by which rule.
// Who has access, and by what.
Result<void> run_person_review(const RemoteOptions& remote, bool as_json);
Result<void> run_person_rights(const RemoteOptions& remote, const std::string& person, bool as_json);
// `person` is a login or id; the roles are all that they hold from now on, given by whoever signs in for it.
Result<void> run_person_roles(const RemoteOptions& remote, const SignInTerms& terms, const std::string& person,
                              const std::vector<std::string>& roles, const std::string& reason, bool as_json);
enum class Activity { kActive, kInactive };
Result<void> run_person_activity(const RemoteOptions& remote, const std::string& person, Activity activity,
                                 const std::string& reason, bool as_json);

struct RecordingChange {
  // Empty: stays. "none": unknown, or nobody, from now on. Flags: yes or no.
  std::string category, incident, inside_home, victim_sensitive, officer, restriction, reason;
};
Result<void> run_recording_change(const RemoteOptions& remote, const std::string& id, const RecordingChange& change,
                                  bool as_json);

}  // namespace lapel::door
