// SPDX-License-Identifier: Apache-2.0
#pragma once
// An agency's own categories: what its people may say that a recording is, and what its rules of keeping go by.
//
// Owns: the table categories.
// Promises: nothing is overwritten: one that is retired stays, with the recordings that were given it, and its name may be taken
//   anew. What a camera or another system says is kept as it came, whether there is such a category or not.
// Fails with: kConflict (a name that stands, or one that is retired already), kNotFound.
// Threads: any; each call runs in the caller's transaction.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::roster {

inline constexpr std::int64_t kCategoriesMax = 500;  // of an agency, with those that are retired

struct Category {
  CategoryId id;
  AgencyId agency;
  std::string name;
  std::optional<Timestamp> retired_at;
};

// kExhausted where there are kCategoriesMax.
Result<void> add_category(db::Transaction& tx, const Category& category, Timestamp now);
Result<void> retire_category(db::Transaction& tx, const AgencyId& agency, const CategoryId& id, Timestamp now);
Result<std::vector<Category>> categories(db::Transaction& tx, const AgencyId& agency);  // by name
// kInvalid for a change to what is none of the agency's standing categories, where it has any.
Result<void> check_category(db::Transaction& tx, const AgencyId& agency, const std::optional<std::string>& before,
                            const std::optional<std::string>& after);

}  // namespace lapel::roster
