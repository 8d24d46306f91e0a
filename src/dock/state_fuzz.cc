// SPDX-License-Identifier: Apache-2.0
// A dock's identity: what parses is written as it reads, and its ledger's key is a log key of its origin.
#include "base/check.h"
#include "dock/state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const auto identity = dock::parse_identity(as_text({data, size}));
  if (!identity) return 0;
  CHECK(identity->ledger.type == proof::KeyType::kLog && identity->ledger.name == identity->origin);
  const std::string written = dock::identity_text(*identity);
  const auto again = dock::parse_identity(written);
  CHECK(again && dock::identity_text(*again) == written);
  return 0;
}
