// SPDX-License-Identifier: Apache-2.0
// Addresses and networks, as a configuration names them and X-Forwarded-For brings them: one text for one address, and a
// network holds the address it is named by.
#include "base/bytes.h"
#include "base/check.h"
#include "http/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::http;
  const std::string text(lapel::as_text({data, size}));
  const std::string address = normal_address(text);
  CHECK(address.empty() || normal_address(address) == address);
  const auto proxies = TrustedProxies::parse({text});
  const std::size_t slash = text.find('/');
  if (!proxies) {
    CHECK(address.empty());  // an address alone is a network of one
    return 0;
  }
  const std::string named = normal_address(text.substr(0, slash));
  CHECK(!named.empty() && proxies->contains(named));
  if (slash == text.npos) CHECK(!proxies->contains(named == "192.0.2.1" ? "192.0.2.2" : "192.0.2.1"));
  return 0;
}
