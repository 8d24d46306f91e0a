// SPDX-License-Identifier: Apache-2.0
#pragma once
// Each request in the trace: who, from where, what, when and what came of it (CJIS Security Policy AU-3).
//
// Owns: what of a request is told (docs/operating/trace.md).
// Promises: routes as patterns and ids as they are; never a query, a body, a token, a cookie, or a part of a path that is
//   no id, which may be a name.
// Fails with: nothing.
// Threads: any.

#include "base/json.h"
#include "http/server.h"

namespace lapel::door {

// `ended_us`: by the same clock as the request's beginning.
Json::Object describe_request(const http::Request& request, const http::Response& response, std::int64_t ended_us);

// The line of a request that is about to be answered.
void trace_request(const http::Request& request, const http::Response& response);

}  // namespace lapel::door
