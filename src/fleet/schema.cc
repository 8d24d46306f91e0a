// SPDX-License-Identifier: Apache-2.0
#include "fleet/schema.h"

namespace lapel::fleet {
namespace {

using roster::SealedColumn;
constexpr auto kNumber = roster::ColumnKind::kNumber;
constexpr auto kDay = roster::ColumnKind::kDay;
constexpr auto kTime = roster::ColumnKind::kTime;
constexpr auto kSubject = roster::ColumnKind::kSubject;

constexpr SealedColumn kStateColumns[] = {{"device", "device", kSubject},
                                          {"state", "state"},
                                          {"use_as", "use"},
                                          {"from_day", "from", kDay},
                                          {"reason", "reason"}};
constexpr SealedColumn kMoveColumns[] = {
    {"device", "device", kSubject}, {"kind", "kind"}, {"person", "person"},        {"place", "place"},
    {"assignment", "assignment"},   {"run", "run"},   {"moved_us", "moved", kTime}};
constexpr SealedColumn kReportColumns[] = {{"device", "device", kSubject},    {"firmware", "firmware"},
                                           {"drift_ms", "drift_ms", kNumber}, {"drift_way", "drift_way"},
                                           {"battery", "battery", kNumber},   {"measured_us", "measured", kTime}};
constexpr SealedColumn kFaultColumns[] = {
    {"device", "device", kSubject}, {"what", "what"}, {"found_us", "found", kTime}};
constexpr SealedColumn kFixColumns[] = {{"fixed_us", "fixed", kTime}, {"fix", "fix"}};
constexpr SealedColumn kRunColumns[] = {{"mode", "mode"}};
constexpr SealedColumn kRunEndColumns[] = {
    {"ended_us", "ended", kTime}, {"expected", "expected", kNumber}, {"seen", "seen", kNumber}};
constexpr SealedColumn kModeColumns[] = {{"mode", "mode"}, {"reason", "reason"}};
constexpr SealedColumn kSlotColumns[] = {
    {"unit", "unit"}, {"shift", "shift"}, {"seats", "seats", kNumber}, {"from_day", "from", kDay}};
constexpr SealedColumn kSlotEndColumns[] = {{"until_day", "until", kDay}, {"end_reason", "reason"}};
constexpr SealedColumn kWindowColumns[] = {{"min_days", "min_days", kNumber},
                                           {"max_days", "max_days", kNumber},
                                           {"from_day", "from", kDay},
                                           {"reason", "reason"}};
constexpr SealedColumn kTurnColumns[] = {
    {"person", "person", kSubject}, {"slot", "slot"},           {"seat", "seat", kNumber}, {"mode", "mode"},
    {"device", "device"},           {"from_day", "from", kDay}, {"reason", "reason"}};
constexpr SealedColumn kTurnEndColumns[] = {{"until_day", "until", kDay}, {"how", "how"}, {"end_reason", "end_reason"}};

// Of one seat there is one turn at a time that has no end, and of one person.
constexpr db::Migration kSteps[] = {
    {1, "cameras as things, and whose turn it is", R"sql(
CREATE TABLE scan_runs (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('out', 'in', 'audit')),
  ended_us BIGINT,
  expected BIGINT,
  seen BIGINT
);
CREATE INDEX scan_runs_by_leaf ON scan_runs (agency, leaf_index, id);
CREATE TABLE camera_states (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  device TEXT NOT NULL REFERENCES devices (id),
  state TEXT NOT NULL CHECK (state IN ('in_service', 'out_of_service', 'lost', 'retired')),
  use_as TEXT CHECK (use_as IN ('pool', 'personal')),
  from_day BIGINT NOT NULL,
  reason TEXT
);
CREATE INDEX camera_states_by_device ON camera_states (agency, device, leaf_index);
CREATE TABLE device_moves (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  device TEXT NOT NULL REFERENCES devices (id),
  kind TEXT NOT NULL CHECK (kind IN ('out', 'in', 'seen')),
  person TEXT REFERENCES people (id),
  place TEXT,
  assignment TEXT,
  run TEXT REFERENCES scan_runs (id),
  moved_us BIGINT NOT NULL
);
CREATE INDEX device_moves_by_device ON device_moves (agency, device, leaf_index);
CREATE INDEX device_moves_by_run ON device_moves (run, device);
CREATE TABLE device_reports (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  device TEXT NOT NULL REFERENCES devices (id),
  firmware TEXT,
  drift_ms BIGINT,
  drift_way TEXT CHECK (drift_way IN ('fast', 'slow')),
  battery BIGINT,
  measured_us BIGINT NOT NULL
);
CREATE INDEX device_reports_by_device ON device_reports (agency, device, leaf_index);
CREATE TABLE device_faults (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  device TEXT NOT NULL REFERENCES devices (id),
  what TEXT NOT NULL,
  found_us BIGINT NOT NULL,
  fixed_us BIGINT,
  fix TEXT
);
CREATE INDEX device_faults_by_device ON device_faults (agency, device, leaf_index);
CREATE TABLE issue_modes (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('individual', 'pool')),
  reason TEXT NOT NULL
);
CREATE INDEX issue_modes_by_leaf ON issue_modes (agency, leaf_index, id);
CREATE TABLE camera_slots (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  unit TEXT NOT NULL REFERENCES units (id),
  shift TEXT REFERENCES shifts (id),
  seats BIGINT NOT NULL CHECK (seats >= 1),
  from_day BIGINT NOT NULL,
  until_day BIGINT,
  end_reason TEXT
);
CREATE INDEX camera_slots_by_leaf ON camera_slots (agency, leaf_index, id);
CREATE TABLE rotation_windows (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  min_days BIGINT NOT NULL,
  max_days BIGINT NOT NULL,
  from_day BIGINT NOT NULL,
  reason TEXT NOT NULL,
  CHECK (min_days >= 1 AND max_days >= min_days)
);
CREATE INDEX rotation_windows_by_leaf ON rotation_windows (agency, leaf_index, id);
CREATE TABLE rotation_turns (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  entered_by TEXT NOT NULL REFERENCES people (id),
  entered_us BIGINT NOT NULL,
  person TEXT NOT NULL REFERENCES people (id),
  slot TEXT NOT NULL REFERENCES camera_slots (id),
  seat BIGINT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('volunteer', 'ordered')),
  device TEXT REFERENCES devices (id),
  from_day BIGINT NOT NULL,
  reason TEXT,
  until_day BIGINT,
  how TEXT CHECK (how IN ('swapped', 'vacated')),
  end_reason TEXT
);
CREATE INDEX rotation_turns_by_leaf ON rotation_turns (agency, leaf_index, id);
CREATE INDEX rotation_turns_by_person ON rotation_turns (agency, person, leaf_index);
CREATE UNIQUE INDEX rotation_turns_open ON rotation_turns (slot, seat) WHERE until_day IS NULL;
CREATE UNIQUE INDEX rotation_turns_open_by_person ON rotation_turns (agency, person) WHERE until_day IS NULL;
)sql"},
};

}  // namespace

