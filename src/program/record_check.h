// SPDX-License-Identifier: Apache-2.0
#pragma once
// Program statements and published reports as the catalog has them, against what the ledger sealed.
//
// Owns: nothing.
// Promises: a statement or published report that only one of the two knows, or that says something else than what was
//   sealed, is told. No value in a row is trusted to be of its type: all are read as text.
// Fails with: what the database fails with.
// Threads: one transaction.

#include <functional>
#include <string>

#include "base/ids.h"
#include "db/db.h"

namespace lapel::program {

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault);

}  // namespace lapel::program
