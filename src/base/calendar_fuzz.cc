// SPDX-License-Identifier: Apache-2.0
// Of a calendar that is one, each day is in business or told why not, and counting there and back agrees.
#include "base/bytes.h"
#include "base/calendar.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kDays = 10;
  const auto calendar = lapel::BusinessCalendar::parse(lapel::as_text({data, size}));
  if (!calendar) return 0;
  for (const auto& [day, name] : calendar->holidays()) CHECK(calendar->why_closed(day) == name);
  if (const auto passed = calendar->count(calendar->first(), kDays)) {
    CHECK(passed->back().number == kDays);
    CHECK(*calendar->between(calendar->first(), passed->back().day) == kDays);
  }
  return 0;
}
