// SPDX-License-Identifier: Apache-2.0
#pragma once
// Shares over HTTP: for those of the agency who make them, and for the recipient.
//
// Owns: /api/v1/shares/* and /api/v1/received/*.
// Promises: a recipient's routes know nobody but by the recipient's own cookie, and no route of the agency knows that one. What
//   a recipient is sent stops within a second of the share's end, whatever is under way. Of discovery nothing that its
//   recipient asks for is traced, once the right code has shown that it is they.
// Fails with: what sharing::Shares and Recipients fail with.
// Threads: register_routes before the server runs; handlers on any.

#include <string>

#include "disclosure/recipients.h"
#include "http/server.h"
#include "os/pace.h"
#include "roster/asker.h"
#include "sharing/shares.h"

namespace lapel::disclosure {

struct Room {
  sharing::Shares& shares;
  Recipients& recipients;
  os::Pace& pace;          // a recipient's, as anybody's
  std::string public_url;  // where people reach this server; empty: as the request names it
};
void register_routes(http::Router& router, const Room& room, roster::Asker asker);

}  // namespace lapel::disclosure
