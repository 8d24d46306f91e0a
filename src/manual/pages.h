// SPDX-License-Identifier: Apache-2.0
#pragma once
// Manual pages, in the man macros of groff and mandoc.
//
// Owns: nothing.
// Promises: a page for the program and, where its commands stand in groups, one for each command, as git has them; a
//   group has none, since `lapel dock` would be the page of lapel-dock. The same text for the same program, whenever it
//   is made.
// Fails with: nothing.
// Threads: pure functions.

#include <string>
#include <vector>

#include "manual/program.h"

namespace lapel::manual {

struct File {
  std::string name;  // "lapel-recording-export.1"
  std::string text;
};

std::vector<File> man_pages(const Program& program);
std::string escape(const std::string& text);  // as it stands inside a line of a page

}  // namespace lapel::manual
