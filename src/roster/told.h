// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a check of the record tells what an event or a row has, so that the two can be compared and shown.
//
// Owns: nothing.
// Promises: what is told is printable(); what is not there, or is no text, is "nothing". In quotes, no text runs into what stands
//   beside it, nor is one taken for another that is not there.
// Fails with: nothing.
// Threads: any.

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "db/db.h"

namespace lapel::roster {

std::string told(const std::optional<std::string>& text);
std::string told(const db::Row& row, std::string_view column);
std::string told(const Json& event, std::string_view member);
// A whole number too.
std::string told_or_number(const Json& event, std::string_view member);

std::string quoted(const std::optional<std::string>& text);
std::string quoted(const db::Row& row, std::string_view column);
std::string quoted(const Json& event, std::string_view member);

}  // namespace lapel::roster
