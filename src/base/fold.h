// SPDX-License-Identifier: Apache-2.0
#pragma once
// Folding of text for search: what people type finds what was stored, whatever the case of either.
//
// Owns: nothing.
// Promises: the same on every machine, whatever its locale; never longer than the text by more than it has characters;
//   bytes that are no UTF-8 stay as they are. Accents stay: "Pena" does not find "Peña".
// Fails with: nothing.
// Threads: a pure function.

#include <string>
#include <string_view>

namespace lapel {

std::string fold(std::string_view text);

}  // namespace lapel
