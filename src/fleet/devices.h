// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is known of each camera as a thing, and the rules by which one changes hands.
//
// Owns: what a hand-over writes: the person's assignment, which alone says whose a recording is, and the camera's own move.
// Promises: a camera is one person's at a time and a person has one camera at a time; only what is in service goes out.
// Fails with: kConflict, with who has it and what to do; kCorrupt.
// Threads: any; each call runs in the caller's transaction.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/act.h"
#include "roster/roster.h"

namespace lapel::fleet {

struct Camera {
  roster::Device device;
  Timestamp added_at;
  std::string state = "in_service", use = "pool";
  std::string state_reason;
  std::optional<roster::Assignment> worn;         // at the time that was asked for
  std::optional<roster::SealedRow> report, move;  // the last ones
  std::vector<roster::SealedRow> open_faults;
};
// All of an agency, by serial; worn and state as of that time and its day.
Result<std::vector<Camera>> cameras(db::Transaction& tx, const AgencyId& agency, Timestamp at);
Result<Camera> camera(db::Transaction& tx, const AgencyId& agency, const DeviceId& device, Timestamp at);
// How many are in service on that day.
Result<std::int64_t> cameras_in_service(db::Transaction& tx, const AgencyId& agency, Day on);
// By id or serial.
Result<DeviceId> find_device(db::Transaction& tx, const AgencyId& agency, const std::string& text);

// The camera that somebody has at that time.
Result<std::optional<roster::Assignment>> camera_of(db::Transaction& tx, const AgencyId& agency, const PersonId& person,
                                                    Timestamp at);

struct HandOver {
  DeviceId device;
  std::string serial;
  PersonId person;
  Timestamp at;
  std::string run;    // of scans; may be empty
  std::string place;  // where it is put; may be empty
};
// Whether this person may have this camera from then on: kConflict with a sentence.
Result<void> check_issue(db::Transaction& tx, const AgencyId& agency, const HandOver& to);
void add_issue(Act& act, const AgencyId& agency, const HandOver& to);
// It comes back from whoever has it.
void add_return(Act& act, const roster::Assignment& worn, const HandOver& from, const std::string& reason);

// Why somebody may not be given a camera now, in a sentence; nullopt: they may. What has to be true first (training, a policy) is
// other rooms' to know. Asked of every hand-over that a person would still have.
using Bar = std::function<Result<std::optional<std::string>>(db::Transaction&, const AgencyId&, const PersonId&)>;
// kConflict with that sentence. A bar may be null: there is none.
Result<void> check_bar(const Bar& bar, db::Transaction& tx, const AgencyId& agency, const PersonId& person);

// As the ledger writes it: what row and event keep is the same moment.
Timestamp ledger_moment(Timestamp time);

}  // namespace lapel::fleet
