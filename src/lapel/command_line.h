// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands and flags of lapel.
//
// Owns: nothing; each call makes another.
// Promises: a command runs only when the whole line was understood.
// Fails with: as program.h.
// Threads: one.

#include <memory>

#include "base/program.h"

namespace lapel::door {

std::unique_ptr<Program> command_line();

}  // namespace lapel::door
