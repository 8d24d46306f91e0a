// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tables of this room.
//
// Owns: dock_codes; camera_accounts, camera_entries, camera_containers and camera_files, which hold what a body-worn system has said
//   and are no facts of the ledger; dock_states, what each dock said last; camera_marks and camera_numbers, which are made of the
//   ledger again; camera_markers, camera_recordings, camera_signing_keys, spool_keys, camera_gaps, camera_overlaps and camera_clocks,
//   each row of which is one event (roster/sealed_rows.h), and where it ends, as a gap or a trust may, two.
// Promises: as sealed_rows.h.
// Fails with: nothing.
// Threads: constants.

#include <functional>
#include <span>
#include <string>

#include "base/ids.h"
#include "db/db.h"
#include "roster/sealed_rows.h"

namespace lapel::cameras {

extern const roster::SealedTable kMarkers;      // recording.marked
extern const roster::SealedTable kRecordings;   // recording.completed
extern const roster::SealedTable kSigningKeys;  // camera_key.trusted, camera_key.revoked
extern const roster::SealedTable kSpoolKeys;    // spool_key.made
extern const roster::SealedTable kGaps;         // device.gap_found, device.gap_closed
extern const roster::SealedTable kOverlaps;     // device.overlap_found
extern const roster::SealedTable kClocks;       // device.clock_measured

std::span<const db::Migration> schema();

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault);

}  // namespace lapel::cameras
