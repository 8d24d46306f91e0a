// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pages of a list that has an order, and the place where the next one begins.
//
// Owns: the form of a cursor, "<rank>.<microseconds>.<id>": what the last row was ordered by.
// Promises: a cursor that a page has given reads as it was written, whatever has come or gone since.
// Fails with: kInvalid for a text that is none.
// Threads: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace lapel {

// Where a row stands in its list: by rank, then by time, then by id; in which direction is the list's business.
struct ListPlace {
  std::int64_t rank = 0;
  std::int64_t us = 0;
  std::string id;
};
std::string cursor_of(const ListPlace& place);
Result<ListPlace> parse_cursor(std::string_view text);

struct PageQuery {
  std::int64_t limit = limits::kPageItemsDefault;
  std::optional<ListPlace> after;  // nullopt: from the beginning
};
template <typename T>
struct Page {
  std::vector<T> items;
  std::string next;  // the cursor of the page after; empty on the last
};

// A page of those of a list that may be shown. `read` gives the rows after a place, at most kPageItemsMax of them; `keep` says whether
// one is shown, and adds it then. Pages are filled: what is left out leaves no gap by which it could be counted.
template <typename Row, typename Read, typename PlaceOf, typename Keep>
Result<std::string> fill_page(const PageQuery& query, Read&& read, PlaceOf&& place_of, Keep&& keep) {
  std::optional<ListPlace> after = query.after, last;
  for (std::int64_t shown = 0;;) {
    std::vector<Row> rows = TRY(read(after));
    for (Row& row : rows) {
      after = place_of(row);
      const bool is_full = shown == query.limit;
      if (!TRY(keep(std::move(row), is_full))) continue;
      if (is_full) return cursor_of(*last);
      last = after;
      ++shown;
    }
    if (static_cast<std::int64_t>(rows.size()) < limits::kPageItemsMax) return std::string();
  }
}

}  // namespace lapel
