// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ledgers of all agencies on this server, opened when first needed.
//
// Owns: the open Ledger objects, and the pace at which refusals are sealed.
// Promises: one Ledger for an agency in this process; an agency added by another process is found without a restart. Nobody
//   fills a ledger by asking again and again for what a rule keeps from them.
// Fails with: kNotFound, kLimited, and whatever Ledger::open fails with.
// Threads: any; a returned Ledger lives as long as this.

#include <functional>
#include <map>
#include <memory>

#include "base/limits.h"
#include "ledger/ledger.h"
#include "os/pace.h"
#include "os/worker.h"

namespace lapel::ledger {

class Ledgers {
 public:
  using Opener = std::function<Result<std::unique_ptr<Ledger>>(const AgencyId&)>;
  Ledgers(Opener opener, const Clock& clock)
      : opener_(std::move(opener)),
        refusals_(clock, {.per_second = 1, .at_once = limits::kRefusalsAtOnce, .seconds = limits::kRefusalAgainS}) {}

  Result<Ledger*> find(const AgencyId& agency);
  // That somebody wanted what a rule keeps from them, sealed before they are answered so. kLimited for whoever asks on and on
  // for the same, beyond limits::kRefusalsAtOnce; the first ones of each chain are always sealed.
  Result<void> seal_refusal(const AgencyId& agency, Submission submission);

 private:
  const Opener opener_;
  os::Pace refusals_;
  os::Mutex mutex_;
  std::map<AgencyId, std::unique_ptr<Ledger>> open_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::ledger