constexpr roster::SealedTable kCameraStates = {"camera_states", "setting", "device.state_set", kStateColumns};
constexpr roster::SealedTable kMoves = {"device_moves", "move", "device.moved", kMoveColumns};
constexpr roster::SealedTable kReports = {"device_reports", "report", "device.reported", kReportColumns};
constexpr roster::SealedTable kFaults = {"device_faults",      "fault",    "device.fault_found", kFaultColumns,
                                         "device.fault_fixed", kFixColumns};
constexpr roster::SealedTable kRuns = {"scan_runs", "run", "scan.began", kRunColumns, "scan.ended", kRunEndColumns};
constexpr roster::SealedTable kIssueModes = {"issue_modes", "setting", "fleet.mode_set", kModeColumns};
constexpr roster::SealedTable kSlots = {"camera_slots", "slot",       "slot.added",
                                        kSlotColumns,   "slot.ended", kSlotEndColumns};
constexpr roster::SealedTable kRotationWindows = {"rotation_windows", "window", "rotation.window_set", kWindowColumns};
constexpr roster::SealedTable kTurns = {"rotation_turns", "turn",           "rotation.began",
                                        kTurnColumns,     "rotation.ended", kTurnEndColumns};

std::span<const db::Migration> schema() {
  return kSteps;
}

}  // namespace lapel::fleet
