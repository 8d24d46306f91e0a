// SPDX-License-Identifier: Apache-2.0
#pragma once
// Staffing, cameras and the rotation over HTTP (api/openapi.yaml, tags staffing, fleet and rotation).
//
// Owns: nothing.
// Promises: what a request says is read strictly, and every answer is what the room allows its asker.
// Fails with: what the room fails with, and kInvalid for a body or query that is none.
// Threads: any.

#include "fleet/fleet.h"
#include "fleet/rotation.h"
#include "fleet/staffing.h"
#include "http/server.h"
#include "roster/asker.h"

namespace lapel::fleet {

void register_routes(http::Router& router, Staffing& staffing, Fleet& fleet, Rotation& rotation, roster::Asker asker);

}  // namespace lapel::fleet
