// SPDX-License-Identifier: Apache-2.0
#pragma once
// The program around the cameras, from the command line over HTTP: files of statements in, reports out.
//
// Owns: the words these commands print.
// Promises: what is printed is what the server answered, an approximate figure with "~" before it. An import that ends well is
//   sealed, whole.
// Fails with: the server's problem, kUnavailable, kInvalid for a file that is no JSON.
// Threads: one.

#include <string>

#include "lapel/facts.h"
#include "lapel/remote.h"

namespace lapel::door {

struct ProgramQuery {
  std::string as_of, by, contract;
  std::string from, until;  // months, of volumes
  std::string month;        // of metering
  bool is_embargoed_included = false;
  bool is_privileged_included = false;
};

Result<void> run_program_import(const RemoteOptions& remote, const std::string& file, bool as_json);
Result<void> run_program_status(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_costs(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_report(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_metering(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_gates(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);
Result<void> run_program_bargaining(const RemoteOptions& remote, const ProgramQuery& query, bool as_json);

}  // namespace lapel::door
