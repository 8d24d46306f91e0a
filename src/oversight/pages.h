// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pages of what waits for somebody before what does not, each the newest first.
//
// Owns: the SQL of such a list; its pages and cursors are base/paging.h's.
// Promises: what waits has the lower rank. An id breaks ties, so that two rows never have one place.
// Fails with: nothing.
// Threads: pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "base/paging.h"
#include "db/db.h"

namespace lapel::oversight {

// The condition that an item comes after a place, by its columns, and the order; with the parameters of it.
std::string after_place(std::string_view rank, std::string_view at, std::string_view id);
std::string in_order(std::string_view rank, std::string_view at, std::string_view id);
// Of nullopt: that it comes at all.
void add_place(db::Params& params, const std::optional<ListPlace>& after);

}  // namespace lapel::oversight
