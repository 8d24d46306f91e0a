// SPDX-License-Identifier: Apache-2.0
#pragma once
// SCIM 2.0 (RFC 7643, 7644), as much as directories use to keep people in step: users and groups, one comparison to find
// them by, and patches as they are sent in practice.
//
// Owns: /scim/v2.
// Promises: it takes a token whose scopes name scim, of somebody who may manage people; a session does not do. Answers and
//   refusals are SCIM's own, application/scim+json. Whatever a directory says beyond names and activity is taken and not
//   kept.
// Fails with: what Directory fails with, as SCIM errors.
// Threads: register once; handlers run on any worker.

#include "http/server.h"
#include "roster/asker.h"
#include "signin/directory.h"

namespace lapel::signin {

inline constexpr std::size_t kScimOperationsMax = 1'000;  // of one patch

void register_scim_routes(http::Router& router, Directory& directory, roster::Asker asker);

}  // namespace lapel::signin
