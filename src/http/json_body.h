// SPDX-License-Identifier: Apache-2.0
#pragma once
// The JSON object that a request brings, member by member.
//
// Owns: the sentences for what is wrong with one.
// Promises: a member that is absent, null or an empty text is nullopt; one of another type is refused, never ignored.
// Fails with: kInvalid, kTooLarge.
// Threads: pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace lapel::http {

// kTooLarge beyond `limits`. Members that nobody asks for are ignored, as the contract says.
Result<Json> json_body(const Request& request, const JsonLimits& limits = {});

// At most limits::kFieldBytesMax, without zero bytes.
Result<std::optional<std::string>> text_member(const Json& body, std::string_view name);
Result<std::string> required_text(const Json& body, std::string_view name);
Result<std::optional<bool>> flag_member(const Json& body, std::string_view name);
Result<std::optional<Timestamp>> time_member(const Json& body, std::string_view name);  // RFC 3339

}  // namespace lapel::http
