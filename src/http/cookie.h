// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cookies by which a browser is known again, and what keeps another site from using them.
//
// Owns: their names on the wire and their attributes; the guard header.
// Promises: over TLS a name starts with __Host-, which a browser takes only from this very host, with Secure. Every cookie is
//   HttpOnly. A cookie alone changes nothing: require_own_site() refuses what another site may have made a browser send.
// Fails with: kDenied (a forged request).
// Threads: pure functions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/server.h"

namespace lapel::http {

inline constexpr std::size_t kSecretCookieBytes = 64;  // hex of 256 bits
inline constexpr std::size_t kCookieBytesMax = 4'096;  // as browsers keep

// A cookie that changes something must come with this header: a form of another site cannot send one.
inline constexpr std::string_view kGuardHeader = "x-lapel";

enum class SameSite { kStrict, kLax };

// As it is called on the wire.
std::string cookie_name(const Request& request, std::string_view name);
// The value, in a Cookie header, of the first cookie of this name that has so many bytes (0: any, up to kCookieBytesMax);
// else empty. `name` is without its prefix.
std::string_view cookie_value(const Request& request, const std::string& header, std::string_view name,
                              std::size_t bytes = kSecretCookieBytes);
std::string set_cookie(const Request& request, std::string_view name, std::string_view value, std::int64_t life_s,
                       SameSite same_site = SameSite::kStrict);

Result<void> require_own_site(const Request& request);

}  // namespace lapel::http
