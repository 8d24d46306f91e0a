// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who asks: how a room learns whose request it holds, without knowing how people sign in.
//
// Owns: the type. signin/ makes it, main hands it to every room.
// Promises: the actor's roles are those held when the request came.
// Fails with: kUnauthenticated.
// Threads: any.

#include <functional>

#include "access/access.h"
#include "base/result.h"
#include "http/server.h"

namespace lapel::roster {

using Asker = std::function<Result<access::Actor>(const http::Request&)>;

}  // namespace lapel::roster
