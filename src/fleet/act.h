// SPDX-License-Identifier: Apache-2.0
#pragma once
// What this room's acts are made of: what all rooms' are.
//
// Owns: nothing.
// Promises: what acts/act.h promises.
// Fails with: nothing of its own.
// Threads: one.

#include "acts/act.h"

namespace lapel::fleet {

using acts::Act;
using acts::check_words;
using acts::console_of;
using acts::find_person;
using acts::named;
using acts::Parts;
using acts::require;

}  // namespace lapel::fleet
