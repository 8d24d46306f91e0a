// SPDX-License-Identifier: Apache-2.0
#include "oversight/pages.h"

#include <limits>

#include <fmt/format.h>

namespace lapel::oversight {
std::string after_place(std::string_view rank, std::string_view at, std::string_view id) {
  return fmt::format(
      "({0} > CAST(:after_rank AS BIGINT) OR ({0} = CAST(:after_rank AS BIGINT) AND ({1} < :after_us OR ({1} = "
      ":after_us AND {2} > :after_id))))",
      rank, at, id);
}

std::string in_order(std::string_view rank, std::string_view at, std::string_view id) {
  return fmt::format("ORDER BY {}, {} DESC, {}", rank, at, id);
}

void add_place(db::Params& params, const std::optional<ListPlace>& after) {
  const ListPlace place = after.value_or(ListPlace{-1, std::numeric_limits<std::int64_t>::max(), ""});
  params.emplace_back("after_rank", place.rank);
  params.emplace_back("after_us", place.us);
  params.emplace_back("after_id", place.id);
}

}  // namespace lapel::oversight
