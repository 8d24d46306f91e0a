// SPDX-License-Identifier: Apache-2.0
#pragma once
// Codes that people outside are told by another way than their link, and type.
//
// Owns: nothing.
// Promises: eight digits, each code as likely as any other. What stands between the digits that somebody types does not matter.
// Fails with: nothing.
// Threads: pure functions.

#include <string>
#include <string_view>

namespace lapel::sharing {

struct EntryCode {
  std::string text;        // "4711-0815"
  std::string salt, hash;  // what is kept of it
};
EntryCode new_entry_code();
std::string entry_code_hash(std::string_view salt, std::string_view typed);

}  // namespace lapel::sharing
