// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pages of what waits for somebody before what does not, each the newest first.
//
// Owns: the cursor of such a list.
// Promises: pure; a cursor is the place of a page's last item, and tells of no other.
// Fails with: kInvalid for one that no page has given.
// Threads: any.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::oversight {

struct PageQuery {
  std::int64_t limit = limits::kPageItemsDefault;
  std::string cursor;  // empty: from the beginning
};
template <typename T>
struct ListPage {
  std::vector<T> items;
  std::string next;  // empty: there is no further page
};

// An item's place: what waits has the lower rank.
struct ListPlace {
  std::int64_t rank = 0;
  Timestamp at;
  std::string id;
};
std::string cursor_of(const ListPlace& place);
// Before every item for an empty cursor.
Result<ListPlace> parse_cursor(std::string_view cursor);

// The condition that an item comes after a place, by its columns, and the order; with the parameters of it.
std::string after_place(std::string_view rank, std::string_view at, std::string_view id);
std::string in_order(std::string_view rank, std::string_view at, std::string_view id);
void add_place(db::Params& params, const ListPlace& place);

}  // namespace lapel::oversight
