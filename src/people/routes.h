// SPDX-License-Identifier: Apache-2.0
#pragma once
// People, units, cases and assignments over HTTP (api/openapi.yaml, tag people).
//
// Owns: nothing.
// Promises: what a request says is read strictly, and every answer is what People allows its asker. No token gives roles, or
//   links to choose a password by, and no session those or clearances, unless its person has shown a second factor just then.
// Fails with: what People fails with, and kInvalid for a body that is none.
// Threads: any.

#include "http/server.h"
#include "people/people.h"
#include "roster/asker.h"

namespace lapel::people {

// `fresh` lets in a person who has just shown a second factor (signin::Sessions::fresh_asker): for people who are added, for roles,
// and where a session asks for clearances.
void register_routes(http::Router& router, People& people, roster::Asker asker, roster::Asker fresh);

}  // namespace lapel::people
