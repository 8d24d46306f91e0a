// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ledgers of all agencies on this server, opened when first needed.
//
// Owns: the open Ledger objects.
// Promises: one Ledger for an agency in this process; an agency added by another process is found without a restart.
// Fails with: kNotFound, and whatever Ledger::open fails with.
// Threads: any; a returned Ledger lives as long as this.

#include <functional>
#include <map>
#include <memory>

#include "ledger/ledger.h"
#include "os/worker.h"

namespace lapel::ledger {

class Ledgers {
 public:
  using Opener = std::function<Result<std::unique_ptr<Ledger>>(const AgencyId&)>;
  explicit Ledgers(Opener opener) : opener_(std::move(opener)) {}

  Result<Ledger*> find(const AgencyId& agency);

 private:
  const Opener opener_;
  os::Mutex mutex_;
  std::map<AgencyId, std::unique_ptr<Ledger>> open_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::ledger
