// SPDX-License-Identifier: Apache-2.0
#pragma once
// How docks stand: the cards in their bays, what waits, and when each was last heard of.
//
// Owns: the table dock_states, one row a dock: what it said last. Nothing of it is in the ledger; what a dock did is.
// Promises: what is kept has been read strictly and is bounded; a dock speaks only of itself.
// Fails with: kInvalid naming the member, kDenied, kLimited.
// Threads: any; calls block.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "db/db.h"
#include "os/pace.h"

namespace lapel::cameras {

inline constexpr std::size_t kDockBaysMax = 64;
inline constexpr std::size_t kDockStateBytesMax = 32 * 1024;
// A dock that watches speaks every 15 seconds: one that has missed a few is offline.
inline constexpr std::int64_t kDockSilentUs = 60LL * 1'000'000;

struct DockShown {
  DockId id;
  std::string name;
  bool is_revoked = false;
  std::optional<Timestamp> seen_at;  // none: never
  bool is_offline = true;
  Json state;  // as it was told: null where nothing was
};

class DockStates {
 public:
  struct Parts {
    db::Database& database;
    const Clock& clock;
  };
  explicit DockStates(const Parts& parts);

  // What this dock says; the serials of the cards that it has read to their end.
  Result<std::vector<std::string>> tell(const access::Actor& actor, const Json& state);
  // Of the actor's agency, by name.
  Result<std::vector<DockShown>> list(const access::Actor& actor);

 private:
  const Parts parts_;
  os::Pace pace_;
};

}  // namespace lapel::cameras
