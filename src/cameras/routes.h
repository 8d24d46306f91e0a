// SPDX-License-Identifier: Apache-2.0
#pragma once
// What docks and camera coordinators ask over HTTP: enrollment, tokens, devices (docs/formats/dock.md).
//
// Owns: the routes /api/v1/docks/… and POST /api/v1/devices.
// Promises: a body is read strictly: what is missing or mistyped is named.
// Fails with: kInvalid, and what Docks and the vault fail with.
// Threads: register once; handlers run on any worker.

#include "cameras/docks.h"
#include "evidence/vault.h"
#include "http/server.h"

namespace lapel::cameras {

void register_routes(http::Router& router, Docks& docks, evidence::Vault& vault, roster::Asker asker);

}  // namespace lapel::cameras
