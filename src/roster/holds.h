// SPDX-License-Identifier: Apache-2.0
#pragma once
// Legal holds: what must be kept, for which matter.
//
// Owns: the table holds.
// Promises: a hold never ends by itself and is never changed: it stands until it is released, by an approved proposal. It
//   covers one recording with its further files, or all of an incident, those that arrive later too. Several stand beside
//   one another. These rows are written inside the sequencer's transaction, beside the events that say the same.
// Fails with: kConflict (released already), kCorrupt.
// Threads: any; each call runs in the caller's transaction.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/paging.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::roster {

struct Hold {
  HoldId id;
  AgencyId agency;
  std::string matter;  // the claim, by its name or number
  std::string reason;
  std::optional<RecordingId> recording;  // or
  std::optional<std::string> incident;
  PersonId placed_by;
  Timestamp placed_at;
  std::optional<Timestamp> released_at;
};
// Those that stand come first, and of each the newest.
ListPlace place_of(const Hold& hold);
// SQL: the hold called h comes after the place of :after_rank, :after_us and :after_id; and the order that this is by.
std::string_view after_hold_condition();
std::string_view hold_order();

Result<void> add_hold(db::Transaction& tx, const Hold& hold);
Result<void> release_hold(db::Transaction& tx, const HoldId& id, const ProposalId& proposal, Timestamp now);

// Of a hold called h.
std::string_view hold_columns();
Result<Hold> read_hold(const db::Row& row);
// SQL: a SELECT of `columns`, each with a name of its own, of each recording r that a hold h covers, of those that the condition is
// true of. Rows that are alike are one.
std::string covered(std::string_view columns, std::string_view condition);
// SQL: some hold stands over the recording called r.
std::string_view held_condition();
// Whether one has ever been placed on this recording for that matter.
Result<bool> was_held_for(db::Transaction& tx, const AgencyId& agency, const RecordingId& recording,
                          const std::string& matter);
// What a standing hold on all of this incident is for; nullopt where there is none.
Result<std::optional<std::string>> matter_of_incident(db::Transaction& tx, const AgencyId& agency,
                                                      const std::string& incident);

}  // namespace lapel::roster
