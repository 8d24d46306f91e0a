// SPDX-License-Identifier: Apache-2.0
#pragma once
// One-time codes of an authenticator app: RFC 6238 with SHA-1, six digits and 30 seconds, which every app speaks.
//
// Owns: nothing; pure.
// Promises: a code is compared in constant time with that of the step now, of the one before and of the one after. A step
//   that was used, and any before it, matches no more: a code that somebody read over a shoulder is worth nothing.
// Fails with: nothing; what does not match is nullopt.
// Threads: any.
// Source: RFC 4226 5.3, RFC 6238 4 and 5.2; the URI is Google Authenticator's "Key Uri Format".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"

namespace lapel::signin {

inline constexpr std::int64_t kTotpStepS = 30;
inline constexpr int kTotpDigits = 6;
// A phone whose clock is half a minute off.
inline constexpr std::int64_t kTotpStepsAround = 1;

using TotpSecret = ByteArray<20>;  // RFC 4226: 160 bits

// The step whose code this is, later than `used_step`.
std::optional<std::int64_t> totp_step(const TotpSecret& secret, std::string_view code, Timestamp now,
                                      std::int64_t used_step);

std::string base32(ByteView bytes);  // RFC 4648 without padding, as people type it

// What the QR code says. Issuer and account are escaped.
std::string totp_uri(const TotpSecret& secret, std::string_view issuer, std::string_view account);

}  // namespace lapel::signin
