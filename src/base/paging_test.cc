// SPDX-License-Identifier: Apache-2.0
#include "base/paging.h"

#include <gtest/gtest.h>

#include "base/problems.h"

namespace lapel {
namespace {

TEST(Paging, ACursorReadsAsItWasWritten) {
  for (const ListPlace& place :
       {ListPlace{0, 0, "0"}, ListPlace{1, -7, "ff00"}, ListPlace{1, INT64_MAX, std::string(32, 'a')}}) {
    const auto read = parse_cursor(cursor_of(place));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->rank, place.rank);
    EXPECT_EQ(read->us, place.us);
    EXPECT_EQ(read->id, place.id);
  }
}

TEST(Paging, WhatNoPageHasGivenIsRefused) {
  for (const std::string& text : {std::string(), std::string("x"), std::string("1"), std::string("1.2"),
                                  std::string("1.2."), std::string("1.2.g"), std::string("1.2.'"), std::string(".2.a"),
                                  std::string("1..a"), std::string("1.2.a.b"), std::string("1.99999999999999999999.a"),
                                  "1.2." + std::string(65, 'a'), std::string("-0.2.a"), std::string("1.02.a")}) {
    const auto read = parse_cursor(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), Code::kInvalid);
  }
}

// Rows 0 to `rows` - 1, of which every third may be shown.
std::vector<std::int64_t> all_pages(std::int64_t rows, std::int64_t limit) {
  std::vector<std::int64_t> out;
  PageQuery query{limit, std::nullopt};
  for (;;) {
    std::vector<std::int64_t> items;
    const auto next = fill_page<std::int64_t>(
        query,
        [&](const std::optional<ListPlace>& after) -> Result<std::vector<std::int64_t>> {
          std::vector<std::int64_t> read;
          for (std::int64_t us = after ? after->us + 1 : 0; us < rows; ++us) {
            if (static_cast<std::int64_t>(read.size()) < limits::kPageItemsMax) read.push_back(us);
          }
          return read;
        },
        [](std::int64_t row) {
          return ListPlace{0, row, "a"};
        },
        [&](std::int64_t row, bool is_full) -> Result<bool> {
          if (row % 3 == 0 && !is_full) items.push_back(row);
          return row % 3 == 0;
        });
    EXPECT_TRUE(next);
    out.insert(out.end(), items.begin(), items.end());
    if (!next || next->empty()) return out;
    EXPECT_EQ(static_cast<std::int64_t>(items.size()), limit);
    query.after = *parse_cursor(*next);
  }
}

TEST(Paging, PagesAreFilledWithWhatMayBeShownAndTheLastHasNoCursor) {
  for (const std::int64_t rows : {0, 1, 3, 200, 201, 600, 601, 1'000}) {
    std::vector<std::int64_t> expected;
    for (std::int64_t row = 0; row < rows; row += 3) expected.push_back(row);
    for (const std::int64_t limit : {1, 7, 67, 200})
      EXPECT_EQ(all_pages(rows, limit), expected) << rows << " " << limit;
  }
}

}  // namespace
}  // namespace lapel
