// SPDX-License-Identifier: Apache-2.0
#pragma once
// The custody export of one recording: its whole chain, and for everyone in it the events that say who they are
// (docs/formats/custody_export.md). Whether it may be made is for the caller to decide.
//
// Owns: nothing.
// Promises: all of it stands under the newest published checkpoint, and that covers the export's own event.
// Fails with: problems::kNotSealed until it does; kCorrupt.
// Threads: any; it blocks.

#include <map>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "ledger/ledger.h"

namespace lapel::ledger {

// Its files but for the original, by path. `view`: of the event recording.exported that it is made for.
Result<std::map<std::string, std::string>> custody_export(const Ledger& ledger, const RecordingId& recording,
                                                          const ViewId& view);

}  // namespace lapel::ledger
