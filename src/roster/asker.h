// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who asks: how a room learns whose request it holds, without knowing how people sign in.
//
// Owns: the type, and how a route comes to know it. signin/ makes it, main hands it to every room.
// Promises: the actor's roles are those held when the request came.
// Fails with: kUnauthenticated.
// Threads: any.

#include <functional>
#include <string_view>
#include <utility>

#include "access/access.h"
#include "base/result.h"
#include "http/server.h"

namespace lapel::roster {

using Asker = std::function<Result<access::Actor>(const http::Request&)>;

// Who asks by this request's credential, as often as it is called: while an answer to it is under way. It is no act of theirs, so
// nothing of the request that tells of one is asked with.
std::function<Result<access::Actor>()> still_asking(Asker asker, const http::Request& request);

// add(method, pattern, handler): a route whose handler is called with the request, the room and whoever asks. The room is kept as it
// is given: by value, or as std::ref.
template <typename Room>
auto asked_routes(http::Router& router, Asker asker, Room room) {
  return [&router, asker = std::move(asker), room = std::move(room)](std::string_view method, std::string_view pattern,
                                                                     auto handler) {
    router.add(method, pattern, [asker, room, handler](const http::Request& request) -> Result<http::Response> {
      return handler(request, room, TRY(asker(request)));
    });
  };
}

}  // namespace lapel::roster
