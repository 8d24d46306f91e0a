// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every row of a query too long for one answer.
//
// Owns: nothing.
// Promises: each row once, also one whose key is the empty text, which no row of ours has and somebody's may.
// Fails with: what the database and `each` fail with.
// Threads: within the caller's transaction.

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "db/db.h"

namespace lapel::db {

// The condition that a key, in SQL, stands behind those of the page before; all do on the first.
inline std::string is_on_next_page(std::string_view key) {
  return "(CAST(:begun AS BIGINT) = 0 OR " + std::string(key) + " > :after)";
}

// `sql` has that condition, is ordered by its key and has a LIMIT; its column `key` is that key, a text. `each` takes a row.
template <typename Each>
Result<void> for_rows(Transaction& tx, std::string_view sql, const Params& params, std::string_view key, Each&& each) {
  std::string after;
  for (int begun = 0;; begun = 1) {
    Params page = params;
    page.emplace_back("after", after);
    page.emplace_back("begun", begun);
    const Rows rows = TRY(tx.query(sql, page));
    if (rows.empty()) return {};
    for (const Row& row : rows) {
      TRY(each(row));
      after = row.text(key);
    }
  }
}

}  // namespace lapel::db
