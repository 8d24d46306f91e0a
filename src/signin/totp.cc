// SPDX-License-Identifier: Apache-2.0
#include "signin/totp.h"

#include <array>
#include <cstdlib>

#include <fmt/format.h>
#include <liboath/oath.h>

#include "base/check.h"
#include "crypto/sha256.h"

namespace lapel::signin {
namespace {

std::string code_of(const TotpSecret& secret, std::int64_t step) {
  std::array<char, kTotpDigits + 1> out{};
  // HOTP over the step: liboath's TOTP call would work the step out of a time_t again.
  CHECK(oath_hotp_generate(reinterpret_cast<const char*>(secret.data()), secret.size(),
                           static_cast<std::uint64_t>(step), kTotpDigits, false, OATH_HOTP_DYNAMIC_TRUNCATION,
                           out.data()) == OATH_OK);
  return std::string(out.data(), kTotpDigits);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::optional<std::int64_t> totp_step(const TotpSecret& secret, std::string_view code, Timestamp now,
                                      std::int64_t used_step) {
  if (code.size() != kTotpDigits) return std::nullopt;
  const std::int64_t step_now = now.seconds() / kTotpStepS;
  std::optional<std::int64_t> found;
  // All are computed, whichever matches.
  for (std::int64_t step = step_now - kTotpStepsAround; step <= step_now + kTotpStepsAround; ++step) {
    if (step < 0) continue;
    const bool matches = crypto::equal_constant_time(as_bytes(code_of(secret, step)), as_bytes(code));
    if (matches && step > used_step && !found) found = step;
  }
  return found;
}

std::string base32(ByteView bytes) {
  char* text = nullptr;
  std::size_t size = 0;
  CHECK(oath_base32_encode(reinterpret_cast<const char*>(bytes.data()), bytes.size(), &text, &size) == OATH_OK);
  std::string out(text, size);
  std::free(text);
  while (out.ends_with('=')) out.pop_back();
  return out;
}

std::string totp_uri(const TotpSecret& secret, std::string_view issuer, std::string_view account) {
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}&algorithm=SHA1&digits={}&period={}", escaped(issuer),
                     escaped(account), base32(secret), escaped(issuer), kTotpDigits, kTotpStepS);
}

}  // namespace lapel::signin
