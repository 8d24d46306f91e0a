// SPDX-License-Identifier: Apache-2.0
#pragma once
// File requests over HTTP: for those of the agency who make them, for whoever was asked, and the end of a file's quarantine.
//
// Owns: /api/v1/file-requests/* and /api/v1/recordings/{id}/accept.
// Promises: whoever was asked has the routes under /mine, their own uploads and the receipts of these, and nothing else.
// Fails with: what FileRequests and the vault fail with.
// Threads: register_routes before the server runs; handlers on any.

#include <string>

#include "evidence/vault.h"
#include "http/server.h"
#include "invitations/requests.h"
#include "roster/asker.h"

namespace lapel::invitations {

struct Room {
  FileRequests& requests;
  evidence::Vault& vault;
  std::string public_url;  // where people reach this server; empty: as the request names it
};
void register_routes(http::Router& router, const Room& room, roster::Asker asker);

}  // namespace lapel::invitations
