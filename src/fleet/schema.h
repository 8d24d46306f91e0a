// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tables of this room, each row of which is one event (roster/sealed_rows.h); docs/formats/fleet.md has them in words.
//
// Owns: camera_states, device_moves, device_reports, device_faults, scan_runs, issue_modes, camera_slots, rotation_windows,
//   rotation_turns.
// Promises: as sealed_rows.h.
// Fails with: nothing.
// Threads: constants.

#include <span>

#include "db/db.h"
#include "roster/sealed_rows.h"

namespace lapel::fleet {

extern const roster::SealedTable kCameraStates;     // device.state_set
extern const roster::SealedTable kMoves;            // device.moved
extern const roster::SealedTable kReports;          // device.reported
extern const roster::SealedTable kFaults;           // device.fault_found, device.fault_fixed
extern const roster::SealedTable kRuns;             // scan.began, scan.ended
extern const roster::SealedTable kIssueModes;       // fleet.mode_set
extern const roster::SealedTable kSlots;            // slot.added, slot.ended
extern const roster::SealedTable kRotationWindows;  // rotation.window_set
extern const roster::SealedTable kTurns;            // rotation.began, rotation.ended

std::span<const db::Migration> schema();

}  // namespace lapel::fleet
