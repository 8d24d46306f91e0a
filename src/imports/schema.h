// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tables of this room. What is sealed is what somebody began, closed and settled, and of each recording where it came from.
//
// Owns: imports, import_mappings, import_recordings (sealed, or kept by its digest in what is sealed); import_files, import_refusals,
//   import_rows, import_findings, import_readings and import_readers, which an inventory and a folder give again.
// Promises: as roster/sealed_rows.h.
// Fails with: what the database fails with.
// Threads: constants; one transaction.

#include <functional>
#include <span>
#include <string>

#include "base/ids.h"
#include "db/db.h"
#include "roster/sealed_rows.h"

namespace lapel::imports {

extern const roster::SealedTable kImports;     // import.began, import.closed
extern const roster::SealedTable kRecordings;  // recording.imported, recording.import_settled

std::span<const db::Migration> schema();
// The sealed tables as they are, against what the ledger sealed.
Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault);

}  // namespace lapel::imports
