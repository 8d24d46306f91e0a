// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many there are to wear a camera, and how many cameras: by file in, as of a day out.
//
// Owns: the events of roster/staffing.h's tables and of camera_slots, issue_modes; unit.added, and the members of a file.
// Promises: a file is taken whole or not at all, and the same one again adds nothing. Whether each officer can have a camera is
//   counted, never assumed: where there are fewer cameras, handing out one each is refused.
// Fails with: problems::kRule, kInvalid, kTooLarge, kConflict (too few cameras; entered meanwhile).
// Threads: any; calls block.

#include <cstdint>
#include <optional>
#include <string>

#include "access/access.h"
#include "base/clock.h"
#include "base/day.h"
#include "base/json.h"
#include "db/db.h"
#include "fleet/act.h"
#include "ledger/ledgers.h"

namespace lapel::fleet {

class Staffing {
 public:
  explicit Staffing(Parts parts) : parts_(parts) {}

  Result<Json::Object> report(const access::Actor& actor, std::optional<Day> as_of);
  struct Imported {
    std::size_t added = 0, already = 0;
  };
  // `zone`: of the times that have no offset; empty: there are none.
  Result<Imported> import(const access::Actor& actor, const std::string& csv, const std::string& zone);
  // One camera for each officer, or a pool that they draw from.
  Result<Json::Object> set_mode(const access::Actor& actor, const std::string& mode, const std::string& reason);

 private:
  const Parts parts_;
};

// How cameras are handed out; nullopt: nobody has said.
Result<std::optional<std::string>> issue_mode(db::Transaction& tx, const AgencyId& agency);

}  // namespace lapel::fleet
