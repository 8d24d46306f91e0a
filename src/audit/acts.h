// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who looked at what, or wanted to, as the ledger has it: for whoever watches those who look.
//
// Owns: nothing; reads the events recording.viewed, recording.exported, recording.shared and recording.refused.
// Promises: each act once, in the ledger's order. How its person stood to the recording is by the roster of that moment, but
//   for whose the recording is, which may have been corrected since. An incident that they gave it themselves ties nobody to it.
// Fails with: kCorrupt for an event that is none.
// Threads: one transaction.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/db.h"
#include "evidence/vault.h"

namespace lapel::audit {

// The types of event that say so.
std::span<const std::string_view> act_events();

enum class ActKind { kViewed, kExported, kShared, kRefused };
std::string_view act_kind_name(ActKind kind);
std::optional<ActKind> parse_act_kind(std::string_view name);

// By what a person had to do with a recording; the first that fits. kCase and kNamed where somebody else said last, after its
// admission, of which incident it is, or nobody did.
enum class Tie {
  kOwn,           // they are its officer
  kCase,          // they work on the case that it belongs to
  kNamed,         // they named its incident as the case, and Lapel has no such case that they could be a member of
  kUnit,          // its officer is of a unit of theirs
  kUnattributed,  // nobody is assigned to it
  kNone,
};
std::string_view tie_name(Tie tie);
std::optional<Tie> parse_tie(std::string_view name);

struct Act {
  std::int64_t index = 0;  // its leaf
  Timestamp at;
  PersonId person;
  RecordingId recording;
  ActKind kind = ActKind::kViewed;
  Tie tie = Tie::kNone;
  std::string purpose;
  std::optional<std::string> case_number;
};
struct Acts {
  std::vector<Act> items;
  std::int64_t mark = -1;
  bool is_last = true;
};
// Those after `mark`, -1 for all; at most `limit`.
Result<Acts> acts_after(db::Transaction& tx, const AgencyId& agency, std::int64_t mark, std::int64_t limit);

}  // namespace lapel::audit
