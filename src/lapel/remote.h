// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the command line does over HTTP, from any machine: upload recordings, list, show, get, verify and export them.
//
// Owns: the words these commands print and the files they write.
// Promises: a file that get or export leaves under its final name is whole and has the digest and length of the admission
//   in the recording's receipt, whatever else the server shows. An upload that succeeds is sealed, with the digest that
//   the file had here; a cut connection is resumed.
// Fails with: the server's problem, kUnavailable, kProofInvalid, kConflict when the output exists.
// Threads: one.

#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace lapel::door {

struct RemoteOptions {
  std::string server = "http://localhost:8080";
  std::string token;       // from LAPEL_TOKEN, or
  std::string token_file;  // the file's first line
  // Of one answer, which is held: what pages and pieces need. Who asks for a whole document says so.
  std::size_t answer_bytes_max = 16 * limits::kMiB;
};

// Who signs in for what no token can do, and with what.
struct SignInTerms {
  std::string login, password_file;
  std::string code;  // of the app, or a recovery code; empty: there is no second factor
  bool is_notice_accepted = false;
};

struct RecordingQuery {
  std::string text, officer, device, category, incident, from, to;
  int limit = 50;
  bool is_unattributed = false;
};

// What is said of the files that are uploaded; empty: not known.
struct UploadTerms {
  std::string recorded_at, device, wearer, incident, category, group;
};

struct ReadingTerms {
  std::string purpose, case_number, warrant;
  std::string inside_home;         // yes or no; empty: not said
  std::string despite_quarantine;  // why; empty: not said
};

Result<void> run_recording_list(const RemoteOptions& remote, const RecordingQuery& query, bool as_json);
// Each file in turn. With `vkey`, its receipt must verify under that key as well.
Result<void> run_recording_upload(const RemoteOptions& remote, const std::vector<std::string>& files,
                                  const UploadTerms& terms, const std::string& vkey, bool as_json);
// Every event of a recording, in order.
Result<void> run_recording_custody(const RemoteOptions& remote, const std::string& id, bool as_json);
Result<void> run_recording_show(const RemoteOptions& remote, const std::string& id, bool as_json);
// With `vkey` the receipt must verify under it as well; without, the receipt is the server's word, and stderr says so.
Result<void> run_recording_get(const RemoteOptions& remote, const std::string& id, const ReadingTerms& terms,
                               const std::string& out, const std::string& vkey);
// A local file against the server's receipt and a key that came from elsewhere.
Result<void> run_recording_verify(const RemoteOptions& remote, const std::string& id, const std::string& file,
                                  const std::string& vkey);
// A custody export as docs/formats/custody_export.md has it, in a new directory; waits for the next published
// checkpoint.
Result<void> run_recording_export(const RemoteOptions& remote, const std::string& id, const ReadingTerms& terms,
                                  const std::string& out);

}  // namespace lapel::door
