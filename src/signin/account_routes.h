// SPDX-License-Identifier: Apache-2.0
#pragma once
// The routes of accounts: one's own, and what an administrator does for others. A part of routes.h.
//
// Owns: /api/v1/account and what is under it, /api/v1/people/{id}/sign-in and what is under it, /api/v1/sign-in/console.
// Promises: see routes.h.
// Fails with: see routes.h.
// Threads: register once; handlers run on any worker.

#include "signin/record.h"
#include "signin/routes.h"

namespace lapel::signin {

// A request that comes with a session's cookie from Lapel's own pages.
struct Asking {
  Sessions::Session session;
  By by;
};
Result<Asking> asking_session(const http::Request& request, const Room& room);

// The session as its browser sees it, and one that was just opened, with its cookie.
Result<http::Response> describe(const Room& room, const Sessions::Session& session);
Result<http::Response> opened(const Room& room, const http::Request& request, const Sessions::Opened& opened);
// On record, by the person themselves.
Result<void> note_of(const Room& room, const http::Request& request, const PersonId& person, AccountEvent event,
                     std::string how);
// Managed people begin where they are managed, and nowhere else; told to whoever has shown what is theirs.
Result<void> require_local(const Room& room, const PersonId& person);

void register_account_routes(http::Router& router, const Room& room, roster::Asker asker);

}  // namespace lapel::signin
