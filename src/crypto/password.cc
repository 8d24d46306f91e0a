// SPDX-License-Identifier: Apache-2.0
#include "crypto/password.h"

#include <array>

#include <sodium.h>

#include "base/check.h"

namespace lapel::crypto {

std::string hash_password(std::string_view password) {
  CHECK(sodium_init() >= 0);
  std::array<char, crypto_pwhash_STRBYTES> out{};
  CHECK(crypto_pwhash_str(out.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
  return out.data();
}

bool password_matches(const std::string& hash, std::string_view password) {
  CHECK(sodium_init() >= 0);
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace lapel::crypto
