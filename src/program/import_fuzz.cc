// SPDX-License-Identifier: Apache-2.0
// A program file that is accepted adds each statement once: the same file again, to what it has added, adds nothing. And what its
// statements are hashed by is canonical.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "program/import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const AgencyId agency(ByteArray<16>{7});
  constexpr Timestamp kNow{1'790'000'000'000'000};
  const auto file = parse_json(as_text({data, size}));
  if (!file) return 0;
  const auto first = program::read_file(*file, {}, agency, kNow);
  if (!first) {
    CHECK(!first.error().message.empty() && is_utf8(first.error().message));
    return 0;
  }
  const std::vector<program::Statement> known(first->added.begin(), first->added.end());
  std::set<std::string> ids;
  for (const program::Statement& statement : known) {
    CHECK(ids.insert(statement.id).second);
    CHECK(is_canonical_value(Json(program::content_of(statement))));
    const bool is_about = statement.relation != program::Relation::kNone;
    CHECK(is_about == ids.contains(statement.about));  // an earlier one
  }
  const auto again = program::read_file(*file, known, agency, kNow);
  CHECK(again && again->added.empty() && again->already == known.size() + first->already);
  return 0;
}
