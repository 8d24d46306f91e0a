// SPDX-License-Identifier: Apache-2.0
#pragma once
// Imports over HTTP: the profiles, an import from its beginning to its report, and where a recording came from.
//
// Owns: the routes under /api/v1/imports, /api/v1/import-profiles, and /api/v1/recordings/{id}/origin.
// Promises: a body is read strictly: what is missing or mistyped is named. A report is sent as it is written, never held whole.
// Fails with: kInvalid, and what Imports fails with.
// Threads: register once; handlers run on any worker.

#include "http/server.h"
#include "imports/imports.h"
#include "roster/asker.h"

namespace lapel::imports {

void register_routes(http::Router& router, Imports& imports, roster::Asker asker);

}  // namespace lapel::imports
