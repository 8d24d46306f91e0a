// SPDX-License-Identifier: Apache-2.0
#pragma once
// Shares from the command line, over HTTP.
//
// Owns: the words these commands print.
// Promises: link and code are printed once, on standard output, and kept nowhere.
// Fails with: the server's problem, kUnavailable, kInvalid.
// Threads: one.

#include <string>
#include <vector>

#include "base/result.h"
#include "lapel/remote.h"

namespace lapel::door {

// Empty: not said.
struct ShareOptions {
  std::string kind, recipient, organization, purpose, case_number, warrant, ends_at;
  std::int64_t views_max = 0;  // 0: no cap
  std::string order_file;      // its text is the protective order
};
Result<void> run_share_make(const RemoteOptions& remote, const std::vector<std::string>& recordings,
                            const ShareOptions& options, bool as_json);
Result<void> run_share_code(const RemoteOptions& remote, const std::string& share, bool as_json);

}  // namespace lapel::door
