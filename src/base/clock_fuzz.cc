// SPDX-License-Identifier: Apache-2.0
// A ledger time has one text; any other time that clients may send can be written as one.
#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = lapel::as_text({data, size});
  const auto sent = lapel::parse_rfc3339(text);
  if (const auto time = lapel::parse_ledger_time(text)) {
    CHECK(lapel::ledger_time(*time) == text);
    CHECK(sent == time);
  }
  if (sent) {
    const lapel::Timestamp truncated{sent->us - sent->us % lapel::kHundredthUs};
    CHECK(lapel::parse_ledger_time(lapel::ledger_time(*sent)) == truncated);
    CHECK(lapel::http_date(*sent).size() == 29);
  }
  return 0;
}
