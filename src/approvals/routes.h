// SPDX-License-Identifier: Apache-2.0
#pragma once
// Holds, and what takes two people, over HTTP (api/openapi.yaml, tag approvals).
//
// Owns: nothing.
// Promises: what a request says is read strictly. Whoever proposes or decides is somebody who is signed in and has shown a
//   factor lately: `fresh` is asked for those, and refuses every token.
// Fails with: what Holds and Approvals fail with, problems::kFreshFactor, kNoFactor, and kInvalid for a body that is none.
// Threads: any.

#include "approvals/approvals.h"
#include "http/server.h"
#include "roster/asker.h"

namespace lapel::approvals {

struct Room {
  evidence::Holds& holds;
  Approvals& approvals;
  roster::Asker asker, fresh;
};

void register_routes(http::Router& router, const Room& room);

}  // namespace lapel::approvals
