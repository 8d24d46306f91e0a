// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the server says of itself to whoever writes or reads a client: its contract, and a page for each type of problem.
//
// Owns: GET /api/v1/openapi.json and GET /problems/{slug}.
// Promises: the contract is api/openapi.yaml as JSON, byte for byte as it was built, with a strong ETag; a problem's page
//   says what its row of base/problems.h says. Neither needs signing in.
// Fails with: kNotFound for an unknown slug, and for a contract that was not installed.
// Threads: register once; the routes keep what they need.

#include <optional>
#include <string>

#include "base/result.h"
#include "http/server.h"
#include "os/disk.h"

namespace lapel::door {

inline constexpr std::size_t kContractBytesMax = 4 << 20;

// The installed contract, or why there is none.
Result<std::string> read_contract(os::Disk& disk, const os::Path& path);

// `contract`: JSON; none: its route answers that it is missing.
void register_documents(http::Router& router, std::optional<std::string> contract);

}  // namespace lapel::door
