// SPDX-License-Identifier: Apache-2.0
#pragma once
// Policies and training as the catalog has them, against what the ledger sealed.
//
// Owns: nothing.
// Promises: a row, an end or a column that only one of the two knows is told (roster/sealed_rows.h); so is a text that is not the
//   one whose SHA-256 was sealed.
// Fails with: what the database fails with.
// Threads: one transaction.

#include <functional>
#include <string>

#include "base/ids.h"
#include "db/db.h"

namespace lapel::training {

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault);

}  // namespace lapel::training
