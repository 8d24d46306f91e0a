// SPDX-License-Identifier: Apache-2.0
// Sentences come from whatever speaks for a receiver: a position is one that a signature may hold.
#include "base/bytes.h"
#include "base/check.h"
#include "camera/gnss.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto fix = lapel::camera::read_nmea(lapel::as_text({data, size}));
  if (!fix) return 0;
  CHECK(fix->place.size() <= 40 && fix->place.find_first_not_of("0123456789.,-") == std::string::npos);
  CHECK(fix->day_us >= 0 && fix->day_us < 86'400LL * 1'000'000);
  return 0;
}
