// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands and flags of lapel-camera.
//
// Owns: nothing; each call makes another.
// Promises: as program.h.
// Fails with: as program.h.
// Threads: one.

#include <memory>

#include "base/program.h"

namespace lapel::camera {

std::unique_ptr<Program> command_line();

}  // namespace lapel::camera
