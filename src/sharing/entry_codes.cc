// SPDX-License-Identifier: Apache-2.0
#include "sharing/entry_codes.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include "base/bytes.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

namespace lapel::sharing {
namespace {

// Eight digits, evenly.
std::string new_digits() {
  for (;;) {
    const auto bytes = crypto::random_bytes<4>();
    std::uint32_t number = 0;
    for (const std::uint8_t byte : bytes) number = number << 8 | byte;
    constexpr std::uint32_t kCodes = 100'000'000;
    if (number < kCodes * (UINT32_MAX / kCodes)) return fmt::format("{:08}", number % kCodes);
  }
}

}  // namespace

EntryCode new_entry_code() {
  const std::string digits = new_digits();
  EntryCode out;
  out.text = fmt::format("{}-{}", digits.substr(0, 4), digits.substr(4));
  out.salt = hex(crypto::random_bytes<16>());
  out.hash = entry_code_hash(out.salt, digits);
  return out;
}

std::string entry_code_hash(std::string_view salt, std::string_view typed) {
  std::string digits;
  std::copy_if(typed.begin(), typed.end(), std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  return hex(crypto::sha256(as_bytes(fmt::format("{} {}", salt, digits))));
}

}  // namespace lapel::sharing
