// SPDX-License-Identifier: Apache-2.0
#pragma once
// The roster as lists show it: cameras with who wears each, the statements of a person, and how far an agency is set up.
//
// Owns: nothing: people and devices are of roster.h, who wore which when, statements and rules of assignments.h.
// Promises: who wears a camera is whoever the roster says at the time that was asked for, and nobody else.
// Fails with: kCorrupt, and what the database fails with.
// Threads: any; each call runs in the caller's transaction.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/paging.h"
#include "base/result.h"
#include "db/db.h"
#include "roster/assignments.h"
#include "roster/roster.h"

namespace lapel::roster {

struct ListedDevice {
  Device device;
  Timestamp added_at;
  struct Worn {
    std::string by_name;  // as the roster calls them today
    Assignment assignment;
  };
  std::optional<Worn> worn;  // nobody wears it: nullopt
};

struct DeviceQuery {
  Timestamp at;  // who wears each then
  std::optional<std::string> serial = {};
  std::optional<ListPlace> after = {};
  std::int64_t limit = 1;
};
// The newest first.
Result<std::vector<ListedDevice>> devices(db::Transaction& tx, const AgencyId& agency, const DeviceQuery& query);
ListPlace place_of(const ListedDevice& listed);

// All of a person's, in no order.
Result<std::vector<Statement>> statements(db::Transaction& tx, const AgencyId& agency, const PersonId& person);

Result<std::int64_t> people_count(db::Transaction& tx, const AgencyId& agency);
// Whether the agency's rule of own viewing was chosen, be it as it is without.
Result<bool> has_chosen_own_viewing(db::Transaction& tx, const AgencyId& agency);

}  // namespace lapel::roster
