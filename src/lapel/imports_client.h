// SPDX-License-Identifier: Apache-2.0
#pragma once
// Imports from other evidence systems, from the command line, over HTTP: the folder or archive is here, all judgment is the server's.
//
// Owns: the words these commands print: data on stdout, talk on stderr.
// Promises: run again with the import's id, a command sends what is not there yet and nothing twice. A file that cannot be sent is told,
//   and the others go on. What a mapping has never been tried on is said wherever it is used.
// Fails with: the server's problem, kUnavailable, what an ExportSource fails with; problems::kProofInvalid where files differ from the
//   inventory.
// Threads: one.

#include <string>

#include "base/result.h"
#include "lapel/remote.h"

namespace lapel::door {

struct ImportTerms {
  std::string path;                    // folder or ZIP archive
  std::string profile, mapping, zone;  // of a new one: a profile's name, or a file of the agency's own
  std::string title;                   // empty: as the folder is called
  std::string import;                  // one that was begun; empty: a new one
  std::string out, form = "csv";
  std::string reason;
  bool is_dry_run = false, keeps_open = false, leaves_unsent = false;
};

Result<void> run_import_profiles(const RemoteOptions& options, bool as_json);
Result<void> run_import(const RemoteOptions& options, const ImportTerms& terms, bool as_json);
Result<void> run_import_list(const RemoteOptions& options, bool as_json);
Result<void> run_import_show(const RemoteOptions& options, const ImportTerms& terms, bool as_json);
Result<void> run_import_close(const RemoteOptions& options, const ImportTerms& terms, bool as_json);
Result<void> run_import_report(const RemoteOptions& options, const ImportTerms& terms);
// `recording`: one that differs from its inventory.
Result<void> run_import_settle(const RemoteOptions& options, const std::string& recording, const std::string& reason);

}  // namespace lapel::door
