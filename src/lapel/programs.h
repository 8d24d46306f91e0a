// SPDX-License-Identifier: Apache-2.0
#pragma once
// The program around the cameras, from the command line over HTTP: files of statements in, reports out.
//
// Owns: the words these commands print and the files they write.
// Promises: what is printed is what the server answered, an approximate figure with "~" before it. An import that ends well is
//   sealed, whole.
// Fails with: the server's problem, kUnavailable, kInvalid for a file that is no JSON, kConflict when the output exists.
// Threads: one.

#include <string>

#include "lapel/facts.h"
#include "lapel/remote.h"

namespace lapel::door {

struct ProgramQuery {
  std::string as_of, by, contract;
  std::string from, until;  // months, of volumes; days, of a report by a profile
  std::string month;        // of metering
  std::string profile, year, format, out, grant;
  bool is_embargoed_included = false;
  bool is_privileged_included = false;
  bool is_marked = false;  // as superseded
};

Result<void> run_program_import(const RemoteOptions& remote, const std::string& file, bool as_json);
Result<void> run_program_status(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_costs(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_report(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_metering(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_gates(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_measures(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_profiles(const RemoteOptions& remote, bool as_json);
Result<void> run_program_drafts(const RemoteOptions& remote, bool as_json);
// A published report or a draft, as it is, in the form that is asked for: into a file, or on stdout where none is named.
Result<void> run_program_paper(const RemoteOptions& remote, const std::string& path, const ProgramQuery& query);
// What the grantor of a grant is handed, into a new file.
Result<void> run_program_pack(const RemoteOptions& remote, const ProgramQuery& query);
Result<void> run_program_bargaining(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);

}  // namespace lapel::door
