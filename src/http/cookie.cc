// SPDX-License-Identifier: Apache-2.0
#include "http/cookie.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/problems.h"

namespace lapel::http {

std::string cookie_name(const Request& request, std::string_view name) {
  return fmt::format("{}{}", request.is_secure ? "__Host-" : "", name);
}

// RFC 6265: pairs separated by "; ".
std::string_view cookie_value(const Request& request, const std::string& header, std::string_view name,
                              std::size_t bytes) {
  const std::string wanted = cookie_name(request, name) + "=";
  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find(';', at), header.size());
    std::string_view pair = std::string_view(header).substr(at, end - at);
    at = end + 1;
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (!pair.starts_with(wanted)) continue;
    pair.remove_prefix(wanted.size());
    if (bytes == 0 ? pair.size() <= kCookieBytesMax : pair.size() == bytes) return pair;
  }
  return {};
}

std::string set_cookie(const Request& request, std::string_view name, std::string_view value, std::int64_t life_s,
                       SameSite same_site) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite={}{}", cookie_name(request, name), value, life_s,
                     same_site == SameSite::kStrict ? "Strict" : "Lax", request.is_secure ? "; Secure" : "");
}

Result<void> require_own_site(const Request& request) {
  const auto refused = [](std::string_view why) {
    return fail(problems::kDenied, fmt::format("This request does not come from Lapel's own pages: {}", why));
  };
  const std::string* guard = request.header(kGuardHeader);
  if (guard == nullptr || *guard != "1") return refused("the header X-Lapel: 1 is missing");
  if (const std::string* site = request.header("sec-fetch-site");
      site != nullptr && *site != "same-origin" && *site != "none") {
    return refused("the browser says that another site sent it");
  }
  if (const std::string* origin = request.header("origin")) {
    if (*origin != fmt::format("{}://{}", request.is_secure ? "https" : "http", request.host)) {
      return refused("its origin is another address");
    }
  }
  return {};
}

}  // namespace lapel::http
