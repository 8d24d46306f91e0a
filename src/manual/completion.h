// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a shell offers after TAB: commands, flags, and the values of closed sets.
//
// Owns: nothing.
// Promises: a script for bash 4 or later that needs nothing else, and puts no word of the command line into a shell
//   command.
// Fails with: nothing.
// Threads: pure functions.

#include <string>

#include "manual/program.h"

namespace lapel::manual {

std::string bash_completion(const Program& program);

}  // namespace lapel::manual
