// SPDX-License-Identifier: Apache-2.0
#pragma once
// Alerts, weekly digests, the review of access and the list as another sees it, over HTTP (api/openapi.yaml, tag oversight).
//
// Owns: nothing.
// Promises: what a request says is read strictly, and every answer is what Oversight allows its asker.
// Fails with: what Oversight fails with, and kInvalid for a body or query that is none.
// Threads: any.

#include "http/server.h"
#include "oversight/oversight.h"
#include "roster/asker.h"

namespace lapel::oversight {

void register_routes(http::Router& router, Oversight& room, roster::Asker asker);

}  // namespace lapel::oversight
