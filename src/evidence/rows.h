// SPDX-License-Identifier: Apache-2.0
#pragma once
// A recording as its row has it, and how the one who asks stands to it. For the files of this folder.
//
// Owns: the list of columns and their reading.
// Promises: a row that reads is within every type's bounds. Recording::item is complete: access can decide by it alone.
// Fails with: kCorrupt for a damaged row.
// Threads: pure functions.

#include <string>

#include "evidence/vault.h"

namespace lapel::evidence {

// What an actor has to do with all that their agency has.
access::Item own_agency(const access::Actor& actor);

// The columns of a recording called r, and how :self stands to it at :now.
const std::string& columns();
// For a query that has columns() in it.
db::Params asked_by(const access::Actor& actor, Timestamp now);
db::Params operator+(db::Params params, db::Params more);

// The condition by which a list holds exactly the recordings, r, that its asker :self would be shown one by one. kInternal
// for whoever has no list.
Result<std::string> reached_condition(const access::Actor& actor);

// Whether who is under investigation shows in how somebody stands to a recording.
enum class Investigations { kTold, kUntold };
Result<Recording> read_recording(const access::Actor& actor, const db::Row& row,
                                 Investigations investigations = Investigations::kTold);

// kNotFound where the agency has none of this id: then the row of the id that comes next is read and dropped, so that the time
// of an answer does not tell an id that was never given from one that the actor may not know of.
Result<Recording> find_recording(db::Transaction& tx, const access::Actor& actor, const RecordingId& id, Timestamp now);

// UPDATE of a recording's row as it was read. kConflict when it has changed since: an event with the old values would be untrue.
Result<void> set_columns(db::Transaction& tx, const Recording& read, const std::string& assignments, db::Params params);

// What an attempt left behind, unless a row of the table (derived_items, renditions) names it, or that cannot be found out. What
// stays for a failure costs a little room only.
void remove_unnamed(const Vault::Parts& parts, std::string_view table, const RecordingId& recording,
                    const std::string& object);

// Where an attempt leaves a derived file. The attempt stands in the name because two attempts at once need not make
// the same bytes, and a name once taken keeps its bytes; the row says which one counts.
std::string derived_name(std::string_view slug, const RecordingId& recording, std::string_view kind,
                         std::int64_t attempt);

// The event of a refusal by a rule.
ledger::Draft denied(const RecordingId& recording, access::Action action, const access::Decision& decision);

// What a request says of itself, as this recording stands to it.
access::Basis basis_of(const Recording& recording, const ViewRequest& request);

// What a search of the list looks through.
std::string searchable(const Description& description);

}  // namespace lapel::evidence
