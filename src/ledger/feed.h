// SPDX-License-Identifier: Apache-2.0
#pragma once
// The events of a ledger in its own order, for whoever follows it.
//
// Owns: nothing.
// Promises: a page begins right after the mark that it is asked from and leaves out nothing up to its own: a leaf's index is
//   given once and in order, so that a follower's mark has no gaps, whoever else seals.
// Fails with: kCorrupt for a damaged row.
// Threads: one transaction.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "db/db.h"
#include "ledger/ledger.h"

namespace lapel::ledger {

struct FeedPage {
  std::vector<SealedEvent> events;
  std::int64_t mark = -1;  // where the next page begins
  bool is_last = true;     // nothing was sealed beyond the mark when this was read
};
// Events of these types after `mark`, -1 for all, at most `limit`.
Result<FeedPage> read_feed(db::Transaction& tx, const AgencyId& agency, std::span<const std::string_view> types,
                           std::int64_t mark, std::int64_t limit);

// Each event of these types, in the ledger's order. One whose text is no event is left out: the check of its chain tells of it.
Result<void> each_event(db::Transaction& tx, const AgencyId& agency, std::span<const std::string_view> types,
                        const std::function<void(const SealedEvent&, const Json&)>& each);

// The newest events of this type in one chain, the newest first.
Result<std::vector<SealedEvent>> newest_events(db::Transaction& tx, const AgencyId& agency, const SubjectId& subject,
                                               std::string_view type, std::int64_t limit);

// The last event person.roles of each person of the agency.
Result<std::vector<SealedEvent>> last_roles(db::Transaction& tx, const AgencyId& agency);

// In whose chains an event of this type was sealed at that time or later.
Result<std::set<SubjectId>> subjects_since(db::Transaction& tx, const AgencyId& agency, std::string_view type,
                                           Timestamp since);

// When the first event, and the newest of the ledger's own order, was sealed; nullopt: none was. By the clock of then, which
// may have been set back since.
Result<std::optional<Timestamp>> first_event_at(db::Transaction& tx, const AgencyId& agency);
Result<std::optional<Timestamp>> newest_event_at(db::Transaction& tx, const AgencyId& agency);

}  // namespace lapel::ledger
