// SPDX-License-Identifier: Apache-2.0
#pragma once
// A browser's session over HTTP.
//
// Owns: POST, GET and DELETE /api/v1/session.
// Promises: GET answers 204 when nobody is signed in, so that asking is no error; the answer says what the person may do,
//   decided by access/, so that no page repeats a rule.
// Fails with: kInvalid, and what Sessions fails with.
// Threads: register once; handlers run on any worker.

#include "db/db.h"
#include "http/server.h"
#include "signin/sessions.h"

namespace lapel::signin {

void register_routes(http::Router& router, Sessions& sessions, db::Database& database);

}  // namespace lapel::signin
