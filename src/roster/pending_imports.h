// SPDX-License-Identifier: Apache-2.0
#pragma once
// Recordings that came by an import which has not been reconciled with its inventory.
//
// Owns: the table pending_imports.
// Promises: a recording of an import is in it before there is the recording, and until somebody has settled what it is: access goes by
//   that. These rows are written inside the transactions of the room of imports.
// Fails with: what the database fails with.
// Threads: any; each call runs in the caller's transaction.

#include <string>
#include <string_view>

#include "base/ids.h"
#include "db/db.h"

namespace lapel::roster {

Result<void> add_pending_import(db::Transaction& tx, const RecordingId& recording, const std::string& import);
Result<void> end_pending_import(db::Transaction& tx, const RecordingId& recording);
// All that are left of an import, but for those that `kept`, a SELECT of recordings over :import, gives.
Result<void> end_pending_imports(db::Transaction& tx, const std::string& import, std::string_view kept);
// SQL: the state of a recording called r, as a column.
std::string_view state_column();

}  // namespace lapel::roster
