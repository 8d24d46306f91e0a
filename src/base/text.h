// SPDX-License-Identifier: Apache-2.0
#pragma once
// Text of people and strangers: folded so that a search finds it, escaped so that a terminal may show it.
//
// Owns: nothing.
// Promises: the same on every machine, whatever its locale.
// Fails with: nothing.
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <string_view>

namespace lapel {

// Lower case, by Unicode. Accents stay: "Pena" does not find "Peña". Bytes that are no UTF-8 stay as they are.
std::string fold(std::string_view text);

// Below the space: what no name, number or reason has in it.
bool has_control_characters(std::string_view text);

// What is not seen, and makes two texts that look the same: zero-width letters, what turns the direction of text, soft hyphens,
// tags, selectors of variants. Of UTF-8.
bool has_format_characters(std::string_view text);

// Controls, what turns the direction of text, and broken UTF-8 are shown as escapes.
std::string printable(std::string_view text);

// At most so many characters of UTF-8 from its beginning.
std::string first_characters(std::string_view text, std::size_t characters_max);

}  // namespace lapel
