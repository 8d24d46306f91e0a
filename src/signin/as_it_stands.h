// SPDX-License-Identifier: Apache-2.0
#pragma once
// Acting on what was read, while others change it: on this server and on those that share its catalog.
//
// Owns: nothing.
// Promises: whatever is written was decided on what stood when it was written. What was decided on another state, a refusal
//   too, is decided again.
// Fails with: what reading and acting fail with; kUnavailable where others come between all the time.
// Threads: any; calls block.

#include <functional>
#include <string>
#include <utility>

#include "db/db.h"

namespace lapel::signin {

inline constexpr int kTriesMax = 64;  // of a change, while others come between

enum class Progress { kSettled, kOn };
// First in the transaction of what is written: refuses it where it is no longer as it was read.
using Unchanged = std::function<Result<void>(db::Transaction&)>;

// Steps from state to state until one is settled. `read`: Transaction& -> Result<State>, and two states compare. `step`: State,
// Unchanged -> Result<Progress>.
template <typename Read, typename Step>
Result<void> act_as_it_stands(db::Database& database, const Read& read, const Step& step) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    using State = typename decltype(read(std::declval<db::Transaction&>()))::value_type;
    State state;
    TRY(database.read([&](db::Transaction& tx) -> Result<void> {
      state = TRY(read(tx));
      return {};
    }));
    bool has_changed = false;
    const Unchanged unchanged = [&](db::Transaction& tx) -> Result<void> {
      const auto now = read(tx);
      has_changed = now ? !(*now == state) : now.error().code() == Code::kNotFound;
      if (has_changed) return fail(Code::kConflict, "This was changed meanwhile");
      if (!now) return fail(now.error());
      return {};
    };
    const auto done = step(state, unchanged);
    if (done && *done == Progress::kSettled) return {};
    // Also what was refused without a transaction of its own, for what another has just written.
    if (!done && !has_changed)
      TRY(database.read([&](db::Transaction& tx) -> Result<void> {
        const auto same = unchanged(tx);
        return same || has_changed ? Result<void>() : same;
      }));
    if (!done && !has_changed) return fail(done.error());
  }
  return fail(Code::kUnavailable, "This is being changed from several sides at this moment; try again");
}

}  // namespace lapel::signin
