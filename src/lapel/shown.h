// SPDX-License-Identifier: Apache-2.0
#pragma once
// A server's answer on a terminal, for the commands that talk to one.
//
// Owns: how a value that is not known, a person and a text are written.
// Promises: what came from elsewhere is shown as base/text.h has it: it moves no cursor.
// Fails with: the server's problem, kUnavailable.
// Threads: one.

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "lapel/remote.h"

namespace lapel::door {

// A text as it is, somebody by what they are called, "-" for nothing, everything else as JSON.
std::string text_of(const Json* value);
// Of a member that is no list: empty.
const Json::Array& list_of(const Json& item, std::string_view name);
bool is_there(const Json* value);

// GET of `target`, as JSON or as `print` has it.
Result<void> show(const RemoteOptions& options, const std::string& target, bool as_json, void (*print)(const Json&));
// `path` as of a day; empty: today.
std::string dated(const std::string& path, std::string_view name, const std::string& day);

}  // namespace lapel::door
