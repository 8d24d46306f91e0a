// SPDX-License-Identifier: Apache-2.0
#pragma once
// One file's bytes on their way to a server, for the commands that upload.
//
// Owns: nothing; how far it is is told on stderr.
// Promises: sends what the server has not yet, from whatever offset it tells, until it has all. A connection that is cut is no failure as
//   long as each try gets further, or the server comes back within the pauses.
// Fails with: the server's problem, kUnavailable, kInvalid where the file became shorter, and what the source fails with.
// Threads: one.

#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "http/client.h"
#include "http/tus_client.h"

namespace lapel::door {

Result<void> send_all(http::TusClient& tus, const UploadId& upload, const std::string& name,
                      const http::BodySource& source);

}  // namespace lapel::door
