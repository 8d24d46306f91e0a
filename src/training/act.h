// SPDX-License-Identifier: Apache-2.0
#pragma once
// What this room's acts share besides what all rooms do: whose record somebody may see, and when the ledger says that it was.
//
// Owns: nothing.
// Promises: a moment that row and event keep is the same one.
// Fails with: problems::kRule.
// Threads: one.

#include "access/access.h"
#include "acts/act.h"
#include "base/clock.h"

namespace lapel::training {

using acts::Act;
using acts::check_words;
using acts::console_of;
using acts::find_person;
using acts::named;
using acts::Parts;
using acts::require;

// The record of that person.
Result<void> require_seeing(db::Transaction& tx, const access::Actor& actor, const PersonId& person, Timestamp now);

// As the ledger writes it: what row and event keep is the same moment.
Timestamp ledger_moment(Timestamp time);

}  // namespace lapel::training
