// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledgers.h"

#include "base/check.h"

namespace lapel::ledger {

Result<Ledger*> Ledgers::find(const AgencyId& agency) {
  {
    const os::MutexLock lock(mutex_);
    if (const auto it = open_.find(agency); it != open_.end()) return it->second.get();
  }
  // Opened outside the lock, since it reads. When two threads race, the second's is dropped: nobody has it.
  std::unique_ptr<Ledger> opened = TRY(opener_(agency));
  const os::MutexLock lock(mutex_);
  return open_.try_emplace(agency, std::move(opened)).first->second.get();
}

Result<void> Ledgers::seal_refusal(const AgencyId& agency, Submission submission) {
  CHECK(!submission.events.empty());
  TRY(refusals_.take(submission.actor.text() + submission.events.back().subject.text()));
  TRY(TRY(find(agency))->commit(std::move(submission)));
  return {};
}

}  // namespace lapel::ledger
