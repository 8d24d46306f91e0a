// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signing in: passwords.
//
// Owns: the table passwords, and the schema of the whole room (tokens.h and sessions.h have the other tables).
// Promises: secrets are kept only as hashes.
// Fails with: what the database fails with.
// Threads: any.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::signin {

inline constexpr std::size_t kPasswordBytesMin = 8;
inline constexpr std::size_t kPasswordBytesMax = 1024;

// kInvalid, in words, for one that is too short or too long.
Result<void> check_new_password(std::string_view password);
Result<void> set_password(db::Transaction& tx, const PersonId& person, const std::string& hash, Timestamp now);

std::span<const db::Migration> schema();

}  // namespace lapel::signin
