// SPDX-License-Identifier: Apache-2.0
#pragma once
// The program over HTTP (api/openapi.yaml, tag program).
//
// Owns: nothing.
// Promises: what a request says is read strictly, and every answer is what Programs allows its asker.
// Fails with: what Programs fails with, and kInvalid for a body or query that is none.
// Threads: any.

#include "http/server.h"
#include "program/drafts.h"
#include "program/program.h"
#include "program/publications.h"
#include "roster/asker.h"

namespace lapel::program {

// `fresh` asks for a second factor that was shown a moment ago: waiving a gate.
void register_routes(http::Router& router, Programs& room, Drafts& drafts, Publications& publications,
                     roster::Asker asker, roster::Asker fresh);

}  // namespace lapel::program
