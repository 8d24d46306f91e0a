// SPDX-License-Identifier: Apache-2.0
#include "roster/pending_imports.h"

#include <fmt/format.h>

namespace lapel::roster {

Result<void> add_pending_import(db::Transaction& tx, const RecordingId& recording, const std::string& import) {
  TRY(tx.run("INSERT INTO pending_imports (recording, import) VALUES (:recording, :import)",
             {{"recording", recording.text()}, {"import", import}}));
  return {};
}

Result<void> end_pending_import(db::Transaction& tx, const RecordingId& recording) {
  TRY(tx.run("DELETE FROM pending_imports WHERE recording = :recording", {{"recording", recording.text()}}));
  return {};
}

Result<void> end_pending_imports(db::Transaction& tx, const std::string& import, std::string_view kept) {
  TRY(tx.run(fmt::format("DELETE FROM pending_imports WHERE import = :import AND recording NOT IN ({})", kept),
             {{"import", import}}));
  return {};
}

std::string_view state_column() {
  return "CASE WHEN r.state = 'sealed' AND EXISTS (SELECT 1 FROM pending_imports i WHERE i.recording = r.id) THEN "
         "'imported_pending' ELSE r.state END AS state";
}

}  // namespace lapel::roster
