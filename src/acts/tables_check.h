// SPDX-License-Identifier: Apache-2.0
#pragma once
// The sealed tables of a room as the catalog has them, against what the ledger sealed.
//
// Owns: nothing.
// Promises: a row, an end or a column that only one of the two knows is told (roster/sealed_rows.h).
// Fails with: what the database fails with.
// Threads: one transaction.

#include <functional>
#include <span>
#include <string>

#include "base/ids.h"
#include "db/db.h"
#include "roster/sealed_rows.h"

namespace lapel::acts {

Result<void> check_tables(db::Transaction& tx, std::span<const roster::SealedTable* const> tables,
                          const AgencyId& agency, const std::function<void(std::string)>& fault);

}  // namespace lapel::acts
