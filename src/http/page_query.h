// SPDX-License-Identifier: Apache-2.0
#pragma once
// The page that a request asks for: its `limit` and `cursor`.
//
// Owns: the sentences for what is wrong with them.
// Promises: an absent or empty one is the default.
// Fails with: kInvalid.
// Threads: pure functions.

#include <string>

#include "base/json.h"
#include "base/paging.h"
#include "base/result.h"
#include "http/message.h"

namespace lapel::http {

Result<PageQuery> page_query(const Request& request);
// {"items": …, "next": …}
Json::Object page_members(Json::Array items, const std::string& next);

}  // namespace lapel::http
