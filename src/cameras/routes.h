// SPDX-License-Identifier: Apache-2.0
#pragma once
// What docks and camera coordinators ask over HTTP: enrollment, tokens, keys of copies, devices, how docks stand, and the record
// of each camera
// (docs/formats/dock.md).
//
// Owns: the routes /api/v1/docks/… and POST /api/v1/devices.
// Promises: a body is read strictly: what is missing or mistyped is named.
// Fails with: kInvalid, and what Docks and the vault fail with.
// Threads: register once; handlers run on any worker.

#include "cameras/dock_states.h"
#include "cameras/docks.h"
#include "cameras/record.h"
#include "cameras/spool_keys.h"
#include "evidence/vault.h"
#include "http/server.h"

namespace lapel::cameras {

struct DockRooms {
  Docks& docks;
  SpoolKeys& spool_keys;
  DockStates& states;
  CameraRecord& record;
  evidence::Vault& vault;
};
void register_routes(http::Router& router, const DockRooms& rooms, const roster::Asker& asker);

}  // namespace lapel::cameras
