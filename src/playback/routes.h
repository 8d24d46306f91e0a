// SPDX-License-Identifier: Apache-2.0
#pragma once
// Recordings over HTTP: the list, one recording, its custody and receipts, and its bytes under a view.
//
// Owns: the routes under /api/v1/recordings and /api/v1/views.
// Promises: bytes are served only under a view that the asker opened and that has not expired, and no longer than that: what is
//   under way when the view, the session or token, or the right to it ends is cut off within a second.
// Fails with: what evidence/vault.h fails with; kInvalid for a malformed query or body.
// Threads: register once; handlers run on any worker.

#include "evidence/vault.h"
#include "http/server.h"
#include "roster/asker.h"

namespace lapel::playback {

void register_routes(http::Router& router, evidence::Vault& vault, roster::Asker asker);

}  // namespace lapel::playback
