// SPDX-License-Identifier: Apache-2.0
// Cookie, Origin and Host of anybody: a session is found by a secret of its own form and under the name for this
// connection, and what changes something has to come from this very site.
#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/sha256.h"
#include "http/cookie.h"
#include "signin/sessions.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  // Lines: host, origin, Sec-Fetch-Site, guard, then cookies.
  http::Request request;
  auto text = as_text({data, size});
  for (const char* name : {"host", "origin", "sec-fetch-site", "x-lapel", "cookie", "cookie"}) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string value(text.substr(0, end));
    if (name == std::string("host")) {
      request.host = value;
    } else if (!value.empty()) {
      request.headers.emplace_back(name, value);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  for (const bool is_secure : {false, true}) {
    request.is_secure = is_secure;
    const std::string cookies = request.header_list("cookie");
    if (const auto key = signin::session_key_of(request)) {
      CHECK(parse_hex_array<32>(*key));
      // Somewhere in what was sent stands the secret that this is the digest of, under the right name.
      const std::string name = is_secure ? "__Host-lapel-session=" : "lapel-session=";
      bool is_there = false;
      for (std::size_t at = cookies.find(name); at != cookies.npos; at = cookies.find(name, at + 1)) {
        const auto secret = parse_hex_array<32>(std::string_view(cookies).substr(at + name.size(), 64));
        is_there = is_there || (secret && hex(crypto::sha256(*secret)) == *key);
      }
      CHECK(is_there);
    }
    if (http::require_own_site(request)) {
      CHECK(*request.header("x-lapel") == "1");
      const std::string* origin = request.header("origin");
      CHECK(!origin || *origin == (is_secure ? "https://" : "http://") + request.host);
    }
  }
  return 0;
}
