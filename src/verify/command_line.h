// SPDX-License-Identifier: Apache-2.0
#pragma once
// The flags of lapel-verify.
//
// Owns: nothing; each call makes another.
// Promises: reads the files that are named and nothing else; opens no socket.
// Fails with: as program.h.
// Threads: one.

#include <memory>

#include "base/program.h"

namespace lapel::verify {

std::unique_ptr<Program> command_line();

}  // namespace lapel::verify
