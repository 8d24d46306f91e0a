// SPDX-License-Identifier: Apache-2.0
#pragma once
// Going from site to site: how far each is, and how far all are from what is aimed at.
//
// Owns: these figures.
// Promises: a site counts as live from its day on. A percentage is of what is known, in tenths, rounded to the nearest; where something
//   that it is made of is unknown it is absent. Figures said as "about", and assumptions, stay marked.
// Fails with: nothing.
// Threads: pure functions.

#include "base/json.h"
#include "program/fold.h"

namespace lapel::program {

// Per rollout: its sites in the order of their slugs, how many are live, of how many, wearers likewise, the days that are left.
Json::Array rollouts_json(const Program& program);

}  // namespace lapel::program
