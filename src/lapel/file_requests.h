// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the command line does with file requests, over HTTP.
//
// Owns: the words that these commands print.
// Promises: link and code are printed once, on stdout.
// Fails with: the server's problem, kUnavailable.
// Threads: one.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "lapel/remote.h"

namespace lapel::door {

struct FileRequestOptions {
  std::string name, contact, incident, words, ends_at;
  std::int64_t files_max = 0, bytes_max = 0;  // 0: the server's own
  bool wants_code = false;
};
Result<void> run_file_request_create(const RemoteOptions& remote, const FileRequestOptions& request, bool as_json);
Result<void> run_file_request_code(const RemoteOptions& remote, const std::string& id, bool as_json);
// One with what came by it, a line a file.
Result<void> run_file_request_show(const RemoteOptions& remote, const std::string& id, bool as_json);
Result<void> run_file_request_revoke(const RemoteOptions& remote, const std::string& id, const std::string& reason,
                                     bool as_json);

}  // namespace lapel::door
