// SPDX-License-Identifier: Apache-2.0
#pragma once
// The record of bargaining: with whom, over what, where it stands, what each side said, notices with their reviews and receipts.
//
// Owns: the words of this answer (api/openapi.yaml, tag program).
// Promises: a pure function of a Program; what was dropped from it is not in it. The technical work stands beside the bargaining, and
//   neither is worked out from the other.
// Fails with: nothing.
// Threads: pure functions.

#include "base/json.h"
#include "program/fold.h"

namespace lapel::program {

Json::Object bargaining_report(const Program& program);

}  // namespace lapel::program
