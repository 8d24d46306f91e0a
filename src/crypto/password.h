// SPDX-License-Identifier: Apache-2.0
#pragma once
// Passwords at rest: Argon2id by libsodium, in its own self-describing text form.
//
// Owns: the cost (libsodium's "interactive": 64 MiB, two passes).
// Promises: verification takes about the same time for a wrong password as for a right one.
// Fails with: false.
// Threads: any; each call takes 64 MiB, so callers bound how many run at once.

#include <string>
#include <string_view>

namespace lapel::crypto {

std::string hash_password(std::string_view password);
bool password_matches(const std::string& hash, std::string_view password);

}  // namespace lapel::crypto
