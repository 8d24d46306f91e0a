// SPDX-License-Identifier: Apache-2.0
#include "training/act.h"

#include "base/check.h"
#include "roster/assignments.h"

namespace lapel::training {

Result<void> require_seeing(db::Transaction& tx, const access::Actor& actor, const PersonId& person, Timestamp now) {
  access::Item item;
  item.agency = actor.agency;
  item.assigned_officer = person;
  item.is_supervised =
      actor.has(access::Role::kSupervisor) && TRY(roster::supervises(tx, actor.agency, actor.person, person, now, now));
  return access::require(access::decide(actor, access::Action::kSeeTraining, item), "page");
}

Timestamp ledger_moment(Timestamp time) {
  const auto out = parse_ledger_time(ledger_time(time));
  CHECK(out.has_value());
  return *out;
}

}  // namespace lapel::training
